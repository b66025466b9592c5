"""The daemon's log: one line an event on stderr, its time in UTC, no secret in it."""

from __future__ import annotations

import logging
import time

from opentrader.telegram.redaction import redacted


class _Lines(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own name)
        """On one line: what somebody called a bot must not look like a line of ours."""
        record.message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in record.message)
        return super().formatMessage(record)


def begin(level: str) -> None:
    """Log what the program says from `level` on; of its libraries only warnings, for a request is no event here."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)sZ %(levelname)-8s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("opentrader").setLevel(level.upper())
