"""The docs page: the route table as HTML without scripts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from opentrader.http.openapi.schemas import Field, Schema, request_of
from opentrader.http.openapi.texts import DESCRIPTION, FIELDS, summary_of
from opentrader.http.problems import status_of
from opentrader.http.route import BEYOND, Route

BASE = "http://127.0.0.1:8000"

_BOUNDS = (
    ("minimum", "≥ "),
    ("exclusiveMinimum", "> "),
    ("maximum", "≤ "),
    ("exclusiveMaximum", "< "),
    ("minLength", "at least characters: "),
    ("maxLength", "at most characters: "),
    ("maxItems", "at most items: "),
)


def docs_page(routes: Iterable[Route]) -> str:
    """The whole page."""
    sections = [(name, list(rows)) for name, rows in groupby(sorted(routes, key=_order), key=_section)]
    contents = "".join(f'<li><a href="#{_slug(name)}">{escape(name)}</a></li>' for name, _ in sections)
    body = "".join(_section_html(name, rows) for name, rows in sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>opentrader API</title>
<link rel="icon" href="/api/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/api/static/docs.css">
</head>
<body>
<nav aria-label="Sections">
<a class="brand" href="/api/dashboard">opentrader</a>
<ul>{contents}</ul>
<a href="/api/openapi.json">openapi.json</a>
</nav>
<main>
<h1>HTTP API</h1>
{_paragraphs(DESCRIPTION)}
{body}
</main>
</body>
</html>
"""


def _order(route: Route) -> bool:
    """Sort key: the order of the table, with the additional routes last."""
    return route.section == BEYOND


def _section(route: Route) -> str:
    return "More" if route.section == BEYOND else route.section


def _section_html(name: str, routes: list[Route]) -> str:
    operations = "".join(map(_operation, routes))
    return f'<section id="{_slug(name)}"><h2>{escape(name)}</h2>{operations}</section>'


def _operation(route: Route) -> str:
    request = request_of(route)
    return f"""<article id="{route.operation}">
<h3><span class="method {route.method.lower()}">{route.method}</span> <code>{escape(route.path)}</code></h3>
<p>{_inline(summary_of(route))}{"".join(_marks(route))}</p>
{_table(request.fields)}
<pre><code>{escape(curl(route, request.fields))}</code></pre>
{_errors(route)}
</article>"""


def _marks(route: Route) -> Iterator[str]:
    if route.licensed:
        yield ' <span class="mark">license required</span>'
    if route.changes_state and route.method == "GET":
        yield ' <span class="mark">changes state</span>'
    if route.strict:
        yield ' <span class="mark">strict query</span>'


def _table(fields: tuple[Field, ...]) -> str:
    if not fields:
        return ""
    rows = "".join(map(_row, fields))
    return f"""<div class="wide"><table>
<thead><tr><th>Field</th><th>In</th><th>Value</th><th>Meaning</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""


def _row(field: Field) -> str:
    need = "<b>required</b>" if field.required else _default(field.schema)
    return (
        f"<tr><td><code>{field.name}</code></td><td>{field.place}</td>"
        f"<td>{_value(field.schema)}<br>{need}</td><td>{_inline(FIELDS.get(field.name, ''))}</td></tr>"
    )


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "optional" if default is None else f"default <code>{escape(orjson.dumps(default).decode())}</code>"


def _value(schema: Schema) -> str:
    """A short text for the values that a field accepts."""
    if "anyOf" in schema:
        return " or ".join(_value(option) for option in schema["anyOf"] if option != {"type": "null"})
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_value(schema.get('items', {}))}"
    bounds = ", ".join(f"{word}{schema[key]}" for key, word in _BOUNDS if schema.get(key, 1) != 1)
    kind = schema.get("type", "object")
    return escape(f"{kind}, {bounds}" if bounds else kind)


def curl(route: Route, fields: tuple[Field, ...]) -> str:
    """An example request."""
    given = {field.name: (field.place, route.sample[field.name]) for field in fields if field.name in route.sample}
    path = re.sub(r"{(\w+)}", lambda name: quote(str(given[name[1]][1]), safe=""), route.path)
    query = urlencode({name: value for name, (place, value) in given.items() if place == "query"})
    body = {name: value for name, (place, value) in given.items() if place == "body"}
    url = shlex.quote(BASE + path + (f"?{query}" if query else ""))
    method = "" if route.method == "GET" else f"-X {route.method} "
    return f"curl {method}{url}{_data(body) if body else ''}"


def _data(body: dict[str, Any]) -> str:
    return f" \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(orjson.dumps(body).decode())}"


def _errors(route: Route) -> str:
    """The errors specific to the route; the shared ones are listed once, at the top of the page."""
    errors = [(status_of(kind), kind.code) for kind in route.errors]
    errors += [(503, "license_required")] if route.licensed else []
    items = "".join(f"<li><b>{status}</b> <code>{code}</code></li>" for status, code in errors)
    return f'<ul class="errors">{items}</ul>' if items else ""


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n"))


def _inline(text: str) -> str:
    """The two kinds of markup in the texts, `code` and **strong**, as HTML."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", marked)
