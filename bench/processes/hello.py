"""The bare server: aiohttp, uvloop and orjson, and answers that it was given.

    python -m bench.processes.hello FILE [PORT]

FILE is JSON: `answers` maps a path to its `body` and `headers`; `commits` maps a path to the durable commits that it
makes before it answers, one number for each store in `folders`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import uvloop
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.Response]]
_KEEP = "INSERT OR REPLACE INTO choices (key, text) VALUES ('bench', 'a text')"


async def serve(plan: dict[str, Any], port: int) -> None:
    """Answer until a signal comes."""
    stores = _stores(plan.get("folders", ()))
    application = web.Application()
    for path, answer in plan["answers"].items():
        commits = plan.get("commits", {}).get(path, ())
        application.router.add_route("*", path, _handler(answer, stores, commits))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(runner.addresses[0][1], flush=True)
    await _signal()
    await runner.cleanup()
    for store in stores:
        store.close()


def _stores(folders: Sequence[str]) -> list[Any]:
    if not folders:
        return []
    from bench.subject.store import Store

    return [Store.open(Path(folder)) for folder in folders]


def _handler(answer: dict[str, Any], stores: Sequence[Any], commits: Sequence[int]) -> Handler:
    body, headers = answer["body"], answer["headers"]

    async def handle(request: web.Request) -> web.Response:
        if request.can_read_body:
            orjson.loads(await request.read())
        for store, times in zip(stores, commits, strict=False):
            for _ in range(times):
                await store.write(_keep)
        return web.Response(body=orjson.dumps(body), content_type="application/json", headers=headers)

    return handle


def _keep(connection: Any) -> None:
    connection.execute(_KEEP)


async def _signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    options = orjson.loads(Path(sys.argv[1]).read_bytes())
    uvloop.run(serve(options, int(sys.argv[2]) if len(sys.argv) > 2 else 0))
