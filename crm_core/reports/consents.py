"""Who allowed or withdrew what: standing at the end of a period, and what changed within it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, distinct, func, select
from sqlalchemy.orm import Session

from crm_core.models import Consent, Customer
from crm_core.reports.periods import Period


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One kind of message on one channel ("" means all). `allowed` and `refused` are people, by their newest word."""

    kind: str
    channel: str
    allowed: int
    refused: int
    allowed_before: int
    refused_before: int
    opted_in: int
    opted_out: int


@dataclass(frozen=True, slots=True)
class Consents:
    """All lines, and how many customers there are; whoever is in none of the lines never said anything."""

    lines: tuple[ConsentLine, ...]
    customers: int


def consents(session: Session, period: Period, before: Period, *, kind: str = "", channel: str = "") -> Consents:
    """The figures at the end of a period, against the end of another, and the changes within it."""
    wanted: list[ColumnElement[bool]] = [Consent.kind == kind] if kind else []
    wanted += [Consent.channel.in_(["", channel])] if channel else []
    now, then = _standing(session, period.end, wanted), _standing(session, before.end, wanted)
    ins, outs = (_changes(session, period, wanted, granted=granted) for granted in (True, False))
    keys = sorted({*now, *then, *ins, *outs})
    lines = tuple(
        ConsentLine(*key, *now.get(key, (0, 0)), *then.get(key, (0, 0)), ins.get(key, 0), outs.get(key, 0))
        for key in keys
    )
    people = select(func.count(Customer.id)).where(Customer.kind != "visitor", Customer.merged_into_id.is_(None))
    return Consents(lines, session.execute(people).scalar_one())


def _standing(session: Session, at: datetime, wanted: list[Any]) -> dict[tuple[str, str], tuple[int, int]]:
    """How many allow and refuse at a moment: the newest word of each customer counts."""
    rank = func.row_number().over(
        partition_by=(Consent.customer_id, Consent.kind, Consent.channel),
        order_by=(Consent.occurred_at.desc(), Consent.id.desc()),
    )
    said = select(Consent.kind, Consent.channel, Consent.granted, rank.label("rank"))
    newest = said.where(Consent.occurred_at < at, *wanted).subquery()
    granted = func.sum(cast(newest.c.granted, Integer))
    query = select(newest.c.kind, newest.c.channel, granted, func.count()).where(newest.c.rank == 1)
    rows = session.execute(query.group_by(newest.c.kind, newest.c.channel))
    return {(kind, channel): (int(allowed), int(count) - int(allowed)) for kind, channel, allowed, count in rows}


def _changes(session: Session, period: Period, wanted: list[Any], *, granted: bool) -> dict[tuple[str, str], int]:
    """How many people said yes (or no) within a period."""
    query = select(Consent.kind, Consent.channel, func.count(distinct(Consent.customer_id))).where(
        Consent.granted.is_(granted), Consent.occurred_at >= period.start, Consent.occurred_at < period.end, *wanted
    )
    rows = session.execute(query.group_by(Consent.kind, Consent.channel))
    return {(kind, channel): int(count) for kind, channel, count in rows}
