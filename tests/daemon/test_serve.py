"""The daemon as a process: how it starts, what it says, how it ends, and that it keeps the contract."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from opentrader import Settings, TradingSystem
from tests.process import SECONDS, Daemon, serving

PARTS = "health license dashboard state agent trend market signal mr-combined openapi docs candles explain"
PREFIXES = ",".join(f"/api/{name}" for name in PARTS.split())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_in_order_when_told(tmp_path: Path, how: signal.Signals) -> None:
    with serving(tmp_path / "data") as daemon:
        assert daemon.get("/api/health")["ok"] is True
        register = daemon.wait_for(r"(curl -X POST .*)")
        assert daemon.base in register
        assert any(f"{daemon.base}/api/dashboard" in line for line in daemon.told)
        assert daemon.stop(how) == 0


def test_what_it_keeps_outlives_it(tmp_path: Path) -> None:
    with serving(tmp_path, OPENTRADER_LICENSE_EMAIL="me@example.com", OPENTRADER_LICENSE_NAME="Me") as daemon:
        key = daemon.get("/api/license/status")["license_key"]
        daemon.post("/api/agent/coo", {"status": "running", "action": "kept"})
        assert daemon.stop() == 0
    with serving(tmp_path) as daemon:
        again = daemon.get("/api/license/status")
        assert (again["license_status"], again["license_key"]) == ("active", key)
        assert daemon.get("/api/state")["agents"]["coo"]["action"] == "kept"


STUCK = """
import sys, time
from opentrader.cli import main
from opentrader.daemon import serve as daemon
from opentrader.actors.runtime.supervision.watchdog import Watchdog
from opentrader.store.tables.history import HistoryTable

def never(self, limit, offset):
    time.sleep(1000)

def soon(self, start=Watchdog.start):
    self._seconds = 1.0
    start(self)

HistoryTable.page, Watchdog.start, daemon.STUCK_SECONDS = never, soon, 0.5
sys.exit(main())
"""


def test_a_handler_that_never_returns_ends_it_to_start_anew(tmp_path: Path) -> None:
    """The real daemon, one of whose reads of the history hangs; systemd and docker start whatever ends by 70."""
    with serving(tmp_path, script=STUCK) as daemon:
        with pytest.raises((URLError, ConnectionError)):
            daemon.get("/api/trades/history")
        assert daemon.process.wait(SECONDS) == 70
        told = daemon.logged()
    assert "in never" in told  # where the thread is
    assert "actor archive is stuck in a handler" in told


def failed_start(folder: Path, *options: str) -> str:
    """What a daemon that cannot start says."""
    with pytest.raises(AssertionError) as caught, serving(folder, *options):
        pass
    return str(caught.value)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = failed_start(tmp_path, "--port", str(port))
    assert f"port {port}" in told
    assert "--port 0" in told
    assert "Traceback" not in told


def test_so_is_an_address_that_this_machine_does_not_have(tmp_path: Path) -> None:
    told = failed_start(tmp_path, "--host", "192.0.2.1")
    assert "192.0.2.1" in told
    assert "no such address" in told
    assert "--port 0" not in told


def test_a_folder_in_use_ends_the_second_daemon(tmp_path: Path) -> None:
    with serving(tmp_path) as daemon:
        told = failed_start(tmp_path)
        assert str(daemon.process.pid) in told
        assert "http://" not in told
        assert "Traceback" not in told


def test_a_stop_waits_for_no_stream(tmp_path: Path) -> None:
    with serving(tmp_path) as daemon, urlopen(daemon.base + "/api/events", timeout=SECONDS) as stream:
        assert stream.readline().startswith(b"id: ")
        assert stream.readline() == b"event: hello\n"
        assert daemon.stop() == 0
        assert b"event: license" in stream.read()


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:8001"),
        ("0.0.0.0", "http://127.0.0.1:8001"),
        ("::", "http://[::1]:8001"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:8001"),
        ("trader.lan", "http://trader.lan:8001"),
    ],
)
def test_where_it_is_found_is_told_as_an_address_to_call(tmp_path: Path, host: str, base: str) -> None:
    system = TradingSystem(Settings(host=host, port=8001, data_dir=tmp_path))
    assert system.base_url() == base
    assert f"{base}/api/license/register" in system.register_curl()


def test_the_command_that_registers_sends_the_token_but_does_not_tell_it(tmp_path: Path) -> None:
    assert "Authorization" not in TradingSystem(Settings(data_dir=tmp_path)).register_curl()
    told = TradingSystem(Settings(data_dir=tmp_path, api_token="s" * 32)).register_curl()
    assert '-H "Authorization: Bearer $OPENTRADER_API_TOKEN"' in told
    assert "s" * 32 not in told


FILES = "2024-04-15T12:00Z"


def checked(daemon: Daemon, shared: Path, *options: str) -> int:
    """How much of the contract the daemon keeps; fails where it does not."""
    checker = [sys.executable, str(shared / "acceptance" / "contract_check.py"), daemon.base]
    done = subprocess.run([*checker, "--fresh", "--quiet", *options], capture_output=True, text=True, check=False)
    passed, failed = map(int, re.findall(r"\d+", done.stdout.splitlines()[-1]))
    assert (failed, done.returncode) == (0, 0), done.stdout
    return passed


@pytest.mark.timeout(300)
@pytest.mark.parametrize("market", ["simulated", "files"])
def test_the_contract_holds(shared: Path, tmp_path: Path, market: str) -> None:
    options = ("--feed", f"files:{shared / 'data'}", "--at", FILES) if market == "files" else ()
    with serving(tmp_path, *options) as daemon:
        assert checked(daemon, shared) >= 510
        assert daemon.stop() == 0


@pytest.mark.timeout(300)
def test_the_contract_of_the_analysis_holds_by_itself(shared: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as daemon:
        assert checked(daemon, shared, "--prefix", PREFIXES) >= 280
