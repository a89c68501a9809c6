"""Conditions changed by a further sentence: "only Shanghai", "and last month?", "sorted by orders", 去掉批发."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from crm_core.query.conditions import Condition, Conditions
from crm_core.query.parts import Mention
from crm_core.query.reading import Reader

ADDED = ("bought", "category", "tag")
"""Fields of which a further condition comes on top; of all others a new one takes the place of the old."""
DATED = ("spend", "orders", "complaints", "bought", "category", "mood", "last_order", "first_seen")
"""Fields whose period a bare time changes."""


@dataclass(frozen=True, slots=True)
class Refined:
    """The conditions as they are now, and whether the sentence changed anything."""

    conditions: Conditions
    changed: bool


def refined(last: Conditions, text: str, mentions: Iterable[Mention], *, now: datetime, zone: str) -> Refined:
    """Apply what a sentence says to the conditions before it."""
    reader = Reader(text[:1000], list(mentions), now, zone, last.currency)
    said = reader.read()
    conditions = replace(last, all=_merged(last.all, said.all), currency=said.currency, unused=said.unused)
    if reader.said_order:
        conditions = replace(conditions, sort=said.sort, descending=said.descending)
    if said.limit is not None:
        conditions = replace(conditions, limit=said.limit)
    for when in reader.times_left()[:1]:
        conditions = _within(conditions, *when.bounds(now), moves=when.days is not None)
    changed = replace(conditions, unused=last.unused) != last
    return Refined(conditions, changed or bool(said.all) or reader.said_order is not None)


def _merged(before: tuple[Condition, ...], said: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """What was said now takes the place of what was said before of the same; "not VIP" goes beside "in Shanghai"."""
    replaced = {condition.field for condition in said if condition.field not in ADDED}
    opposite = {(condition.field, condition.value) for condition in said}
    kept = [one for one in before if one.field not in replaced and (one.field, one.value) not in opposite]
    return tuple(dict.fromkeys((*kept, *said)))


def _within(conditions: Conditions, since: datetime | None, until: datetime | None, *, moves: bool) -> Conditions:
    """Another period: of the conditions that have one, else of what is shown and sorted by."""
    if not any(one.field in DATED and (one.since or one.until) for one in conditions.all):
        return replace(conditions, since=since, until=until)
    moved = tuple(
        replace(one, since=since, until=until, moves=moves) if one.field in DATED and (one.since or one.until) else one
        for one in conditions.all
    )
    return replace(conditions, all=moved)
