"""Prove what takes too long for every change: `make prove`. A call that was cut off is gone on with by the next.

What each piece has found is kept below build/prove, for this commit and the changes that are not committed. Exit
status 0 if everything held, 1 if not, 2 if the proof could not be run, 130 or 143 if it was interrupted.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

from tests.paths import REPOSITORY
from tests.prove.kept import Kept, state
from tests.prove.parts import Part, all_parts
from tests.prove.report import Report
from tests.prove.running import SourcesChanged, run

BUILD = REPOSITORY / "build" / "prove"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--list", action="store_true", help="show the parts, and how much of each is kept")
    parser.add_argument("--only", metavar="PART", action="append", default=[], help="one part; may be repeated")
    parser.add_argument("--seeds", type=int, default=100, help="simulated runs (default: %(default)s)")
    parser.add_argument("--hours", type=float, default=24.0, help="simulated hours of each (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (default: %(default)s)")
    options = parser.parse_args()
    options.parts = all_parts(options.seeds, options.hours)
    names = [part.name for part in options.parts]
    if unknown := set(options.only) - set(names):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(names)}")
    return options


def proved(parts: Sequence[Part], kept: Kept, unchanged: Callable[[], bool], workers: int) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    report = Report(parts, kept, sys.stdout)
    report.begin()
    try:
        run(parts, kept, report, workers=workers, unchanged=unchanged)
    except SourcesChanged:
        sys.stderr.write("the sources changed while they were examined: leave them alone, and run the proof again\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: the next call goes on from here\n")
        return 128 + signal.SIGINT
    return 0 if report.close() else 1


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        before = state(REPOSITORY)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"what is proved is a commit, and git tells none here: {error}\n")
        return 2
    kept = Kept(BUILD / before)
    parts = [part for part in options.parts if not options.only or part.name in options.only]
    if options.list:
        for part in parts:
            done = sum(kept.found(part.name, piece) is not None for piece in part.pieces)
            sys.stdout.write(f"{part.name:12} {done:3} of {len(part.pieces):3} kept  {part.what}\n")
        return 0
    return proved(parts, kept, lambda: state(REPOSITORY) == before, options.workers)


if __name__ == "__main__":
    sys.exit(main())
