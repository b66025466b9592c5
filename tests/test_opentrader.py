"""What `import opentrader` offers: every message that HTTP can send, under the one name, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import opentrader
from opentrader.http.routes import ROUTES
from tests.paths import REPOSITORY


def test_every_message_of_the_route_table_is_public() -> None:
    messages = {route.message for route in ROUTES if route.message is not None}
    assert [message for message in messages if getattr(opentrader, message.__name__) is not message] == []


def test_all_names_are_there_and_dir_shows_them() -> None:
    assert [name for name in opentrader.__all__ if getattr(opentrader, name).__name__ != name] == []
    assert dir(opentrader) == sorted([*opentrader.__all__, "__version__"])
    assert opentrader.__all__ == sorted(opentrader.__all__)


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys; before = {*sys.modules}; import opentrader; dir(opentrader); print(*{*sys.modules} - before)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, cwd=REPOSITORY)
    assert {name for name in told.stdout.split() if name.split(".")[0] not in sys.stdlib_module_names} == {"opentrader"}
