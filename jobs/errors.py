"""What a job may say besides its result."""

from typing import Any


class TryLater(Exception):
    """What the job needs is not there yet (a channel still connects). It is tried again until it is too late."""


class PartlyFailed(Exception):
    """Some of the job could not be done; what it did is recorded like a result."""

    def __init__(self, message: str, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result
