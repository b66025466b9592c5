"""What changes something: done once for its key, and written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.trading.ledger import KeyTaken, Reservation
from opentrader.errors import (
    AskTimeout,
    ExchangeError,
    InsufficientBalance,
    InternalError,
    NotReady,
    OpentraderError,
    OrderRejected,
    PositionNotFound,
    ShuttingDown,
    StorageError,
    StorageFailed,
    SymbolNotFound,
    TradingHalted,
)

KEY = {"Idempotency-Key": "k-1"}
CLOSE = "/api/close?symbol=BTC"
CLOSED = messages.ClosedReply("BTCUSDT", (), 0, "C1")


@pytest.fixture
def closing(system: Any) -> Any:
    """A system with something to close."""
    system.answers[messages.ClosePosition] = CLOSED
    system.answers[messages.CloseAll] = messages.ClosedAll(True, (), (), 0, "C2")
    return system


def code(response: Any) -> tuple[int, str]:
    return response.status, response.json()["code"]


@pytest.mark.parametrize("headers", [{}, KEY])
@pytest.mark.parametrize(("method", "path"), [("POST", CLOSE), ("GET", "/api/market/btc")])
async def test_a_request_is_checked_once(
    site: Any, closing: Any, monkeypatch: pytest.MonkeyPatch, method: str, path: str, headers: dict[str, str]
) -> None:
    closing.answers[messages.MarketOf] = {}
    checks: list[str] = []
    for check in ("admit", "spelled"):
        monkeypatch.setattr(closing, check, counted(getattr(closing, check), check, checks))
    assert (await site.send(method, path, headers=headers)).status == 200
    assert checks == ["admit", "spelled"]
    assert closing.asked[0].symbol == "BTCUSDT"


def counted(check: Callable[[Any], Any], name: str, checks: list[str]) -> Callable[[Any], Any]:
    def run(message: Any) -> Any:
        checks.append(name)
        return check(message)

    return run


async def test_a_symbol_that_is_refused_is_in_the_audit_log_and_its_key_is_free(site: Any, closing: Any) -> None:
    def refuse(message: Any) -> Any:
        raise SymbolNotFound("no such symbol", hint="")

    closing.spelled = refuse
    for _ in range(2):
        response = await site.send("POST", CLOSE, headers=KEY)
        assert code(response) == (404, SymbolNotFound.code)
        assert "Idempotent-Replayed" not in response.headers
    assert closing.asked == []
    assert [entry.outcome for entry in closing.audit_log.entries] == [SymbolNotFound.code] * 2


# --- Idempotency-Key ---------------------------------------------------------------------------------------------


async def test_the_same_request_is_carried_out_once(site: Any, closing: Any) -> None:
    first, again = [await site.send("POST", CLOSE, headers=KEY) for _ in range(2)]
    assert (first.status, "Idempotent-Replayed" in first.headers) == (200, False)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.body == first.body
    assert closing.asked == [messages.ClosePosition("BTCUSDT", idem_key="k-1")]


async def test_without_a_key_it_is_carried_out_each_time(site: Any, closing: Any) -> None:
    for _ in range(2):
        assert (await site.send("POST", CLOSE)).status == 200
    assert len(closing.asked) == 2


@pytest.mark.parametrize("other", ["/api/close?symbol=ETH", "/api/close?symbol=BTC&agent=coo", "/api/closeall"])
async def test_a_key_stands_for_one_request(site: Any, closing: Any, other: str) -> None:
    await site.send("POST", CLOSE, headers=KEY)
    assert code(await site.send("POST", other, headers=KEY)) == (422, "idempotency_key_reused")
    assert len(closing.asked) == 1


async def test_while_the_first_is_under_way_the_second_is_told_to_wait(site: Any, closing: Any) -> None:
    closing.go_on.clear()
    first = asyncio.create_task(site.send("POST", CLOSE, headers=KEY))
    await closing.begun.wait()
    second = await site.send("POST", CLOSE, headers=KEY)
    assert code(second) == (409, "idempotency_in_progress")
    assert second.headers["Retry-After"] == "1"
    closing.go_on.set()
    assert (await first).status == 200


async def test_until_the_outcome_is_stored_the_second_is_told_to_wait(site: Any, closing: Any) -> None:
    storing, stored, store = asyncio.Event(), asyncio.Event(), closing.idempotency.finish

    async def slow(*answer: Any, vital: bool) -> None:
        storing.set()
        await stored.wait()
        await store(*answer, vital=vital)

    closing.idempotency.finish = slow
    first = asyncio.create_task(site.send("POST", CLOSE, headers=KEY))
    await storing.wait()
    assert code(await site.send("POST", CLOSE, headers=KEY)) == (409, "idempotency_in_progress")
    stored.set()
    assert (await first).status == 200
    assert (await site.send("POST", CLOSE, headers=KEY)).headers["Idempotent-Replayed"] == "true"
    assert len(closing.asked) == 1


async def test_a_read_from_before_the_outcome_was_stored_repeats_nothing(site: Any, closing: Any) -> None:
    reserve = closing.idempotency.reserve
    await site.send("POST", CLOSE, headers=KEY)
    stale = [True]

    async def reserve_late(reservation: Reservation, *, vital: bool) -> None:
        try:
            await reserve(reservation, vital=vital)
        except KeyTaken as taken:
            if not stale:
                raise
            stale.clear()
            raise KeyTaken(replace(taken.found, state="running", status=None, body=None)) from None

    closing.idempotency.reserve = reserve_late
    assert (await site.send("POST", CLOSE, headers=KEY)).headers["Idempotent-Replayed"] == "true"
    assert (stale, len(closing.asked)) == ([], 1)


async def test_two_servers_of_one_system_execute_a_key_once(serve: Any, site: Any, closing: Any) -> None:
    beside = await serve(gateway=site.gateway)
    closing.go_on.clear()
    first = asyncio.create_task(site.send("POST", CLOSE, headers=KEY))
    await closing.begun.wait()
    assert code(await beside.send("POST", CLOSE, headers=KEY)) == (409, "idempotency_in_progress")
    closing.go_on.set()
    assert (await first).status == 200
    assert len(closing.asked) == 1


@pytest.mark.parametrize(
    "refusal",
    [OrderRejected("too small", hint="buy more", intent_id="1"), InsufficientBalance("poor", intent_id="2")],
    ids=str,
)
async def test_what_the_exchange_refused_is_told_again(site: Any, closing: Any, refusal: OpentraderError) -> None:
    closing.answers[messages.ClosePosition] = refusal
    first, again = [(await site.send("POST", CLOSE, headers=KEY)) for _ in range(2)]
    assert code(first) == code(again) == (409, refusal.code)
    assert first.json() | {"request_id": ""} == again.json() | {"request_id": ""}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(closing.asked) == 1


@pytest.mark.parametrize(
    "error",
    [NotReady("later"), StorageError("full"), TradingHalted("halted"), ExchangeError("down"), InsufficientBalance("")],
    ids=str,
)
async def test_where_nothing_was_done_the_key_is_free_again(site: Any, closing: Any, error: OpentraderError) -> None:
    closing.answers[messages.ClosePosition] = error
    assert (await site.send("POST", CLOSE, headers=KEY)).status >= 400
    assert closing.idempotency.keys == {}
    closing.answers[messages.ClosePosition] = CLOSED
    assert (await site.send("POST", CLOSE, headers=KEY)).status == 200


def begun(closing: Any, error: OpentraderError) -> None:
    """What the next request is refused with, after it has begun something."""

    async def deliver(message: Any) -> Any:
        closing.asked.append(message)
        closing.idempotency.bind("k-1", "C1")
        raise error

    closing.deliver = deliver


@pytest.mark.parametrize(
    "error", [NotReady("stopping"), StorageError("full"), AskTimeout("no answer"), InternalError("a fault")], ids=str
)
async def test_no_answer_hides_what_was_begun_and_its_key_finds_it(
    site: Any, closing: Any, error: OpentraderError
) -> None:
    begun(closing, error)
    assert (await site.send("POST", CLOSE, headers=KEY)).json()["intent_id"] == "C1"
    closing.made["C1"] = CLOSED
    again = await site.send("POST", CLOSE, headers=KEY)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert len(closing.asked) == 1


async def test_what_cannot_be_told_yet_is_told_with_its_id_each_time(site: Any, closing: Any) -> None:
    begun(closing, AskTimeout("no answer"))
    await site.send("POST", CLOSE, headers=KEY)
    closing.made["C1"] = ExchangeError("none could be closed yet")
    for _ in range(2):
        again = await site.send("POST", CLOSE, headers=KEY)
        assert (again.status, again.json()["intent_id"]) == (500, "C1")
    closing.made["C1"] = CLOSED
    assert (await site.send("POST", CLOSE, headers=KEY)).status == 200


async def test_there_was_nothing_to_close_is_the_outcome_of_a_close(site: Any, closing: Any) -> None:
    closing.answers[messages.ClosePosition] = PositionNotFound("there is none", intent_id="C1")
    first = await site.send("POST", CLOSE, headers=KEY)
    closing.answers[messages.ClosePosition] = CLOSED
    again = await site.send("POST", CLOSE, headers=KEY)
    assert code(first) == code(again) == (404, "position_not_found")
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_an_intent_that_was_never_sent_is_made_again(site: Any, closing: Any) -> None:
    begun(closing, AskTimeout("no answer"))
    await site.send("POST", CLOSE, headers=KEY)
    del closing.deliver  # `made` knows nothing of C1
    assert (await site.send("POST", CLOSE, headers=KEY)).status == 200
    assert len(closing.asked) == 2


async def test_what_was_refused_is_not_logged_as_executed(
    site: Any, closing: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(entry: Any) -> int:
        raise StorageError("disk full")

    monkeypatch.setattr(closing.audit_log, "append", full)
    closing.answers[messages.ClosePosition] = NotReady("later")
    with caplog.at_level(logging.ERROR):
        assert (await site.send("POST", CLOSE, headers=KEY)).status == 503
    assert "(close) failed, and that was not recorded: disk full" in caplog.text


async def test_what_is_refused_before_it_is_a_request_takes_no_key(site: Any, closing: Any) -> None:
    assert (await site.send("POST", "/api/close", headers=KEY)).status == 422
    closing.licensed = False
    assert (await site.send("POST", CLOSE, headers=KEY)).status == 503
    assert closing.idempotency.keys == {}


@pytest.mark.parametrize(
    "error",
    [AskTimeout("no answer yet"), InternalError("a fault"), ShuttingDown("cut off"), StorageFailed("a failed sync")],
    ids=str,
)
async def test_where_nothing_is_known_what_was_begun_tells(site: Any, closing: Any, error: OpentraderError) -> None:
    closing.answers[messages.ClosePosition] = error
    assert (await site.send("POST", CLOSE, headers=KEY)).status in {500, 503, 504}
    closing.idempotency.bind("k-1", "C1")
    closing.made["C1"] = CLOSED
    again = await site.send("POST", CLOSE, headers=KEY)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert len(closing.asked) == 1


async def test_two_systems_in_one_process_do_not_see_each_others_keys(serve: Any, site: Any, closing: Any) -> None:
    other = type(closing)()
    other.answers[messages.ClosePosition] = AskTimeout("no answer yet")
    beside = await serve(behind=other)
    assert (await beside.send("POST", CLOSE, headers=KEY)).status == 504  # its outcome is to be looked up
    other.idempotency.bind("k-1", "C1")
    other.made["C1"] = CLOSED
    closing.go_on.clear()
    running = asyncio.create_task(site.send("POST", CLOSE, headers=KEY))
    await closing.begun.wait()
    again = await beside.send("POST", CLOSE, headers=KEY)
    assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert code(await site.send("POST", CLOSE, headers=KEY)) == (409, "idempotency_in_progress")
    closing.go_on.set()
    assert (await running).status == 200


async def test_what_a_client_asked_for_that_hangs_up_goes_on(site: Any, closing: Any) -> None:
    closing.go_on.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    request = f"POST {CLOSE} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: k-1\r\nContent-Length: 0\r\n\r\n"
    writer.write(request.encode())
    await closing.begun.wait()
    writer.close()
    await writer.wait_closed()
    closing.go_on.set()
    await closing.idempotency.finished.wait()
    assert (await site.send("POST", CLOSE, headers=KEY)).headers["Idempotent-Replayed"] == "true"
    assert [entry.outcome for entry in closing.audit_log.entries] == ["ok"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\u00fc"])
async def test_a_key_that_is_none_is_refused(site: Any, closing: Any, key: str) -> None:
    response = await site.send("POST", CLOSE, headers={"Idempotency-Key": key})
    assert code(response) == (422, "validation_error")
    assert response.json()["detail"][0]["loc"] == ["header", "idempotency-key"]
    assert closing.asked == []


# --- the audit log -----------------------------------------------------------------------------------------------


async def test_an_act_is_written_down_with_who_what_and_what_came_of_it(site: Any, closing: Any) -> None:
    await site.send("POST", CLOSE + "&agent=coo", headers={"X-Request-ID": "r-1"})
    [entry] = closing.audit_log.entries
    assert (entry.agent, entry.action, entry.symbol) == ("coo", "close", "BTCUSDT")
    assert (entry.outcome, entry.status, entry.request_id) == ("ok", 200, "r-1")
    assert entry.params == {"symbol": "BTCUSDT", "agent": "coo"}


async def test_so_is_one_that_failed(site: Any, closing: Any) -> None:
    closing.answers[messages.ClosePosition] = OrderRejected("too small")
    await site.send("POST", CLOSE)
    [entry] = closing.audit_log.entries
    assert (entry.outcome, entry.status) == ("order_rejected", 409)


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [("POST", "/api/signal/BTC/reject", "signal.reject"), ("POST", "/api/agent/coo", "agent")],
)
async def test_it_is_called_by_the_words_of_its_path(
    site: Any, system: Any, method: str, path: str, action: str
) -> None:
    system.answers[messages.RejectSignal] = messages.AgentUpdated("coo", "idle", "", 0)
    await site.send(method, path, data='{"status":"idle"}')
    assert [entry.action for entry in system.audit_log.entries] == [action]


async def test_nothing_of_a_person_is_written_down(site: Any, system: Any) -> None:
    system.answers[messages.RegisterLicense] = system.answers[messages.ActivateLicense] = NotReady("later")
    await site.send("POST", "/api/license/register", json={"email": "ada@example.com", "name": "Ada"})
    await site.send("POST", "/api/license/activate", json={"license_key": "OT-AAAA-BBBB-CCCC-DDDD"})
    assert [(entry.action, entry.params) for entry in system.audit_log.entries] == [
        ("license.register", {}),
        ("license.activate", {}),
    ]


async def test_reading_is_not_written_down(site: Any, system: Any) -> None:
    await site.send("GET", "/api/state")
    await site.send("POST", "/api/close")  # refused before it is a request
    assert system.audit_log.entries == []


async def test_an_act_that_cannot_be_written_down_is_not_denied(
    site: Any, closing: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(entry: Any, *, vital: bool) -> int:
        raise StorageError("disk full")

    monkeypatch.setattr(closing.audit_log, "append", full)
    with caplog.at_level(logging.ERROR):
        assert (await site.send("POST", CLOSE, headers=KEY)).status == 200
    assert "disk full" in caplog.text
    assert closing.idempotency.keys["k-1"].state == "done"


# --- pages of rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "rels"),
    [(0, {"next": 10}), (10, {"next": 20, "prev": 0}), (5, {"next": 15, "prev": 0}), (20, {"prev": 10})],
)
async def test_a_page_says_how_many_there_are_and_where_the_others_are(
    site: Any, system: Any, offset: int, rels: dict[str, int]
) -> None:
    system.answers[messages.AuditOf] = messages.Audit((), 0, 25, 10, offset)
    response = await site.send("GET", f"/api/audit?limit=10&offset={offset}&action=close")
    assert response.headers["X-Total-Count"] == "25"
    links = [f'</api/audit?action=close&limit=10&offset={at}>; rel="{rel}"' for rel, at in rels.items()]
    assert response.headers["Link"] == ", ".join(links)


async def test_a_page_that_holds_everything_links_to_none(site: Any, system: Any) -> None:
    system.answers[messages.HistoryOf] = messages.HistoryReply((), 0, 0, 50, 0)
    response = await site.send("GET", "/api/trades/history")
    assert (response.headers["X-Total-Count"], "Link" in response.headers) == ("0", False)
