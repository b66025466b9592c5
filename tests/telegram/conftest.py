"""The Bot API server, started for a test and stopped after it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.telegram.fake import FakeTelegram


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    fake = FakeTelegram()
    await fake.server.start_server()
    yield fake
    if fake.release is not None:
        fake.release.set()
    await fake.server.close()
