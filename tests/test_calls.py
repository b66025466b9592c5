"""A call with many positional arguments hides a swapped pair from the reader and from the type checker."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

SOURCES = sorted(path for top in ("opentrader", "app", "bench") for path in (REPOSITORY / top).rglob("*.py"))
MOST_POSITIONAL = 5

EXEMPT = {
    "opentrader/indicators": "compiled functions take their arguments by position: numba has no cheap keyword calls",
    "opentrader/domain/trading/lifecycle": "its functions follow a specification row by row and change only with it",
}
"""Folders and files that this rule does not cover, each with its reason."""


def crowded(tree: ast.AST) -> Iterator[ast.Call]:
    """The calls with more than `MOST_POSITIONAL` positional arguments; `*rest` counts as one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST_POSITIONAL:
            yield node


def exempt(path: Path) -> bool:
    return any(path.is_relative_to(REPOSITORY / place) for place in EXEMPT)


@pytest.mark.parametrize(("call", "found"), [("f(1, 2, 3, 4, 5)", 0), ("f(1, 2, 3, 4, *g(5), 6)", 1), ("f(a=1)", 0)])
def test_the_rule_itself(call: str, found: int) -> None:
    assert len(list(crowded(ast.parse(call)))) == found


def test_no_call_has_more_than_five_positional_arguments() -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{call.lineno}: {ast.unparse(call.func)} has {len(call.args)}"
        for path in SOURCES
        if not exempt(path)
        for call in crowded(ast.parse(path.read_bytes()))
    ]
    assert not found, "\n" + "\n".join(found)


def test_every_exemption_is_needed() -> None:
    needed = {
        place
        for place in EXEMPT
        for path in SOURCES
        if path.is_relative_to(REPOSITORY / place) and any(crowded(ast.parse(path.read_bytes())))
    }
    assert needed == EXEMPT.keys()
