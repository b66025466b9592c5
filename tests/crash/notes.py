"""What the clients have asked for and been told, written down before they go on: the rig's only memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

CUT_OFF = 0  # the status of a request that no answer came to
CONTROLS = frozenset({"halt", "resume"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request that changes something. `key`: its Idempotency-Key, empty for one that takes none."""

    client: int
    kind: str
    method: str
    path: str
    key: str = ""
    body: Any = None


@dataclass(frozen=True, slots=True)
class Note:
    """One attempt of a request. `sent_at` and `ended_at` are Unix seconds, `life` counts the daemons so far."""

    life: int
    request: Request
    sent_at: float
    ended_at: float
    status: int
    body: Any = None

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Whether a client may believe it: what was cut off or failed is asked again, with the same key.

        An entry whose levels were passed while the daemon was down is sold again: a failure, and how it ended.
        """
        told = self.body if isinstance(self.body, dict) else {}
        failed = self.status >= 500 and "was sold again" not in str(told.get("detail"))
        return self.status != CUT_OFF and not failed and told.get("code") != "idempotency_in_progress"


class Notes:
    """The notes of all clients, in one file of JSON lines. Any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self.all = list(map(_read, path.read_text().splitlines())) if path.exists() else []
        self._file = path.open("a")

    def add(self, note: Note) -> None:
        with self._lock:
            self._file.write(json.dumps(asdict(note)) + "\n")
            self._file.flush()
            self.all.append(note)

    def close(self) -> None:
        self._file.close()


def _read(line: str) -> Note:
    told = json.loads(line)
    return Note(**{**told, "request": Request(**told["request"])})


def unanswered(notes: Iterable[Note]) -> list[Note]:
    """The last attempts of the requests that have no final answer."""
    last = {note.request.key: note for note in notes if note.request.key}
    return [note for note in last.values() if not note.final]


def first_answers(notes: Iterable[Note]) -> dict[str, Note]:
    """Key -> the first good answer to it."""
    found: dict[str, Note] = {}
    for note in notes:
        if note.done and note.request.key:
            found.setdefault(note.request.key, note)
    return found


def last_alone(notes: Iterable[Note]) -> Note | None:
    """The last note, if it is a good answer and no other of these requests was under way meanwhile."""
    ordered = sorted(notes, key=lambda note: note.ended_at)
    if not ordered or not ordered[-1].done:
        return None
    *others, last = ordered
    # One that was cut off may still be carried out until its daemon dies, so it counts until the next life.
    alone = all(note.ended_at < last.sent_at and (note.status or note.life < last.life) for note in others)
    return last if alone else None
