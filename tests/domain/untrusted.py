"""Text of strangers, and what in it could be clicked on."""

from __future__ import annotations

import re

CLICKABLE = re.compile(r"\w://|\btg:|\bton:|\w\.[^\W\d_]{2}|(?<![\w/])/\w|@\w", re.IGNORECASE)
