"""What must hold after an operator's commands, judged from the journal that they are kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apsw import Connection

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


def is_dropped(journal: Connection, tail: str) -> bool:
    """Whether an operator has given a trade up: what it holds is the user's own."""
    sql = "SELECT 1 FROM commands, json_each(trades) WHERE kind = 'drop' AND substr(value, -8) = ?"
    return journal.execute(sql, (tail,)).get is not None


def judge_closeall(simulation: Simulation, journal: Connection, told: dict[str, Any]) -> None:
    """Where a closeall says that it has taken waiting entries back, none of them waits, however often it says so."""
    sql = "SELECT at_ms FROM commands WHERE id = ? AND kind = 'closeall_pending'"
    at = journal.execute(sql, (told["intent_id"],)).get
    daemon = simulation.daemon
    if at is None or daemon is None or not told["ok"]:
        return
    for trade in daemon.snapshot().pending():
        if trade.intent.created_at < at:
            simulation.judge.found("waits after closeall", f"{trade.intent.id} ({trade.intent.symbol}), {trade.label}")
