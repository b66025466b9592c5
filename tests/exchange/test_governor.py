"""The governor: shares by purpose, a request that counts until it can arrive no more, the venue's own count, pauses."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from heapq import heappop, heappush
from random import Random

import pytest

from opentrader.domain.trading.exchange import ReadRefused, Unreachable
from opentrader.exchange.governor import LATEST, WINDOW, Governor, Purpose


class Seconds:
    now = 30.0

    def __call__(self) -> float:
        return self.now


def send(governor: Governor, weight: int, purpose: Purpose = "protection") -> None:
    with governor.sending(weight, purpose):
        pass


@pytest.mark.parametrize(("purpose", "weight"), [("scan", 600), ("state", 850), ("protection", 1_000)])
def test_each_purpose_may_use_its_share(purpose: Purpose, weight: int) -> None:
    seconds = Seconds()
    governor = Governor(1_000, seconds)
    send(governor, weight, purpose)
    seconds.now += 10
    with pytest.raises(ReadRefused) as told:
        send(governor, 1, purpose)
    assert told.value.retry_after == 50_001
    assert (governor.used, governor.left) == (weight, 1_000 - weight)


def test_what_was_answered_counts_for_a_minute_more() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    with governor.sending(60, "protection"):
        seconds.now += 9  # it may arrive up to here
    send(governor, 40)
    seconds.now += 59
    with pytest.raises(ReadRefused, match="100 of 100"):
        send(governor, 1)
    seconds.now += 1
    send(governor, 100)
    assert governor.used == 100


def test_what_was_not_answered_counts_as_long_as_it_may_arrive() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    with suppress(Unreachable), governor.sending(100, "protection"):
        seconds.now += 10
        _give_up()
    seconds.now += WINDOW
    assert governor.used == 100
    seconds.now += LATEST - 10
    assert governor.used == 0


def test_what_is_on_its_way_counts_however_long_it_takes() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    with governor.sending(100, "protection"):
        seconds.now += 1_000
        with pytest.raises(ReadRefused) as told:
            send(governor, 1)
    assert told.value.retry_after == 60_001


def test_the_pause_ends_when_enough_has_left() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    for _ in range(4):
        send(governor, 25)
        seconds.now += 5
    with pytest.raises(ReadRefused) as told:
        send(governor, 30)
    assert told.value.retry_after == (60 + 5 - 20) * 1000 + 1
    seconds.now += 45
    send(governor, 30)


@pytest.mark.parametrize("seed", range(5))
def test_whichever_minute_the_venue_counts_no_more_arrives_than_it_allows(seed: int) -> None:
    """Of requests that are answered within 10 s, or given up after 10 s and arrive all the same."""
    random, seconds = Random(seed), Seconds()
    governor, under_way = Governor(100, seconds), list[tuple[float, int, ExitStack]]()
    arrived = list[tuple[float, int]]()
    for number in range(2_000):
        at = seconds.now + random.expovariate(2.0)
        while under_way and under_way[0][0] <= at:
            seconds.now, _, sent = heappop(under_way)
            sent.close()
        seconds.now = at
        weight, sent, lost = random.choice((2, 4, 20)), ExitStack(), random.random() < 0.2
        with suppress(ReadRefused):
            sent.enter_context(suppress(Unreachable))
            sent.enter_context(governor.sending(weight, "protection"))
            if lost:
                sent.callback(_give_up)
            takes = random.uniform(0, 10)
            heappush(under_way, (at + (10 if lost else takes), number, sent))
            arrived.append((at + random.uniform(0, LATEST if lost else takes), weight))
    assert len(arrived) > 200
    for begin, _ in arrived:
        assert sum(weight for when, weight in arrived if begin <= when < begin + WINDOW) <= 100


def _give_up() -> None:
    raise Unreachable("no answer")


def test_the_venue_has_counted_more_than_we_did() -> None:
    seconds = Seconds()
    governor = Governor(100, seconds)
    send(governor, 10)
    governor.calibrate(90)
    with pytest.raises(ReadRefused, match="90 of 100"):
        send(governor, 20)
    governor.calibrate(10)
    assert governor.used == 90
    seconds.now += WINDOW
    assert governor.used == 0


def test_without_a_limit_only_a_pause_holds_back() -> None:
    seconds = Seconds()
    governor = Governor(0, seconds)
    send(governor, 1_000_000, "scan")
    assert governor.left is None
    governor.refused(10_000)
    governor.refused(1_000)  # a shorter one ends nothing
    with pytest.raises(ReadRefused):
        send(governor, 0)
    assert governor.pause == 10
    seconds.now += 10
    send(governor, 0)
    assert governor.pause == 0
