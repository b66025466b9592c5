"""What must hold after every restart, as pure functions over the evidence; each says what is broken, and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from opentrader.domain.trading.lifecycle.settings import BINANCE
from tests.crash.evidence import Evidence
from tests.crash.ledger import PROTECTABLE, ZERO, Book, without
from tests.crash.notes import CONTROLS, Note, first_answers, last_alone

Rule = Callable[[Evidence], Iterable[str]]


def violations(evidence: Evidence) -> list[str]:
    """All that is broken after a restart."""
    return [f"{rule.__name__}: {text}" for rule in ALWAYS for text in rule(evidence)]


def violations_at_the_end(evidence: Evidence) -> list[str]:
    """All that is broken after everything was closed, too."""
    return [f"{rule.__name__}: {text}" for rule in (*ALWAYS, *AT_THE_END) for text in rule(evidence)]


# --- answers


def every_answer_is_found_again(evidence: Evidence) -> Iterator[str]:
    """Under its key, with the same status and the same body, and marked as a repeat."""
    for repeat in evidence.repeats:
        request = repeat.first.request
        if not repeat.replayed:
            yield f"{request.key} ({request.path}) was executed again: {repeat.status} {repeat.body}"
        elif (repeat.status, repeat.body) != (repeat.first.status, repeat.first.body):
            yield f"{request.key} ({request.path}) was told {repeat.first.body}, and now {repeat.status} {repeat.body}"


def every_answer_is_journaled(evidence: Evidence) -> Iterator[str]:
    journal = evidence.journal
    commands = {command.id for command in journal.commands}
    for note in evidence.notes:
        if note.done:
            if (id_ := opened_by(note)) is not None and id_ not in journal.intents:
                yield f"{note.request.key} was told of {id_}, which is in no journal"
            if (id_ := commanded_by(note)) is not None and id_ not in commands:
                yield f"{note.request.key} was told of the command {id_}, which is in no journal"
            for id_ in closed_by(note):
                if id_ not in journal.history:
                    yield f"{note.request.key} was told that {id_} is closed; the history does not have it"


def opened_by(note: Note) -> str | None:
    """The id of the trade or the entry that an answer tells of."""
    trade: dict[str, Any] | None = note.body.get("trade") or note.body.get("entry")
    return trade["id"] if trade and note.request.kind in {"buy", "manual"} else None


def commanded_by(note: Note) -> str | None:
    return note.body["intent_id"] if note.request.kind in {"close", "closeall", "sell", "levels"} else None


def closed_by(note: Note) -> list[str]:
    return [row["id"] for row in note.body.get("closed") or ()] if note.request.key else []


def what_is_closed_stays_closed(evidence: Evidence) -> Iterator[str]:
    open_now = {trade["id"] for trade in evidence.told.trades}
    for note in evidence.notes:
        if note.done:
            for id_ in {*closed_by(note)} & open_now:
                yield f"{note.request.key} was told that {id_} is closed; it is open"


def a_closeall_leaves_nothing(evidence: Evidence) -> Iterator[str]:
    """Of what clients knew of when it was sent: no position in the ledger, no trade; no entry, if it was to cancel."""
    open_now = {trade["id"] for trade in evidence.told.trades}
    waiting = {entry["id"] for entry in evidence.told.pending}
    placed = [(note.ended_at, note.body["entry"]["id"]) for note in evidence.notes if note.done and places(note)]
    known = [(note.ended_at, id_) for note in evidence.notes if note.done and (id_ := traded_by(note))]
    for note in evidence.notes:
        if note.request.kind == "closeall" and note.done and note.body["ok"] and not _repeats(note, evidence.notes):
            for id_ in {id_ for at, id_ in known if at < note.sent_at}:
                if id_ in open_now or _worth(evidence.books.get(id_[-8:])) > PROTECTABLE:
                    yield f"{id_} is open after the closeall {note.request.key}"
            for id_ in {id_ for at, id_ in placed if at < note.sent_at} & waiting:
                if "cancel_pending=true" in note.request.path:
                    yield f"{id_} waits after the closeall {note.request.key}"


def places(note: Note) -> bool:
    return note.request.kind == "manual"


def traded_by(note: Note) -> str | None:
    """The id of the trade that an answer says is open; not that of an entry that waits."""
    trade = note.body.get("trade") if note.request.kind in {"buy", "manual"} else None
    return trade["id"] if trade else None


def _repeats(note: Note, notes: Iterable[Note]) -> bool:
    return any(other.request.key == note.request.key and other.sent_at < note.sent_at for other in notes)


def _worth(book: Book | None) -> Any:
    return book.net * book.fills[-1].px if book and book.fills else ZERO


def a_canceled_entry_is_gone(evidence: Evidence) -> Iterator[str]:
    waiting = {entry["id"] for entry in evidence.told.pending}
    for note in evidence.notes:
        for id_ in canceled_by(note) if note.done else ():
            book = evidence.books.get(id_[-8:])
            if id_ in waiting or (book and any(order.enters for order in book.open)):
                yield f"{id_} was canceled by {note.request.path}, and waits"


def canceled_by(note: Note) -> list[str]:
    """A halt and a closeall tell what they have taken back, too."""
    if note.request.kind == "cancel":
        return [note.body["entry"]["id"]]
    return [entry["id"] for entry in note.body.get("cancelled_entries") or ()]


def a_halt_holds(evidence: Evidence) -> Iterator[str]:
    last = last_alone(note for note in evidence.notes if note.request.kind in CONTROLS)
    if last is not None and evidence.told.halted != (last.request.kind == "halt"):
        yield f"{last.request.kind} was answered, and halted is {evidence.told.halted}"


def moved_levels_hold(evidence: Evidence) -> Iterator[str]:
    """Until others are asked for; what was refused, or only tells again what was told, asks for none."""
    first = first_answers(evidence.notes)
    asked = defaultdict[str, list[Note]](list)
    for note in evidence.notes:
        if note.request.kind == "levels" and (not note.final or note is first.get(note.request.key)):
            asked[note.request.path.split("/")[3]].append(note)
    for trade in evidence.told.trades:
        last = last_alone(asked[trade["id"]])
        if last is not None and last.body["status"] == "moved" and trade["state"] == "protected":
            told, now = ((each["sl_px"], each["tp_px"]) for each in (last.body["trade"], trade))
            if now != told:
                yield f"{last.request.key} has moved the levels of {trade['id']} to {told}, and they are {now}"


def a_signal_is_kept(evidence: Evidence) -> Iterator[str]:
    """It is listed, unless a later one of its pair took its place."""
    for note in evidence.notes:
        if note.done and note.request.kind == "signal" and (signal := note.body["signal"]):
            listed = evidence.told.signals.get(signal["symbol"], 0)
            if listed < signal["created_at"]:
                yield f"the signal of {signal['symbol']} of {signal['created_at']} is not kept; the last is of {listed}"


# --- the ledger


def an_intent_has_one_entry(evidence: Evidence) -> Iterator[str]:
    tails = {id_[-8:] for id_ in evidence.journal.intents}
    for tail, book in evidence.books.items():
        if len(book.entries) > 1:
            yield f"{tail} has {len(book.entries)} entries: {[order.cid for order in book.entries]}"
        if tail not in tails:
            yield f"{tail} is at the venue, and in no journal"


def a_key_acts_once(evidence: Evidence) -> Iterator[str]:
    acted: dict[str, list[str]] = defaultdict(list)
    for intent in evidence.journal.intents.values():
        if intent.key and (book := evidence.books.get(intent.id[-8:])) and book.entries:
            acted[intent.key].append(intent.id)
    for command in evidence.journal.commands:
        if command.key:
            acted[command.key].append(command.id)
    for key, ids in acted.items():
        if len(ids) > 1:
            yield f"{key} has begun {', '.join(sorted(ids))}"


def nothing_is_closed_unasked(evidence: Evidence) -> Iterator[str]:
    named = {id_ for command in evidence.journal.commands for id_ in command.trades}
    for id_ in evidence.journal.on_request - named:
        yield f"{id_} was closed on request, and no command is about it"


def nothing_is_dropped(evidence: Evidence) -> Iterator[str]:
    """For nothing is in quarantine."""
    for command in evidence.journal.commands:
        if command.kind == "drop":
            yield f"{', '.join(sorted(command.trades))} was dropped by {command.key}"


def nothing_is_sold_that_was_not_bought(evidence: Evidence) -> Iterator[str]:
    for tail, book in evidence.books.items():
        if (least := book.least()) < 0:
            yield f"{tail} has sold {-least} too much"


def nothing_is_bare(evidence: Evidence) -> Iterator[str]:
    """No position without a live exit for longer than X; no daemon can place one while there is none."""
    for tail, seconds in bare(evidence).items():
        if seconds > BINANCE.bare_limit / 1000:
            yield f"{tail} was without an exit for {seconds:.1f} s"


def bare(evidence: Evidence) -> dict[str, float]:
    """Tail -> the longest time without an exit in seconds of real time, without those when no daemon was there."""
    speed = evidence.journal.pace.speed
    return {
        tail: max((without(span, evidence.downs) for span in book.bare(evidence.until)), default=0) / 1000 / speed
        for tail, book in evidence.books.items()
    }


def the_daemon_has_no_fault(evidence: Evidence) -> Iterator[str]:
    yield from evidence.faults
    for trade in evidence.told.trades:
        if trade["state"] == "quarantine":
            yield f"{trade['id']} ({trade['symbol']}) is in quarantine; the venue has refused nothing"


ALWAYS: tuple[Rule, ...] = (
    every_answer_is_found_again,
    every_answer_is_journaled,
    what_is_closed_stays_closed,
    a_closeall_leaves_nothing,
    a_canceled_entry_is_gone,
    a_halt_holds,
    moved_levels_hold,
    a_signal_is_kept,
    an_intent_has_one_entry,
    a_key_acts_once,
    nothing_is_closed_unasked,
    nothing_is_dropped,
    nothing_is_sold_that_was_not_bought,
    nothing_is_bare,
    the_daemon_has_no_fault,
)


# --- at the end


def nothing_is_left(evidence: Evidence) -> Iterator[str]:
    for tail, book in evidence.books.items():
        if book.open:
            yield f"{tail} has open orders: {[order.cid for order in book.open]}"
        if _worth(book) > PROTECTABLE:
            yield f"{tail} still holds {book.net}"
    for intent in evidence.journal.intents.values():
        if not intent.ended:
            yield f"{intent.id} is open in the journal"


def the_books_agree(evidence: Evidence) -> Iterator[str]:
    """Every trade that bought has its row, and the row says what the ledger says."""
    history = {id_[-8:]: row for id_, row in evidence.journal.history.items()}
    for tail, book in evidence.books.items():
        row = history.get(tail)
        if book.fills and row is None:
            yield f"{tail} has bought and sold, and the history does not have it"
        elif row is not None and row.known and row.pnl != book.profit:
            yield f"{row.id}: booked {row.pnl}, the ledger says {book.profit}"


AT_THE_END: tuple[Rule, ...] = (nothing_is_left, the_books_agree)
