"""Owns the channel to the operator: the notices sent, and the approval requests not answered yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

from opentrader.actors.messages import Notified, Notify
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.approvals import Approval, Button, approval, buttons, request_text
from opentrader.domain.notices import notice
from opentrader.domain.plain_text import defanged, one_line
from opentrader.domain.signals import SignalRecord
from opentrader.domain.time_limits import APPROVAL_SECONDS
from opentrader.errors import OpentraderError

logger = logging.getLogger(__name__)

LONGEST_PAGE = 1_000  # characters


class Messenger(Protocol):
    """Sends messages to the operator."""

    async def send(self, text: str, buttons: Sequence[Button] = ()) -> int:
        """Send plain text of 1..4096 characters; returns the message's id. Bounded in time.

        Raises `TelegramNotConfigured` and `TelegramError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class RequestApproval(Message[bool]):
    """Ask the operator to approve a signal; the reply tells whether the request was sent."""

    owner: ClassVar[str] = "telegram_desk"
    signal: SignalRecord


@dataclass(frozen=True, slots=True)
class TellPage(Message[None]):
    """Tell the operator that a page begins or ends."""

    owner: ClassVar[str] = "telegram_desk"
    own: ClassVar[bool] = True
    text: str


@dataclass(frozen=True, slots=True)
class PageTold(Message[None]):
    outcome: Outcome[int]


@dataclass(frozen=True, slots=True)
class NoticeSent(Message[Notified]):
    outcome: Outcome[int]


@dataclass(frozen=True, slots=True)
class ApprovalSent(Message[bool]):
    pair: str
    approval: Approval
    outcome: Outcome[int]


class OperatorChannel(Actor):
    """Publishes the open requests by pair. They do not survive a restart: a later answer to them is ignored.

    `nonce` makes the text that identifies a request on its buttons: unguessable, at most 50 ASCII characters.
    """

    def __init__(self, context: Context, messenger: Messenger, nonce: Callable[[], str]) -> None:
        super().__init__(context)
        self._messenger = messenger
        self._nonce = nonce

    def on_start(self) -> None:
        self._assign({})

    @handles(Notify)
    def notify(self, message: Notify) -> Reply[Notified]:
        return self.pipe(say(self._messenger, notice(message.message, message.agent)), then=NoticeSent)

    @handles(NoticeSent)
    def noticed(self, message: NoticeSent) -> Notified:
        return Notified(message.outcome.unwrap())

    @handles(TellPage)
    def tell_page(self, message: TellPage) -> Reply[None]:
        return self.pipe(self._messenger.send(defanged(one_line(message.text, LONGEST_PAGE))), then=PageTold)

    @handles(PageTold)
    def page_told(self, message: PageTold) -> None:
        if not isinstance(message.outcome, Done):
            logger.warning("a page was not sent: %s", message.outcome.error.detail)

    @handles(RequestApproval)
    def request(self, message: RequestApproval) -> Reply[bool]:
        """A new request for a pair replaces the previous one, whose buttons are void from now on."""
        asked = approval(message.signal, self._nonce())
        pair, now = message.signal.pair, self.context.clock.steady()
        waiting = {pair: other for pair, other in self._open.items() if now < other.expires_at}
        self._assign({**waiting, pair: asked})  # before sending: the operator may answer before the send returns
        send = self._messenger.send(request_text(message.signal), buttons(asked.nonce))
        return self.pipe(send, then=partial(ApprovalSent, pair, asked))

    @handles(ApprovalSent)
    def requested(self, message: ApprovalSent) -> bool:
        if isinstance(message.outcome, Done):
            return True
        logger.info("%s: approval request not sent: %s", message.pair, message.outcome.error)
        if self._open.get(message.pair) == message.approval:
            self._assign({pair: asked for pair, asked in self._open.items() if pair != message.pair})
        return False

    def _assign(self, open: Mapping[str, Approval]) -> None:
        self._open = open
        self.publish(open)


async def say(messenger: Messenger, pieces: tuple[str, ...]) -> int:
    """Send the pieces in order; returns the id of the first."""
    first, *others = pieces
    message_id = await messenger.send(first)
    for piece in others:
        await messenger.send(piece)
    return message_id


class OperatorApprovals:
    """The port `Approvals` for other actors: asks the operator's channel, at most `timeout_seconds`."""

    def __init__(self, ask: Ask, timeout_seconds: float = APPROVAL_SECONDS) -> None:
        self._ask, self._timeout_seconds = ask, timeout_seconds

    async def request_approval(self, record: SignalRecord) -> bool:
        """Whether the request was sent; False also when that is not known in time. Raises no `OpentraderError`."""
        try:
            return await self._ask(RequestApproval(record), timeout=self._timeout_seconds)
        except OpentraderError:
            return False
