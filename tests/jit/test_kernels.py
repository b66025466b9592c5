"""The kernels in a process of their own, and how the daemon gets from there to compiled ones."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentrader.errors import InternalError
from opentrader.jit import kernels as kernels_module
from opentrader.jit.kernels import CompiledKernels
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
asyncio.run(Interpreter().call("tests.jit.test_kernels.hold"))
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


COMPILER = """
from opentrader.jit import compiler, kernels
from tests.jit import test_kernels
kernels.fill_cache = lambda report: test_kernels.%s()
compiler.main()
"""


async def compiling(work: str) -> asyncio.subprocess.Process:
    """The child that compiles, with other work to do."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", COMPILER % work, stdin=pipe, stderr=pipe)
    assert child.stderr is not None
    assert await child.stderr.readline() == b"begun\n"
    return child


async def test_so_does_the_one_that_compiles() -> None:
    child = await compiling("hold")
    assert child.stdin is not None
    child.stdin.close()  # as the system does it when the parent is gone
    assert await child.wait() == 1


async def test_a_compiler_that_has_done_its_work_says_so_while_its_parent_lives() -> None:
    child = await compiling("begin")
    assert child.stderr is not None
    assert await child.stderr.read() == b""
    assert await child.wait() == 0


async def test_an_interrupt_at_the_terminal_does_not_reach_the_child(interpreter: Interpreter) -> None:
    assert await interpreter.call("os.getsid", 0) != os.getsid(0)


@pytest.fixture
async def cold(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CompiledKernels]:
    """A machine that has compiled nothing yet."""
    monkeypatch.setattr(kernels_module, "is_cached", lambda: False)
    kernels = CompiledKernels()
    yield kernels
    await kernels.close()


async def test_a_compiler_that_cannot_be_started_is_told(
    cold: CompiledKernels, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_args: object, **_named: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "create_subprocess_exec", refuse)
        await cold.begin()
        assert cold._warming is not None
        await asyncio.wait({cold._warming})
    assert not cold.warm
    (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert "compiling the kernels failed" in record.getMessage()
    assert "Resource temporarily unavailable" in caplog.text


async def test_what_is_under_way_when_the_kernels_become_warm_is_begun_anew_compiled(
    cold: CompiledKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = asyncio.Event()

    class Compiler:
        returncode = None

        async def wait(self) -> int:
            await compiled.wait()
            self.returncode = 0
            return 0

        def terminate(self) -> None: ...

    spawn = asyncio.create_subprocess_exec

    async def spawned(*command: str, **named: Any) -> Any:
        return Compiler() if "opentrader.jit.compiler" in command else await spawn(*command, **named)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", spawned)
    await cold.begin()
    here = str(os.getpid())
    waiting = asyncio.create_task(cold.run("tests.jit.test_kernels.only_in", here))
    while cold._interpreter._process is None and not cold._interpreter._turn.locked():  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert not cold.warm
    compiled.set()
    assert await waiting == "answered here"
    assert cold.warm


def only_in(pid: str) -> str:
    """Answers in the process of that number; in any other it takes for ever."""
    import time

    while str(os.getpid()) != pid:
        time.sleep(1)
    return "answered here"
