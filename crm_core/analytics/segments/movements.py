"""Who is in which segment since when: members are kept as spans of time, so that coming and leaving can be counted.

Somebody is a member at a moment when `since` <= moment < `until`; an open `until` means now.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from crm_core.ids import new_id
from crm_core.models import Customer, SegmentMember

Membership = tuple[int, int]
"""(customer id, segment id)."""
Stored = Row[int, int, int, datetime]
"""The id of a row, customer, segment, since."""

CUSTOMERS_AT_ONCE = 20_000
"""Whose moves are written in one transaction: short enough that nobody has to wait long for the database."""
IDS_AT_ONCE = 5_000
"""Ids in one statement; SQLite allows 32,766 parameters."""


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


def _leave(session: Session, leaving: list[Membership], now: datetime) -> int:
    rows = _rows(session, leaving, SegmentMember.until.is_(None))
    for ids in _batches([row.id for row in rows if row.since >= now]):  # joined at this very moment: as if never
        session.execute(delete(SegmentMember).where(SegmentMember.id.in_(ids)))
    for ids in _batches([row.id for row in rows if row.since < now]):
        session.execute(update(SegmentMember).where(SegmentMember.id.in_(ids)).values(until=now))
    return len(rows)


def _join(session: Session, joining: list[Membership], now: datetime) -> int:
    """Open memberships of the customers that are still there; one that ended at this very moment goes on."""
    there: set[int] = set()
    for ids in _batches(sorted({customer_id for customer_id, _ in joining})):
        known = select(Customer.id).where(Customer.id.in_(ids), Customer.merged_into_id.is_(None))
        there.update(session.execute(known).scalars())
    ended = _rows(session, joining, SegmentMember.until == now)
    for ids in _batches([row.id for row in ended]):
        session.execute(update(SegmentMember).where(SegmentMember.id.in_(ids)).values(until=None))
    again = {(row.customer_id, row.segment_id) for row in ended}
    fresh = [
        {"id": new_id(), "segment_id": segment_id, "customer_id": customer_id, "since": now}
        for customer_id, segment_id in joining
        if customer_id in there and (customer_id, segment_id) not in again
    ]
    if fresh:
        session.execute(insert(SegmentMember), fresh)
    return len(fresh) + len(ended)


def _rows(session: Session, memberships: list[Membership], state: ColumnElement[bool]) -> list[Stored]:
    """The stored rows of these memberships; looked up by customer, who has few, not by segment, which has many."""
    wanted = set(memberships)
    found: list[Stored] = []
    columns = (SegmentMember.id, SegmentMember.customer_id, SegmentMember.segment_id, SegmentMember.since)
    for ids in _batches(sorted({customer_id for customer_id, _ in memberships})):
        rows = session.execute(select(*columns).where(SegmentMember.customer_id.in_(ids), state))
        found += [row for row in rows if (row.customer_id, row.segment_id) in wanted]
    return found


def _batches(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]


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
