"""How a coroutine ended: its value, or the error in its place."""

from __future__ import annotations

import pytest

from opentrader.actors.runtime.outcome import Done, Failed
from opentrader.errors import NotFound


def test_a_value_is_unwrapped_and_an_error_is_raised_as_it_is() -> None:
    error = NotFound("nowhere")
    assert Done(None).unwrap() is None
    with pytest.raises(NotFound) as caught:
        Failed(error).unwrap()
    assert caught.value is error
