"""The figures, as Prometheus reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from opentrader.actors import messages
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.domain.trading.ports import DiskState
from opentrader.errors import NotReady

STATUS = messages.BotStatus(
    running=True,
    halted=True,
    halt_reason="operator",
    halted_symbols=(),
    mode="paper",
    exchange="paper",
    can_short=False,
    uptime_sec=60,
    open_trades=2,
    pending_entries=1,
    pending_signals=0,
    trades_today=3,
    max_trades_per_day=3,
    equity=9990.5,
    realized_pnl_today=-9.5,
    watchlist=("BTC",),
    degraded=False,
    account_age_sec=2,
    not_looked_at_sec=None,
    looks=(),
    venue=messages.VenueReply(True, None, 0, None, None, "off", None),
    alerts=(),
    disk=messages.DiskReply(free_bytes=1 << 40, reserve_bytes=16 << 20, degraded=False, slow_commits=0),
    actors=(),
    clock=None,
    timestamp=0,
)


@pytest.fixture(autouse=True)
def running(system: Any) -> None:
    system.rows = [ActorStatus("signal_book", True, 4, 0), ActorStatus("market_analyzer BTCUSDT", False, 0, 2)]
    system.answers[messages.StatusOf] = STATUS


async def samples(site: Any) -> dict[tuple[str, str], float]:
    """Every sample by its name and the actor or the symbol that it is of."""
    response = await site.send("GET", "/api/metrics")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    families = list(text_string_to_metric_families(response.body.decode()))
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {
        (s.name, s.labels.get("actor", s.labels.get("symbol", ""))): s.value
        for family in families
        for s in family.samples
    }


async def test_the_bot_and_its_actors_are_in_figures(site: Any) -> None:
    told = await samples(site)
    assert told["opentrader_open_trades", ""] == 2
    assert told["opentrader_halted", ""] == 1
    assert told["opentrader_equity", ""] == 9990.5
    assert told["opentrader_realized_pnl_today", ""] == -9.5
    assert told["opentrader_actor_alive", "signal_book"] == 1
    assert told["opentrader_actor_inbox", "signal_book"] == 4
    assert told["opentrader_actor_alive", "market_analyzer BTCUSDT"] == 0
    assert told["opentrader_actor_restarts", "market_analyzer BTCUSDT"] == 2


async def test_the_disk_is_in_figures(site: Any, system: Any) -> None:
    told = await samples(site)
    assert (told["opentrader_disk_reserve_bytes", ""], told["opentrader_disk_free_bytes", ""]) == (16 << 20, 1 << 40)
    assert (told["opentrader_disk_degraded", ""], told["opentrader_disk_slow_commits", ""]) == (0, 0)
    system.disk_state = DiskState(free=7, reserve=0, degraded=True, slow_commits=5)
    told = await samples(site)
    assert (told["opentrader_disk_reserve_bytes", ""], told["opentrader_disk_free_bytes", ""]) == (0, 7)
    assert (told["opentrader_disk_degraded", ""], told["opentrader_disk_slow_commits", ""]) == (1, 5)


async def test_the_actors_and_the_disk_are_told_of_before_the_trades_are_loaded(site: Any, system: Any) -> None:
    system.answers[messages.StatusOf] = NotReady("actor position_manager has not started yet")
    assert {name for name, _ in await samples(site)} == {
        "opentrader_actor_alive",
        "opentrader_actor_inbox",
        "opentrader_actor_restarts",
        "opentrader_disk_degraded",
        "opentrader_disk_free_bytes",
        "opentrader_disk_reserve_bytes",
        "opentrader_disk_slow_commits",
    }


async def test_the_account_is_in_figures_once_it_was_read_and_pages_always(site: Any, system: Any) -> None:
    told = await samples(site)
    assert (told["opentrader_equity", ""], told["opentrader_account_age_seconds", ""]) == (9990.5, 2)
    assert told["opentrader_alerts", ""] == 0
    page = messages.AlertRow("disk_full", None, None, "the disk is full", 7)
    system.answers[messages.StatusOf] = replace(STATUS, account_age_sec=None, equity=0.0, alerts=(page,))
    told = await samples(site)
    assert told["opentrader_alerts", ""] == 1
    assert told["opentrader_open_trades", ""] == 2
    assert not {"opentrader_equity", "opentrader_account_age_seconds"} & {name for name, _ in told}


async def test_the_venue_and_the_looks_are_in_figures(site: Any, system: Any) -> None:
    told = await samples(site)
    assert (told["opentrader_venue_reachable", ""], told["opentrader_venue_banned_seconds", ""]) == (1, 0)
    assert not {("opentrader_venue_weight_left", ""), ("opentrader_venue_stream_alive", "")} & told.keys()
    assert {symbol for name, symbol in told if name == "opentrader_not_looked_at_seconds"} == set()
    looks = tuple(messages.LookRow(*row) for row in (("a", "X", 7), ("b", "X", 9), ("c", "Y", 1)))
    banned = messages.VenueReply(False, 30, 5_900, 6_000, 100, "lost", 10)
    system.answers[messages.StatusOf] = replace(STATUS, venue=banned, looks=looks, not_looked_at_sec=9)
    told = await samples(site)
    assert (told["opentrader_venue_reachable", ""], told["opentrader_venue_banned_seconds", ""]) == (0, 30)
    assert (told["opentrader_venue_weight_used", ""], told["opentrader_venue_weight_left", ""]) == (5_900, 100)
    assert told["opentrader_venue_stream_alive", ""] == 0
    assert (told["opentrader_not_looked_at_seconds", "X"], told["opentrader_not_looked_at_seconds", "Y"]) == (9, 1)


async def test_a_stream_that_is_alive_is_in_figures(site: Any, system: Any) -> None:
    venue = messages.VenueReply(True, None, 0, None, None, "on", None)
    system.answers[messages.StatusOf] = replace(STATUS, venue=venue)
    assert (await samples(site))["opentrader_venue_stream_alive", ""] == 1


async def test_they_are_told_to_no_one_without_the_token(serve: Any) -> None:
    site = await serve(token="0123456789abcdef0123456789abcdef")
    assert (await site.send("GET", "/api/metrics")).status == 401
