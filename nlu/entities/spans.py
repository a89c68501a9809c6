"""What the finders share: a text in folded form, its clock and place, and which characters are already taken."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nlu.cleaning import fold
from nlu.understanding import Audience, Entity


@dataclass
class Passage:
    """One text under examination. `folded` has the same length as `text`."""

    text: str
    now: datetime
    """In the speaker's zone."""
    region: str = "CN"
    audience: Audience = "customer"
    intent: str = ""
    entities: list[Entity] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folded = fold(self.text)
        self._taken = bytearray(len(self.text))

    def free(self, start: int, end: int) -> bool:
        """Say whether no entity has claimed any of these characters."""
        return end > start and not any(self._taken[start:end])

    def claim(self, name: str, value: Any, start: int, end: int) -> None:
        """Add an entity and take its characters."""
        self.add(name, value, start, end)
        self.block(start, end)

    def block(self, start: int, end: int) -> None:
        """Take characters without an entity."""
        self._taken[start:end] = b"\x01" * (end - start)

    def add(self, name: str, value: Any, start: int, end: int) -> None:
        """Add an entity that may share its characters with others."""
        self.entities.append(Entity(name=name, value=value, text=self.text[start:end], start=start, end=end))

    def has(self, names: Iterable[str]) -> bool:
        """Say whether an entity of one of these names was found."""
        wanted = set(names)
        return any(entity.name in wanted for entity in self.entities)


def in_zone(now: datetime, zone: str) -> datetime:
    """Return the moment in the speaker's zone; in UTC where the zone's name is unknown."""
    try:
        return now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return now.astimezone(ZoneInfo("UTC"))
