"""What the loopback Bot API remembers, and what a test does with it: lets people speak, injects faults, looks."""

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TOKEN = "123456789:AAE-loopback_token_for_tests_0123456789"
Json = dict[str, Any]


@dataclass
class Sent:
    """One thing the bot did that people would notice, with the text as they would see it. `at` is monotonic seconds."""

    method: str
    chat_id: int | str
    message_id: int
    at: float
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    markup: Json | None = None
    file_name: str = ""
    file_type: str = ""
    file_size: int = 0
    params: Json = field(default_factory=dict)


@dataclass
class Fault:
    """How the next `times` calls of a method go wrong.

    Kinds: an HTTP status ("429", "500", "403" …); "drop" and "hang" before anything is done; "accept_drop" and
    "accept_hang" after it; "garbage", an answer that is not JSON.
    """

    kind: str
    method: str = "sendMessage"
    times: int = 1
    chat_id: int | None = None
    retry_after: int = 1
    seconds: float = 30.0
    description: str = ""


class Platform:
    """What there is and what was seen. The lists may be read from any thread; `until` waits for a change."""

    def __init__(self, token: str = TOKEN, *, strict_rates: bool = False) -> None:
        self.token, self.strict_rates = token, strict_rates
        self.url = ""
        self._changed = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ids = 0
        self._last_update = 1000
        self.webhook: Json = {}
        self._allowed: list[str] = []
        self._poller = asyncio.Event()
        self._arrived = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        """Forget everything but the numbering, and how updates are fetched."""
        self.updates: list[Json] = []
        self.polls: list[int] = []
        self.calls: list[tuple[str, int]] = []
        self.sent: list[Sent] = []
        self.answered: list[str] = []
        self.commands: dict[str, list[Json]] = {}
        self.messages: dict[tuple[int | str, int], Json] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.webhook_statuses: list[int] = []
        self.faults: list[Fault] = []
        self.blocked: set[int | str] = set()
        self.missing: set[int | str] = set()
        self.violations: Counter[str] = Counter()
        self._queries: set[str] = set()
        self._last_sent: dict[int | str, float] = {}
        self._recent: deque[float] = deque()
        self._wait_until: dict[int | str, float] = {}

    def push(self, update: Json) -> Json:
        """Let an update arrive; numbered here if it is not yet."""
        self._last_update = max(self._last_update + 1, update.get("update_id", 0))
        update = {"update_id": self._last_update} | update
        query = update.get("callback_query")
        if isinstance(query, dict):
            self._queries.add(str(query.get("id")))
        if not self._allowed or any(key in self._allowed for key in update if key != "update_id"):
            self.updates.append(update)
        self._note()
        return update

    def say(self, chat_id: int, text: str, **more: Any) -> Json:
        """A private message from the person whose chat it is; `more` are further fields of the message."""
        person = {"id": chat_id, "is_bot": False, "first_name": f"Person {chat_id}", "language_code": "en"}
        message = {
            "message_id": self._next_id(),
            "from": person,
            "chat": {"id": chat_id, "type": "private", "first_name": person["first_name"]},
            "date": int(time.time()),
            "text": text,
        }
        return self.push({"message": message | more})

    def press(self, chat_id: int, message_id: int, data: str) -> Json:
        """The person of a private chat presses a button under one of the bot's messages."""
        query = {
            "id": str(4_000_000_000_000_000_000 + self._next_id()),
            "from": {"id": chat_id, "is_bot": False, "first_name": f"Person {chat_id}"},
            "message": self.messages[chat_id, message_id],
            "chat_instance": "-1",
            "data": data,
        }
        return self.push({"callback_query": query})

    def add_file(self, content: bytes, name: str) -> str:
        """A file somebody has uploaded; its file_id."""
        file_id = f"AgACAgIAAx-{self._next_id()}"
        self.files[file_id] = (name, content)
        return file_id

    def fault(self, kind: str, **more: Any) -> None:
        """Let calls go wrong; see Fault."""
        self.faults.append(Fault(kind, **more))

    def until(self, true: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Wait until something is so; False when it did not come to be. Blocks: in a coroutine, use a thread."""
        with self._changed:
            return self._changed.wait_for(true, seconds)

    def texts(self, chat_id: int | str) -> list[str]:
        """What a chat was sent, in order."""
        return [sent.text for sent in self.sent if sent.chat_id == chat_id]

    def _note(self) -> None:
        with self._changed:
            self._changed.notify_all()
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _next_id(self) -> int:
        self._ids += 1
        return self._ids
