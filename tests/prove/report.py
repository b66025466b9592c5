"""Tells how far the proof is: a line that is written over on a terminal, a line for each piece elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from typing import TextIO

from tests.prove.kept import Found, Kept
from tests.prove.parts import Part, Piece

DRAW_SECONDS = 0.5
WIPE = "\r\x1b[K"
TAIL = 20  # lines of the output of what has failed


def spelled(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Report:
    def __init__(self, parts: Sequence[Part], kept: Kept, out: TextIO) -> None:
        self._parts, self._kept, self._out = parts, kept, out
        self._terminal, self._drawn = out.isatty(), 0.0

    def begin(self) -> None:
        """What an earlier call has found already."""
        for part in self._parts:
            if found := self._found(part):
                self._line(f"{part.name}: {len(found)} of {len(part.pieces)} were kept")
        for part in self._parts:
            for piece in self._found(part):
                self._failure(part, piece)
            self._verdict(part)

    def ended(self, part: Part, piece: Piece) -> None:
        found = self._kept.found(part.name, piece)
        if not self._terminal and found is not None and not found.status:
            self._line(
                f"{part.name} {len(self._found(part))}/{len(part.pieces)}: {piece.name}, {spelled(found.seconds)}"
            )
        self._failure(part, piece)
        self._verdict(part)

    def going(self, running: Sequence[tuple[str, float]]) -> None:
        """`running`: name and seconds of what runs."""
        if self._terminal and time.monotonic() - self._drawn > DRAW_SECONDS:
            self._drawn = time.monotonic()
            counts = [f"{part.name} {len(self._found(part))}/{len(part.pieces)}" for part in self._parts]
            names = [f"{name} {spelled(seconds)}" for name, seconds in running]
            line = f"{' · '.join(counts)} | {' · '.join(names)}"
            self._out.write(f"{WIPE}{line[: shutil.get_terminal_size().columns - 1]}")
            self._out.flush()

    def close(self) -> bool:
        """Whether everything has held; with a line that says so."""
        verdicts = [self._holds(part) for part in self._parts]
        work = sum(found.seconds for part in self._parts for found in self._found(part).values())
        failed = [part.name for part, holds in zip(self._parts, verdicts, strict=True) if not holds]
        self._line(f"{'FAILED: ' + ', '.join(failed) if failed else 'everything held'}; {spelled(work)} of work")
        self._line(f"kept in {self._kept.folder}; remove what is to be run again")
        return not failed

    # --- parts

    def _found(self, part: Part) -> dict[Piece, Found]:
        every = ((piece, self._kept.found(part.name, piece)) for piece in part.pieces)
        return {piece: found for piece, found in every if found is not None}

    def _count(self, part: Part) -> int:
        return part.count(self._kept.log(part.name, piece).read_text(errors="replace") for piece in part.pieces)

    def _holds(self, part: Part) -> bool:
        found = self._found(part)
        return len(found) == len(part.pieces) and not any(x.status for x in found.values()) and self._is_enough(part)

    def _is_enough(self, part: Part) -> bool:
        return self._count(part) >= part.least

    def _verdict(self, part: Part) -> None:
        """Once the last of its pieces has ended."""
        found = self._found(part)
        if len(found) < len(part.pieces):
            return
        held = sum(not one.status for one in found.values())
        work = spelled(sum(one.seconds for one in found.values()))
        verdict = "held" if self._holds(part) else "FAILED"
        self._line(
            f"{part.name} {verdict}: {held} of {len(found)}, {self._count(part):,} {part.unit}, {work} of work"
            + ("" if self._is_enough(part) else f"; at least {part.least:,} {part.unit} were to be examined")
        )

    def _failure(self, part: Part, piece: Piece) -> None:
        found = self._kept.found(part.name, piece)
        if found is None or not found.status:
            return
        log = self._kept.log(part.name, piece)
        self._line(f"FAILED {part.name}: {piece.name}, exit status {found.status}, {spelled(found.seconds)}")
        for line in log.read_text(errors="replace").splitlines()[-TAIL:]:
            self._line(f"    {line}")
        self._line(f"  all of it: {log}")
        self._line(f"  repeat: {piece}")

    def _line(self, text: str) -> None:
        self._out.write(f"{WIPE if self._terminal else ''}{text}\n")
        self._out.flush()
