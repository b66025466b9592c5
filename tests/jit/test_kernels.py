"""The kernels in a process of their own, and how the daemon gets from there to compiled ones."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentrader.jit import kernels as kernels_module
from opentrader.jit.kernels import CompiledKernels


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
