"""Each check of the doctor against the trouble it is there for."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections import namedtuple
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opentrader.cli import checks
from opentrader.config.settings import Settings
from opentrader.domain.license import License
from opentrader.feed.simulated import SimulatedFeed
from opentrader.store import Store
from opentrader.store.sqlite import folder
from opentrader.store.tables.licenses import LicenseTable
from tests.feed.given.candles import write

NOW = 1_764_072_000.0  # 2025-11-25T12:00Z


@pytest.fixture(autouse=True)
def at_noon(bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=0, at="2024-04-15T12:00Z")


def test_on_a_fresh_machine_nothing_fails_and_nothing_is_made(settings: Settings) -> None:
    found = list(checks.examine(settings))
    assert [check.name for check in found] == [
        "data folder",
        "instance",
        "disk",
        "clock",
        "port",
        "kernels",
        "license",
        "feed",
    ]
    assert [check for check in found if check.verdict == "fail"] == []
    assert all(check.advice for check in found if check.verdict != "ok")
    assert not settings.data_dir.exists()


def test_a_folder_that_is_a_file(settings: Settings) -> None:
    settings.data_dir.write_text("in the way")
    check = checks.data_folder(settings)
    assert (check.verdict, check.found) == ("fail", f"{settings.data_dir} is not writable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(settings: Settings, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert checks.data_folder(settings).verdict == "fail"
    tmp_path.chmod(0o700)


def test_a_folder_on_another_machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "file_system", lambda _device, _mounts: "nfs4")
    (check,) = (check for check in checks.examine(settings) if check.name == "data folder")
    assert check.verdict == "fail"
    assert "network file system" in check.found


def test_a_daemon_on_the_same_folder(settings: Settings, store: Store) -> None:
    check = checks.instance(settings)
    assert (check.verdict, check.found) == ("warn", f"a daemon is running on this folder (pid {os.getpid()})")
    store.close()
    assert checks.instance(settings).verdict == "ok"


@pytest.mark.parametrize(("free", "verdict"), [(40_000_000, "fail"), (400_000_000, "warn"), (600_000_000, "ok")])
def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, free))
    assert checks.disk(settings).verdict == verdict


def test_a_clock_that_was_never_set(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    assert checks.clock(settings).verdict == "fail"


@pytest.mark.parametrize(("ahead", "verdict"), [(3_500, "ok"), (3_700, "fail")])
def test_a_clock_that_was_turned_back(settings: Settings, store: Store, ahead: int, verdict: str) -> None:
    asyncio.run(LicenseTable(store, machine_id="m", secret=b"s").keep_clock(NOW + ahead))
    check = checks.clock(settings)
    assert check.verdict == verdict
    assert ("2025-11-25 13:01 UTC" in check.found) == ("/api/license/activate" in check.advice) == (verdict == "fail")


def test_a_port_in_use(settings: Settings) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = Settings(**{**dict(settings), "port": server.getsockname()[1]})
        check = checks.port(taken)
    assert check.verdict == "fail"
    assert "Address already in use" in check.found
    assert checks.port(taken).verdict == "ok"


def test_a_license(settings: Settings, store: Store) -> None:
    assert checks.licensed(settings).verdict == "warn"
    named = Settings(data_dir=settings.data_dir, license_email="me@example.com", license_name="Me")
    assert checks.licensed(named).verdict == "ok"
    stored = License("m", key="OT-1", plan="free", activated_at=1)
    asyncio.run(LicenseTable(store, machine_id="m", secret=b"s").keep(stored))
    assert checks.licensed(settings).found == "free license stored"


def test_a_store_that_cannot_be_read(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / folder.DATABASE).write_bytes(b"no database at all " * 100)
    failed = [check.name for check in checks.examine(settings) if check.verdict == "fail"]
    assert failed == ["clock", "license"]


def recorded(directory: Path, pair: str) -> None:
    """A file of 4h candles that end on 2024-04-15."""
    directory.mkdir()
    rows = SimulatedFeed().window(pair, "4h", 1_712_188_800_000, 1_713_182_400_000)
    write(directory, "4h", rows, pair)


def test_recorded_candles_that_end_before_now(settings: Settings, tmp_path: Path) -> None:
    recorded(tmp_path / "candles", "BTCUSDT")
    feed: dict[str, Any] = {"feed": f"files:{tmp_path / 'candles'}", "watchlist": "BTC"}
    assert checks.feed(Settings(**feed, at="2024-04-15T12:00Z")).verdict == "ok"
    check = checks.feed(Settings(**feed, at="2024-04-16T12:00Z"))
    assert (check.verdict, "--at" in check.advice) == ("warn", True)
    assert checks.feed(Settings(**feed, at="2020-01-01")).verdict == "fail"


def test_a_feed_that_lacks_a_symbol_or_is_not_there(tmp_path: Path) -> None:
    recorded(tmp_path / "candles", "BTCUSDT")
    lacking: dict[str, Any] = {"feed": f"files:{tmp_path / 'candles'}", "watchlist": "BTC,ETH"}
    for given in (lacking, {"feed": "files:nowhere"}):
        (check,) = (check for check in checks.examine(Settings(**given)) if check.name == "feed")
        assert check.verdict == "fail"
