"""Text of strangers, and what in it could be clicked on."""

from __future__ import annotations

import re

from hypothesis import strategies as st

CLICKABLE = re.compile(r"\w://|\btg:|\bton:|\w\.[^\W\d_]{2}|(?<![\w/])/\w|@\w", re.IGNORECASE)

# What a Telegram client turns into something to press.
HOSTILE = st.lists(
    st.sampled_from(
        [
            "https://evil.com",
            "tg:resolve?domain=x",
            "@bot",
            "/halt",
            "APPROVAL REQUEST",
            "\n",
            "\r",
            "\u2028",
            "\u202e",
            "\x00",
            " ",
            "a",
            "🚀",
            "1.5",
            "xn--p1ai.рф",
            "\ud800",
            "::",
            "//",
            ".",
            "/",
        ]
    )
    | st.text(max_size=5)
).map("".join)
