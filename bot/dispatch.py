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
        takes_long: whether a conversation has to wait for something slow; such ones wait for one another on a thread
            of their own, and hold up nobody else.
    """

    def __init__(
        self,
        work: Callable[[int], bool],
        workers: int = 4,
        pause: float = 2.0,
        takes_long: Callable[[int], bool] = lambda conversation_id: False,
    ) -> None:
        self._work = work
        self._pause = pause
        self._takes_long = takes_long
        self._ready: deque[int] = deque()
        self._slow: deque[int] = deque()
        self._busy: set[int] = set()
        self._again: set[int] = set()
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._put_aside = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._stopping = False
        self._threads = [threading.Thread(target=self._run, name=f"answer-{n}", daemon=True) for n in range(workers)]
        self._threads.append(threading.Thread(target=self._run_slow, name="answer-slow", daemon=True))

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
            self._put_aside.notify_all()
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
        while (conversation_id := self._next(self._ready, self._changed)) is not None:
            if self._takes_long(conversation_id):
                with self._put_aside:
                    self._slow.append(conversation_id)
                    self._put_aside.notify()
            else:
                self._answer(conversation_id)

    def _run_slow(self) -> None:
        while (conversation_id := self._next(self._slow, self._put_aside)) is not None:
            self._answer(conversation_id)

    def _answer(self, conversation_id: int) -> None:
        done = self._work(conversation_id)
        if not done and not self._stopping:
            threading.Timer(self._pause, self._requeue, [conversation_id]).start()
            return
        self._finish(conversation_id)

    def _next(self, waiting: deque[int], changed: threading.Condition) -> int | None:
        with changed:
            changed.wait_for(lambda: waiting or self._stopping)
            return None if self._stopping else waiting.popleft()

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
