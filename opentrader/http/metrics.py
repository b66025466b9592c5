"""Figures of the daemon in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from opentrader.actors import messages
from opentrader.errors import OpentraderError
from opentrader.http.gateway import System


class _Figures(Collector):
    def __init__(self, system: System) -> None:
        self._system = system

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _actors(self._system)
        try:
            status = self._system.view(messages.StatusOf())
        except OpentraderError:
            return  # the account has not been read yet
        for name, value, told in (
            ("open_trades", status.open_trades, "Open trades."),
            ("pending_entries", status.pending_entries, "LIMIT entries that wait."),
            ("pending_signals", status.pending_signals, "Signals that wait for a decision."),
            ("trades_today", status.trades_today, "Entries executed this UTC day."),
            ("halted", float(status.halted), "1 while no new entries are let in."),
            ("equity", status.equity, "All that the account holds, in the quote currency."),
            ("realized_pnl_today", status.realized_pnl_today, "Closed today, in the quote currency."),
            ("uptime_seconds", status.uptime_sec, "Since the start."),
        ):
            yield GaugeMetricFamily(f"opentrader_{name}", told, value=value)


def _actors(system: System) -> Iterator[GaugeMetricFamily]:
    alive = GaugeMetricFamily("opentrader_actor_alive", "1 while it handles messages.", labels=["actor"])
    inbox = GaugeMetricFamily("opentrader_actor_inbox", "Messages that wait.", labels=["actor"])
    restarts = GaugeMetricFamily("opentrader_actor_restarts", "Lives after the first.", labels=["actor"])
    for actor in system.actors():
        alive.add_metric([actor.name], float(actor.alive))
        inbox.add_metric([actor.name], actor.inbox)
        restarts.add_metric([actor.name], actor.restarts)
    yield from (alive, inbox, restarts)


def exposition(system: System) -> bytes:
    """All figures as of now."""
    registry = CollectorRegistry()
    registry.register(_Figures(system))
    return generate_latest(registry)
