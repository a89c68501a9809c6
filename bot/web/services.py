"""What the routes need from the application: plain functions, so that nothing here knows a database or a platform."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.channels.web import WebChannel


@dataclass(frozen=True)
class StoredFile:
    """A stored attachment with its decrypted content."""

    name: str
    media_type: str
    content: bytes


class InvalidUpdate(ValueError):
    """What a shop system posted cannot be taken; names the field, the problem and what to do."""

    def __init__(self, field: str, problem: str, fix: str) -> None:
        super().__init__(f"{field}: {problem} {fix}")
        self.field, self.problem, self.fix = field, problem, fix

    def as_dict(self) -> dict[str, str]:
        """Return the three parts as the route answers them."""
        return {"field": self.field, "problem": self.problem, "fix": self.fix}


class CannotCorrect(ValueError):
    """A message cannot be corrected like that; the text says why."""


@dataclass(frozen=True)
class WebServices:
    """Functions without `async` may block: the routes call them in threads. None switches a route off."""

    health: Callable[[], dict[str, Any]]
    """One entry for each adapter, and `ok` (or no `ok` at all, which means well)."""
    metrics: Callable[[], bytes]
    """Figures in Prometheus' text format."""
    business_name: str = "Rapport"
    public_url: str = ""
    """Where the server is reached from outside, if anywhere; with https, cookies are marked for it."""
    embed_origins: tuple[str, ...] = ()
    """Sites (https://shop.example) that may show the chat in a frame, besides this server itself."""
    web: WebChannel | None = None
    """The chat. None: neither chat nor playground."""
    playground: bool = False
    """Staff panes and traces: on the sample business only, and then for this machine's own browser only."""
    playground_info: Callable[[], dict[str, Any]] = field(default=dict)
    """What the page shows beside the chats:
    `business`: {"name_en", "name_zh"}; `try`: {"customer" | "agent" | "manager": [text or {"en", "zh"}]};
    `note`: {"en", "zh"}, which sample customer the visitor can link as;
    `send_prefix`: {"en", "zh"}, what an agent writes before a line of a thread to send it to the customer."""
    trace: Callable[[str, str, str], dict[str, Any] | None] = field(default=lambda channel, chat_id, message_id: None)
    """(channel, chat id, message id) to what happened to the message."""
    correct: Callable[[str, str, str], dict[str, Any]] | None = None
    """(chat id, message id, label) to what was noted; "" takes it back. Raises CannotCorrect."""
    thread_states: Callable[[Sequence[str]], Mapping[str, str]] = field(default=lambda threads: {})
    """Hand-over state (waiting, person, snoozed, resolved) of each of these threads of the queue that is known."""
    read_file: Callable[[int], StoredFile | None] = field(default=lambda attachment_id: None)
    shop_update: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Takes what a shop system posted; raises InvalidUpdate, or another ValueError with `as_dict`."""
    shop_token: SecretStr | None = None
    unsubscribe: Callable[[str], bool] = field(default=lambda token: False)
    """Stops promotional messages to whom a link in a letter belongs; False for a link that is none of ours."""
    telegram_webhook: Callable[[Mapping[str, str], bytes], Awaitable[int]] | None = None
    """(headers in lower case, body) to the HTTP status; checks the secret itself."""

    def __post_init__(self) -> None:
        if self.playground and self.web is None:
            raise ValueError("The playground needs the web channel: pass `web`, or switch the playground off.")
