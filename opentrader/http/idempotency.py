"""Requests that change something: carried out once, whoever repeats them, and written down.

An Idempotency-Key is reserved before anything is done, and the outcome is kept for it. What a client that hangs up has
asked for goes on.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from opentrader.actors.runtime.message import Message
from opentrader.domain.trading.ledger import AuditEntry, KeyTaken, Remembered, Reservation, fingerprint
from opentrader.errors import (
    AskTimeout,
    Fault,
    IdempotencyInProgress,
    InsufficientBalance,
    InternalError,
    InvalidInput,
    OpentraderError,
    OrderRejected,
    ShuttingDown,
)
from opentrader.http.gateway import System
from opentrader.http.problems import status_of
from opentrader.http.route import Route

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_OF_THE_EXCHANGE = (OrderRejected, InsufficientBalance)  # where an intent came before them
_NOTHING_KNOWN = (AskTimeout, InternalError, ShuttingDown)  # what was begun may go on, or have been done
_PRIVATE = "License"  # the section whose values are a person's: name, e-mail, key

REPLAYED = {"Idempotent-Replayed": "true"}

logger = logging.getLogger(__name__)


class Body(NamedTuple):
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class StateChange:
    """One request, ready to be carried out, or to be refused: then `refusal` is kept in the audit log and raised."""

    route: Route
    message: Message[Any]
    request_id: str
    refusal: OpentraderError | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer; `headers` tell whether it is one from before."""

    body: Body
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class IdempotencyKeyReused(InvalidInput):
    """The key came before with another request."""

    code = "idempotency_key_reused"


class Rejected(OpentraderError):
    """A refusal from before, told again as it was."""

    headers = REPLAYED

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        super().__init__(told["detail"], hint=told["hint"], **told.get("facts", {}))
        self.told_code, self.status = told["code"], status


def idempotency_key(request: web.BaseRequest) -> str | None:
    """The key of a request, None without one. Raises `InvalidInput` for one that cannot be a key."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        fault = Fault(("header", "idempotency-key"), "1 to 255 printable ASCII characters", "string_pattern_mismatch")
        raise InvalidInput([fault])
    return key


def encoded(reply: Any) -> Body:
    """An answer as JSON, or as text if it is one."""
    if isinstance(reply, str):
        return Body(reply.encode(), "text/plain")
    return Body(orjson.dumps(reply), "application/json")


async def carried_out(system: System, act: StateChange, key: str | None) -> Outcome:
    """Do it, or tell what came of it the first time. Raises the errors of the answer."""
    act = _spelled(system, act)
    work = _written_down(system, act) if key is None else _once(system, act, key)
    return await asyncio.shield(asyncio.ensure_future(work))


_under_way: set[str] = set()
"""The keys whose requests this process is carrying out."""


def _spelled(system: System, act: StateChange) -> StateChange:
    """The act with its symbol as a pair: BTC and BTCUSDT are one request, and one in the audit log."""
    try:
        return replace(act, message=system.spelled(act.message))
    except OpentraderError as error:
        return replace(act, refusal=error)


async def _once(system: System, act: StateChange, key: str) -> Outcome:
    given = fingerprint(act.route.method, act.route.path, asdict(act.message))  # type: ignore[call-overload]
    reservation = Reservation(key, act.route.method, act.route.path, given, int(time.time()))
    try:
        await system.idempotency.reserve(reservation)
    except KeyTaken as taken:
        return await _again(system, act, taken.found, given)
    return await _first(system, act, key)


async def _first(system: System, act: StateChange, key: str) -> Outcome:
    """Carry a request out whose key is reserved, and keep its outcome.

    Where nothing is known for sure the key stays reserved: the outcome is looked for when it comes again.
    """
    _under_way.add(key)
    try:
        outcome = await _written_down(system, _keyed(act, key))
    except _NOTHING_KNOWN:
        raise
    except OpentraderError as error:
        await _kept(act, _refused(system, key, error))
        raise
    finally:
        _under_way.discard(key)
    await _kept(act, system.idempotency.finish(key, outcome.status, outcome.body.content))
    return outcome


async def _refused(system: System, key: str, error: OpentraderError) -> None:
    """Keep what the exchange said; free the key if nothing was begun; else what was begun tells when asked again."""
    if "intent_id" not in error.facts:
        await system.idempotency.forget(key)
    elif isinstance(error, _OF_THE_EXCHANGE):
        await system.idempotency.finish(key, status_of(type(error)), orjson.dumps(_told(error)))


def _told(error: OpentraderError) -> dict[str, Any]:
    return {"detail": error.detail, "hint": error.hint, "code": error.code, "facts": error.facts}


def _keyed(act: StateChange, key: str) -> StateChange:
    """The act with its key in the message, where the message keeps it with what it makes."""
    if not hasattr(act.message, "idem_key"):
        return act
    return replace(act, message=replace(act.message, idem_key=key))  # type: ignore[type-var]


async def _again(system: System, act: StateChange, found: Remembered, given: str) -> Outcome:
    if found.reservation.fingerprint != given:
        fault = Fault(("header", "idempotency-key"), "the key came before with another request", "value_error")
        raise IdempotencyKeyReused([fault])
    key = found.reservation.key
    if found.state == "running" and key in _under_way:
        raise IdempotencyInProgress("the first request with this key is still under way", hint="ask again in a second")
    if found.state == "running":
        return await _unfinished(system, act, key)
    if found.status != 200:
        assert found.status is not None
        raise Rejected(found.status, orjson.loads(found.body or b"{}"))
    return Outcome(Body(found.body or b"", "application/json"), headers=REPLAYED)


async def _unfinished(system: System, act: StateChange, key: str) -> Outcome:
    """The first request ended without an answer, perhaps with its process: what it made tells its outcome.

    A request that made nothing - nothing of it was committed, or it asks for what may be asked for twice - is carried
    out now.
    """
    _under_way.add(key)
    try:
        made = await system.made_with(key)
    except _OF_THE_EXCHANGE as error:
        await _kept(act, _refused(system, key, error))
        raise Rejected(status_of(type(error)), _told(error)) from None
    finally:
        _under_way.discard(key)
    if made is None:
        return await _first(system, act, key)
    body = encoded(made)
    await _kept(act, system.idempotency.finish(key, 200, body.content))
    return Outcome(body, headers=REPLAYED)


async def _written_down(system: System, act: StateChange) -> Outcome:
    """Ask, and have who asked for what, and what came of it, in the audit log before the answer leaves."""
    try:
        body = encoded(await _delivered(system, act))
    except OpentraderError as error:
        await _kept(act, system.audit_log.append(_entry(act, error.code, status_of(type(error)))))
        raise
    await _kept(act, system.audit_log.append(_entry(act, "ok", 200)))
    return Outcome(body)


async def _delivered(system: System, act: StateChange) -> Any:
    if act.refusal is not None:
        raise act.refusal
    return await system.deliver(act.message)


async def _kept(act: StateChange, work: Awaitable[object]) -> None:
    """Keep what came of an act. It is done, even if that fails: an answer that denied it would have it done twice."""
    try:
        await work
    except OpentraderError as error:
        logger.error("request %s (%s) is done but not written down: %s", act.request_id, action_of(act.route), error)


def _entry(act: StateChange, outcome: str, status: int) -> AuditEntry:
    told = asdict(act.message)  # type: ignore[call-overload]
    shown = {} if act.route.section == _PRIVATE else told
    params = {name: value for name, value in shown.items() if value not in (None, "")}
    agent, symbol = told.get("agent") or "", told.get("symbol")
    return AuditEntry(int(time.time()), agent, action_of(act.route), symbol, outcome, status, act.request_id, params)


def action_of(route: Route) -> str:
    """What the audit log calls it: `/api/signal/{symbol}/confirm` is `signal.confirm`."""
    words = [word for word in route.path.removeprefix("/api/").split("/") if not word.startswith("{")]
    return ".".join(words)
