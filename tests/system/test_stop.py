"""Fault 35: told to stop while an order is in flight. A real process; what the venue has done is found by the next."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.process import SECONDS, TRADER, serving

TRADE = "/api/trade?symbol=SOL&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"
HELD = """
import asyncio, sys
from opentrader import Settings
from opentrader.daemon import serve as daemon
from opentrader.exchange.paper.paper import PaperExchange

place = PaperExchange.place

async def held(self, order):
    await place(self, order)
    print("arrived", flush=True)
    await asyncio.sleep(3600)

PaperExchange.place = held
sys.exit(daemon.run(Settings(port=0, data_dir=sys.argv[1], license_email="me@example.com", license_name="Me")))
"""


def test_an_order_whose_answer_the_stop_cut_off_is_protected_by_the_next_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HELD, str(tmp_path)]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        base = next(match[1] for line in process.stdout if (match := re.search(r"listening on (http://\S+)", line)))
        request = Request(base + TRADE, method="POST", headers={"Idempotency-Key": "cut-off"})
        asker = threading.Thread(target=ask, args=(request,))
        asker.start()
        assert any("arrived" in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        asker.join(SECONDS)
    with serving(tmp_path, **TRADER) as daemon:
        status, told = daemon.call("POST", TRADE, **{"Idempotency-Key": "cut-off"})
        assert status == 200, told
        assert (told["status"], told["trade"]["protection"]) == ("opened", "oco")
        trades = daemon.get("/api/trades")["trades"]
        assert [trade["id"] for trade in trades] == [told["trade"]["id"]]
        assert daemon.stop() == 0


def ask(request: Request) -> None:
    with suppress(URLError, ConnectionError):
        urlopen(request, timeout=SECONDS).close()
