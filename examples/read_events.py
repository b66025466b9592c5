"""Follow the state changes of a running daemon over HTTP, and resume where the stream broke off.

    make run                                   # in another terminal
    python examples/read_events.py [--base URL] [--types signal,trade] [--count N]

Prints one line per event until N events have come, or until Ctrl-C. Needs nothing but Python. A token is read from
OPENTRADER_API_TOKEN.

The stream is a sequence of server-sent events. It begins with `hello`; `standing` in it is the number of events
after it that describe the current state. Each later event has an id. A client that reconnects with the last id that it
saw gets what it missed, or, when the daemon has restarted since, the current state again: `resumed` tells which.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.client import HTTPException
from itertools import islice
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SILENCE_SECONDS = 60  # the daemon sends a comment every 15 s: a longer silence means that the connection is dead
RETRY_SECONDS = 2


class Event(NamedTuple):
    """One change; `id` is empty in the events that describe the current state."""

    kind: str
    data: dict[str, Any]
    id: str


def parse(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events in the lines of a stream: `field: value` each, an empty line after each event."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if value and name:  # a comment, which keeps the connection alive, has no name
            fields[name] = value
        elif not line.strip() and "data" in fields:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}


def connect(base: str, types: str, last_id: str) -> Iterator[Event]:
    """The events of one connection, from after `last_id` if there is one. Ends when the connection ends."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    if token := os.environ.get("OPENTRADER_API_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    query = f"?types={types}" if types else ""
    with urlopen(Request(f"{base}/api/events{query}", headers=headers), timeout=SILENCE_SECONDS) as stream:
        yield from parse(stream)


def follow(base: str, types: str) -> Iterator[Event]:
    """All events, across broken connections and restarts of the daemon. Raises `HTTPError` when it refuses."""
    last_id = ""
    while True:
        try:
            for event in connect(base, types, last_id):
                last_id = event.id or last_id
                yield event
        except HTTPError:
            raise  # a wrong type or token: trying again does not help
        except (OSError, HTTPException) as error:
            print(f"disconnected: {error}", flush=True)
        time.sleep(RETRY_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description="Follow the events of an opentrader daemon.")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--types", default="", help="for example signal,trade; all types by default")
    parser.add_argument("--count", type=int, help="stop after so many events")
    options = parser.parse_args()
    for event in islice(follow(options.base, options.types), options.count):
        print(event.kind, json.dumps(event.data), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
