"""Runs the analysis interpreted in a child process, while a machine compiles the kernels for the first time.

`python -m opentrader.jit.worker` is the child. It answers requests from standard input on standard output; each message
is a pickle preceded by its length. The child ends with the daemon, even in the middle of a call.

Not a `ProcessPoolExecutor`: its worker outlives a daemon that is killed by SIGKILL, a running call cannot be cancelled
before Python 3.14, its first answer takes twice as long, and its worker imports the main module again, which breaks an
embedding script without a `__name__ == "__main__"` guard.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import struct
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO

from opentrader.errors import InternalError
from opentrader.jit.parent import end_with_parent

_LENGTH = struct.Struct("!Q")


class Interpreter:
    """The parent's side. Runs one call at a time; further calls wait."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def call(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function in the child by its dotted name, and raise what it raises. Cancelling ends the child.

        Raises `InternalError` if the child ends before it answers.
        """
        async with self._turn:
            process, self._process = self._process or await _spawn(), None
            try:
                failed, outcome = await _exchange(process, pickle.dumps((function, args, named)))
                self._process = process  # only now: the reply to a cancelled call must not answer the next one
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise InternalError("the analysis process ended unexpectedly", hint="retry the request") from error
            finally:
                if self._process is None:
                    await _kill(process)
        if failed:
            raise outcome
        return outcome

    async def close(self) -> None:
        """End the child after the call that it is running."""
        async with self._turn:
            process, self._process = self._process, None
            if process is not None and process.returncode is None:
                process.terminate()
                await process.wait()


async def _exchange(process: asyncio.subprocess.Process, request: bytes) -> tuple[bool, Any]:
    """Whether the function failed, and its result or exception."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(_LENGTH.pack(len(request)) + request)
    (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    failed, outcome = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 (our own child)
    return failed, outcome


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):  # it has already ended
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
        start_new_session=True,  # a Ctrl-C at the terminal is for the daemon, which then ends this process
    )


def call(function: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Import the module of a dotted name and call the function."""
    module, _, name = function.rpartition(".")
    return getattr(import_module(module), name)(*args, **named)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The child's side: answer requests until their stream ends."""
    while header := requests.read(_LENGTH.size):
        function, args, named = pickle.loads(requests.read(*_LENGTH.unpack(header)))  # noqa: S301 (our own parent)
        try:
            outcome = False, call(function, args, named)
        except Exception as error:  # noqa: BLE001 (the parent raises it)
            outcome = True, error
        answer = pickle.dumps(outcome)
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    end_with_parent()
    serve(sys.stdin.buffer, sys.stdout.buffer)
