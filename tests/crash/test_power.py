"""What a power cut leaves of a file: what was synced, and of each later change all, some sectors, or nothing."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.crash.power import SECTOR, Change, Shortened, Write, after_cut

BEFORE = b"a" * 2 * SECTOR
LONGER = Write(SECTOR, len(BEFORE), b"a" * SECTOR, b"b" * 3 * SECTOR)
AGAIN = Write(0, 4 * SECTOR, b"a" * SECTOR + b"b" * SECTOR, b"c" * 2 * SECTOR)
AFTER = b"c" * 2 * SECTOR + b"b" * 2 * SECTOR
EMPTIED = Shortened(0, AFTER)
DRAWS = 300


def left(content: bytes, changes: list[Change]) -> set[str]:
    """The first letters of the sectors of all that may be left."""
    kinds = set()
    for seed in range(DRAWS):
        image = after_cut(content, changes, Random(seed), Counter())
        sectors = [image[start : start + SECTOR] for start in range(0, len(image), SECTOR)]
        assert all(len(set(sector)) == 1 for sector in sectors)
        kinds.add("".join(chr(sector[0]) for sector in sectors))
    return kinds


def test_what_is_synced_stays() -> None:
    assert left(BEFORE, []) == {"aa"}


def test_a_write_is_kept_torn_or_lost() -> None:
    grown = {"aa", "ab", "aab", "abb", "abbb"} | {"aa\0b", "ab\0b", "aabb"}
    assert left(BEFORE[:SECTOR] + b"b" * 3 * SECTOR, [LONGER]) == grown


def test_later_writes_are_lost_by_themselves() -> None:
    found = left(AFTER, [LONGER, AGAIN])
    assert {"aa", "abbb", "ccbb", "cc"} <= found
    assert all(len(kind) >= 2 for kind in found)


def test_a_file_that_was_shortened_may_be_long_again() -> None:
    assert left(b"", [EMPTIED]) == {"", "ccbb"}
    assert {"aa", ""} <= left(b"", [LONGER, AGAIN, EMPTIED])


def test_every_fate_is_counted() -> None:
    fates: Counter[str] = Counter()
    for seed in range(DRAWS):
        after_cut(AFTER, [LONGER, AGAIN], Random(seed), fates)
    assert fates.keys() == {"kept", "torn", "lost"}
    assert fates.total() == 2 * DRAWS
