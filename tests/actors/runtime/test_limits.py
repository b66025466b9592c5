"""The bounds of the runtime fit together."""

from __future__ import annotations

from opentrader.actors.runtime.limits import EARLY, Limits


def test_the_defaults_leave_room_for_each_other() -> None:
    limits = Limits()
    assert 0 < limits.deferred < limits.inbox
    assert limits.deaths > 1
    assert limits.stuck_seconds < limits.start_seconds < limits.window_seconds
    assert 0 < EARLY < limits.stop_seconds
