"""The examples run as their first lines say, each as its own process, against the real daemon where it needs one."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opentrader import Settings, analyze_symbol
from opentrader.indicators import trend_result
from tests.paths import REPOSITORY
from tests.process import SECONDS, TRADER, Daemon, serving

EXAMPLES = REPOSITORY / "examples"
TOKEN = "t" * 32
SIGNAL = {
    "symbol": "ETHUSDT", "direction": "buy", "bot": "example", "price": 1500.0, "sl_pct": 3.0, "tp_pct": 9.0,
    "passed": 6, "total": 7,
}  # fmt: skip


def environment() -> dict[str, str]:
    """No setting of this machine; this checkout's package, wherever another one may be installed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENTRADER_")}
    return inherited | {"PYTHONPATH": str(EXAMPLES.parent)}


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(EXAMPLES / name), *map(str, arguments)]


def run(folder: Path, name: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    told, env = command(name, *arguments), environment() | variables
    return subprocess.run(told, check=False, capture_output=True, cwd=folder, env=env, text=True)


def output(folder: Path, name: str, *arguments: object, **variables: str) -> str:
    done = run(folder, name, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_documented_and_tested() -> None:
    """A new one is named here once it has its test."""
    examples = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.py")}
    assert examples.keys() == {"agent.py", "analysis.py", "embed.py", "read_events.py"}
    assert [name for name, text in examples.items() if f"python examples/{name}" not in text.split('"""')[1]] == []
    assert [name for name in examples if f"examples/{name}" not in (EXAMPLES.parent / "README.md").read_text()] == []


def test_examples_import_public_names_only() -> None:
    imports = [
        (path.name, module)
        for path in EXAMPLES.glob("*.py")
        for module in re.findall(r"(?m)^(?:from|import) (opentrader[\w.]*|tests[\w.]*)", path.read_text("utf-8"))
    ]
    assert imports
    assert {module for _, module in imports} <= {"opentrader", "opentrader.indicators"}


class TestEmbed:
    def test_trades_and_keeps_its_history(self, tmp_path: Path) -> None:
        first, second = (output(tmp_path, "embed.py", tmp_path / "data").splitlines() for _ in "ab")
        assert re.fullmatch(r"BTC: \w+, .+", first[0])
        assert re.fullmatch(r"ETHUSDT: bought [\d.]+ at [\d.]+, protected by oco", first[1])
        assert (first[-1], second[-1]) == ("trades in the history: 1", "trades in the history: 2")

    def test_shows_why_it_is_refused(self, tmp_path: Path) -> None:
        once = {"OPENTRADER_RISK_MAX_TRADES_DAY": "1"}
        output(tmp_path, "embed.py", **once)
        refused = run(tmp_path, "embed.py", **once)
        assert refused.returncode == 1
        assert "refused with daily_limit_reached: " in refused.stderr


@pytest.mark.timeout(600)  # with an empty cache the first one compiles the kernels
class TestAnalysis:
    def test_compares_markets_at_one_instant(self, tmp_path: Path, bare: None) -> None:
        lines = output(tmp_path, "analysis.py").splitlines()
        settings = Settings(feed="simulated", at="2024-04-15T12:00Z")
        for line, symbol in zip(lines, ("BTC", "ETH", "SOL"), strict=True):
            context = analyze_symbol(symbol, mtf_tf="4h", htf_tf="1d", settings=settings)
            assert line.split()[:2] == [symbol, context.priority_decision]
            assert f"1d {context.htf.macro_phase}, 4h {context.mtf.regime};" in line

    def test_examines_candles_of_a_file(self, tmp_path: Path) -> None:
        close = 100 + 10 * np.sin(np.arange(400) / 9)
        rows = np.column_stack((np.arange(400) * 14_400_000, close, close + 1, close - 1, close, np.full(400, 5.0)))
        np.savetxt(tmp_path / "WAVE-4h.csv", rows, delimiter=",")
        told, setup = output(tmp_path, "analysis.py", "WAVE-4h.csv").splitlines()
        trend = trend_result(rows, "4h", now_ms=None)
        assert told.startswith(f"WAVE-4h: 400 candles, {trend.trend} (")
        assert all(f"{name} {vote.vote}" in told for name, vote in trend.indicators.items())
        assert re.match(r"no setup: \w+|(buy|sell) at ", setup)


class Reader:
    """The example that reads events, while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._lines, self.process = process.stdout, process

    def next(self, kind: str) -> dict[str, Any]:
        """The data of the next event of a kind."""
        for line in self._lines:
            name, _, data = line.partition(" ")
            if name == kind:
                return json.loads(data)
        raise AssertionError(f"the output ended before {kind}")


@contextmanager
def reading(*arguments: object) -> Iterator[Reader]:
    told = command("read_events.py", *arguments)
    with subprocess.Popen(told, env=environment(), text=True, stdout=subprocess.PIPE) as process:
        try:
            yield Reader(process)
        finally:
            process.kill()


def act(daemon: Daemon, action: str) -> None:
    daemon.post("/api/agent/coo", {"status": "running", "action": action})


class TestReadEvents:
    def test_prints_what_changes_and_ends_after_the_count(self, tmp_path: Path) -> None:
        with serving(tmp_path) as daemon, reading("--base", daemon.base, "--types", "halt", "--count", 3) as reader:
            assert reader.next("hello")["standing"] == 1
            assert reader.next("halt")["halted"] is False
            daemon.post("/api/halt?reason=lunch")
            assert reader.next("halt")["reason"] == "lunch"
            assert reader.process.wait(SECONDS) == 0

    def test_follows_a_daemon_that_restarts(self, tmp_path: Path) -> None:
        with serving(tmp_path) as daemon:
            port = daemon.base.rpartition(":")[2]
            with reading("--base", daemon.base, "--types", "agent") as reader:
                assert reader.next("hello")["resumed"] is False
                act(daemon, "before")
                while reader.next("agent")["action"] != "before":
                    pass
                daemon.stop()
                with serving(tmp_path, "--port", port) as restarted:
                    assert reader.next("hello")["resumed"] is False
                    act(restarted, "after")
                    while reader.next("agent")["action"] != "after":
                        pass

    def test_needs_the_token_and_does_not_repeat_a_request_that_is_refused(self, tmp_path: Path) -> None:
        with serving(tmp_path, OPENTRADER_API_TOKEN=TOKEN) as daemon:
            told = ("read_events.py", "--base", daemon.base, "--count", 1)
            refused = run(tmp_path, *told)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "HTTP Error 401" in refused.stderr
            assert output(tmp_path, *told, OPENTRADER_API_TOKEN=TOKEN).startswith("hello ")


class TestAgent:
    def test_one_round_places_an_entry_for_a_signal_and_reports_it(self, tmp_path: Path) -> None:
        # The agent scans as well. Of what it finds, an entry is refused in the hours when the price is below the stop.
        with serving(tmp_path, OPENTRADER_WATCHLIST="BTC") as daemon:  # without a license: the agent registers
            daemon.post("/api/signal", SIGNAL)
            report = output(tmp_path, "agent.py", daemon.base).splitlines()
            assert "ETHUSDT: buy entry pending at 1500.0" in report
            entries = daemon.get("/api/pending-entries")["count"] + daemon.get("/api/trades")["count"]
            assert entries == sum(" entry " in line for line in report)
            assert daemon.get("/api/state")["agents"]["scout"]["action"] == "; ".join(report)

    def test_a_signal_sent_twice_makes_one_entry(self, tmp_path: Path) -> None:
        agent = runpy.run_path(str(EXAMPLES / "agent.py"))
        with serving(tmp_path, **TRADER) as daemon:
            signal = daemon.post("/api/signal", SIGNAL)["signal"]
            api = agent["Api"](daemon.base)
            first, second = agent["enter"](api, signal), agent["enter"](api, signal)
            assert first == second
            assert [entry["id"] for entry in daemon.get("/api/pending-entries")["pending"]] == [first["entry"]["id"]]

    def test_reports_a_refusal_and_leaves_the_signal_pending(self, tmp_path: Path) -> None:
        with serving(tmp_path, **TRADER) as daemon:
            daemon.post("/api/signal", SIGNAL)
            daemon.post("/api/halt?reason=lunch")
            report = output(tmp_path, "agent.py", daemon.base)
            assert "ETHUSDT: refused with 409 trading_halted: " in report
            assert daemon.get("/api/signal/ETHUSDT")["status"] == "pending"

    def test_rejects_a_weak_signal(self, tmp_path: Path) -> None:
        # The agent scans first: in some weeks it finds a setup in ETH, which would replace this signal.
        with serving(tmp_path, **TRADER, OPENTRADER_WATCHLIST="BTC") as daemon:
            daemon.post("/api/signal", SIGNAL | {"passed": 4})
            assert "ETHUSDT: rejected, 4 of 7 points" in output(tmp_path, "agent.py", daemon.base).splitlines()
            assert daemon.call("GET", "/api/signal/ETHUSDT")[1]["signal_status"] == "skipped"

    def test_fails_with_a_message_when_there_is_no_daemon(self, tmp_path: Path) -> None:
        failed = run(tmp_path, "agent.py", "http://127.0.0.1:1")
        assert failed.returncode == 1
        assert "the round failed: " in failed.stderr
        assert "Traceback" not in failed.stderr
