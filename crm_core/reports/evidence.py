"""The records behind a figure: which rows were counted, and what they say. Posts that say the same are one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm_core.listening import pictures
from crm_core.models import Case, Customer, Interaction, Order, Post, Rating
from crm_core.reports.metrics import METRICS, Values, narrowings
from crm_core.reports.periods import Period
from crm_core.voices.spoken import spoken

KINDS = {"interactions": "messages", "orders": "orders", "customers": "customers", "ratings": "ratings",
         "cases": "cases", "posts": "posts"}  # fmt: skip
"""Table that a figure counts -> what its rows are called."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `text` is what was written; `label` a number, a status or an intent, by kind.

    Of posts, `alike` is how many more say the same, `loud` how often they were liked, answered and shared; `post_id`
    which one this is; `in_picture` what is written in their pictures, `same_picture` how many other posts carry one
    that looks the same.
    Of messages, `transcribed`: they were said in a recording, and written down by a machine.
    """

    at: datetime
    customer: str
    number: int | None
    text: str
    label: str = ""
    channel: str = ""
    staff_id: int | None = None
    score: int | None = None
    amount_minor: int | None = None
    currency: str = ""
    url: str = ""
    alike: int = 0
    loud: int = 0
    in_picture: str = ""
    same_picture: int = 0
    post_id: int | None = None
    transcribed: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """A page of the records behind a figure, newest first, and how many there are."""

    kind: str
    rows: tuple[Row, ...]
    total: int


def behind(
    session: Session,
    metric: str,
    period: Period,
    only: Values,
    without: Values,
    *,
    offset: int = 0,
    limit: int = 10,
    scores: Sequence[int] = (),
    loudest: bool = False,
    where: Sequence[ColumnElement[bool]] = (),
) -> Behind:
    """The records that a figure counted; of ratings only those with one of `scores`, if any are given.

    Args:
        where: what else narrows it (`subjects.py`).
        loudest: posts that were liked, answered and shared most come first.

    Raises:
        NotMeasured: the figure cannot be narrowed in that way.
    """
    asked = METRICS[metric]
    record, at = asked.source.record, asked.source.at
    narrowed = narrowings(metric, only, without)
    joins = {id(target): (target, on) for one in narrowed for target, on in one.by.joins}
    query = select(record.id, at.label("at")).select_from(record)
    for target, on in joins.values():
        query = query.join(target, on)
    query = query.where(
        *asked.where, *where, *(one.condition() for one in narrowed), at >= period.start, at < period.end
    )
    if record is Post:
        return _posts(session, query, offset, limit, loudest=loudest)
    if scores:
        query = query.where(Rating.score.in_(list(scores)))
    query = query.distinct()
    total = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    page = query.order_by(at.desc(), record.id.desc()).offset(offset).limit(limit)
    ids = [row.id for row in session.execute(page)]
    rows = rows_of(session, record, ids)
    if record is Interaction:
        said = spoken(session, ids)
        rows = tuple(replace(row, transcribed=key in said) for key, row in zip(ids, rows, strict=True))
    return Behind(KINDS[record.__tablename__], rows, total)


def posts_of(session: Session, customer_id: int, period: Period | None, *, offset: int, limit: int) -> Behind:
    """What a customer said in public, as far as posts are tied to them."""
    query = select(Post.id).where(Post.customer_id == customer_id, Post.kind != "reaction")
    if period is not None:
        query = query.where(Post.occurred_at >= period.start, Post.occurred_at < period.end)
    return _posts(session, query, offset, limit)


def _posts(session: Session, query: Select[Any], offset: int, limit: int, *, loudest: bool = False) -> Behind:
    """A page of posts, those that say the same folded into the first of them."""
    first = func.min(Post.id).label("id")
    loud = func.sum(Post.likes + Post.replies + Post.shares).label("loud")
    folded = query.with_only_columns(first, func.count().label("times"), loud)
    folded = folded.group_by(func.coalesce(Post.duplicate_of_id, Post.id))
    total = session.execute(select(func.count()).select_from(folded.subquery())).scalar_one()
    order = (loud.desc(), first.desc()) if loudest else (func.min(Post.occurred_at).desc(), first.desc())
    page = list(session.execute(folded.order_by(*order).offset(offset).limit(limit)))
    ids = [each.id for each in page]
    words, same = pictures.words_of(session, ids), pictures.alike(session, ids)
    rows = (
        replace(
            row, alike=each.times - 1, loud=int(each.loud), in_picture=words.get(each.id, ""),
            same_picture=same.get(each.id, 0),
        )
        for row, each in zip(rows_of(session, Post, ids), page, strict=True)
    )  # fmt: skip
    return Behind("posts", tuple(rows), total)


def rows_of(session: Session, record: Any, ids: Sequence[int]) -> tuple[Row, ...]:
    """The records in the order of their ids, with whose they are."""
    if record is Customer:
        people = session.execute(select(Customer).where(Customer.id.in_(list(ids)))).scalars()
        found = {one.id: (one, one) for one in people}
    else:
        query = select(record, Customer).outerjoin(Customer, Customer.id == record.customer_id)
        found = {row[0].id: (row[0], row[1]) for row in session.execute(query.where(record.id.in_(list(ids))))}
    return tuple(_READERS[record.__tablename__](*found[key]) for key in ids if key in found)


def _whose(customer: Customer | None) -> tuple[str, int | None]:
    return ((customer.name or "") if customer else "", customer.number if customer else None)


def _message(row: Interaction, customer: Customer | None) -> Row:
    return Row(
        row.occurred_at, *_whose(customer), row.text or "", label=row.intent or "", channel=row.channel,
        staff_id=row.staff_id,
    )  # fmt: skip


def _order(row: Order, customer: Customer | None) -> Row:
    return Row(
        row.placed_at, *_whose(customer), row.number, label=row.status, amount_minor=row.total_minor,
        currency=row.currency,
    )  # fmt: skip


def _customer(row: Customer, customer: Customer | None) -> Row:
    return Row(row.first_seen_at, *_whose(customer), row.city or "", label=row.tier or "")


def _rating(row: Rating, customer: Customer | None) -> Row:
    at = row.given_at or row.asked_at
    return Row(at, *_whose(customer), row.comment or "", staff_id=row.staff_id, score=row.score)


def _case(row: Case, customer: Customer | None) -> Row:
    return Row(
        row.closed_at or row.opened_at, *_whose(customer), row.title or "", label=str(row.number),
        channel=row.status, staff_id=row.owner_id,
    )  # fmt: skip


def _post(row: Post, customer: Customer | None) -> Row:
    """Public posts are shown under the name they were written under, whoever that is."""
    return Row(
        row.occurred_at, row.author or "", None, row.text or "", label=row.need or "", channel=row.connector,
        url=row.url or "", post_id=row.id,
    )  # fmt: skip


_READERS: dict[str, Any] = {
    "interactions": _message, "orders": _order, "customers": _customer, "ratings": _rating, "cases": _case,
    "posts": _post,
}  # fmt: skip
