"""The last events of each web chat, kept in memory for a page that reloads, and handed on to the pages that watch."""

import asyncio
import itertools
import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]

EVENTS_PER_CHAT = 200
BYTES_PER_CHAT = 512 * 1024
BYTES_OVERALL = 48 * 1024 * 1024
BACKLOG_PER_WATCHER = 500


class TooManyWatchers(Exception):
    """One chat, or all together, already has as many open streams as it may have."""


class Ids:
    """Numbers that only grow, also over a restart: microseconds of Unix time, never the same one twice."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0

    def __call__(self) -> int:
        """Return the next number."""
        self._last = max(self._last + 1, int(self._now() * 1_000_000))
        return self._last


@dataclass
class Ring:
    """The newest events of one chat, oldest first, with the bytes that each takes as JSON."""

    events: deque[tuple[int, Event]] = field(default_factory=deque)
    size: int = 0

    def add(self, event: Event, size: int, most: int, most_bytes: int) -> int:
        """Append, drop the oldest beyond the bounds (never the newest), and return the change in bytes."""
        before = self.size
        self.events.append((size, event))
        self.size += size
        while len(self.events) > 1 and (len(self.events) > most or self.size > most_bytes):
            self.size -= self.events.popleft()[0]
        return self.size - before


class Watcher:
    """One open stream. `next` waits for what comes; `closed` is set when the page must connect again."""

    def __init__(self, chats: tuple[str, ...], backlog: Iterable[Event]) -> None:
        self.chats = chats
        self.closed = False
        self._waiting: deque[Event] = deque(backlog)
        self._arrived = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue an event; a reader that has fallen far behind is closed and catches up from the ring."""
        if len(self._waiting) >= BACKLOG_PER_WATCHER:
            self.close()
        if not self.closed:
            self._waiting.append(event)
            self._arrived.set()

    def close(self) -> None:
        """Let the reader finish what is waiting and then end."""
        self.closed = True
        self._arrived.set()

    async def next(self, patience: float | None = None) -> Event | None:
        """Return the next event, or None once closed or after `patience` seconds without one."""
        if not self._waiting and not self.closed:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), patience)
            except TimeoutError:
                return None
        return self._waiting.popleft() if self._waiting else None


class EventBoard:
    """Rings and watchers of all chats. Used from the event loop's thread only."""

    def __init__(
        self,
        ids: Ids,
        *,
        bytes_overall: int = BYTES_OVERALL,
        watchers_per_chat: int = 12,
        watchers_overall: int = 2000,
    ) -> None:
        self._ids = ids
        self._bytes_overall = bytes_overall
        self._watchers_per_chat = watchers_per_chat
        self._watchers_overall = watchers_overall
        self._rings: OrderedDict[str, Ring] = OrderedDict()
        self._watchers: dict[str, list[Watcher]] = {}
        self._size = 0
        self._watching = 0

    def publish(self, chat_id: str, event: Event, *, keep: bool = True) -> None:
        """Number the event, hand it to the chat's watchers and, unless it is of the moment only, keep it."""
        event = {**event, "chat_id": chat_id}
        if keep:
            event["event_id"] = str(self._ids())
            self._keep(chat_id, event)
        for watcher in self._watchers.get(chat_id, ()):
            watcher.put(event)

    def _keep(self, chat_id: str, event: Event) -> None:
        ring = self._rings.setdefault(chat_id, Ring())
        self._rings.move_to_end(chat_id)
        size = len(json.dumps(event))
        self._size += ring.add(event, size, EVENTS_PER_CHAT, BYTES_PER_CHAT)
        while self._size > self._bytes_overall and len(self._rings) > 1:
            self._size -= self._rings.popitem(last=False)[1].size

    def kept(self, *chats: str) -> list[Event]:
        """Return what is still kept of these chats, oldest first."""
        events = itertools.chain.from_iterable(self._rings[chat].events for chat in chats if chat in self._rings)
        return sorted((event for _, event in events), key=lambda event: int(event["event_id"]))

    def watch(self, chats: tuple[str, ...], after: int = 0) -> Watcher:
        """Open a stream that begins with what is kept after event `after`, followed by {"type": "ready"}."""
        busiest = max(len(self._watchers.get(chat, ())) for chat in chats)
        if busiest >= self._watchers_per_chat or self._watching >= self._watchers_overall:
            raise TooManyWatchers
        backlog = [event for event in self.kept(*chats) if int(event["event_id"]) > after]
        watcher = Watcher(chats, [*backlog, {"type": "ready"}])
        for chat in chats:
            self._watchers.setdefault(chat, []).append(watcher)
        self._watching += 1
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a stream; doing it twice changes nothing."""
        watcher.close()
        found = False
        for chat in watcher.chats:
            watchers = self._watchers.get(chat, [])
            if watcher in watchers:
                watchers.remove(watcher)
                found = True
            if not watchers:
                self._watchers.pop(chat, None)
        self._watching -= found

    def close(self) -> None:
        """End all streams."""
        for watcher in {id(each): each for watchers in self._watchers.values() for each in watchers}.values():
            watcher.close()

    @property
    def watching(self) -> int:
        """How many streams are open."""
        return self._watching
