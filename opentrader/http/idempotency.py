"""State-changing requests: executed once per Idempotency-Key, and recorded in the audit log.

A key is reserved before anything is done, bound to what the request begins in the commit that begins it, and the
outcome is stored under it. A request continues when its client disconnects.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import orjson
from aiohttp import web

from opentrader.actors.messages.exits import is_exit
from opentrader.actors.runtime.message import Message
from opentrader.domain.trading.ledger import AuditEntry, KeyTaken, Remembered, Reservation, fingerprint
from opentrader.errors import (
    AskTimeout,
    Fault,
    IdempotencyInProgress,
    InsufficientBalance,
    InternalError,
    InvalidInput,
    NoPosition,
    OpentraderError,
    OrderRejected,
    PositionNotFound,
    ShuttingDown,
    StorageError,
    StorageFailed,
)
from opentrader.http.problems import status_of
from opentrader.http.route import Route
from opentrader.http.system import Executes

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# Final if something was journaled before: the exchange refused it, or there was nothing to close.
_FINAL = (OrderRejected, InsufficientBalance, PositionNotFound, NoPosition)
# The work may still be going on, or be done; only the next start can tell what a failed disk holds.
_OUTCOME_UNKNOWN = (AskTimeout, InternalError, ShuttingDown, StorageFailed)
_EXECUTED, _REFUSED = "was executed but not recorded", "failed, and that was not recorded"
_PERSONAL_SECTION = "License"  # its values (name, e-mail, key) stay out of the audit log

REPLAYED = {"Idempotent-Replayed": "true"}

logger = logging.getLogger(__name__)


class Body(NamedTuple):
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class StateChange:
    """One request that changes state. One with a `refusal` is not executed, but recorded in the audit log."""

    route: Route
    message: Message[Any]
    request_id: str
    refusal: OpentraderError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The response; its `headers` mark a replayed one."""

    body: Body
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class IdempotencyKeyReused(InvalidInput):
    """The key was used before with a different request."""

    code = "idempotency_key_reused"


class Rejected(OpentraderError):
    """A stored refusal, replayed unchanged."""

    headers = REPLAYED

    def __init__(self, status: int, stored: Mapping[str, Any]) -> None:
        super().__init__(stored["detail"], hint=stored["hint"], **stored.get("facts", {}))
        self.stored_code, self.status = stored["code"], status


def idempotency_key(request: web.BaseRequest) -> str | None:
    """The key of a request, None without one. Raises `InvalidInput` for a malformed key."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        fault = Fault(("header", "idempotency-key"), "1 to 255 printable ASCII characters", "string_pattern_mismatch")
        raise InvalidInput([fault])
    return key


def encode(reply: Any) -> Body:
    """A reply as JSON, or as plain text if it is a string."""
    if isinstance(reply, str):
        return Body(reply.encode(), "text/plain")
    return Body(orjson.dumps(reply), "application/json")


class Idempotency:
    """Executes the state changes of one system, and knows which keys it is executing at the moment.

    A key stays in `_running` until its outcome is stored: a duplicate that came in between would find neither, and
    execute the request again.
    """

    def __init__(self) -> None:
        self._running: set[str] = set()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def execute(self, system: Executes, change: StateChange, key: str | None) -> Outcome:
        """Execute a request, or replay its first outcome. Raises the errors of the request."""
        change = _with_pair(system, change)
        work = _audited(system, change, None) if key is None else self._once(system, change, key)
        return await asyncio.shield(asyncio.ensure_future(work))

    async def _once(self, system: Executes, change: StateChange, key: str) -> Outcome:
        async with self._turns.setdefault(key, asyncio.Lock()):
            earlier = await self._earlier(system, change, key)
            if earlier is not None and earlier.state == "done":
                return _replay(earlier)
            self._running.add(key)
        try:
            begun = "" if earlier is None else earlier.reservation.intent_id
            return await (_recover(system, change, key, begun) if begun else _first(system, change, key))
        finally:
            self._running.discard(key)

    async def _earlier(self, system: Executes, change: StateChange, key: str) -> Remembered | None:
        """The earlier request with this key; None if there is none, and the key is reserved now."""
        earlier = await _reserved(system, change, key)
        if earlier is None or earlier.state == "done":
            return earlier
        if key in self._running:
            raise IdempotencyInProgress(
                "the first request with this key is still in progress", hint="retry in a second"
            )
        # The first request may have stored its outcome since this row was read, and nobody can begin another one now.
        return await _reserved(system, change, key)


async def _reserved(system: Executes, change: StateChange, key: str) -> Remembered | None:
    """Reserve the key, or return the earlier request. Raises `IdempotencyKeyReused` if that was a different one."""
    route = change.route
    given = fingerprint(route.method, route.path, _parameters(change.message))
    try:
        reservation = Reservation(key, route.method, route.path, given, int(system.steady()))
        await system.idempotency.reserve(reservation, vital=is_exit(change.message))
    except KeyTaken as taken:
        if taken.found.reservation.fingerprint == given:
            return taken.found
    else:
        return None
    where = ("header", "idempotency-key")
    raise IdempotencyKeyReused([Fault(where, "this key was used before with a different request", "value_error")])


def _parameters(message: Message[Any]) -> dict[str, Any]:
    """The values of a request, as every release has hashed them: stored fingerprints stay comparable."""
    values: dict[str, Any] = asdict(message)  # type: ignore[call-overload]  # every message is a dataclass
    if message.reduces:
        values.pop("idem_key", None)  # at first only the requests that open carried it
    if values.get("cancel_pending") is False:
        del values["cancel_pending"]  # a plain closeall is what it was before it could take entries back
    return values


async def _first(system: Executes, change: StateChange, key: str) -> Outcome:
    """Execute a request whose key is reserved and bound to nothing, and store its outcome.

    If the outcome is unknown the key stays reserved: the next request with it looks for the outcome.
    """
    try:
        return await _audited(system, _with_key(change, key), key)
    except OpentraderError as error:
        await _tell_what_was_begun(system, key, error)
        await _store(change, _REFUSED, _store_refusal(system, change, key, error))
        raise


async def _recover(system: Executes, change: StateChange, key: str, begun: str) -> Outcome:
    """Find the outcome of a request that ended without a response, perhaps with its process.

    `begun`: the intent or command that its key is bound to. It tells the outcome, whatever is open now. An intent that
    was never sent, and never will be, has none: the request is executed now.
    """
    try:
        reply = await system.outcome_of(begun)
    except OpentraderError as error:
        error.facts.setdefault("intent_id", begun)
        if not isinstance(error, _FINAL):
            raise
        await _store(change, _REFUSED, _store_refusal(system, change, key, error))
        raise Rejected(status_of(type(error)), _payload(error)) from None
    if reply is None:
        await system.idempotency.release(key, begun)
        return await _first(system, change, key)
    body = encode(reply)
    await _store(change, _EXECUTED, system.idempotency.finish(key, 200, body.content, vital=True))
    return Outcome(body, headers=REPLAYED)


async def _tell_what_was_begun(system: Executes, key: str, error: OpentraderError) -> None:
    """Add the id that the key is bound to, whatever cut the request off: no caller is left without it."""
    if "intent_id" not in error.facts:
        with suppress(StorageError):  # a store that cannot be read keeps the key
            if begun := await system.idempotency.begun(key):
                error.facts["intent_id"] = begun


def _replay(found: Remembered) -> Outcome:
    """The stored outcome of a finished request. Raises `Rejected` for a stored refusal."""
    if found.status != 200:
        assert found.status is not None
        raise Rejected(found.status, orjson.loads(found.body or b"{}"))
    return Outcome(Body(found.body or b"", "application/json"), headers=REPLAYED)


def _with_pair(system: Executes, change: StateChange) -> StateChange:
    """The request with its symbol as a pair: BTC and BTCUSDT are the same request, also in the audit log."""
    try:
        return replace(change, message=system.spelled(change.message))
    except OpentraderError as error:
        return replace(change, refusal=error)


def _with_key(change: StateChange, key: str) -> StateChange:
    """The request with its key in the message, if the message stores it with what it creates."""
    if not hasattr(change.message, "idem_key"):
        return change
    return replace(change, message=replace(change.message, idem_key=key))  # type: ignore[type-var]  # the same


async def _store_refusal(system: Executes, change: StateChange, key: str, error: OpentraderError) -> None:
    """Store a final refusal; free the key if nothing was begun; otherwise leave it to the next request with it."""
    if isinstance(error, _OUTCOME_UNKNOWN):
        return
    if "intent_id" not in error.facts:
        await system.idempotency.forget(key, vital=is_exit(change.message))
    elif isinstance(error, _FINAL):
        await system.idempotency.finish(key, status_of(type(error)), orjson.dumps(_payload(error)))


def _payload(error: OpentraderError) -> dict[str, Any]:
    return {"detail": error.detail, "hint": error.hint, "code": error.code, "facts": error.facts}


async def _audited(system: Executes, change: StateChange, key: str | None) -> Outcome:
    """Execute a request, and record it with its result in the audit log before the response leaves.

    The answer is stored under the key in the same commit; each is stored also where the other one cannot be.
    """
    try:
        body = encode(await _executed(system, change))
    except OpentraderError as error:
        entry = _entry(system, change, error.code, status_of(type(error)))
        await _store(change, _REFUSED, system.audit_log.append(entry))
        raise
    entry, vital = _entry(system, change, "ok", 200), is_exit(change.message)
    records: list[Awaitable[object]] = [system.audit_log.append(entry, vital=vital)]
    if key is not None:
        records.append(system.idempotency.finish(key, 200, body.content, vital=vital))
    await asyncio.gather(*(_store(change, _EXECUTED, record) for record in records))
    return Outcome(body)


async def _executed(system: Executes, change: StateChange) -> Any:
    if change.refusal is not None:
        raise change.refusal
    return await system.deliver(change.message)


async def _store(change: StateChange, result: str, work: Awaitable[object]) -> None:
    """Store the result of a request.

    A failure here is only logged: an error response would make the client execute the request twice.
    """
    try:
        await work
    except OpentraderError as error:
        action = action_of(change.route)
        logger.error("request %s (%s) %s: %s", change.request_id, action, result, error)


def _entry(system: Executes, change: StateChange, outcome: str, status: int) -> AuditEntry:
    values = asdict(change.message)  # type: ignore[call-overload]  # every message is a dataclass
    params = {} if change.route.section == _PERSONAL_SECTION else values
    return AuditEntry(
        ts=int(system.wall()),
        agent=values.get("agent") or "",
        action=action_of(change.route),
        symbol=values.get("symbol"),
        outcome=outcome,
        status=status,
        request_id=change.request_id,
        params={name: value for name, value in params.items() if value not in (None, "")},
    )


def action_of(route: Route) -> str:
    """The action in the audit log: `/api/signal/{symbol}/confirm` is `signal.confirm`."""
    words = [word for word in route.path.removeprefix("/api/").split("/") if not word.startswith("{")]
    return ".".join(words)
