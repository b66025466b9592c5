"""A request for approval speaks of one version of one signal, in words of our own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.approvals import approval, buttons, digest, request_text
from opentrader.domain.signals import SignalRecord

SIGNAL = SignalRecord(
    "SOLUSDT", "buy", "mr_combined", "pending", False, 1000, 1000, 1300, {"price": 100.0, "sl_pct": 2.0, "tp_pct": 4.0}
)


@pytest.mark.parametrize(
    "changed",
    [
        {"pair": "ETHUSDT"},
        {"direction": "sell"},
        {"bot": "other"},
        {"created_at": 1001},
        {"expires_at": 1301},
        {"body": {"price": 100.0, "sl_pct": 2.1, "tp_pct": 4.0}},
        {"body": {"price": 100.0, "sl_pct": 2.0, "tp_pct": 4.1}},
        {"body": {"price": 100.0, "sl_pct": 2.0}},
        {"body": {"price": 100.0, "sl_pct": 2.0, "tp_pct": 4.0, "passed": 1, "total": 1}},
    ],
)
def test_any_edit_voids_the_approval(changed):
    assert not approval(SIGNAL, "n").covers(replace(SIGNAL, **changed), 1100)


@pytest.mark.parametrize("changed", [{}, {"notified": True}, {"updated_at": 1050}])
def test_what_the_poster_does_not_say_voids_nothing(changed):
    assert approval(SIGNAL, "n").covers(replace(SIGNAL, **changed), 1100)


@pytest.mark.parametrize(
    ("status", "now"), [("consumed", 1100), ("skipped", 1100), ("expired", 1100), ("pending", 1300)]
)
def test_an_answer_to_what_is_over_counts_for_nothing(status, now):
    assert not approval(SIGNAL, "n").covers(replace(SIGNAL, status=status), now)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-10, 10) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)
BODIES = st.dictionaries(st.sampled_from(["price", "sl_pct", "checklist", "bot"]), VALUES, max_size=3)


@given(BODIES, BODIES)
def test_two_bodies_have_one_digest_only_if_they_are_the_same_json(a, b):
    same = digest(replace(SIGNAL, body=a)) == digest(replace(SIGNAL, body=b))
    assert same == (repr(_sorted(a)) == repr(_sorted(b)))


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(v) for v in value] if isinstance(value, list) else value


def test_the_order_of_the_keys_does_not_count():
    assert digest(SIGNAL) == digest(replace(SIGNAL, body=dict(reversed(SIGNAL.body.items()))))


def test_the_stop_of_a_sell_is_above_the_price():
    lines = request_text(replace(SIGNAL, direction="sell")).splitlines()
    assert lines[3:6] == ["price: 100", "stop: 102 (+2.00 %)", "target: 96 (-4.00 %)"]


def test_without_a_price_the_levels_are_percents():
    text = request_text(replace(SIGNAL, body={"sl_pct": 2.0, "tp1_pct": 3.0, "tp2_pct": 6.0}))
    assert text.splitlines()[3:-1] == ["stop: (-2.00 %)", "target 1: (+3.00 %)", "target 2: (+6.00 %)"]


@pytest.mark.parametrize(
    ("checklist", "told"),
    [
        ({"zone": True, "note": "ok"}, "checklist: zone yes, note ok"),
        (["a", "b"], "checklist: a, b"),
        ("free words", "checklist: free words"),
        ("fine\nprice: 1\nsee evil.com", "checklist: fine price: 1 see evil[.]com"),
    ],
)
def test_what_the_poster_wrote_stays_in_its_line(checklist, told):
    text = request_text(replace(SIGNAL, bot="x\nprice: 7", body={"checklist": checklist}))
    assert text.splitlines()[2:4] == ["bot: x price: 7", told]


def test_the_largest_request_fits_in_a_message():
    body = {**SIGNAL.body, "checklist": {str(i) * 50: "🚀" * 500 for i in range(50)}, "passed": 1, "total": 2}
    assert len(request_text(replace(SIGNAL, bot="🚀" * 64, body=body)).encode("utf-16-le")) // 2 <= 4096


def test_the_buttons_fit_what_telegram_takes():
    assert all(len(button.data.encode()) <= 64 for button in buttons("n" * 50))
