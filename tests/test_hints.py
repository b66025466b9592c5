"""What a refusal says: a program follows it to the letter, so no text tells how to lift a limit, resume or reset.

It may say what happens by itself, or that the operator can. The texts are collected from the source, so that one that
no test provokes is read as well.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opentrader.errors import OpentraderError
from opentrader.http.openapi.document import document
from opentrader.http.routes import ROUTES
from tests.paths import REPOSITORY

PACKAGE = REPOSITORY / "opentrader"
LIFTS = re.compile(
    r"/api/(resume|reset)|reset-daily"
    r"|(?<!operator can )\bresum(e|es|ing)\b|\bresets?\b"
    r"|\b(risk_(?!limit\b)\w+|OPENTRADER_RISK\w*)"
    r"|\b(raise|lift|increase|change|disable|remove|lower|shorten|end)s? (the|this|its|your|a) ?\w* ?"
    r"(limit|cap|cooldown|collar|halt|budget)",
    re.IGNORECASE,
)

OF_OLD = (
    "The count resets at 00:00 UTC; POST /api/reset-daily resets it now.",
    "POST /api/resume allows entries again",
    "retry after the cooldown (risk_cooldown_sec)",
    "resume first",
    "raise the limit in the settings",
)
ALLOWED = (
    "the operator can resume trading",
    "the count starts again at 00:00 UTC",
    "register it for free: POST /api/license/register",
)


def errors() -> set[str]:
    """The names of all classes of the tree, wherever they are defined."""
    found = {OpentraderError.__name__}
    trees = [ast.parse(path.read_bytes()) for path in PACKAGE.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {one.name for one in classes if found & {_name(base) for base in one.bases}} - found:
        found |= more
    return found


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def texts(path: Path, kinds: set[str]) -> Iterator[str]:
    """The words of every error that a module builds, and of every other `hint`, through the names that they use."""
    tree = ast.parse(path.read_bytes())
    named = _imported(tree) | _named(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            of_error = _name(node.func) in kinds
            yield from (text for value in node.args if of_error for text in _words(value, named))
            given = [word.value for word in node.keywords if of_error or word.arg == "hint"]
            yield from (text for value in given for text in _words(value, named))


def _words(value: ast.AST, named: Mapping[str, list[ast.AST]]) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "..." for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif meant := named.get(_name(node)):
            yield from (text for one in meant for text in _words(one, {}))


def _named(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """What a name of a module may stand for: a constant or variable, or the results of a function."""
    found = defaultdict[str, list[ast.AST]](list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found[_name(target)].append(node.value)
        elif isinstance(node, ast.FunctionDef):
            found[node.name] += [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value]
    return dict(found)


def _imported(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """The same for the names that a module imports from another one of the package."""
    found = dict[str, list[ast.AST]]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opentrader."):
            path = REPOSITORY / (str(node.module).replace(".", "/") + ".py")
            there = _named(ast.parse(path.read_bytes())) if path.exists() else {}
            found |= {one.asname or one.name: there[one.name] for one in node.names if one.name in there}
    return found


def spoken(value: Any) -> Iterator[str]:
    """The hints and details in a JSON document."""
    if isinstance(value, dict):
        yield from (text for name in ("hint", "detail") if isinstance(text := value.get(name), str))
        for inner in value.values():
            yield from spoken(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from spoken(inner)


def test_no_error_tells_how_to_lift_a_limit() -> None:
    kinds = errors()
    found = {text: path.name for path in PACKAGE.rglob("*.py") for text in texts(path, kinds)}
    assert len(found) > 200
    assert any("no new entries until 00:00 utc" in text.lower() for text in found)
    assert any(text.startswith("the work was not canceled") for text in found)
    assert {text: name for text, name in found.items() if LIFTS.search(text)} == {}


def test_no_example_tells_how_to_lift_a_limit() -> None:
    read = [json.loads(json.dumps(document(ROUTES)))]
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md"), *(REPOSITORY / "examples").glob("*.py")]
    told = [text for page in pages for text in re.findall(r'"(?:hint|detail)":\s*"([^"]*)"', page.read_text())]
    assert [text for text in (*spoken(read), *told) if LIFTS.search(text)] == []


@pytest.mark.parametrize("text", OF_OLD)
def test_the_rule_finds_the_texts_that_told_it(text: str) -> None:
    assert LIFTS.search(text)


@pytest.mark.parametrize("text", ALLOWED)
def test_the_rule_lets_pass_what_happens_by_itself_and_what_the_operator_can(text: str) -> None:
    assert not LIFTS.search(text)
