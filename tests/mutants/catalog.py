"""All mutants."""

from __future__ import annotations

from tests.domain.trading.lifecycle.mutants import EIGHT, READINGS
from tests.mutants.mutant import Mutant
from tests.mutants.of_the_loop import LOOP
from tests.mutants.of_the_store import STORE
from tests.mutants.rigs import Exploration

MUTANTS: tuple[Mutant, ...] = (
    *(Mutant("rules", known.name, Exploration(known)) for known in (*EIGHT, *READINGS)),
    *LOOP.mutants,
    *STORE.mutants,
)
