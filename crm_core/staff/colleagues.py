"""Who works here, as their colleagues call them: found in a sentence by whole name, else by first name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import Staff

ALSO_WORDS = frozenset([
    "may", "mark", "rose", "grace", "art", "bill", "hope", "joy", "will", "frank", "rich", "summer", "dawn",
    "an", "so", "can", "june", "april",
])  # fmt: skip
"""Names that are words, too: meant only when written with a capital."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff; `external_id` is "<channel>:<user id>"."""

    id: int
    name: str
    external_id: str
    role: str


def colleagues(session: Session) -> list[Colleague]:
    """Everybody who ever worked here, by name."""
    rows = session.execute(select(Staff).order_by(Staff.name, Staff.id)).scalars()
    return [Colleague(row.id, row.name, row.external_id, row.role) for row in rows]


def names_by_id(session: Session) -> dict[str, str]:
    """Name by id (as text); two of the same name are told apart by their account."""
    known = colleagues(session)
    names = [one.name for one in known]
    return {str(one.id): one.name if names.count(one.name) == 1 else f"{one.name} ({one.external_id})" for one in known}


def mentioned(known: Sequence[Colleague], text: str) -> list[Colleague]:
    """The colleagues named in a text, in its order. A whole name counts before the first names of others."""
    found: list[tuple[int, Colleague]] = []
    taken: list[tuple[int, int]] = []
    for name_of in (_whole, _first):
        matches = [(span, one) for one in known for span in _places(name_of(one.name), text)]
        fresh: list[tuple[int, int]] = []
        for span, one in sorted(matches, key=lambda match: match[0][0] - match[0][1]):
            if not any(
                span[0] < last and first < span[1] and ((first, last) != span or (first, last) in taken)
                for first, last in (*taken, *fresh)
            ):
                fresh.append(span)
                found.append((span[0], one))
        taken += fresh
    ordered = [one for _, one in sorted(found, key=lambda pair: pair[0])]
    return list(dict.fromkeys(ordered))


def _whole(name: str) -> str:
    return name


def _first(name: str) -> str:
    return name.split(maxsplit=1)[0] if " " in name else ""


def _places(name: str, text: str) -> list[tuple[int, int]]:
    if len(name) < 2:
        return []
    wanted = re.escape(name)
    pattern = rf"(?<![A-Za-z0-9]){wanted}(?![A-Za-z0-9])" if name.isascii() else wanted
    flags = 0 if name.lower() in ALSO_WORDS else re.IGNORECASE
    return [match.span() for match in re.finditer(pattern, text, flags)]
