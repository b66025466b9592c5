"""The OpenAPI 3.1 document, generated from the route table, the messages and the replies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from opentrader.http.idempotency import IdempotencyKeyReused
from opentrader.http.openapi.schemas import Field, Request, Schema, reply_of, reply_schema, request_of, schema_name
from opentrader.http.openapi.texts import DESCRIPTION, ERRORS, FIELDS, PAGES, summary_of
from opentrader.http.problems import status_of
from opentrader.http.route import Route

SERVERS = ("http://opentrader:8000", "http://127.0.0.1:8000")
_JSON = "application/json"
_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    "description": "Repeating a request with the same key within 24 hours replays the first outcome. "
    "What was refused before anything began is no outcome: it is executed again.",
}
_LAST_EVENT: Schema = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 20},
    "description": "Resume after this event id. If it is too old, the stream begins with a snapshot.",
}
_PAGE_TYPES = {"dashboard": "text/html", "docs": "text/html", "openapi": _JSON, "metrics": "text/plain"}


def document(routes: Iterable[Route]) -> Schema:
    """The whole document, as JSON-compatible values."""
    components = _error_components()
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "opentrader HTTP API", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": url} for url in SERVERS],
        "security": [{}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _operation(route: Route, components: dict[str, Schema]) -> Schema:
    request = request_of(route)
    components.update(request.named or {})
    operation: Schema = {
        "tags": [route.section],
        "operationId": route.operation,
        "summary": summary_of(route),
        "parameters": [
            *(_parameter(field, route) for field in request.at("path", "query")),
            *([_KEY] if route.idempotent else ()),
            *([_LAST_EVENT] if route.stream else ()),
        ],
        "responses": {"200": _success(route, components), **_errors(route)},
        "x-side-effects": route.changes_state,
    }
    if route.body != "none":
        operation["requestBody"] = _body(route, request)
    if route.open:
        operation["security"] = []
    marks = {"x-license-required": route.licensed, "x-strict-query": route.strict}
    return operation | {name: True for name, holds in marks.items() if holds}


def _parameter(field: Field, route: Route) -> Schema:
    parameter: Schema = {
        "name": field.name,
        "in": field.place,
        "required": field.required,
        "schema": field.schema,
        "description": FIELDS.get(field.name, ""),
    }
    return parameter | ({"example": route.sample[field.name]} if field.name in route.sample else {})


def _body(route: Route, request: Request) -> Schema:
    in_body = request.at("body")
    schema: Schema = {"type": "object", "properties": {field.name: field.schema for field in in_body}}
    if required := [field.name for field in in_body if field.required]:
        schema["required"] = required
    example = {field.name: route.sample[field.name] for field in in_body if field.name in route.sample}
    return {
        "required": route.body == "required",
        "content": {_JSON: {"schema": schema, "example": example}},
    }


def _success(route: Route, components: dict[str, Schema]) -> Schema:
    if route.page is not None:
        schema = {"type": "object"} if route.page == "openapi" else {"type": "string"}
        return {"description": PAGES[route.page], "content": {_PAGE_TYPES[route.page]: {"schema": schema}}}
    assert route.message is not None
    if route.stream:
        return {"description": "OK", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    reply = reply_of(route.message)
    if reply is str:
        return {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}
    names = [_named(kind, components) for kind in get_args(reply) or (reply,)]
    content_schema: Schema = _ref(names[0]) if len(names) == 1 else {"oneOf": [_ref(name) for name in names]}
    return {"description": "OK", "content": {_JSON: {"schema": content_schema}}}


def _named(reply: type, components: dict[str, Schema]) -> str:
    """Add the schema of a reply to the components, and return its name."""
    schema, named = reply_schema(reply)
    components.update(named)
    name = schema_name(reply.__name__)
    components[name] = schema
    return name


def _errors(route: Route) -> Schema:
    """One entry per status; its description lists the error codes."""
    statuses: dict[str, list[str]] = {}
    for status, codes in errors_of(route):
        statuses.setdefault(str(status), []).extend(codes)
    return {status: _error(status, codes) for status, codes in sorted(statuses.items())}


def errors_of(route: Route) -> list[tuple[int, tuple[str, ...]]]:
    """The errors of a route, as (status, codes)."""
    if route.open:
        return []
    shared = [(401, ("unauthorized",)), (429, ("rate_limited",)), *ERRORS]
    shared += [(403, ("forbidden_origin",))] if route.changes_state else []
    shared += [(422, ("validation_error",))] if route.places or route.strict else []
    shared += [(503, ("license_required",))] if route.licensed else []
    shared += [(422, (IdempotencyKeyReused.code,))] if route.idempotent else []
    if route.body != "none":
        shared += [(400, ("invalid_json",)), (413, ("body_too_large",)), (415, ("unsupported_media_type",))]
    return shared + [(status_of(kind), (kind.code,)) for kind in route.errors]


def _error(status: str, codes: list[str]) -> Schema:
    schema = "ValidationError" if status == "422" else "Error"
    headers = {"Retry-After": {"schema": {"type": "integer"}}} if status in {"429", "503"} else {}
    entry: Schema = {"description": ", ".join(f"`{code}`" for code in codes)}
    return entry | {"content": {_JSON: {"schema": _ref(schema)}}} | ({"headers": headers} if headers else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Iterable[str], properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "required": list(required), "properties": dict(properties)}


def _error_components() -> dict[str, Schema]:
    text = {"type": "string"}
    refused = {"type": "boolean", "const": False}
    shared = {"ok": refused, "code": text, "hint": text, "request_id": text}
    item = _object(
        ("loc", "msg", "type"),
        {
            "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
            "msg": text,
            "type": text,
            "input": {},
            "ctx": {"type": "object"},
        },
    )
    required = ("ok", "detail", "code")
    return {
        "Error": _object(
            required,
            shared | {"detail": text, "retryable": {"type": "boolean"}, "signal_status": text, "intent_id": text},
        ),
        "ValidationItem": item,
        "ValidationError": _object(
            required, shared | {"detail": {"type": "array", "items": _ref("ValidationItem"), "minItems": 1}}
        ),
    }
