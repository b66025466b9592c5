"""What looks like a token is shown to nobody."""

from __future__ import annotations

import pytest

from opentrader.telegram.redaction import redacted
from tests.fakes.telegram import TOKEN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot[redacted]/getMe"),
        (f"https://x/bot{TOKEN.replace(':', '%3A')}/getMe", "https://x/bot[redacted]/getMe"),
        (f"token={TOKEN}.", "token=[redacted]."),
        ("127.0.0.1:8000, 12:30, id 123456:7", "127.0.0.1:8000, 12:30, id 123456:7"),
    ],
)
def test_what_looks_like_a_token_is_redacted(text, told):
    assert redacted(text) == told
