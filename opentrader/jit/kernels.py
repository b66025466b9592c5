"""The compiled kernels: whether they are cached, filling the cache, and answering while it is being filled.

Compiling takes seconds of a core and would hold up the loop, so the daemon never does it: a child process fills the
cache, and until that is done another one runs the same functions interpreted (`NUMBA_DISABLE_JIT=1`).
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from opentrader.jit.worker import Interpreter, call

_NOT_COMPILED = "the kernels could not be compiled; answers stay slow (see `opentrader doctor`)"

logger = logging.getLogger(__name__)


class CompiledKernels:
    """Runs what the analysis computes, compiled as soon as that costs no waiting.

    `warm` tells whether a caller may call the kernels on its own thread. Coroutines run on the system's loop.
    """

    def __init__(self) -> None:
        self._warmed = asyncio.Event()
        self._interpreter = Interpreter()
        self._warming: asyncio.Task[None] | None = None
        self._compiler: asyncio.subprocess.Process | None = None

    @property
    def warm(self) -> bool:
        return self._warmed.is_set()

    async def begin(self) -> None:
        """Import numba off the loop and, where the cache is empty, have it filled."""
        if await asyncio.to_thread(is_cached):
            self._warmed.set()
        else:
            self._warming = asyncio.create_task(self._fill())

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function, by its dotted name: in a thread of ours once warm, until then in the interpreting child.

        A call that is still under way when the kernels become warm is begun anew: compiled it is hundreds of times
        as fast.
        """
        if not self.warm:
            interpreted = asyncio.ensure_future(self._interpreter.call(function, *args, **named))
            warmed = asyncio.ensure_future(self._warmed.wait())
            try:
                await asyncio.wait({interpreted, warmed}, return_when=asyncio.FIRST_COMPLETED)
                if interpreted.done():
                    return interpreted.result()
            finally:
                await _cancelled(interpreted, warmed)
        return await asyncio.to_thread(call, function, args, named)

    async def close(self) -> None:
        if self._warming is not None:
            await _cancelled(self._warming)
        if self._compiler is not None and self._compiler.returncode is None:
            self._compiler.terminate()
            await self._compiler.wait()
        await self._interpreter.close()

    async def _fill(self) -> None:
        logger.info("compiling the kernels; until then answers are computed without them, more slowly")
        try:
            compiled = await self._compile() == 0
        except OSError:  # no process, no memory
            logger.exception(_NOT_COMPILED)
            return
        if not compiled:
            logger.error(_NOT_COMPILED)
            return
        await asyncio.to_thread(importlib.import_module, "opentrader.indicators")
        self._warmed.set()
        logger.info("the kernels are compiled")
        await self._interpreter.close()

    async def _compile(self) -> int:
        """The exit status of a child that fills the cache. Raises `OSError` when there is none to be had."""
        quiet = asyncio.subprocess.DEVNULL
        self._compiler = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "opentrader", "warmup", stdout=quiet, stderr=quiet
        )
        return await self._compiler.wait()


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel and wait for the end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def is_cached() -> bool:
    """Whether every kernel is compiled for this machine and this source. Imports numba."""
    import numba

    return bool(cast(Any, numba.config).DISABLE_JIT) or _stamp().exists()


def fill_cache(report: Callable[[str], None]) -> None:
    """Compile every kernel that the analysis calls; `report` is told what is under way."""
    from opentrader.indicators.warmup import compile_all

    compile_all(report)
    _stamp().touch()


def _stamp() -> Path:
    """A file beside numba's cache, named after what the compiled code depends on."""
    import numba

    from opentrader.indicators.kernels import analysis, decorator

    target = numba.core.registry.cpu_target.target_context.codegen().magic_tuple()
    built = f"{decorator.SOURCES} {numba.__version__} {sys.version_info[:2]} {target}"
    folder = cast(Any, analysis.analyse).stats.cache_path
    return Path(folder) / f"warm-{hashlib.sha256(built.encode()).hexdigest()[:16]}"
