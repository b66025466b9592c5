"""The reply: nothing raises into an actor, nothing blocks a loop, nothing is lost."""

from __future__ import annotations

import asyncio
import queue
import threading
from itertools import pairwise
from typing import Any

import pykka
import pytest
from pykka._envelope import Envelope

from opentrader.actors.runtime.outcome import Failed
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import NotFound


def refuse(_: Any) -> None:
    raise RuntimeError("a callback that raises")


def on_a_thread(work: Any) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


# set


def test_a_second_answer_is_dropped() -> None:
    reply: Reply[int] = Reply()
    reply.set(1)
    reply.set(2)
    reply.set_exception((ValueError, ValueError(), None))
    assert reply.get() == 1


def test_pykka_raises_at_a_second_answer() -> None:
    future: pykka.ThreadingFuture[int] = pykka.ThreadingFuture()
    future.set(1)
    with pytest.raises(queue.Full):
        future.set(2)


def test_a_callback_that_raises_stops_neither_set_nor_the_others() -> None:
    reply: Reply[int] = Reply()
    seen: list[int] = []
    reply.on_done(refuse)
    reply.on_done(lambda r: seen.append(r.get()))
    reply.set(1)
    reply.on_done(refuse)
    assert seen == [1]


class Echo(pykka.ThreadingActor):
    use_daemon_thread = True

    def on_receive(self, message: Any) -> Any:
        return message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("future", "survives"), [(pykka.ThreadingFuture, False), (Reply, True)])
def test_a_set_that_raises_ends_the_thread_of_an_actor_that_still_seems_alive(
    future: type[pykka.Future[Any]], survives: bool
) -> None:
    ref = Echo.start()
    (thread,) = [one for one in threading.enumerate() if one.name.startswith("Echo")]
    answered = future()
    answered.set(0)
    ref.actor_inbox.put(Envelope(1, reply_to=answered))
    after = ref.ask(2, block=False)
    if survives:
        assert after.get(timeout=20) == 2
        ref.stop()
    else:
        thread.join(timeout=20)
        assert not thread.is_alive()
        assert ref.is_alive()
        pykka.ActorRegistry.unregister(ref)


def set_all(replies: list[Reply[int]]) -> None:
    for n, reply in enumerate(replies):
        reply.set(n)


def test_of_an_answer_and_a_waiter_that_meet_each_finds_the_other_once() -> None:
    replies: list[Reply[int]] = [Reply() for _ in range(3000)]
    calls: queue.SimpleQueue[int] = queue.SimpleQueue()
    setter = threading.Thread(target=set_all, args=(replies,))
    setter.start()
    for reply in replies:
        reply.on_done(lambda r: calls.put(r.get()))
    setter.join()
    assert sorted(calls.get_nowait() for _ in replies) == list(range(len(replies)))
    assert calls.empty()


# promises


@pytest.mark.parametrize("before", [True, False])
def test_a_reply_that_is_set_to_a_reply_becomes_what_that_becomes(before: bool) -> None:
    asker: Reply[int] = Reply()
    promise: Reply[int] = Reply()
    if before:
        promise.set(7)
    asker.set(promise)
    promise.set(7)
    assert asker.get(timeout=0) == 7


def test_the_error_of_a_promise_reaches_its_asker() -> None:
    asker: Reply[int] = Reply()
    promise: Reply[int] = Reply()
    asker.set(promise)
    error = NotFound("nowhere")
    promise.set(Failed(error))
    with pytest.raises(NotFound) as caught:
        asker.get(timeout=0)
    assert caught.value is error
    assert asker.error() is error


def chain(length: int) -> list[Reply[int]]:
    """Replies that each follow the next one; the last one is set."""
    replies: list[Reply[int]] = [Reply() for _ in range(length)]
    for asker, promise in pairwise(replies):
        asker.set(promise)
    replies[-1].set(7)
    return replies


def test_k27_each_of_a_long_chain_of_promises_is_answered() -> None:
    assert {reply.get(timeout=0) for reply in chain(5_000)} == {7}


def test_k27_it_is_found_if_each_answer_is_handed_on_within_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(asker: Reply[int], promise: Reply[int]) -> None:
        promise.on_done(lambda done: asker.set(done.result()))

    monkeypatch.setattr(Reply, "_follow", follow)
    assert chain(10)[0].get(timeout=0) == 7
    with pytest.raises(pykka.Timeout):
        chain(5_000)[0].get(timeout=0)


# get


def test_get_waits_on_a_plain_thread_and_gives_up_in_time() -> None:
    reply: Reply[int] = Reply()
    with pytest.raises(pykka.Timeout):
        reply.get(timeout=0)
    got: list[int] = []
    waiting = threading.Thread(target=lambda: got.append(reply.get()))
    waiting.start()
    reply.set(3)
    waiting.join()
    assert got == [3]


# await


async def test_an_awaited_reply_does_not_block_the_loop() -> None:
    reply: Reply[str] = Reply()
    waiting = asyncio.create_task(_value(reply))
    for _ in range(5):
        await asyncio.sleep(0)  # the loop turns while the answer is missing
    assert not waiting.done()
    on_a_thread(lambda: reply.set("answer"))
    assert await waiting == "answer"


async def test_pykka_waits_for_the_answer_on_the_thread_of_the_loop() -> None:
    class Probe(pykka.ThreadingFuture[Any]):
        def get(self, *, timeout: float | None = None) -> str:
            return f"get() without an answer, on {threading.current_thread().name}"

    assert await Probe() == f"get() without an answer, on {threading.current_thread().name}"


async def _value(reply: Reply[Any]) -> Any:
    return await reply


async def test_an_awaited_error_is_raised() -> None:
    reply: Reply[str] = Reply()
    waiting = asyncio.create_task(_value(reply))
    await asyncio.sleep(0)
    on_a_thread(lambda: reply.set(Failed(NotFound("nowhere"))))
    with pytest.raises(NotFound):
        await waiting


async def test_the_answer_to_a_cancelled_waiter_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    reply: Reply[str] = Reply()
    waiting = asyncio.create_task(_value(reply))
    await asyncio.sleep(0)
    waiting.cancel()
    on_a_thread(lambda: reply.set("too late"))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await reply == "too late"
    assert not caplog.records


async def test_a_derived_reply_is_refused_rather_than_waited_for_on_the_loop() -> None:
    with pytest.raises(TypeError, match="await its source"):
        await Reply[int]().map(str)
