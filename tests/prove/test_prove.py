"""The proof goes on where it was cut off, and says what failed and how to see it; with tiny parts in real processes."""

from __future__ import annotations

import itertools
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from tests.prove.kept import Found, Kept, state
from tests.prove.parts import FIRST_SEED, Part, Piece, all_parts
from tests.simulation.weather import CLIMATES
from tests.waiting import PATIENCE_SECONDS

# A piece notes that it ran; "b" waits until it may end, "c" fails, "d" examines nothing.
PIECE = """
import pathlib, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
with (folder / "ran").open("a") as ran:
    ran.write(name)
while name == "b" and not (folder / "go on").exists():
    time.sleep(0.01)
print("saw", 0 if name == "d" else 1)
sys.exit(name == "c")
"""
PROOF = """
import sys
from pathlib import Path
from tests.prove.__main__ import proved
from tests.prove.kept import Kept
from tests.prove.parts import Part, Piece
folder, names = Path(sys.argv[1]), sys.argv[2]
pieces = tuple(Piece("piece " + name, ("-c", sys.argv[3], str(folder), name)) for name in names)
parts = [Part("tiny", "nothing", pieces, r"saw (\\d+)", "things", least=len(pieces))]
sys.exit(proved(parts, Kept(folder / "kept"), lambda: not (folder / "changed").exists(), workers=1))
"""


def begun(folder: Path, names: str, out: int = subprocess.PIPE) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROOF, str(folder), names, PIECE]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=subprocess.STDOUT, text=True)


def told(folder: Path, names: str) -> tuple[int, list[str]]:
    """Exit status and lines of a proof that runs to its end."""
    proof = begun(folder, names)
    output, _ = proof.communicate()
    return proof.returncode, output.splitlines()


def ran(folder: Path) -> str:
    file = folder / "ran"
    return file.read_text() if file.exists() else ""


def wait_until_it_ran(folder: Path, names: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while ran(folder) != names:
        assert time.monotonic() < until, ran(folder)
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_proof_that_was_cut_off_is_gone_on_with(tmp_path: Path, number: signal.Signals) -> None:
    proof = begun(tmp_path, "abd")
    wait_until_it_ran(tmp_path, "ab")
    proof.send_signal(number)
    proof.communicate()  # to the end of the output, which its pieces do not hold open
    assert proof.returncode == (-9 if number == signal.SIGKILL else 130)
    (tmp_path / "go on").touch()
    status, lines = told(tmp_path, "abe")
    assert ran(tmp_path) == "abbe"
    assert (status, lines[0]) == (0, "tiny: 1 of 3 were kept")
    assert [line.split(",")[0] for line in lines[1:4]] == [
        "tiny 2/3: piece b",
        "tiny 3/3: piece e",
        "tiny held: 3 of 3",
    ]


def test_what_is_cut_off_ends_with_the_proof(tmp_path: Path) -> None:
    proof = begun(tmp_path, "b")
    wait_until_it_ran(tmp_path, "b")
    proof.kill()
    proof.wait()
    until = time.monotonic() + PATIENCE_SECONDS
    while is_running(str(tmp_path)):
        assert time.monotonic() < until
        time.sleep(0.01)


def is_running(argument: str) -> bool:
    told = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True, text=True)
    return argument in told.stdout


def test_a_failure_tells_what_it_said_and_how_to_see_it_and_is_kept(tmp_path: Path) -> None:
    status, lines = told(tmp_path, "ac")
    assert status == 1
    at = next(number for number, line in enumerate(lines) if line.startswith("FAILED tiny: piece c, exit status 1"))
    assert lines[at + 1] == "    saw 1"
    assert lines[at + 3].startswith("  repeat: python -c ")
    assert lines[-2].startswith("FAILED: tiny;")
    assert told(tmp_path, "ac")[0] == 1
    assert ran(tmp_path) == "ac"


def test_a_part_that_examines_too_little_fails(tmp_path: Path) -> None:
    status, lines = told(tmp_path, "ad")
    assert status == 1
    assert [line for line in lines if line.endswith("at least 2 things were to be examined")]


def test_what_is_found_of_sources_that_changed_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "changed").touch()
    status, lines = told(tmp_path, "a")
    assert status == 2
    assert lines == ["the sources changed while they were examined: leave them alone, and run the proof again"]
    (tmp_path / "changed").unlink()
    assert told(tmp_path, "a")[0] == 0
    assert ran(tmp_path) == "aa"


def test_a_terminal_sees_one_line_that_is_written_over(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    proof = begun(tmp_path, "b", theirs)
    os.close(theirs)
    wait_until_it_ran(tmp_path, "b")
    seen = os.read(ours, 1_000).decode()
    (tmp_path / "go on").touch()
    with os.fdopen(ours, newline="") as screen, suppress(OSError):  # EIO: nobody writes any more
        for line in screen:
            seen += line
    assert proof.wait() == 0
    assert seen.startswith("\r\x1b[Ktiny 0/1 | piece b 0 s")
    assert "\n" not in seen.split("tiny held")[0]
    assert "\r\x1b[Ktiny held: 1 of 1" in seen


def test_a_result_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    piece = Piece("a / b", ())
    Kept(tmp_path).keep("part", piece, Found(1, 2.5))
    assert [file.name for file in (tmp_path / "part").iterdir()] == ["a %2F b.json"]
    assert Kept(tmp_path).found("part", piece) == Found(1, 2.5)
    assert Kept(tmp_path).found("other", piece) is None


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    git(tmp_path, "init", "--quiet")
    (tmp_path / "known").write_text("a")
    git(tmp_path, "add", "known")
    git(tmp_path, "commit", "--quiet", "-m", "a")
    return tmp_path


def git(tree: Path, *arguments: str) -> None:
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *person, *arguments], cwd=tree, check=True)


def test_every_state_of_the_sources_keeps_its_own_results(tree: Path) -> None:
    states = [state(tree)]
    assert "changed" not in states[0]
    for name in ("known", "new", "new"):
        (tree / name).write_text(f"{len(states)}")
        states.append(state(tree))
        assert states[-1].startswith(states[0] + "-changed-")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "-m", "b")
    assert len({*states, state(tree)}) == 5
    (tree / "known").write_text("2")
    git(tree, "reset", "--quiet", "--hard")
    assert "changed" not in state(tree)


def test_where_there_is_no_commit_there_is_no_state(tmp_path: Path) -> None:
    with pytest.raises((subprocess.CalledProcessError, OSError)):
        state(tmp_path)


def test_the_parts_are_those_of_the_document() -> None:
    parts = {part.name: part for part in all_parts(2 * len(CLIMATES), 24.0)}
    assert set(parts) == {"tests", "exploration", "simulation", "mutants", "kills"}
    assert len(parts["exploration"].pieces) >= 159
    for part in parts.values():
        assert len({piece.name for piece in part.pieces}) == len(part.pieces)
    names = [piece.name.split(", ") for piece in parts["simulation"].pieces]
    assert [name[0] for name in names] == [f"seed {FIRST_SEED + number}" for number in range(2 * len(CLIMATES))]
    assert {name[1] for name in names} == set(CLIMATES)
    assert len(list(itertools.takewhile(lambda name: name[1] != names[1][1], names[2:]))) > len(CLIMATES)


def test_a_part_counts_what_its_pieces_have_examined() -> None:
    part = Part("x", "", (), r"([\d,]+) histories of", "histories")
    assert part.count(["3 histories of a\n", "", "1,200 histories of b"]) == 1_203
