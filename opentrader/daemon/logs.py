"""The daemon's log: one line per event on stderr, in UTC, with secrets redacted."""

from __future__ import annotations

import logging
import time

from opentrader.telegram.redaction import redacted


class _Lines(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own name)
        """Keep the message on one line: untrusted text must not forge a log line."""
        record.message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in record.message)
        return super().formatMessage(record)


def begin(level: str) -> None:
    """Log the program's messages from `level` on, and warnings of its libraries."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines("%(asctime)sZ %(levelname)-8s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("opentrader").setLevel(level.upper())
