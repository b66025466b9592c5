"""Trades with their intents, legs and fills: every commit writes one event and the rows after the change.

The event of a trade is `{trade, facts, changed, after}`. `changed` maps the path of each changed field to its new value
(`legs.0.state`; `legs` is the number of legs), so that the events of a trade add up to the trade. `after` is the hash
of the whole trade. `fills` is present when there are new fills, `closed` when the trade gets its row in the history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from apsw import Connection

from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.ports import Change, Facts
from opentrader.domain.trading.venue import Fill
from opentrader.errors import InternalError
from opentrader.store.sqlite.codec import parsed, plain, text
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import events, history

Document = dict[str, Any]
"""A whole trade in JSON: the fields of `Trade`, `intent` and `legs` included."""

NO_FACTS: Facts = {}
_PROVISIONAL = "id IN (SELECT id FROM history WHERE fees_known = 0 AND left_over IS NOT NULL)"


class JournalTable:
    """`domain.trading.ports.Journal`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, ended_since_ms: int) -> list[Trade]:
        return self._store.read(partial(load, ended_since_ms=ended_since_ms))

    def ended(self, since_ms: int) -> set[str]:
        return self._store.read(partial(ended, since_ms=since_ms))

    def trade(self, id: str) -> Trade | None:
        return self._store.read(partial(trade, id=id))

    def fills(self, id: str) -> list[Fill]:
        return self._store.read(partial(fills, id=id))

    def owners(self, cids: Iterable[str]) -> dict[str, str]:
        return self._store.read(partial(owners, cids=tuple(cids)))

    async def save(
        self,
        trade: Trade,
        event: str,
        at_ms: int,
        *,
        facts: Facts = NO_FACTS,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
        vital: bool = True,
    ) -> None:
        change = partial(save, trade=trade, event=event, at_ms=at_ms, facts=facts, fills=fills)
        await self._store.write(change, also, vital=vital)

    def saving(self, trade: Trade, event: str, at_ms: int, fills: Sequence[Fill] = ()) -> Change:
        return partial(save, trade=trade, event=event, at_ms=at_ms, fills=fills)

    def finishing(self, trade: Trade, event: str, at_ms: int, fills: Sequence[Fill] = ()) -> Change:
        return partial(finish, trade=trade, closed=None, event=event, at_ms=at_ms, fills=fills)

    async def commit(self, changes: Sequence[Change], *, vital: bool = True) -> None:
        await self._store.write(_nothing, changes, vital=vital)

    async def finish(
        self,
        trade: Trade,
        closed: ClosedTrade | None,
        event: str,
        at_ms: int,
        *,
        facts: Facts = NO_FACTS,
        fills: Sequence[Fill] = (),
        also: Sequence[Change] = (),
        vital: bool = True,
    ) -> None:
        change = partial(finish, trade=trade, closed=closed, event=event, at_ms=at_ms, facts=facts, fills=fills)
        await self._store.write(change, also, vital=vital)


def _nothing(connection: Connection) -> None:
    """The first change of a `commit`, whose own changes all come as `also`."""


def save(
    connection: Connection,
    trade: Trade,
    event: str,
    at_ms: int,
    *,
    facts: Facts = NO_FACTS,
    fills: Sequence[Fill] = (),
) -> None:
    """Store an open trade and those of its fills that are new."""
    payload = {"facts": facts}
    _put(connection, trade, event, at_ms, payload=payload, fills=fills, ended_ms=None)


def finish(
    connection: Connection,
    trade: Trade,
    closed: ClosedTrade | None,
    event: str,
    at_ms: int,
    *,
    facts: Facts = NO_FACTS,
    fills: Sequence[Fill] = (),
) -> None:
    """Store a closed trade and its row in the history (`closed` None: its entry never filled)."""
    payload = {"facts": facts} if closed is None else {"facts": facts, "closed": closed}
    seq = _put(connection, trade, event, at_ms, payload=payload, fills=fills, ended_ms=at_ms)
    if closed is not None:
        history.put(connection, closed, seq)


def load(connection: Connection, ended_since_ms: int) -> list[Trade]:
    """The open trades, those that ended at this instant or later, and those booked provisionally; by id, so by age."""
    return _trades(connection, f"ended_ms IS NULL OR ended_ms >= ? OR {_PROVISIONAL}", ended_since_ms)


def ended(connection: Connection, since_ms: int) -> set[str]:
    """The ids of the trades that ended at this instant or later, and of the ended ones booked provisionally."""
    where = f"ended_ms >= ? OR (ended_ms IS NOT NULL AND {_PROVISIONAL})"
    return {str(id_) for (id_,) in connection.execute(f"SELECT id FROM trades WHERE {where}", (since_ms,))}  # noqa: S608 - the conditions above


def trade(connection: Connection, id: str) -> Trade | None:
    return next(iter(_trades(connection, "id = ?", id)), None)


def fills(connection: Connection, id: str) -> list[Fill]:
    """The fills of a trade, oldest first."""
    rows = connection.execute("SELECT body FROM fills WHERE trade_id = ?", (id,))
    return sorted((parsed(Fill, orjson.loads(body)) for (body,) in rows), key=lambda fill: (fill.at, fill.trade_id))


def fills_with_events(connection: Connection) -> Iterator[tuple[str, int, Document]]:
    """Every fill: the id of its trade, the seq of its event, and the fill as it is stored now."""
    for trade_id, seq, body in connection.execute("SELECT trade_id, seq, body FROM fills"):
        yield trade_id, seq, orjson.loads(body)


def short_of_fills(connection: Connection) -> list[str]:
    """The ids of the trades with fewer stored fills than their events recorded."""
    rows = connection.execute(
        "SELECT trade FROM"
        " (SELECT events.json ->> '$.trade' AS trade, count(DISTINCT fill.value ->> '$.trade_id') AS recorded"
        " FROM events, json_each(events.json, '$.fills') AS fill WHERE events.type <> 'audit' GROUP BY trade) LEFT JOIN"
        " (SELECT trade_id, count(*) AS stored FROM fills GROUP BY trade_id) ON trade_id = trade"
        " WHERE recorded > coalesce(stored, 0) ORDER BY trade"
    )
    return [str(trade_id) for (trade_id,) in rows]


def owners(connection: Connection, cids: Iterable[str]) -> dict[str, str]:
    """Client order id -> trade id, for those of the ids that this data folder has ever used."""
    found = connection.execute(
        "SELECT cid, trade_id FROM client_ids WHERE cid IN (SELECT value FROM json_each(?))", (text(list(cids)),)
    )
    return dict(found)


def digests(connection: Connection) -> Iterator[tuple[str, int, str]]:
    """Every trade id with the seq of its last event and the digest of the trade as it is stored now."""
    for trade_id, seq, ended_ms in connection.execute("SELECT id, seq, ended_ms FROM trades"):
        yield trade_id, seq, digest(_stored(connection, trade_id), ended_ms)


def digest(document: Document, ended_ms: int | None) -> str:
    return hashlib.sha256(text([document, ended_ms]).encode()).hexdigest()


def _put(
    connection: Connection,
    trade: Trade,
    event: str,
    at_ms: int,
    *,
    payload: Mapping[str, Any],
    fills: Sequence[Fill],
    ended_ms: int | None,
) -> int:
    document, new = plain(trade), _unknown(connection, trade.intent.id, fills)
    before = _stored(connection, trade.intent.id)
    _refuse_new_intent(before.get("intent", {}), document["intent"])
    seal = digest(document, ended_ms)
    body = {"trade": trade.intent.id, **payload, "changed": _changed(before, document), "after": seal}
    seq = events.append(connection, at_ms, event, body | ({"fills": new} if new else {}))
    _put_rows(connection, document, seq, ended_ms)
    _put_client_ids(connection, trade)
    _put_fills(connection, trade.intent.id, new, seq)
    return seq


def _unknown(connection: Connection, trade_id: str, fills: Sequence[Fill]) -> list[Fill]:
    """Those of the fills that are not stored yet, or without the rate of the fee, which may come later.

    Nothing else of a fill ever changes, so a stored one is not written again.
    """
    if not fills:
        return []
    stored = connection.execute("SELECT id, body ->> '$.rate' FROM fills WHERE trade_id = ?", (trade_id,))
    rates = {fill_id: Decimal(rate or 0) for fill_id, rate in stored}
    return [fill for fill in fills if fill.trade_id not in rates or (fill.rate and not rates[fill.trade_id])]


def _put_fills(connection: Connection, trade_id: str, fills: Sequence[Fill], seq: int) -> None:
    rows = [(trade_id, fill.trade_id, seq, text(fill)) for fill in fills]
    connection.executemany("INSERT OR REPLACE INTO fills (trade_id, id, seq, body) VALUES (?, ?, ?, ?)", rows)


def _refuse_new_intent(before: Document, after: Document) -> None:
    """An intent is immutable once stored; only fields that did not exist then may be added."""
    if wrong := [field for field in before if before[field] != after.get(field)]:
        raise InternalError(f"an intent is immutable: {', '.join(wrong)} of {after['id']}")


def _changed(before: Document, after: Document) -> Document:
    """Path -> new value of every field that changed; a list other than `legs` is one value."""
    changed: Document = {}
    for name, value in after.items():
        if name in before and before[name] == value:
            continue
        if name == "intent":
            changed |= _differing("intent", before.get(name, {}), value)
        elif name == "legs":
            changed |= _changed_legs(before.get(name, []), value, known=name in before)
        else:
            changed[name] = value
    return changed


def _changed_legs(before: Sequence[Document], after: Sequence[Document], *, known: bool) -> Document:
    """`legs` is the number of legs."""
    changed: Document = {} if known and len(before) == len(after) else {"legs": len(after)}
    for number, leg in enumerate(after):
        old = before[number] if number < len(before) else {}
        if old != leg:
            changed |= _differing(f"legs.{number}", old, leg)
    return changed


def _differing(path: str, before: Document, after: Document) -> Document:
    return {f"{path}.{field}": new for field, new in after.items() if field not in before or before[field] != new}


def _put_rows(connection: Connection, document: Document, seq: int, ended_ms: int | None) -> None:
    body = {**document}
    intent, legs = body.pop("intent"), body.pop("legs")
    trade_id = intent["id"]
    connection.execute(
        "INSERT INTO intents (id, body) VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
        (trade_id, text(intent)),
    )
    connection.execute(
        "INSERT INTO trades (id, ended_ms, seq, body) VALUES (?, ?, ?, ?) ON CONFLICT (id)"
        " DO UPDATE SET ended_ms = excluded.ended_ms, seq = excluded.seq, body = excluded.body",
        (trade_id, ended_ms, seq, text(body)),
    )
    connection.execute("DELETE FROM legs WHERE trade_id = ?", (trade_id,))
    connection.executemany(
        "INSERT INTO legs (trade_id, number, body) VALUES (?, ?, ?)",
        [(trade_id, number, text(leg)) for number, leg in enumerate(legs)],
    )


def _put_client_ids(connection: Connection, trade: Trade) -> None:
    """A client order id belongs to one trade forever: the primary key refuses the id of another trade."""
    connection.executemany(
        "INSERT INTO client_ids (cid, trade_id) SELECT ?1, ?2"
        " WHERE NOT EXISTS (SELECT 1 FROM client_ids WHERE cid = ?1 AND trade_id = ?2)",
        [(cid, trade.intent.id) for leg in trade.legs for cid in leg.cids if cid],
    )


def _stored(connection: Connection, id: str) -> Document:
    """The stored trade, empty if there is none."""
    return next(_documents(connection, "id = ?", id), {})


def _documents(connection: Connection, where: str, *bindings: object) -> Iterator[Document]:
    rows = connection.execute(
        f"SELECT id, intents.body, trades.body FROM trades JOIN intents USING (id) WHERE {where} ORDER BY id",  # noqa: S608 - the conditions above
        bindings,
    )
    for trade_id, intent, body in rows:
        legs = connection.execute("SELECT body FROM legs WHERE trade_id = ? ORDER BY number", (trade_id,))
        document = {"intent": orjson.loads(intent), "legs": [orjson.loads(leg) for (leg,) in legs]}
        yield {**orjson.loads(body), **document}


def _trades(connection: Connection, where: str, *bindings: object) -> list[Trade]:
    return [parsed(Trade, document) for document in _documents(connection, where, *bindings)]
