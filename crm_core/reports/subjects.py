"""What a figure can be about besides its dimensions: customers of a segment, and what texts name or say.

Texts are sealed, so that they are read one by one. That is meant for the days and weeks that an alert looks at.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from crm_core.listening.pictures import words_of
from crm_core.models import Customer, Post, Product, Segment, SegmentMember
from crm_core.reports.evidence import Behind, behind
from crm_core.reports.metrics import METRICS, Figure, NotMeasured, Values, dimensions, measure, narrowings
from crm_core.reports.periods import Period

SEGMENT, PRODUCT, SAYS = "segment", "product", "says"
SPOKEN = ("messages", "conversations", "mood", "complaints")
"""Figures of what customers write to us."""
_PUBLIC = ("voice", "voice_mood", "mentions", "post_mood")
_BATCH = 500


def subjects(metric: str) -> tuple[str, ...]:
    """All that a figure can be narrowed by."""
    return (*METRICS[metric].by, *(name for name in _further(metric) if name not in METRICS[metric].by))


def measured(session: Session, metric: str, period: Period, only: Values, without: Values) -> Figure:
    """`measure`, of these subjects.

    Raises:
        NotMeasured: it cannot be narrowed by one of them.
    """
    own, where = _narrowed(session, metric, period, only, without)
    return measure(session, metric, period, only=own, without=without, where=where)


def records_of(session: Session, metric: str, period: Period, only: Values, without: Values, limit: int) -> Behind:
    """The newest records behind a figure of these subjects.

    Raises:
        NotMeasured: it cannot be narrowed by one of them.
    """
    own, where = _narrowed(session, metric, period, only, without)
    return behind(session, metric, period, own, without, limit=limit, where=where)


def _further(metric: str) -> tuple[str, ...]:
    if metric in _PUBLIC:
        return (SAYS,)
    return (SEGMENT, PRODUCT, SAYS) if metric in SPOKEN else (SEGMENT,)


def _narrowed(
    session: Session, metric: str, period: Period, only: Values, without: Values
) -> tuple[Values, list[ColumnElement[bool]]]:
    """Its dimensions, and what else it is narrowed by as SQL."""
    own = {name: values for name, values in only.items() if name in METRICS[metric].by}
    rest = {name: values for name, values in only.items() if name not in own}
    wrong = next((name for name in rest if name not in _further(metric)), None)
    wrong = wrong or next((name for name in without if name not in METRICS[metric].by), None)
    if wrong:
        raise NotMeasured(metric, wrong, (*dimensions(metric), *subjects(metric)))
    where = [_in_segment(metric, rest[SEGMENT])] if SEGMENT in rest else []
    named = [_named(session, rest[PRODUCT])] if PRODUCT in rest else []
    named += [[str(word) for word in rest[SAYS]]] if SAYS in rest else []
    if named:
        narrowed = [one.condition() for one in narrowings(metric, own, without)]
        joins = [join for name in (*own, *without) for join in METRICS[metric].by[name].joins]
        ids = list(_saying(session, metric, period, [*narrowed, *where], joins, [_pattern(each) for each in named]))
        where.append(METRICS[metric].source.record.id.in_(ids))
    return own, where


def _in_segment(metric: str, names: Sequence[str]) -> ColumnElement[bool]:
    """Whose customer is in one of these segments now."""
    record = METRICS[metric].source.record
    wanted = [str(name).lower() for name in names]
    known = or_(*(func.lower(column).in_(wanted) for column in (Segment.name, Segment.name_en, Segment.name_zh)))
    members = select(SegmentMember.customer_id).join(Segment, Segment.id == SegmentMember.segment_id)
    members = members.where(known, SegmentMember.until.is_(None))
    key: Any = Customer.id if record is Customer else record.customer_id
    found: ColumnElement[bool] = key.in_(members)
    return found


def _named(session: Session, skus: Sequence[str]) -> list[str]:
    """All that people call these products."""
    products = session.scalars(select(Product).where(Product.sku.in_(list(skus))))
    return [name for one in products for name in (one.sku, one.name_en, one.name_zh, *one.aliases) if name]


def _saying(
    session: Session,
    metric: str,
    period: Period,
    narrowed: Sequence[ColumnElement[bool]],
    joins: Sequence[Any],
    patterns: Sequence[re.Pattern[str]],
) -> Iterator[int]:
    """The ids of what was said in which each of the patterns is found."""
    asked = METRICS[metric]
    record: Any = asked.source.record
    query = select(record).where(
        *asked.where, *narrowed, asked.source.at >= period.start, asked.source.at < period.end
    )  # fmt: skip
    for target, on in {id(target): (target, on) for target, on in joins}.values():
        query = query.join(target, on)
    for rows in session.scalars(query.execution_options(yield_per=_BATCH)).partitions():
        shown = words_of(session, [row.id for row in rows]) if record is Post else {}
        for row in rows:
            text = f"{row.text or ''}\n{shown.get(row.id, '')}".casefold()
            if all(pattern.search(text) for pattern in patterns):
                yield row.id


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Any of these words, in whatever form English gives them."""
    return re.compile("|".join(_form(word.casefold()) for word in words if word) or r"(?!)")


def _form(word: str) -> str:
    escaped = re.escape(word)
    return rf"(?<![a-z0-9]){escaped}(?:s|es|d|ed|ing|'s)?(?![a-z0-9])" if word.isascii() else escaped
