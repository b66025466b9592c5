"""The compiled kernels: check the cache, fill it, and answer while it is being filled.

Compiling takes many seconds of CPU time and would block the event loop, so the daemon never compiles: one child process
fills the cache, and until it is done another child runs the same functions interpreted (`NUMBA_DISABLE_JIT=1`).
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

_NOT_COMPILED = "compiling the kernels failed; analysis stays slow (run `opentrader doctor`)"

logger = logging.getLogger(__name__)


class CompiledKernels:
    """Runs the functions of the analysis, compiled once the kernels are in the cache.

    While `warm` is true a caller may call the kernels on its own thread. Coroutines run on the system's event loop.
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
        """Import numba in a thread, and start filling the cache if it is empty."""
        if await asyncio.to_thread(is_cached):
            self._warmed.set()
        else:
            self._warming = asyncio.create_task(self._fill())

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function by its dotted name: in a thread once the kernels are warm, until then in the child.

        A call still running when the kernels become warm is started again, because compiled it is hundreds of times
        faster. Raises what the function raises, and `InternalError` if the child ends unexpectedly.
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
        """End both children."""
        if self._warming is not None:
            await _cancelled(self._warming)
        if self._compiler is not None and self._compiler.returncode is None:
            self._compiler.terminate()
            await self._compiler.wait()
        await self._interpreter.close()

    async def _fill(self) -> None:
        logger.info("compiling the kernels; until they are ready, analysis runs interpreted and is slower")
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
        logger.info("kernels compiled; analysis runs at full speed")
        await self._interpreter.close()

    async def _compile(self) -> int:
        """Fill the cache in a child process, and return its exit status. Raises `OSError` if the child cannot start."""
        self._compiler = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "opentrader.jit.compiler",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is for the daemon, which then ends this process
        )
        return await self._compiler.wait()


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel the tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def is_cached() -> bool:
    """Whether every kernel is compiled for this machine and this source code. Imports numba."""
    import numba

    return bool(cast(Any, numba.config).DISABLE_JIT) or _stamp().exists()


def fill_cache(report: Callable[[str], None]) -> None:
    """Compile every kernel that the analysis calls. `report` receives the name of each before it is compiled."""
    from opentrader.indicators.warmup import compile_all

    compile_all(report)
    _stamp().touch()


def _stamp() -> Path:
    """A marker file in numba's cache folder, named by a hash of everything the compiled code depends on."""
    import numba

    from opentrader.indicators.kernels import analysis, decorator

    target = numba.core.registry.cpu_target.target_context.codegen().magic_tuple()
    built = f"{decorator.SOURCES} {numba.__version__} {sys.version_info[:2]} {target}"
    folder = cast(Any, analysis.analyse).stats.cache_path
    return Path(folder) / f"warm-{hashlib.sha256(built.encode()).hexdigest()[:16]}"
