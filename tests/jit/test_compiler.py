"""The child that compiles: it ends with its parent, or when its work is done."""

from __future__ import annotations

import asyncio
import sys

COMPILER = """
from opentrader.jit import compiler, kernels
from tests.jit import test_worker
kernels.fill_cache = lambda report: test_worker.%s()
compiler.main()
"""


async def compiling(work: str) -> asyncio.subprocess.Process:
    """The child that compiles, with other work to do."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", COMPILER % work, stdin=pipe, stderr=pipe)
    assert child.stderr is not None
    assert await child.stderr.readline() == b"begun\n"
    return child


async def test_a_compiler_ends_with_its_parent() -> None:
    child = await compiling("hold")
    assert child.stdin is not None
    child.stdin.close()  # as the system does it when the parent is gone
    assert await child.wait() == 1


async def test_a_compiler_that_has_done_its_work_says_so_while_its_parent_lives() -> None:
    child = await compiling("begin")
    assert child.stderr is not None
    assert await child.stderr.read() == b""
    assert await child.wait() == 0
