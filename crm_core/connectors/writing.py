"""What is said in public in the name of the business, the same for every network."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from crm_core.connectors.base import ConnectorProblem


class NotWritable(ConnectorProblem):
    """This cannot be said there; nothing was sent. The text says why, `kind` names it: a kind of refusal, "link" (one
    is missing) or "settings".
    """

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Target:
    """The post or comment that is answered. `root_id`: the post at the top; `place_id`: its id on our own server."""

    external_id: str
    kind: str
    author: str
    root_id: str
    place_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What to say. `key` and `at` are the same however often it is tried."""

    text: str
    key: int
    at: datetime
    answers: Target | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What was said, by the id under which reading brings it back."""

    external_id: str
    url: str | None


class Writer(Protocol):
    """Writes to one network. Built from its settings by the line in `WRITERS`."""

    repeatable: ClassVar[bool]
    """The network knows a second try by its key and writes nothing twice."""

    def most(self, answers: bool) -> int:
        """How long a post, or an answer, may be."""
        ...

    def length(self, text: str) -> int:
        """How long a text is, as the network counts it."""
        ...

    def worded(self, text: str, answers: Target | None) -> str:
        """The text as it will be read there."""
        ...

    def write(self, draft: Draft) -> Written:
        """Say it.

        Raises:
            Unreachable, Malformed: it may have been said.
            ConnectorProblem: any other means that it was not.
        """
        ...
