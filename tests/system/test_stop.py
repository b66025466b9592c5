"""Fault 35: told to stop while an order is in flight. A real process; what the venue has done is found by the next."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

from tests.process import SECONDS, TRADER, Daemon, serving

TRADE = "/api/trade?symbol=SOL&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"
KEY = {"Idempotency-Key": "cut-off"}
HELD = """
import asyncio, sys
from opentrader.cli import main
from opentrader.exchange.paper.paper import PaperExchange

place = PaperExchange.place

async def held(self, order):
    await place(self, order)
    print("arrived", flush=True)
    await asyncio.sleep(3600)

PaperExchange.place = held
sys.exit(main())
"""


def test_an_order_whose_answer_the_stop_cut_off_is_protected_by_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path, script=HELD, **TRADER) as daemon:
        asker = threading.Thread(target=ask, args=(daemon,))
        asker.start()
        daemon.wait_for("arrived")
        assert daemon.stop() == 0
        asker.join(SECONDS)
    with serving(tmp_path, **TRADER) as daemon:
        status, told = daemon.call("POST", TRADE, **KEY)
        assert status == 200, told
        assert (told["status"], told["trade"]["protection"]) == ("opened", "oco")
        trades = daemon.get("/api/trades")["trades"]
        assert [trade["id"] for trade in trades] == [told["trade"]["id"]]
        assert daemon.stop() == 0


def ask(daemon: Daemon) -> None:
    with suppress(URLError, ConnectionError):
        daemon.call("POST", TRADE, **KEY)
