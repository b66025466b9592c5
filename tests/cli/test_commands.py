"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator

from opentrader import research
from opentrader.cli import entry as cli
from opentrader.config.settings import Settings
from opentrader.daemon import logs
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.errors import ExchangeError
from opentrader.indicators import market_context
from opentrader.research import analyze_symbol, scan_market, scan_trend
from opentrader.store import Store
from opentrader.store.tables import events
from tests.paths import REPOSITORY

AT = "2024-04-15T12:00Z"
NOW_MS = int(datetime(2024, 4, 15, 12, tzinfo=UTC).timestamp()) * 1000
MARKET = ("--feed", "simulated", "--at", AT)
SETTINGS: dict[str, Any] = {"feed": "simulated", "at": AT}
COMMANDS = ("serve", "scan", "analyze", "check-config", "doctor", "audit", "warmup")


@pytest.fixture(autouse=True)
def plain(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))  # for the processes that a test starts


def run(*arguments: str, module: str = "opentrader") -> subprocess.CompletedProcess[bytes]:
    """A real process, its output piped."""
    return subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, check=False)


def in_terminal(*arguments: str) -> str:
    """What a real process shows in a terminal, control sequences left out."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "opentrader", *arguments]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=subprocess.DEVNULL) as process:
        os.close(follower)
        pieces = []
        try:
            while piece := os.read(leader, 65536):
                pieces.append(piece)
        except OSError:  # Linux reports the end of a terminal as an I/O error
            pass
        os.close(leader)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(pieces).decode())


# --- help and misuse ----------------------------------------------------------------------------------------------


# --- scan ---------------------------------------------------------------------------------------------------------


def test_a_scan_into_a_pipe_is_the_json_of_the_api_and_the_same_each_time() -> None:
    first, again, asked = run("scan", *MARKET), run("scan", *MARKET), run("scan", "--json", *MARKET)
    scan, _ = scan_market(settings=Settings(**SETTINGS))
    assert (first.returncode, first.stderr) == (0, b"")
    assert first.stdout == again.stdout == asked.stdout
    assert orjson.loads(first.stdout) == orjson.loads(orjson.dumps(scan))


def test_the_reference_spells_it_its_own_way() -> None:
    spelled = run("--timeframe", "4h", "--mode", "market", *MARKET, module="app.trend.trend_scan")
    assert spelled.stdout == run("scan", *MARKET).stdout
    assert spelled.returncode == 0


def test_a_scan_in_a_terminal_is_a_table() -> None:
    text = in_terminal("scan", *MARKET)
    scan, _ = scan_market(settings=Settings(**SETTINGS))
    assert "Market scan · 4h in 1d · simulated · 2024-04-15 12:00 UTC" in text
    for context in scan.results:
        assert re.search(rf"^ *{context.symbol} .*{context.no_trade_reason or '—'}", text, re.MULTILINE)


def test_a_trend_scan(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.main(["scan", "--mode", "trend", "--timeframe", "1h", "--json", *MARKET]) == 0
    scan = scan_trend("1h", settings=Settings(**SETTINGS))
    assert orjson.loads(capfdbinary.readouterr().out) == orjson.loads(orjson.dumps(scan))


@pytest.mark.parametrize(("mode", "schema"), [("market", "MarketScan"), ("trend", "TrendScan")])
def test_a_scan_keeps_the_contract(
    shared: Path, capfdbinary: pytest.CaptureFixture[bytes], mode: str, schema: str
) -> None:
    contract = yaml.safe_load((shared / "api/openapi.yaml").read_text(encoding="utf-8"))
    assert cli.main(["scan", "--json", "--mode", mode, "--watchlist", "BTC,NOSUCHCOIN", *MARKET]) == 0
    answer = json.loads(capfdbinary.readouterr().out)
    assert [failure["symbol"] for failure in answer["failed"]] == ["NOSUCHCOIN"]
    rules = {"$ref": f"#/components/schemas/{schema}", "components": contract["components"]}
    assert list(Draft202012Validator(rules).iter_errors(answer)) == []


def test_a_scan_that_reads_nothing_has_failed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert cli.main(["scan", "--watchlist", "NOSUCHCOIN", *MARKET]) == 1
    assert json.loads(capfdbinary.readouterr().out)["results"] == []


def recorded(folder: Path, pair: str, timeframe: Timeframe) -> np.ndarray:
    """The last 500 candles of a file that have closed by now, read without the program."""
    with gzip.open(folder / f"{pair}-{timeframe}.csv.gz", "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1)
    return rows[rows[:, 0] + TF_MS[timeframe] <= NOW_MS][-500:]


def test_recorded_candles_give_what_the_pure_function_says_of_the_files(shared: Path) -> None:
    data = shared / "data"
    done = run("scan", "--feed", f"files:{data}", "--at", AT, "--json")
    scan: dict[str, Any] = json.loads(done.stdout)
    assert (scan["exchange"], scan["scanned"], scan["failed"]) == ("files", 8, [])
    for answer in scan["results"]:
        pair = f"{answer['symbol']}USDT"
        htf, mtf = recorded(data, pair, "1d"), recorded(data, pair, "4h")
        context = market_context(htf, mtf, htf_tf="1d", mtf_tf="4h", now_ms=NOW_MS, symbol=answer["symbol"])
        assert answer == json.loads(json.dumps(context.to_dict()))
    assert run("scan", "--feed", f"files:{data}", "--at", AT, "--json").stdout == done.stdout


def test_whose_market_it_is_and_what_it_lacks_is_told_on_stderr(tmp_path: Path, shared: Path) -> None:
    done = run("scan", "--watchlist", "BTC")
    assert f"the data folder {tmp_path / 'data'}; no daemon is running on it" in done.stderr.decode()
    assert orjson.loads(done.stdout)["scanned"] == 1
    assert str(tmp_path / "data") in run("scan", "--mode", "trend", "--watchlist", "BTC").stderr.decode()
    stale = run("analyze", "BTC", "--feed", f"files:{shared / 'data'}", "--json")
    assert "for example --at " in stale.stderr.decode()


# --- analyze ------------------------------------------------------------------------------------------------------


def test_analyze_shows_the_market_and_its_seven_levels(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", "btc/usdt", "--mtf", "1h", "--htf", "1d", "--explain", *MARKET]) == 0
    text = capsys.readouterr().out
    assert "Higher timeframe, 1d" in text
    assert "Middle timeframe, 1h" in text
    assert [level for level in range(1, 8) if not re.search(rf"^ *{level} ", text, re.MULTILINE)] == []


def test_analyze_prints_json_when_asked(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    context = analyze_symbol("BTC", settings=Settings(**SETTINGS))
    assert cli.main(["analyze", "BTC", "--json", *MARKET]) == 0
    assert json.loads(capfdbinary.readouterr().out) == json.loads(json.dumps(context.to_dict()))


def test_an_explanation_as_json_keeps_the_contract(shared: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    contract = yaml.safe_load((shared / "api/openapi.yaml").read_text(encoding="utf-8"))
    assert cli.main(["analyze", "BTC", "--json", "--explain", *MARKET]) == 0
    answer = json.loads(capfdbinary.readouterr().out)
    rules = {"$ref": "#/components/schemas/Explain", "components": contract["components"]}
    assert list(Draft202012Validator(rules).iter_errors(answer)) == []
    levels = [{key: value for key, value in level.items() if key != "inputs"} for level in answer["levels"]]
    assert levels == answer["context"]["mtf"]["detail"]["priority_trace"]


def test_an_unlisted_symbol_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", "NOSUCHCOIN", *MARKET]) == 1
    assert capsys.readouterr().err.startswith("opentrader: NOSUCHCOIN is not listed")


def test_a_feed_that_fails_ends_with_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise ExchangeError("the file is cut off", hint="record it again")

    monkeypatch.setattr(research, "read_market", fail)
    assert cli.main(["analyze", "BTC", *MARKET]) == 1
    assert capsys.readouterr().err == "opentrader: the file is cut off\nrecord it again\n"


def test_a_chart_is_written_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("plotly", reason="an HTML chart needs the extra `plot`")
    path = tmp_path / "btc.html"
    assert cli.main(["analyze", "BTC", "--plot", str(path), *MARKET]) == 0
    assert f"The chart is in {path}" in capsys.readouterr().out.replace("\n", "")
    assert "Plotly.newPlot" in path.read_text(encoding="utf-8")


def test_a_chart_that_cannot_be_drawn_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(research, "read_market", lambda *_args, **_named: pytest.fail("it went to work"))
    assert cli.main(["analyze", "BTC", "--plot", "btc.pdf", *MARKET]) == 2


# --- the rest -----------------------------------------------------------------------------------------------------


def test_serve_hands_the_settings_to_the_server_and_its_status_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentrader.daemon import serve as daemon

    given: list[Settings] = []
    levels: list[str] = []

    def served(settings: Settings) -> int:
        given.append(settings)
        return 7

    monkeypatch.setattr(daemon, "run", served)
    monkeypatch.setattr(logs, "begin", levels.append)
    monkeypatch.setenv("OPENTRADER_LOG_LEVEL", "Warning")
    assert cli.main(["serve", "--port", "8001", "--speed", "60", "--watchlist", "BTC"]) == 7
    assert levels == ["warning"]
    (settings,) = given
    assert (settings.port, settings.speed, settings.watchlist) == (8001, 60.0, ("BTC",))


def test_serve_tells_beforehand_what_will_not_be_as_expected(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from opentrader.daemon import serve as daemon

    monkeypatch.setattr(daemon, "run", lambda _settings: 0)
    monkeypatch.setattr(logs, "begin", lambda _level: None)
    assert cli.main(["serve", "--at", "2024-04-15"]) == 0
    assert capsys.readouterr().err.startswith("--at is ignored")
    assert cli.main(["serve"]) == 0
    assert capsys.readouterr().err == ""


def test_check_config_shows_each_value_and_its_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("opentrader.toml").write_text(f'api_token = "{"s" * 32}"')
    Path("opentrader.toml").chmod(0o600)
    monkeypatch.setenv("OPENTRADER_MR_HISTORY", "500")
    assert cli.main(["check-config", "--port", "8001"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert ["port", "8001", "--port"] in rows
    assert ["mr_history", "500", "OPENTRADER_MR_HISTORY"] in rows
    assert ["api_token", "******", "opentrader.toml,", "api_token"] in rows
    assert ["host", "127.0.0.1", "default"] in rows


def test_the_doctor_tells_what_to_do_and_fails_if_a_check_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["doctor", "--port", "0", *MARKET]) == 0
    assert "license" in capsys.readouterr().out
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["doctor", "--port", "0", "--data-dir", str(tmp_path / "file"), *MARKET]) == 1
    assert "choose another folder with --data-dir" in capsys.readouterr().out


def test_warmup_compiles_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["warmup"]) == 0
    capsys.readouterr()
    assert cli.main(["warmup"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("The kernels are compiled.\n", "")


def test_the_audit_is_verified(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert cli.main(["audit", "verify"]) == 1
    assert "no store in" in capsys.readouterr().err
    store = Store.open(data_dir)
    asyncio.run(store.write(lambda connection: [events.append(connection, 1, "halt", {}) for _ in range(3)]))
    assert cli.main(["audit", "verify"]) == 0  # beside the one who has it open
    summary, verdict = capsys.readouterr().out.splitlines()
    assert summary.startswith("3 events; hash of the last: ")
    assert verdict == "complete and unchanged"
    store.close()
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    connection.execute("DROP TRIGGER events_are_never_changed; UPDATE events SET type = 'resume' WHERE seq = 2")
    connection.close()
    assert cli.main(["audit", "verify", "--data-dir", str(data_dir)]) == 1
    assert "event 2 is missing or was changed" in capsys.readouterr().out
