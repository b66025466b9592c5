"""What every tracked file owes its reader: no trace of one machine, a purpose, a size that can be read."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from statistics import median, quantiles

from tests.paths import REPOSITORY
from tests.repository.checkout import files, named

# A bracket around one letter keeps these lines from finding themselves.
OF_ONE_MACHINE = re.compile(r"(?<![\w./-])/([w]ork|[r]oot|[h]ome|[U]sers|[t]mp/\w)[/\w]|[C]:\\")
REGISTRY = re.compile(r"[p]ypi\.org|[p]ythonhosted|[r]egistry\.npmjs|[d]eb\.debian|[i]ndex-url|[f]ind-links")

FILE_LINES, FUNCTION_LINES = 400, 40
# What may be longer, and why. A path, or path:function.
ALLOWED: dict[str, str] = {
    "opentrader/indicators/assembly.py:mean_reversion": "one constructor, a line a field",
}


def sources(*folders: str) -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and named(path).split("/")[0] in folders]


def lines_with(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in files():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if pattern.search(line):
                yield f"{named(path)}:{number}: {line.strip()[:100]}"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its length in lines, docstring and decorators left out."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :] or node.body
            yield f"{named(path)}:{node.name}", (node.end_lineno or 0) - body[0].lineno + 1


def test_no_file_names_a_place_on_one_machine() -> None:
    assert list(lines_with(OF_ONE_MACHINE)) == []


def test_no_file_names_a_package_registry() -> None:
    assert list(lines_with(REGISTRY)) == []


def test_a_type_error_that_tests_ignore_has_its_reason_beside_it() -> None:
    bare = re.compile(r"#[ ]type: ignore(\[[\w, -]+\])?\s*$")
    assert [line for line in lines_with(bare) if line.startswith("tests/")] == []


def length(path: Path) -> int:
    return len(path.read_bytes().splitlines())


def test_every_module_says_what_it_is_for() -> None:
    modules = sources("opentrader", "app", "bench")
    assert [named(path) for path in modules if not ast.get_docstring(ast.parse(path.read_bytes()))] == []


def test_all_data_of_the_package_is_installed_with_it() -> None:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, told in config["options.package_data"].items()
        for pattern in told.split()
    ]
    data = [named(path) for path in files() if named(path).startswith("opentrader/") and path.suffix != ".py"]
    assert [name for name in data if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_files_and_functions_can_be_read_in_one_go() -> None:
    lengths = [(named(path), length(path)) for path in files() if path.suffix == ".py"]
    spans = [span for path in sources("opentrader", "app", "bench") for span in functions(path)]
    too_long = {name: lines for name, lines in lengths if lines > FILE_LINES}
    too_long |= {name: lines for name, lines in spans if lines > FUNCTION_LINES}
    # Both ways: an entry of ALLOWED whose reason is gone goes too.
    assert too_long.keys() == ALLOWED.keys(), too_long


def median_and_p90(lines: list[int]) -> tuple[float, float]:
    return median(lines), quantiles(lines, n=10)[-1]


def test_typical_sizes_stay_small() -> None:
    modules = sources("opentrader", "app", "bench")
    spans_median, spans_p90 = median_and_p90([lines for path in modules for _, lines in functions(path)])
    files_median, files_p90 = median_and_p90([length(path) for path in modules])
    assert spans_median <= 7, "lines of a function"
    assert spans_p90 <= 20, "lines of a function"
    assert files_median <= 100, "lines of a file"
    assert files_p90 <= 330, "lines of a file"
