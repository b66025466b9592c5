"""Kill a real daemon under four clients, again and again: `python -m tests.crash --kills 100 --wire latency_ms=300`.

A run goes on where it was cut off if it is given its folder again. Exit status 1 if something is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.crash import power
from tests.crash.rig import Figures, Plan, Rig


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many (default: %(default)s)")
    parser.add_argument("--power-cuts", type=int, default=0, help="so many instead: what is not synced is lost or torn")
    parser.add_argument(
        "--wire", default="", help="how far away the exchange is, as in latency_ms=300 (default: at hand)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is asked for and when it is killed (default: 1)")
    parser.add_argument("--folder", type=Path, help="where the run keeps everything (default: a temporary one)")
    options = parser.parse_args()
    plan = Plan(options.seed, options.wire)
    if options.power_cuts:
        plan = replace(plan, script=power.DAEMON, how=power.SIGNAL)
    with tempfile.TemporaryDirectory() as name:
        return run(Rig(options.folder or Path(name), plan), options.power_cuts or options.kills)


def run(rig: Rig, kills: int) -> int:
    """Kill until there were so many, and tell what was seen; 1 if something is broken."""
    began, broken = time.monotonic(), 0
    while rig.life < kills:
        for violation in rig.kill_once():
            broken += 1
            tell(f"  BROKEN after {rig.life - 1} kills: {violation}")
        if rig.life % 10 == 0:
            tell(f"{rig.life} kills, {len(rig.notes.all):,} requests, {time.monotonic() - began:.0f} s")
    for violation in rig.end():
        broken += 1
        tell(f"  BROKEN at the end: {violation}")
    for line in summary(rig.figures, time.monotonic() - began):
        tell(line)
    return int(broken > 0)


def summary(figures: Figures, seconds: float) -> list[str]:
    spent = ", ".join(f"{what} {took:.0f}" for what, took in figures.spent.items())
    losing = [cut for cut in figures.cuts if sum(cut)]
    kept, torn, lost = (sum(counts) for counts in zip(*losing, (0, 0, 0), strict=True))
    cuts = f"{len(figures.cuts)} power cuts, {len(losing)} of them in a write: {kept} kept, {torn} torn, {lost} lost"
    return [
        *([cuts] if figures.cuts else []),
        f"{figures.kills} kills, {figures.in_the_start} of them while it started, in {seconds:.0f} s ({spent})",
        f"{figures.requests:,} requests: {figures.answered:,} answered well, {figures.cut_off:,} cut off",
        f"{figures.repeats:,} times an answer was asked for again",
        f"{figures.trades:,} trades, {figures.exits_by_themselves:,} of them ended by themselves",
        f"longest without an exit {figures.longest_bare:.1f} s, longest request {figures.longest_request:.1f} s",
    ]


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
