"""Hunt mutants, the real code with one fault each: `python -m tests.mutants`. Exit status 1 if one is missed."""

from __future__ import annotations

import argparse
import os
import sys

from tests.mutants.catalog import MUTANTS
from tests.mutants.mutant import Mutant


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="the mutant of this name, or all of a kind, as K4")
    parser.add_argument("--list", action="store_true", help="show them, and where each is hunted")
    options = parser.parse_args()
    mutants = [each for each in MUTANTS if options.only in {"", each.name, *each.kind.split(", ")}]
    if not mutants:
        parser.error(f"there is no mutant {options.only!r}; --list shows all")
    if options.list:
        for mutant in mutants:
            tell(f"{mutant.kind}  {mutant.name}  ({mutant.rig})")
        return 0
    missed = sum(not hunted(mutant) for mutant in mutants)
    return int(missed > 0)


def hunted(mutant: Mutant) -> bool:
    hunt = mutant.hunt()
    verdict = "caught 1 mutant" if hunt.caught else "MISSED 1 mutant"
    tell(f"{verdict} | {mutant.kind} | {mutant.name} | {mutant.rig} | {hunt.effort}")
    return hunt.caught


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # as tests.simulation does: killed lives are left as they are
