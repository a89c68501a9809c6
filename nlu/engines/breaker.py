"""A circuit breaker: a server that fails again and again is left alone for a while, then tried with one call."""

import threading
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]

FAILURES = 3
"""So many calls in a row must fail before the circuit opens: one slow answer is no reason."""
REST_SECONDS = 30.0


class Breaker:
    """Says whether a call may be made; whoever was allowed one reports `succeeded` or `failed`.

    Closed: all calls pass. Open: none does, for `rest` seconds. Half open: one passes, and decides for all; should it
    never report, another may try after the same rest. Safe to share between threads.
    """

    def __init__(self, seconds: Callable[[], float], failures: int = FAILURES, rest: float = REST_SECONDS) -> None:
        self._seconds, self._most, self._rest = seconds, failures, rest
        self._lock = threading.Lock()
        self._failures = 0
        self._retry_at: float | None = None
        self._probing = False

    def allows(self) -> bool:
        """Whether this call may be made. Once the rest is over, the first one to ask is the probe."""
        with self._lock:
            if self._retry_at is None:
                return True
            now = self._seconds()
            if now < self._retry_at:
                return False
            self._retry_at, self._probing = now + self._rest, True
            return True

    def succeeded(self) -> bool:
        """A call was answered: close, whatever was before. Return whether that closed an open circuit."""
        with self._lock:
            closes = self._retry_at is not None
            self._failures, self._retry_at, self._probing = 0, None, False
            return closes

    def failed(self) -> bool:
        """A call was not answered. Return whether that opened the circuit, for the first time or again."""
        with self._lock:
            self._failures += 1
            opens = self._probing or (self._retry_at is None and self._failures >= self._most)
            if opens:
                self._retry_at, self._probing = self._seconds() + self._rest, False
            return opens

    @property
    def failures(self) -> int:
        """How many calls have failed in a row."""
        with self._lock:
            return self._failures

    @property
    def state(self) -> State:
        """Closed; open; or half open: the rest is over, and the probe is out or the next call will be it."""
        with self._lock:
            if self._retry_at is None:
                return "closed"
            return "half_open" if self._probing or self._seconds() >= self._retry_at else "open"
