"""The generated document agrees with the contract on everything that a client can rely on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from opentrader.http.openapi.document import document
from opentrader.http.routes import ROUTES

Schema = dict[str, Any]

# Of a schema: what a client's value is checked against.
BOUNDS = (
    "const",
    "default",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
)
# By the second edition of the contract, which names them without an entry in its document.
ADDED = {(f"/api/trades/{{id}}/{what}", "post") for what in ("drop", "levels")}
# It lets a symbol be resumed, and the first edition answers 404 wherever a symbol is not listed.
ADDED_STATUSES = {("/api/resume", "post"): {"404"}}
OPERATIONS = [(route.path, route.method.lower()) for route in ROUTES if (route.path, route.method.lower()) not in ADDED]


@cache
def ours() -> Schema:
    return document(ROUTES)


@pytest.fixture(scope="module")
def contract(shared: Path) -> Schema:
    return yaml.safe_load((shared / "api" / "openapi.yaml").read_text("utf-8"))


def named(operation: tuple[str, str]) -> str:
    return f"{operation[1].upper()} {operation[0]}"


def resolved(node: Schema, document: Schema) -> Schema:
    """A node with its reference followed; what stands beside the reference wins."""
    while "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def without_null(schema: Schema, document: Schema) -> Schema:
    """A schema that may be null, as if it could not be."""
    schema = resolved(schema, document)
    options = [resolved(o, document) for o in schema.get("anyOf", ()) if o != {"type": "null"}]
    return {**options[0], **schema} if len(options) == 1 else schema


def parameters(document: Schema, path: str, method: str) -> dict[tuple[str, str], Schema]:
    told = document["paths"][path][method].get("parameters", ())
    return {(p["in"], p["name"]): p for p in (resolved(p, document) for p in told)}


def bounds(schema: Schema, document: Schema) -> Schema:
    schema = without_null(schema, document)
    return {key: schema[key] for key in BOUNDS if key in schema and schema[key] is not None}


def parts(schema: Schema, document: Schema, where: str = "") -> Iterator[tuple[str, list[str], list[str]]]:
    """Every object of a schema as (where, names, required ones); objects of free form have none."""
    schema = without_null(schema, document)
    if "properties" in schema:
        always = {name for name, value in schema["properties"].items() if "const" in resolved(value, document)}
        yield where, sorted(schema["properties"]), sorted(always | set(schema.get("required", ())))
    for name, value in schema.get("properties", {}).items():
        yield from parts(value, document, f"{where}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from parts(schema["items"], document, f"{where}[]")


def objects(schema: Schema, document: Schema) -> dict[str, tuple[list[str], list[str]]]:
    return {where: (names, required) for where, names, required in parts(schema, document)}


def content(told: Schema, document: Schema) -> Schema:
    return {kind: media["schema"] for kind, media in resolved(told, document).get("content", {}).items()}


def compare_objects(told: Schema, contract: Schema, contracted: Schema) -> None:
    """Objects may say more than the contract, never less; what may be missing there may always be here."""
    mine, theirs = objects(told, ours()), objects(contracted, contract)
    for where, (names, required) in theirs.items():
        assert set(names) <= set(mine[where][0]), where
        assert set(required) <= set(mine[where][1]), where


def test_no_path_beyond_the_contract(contract: Schema) -> None:
    assert set(OPERATIONS) <= {(path, method) for path, told in contract["paths"].items() for method in told}


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
class TestOperation:
    def test_is_named_and_marked_as_contracted(self, operation: tuple[str, str], contract: Schema) -> None:
        path, method = operation
        mine, theirs = ours()["paths"][path][method], contract["paths"][path][method]
        for key in ("operationId", "tags", "security"):
            assert mine.get(key) == theirs.get(key)
        for mark in ("x-side-effects", "x-license-required", "x-strict-query"):
            assert mine.get(mark, False) == theirs.get(mark, False), mark

    def test_takes_the_same_parameters_and_demands_no_other(self, operation: tuple[str, str], contract: Schema) -> None:
        mine, theirs = parameters(ours(), *operation), parameters(contract, *operation)
        assert theirs.keys() <= mine.keys()
        assert not any(mine[key]["required"] for key in mine.keys() - theirs.keys())
        for key in theirs:
            parameter = mine[key]
            assert parameter["required"] == theirs[key].get("required", False), key
            assert bounds(parameter["schema"], ours()) == bounds(theirs[key]["schema"], contract), key

    def test_answers_with_the_same_statuses(self, operation: tuple[str, str], contract: Schema) -> None:
        path, method = operation
        mine, theirs = (document["paths"][path][method]["responses"].keys() for document in (ours(), contract))
        assert mine == theirs | ADDED_STATUSES.get(operation, set())

    def test_reads_the_same_body(self, operation: tuple[str, str], contract: Schema) -> None:
        path, method = operation
        mine, theirs = (d["paths"][path][method].get("requestBody") for d in (ours(), contract))
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert mine["required"] == theirs["required"]
            schema, contracted = (
                content(mine, ours())["application/json"],
                content(theirs, contract)["application/json"],
            )
            compare_objects(schema, contract, contracted)
            assert set(schema.get("required", ())) == set(resolved(contracted, contract).get("required", ()))
            told = resolved(contracted, contract)["properties"]
            for name, value in schema["properties"].items():
                assert bounds(value, ours()) == bounds(told[name], contract), name

    def test_answers_in_the_same_shape(self, operation: tuple[str, str], contract: Schema) -> None:
        path, method = operation
        mine = content(ours()["paths"][path][method]["responses"]["200"], ours())
        theirs = content(contract["paths"][path][method]["responses"]["200"], contract)
        assert mine.keys() == theirs.keys()
        for kind, schema in mine.items():
            if path != "/api/openapi.json":
                compare_objects(schema, contract, theirs[kind])


@pytest.mark.parametrize("name", ["Error", "ValidationError"])
def test_errors_have_the_same_shape(name: str, contract: Schema) -> None:
    mine, theirs = (d["components"]["schemas"][name] for d in (ours(), contract))
    compare_objects(mine, contract, theirs)


def test_a_route_that_takes_a_key_says_what_a_reused_one_is() -> None:
    for route in ROUTES:
        refused = ours()["paths"][route.path][route.method.lower()]["responses"].get("422", {})
        assert ("`idempotency_key_reused`" in refused.get("description", "")) == route.idempotent
