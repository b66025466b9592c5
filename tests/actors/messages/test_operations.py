"""Messages of the operation: license, cards, halt, notices, news."""

from __future__ import annotations

import pytest

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused


def test_halt_and_resume_need_no_license() -> None:
    assert not messages.Halt.licensed
    assert not messages.Resume.licensed
    assert messages.ResetDaily.licensed


def test_a_halt_takes_pending_entries_with_it_unless_asked_not_to() -> None:
    halt = parsed(messages.Halt)
    assert (halt.reason, halt.cancel_pending) == ("operator", True)
    assert refused(messages.Halt, reason="x" * 201) == {"reason"}


@pytest.mark.parametrize("wanted", ["trade", "trade,signal"])
def test_the_kinds_of_events_are_listed_with_commas(wanted: str) -> None:
    assert parsed(messages.Events, types=wanted).types == wanted
    assert refused(messages.Events, types=f"{wanted},") == {"types"}


def test_a_notice_has_text_that_telegram_takes() -> None:
    assert refused(messages.Notify, message="x" * 4096) == set()
    assert refused(messages.Notify, message="") == {"message"}
    assert refused(messages.Notify, message="x" * 4097) == {"message"}


def test_a_registration_names_a_person() -> None:
    assert refused(messages.RegisterLicense, email="me@example.com", name="Me") == set()
    assert refused(messages.RegisterLicense, email="me", name="") == {"email", "name"}


def test_a_reply_of_success_says_ok_and_cannot_say_otherwise() -> None:
    assert messages.Health("active", "free", "dev").ok is True
    with pytest.raises(TypeError):
        messages.Health("active", "free", "dev", ok=False)  # type: ignore[call-arg]  # that is what is tested
