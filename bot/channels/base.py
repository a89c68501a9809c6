"""The contract of a channel: translate in, hand to intake, translate out. Nothing else knows the platform."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from bot.messages import IncomingAttachment, IncomingMessage, Outgoing

Receive = Callable[[IncomingMessage], Awaitable[bool]]
"""Persists one message and only then returns: True when it was new, False for a repeat. Raises when that failed."""
ReadFile = Callable[[int], bytes]
"""Bytes of a stored attachment, decrypted."""


class DeliveryFailed(Exception):
    """The platform did not take a message. Text says why, in words a person can act on."""


class RetryLater(DeliveryFailed):
    """Nothing was sent; try again after `seconds` (the platform's own figure where it gave one)."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Refused(DeliveryFailed):
    """Will never be taken: blocked by the person, chat gone, forbidden."""


class Unclear(DeliveryFailed):
    """Sent, but no answer came: it may or may not have arrived."""


class ChannelUnavailable(Exception):
    """A channel cannot start. Text names the setting and the fix, never the secret itself."""


@dataclass(frozen=True)
class Pace:
    """Least seconds between two messages: overall, and inside one chat."""

    overall: float
    per_chat: float
    per_group: float = 0.0


class Channel(Protocol):
    """A place where people talk.

    Built complete by `build_app`; `start` begins to receive and returns once connected; `stop` stops receiving, then
    closes. `send` returns the platform's id of the (last) message; it splits what is too long by itself.
    """

    name: ClassVar[str]
    account: str
    pace: Pace

    async def start(self, receive: Receive) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, outgoing: Outgoing) -> str: ...

    async def download(self, attachment: IncomingAttachment) -> bytes: ...

    def health(self) -> dict[str, Any]:
        """`state` (connected, connecting, stopped), `last_received`, `last_error`: ISO 8601 times, never a secret."""
        ...

    def queue_chat(self) -> str:
        """The chat in which hand-over threads open; "" for a channel that staff do not work in."""
        ...

    def groups_of(self, user: str) -> frozenset[str]:
        """The listed user groups that a user is in, as the platform said lately."""
        ...

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """Show something of the moment to live views of a chat (that a message was understood); others ignore it."""
        ...
