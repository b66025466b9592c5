"""What was found of each piece, kept for one state of the sources, so that a proof can be cut off and go on."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from tests.prove.parts import Piece


@dataclass(frozen=True, slots=True)
class Found:
    """How the command of a piece ended, and after how many seconds."""

    status: int
    seconds: float


def state(tree: Path) -> str:
    """The commit of a checkout, and a digest of what differs from it.

    Raises `OSError` or `CalledProcessError` where there is no git, or no commit.
    """
    commit = _git(tree, "rev-parse", "--short=12", "HEAD").decode().strip()
    changes = blake2b(_git(tree, "diff", "HEAD", "--binary"), digest_size=6)
    untracked = [name for name in _git(tree, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0") if name]
    for name in untracked:
        changes.update(name + b"\0" + (tree / os.fsdecode(name)).read_bytes())
    clean = changes.digest() == blake2b(digest_size=6).digest()
    return commit if clean else f"{commit}-changed-{changes.hexdigest()}"


def _git(tree: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=tree, capture_output=True, check=True).stdout


class Kept:
    """Two files a piece: its output while it runs, and what was found once it has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, Found] = {}

    def log(self, part: str, piece: Piece) -> Path:
        return self._file(part, piece, "log")

    def found(self, part: str, piece: Piece) -> Found | None:
        file = self._file(part, piece, "json")
        if file not in self._known and file.exists():
            self._known[file] = Found(**json.loads(file.read_text(encoding="utf-8")))
        return self._known.get(file)

    def keep(self, part: str, piece: Piece, found: Found) -> None:
        """A file that exists is whole, whatever ends this process."""
        file = self._file(part, piece, "json")
        new = file.with_suffix(".new")
        with new.open("w", encoding="utf-8") as stream:
            json.dump(asdict(found), stream)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)

    def _file(self, part: str, piece: Piece, ending: str) -> Path:
        folder = self.folder / part
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{quote(piece.name, safe=' ,+')}.{ending}"
