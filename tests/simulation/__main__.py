"""Run the real actors in a simulated world: `python -m tests.simulation --seed 7 --hours 24`.

Exit status 1 if a rule was broken; then the last line repeats the run up to there and no further.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time

from tests.simulation.simulation import Simulation, Verdict
from tests.simulation.weather import CLIMATES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other (default: %(default)s)")
    parser.add_argument("--hours", type=float, default=4.0, help="simulated hours of each (default: %(default)s)")
    parser.add_argument("--climate", choices=CLIMATES, default="mixed", help="what goes wrong (default: %(default)s)")
    parser.add_argument("--speed", type=float, default=1.0, help="of market time (default: %(default)g)")
    options = parser.parse_args()
    gc.disable()  # a run keeps nearly all that it makes, which the collector would read again and again
    broken = 0
    for seed in range(options.seed, options.seed + options.seeds):
        began = time.process_time()
        verdict = Simulation(seed, options.hours, options.climate, speed=options.speed).run()
        report(seed, options.climate, options.speed, verdict, seconds=time.process_time() - began)
        broken += bool(verdict.violations)
    return int(broken > 0)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def report(seed: int, climate: str, speed: float, verdict: Verdict, *, seconds: float) -> None:
    pace = verdict.hours * 3600 / seconds
    tell(f"seed {seed}, {climate}, {verdict.hours:g} h: {verdict.digest} in {seconds:.1f} s, {pace:,.0f} x real time")
    tell("  " + ", ".join(f"{name} {count:,}" for name, count in verdict.counts.items() if count))
    for violation in verdict.violations:
        tell(f"  {violation.kind} after {violation.at:,.1f} s: {violation.text}")
    if verdict.violations:
        first = min(violation.at for violation in verdict.violations)
        options = f"--seed {seed} --hours {first / 3600 + 0.001:.3f} --climate '{climate}' --speed {speed:g}"
        tell(f"  repeat: python -m tests.simulation {options}")


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # killed lives are left as they are: nothing of them may run at the end
