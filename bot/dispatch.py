"""Who works on what, in order: one message after the other within a conversation, many conversations at once."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


class Dispatch(Protocol):
    """What intake tells and the assistant serves. Other kinds may share the work among processes."""

    def start(self, waiting: Iterable[int]) -> None:
        """Begin to work, first on the conversations that were left unanswered."""
        ...

    def submit(self, conversation_id: int) -> None:
        """There is something to answer in this conversation."""
        ...

    def stop(self) -> None:
        """Finish what is being answered, then stop; what waits stays stored."""
        ...


class InMemoryDispatch:
    """Dispatch inside one process. What it forgets in a crash is found again in the database at start.

    Args:
        work: answers everything that waits in one conversation; False asks to be called again later.
    """

    def __init__(self, work: Callable[[int], bool], workers: int = 4, pause: float = 2.0) -> None:
        self._work = work
        self._pause = pause
        self._ready: deque[int] = deque()
        self._busy: set[int] = set()
        self._again: set[int] = set()
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._stopping = False
        self._threads = [threading.Thread(target=self._run, name=f"answer-{n}", daemon=True) for n in range(workers)]

    def start(self, waiting: Iterable[int]) -> None:
        """Begin to work, first on the conversations that were left unanswered."""
        for conversation_id in waiting:
            self.submit(conversation_id)
        for thread in self._threads:
            thread.start()

    def submit(self, conversation_id: int) -> None:
        """There is something to answer in this conversation."""
        with self._changed:
            if conversation_id in self._busy:
                self._again.add(conversation_id)
                return
            self._busy.add(conversation_id)
            self._ready.append(conversation_id)
            self._changed.notify()

    def stop(self) -> None:
        """Finish what is being answered, then stop."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=30)

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is left to answer; False when that took longer than `timeout` seconds."""
        with self._changed:
            return self._settled.wait_for(lambda: not self._busy, timeout)

    @property
    def depth(self) -> int:
        """Conversations that wait or are being answered."""
        return len(self._busy)

    def _run(self) -> None:
        while (conversation_id := self._next()) is not None:
            done = self._work(conversation_id)
            if not done and not self._stopping:
                threading.Timer(self._pause, self._requeue, [conversation_id]).start()
                continue
            self._finish(conversation_id)

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._stopping)
            return None if self._stopping else self._ready.popleft()

    def _finish(self, conversation_id: int) -> None:
        with self._changed:
            if conversation_id in self._again:
                self._again.discard(conversation_id)
                self._ready.append(conversation_id)
                self._changed.notify()
            else:
                self._busy.discard(conversation_id)
                if not self._busy:
                    self._settled.notify_all()

    def _requeue(self, conversation_id: int) -> None:
        with self._changed:
            self._ready.append(conversation_id)
            self._changed.notify()
