"""Noise by its index: the same anywhere, with the moments that it claims."""

from __future__ import annotations

import numpy as np
import pytest

from opentrader.feed.noise import bits, normal, octave, stream_key, uniform

KEY = stream_key("test", 1)
INDEX = np.arange(-50_000, 50_000)


def test_streams_are_told_apart_by_all_their_names() -> None:
    assert stream_key("a", "b") == stream_key("a", "b")
    assert len({int(stream_key(*names)) for names in (("a", "b"), ("b", "a"), ("ab",), ("a", "b", ""))}) == 4


@pytest.mark.parametrize("draw", [bits, uniform, normal])
def test_a_value_does_not_depend_on_its_neighbours(draw: object) -> None:
    assert callable(draw)
    assert np.array_equal(draw(KEY, INDEX)[100:200], draw(KEY, INDEX[100:200]))


def test_uniform_is_open_at_both_ends_and_even() -> None:
    values = uniform(KEY, INDEX)
    assert values.min() > 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01


def test_normal_has_mean_0_and_variance_1() -> None:
    values = normal(KEY, INDEX)
    assert abs(values.mean()) < 0.01
    assert abs(values.var() - 1) < 0.02


def test_an_octave_runs_straight_between_its_nodes() -> None:
    values = octave(KEY, np.arange(0, 33), 16)
    assert np.allclose(np.diff(values[:17], 2), 0)
    assert np.array_equal(values[[0, 16]], normal(KEY, np.array([0, 1])))
