"""What may be suggested, and what it is assumed to change until outcomes are known."""

from dataclasses import dataclass
from datetime import timedelta

HEADS = 40
"""How many customers the assumption before any outcome weighs as much as."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of action. The shares are of customers who buy within the days that outcomes are watched for.

    `asks`: the kind of message that a customer may have said no to, "" where it is a matter of service. What is no
    service is measured against a share of customers for whom it is held back; an apology is never held back.
    """

    acted: float
    left: float
    asks: str = ""
    again: timedelta = timedelta(days=7)
    """How long the same is not suggested again for a customer."""

    @property
    def is_service(self) -> bool:
        return not self.asks


KINDS: dict[str, Kind] = {
    "call": Kind(0.30, 0.20),
    "apologise": Kind(0.28, 0.20),
    "offer": Kind(0.24, 0.18, asks="marketing", again=timedelta(days=30)),
    "win_back": Kind(0.06, 0.03, asks="marketing", again=timedelta(days=90)),
    "ask_review": Kind(0.21, 0.20, asks="surveys", again=timedelta(days=180)),
    "thank": Kind(0.21, 0.20, asks="surveys", again=timedelta(days=90)),
}
