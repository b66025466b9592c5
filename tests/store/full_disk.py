"""The real daemon on a real disk of 64 MB that fills: `python -m tests.store.full_disk FOLDER [FAULT]`.

`test_full_disk` runs it in a mount namespace of its own, where FOLDER is that disk. FAULT: code that breaks the daemon.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.process import TRADER, Daemon, serving

# The floor for entries is larger than the disk.
SMALL = """
from opentrader.store.sqlite import disk, reserve, writer
disk.FLOOR_BYTES = 1 << 20
{fault}
from opentrader.cli import main
main()
"""
POSTS = 3_000
CARD = {"status": "running", "action": "x" * 500}


def fill(folder: Path) -> None:
    """Another program writes until the disk is full."""
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        block = 1 << 20
        while block:
            try:
                ballast.write(bytes(block))
            except OSError:
                block //= 2


def until(holds: Callable[[], bool]) -> None:
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError


def trade(daemon: Daemon, symbol: str) -> None:
    daemon.post(f"/api/trade?symbol={symbol}&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9")


def reserve(daemon: Daemon) -> int:
    return int(daemon.get("/api/status")["disk"]["reserve_bytes"])


def cards(daemon: Daemon, number: int) -> Counter[int]:
    """The statuses of so many posts of agents."""
    return Counter(daemon.call("POST", "/api/agent/coo", CARD)[0] for _ in range(number))


def refused(daemon: Daemon, symbol: str) -> Any:
    status, told = daemon.call(
        "POST", f"/api/trade?symbol={symbol}&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"
    )
    assert (status, told["code"]) == (503, "storage_error"), told


def while_it_runs(folder: Path, daemon: Daemon) -> None:
    """Agents fill the log, and are refused; what they leave is for exits, and they cannot take it."""
    trade(daemon, "BTC")
    trade(daemon, "ETH")
    fill(folder)
    told = cards(daemon, POSTS)
    assert told[503] > 0, told
    assert reserve(daemon) > 0
    refused(daemon, "SOL")
    closed = daemon.post("/api/close?symbol=BTC", **{"Idempotency-Key": "once"})
    assert closed == daemon.post("/api/close?symbol=BTC", **{"Idempotency-Key": "once"})
    daemon.post("/api/halt")
    assert reserve(daemon) == 0
    assert cards(daemon, 100) == {503: 100}
    refused_metrics = daemon.text("/api/metrics")
    assert "opentrader_disk_reserve_bytes 0.0" in refused_metrics
    assert "is released for exits" in daemon.logged()
    (folder / "ballast").unlink()
    until(lambda: reserve(daemon) > 0)
    daemon.post("/api/resume")
    assert cards(daemon, 10) == {200: 10}


def at_the_start(folder: Path, daemon: Daemon) -> None:
    """Killed on a full disk, it starts, sells what it holds, and stops; nothing else is stored."""
    fill(folder)
    daemon.kill()
    daemon.start()
    assert reserve(daemon) == 0
    refused(daemon, "SOL")
    assert cards(daemon, 10) == {503: 10}
    until(lambda: all(each["protection"] == "oco" for each in daemon.get("/api/trades")["trades"]))
    assert daemon.post("/api/closeall")["count"] == 1
    assert daemon.get("/api/trades")["trades"] == []
    assert daemon.stop(signal.SIGTERM) == 0
    (folder / "ballast").unlink()
    daemon.kill()
    daemon.start()
    assert reserve(daemon) > 0
    trade(daemon, "SOL")


def main() -> None:
    folder, fault = Path(sys.argv[1]), "".join(sys.argv[2:])
    with serving(folder / "data", script=SMALL.format(fault=fault), **TRADER) as daemon:
        while_it_runs(folder, daemon)
        at_the_start(folder, daemon)


if __name__ == "__main__":
    main()
