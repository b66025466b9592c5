"""Trades that a hand put in, and the history that the venue remembers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial

import orjson

from opentrader.actors import trading_messages as m
from opentrader.actors import trading_replies as t
from opentrader.actors.handles import handles
from opentrader.actors.message import Message
from opentrader.actors.outcome import Outcome
from opentrader.actors.reply import Reply
from opentrader.actors.trade_recovery import TradeRecovery
from opentrader.errors import TradeExists


@dataclass(frozen=True, slots=True)
class RestoreKept(Message[t.Restored]):
    trade: t.Trade
    outcome: Outcome[None]


class RestoredTrades(TradeRecovery):
    @handles(m.RestoreTrade)
    def restore(self, message: m.RestoreTrade) -> Reply[t.Restored]:
        pair = message.symbol
        if self.busy(pair):
            raise TradeExists(f"a trade of {pair} is open or being opened", hint="close it first")
        now = self.context.clock.market_ms() // 1000
        trade = t.Trade(
            self.context.ids.new(), pair, message.direction, message.size, message.entry_px, message.sl_px,  # type: ignore[arg-type]
            message.tp_px, message.sl_oid, message.tp_oid, message.bot, message.date or _day(now), "", "restored", now,
            verified=False, state="restored",
        )  # fmt: skip
        keep = self._journal.commit([self._control_store.restoring(trade.id, orjson.dumps(asdict(trade)).decode())])
        return self.pipe(keep, then=partial(RestoreKept, trade), exclusive=pair)

    @handles(RestoreKept)
    def restored(self, message: RestoreKept) -> t.Restored:
        message.outcome.unwrap()
        self._desk = replace(self._desk, restored=(*self._desk.restored, message.trade))
        self.show()
        return t.Restored(trade=message.trade)

    def restored_before(self) -> tuple[t.Trade, ...]:
        """The trades that were restored by hand and not closed since."""
        kept = self._control_store.restored()
        return tuple(t.Trade(**orjson.loads(kept[key])) for key in sorted(kept))

    def restored_of(self, pair: str) -> list[t.Trade]:
        return [trade for trade in self._desk.restored if trade.symbol == pair]

    @handles(m.SyncTrades)
    def sync(self, message: m.SyncTrades) -> t.Synced:
        """Every closed trade of ours is booked with the commit that ends it; nothing is left to import."""
        return t.Synced(synced=0, skipped=self._history.total(), trades=())


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
