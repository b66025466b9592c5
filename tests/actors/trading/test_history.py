"""The statistics of the API equal those that a client works out from the history, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrader.actors.messages import (
    HistoryOf,
    StatsOf,
)
from opentrader.actors.trading.history import HistoryReader, Tally
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.errors import StorageError
from opentrader.http.application import Application
from opentrader.http.connection import Server
from opentrader.http.gateway import Gateway
from opentrader.http.security import Guard
from opentrader.store import Store
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.history import HistoryTable
from tests.fakes.site import Site, listening
from tests.fakes.system import FakeSystem

TRADES = st.lists(
    st.tuples(
        st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        st.sampled_from(["mr", "manual"]),
        st.decimals(-50, 50, places=2).filter(lambda pnl: pnl == 0 or abs(pnl) >= Decimal("0.01")),
    ),
    max_size=25,
)


def rows(drawn: list[tuple[str, str, Decimal]]) -> list[ClosedTrade]:
    return [
        ClosedTrade(
            f"t{n:03}",
            symbol,
            "buy",
            Decimal(1),
            Decimal(100),
            100 + pnl,
            pnl,
            pnl,
            bot,
            "trade",
            "close",
            n,
            n + 1,
            "ops",
        )
        for n, (symbol, bot, pnl) in enumerate(drawn)
    ]


async def of_the_client(site: Any) -> dict[str, Any]:
    """What somebody works out who has only `/api/trades/history`, seven rows at a time."""
    trades: list[dict[str, Any]] = []
    while True:
        page = (await site.send("GET", f"/api/trades/history?limit=7&offset={len(trades)}")).json()
        trades += page["trades"]
        if len(trades) >= page["total"]:
            break
    pnls = [t["pnl"] for t in sorted(trades, key=lambda t: (t["closed_at"], t["id"]))]
    gains, losses = [p for p in pnls if p > 0], [p for p in pnls if p < 0]
    summed, peak, fall = 0.0, 0.0, 0.0
    for pnl in pnls:
        summed += pnl
        peak = max(peak, summed)
        fall = max(fall, peak - summed)
    n = len(pnls)
    return {
        "total_trades": n,
        "wins": len(gains),
        "losses": len(losses),
        "breakeven": n - len(gains) - len(losses),
        "win_rate": 100 * len(gains) / n if n else None,
        "total_pnl": sum(pnls),
        "avg_win": sum(gains) / len(gains) if gains else None,
        "avg_loss": sum(losses) / len(losses) if losses else None,
        "profit_factor": sum(gains) / -sum(losses) if losses else None,
        "expectancy": sum(pnls) / n if n else None,
        "max_drawdown": fall,
        "calmar": sum(pnls) / fall if fall > 1e-9 else None,
    }


@given(drawn=TRADES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_formulas_agree(drawn: list[tuple[str, str, Decimal]], tmp_path_factory: pytest.TempPathFactory) -> None:
    asyncio.run(compare(rows(drawn), tmp_path_factory.mktemp("stats")))


async def compare(trades: list[ClosedTrade], folder: Path) -> None:
    store = Store.open(folder)
    try:
        history = HistoryTable(store)
        await history.add(trades, 0)
        archive = Served(history, AuditTable(store))
        async with served(archive) as site:
            mine, theirs = await of_the_client(site), (await site.send("GET", "/api/trades/stats")).json()
            for name, value in mine.items():
                expected = None if value is None else pytest.approx(value, abs=1e-6)
                assert theirs[name] == expected, name
            for group, key in (("by_symbol", "symbol"), ("by_bot", "bot")):
                assert {k: v["trades"] for k, v in theirs[group].items()} == {
                    name: sum(getattr(t, key) == name for t in trades) for name in {getattr(t, key) for t in trades}
                }
    finally:
        store.close()


@pytest.mark.parametrize("closed_at", [1, 2, 3, 4], ids=["earlier", "between", "the same", "later"])
async def test_a_tally_that_goes_on_tells_what_a_new_one_does(closed_at: int, tmp_path: Path) -> None:
    """Also where a row is older than one that was counted, does not count, or takes the place of one."""
    made = rows([("BTCUSDT", "mr", Decimal(5)), ("ETHUSDT", "mr", Decimal(-7)), ("BTCUSDT", "manual", Decimal(3))])
    provisional = replace(made[2], fees_known=False, left_over=Decimal(0))
    late = replace(made[0], id="late", closed_at=closed_at, pnl=Decimal(-9))
    exact = replace(provisional, fees_known=True, pnl=Decimal(-2))
    with closing(Store.open(tmp_path)) as store:
        history = HistoryTable(store)
        tally = Tally(history)
        for row in (made[0], made[1], provisional, late, replace(late, id="orphan", counted=False), exact):
            before = tally.stats()
            await history.add([row], 0)
            assert tally.stats() == Tally(history).stats()
            assert (tally.stats() == before) == (not row.counted)


async def test_a_trade_that_is_booked_again_with_a_later_end_counts_once(tmp_path: Path) -> None:
    """A fill that the exchange tells of late may be the last sale."""
    (row,) = rows([("BTCUSDT", "mr", Decimal(5))])
    with closing(Store.open(tmp_path)) as store:
        history = HistoryTable(store)
        tally = Tally(history)
        await history.add([replace(row, fees_known=False, left_over=Decimal(0))], 0)
        assert tally.stats().total_trades == 1
        await history.add([replace(row, closed_at=row.closed_at + 1)], 0)
        assert tally.stats() == Tally(history).stats()
        assert tally.stats().total_trades == 1


async def test_a_tally_that_could_not_be_read_anew_is_read_anew_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rows([("BTCUSDT", "mr", Decimal(5)), ("ETHUSDT", "mr", Decimal(-7))])
    with closing(Store.open(tmp_path)) as store:
        history = HistoryTable(store)
        tally = Tally(history)
        await history.add([made[1]], 0)
        tally.stats()
        await history.add([made[0]], 0)
        reads = iter([history.since(1)])  # the second one fails
        with monkeypatch.context() as broken:
            broken.setattr(history, "since", lambda seq: next(reads, None) or failing())
            with pytest.raises(StorageError):
                tally.stats()
        assert tally.stats() == Tally(history).stats()


def failing() -> NoReturn:
    raise StorageError("the disk is gone")


class Served(FakeSystem):
    """A system of which only the archive is real: its own handlers, on a real store."""

    def __init__(self, history: HistoryTable, audit: AuditTable) -> None:
        super().__init__()
        self._of = type("Of", (), {"_history": history, "_audit": audit, "_tally": Tally(history)})()

    async def deliver(self, message: Any) -> Any:
        handler: Any = {HistoryOf: HistoryReader.history, StatsOf: HistoryReader.stats}[type(message)]
        return handler(self._of, message)


@asynccontextmanager
async def served(system: Served) -> AsyncIterator[Site]:
    gateway = Gateway("test")
    gateway.open(system)
    server = Server(Application(gateway, Guard("127.0.0.1", None)))
    async with listening(server) as port, aiohttp.ClientSession() as session:
        yield Site(session, port, gateway)
