"""Segments: a name for customers by conditions (rule), by the RFM grid (rfm) or by what they have in common (cluster).

A rule is counted and listed live, by its conditions at this moment; rfm and clusters are who was stored at the last
refresh. Members of all kinds are stored nightly (`segments/refresh.py`), so that who came and left is known.
`Segment.conditions` holds what defines it: for a rule `said_at` and the conditions as they were said then.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from crm_core.analytics.segments.movements import Moves, keep_members, members
from crm_core.errors import CrmError
from crm_core.models import Segment, SegmentMember
from crm_core.query.conditions import Conditions, Rules, to_sql

LONGEST_NAME = 60
STORED_AT_ONCE = 20_000
"""Members that are stored together with the segment; a larger one gets its members at the nightly refresh."""


class NameTaken(CrmError):
    """Another segment has this name; `retired` says whether it is one that is not in use any more."""

    def __init__(self, segment: Segment) -> None:
        self.segment_id = segment.id
        self.retired = segment.retired_at is not None
        super().__init__(f"There is a segment called {segment.name} already. Choose another name.")


class NotRetirable(CrmError):
    """Only rules can be retired, and only while no other rule (`used_by`) refers to them."""

    def __init__(self, segment: Segment, used_by: Sequence[str] = ()) -> None:
        self.used_by = tuple(used_by)
        why = f"It is a part of {', '.join(used_by)}: retire that first." if used_by else "Only rules can be."
        super().__init__(f"{segment.name} cannot be retired. {why}")


# --- finding --------------------------------------------------------------------------------------------------------
def named(session: Session, name: str, *, retired: bool = False) -> Segment | None:
    """The segment with this name in any language; one that is retired only when asked for."""
    wanted = _folded(name)
    query = select(Segment).where(
        or_(*(func.lower(column) == wanted for column in (Segment.name, Segment.name_en, Segment.name_zh)))
    )
    if not retired:
        query = query.where(Segment.retired_at.is_(None))
    return session.execute(query.order_by(Segment.retired_at.is_not(None), Segment.id).limit(1)).scalar_one_or_none()


def in_use(session: Session, *kinds: str) -> list[Segment]:
    """All segments that are not retired, in the order they were made."""
    query = select(Segment).where(Segment.retired_at.is_(None)).order_by(Segment.created_at, Segment.id)
    return list(session.execute(query.where(Segment.kind.in_(kinds)) if kinds else query).scalars())


# --- rules ----------------------------------------------------------------------------------------------------------
def definition(segment: Segment, now: datetime, zone: str) -> Conditions | None:
    """The conditions of a rule as they are meant now; None for the other kinds."""
    if segment.kind != "rule" or not segment.conditions:
        return None
    stored = segment.conditions[0]
    return Conditions.load(stored).moved(datetime.fromisoformat(stored["said_at"]), now, zone)


def live_rules(session: Session, conditions: Conditions, now: datetime, zone: str) -> Rules:
    """What the rules are that conditions may refer to; nothing is read where they refer to none."""
    if not any(one.field == "segment" for one in conditions.all):
        return {}
    rules: dict[str, Conditions] = {}
    for segment in session.execute(select(Segment).where(Segment.kind == "rule")).scalars():
        known = definition(segment, now, zone)
        if known is not None and segment.retired_at is None:
            rules |= {_folded(name): known for name in (segment.name, segment.name_en, segment.name_zh)}
    return rules


def customers(session: Session, conditions: Conditions, now: datetime, zone: str) -> Select[Any]:
    """The customers that fit, as in `to_sql`, with rules counted live."""
    return to_sql(conditions, now, live_rules(session, conditions, now, zone))


def live_members(session: Session, segment: Segment, now: datetime, zone: str) -> Select[Any]:
    """Ids of who is in a segment: a rule's by its conditions at this moment, else as stored."""
    rule = definition(segment, now, zone)
    if rule is not None:
        return select(customers(session, rule, now, zone).order_by(None).subquery().c.id)
    return select(SegmentMember.customer_id.label("id")).where(
        SegmentMember.segment_id == segment.id, SegmentMember.until.is_(None)
    )


def live_size(session: Session, segment: Segment, now: datetime, zone: str) -> int:
    """How many are in a segment now."""
    found = live_members(session, segment, now, zone).subquery()
    return int(session.execute(select(func.count()).select_from(found)).scalar_one())


# --- changing -------------------------------------------------------------------------------------------------------
def save_rule(
    session: Session, name: str, conditions: Conditions, *, staff_id: int | None, now: datetime, zone: str
) -> Segment:
    """Keep conditions under a name, with who fits them now.

    Raises:
        NameTaken: another segment has the name.
    """
    name = tidy_name(name)
    _refuse_taken(session, name)
    kept = replace(conditions, sort="spend", descending=True, limit=None, since=None, until=None, unused=())
    segment = Segment(
        name=name, name_en=name, name_zh=name, kind="rule", created_by_id=staff_id, created_at=now,
        conditions=[{**kept.dump(), "said_at": now.isoformat()}],
    )  # fmt: skip
    session.add(segment)
    session.flush()
    store_rule(session, segment, now, zone, at_most=STORED_AT_ONCE)
    return segment


def store_rule(
    session: Session, segment: Segment, now: datetime, zone: str, *, at_most: int | None = None
) -> Moves | None:
    """Store who fits a rule now; None when they are more than `at_most`, so that they have to wait for the refresh."""
    if at_most is not None and live_size(session, segment, now, zone) > at_most:
        return None
    wanted = {(row.id, segment.id) for row in session.execute(live_members(session, segment, now, zone))}
    moves = keep_members(lambda: nullcontext(session), members(session, [segment.id]), wanted, now)
    segment.computed_at = now
    return moves


def rename(session: Session, segment: Segment, name: str) -> None:
    """Give a segment another name, in both languages; rules that refer to it follow.

    Raises:
        NameTaken: another segment has the name.
    """
    name = tidy_name(name)
    _refuse_taken(session, name, besides=segment.id)
    old = {_folded(each) for each in (segment.name, segment.name_en, segment.name_zh)}
    for other in _referring(session, segment):
        stored = other.conditions[0]
        entries = [
            {**entry, "value": name} if entry["field"] == "segment" and _folded(entry["value"]) in old else entry
            for entry in stored["all"]
        ]
        other.conditions = [{**stored, "all": entries}]
    segment.name = segment.name_en = segment.name_zh = name
    session.flush()


def retire(session: Session, segment: Segment, now: datetime) -> None:
    """Take a rule out of use; its members of the past are kept.

    Raises:
        NotRetirable: it is no rule, or another rule refers to it.
    """
    if segment.kind != "rule":
        raise NotRetirable(segment)
    using = [other.name for other in _referring(session, segment)]
    if using:
        raise NotRetirable(segment, using)
    keep_members(lambda: nullcontext(session), members(session, [segment.id]), (), now)
    segment.retired_at = now


def restore(session: Session, segment: Segment, now: datetime, zone: str) -> None:
    """Take a retired rule into use again, with who fits it now."""
    segment.retired_at = None
    session.flush()
    store_rule(session, segment, now, zone, at_most=STORED_AT_ONCE)


def tidy_name(name: str) -> str:
    """A name as it is kept: without quotes, in one line, not too long."""
    return " ".join(name.split()).strip("\"'“”「」『』‘’ .,，。:：")[:LONGEST_NAME].strip()


def _refuse_taken(session: Session, name: str, *, besides: int | None = None) -> None:
    taken = named(session, name, retired=True)
    if taken is not None and taken.id != besides:
        raise NameTaken(taken)


def _referring(session: Session, segment: Segment) -> list[Segment]:
    """Rules in use, one of whose conditions is about this segment."""
    names = {_folded(each) for each in (segment.name, segment.name_en, segment.name_zh)}
    return [
        other
        for other in in_use(session, "rule")
        if other.id != segment.id
        and any(one["field"] == "segment" and _folded(one["value"]) in names for one in other.conditions[0]["all"])
    ]


def _folded(name: Any) -> str:
    return str(name).strip().lower()
