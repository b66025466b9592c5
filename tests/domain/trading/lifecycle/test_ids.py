"""Client order ids, both ways."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opentrader.domain.trading.lifecycle.ids import (
    DIGITS,
    EntryId,
    ExitId,
    at_distance,
    base36,
    basis_points,
    entry_id,
    exit_id,
    ours,
    parse,
)

from .given import INTENT

ulids = st.text(DIGITS, min_size=26, max_size=26)
instances = st.text(DIGITS + DIGITS.lower(), min_size=4, max_size=4)
kinds = st.sampled_from(("L", "P", "T", "S", "C"))


@given(ulids, instances, kinds, st.integers(1, 36**2 - 1))
def test_an_exit_is_read_back_as_it_was_written(ulid: str, instance: str, kind: str, gen: int) -> None:
    cid = exit_id(replace(INTENT, id=ulid, instance=instance), kind, gen)  # type: ignore[arg-type]  # drawn from the literals
    assert len(cid) == 36
    assert parse(cid) == ExitId(kind, instance, ulid, gen)  # type: ignore[arg-type]  # drawn from the literals


@given(
    ulids,
    instances,
    st.sampled_from(("market", "limit")),
    st.integers(1, 9_999),
    st.integers(1, 100_000),
    st.integers(0, 36**6 - 1),
    st.decimals(Decimal("0.0001"), Decimal(100_000), places=4),
)
def test_an_entry_tells_its_levels_and_its_expiry(
    ulid: str, instance: str, kind: str, sl: int, tp: int, expiry: int, px: Decimal
) -> None:
    told = replace(
        INTENT,
        id=ulid,
        instance=instance,
        kind=kind,  # type: ignore[arg-type]  # drawn from the literals
        px=px,
        sl=at_distance(px, -sl),
        tp=at_distance(px, tp),
        ttl_at=expiry * 1000,
    )
    cid = entry_id(told)
    assert len(cid) == 30
    assert parse(cid) == EntryId(kind, instance, ulid[-8:], sl, tp, expiry, 1)  # type: ignore[arg-type]  # drawn from the literals


@given(st.text(max_size=40))
def test_an_unknown_layout_is_never_guessed(text: str) -> None:
    assume(not ours(text))
    assert parse(text) is None


@pytest.mark.parametrize("change", [lambda cid: cid[:-1], lambda cid: cid + "0", lambda cid: cid.replace("_", "-")])
def test_nearly_ours_is_not_ours(change: object) -> None:
    for cid in (entry_id(INTENT), exit_id(INTENT, "L", 1)):
        assert parse(change(cid)) is None  # type: ignore[operator]  # a function, see above
        assert ours(cid)


def test_where_the_layout_does_not_fit_the_id_is_a_hash() -> None:
    cids = {exit_id(INTENT, kind, gen, 18) for kind in ("L", "P", "T", "S", "C") for gen in (1, 2)}
    cids.add(entry_id(INTENT, 18))
    assert len(cids) == 11
    assert all(len(cid) == 18 and cid.isalnum() and ours(cid) and parse(cid) is None for cid in cids)
    assert entry_id(INTENT, 18) == entry_id(INTENT, 18)


def test_a_number_that_does_not_fit_is_refused() -> None:
    assert base36(1295, 2) == "ZZ"
    with pytest.raises(ValueError, match="does not fit"):
        base36(1296, 2)


def test_levels_are_rounded_to_a_basis_point_and_never_to_none() -> None:
    assert basis_points(Decimal(100), Decimal("99.996")) == 1
    assert basis_points(Decimal(100), Decimal("98.005")) == 200
    assert at_distance(Decimal(100), -200) == 98
