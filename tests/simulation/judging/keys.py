"""What an Idempotency-Key must not do, judged from the requests, the journal, and the books of the venue's ledger.

A close is new if it has no key, or one that no command and no intent in the journal has. Only a new one may close a
trade, and only a trade that was there before it ended: a repeat is about the trades of the first request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from apsw import Connection

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message

if TYPE_CHECKING:
    from tests.simulation.daemon import Answer
    from tests.simulation.judging.money import Book

_CLOSED_ON_REQUEST = (
    "SELECT id, symbol, intents.body ->> '$.created_at' FROM trades JOIN intents USING (id)"
    " WHERE seq > ? AND trades.body ->> '$.close_reason' IN ('close', 'closeall', 'sell')"
)
_NAMED = "SELECT 1 FROM commands, json_each(commands.trades) WHERE value = ?"


@dataclass
class NewClose:
    """A request that may close what is open, in its symbol or everywhere. `ended`: when it was answered or broken."""

    symbol: str
    ended: float = inf


class Keys:
    def __init__(
        self,
        journal: Connection,
        books: Mapping[str, Book],
        found: Callable[[str, str], None],
        now: Callable[[], float],
    ) -> None:
        self._journal, self._books, self._found, self._now = journal, books, found, now
        self._closes: list[NewClose] = []
        self._judged: set[str] = set()
        self._read_to = 0  # the last event whose trades were judged
        self._seen: tuple[int, int] | None = None

    def asked(self, message: Message[Any], key: str | None) -> Callable[[Answer], None]:
        """A request is sent. Returns what to call with its answer."""
        symbol = _closes(message)
        if symbol is None or (key is not None and self._is_used(key)):
            return lambda answer: None
        close = NewClose(symbol)
        self._closes.append(close)

        def ended(answer: Answer) -> None:
            if answer.status != 504:  # then it may still be waiting for its symbol
                close.ended = self._now()

        return ended

    def _is_used(self, key: str) -> bool:
        sql = "SELECT 1 FROM commands WHERE idem_key = ?1 UNION SELECT 1 FROM intents WHERE idem_key = ?1"
        return self._journal.execute(sql, (key,)).get is not None

    def watch(self) -> None:
        """Judge what has come since the last time, for a run is long."""
        seen = self._journal.total_changes(), sum(bool(book.bought) for book in self._books.values())
        if seen != self._seen:
            self._seen = seen
            self._demand_one_command_a_key()
            self._demand_one_trade_a_key()
            for id_, symbol, created in self._newly_closed():
                self._judged.add(id_)
                self._demand_a_command(id_, symbol, created)
                self._demand_a_new_close(id_, symbol, created)

    def _newly_closed(self) -> list[tuple[str, str, int]]:
        """The trades whose close was asked for, each once, also where the events begin anew in a restored store."""
        last = self._journal.execute("SELECT ifnull(max(seq), 0) FROM events").get
        after, self._read_to = (self._read_to if last >= self._read_to else 0), last
        return [row for row in self._journal.execute(_CLOSED_ON_REQUEST, (after,)) if row[0] not in self._judged]

    def _demand_one_command_a_key(self) -> None:
        sql = "SELECT idem_key, count(*) FROM commands WHERE idem_key <> '' GROUP BY idem_key HAVING count(*) > 1"
        for key, count in self._journal.execute(sql):
            self._found("repeated key", f"{count} commands with the key {key}")

    def _demand_one_trade_a_key(self) -> None:
        bought: dict[str, str] = {}
        for id_, key in self._journal.execute("SELECT id, idem_key FROM intents WHERE idem_key IS NOT NULL"):
            if (book := self._books.get(id_[-8:])) is not None and book.bought:
                if key in bought:
                    self._found("repeated key", f"{bought[key]} and {id_} were bought with the key {key}")
                bought[key] = id_

    def _demand_a_command(self, id_: str, symbol: str, created: int) -> None:
        if self._journal.execute(_NAMED, (id_,)).get is None:
            self._found("closed unasked", f"{id_} ({symbol}), of {created}, which no command is about")

    def _demand_a_new_close(self, id_: str, symbol: str, created: int) -> None:
        if not any(close.symbol in {"", symbol} and close.ended >= created for close in self._closes):
            self._found("repeated key", f"{id_} ({symbol}) was closed, and only repeats of older requests came since")


def _closes(message: Message[Any]) -> str | None:
    """The symbol that a request closes, empty for all; None if it closes nothing."""
    if isinstance(message, messages.CloseAll):
        return ""
    if isinstance(message, messages.ClosePosition):
        return message.symbol
    return message.symbol if isinstance(message, messages.ExecuteTrade) and message.direction == "sell" else None
