"""Metrics of the daemon in the Prometheus text format."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from opentrader.actors import messages
from opentrader.domain.trading.ports import DiskState
from opentrader.errors import OpentraderError
from opentrader.http.system import System


class _SystemCollector(Collector):
    def __init__(self, system: System) -> None:
        self._system = system

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _actors(self._system)
        yield from _disk(self._system.disk())
        try:
            status = self._system.view(messages.StatusOf())
        except OpentraderError:
            return  # it has not started yet
        for name, value, description in (
            ("open_trades", status.open_trades, "Open trades."),
            ("pending_entries", status.pending_entries, "Resting LIMIT entries."),
            ("pending_signals", status.pending_signals, "Signals waiting for a decision."),
            ("trades_today", status.trades_today, "Entries executed this UTC day."),
            ("halted", float(status.halted), "1 while new entries are blocked."),
            ("halted_symbols", len(status.halted_symbols), "Symbols in which new entries are blocked."),
            ("alerts", len(status.alerts), "Pages that stand now: what a person has to know."),
            (
                "realized_pnl_today",
                status.realized_pnl_today,
                "Realized profit and loss of this UTC day.",
            ),
            ("uptime_seconds", status.uptime_sec, "Seconds since the daemon started."),
        ):
            yield GaugeMetricFamily(f"opentrader_{name}", description, value=value)
        yield from _account(status)
        yield from _venue(status)


def _account(status: messages.BotStatus) -> Iterator[GaugeMetricFamily]:
    """Nothing before the account was read for the first time."""
    if status.account_age_sec is not None:
        yield GaugeMetricFamily("opentrader_equity", "Account equity in the quote currency.", value=status.equity)
        age = "Seconds since the account was read."
        yield GaugeMetricFamily("opentrader_account_age_seconds", age, value=status.account_age_sec)


def _venue(status: messages.BotStatus) -> Iterator[GaugeMetricFamily]:
    venue = status.venue
    banned = 0 if venue.banned_until is None else max(0, venue.banned_until - status.timestamp)
    for name, value, description in (
        ("venue_reachable", float(venue.reachable), "1 while the exchange has answered the last call."),
        ("venue_banned_seconds", banned, "Seconds in which the exchange refuses all requests."),
        ("venue_weight_used", venue.weight_used, "Request weight that counts now."),
    ):
        yield GaugeMetricFamily(f"opentrader_{name}", description, value=value)
    if venue.weight_left is not None:
        left = "Request weight that is left of the limit."
        yield GaugeMetricFamily("opentrader_venue_weight_left", left, value=venue.weight_left)
    if venue.stream != "off":
        alive = "1 while the stream of the exchange tells of changes, so that less is polled."
        yield GaugeMetricFamily("opentrader_venue_stream_alive", alive, value=float(venue.stream == "on"))
    looks = GaugeMetricFamily(
        "opentrader_not_looked_at_seconds", "Seconds since the exchange has shown the orders.", labels=["symbol"]
    )
    worst: dict[str, int] = {}
    for look in status.looks:
        worst[look.symbol] = max(look.not_looked_at_sec, worst.get(look.symbol, 0))
    for symbol, seconds in sorted(worst.items()):
        looks.add_metric([symbol], seconds)
    yield looks


def _disk(disk: DiskState) -> Iterator[GaugeMetricFamily]:
    for name, value, description in (
        ("disk_free_bytes", disk.free, "Free bytes under the data folder."),
        ("disk_reserve_bytes", disk.reserve, "Bytes reserved for exits; 0 after the disk was full."),
        ("disk_degraded", float(disk.degraded), "1 while commits are too slow for entries."),
        ("disk_slow_commits", disk.slow_commits, "Commits over 500 ms since the daemon started."),
    ):
        yield GaugeMetricFamily(f"opentrader_{name}", description, value=value)


def _actors(system: System) -> Iterator[GaugeMetricFamily]:
    alive = GaugeMetricFamily("opentrader_actor_alive", "1 while the actor handles messages.", labels=["actor"])
    inbox = GaugeMetricFamily("opentrader_actor_inbox", "Messages waiting in the inbox.", labels=["actor"])
    restarts = GaugeMetricFamily("opentrader_actor_restarts", "Restarts since the daemon started.", labels=["actor"])
    for actor in system.actors():
        alive.add_metric([actor.name], float(actor.alive))
        inbox.add_metric([actor.name], actor.inbox)
        restarts.add_metric([actor.name], actor.restarts)
    yield from (alive, inbox, restarts)


def exposition(system: System) -> bytes:
    """All metrics, as Prometheus text."""
    registry = CollectorRegistry()
    registry.register(_SystemCollector(system))
    return generate_latest(registry)
