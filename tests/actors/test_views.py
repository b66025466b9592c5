"""Views: answers from snapshots, as of the moment of the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors import messages, views
from opentrader.actors.operations.agent_board import Board
from opentrader.actors.operations.license_guard import Held
from opentrader.actors.trading.replies.snapshot import AccountReading, TradingSnapshot
from opentrader.domain.analysis.trend import Score, TrendRecord
from opentrader.domain.license import License
from opentrader.domain.signals import SignalRecord
from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.ledger import SymbolHalt
from opentrader.domain.trading.pages import OperatorPage
from opentrader.domain.trading.ports import DiskState
from opentrader.domain.trading.venue import Balance
from opentrader.errors import NotReady, SignalNotFound
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, LIST, leg, trade

D = Decimal
NOW = 1_714_219_200.0  # 12:00 UTC: 1h and 4h candles close
DISK = DiskState(free=1 << 30, reserve=16 << 20, degraded=True, slow_commits=7)
ASKING = views.Asking(now=NOW, steady=NOW, market_ms=int(NOW * 1000), commit="test", ttl_seconds=3600, disk=DISK)
TREND = TrendRecord(
    symbol="BTC",
    timeframe="1h",
    source="computed",
    type="crypto",
    trend="uptrend",
    score=Score(5, 0, 2),
    timestamp=int(NOW) - 60,
)
SIGNAL = SignalRecord(
    pair="ADAUSDT",
    direction="buy",
    bot="mr_combined",
    status="pending",
    notified=False,
    created_at=int(NOW) - 1,
    updated_at=int(NOW) - 1,
    expires_at=int(NOW) + 299,
    body={"price": 0.529, "sl_pct": 2.81, "tp_pct": 11.28, "ev": 4.5, "confidence": 8, "gate_ok": False},
)


class Published:
    """The snapshots of a test; an actor without one has published nothing yet."""

    def __init__(self, **snapshots: Any) -> None:
        self._snapshots = snapshots

    def snapshot(self, name: str) -> Any:
        if name not in self._snapshots:
            raise NotReady(f"{name} has published nothing yet")
        return self._snapshots[name]

    def snapshots(self, owner: str) -> Mapping[Any, Any]:
        return {}

    def status(self) -> list[Any]:
        return []


def test_a_trend_is_stale_once_a_newer_candle_has_closed() -> None:
    fresh = replace(TREND, timestamp=int(NOW))
    published = Published(trend_book=(TREND, fresh))
    old, new = views.trend_rows(messages.TrendRows(), published, ASKING).data
    assert (old.age_sec, old.stale) == (60, True)
    assert (new.age_sec, new.stale) == (0, False)
    later = replace(ASKING, market_ms=ASKING.market_ms + 59 * 60_000)
    assert not views.trend_rows(messages.TrendRows(), Published(trend_book=(fresh,)), later).data[0].stale


def test_trends_are_filtered_by_timeframe() -> None:
    published = Published(trend_book=(TREND,))
    assert views.trend_rows(messages.TrendRows("4h"), published, ASKING).count == 0
    assert views.trend_rows(messages.TrendRows("1h"), published, ASKING).count == 1


def test_a_human_reads_price_figures_gate_and_time_left() -> None:
    text = views.pending_text(messages.PendingText(), Published(signal_book={"ADAUSDT": SIGNAL}), ASKING)
    assert text.startswith(
        "1 pending signal\n\nBUY ADAUSDT  (mr_combined)\n  price 0.529, stop -2.81 %, target +11.28 %"
    )
    assert "ev 4.5, confidence 8: below the gate" in text
    assert "expires in 4 min 59 s" in text


def test_a_signal_whose_time_is_over_is_not_pending() -> None:
    later = replace(ASKING, steady=NOW + 300)
    published = Published(signal_book={"ADAUSDT": SIGNAL})
    assert views.pending_text(messages.PendingText(), published, later) == "No pending signals.\n"
    with pytest.raises(SignalNotFound):
        views.signal_of(messages.SignalOf("BTCUSDT"), published, ASKING)


@pytest.mark.parametrize(
    ("set_back", "seen", "said"),
    [
        (0, 0, None),
        (60, 0, None),
        (3600, 0, "clock behind by 1:00:00"),
        (0, 172_800, "clock behind by 2 days, 0:00:00"),
    ],
)
def test_k24_health_and_status_say_that_the_clock_was_set_back(set_back: int, seen: int, said: str | None) -> None:
    held = Held(License("m1"), NOW + seen)
    published = Published(
        license_guard=held,
        signal_book={},
        pager=(),
        position_manager=TradingSnapshot(account=AccountReading("USDT", {}, {}, 0)),
    )
    asking = replace(ASKING, now=NOW - set_back, started_at=NOW - 100)
    status = views.status_of(messages.StatusOf(), published, asking)
    assert (status.clock, status.uptime_sec) == (said, 100)
    assert views.health(messages.HealthOf(), published, asking).clock == said


def test_a_portfolio_values_what_has_a_price() -> None:
    balances = {"USDT": Balance(D(900), D(100)), "ETH": Balance(D(1), D(1)), "XXX": Balance(D(5), D(0))}
    account = AccountReading("USDT", balances, {"ETH": D(3000)}, 0)
    reply = views.portfolio_of(
        messages.PortfolioOf(), Published(position_manager=TradingSnapshot(account=account)), ASKING
    )
    assert (reply.equity, reply.balance.free, reply.balance.total) == (7000.0, 900.0, 1000.0)
    assert [(held.asset, held.value) for held in reply.holdings] == [("ETH", 6000.0), ("XXX", None)]


def test_what_is_not_published_yet_is_not_ready() -> None:
    with pytest.raises(NotReady):
        views.board_state(messages.BoardState(), Published(), ASKING)
    with pytest.raises(NotReady):
        views.portfolio_of(messages.PortfolioOf(), Published(position_manager=TradingSnapshot()), ASKING)


def test_a_board_is_shown_as_of_now() -> None:
    state = views.board_state(messages.BoardState(), Published(agent_board=Board({}, ())), ASKING)
    assert (state.agents, state.log, state.ts) == ({}, (), int(NOW))


def test_the_status_tells_of_the_disk() -> None:
    account = AccountReading("USDT", {}, {}, 0)
    held = Held(License("m1"), NOW)
    seen = Published(license_guard=held, position_manager=TradingSnapshot(account=account), signal_book={}, pager=())
    status = views.status_of(messages.StatusOf(), seen, ASKING)
    assert status.disk == messages.DiskReply(free_bytes=1 << 30, reserve_bytes=16 << 20, degraded=True, slow_commits=7)


def test_the_status_answers_before_the_account_was_read_and_tells_how_old_it_is() -> None:
    seen = {"license_guard": Held(License("m1"), NOW), "signal_book": {}, "pager": ()}
    never = views.status_of(messages.StatusOf(), Published(position_manager=TradingSnapshot(), **seen), ASKING)
    assert (never.account_age_sec, never.equity) == (None, 0.0)
    read = TradingSnapshot(account=AccountReading("USDT", {"USDT": Balance(D(7), D(0))}, {}, ASKING.market_ms - 90_000))
    for speed, age in ((1.0, 90), (60.0, 1)):
        asking = replace(ASKING, speed=speed)
        status = views.status_of(messages.StatusOf(), Published(position_manager=read, **seen), asking)
        assert (status.account_age_sec, status.equity) == (age, 7.0)


def test_the_status_has_a_row_for_each_page() -> None:
    pages = (
        OperatorPage("disk_full", "", "", "the disk is full", 7),
        OperatorPage("quarantine", "01J", "ETHUSDT", "in quarantine", 8),
    )
    seen = {"license_guard": Held(License("m1"), NOW), "signal_book": {}, "position_manager": TradingSnapshot()}
    status = views.status_of(messages.StatusOf(), Published(pager=pages, **seen), ASKING)
    assert status.alerts == (
        messages.AlertRow("disk_full", None, None, "the disk is full", 7),
        messages.AlertRow("quarantine", "01J", "ETHUSDT", "in quarantine", 8),
    )


def test_the_status_tells_when_the_orders_of_each_trade_were_looked_at() -> None:
    trades = (
        trade(BOUGHT, leg("L", "OPEN")),
        trade(BOUGHT, leg("C", "FILLED", cum=D(10)), label="FLAT"),
        trade(leg("E", "OPEN", cid="new", sent_at=ASKING.market_ms - 3_000), label="ENTERING"),
    )
    snapshot = TradingSnapshot(
        trades=trades, shown_at={LIST: ASKING.market_ms - 40_000}, begun=ASKING.market_ms - 90_000
    )
    seen = {"license_guard": Held(License("m1"), NOW), "signal_book": {}, "pager": (), "position_manager": snapshot}
    status = views.status_of(messages.StatusOf(), Published(**seen), ASKING)
    assert [look.not_looked_at_sec for look in status.looks] == [40, 3]
    assert (status.looks[0].trade, status.looks[0].symbol) == (INTENT.id, INTENT.symbol)
    assert status.not_looked_at_sec == 40
    fast = views.status_of(messages.StatusOf(), Published(**seen), replace(ASKING, speed=20.0))
    assert fast.not_looked_at_sec == 2
    quiet = views.status_of(messages.StatusOf(), Published(**{**seen, "position_manager": TradingSnapshot()}), ASKING)
    assert (quiet.not_looked_at_sec, quiet.looks) == (None, ())


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (VenueState(), messages.VenueReply(True, None, 0, None, None, "off", None)),
        (VenueState(False, 30.2, 90, 100), messages.VenueReply(False, int(NOW) + 31, 90, 100, 10, "off", None)),
        (VenueState(True, 0.0, 120, 100), messages.VenueReply(True, None, 120, 100, 0, "off", None)),
        (VenueState(pushes=True), messages.VenueReply(True, None, 0, None, None, "on", None)),
        (VenueState(pushes=True, stream_lost_since=7.9), messages.VenueReply(True, None, 0, None, None, "lost", 7)),
        (VenueState(stream_lost_since=7.9), messages.VenueReply(True, None, 0, None, None, "off", None)),
    ],
)
def test_the_status_tells_how_the_venue_is_doing(state: VenueState, told: messages.VenueReply) -> None:
    seen = {"license_guard": Held(License("m1"), NOW), "signal_book": {}, "pager": ()}
    published = Published(position_manager=TradingSnapshot(), **seen)
    status = views.status_of(messages.StatusOf(), published, replace(ASKING, venue_state=state))
    assert status.venue == told
    assert status.degraded is DISK.degraded


def test_k16_the_status_tells_which_symbols_are_halted_and_why() -> None:
    halts = {pair: SymbolHalt(pair, "sold too much", 7) for pair in ("SOLUSDT", "ADAUSDT")}
    seen = {"license_guard": Held(License("m1"), NOW), "signal_book": {}, "pager": ()}
    published = Published(position_manager=TradingSnapshot(halts=halts), **seen)
    status = views.status_of(messages.StatusOf(), published, ASKING)
    assert status.halted_symbols == tuple(
        messages.HaltedSymbol(pair, "sold too much", 7) for pair in ("ADAUSDT", "SOLUSDT")
    )
    assert not status.halted
