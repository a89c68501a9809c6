"""Who is in which segment since when: members are kept as spans of time, so that coming and leaving can be counted.

Somebody is a member at a moment when `since` <= moment < `until`; an open `until` means now.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from crm_core.ids import new_id
from crm_core.models import Customer, SegmentMember

Membership = tuple[int, int]
"""(customer id, segment id)."""

CUSTOMERS_AT_ONCE = 20_000
"""Whose moves are written in one transaction: short enough that nobody has to wait long for the database."""
IDS_AT_ONCE = 500
"""Ids in one statement; SQLite allows a few thousand parameters."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How many joined and left."""

    joined: int = 0
    left: int = 0


def members(session: Session, segment_ids: Collection[int]) -> set[Membership]:
    """Who is in these segments now."""
    query = select(SegmentMember.customer_id, SegmentMember.segment_id).where(
        SegmentMember.segment_id.in_(segment_ids), SegmentMember.until.is_(None)
    )
    rows = session.execute(query.execution_options(yield_per=10_000))
    return {(customer_id, segment_id) for customer_id, segment_id in rows}


def keep_members(
    write: Callable[[], AbstractContextManager[Session]],
    before: Collection[Membership],
    wanted: Collection[Membership],
    now: datetime,
) -> Moves:
    """Store who is a member from now on, given who was until now.

    All moves of one customer are written together, so that nobody is in two places, or in none, for a moment.

    Args:
        write: opens a transaction; one is opened for every part of the customers.
    """
    before, wanted = set(before), set(wanted)
    moving = sorted([(*one, False) for one in before - wanted] + [(*one, True) for one in wanted - before])
    joined = left = 0
    for part in _parts(moving):
        leaving = [(customer, segment) for customer, segment, joins in part if not joins]
        joining = [(customer, segment) for customer, segment, joins in part if joins]
        with write() as session:
            left += _leave(session, leaving, now)
            joined += _join(session, joining, now)
    return Moves(joined, left)


def _parts(moving: list[tuple[int, int, bool]]) -> Iterator[list[tuple[int, int, bool]]]:
    """Moves by customer, many customers at once."""
    part: list[tuple[int, int, bool]] = []
    for _, each in groupby(moving, key=lambda move: move[0]):
        part += each
        if len(part) >= CUSTOMERS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _by_segment(memberships: Iterable[Membership]) -> Iterator[tuple[int, list[int]]]:
    """(segment, customers), not more customers at once than a statement takes."""
    for segment_id, each in groupby(sorted(memberships, key=lambda one: one[::-1]), key=lambda one: one[1]):
        ids = [customer_id for customer_id, _ in each]
        for start in range(0, len(ids), IDS_AT_ONCE):
            yield segment_id, ids[start : start + IDS_AT_ONCE]


def _leave(session: Session, leaving: list[Membership], now: datetime) -> int:
    for segment_id, ids in _by_segment(leaving):
        theirs = (
            SegmentMember.segment_id == segment_id, SegmentMember.customer_id.in_(ids), SegmentMember.until.is_(None)
        )  # fmt: skip
        session.execute(delete(SegmentMember).where(*theirs, SegmentMember.since >= now))  # joined at this very moment
        session.execute(update(SegmentMember).where(*theirs).values(until=now))
    return len(leaving)


def _join(session: Session, joining: list[Membership], now: datetime) -> int:
    """Open memberships of the customers that are still there; one that ended at this very moment goes on."""
    count = 0
    for segment_id, ids in _by_segment(joining):
        known = select(Customer.id).where(Customer.id.in_(ids), Customer.merged_into_id.is_(None))
        there = set(session.execute(known).scalars())
        again = update(SegmentMember).where(
            SegmentMember.segment_id == segment_id, SegmentMember.customer_id.in_(there), SegmentMember.until == now
        )
        back = set(session.execute(again.values(until=None).returning(SegmentMember.customer_id)).scalars())
        rows = [
            {"id": new_id(), "segment_id": segment_id, "customer_id": customer_id, "since": now}
            for customer_id in ids
            if customer_id in there - back
        ]
        if rows:
            session.execute(insert(SegmentMember), rows)
        count += len(there)
    return count


# --- counting -------------------------------------------------------------------------------------------------------
def size_at(session: Session, segment_id: int, moment: datetime) -> int:
    """How many were members at a moment."""
    query = select(func.count()).where(
        SegmentMember.segment_id == segment_id,
        SegmentMember.since <= moment,
        or_(SegmentMember.until.is_(None), SegmentMember.until > moment),
    )
    return int(session.execute(query).scalar_one())


def moves_between(session: Session, segment_id: int, since: datetime, until: datetime) -> Moves:
    """How many joined and left after a moment, up to another one (included)."""
    counts = [
        session.execute(
            select(func.count()).where(SegmentMember.segment_id == segment_id, column > since, column <= until)
        ).scalar_one()
        for column in (SegmentMember.since, SegmentMember.until)
    ]
    return Moves(*counts)
