"""Binance's errors, and the meaning of each: a refusal, or an outcome that nobody knows.

Codes and texts: binance-spot-api-docs, `errors.md`. The texts are part of the interface: code -2010 covers reasons that
need different reactions.
"""

from __future__ import annotations

from opentrader.domain.trading.venue import Reason, Refused, Unknown

DUPLICATE = "Duplicate order sent."
INSUFFICIENT_BALANCE = "Account has insufficient balance for requested action."
WOULD_TRIGGER = "Order would trigger immediately."
WOULD_TAKE = "Order would immediately match and take."
PRICE_RELATION = "The relationship of the prices for the orders is not correct."
UNKNOWN_ORDER = "Unknown order sent."
UNKNOWN_LIST = "Unknown order list sent."
NO_SUCH_ORDER = "Order does not exist."
NO_SUCH_LIST = "Order list does not exist."
MARKET_CLOSED = "Market is closed."
BAD_SYMBOL = "Invalid symbol."
TOO_OLD = "Timestamp for this request is outside of the recvWindow."
TOO_EARLY = "Timestamp for this request was 1000ms ahead of the server's time."

_BY_TEXT: dict[str, Reason] = {
    DUPLICATE: "duplicate",
    INSUFFICIENT_BALANCE: "balance",
    WOULD_TRIGGER: "price",
    WOULD_TAKE: "price",
    PRICE_RELATION: "price",
    MARKET_CLOSED: "closed",
}
_BY_CODE: dict[int, Reason] = {
    -1003: "rate",
    -1013: "filter",
    -1015: "rate",
    -1021: "clock",
    -1111: "filter",
    -2011: "not_found",
    -2021: "half_done",
}

# The gateway answers instead of the matching engine, which may execute the request all the same.
_UNDECIDED = frozenset(
    {
        -1000,  # an unknown error occurred while processing the request
        -1001,  # internal error; unable to process the request
        -1004,  # the server is busy
        -1006,  # an unexpected response was received from the message bus; execution status unknown
        -1007,  # timeout waiting for response from the backend server; execution status unknown
        -1008,  # overloaded with other requests
    }
)


class Refusal(Exception):
    """The venue refuses a request; nothing changed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def reason_of(code: int, text: str) -> Reason:
    """The reason of a refusal. A known text decides, because the codes are too coarse."""
    if text in _BY_TEXT:
        return _BY_TEXT[text]
    return "filter" if text.startswith("Filter failure") else _BY_CODE.get(code, "other")


def outcome_of(code: int, text: str, retry_after: int = 0) -> Refused | Unknown:
    """The outcome of a write to which the venue answers with an error. `retry_after` in milliseconds."""
    if code in _UNDECIDED:
        return Unknown(text)
    return Refused(reason_of(code, text), code, text, retry_after)
