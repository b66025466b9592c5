"""JSON schemas of messages and replies, from the same annotations that parse requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from opentrader.actors.runtime.message import Message
from opentrader.http.route import Place, Route

Schema = dict[str, Any]

REF = "#/components/schemas/{model}"


def schema_name(class_name: str) -> str:
    """The name of a class in the document, without the suffix `Reply`."""
    return class_name.removesuffix("Reply")


class _PlainSchema(GenerateJsonSchema):
    """Pydantic's schemas without generated titles; a mapping with fixed keys lists them as properties."""

    def normalize_name(self, name: str) -> str:
        return schema_name(super().normalize_name(name))

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        keys, values = schema.get("keys_schema"), schema.get("values_schema")
        if keys is None or values is None or keys["type"] != "literal":
            return super().dict_schema(schema)
        names = [str(name) for name in cast(core_schema.LiteralSchema, keys)["expected"]]
        value = self.generate_inner(values)
        properties = dict.fromkeys(names, value)
        return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        json_schema = super().dataclass_schema(schema)
        json_schema.pop("title", None)
        return json_schema


def schema_of(kind: Any, mode: JsonSchemaMode) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a type, and the schemas that it refers to, by name."""
    schema = TypeAdapter(kind).json_schema(ref_template=REF, mode=mode, schema_generator=_PlainSchema)
    return schema, schema.pop("$defs", {})


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message as a request parameter."""

    name: str
    place: Place
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class Request:
    """The fields of a route's message, and the schemas they refer to."""

    fields: tuple[Field, ...] = ()
    named: dict[str, Schema] | None = None

    def at(self, *places: Place) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.place in places)


def request_of(route: Route) -> Request:
    """The parameters of a route."""
    if route.message is None:
        return Request()
    schema, named = schema_of(route.message, "validation")
    required = schema.get("required", ())
    properties: dict[str, Schema] = schema.get("properties", {})
    found = (
        Field(name, place, name in required, properties[name] if place == "body" else _in_url(properties[name]))
        for name, place in route.places.items()
    )
    return Request(tuple(found), named)


def _in_url(schema: Schema) -> Schema:
    """The schema without null: in a URL a nullable parameter is left out instead."""
    if schema.get("default", ...) is None:
        del schema["default"]
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) != 1:
        return schema
    return {**options[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def reply_of(message: type[Message[Any]]) -> Any:
    """The reply type of a message: the R of its `Message[R]`."""
    return message.__orig_bases__[0].__args__[0]  # type: ignore[attr-defined]  # typing keeps it at run time


def reply_schema(kind: Any) -> tuple[Schema, dict[str, Schema]]:
    """The schema of a reply. Constants have a default but are always sent, so they are required."""
    schema, named = schema_of(kind, "serialization")
    for part in (schema, *named.values()):
        _require_constants(part)
    return schema, named


def _require_constants(schema: Schema) -> None:
    constants = [name for name, value in schema.get("properties", {}).items() if "const" in value]
    if constants:
        schema["required"] = constants + [n for n in schema.get("required", ()) if n not in constants]
