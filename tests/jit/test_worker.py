"""A process of its own for cold kernels: called, cancelled, dead and replaced."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentrader.errors import InternalError
from opentrader.jit.worker import Interpreter


@pytest.fixture
async def interpreter() -> AsyncIterator[Interpreter]:
    running = Interpreter()
    yield running
    await running.close()


async def begun(interpreter: Interpreter, *call: Any) -> asyncio.Task[Any]:
    """A call that the child has been sent: the one after it waits."""
    task = asyncio.create_task(interpreter.call(*call))
    while not interpreter._turn.locked():  # noqa: ASYNC110 (no event tells that a lock is taken)
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_a_function_is_called_elsewhere_and_its_error_is_raised_here(interpreter: Interpreter) -> None:
    assert await interpreter.call("math.sqrt", 4.0) == 2.0
    assert await interpreter.call("os.getpid") != os.getpid()
    with pytest.raises(ValueError, match="math domain error"):
        await interpreter.call("math.sqrt", -1.0)


async def test_the_answer_to_a_cancelled_call_is_nobody_elses(interpreter: Interpreter) -> None:
    assert await interpreter.call("math.sqrt", 4.0) == 2.0
    task = await begun(interpreter, "math.factorial", 50_000)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [await interpreter.call("math.sqrt", number) for number in (9.0, 16.0, 25.0)] == [3.0, 4.0, 5.0]


async def test_a_cancelled_call_leaves_no_child_behind(interpreter: Interpreter) -> None:
    child = await interpreter.call("os.getpid")
    task = await begun(interpreter, "time.sleep", 3600)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_a_child_that_dies_is_an_error_and_is_replaced(interpreter: Interpreter) -> None:
    with pytest.raises(InternalError):
        await interpreter.call("os._exit", 3)
    assert await interpreter.call("math.sqrt", 9.0) == 3.0


ASKER = """
import asyncio
from opentrader.jit.worker import Interpreter
asyncio.run(Interpreter().call("tests.jit.test_worker.hold"))
"""


def begin() -> None:
    os.write(2, b"begun\n")


def hold() -> None:
    """Says that it has begun, and goes on for longer than any test."""
    import time

    begin()
    time.sleep(3600)


async def test_a_child_in_the_middle_of_a_call_ends_with_a_parent_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", ASKER, stderr=asyncio.subprocess.PIPE)
    assert parent.stderr is not None
    assert await parent.stderr.readline() == b"begun\n"
    parent.kill()
    assert await parent.stderr.read() == b""  # returns when the last process that could write to it has ended
    await parent.wait()


async def test_an_interrupt_at_the_terminal_does_not_reach_the_child(interpreter: Interpreter) -> None:
    assert await interpreter.call("os.getsid", 0) != os.getsid(0)
