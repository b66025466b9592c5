"""A folder that newer code has written: older code refuses it in plain words and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.paths import REPOSITORY
from tests.process import TRADER, Daemon, serving
from tests.released.story import OPEN_BTC, labels

USAGE = 2  # the exit status for what the operator has to change
OF_TOMORROW = """
import sys
from opentrader.cli import main
from opentrader.exchange.paper.ledger import ledger
from opentrader.store.sqlite import schema

STEP = "CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY) STRICT"
if "{database}" == "paper.db":
    ledger.STEPS = (*ledger.STEPS, STEP)
else:
    steps = [*schema.migrations(), STEP]
    schema.migrations = lambda: steps
sys.exit(main())
"""


def start_is_refused(daemon: Daemon) -> str:
    """What a daemon says that does not start; it ends with `USAGE`."""
    with pytest.raises(AssertionError) as caught:
        daemon.start()
    assert daemon.process.returncode == USAGE
    daemon.kill()
    return str(caught.value)


def stored(folder: Path, database: str) -> dict[str, bytes]:
    """The database and its log, which holds what a killed daemon had not moved yet; the index of it is memory."""
    return {path.name: path.read_bytes() for path in folder.glob(f"{database}*") if not path.name.endswith("-shm")}


@pytest.mark.parametrize("database", ["opentrader.db", "paper.db"])
def test_a_folder_of_tomorrow_is_refused_and_loses_nothing(tmp_path: Path, database: str) -> None:
    newer: dict[str, Any] = {**TRADER, "script": OF_TOMORROW.format(database=database)}
    with serving(tmp_path, **newer) as daemon:
        answer = OPEN_BTC.sent(daemon)[1]
    before = stored(tmp_path, database)  # the newer daemon was killed
    assert f"{database}-wal" in before
    told = start_is_refused(Daemon(tmp_path, **TRADER))
    assert f"{database} has schema version" in told
    assert "Install the version of opentrader that wrote it, or a later one." in told
    assert "Traceback" not in told
    assert stored(tmp_path, database) == before
    with serving(tmp_path, **newer) as daemon:
        assert labels(daemon) == {"BTCUSDT": "protected"}
        assert OPEN_BTC.sent(daemon)[1] == answer
        assert daemon.stop() == 0


def migrations(tree: Path) -> int:
    return len(list((tree / "opentrader/store/sqlite/migrations").glob("*.sql")))


@pytest.mark.slow
def test_released_code_refuses_a_folder_of_today_and_changes_nothing(released_tree: Path, tmp_path: Path) -> None:
    if migrations(released_tree) == migrations(REPOSITORY):
        pytest.skip("no migration came since that commit: its folders are those of today")
    with serving(tmp_path, **TRADER) as daemon:
        answer = OPEN_BTC.sent(daemon)[1]
    before = stored(tmp_path, "opentrader.db")
    environment: dict[str, Any] = {**TRADER, "PYTHONPATH": str(released_tree)}
    told = start_is_refused(Daemon(tmp_path, tree=released_tree, **environment))
    assert f"version {migrations(REPOSITORY)}, this program" in told.replace(";", ",")
    assert "Nothing was changed. Install" in told
    assert "Traceback" not in told
    assert stored(tmp_path, "opentrader.db") == before
    with serving(tmp_path, **TRADER) as daemon:
        assert labels(daemon) == {"BTCUSDT": "protected"}
        assert OPEN_BTC.sent(daemon)[1] == answer
