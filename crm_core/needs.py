"""What customers are likely to want next: of one customer in order, of many as the number to be expected."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm_core.analytics.reasons import Reason, read_reasons
from crm_core.models import Need

NeedKind = Literal["category", "contact"]
NOTHING = "none"
"""What a model says when it expects no contact at all."""


@dataclass(frozen=True, slots=True)
class NeedView:
    """One thing that a customer is likely to want, with its chance and why."""

    what: str
    chance_milli: int
    horizon_days: int
    reasons: tuple[Reason, ...]
    model: str
    computed_at: datetime
    data_until: datetime


@dataclass(frozen=True, slots=True)
class Expected:
    """How many customers are expected to want something: the sum of their chances."""

    what: str
    customers_milli: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What many customers want, the most expected first. `customers`: how many were looked at."""

    rows: tuple[Expected, ...]
    customers: int
    horizon_days: int
    computed_at: datetime
    data_until: datetime


def needs_of(session: Session, customer_id: int, kind: NeedKind) -> list[NeedView]:
    """What one customer is likely to want, the likeliest first."""
    query = select(Need).where(Need.customer_id == customer_id, Need.kind == kind, Need.what != NOTHING)
    return [
        NeedView(
            row.what, row.chance_milli, row.horizon_days, read_reasons(row.reasons or ()), row.model, row.computed_at,
            row.data_until,
        )
        for row in session.execute(query.order_by(Need.rank)).scalars()
    ]  # fmt: skip


def expected(session: Session, kind: NeedKind, among: Select[Any] | None = None, limit: int = 5) -> Expectation | None:
    """What customers are likely to want, all of them or those `among` (a query of ids); None when nothing is known."""
    tests = [Need.kind == kind]
    if among is not None:
        tests.append(Need.customer_id.in_(among))
    about = session.execute(
        select(
            func.count(func.distinct(Need.customer_id)),
            func.max(Need.horizon_days),
            func.min(Need.computed_at),
            func.min(Need.data_until),
        ).where(*tests)
    ).one()
    if not about[0]:
        return None
    total = func.sum(Need.chance_milli)
    query = select(Need.what, total).where(*tests, Need.what != NOTHING).group_by(Need.what)
    rows = session.execute(query.order_by(total.desc(), Need.what).limit(limit)).tuples()
    return Expectation(tuple(Expected(what, int(sum_)) for what, sum_ in rows), *about)


def likeliest(
    session: Session, kind: NeedKind, what: str | None, among: Select[Any] | None = None, limit: int = 10
) -> list[tuple[int, str, int]]:
    """Who is most likely to want something, or anything: id of the customer, what, and the chance in thousandths."""
    tests = [Need.kind == kind, Need.what != NOTHING, Need.rank == 1 if what is None else Need.what == what]
    if among is not None:
        tests.append(Need.customer_id.in_(among))
    query = select(Need.customer_id, Need.what, Need.chance_milli).where(*tests)
    rows = session.execute(query.order_by(Need.chance_milli.desc(), Need.customer_id).limit(limit)).tuples()
    return [(customer_id, found, chance) for customer_id, found, chance in rows]
