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

from opentrader.interpreter import Interpreter, call

logger = logging.getLogger(__name__)


class Kernels:
    """Runs what the analysis computes, compiled as soon as that costs no waiting.

    `warm` tells whether a caller may call the kernels on its own thread. Coroutines run on the system's loop.
    """

    def __init__(self) -> None:
        self.warm = False
        self._interpreter = Interpreter()
        self._warming: asyncio.Task[None] | None = None
        self._compiler: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        """Import numba off the loop and, where the cache is empty, have it filled."""
        if await asyncio.to_thread(is_cached):
            self.warm = True
        else:
            self._warming = asyncio.create_task(self._fill())

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function, by its dotted name: in a thread of ours once warm, until then in the interpreting child."""
        if self.warm:
            return await asyncio.to_thread(call, function, args, named)
        return await self._interpreter.call(function, *args, **named)

    async def close(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self._compiler is not None and self._compiler.returncode is None:
            self._compiler.terminate()
            await self._compiler.wait()
        await self._interpreter.close()

    async def _fill(self) -> None:
        logger.info("compiling the kernels; until then answers are computed without them, more slowly")
        quiet = asyncio.subprocess.DEVNULL
        self._compiler = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "opentrader", "warmup", stdout=quiet, stderr=quiet
        )
        if await self._compiler.wait() != 0:
            logger.error("the kernels could not be compiled; answers stay slow (see `opentrader doctor`)")
            return
        await asyncio.to_thread(importlib.import_module, "opentrader.indicators")
        self.warm = True
        logger.info("the kernels are compiled")
        await self._interpreter.close()


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
