"""The analysis in a process of its own, interpreted: for the first minute of a machine that has compiled nothing yet.

`python -m opentrader.jit.worker` answers requests on its standard input until that ends. Both ends are this program;
each message is a pickle behind its length.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import struct
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

from opentrader.errors import InternalError

_LENGTH = struct.Struct("!Q")


class Interpreter:
    """The asking end. One request at a time; those that come meanwhile wait."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def call(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function there by its dotted name; raises what it raised. A cancelled call ends the child."""
        async with self._turn:
            process, self._process = self._process or await _spawn(), None
            try:
                failed, outcome = await _exchange(process, pickle.dumps((function, args, named)))
                self._process = process  # else its answer to this call would be taken for that to the next
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise InternalError("the interpreter of the analysis has died", hint="ask again") from error
            finally:
                if self._process is None:
                    await _kill(process)
        if failed:
            raise outcome
        return outcome

    async def close(self) -> None:
        """End the child once it has answered what it was asked."""
        async with self._turn:
            process, self._process = self._process, None
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()


async def _exchange(process: asyncio.subprocess.Process, request: bytes) -> tuple[bool, Any]:
    """Whether the child failed, and its answer or its error."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_LENGTH.pack(len(request)) + request)
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    failed, outcome = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 (our own child)
    return failed, outcome


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        process.kill()
    await process.wait()


async def _spawn() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "opentrader.jit.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )


def call(function: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Import the module of a dotted name and call the function."""
    module, _, name = function.rpartition(".")
    return getattr(import_module(module), name)(*args, **named)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The answering end: until `requests` ends."""
    while header := requests.read(_LENGTH.size):
        function, args, named = pickle.loads(requests.read(*_LENGTH.unpack(header)))  # noqa: S301 (our own parent)
        try:
            outcome = False, call(function, args, named)
        except Exception as error:  # noqa: BLE001 (the asker raises it)
            outcome = True, error
        answer = pickle.dumps(outcome)
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C goes to the whole group; the parent ends this process
    serve(sys.stdin.buffer, sys.stdout.buffer)
