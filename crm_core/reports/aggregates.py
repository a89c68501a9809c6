"""Counts, sums, means and medians over a period, split by a column or by local days: one statement each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    Subquery,
    distinct,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    values,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from crm_core.models import UtcDateTime
from crm_core.reports.periods import Period, Unit

Kind = Literal["distinct", "sum", "mean", "median", "span"]
"""A median is of the time between two moments; a span adds these times up."""
Join = tuple[Any, ColumnElement[bool]]
Spans = Sequence[tuple[date, datetime, datetime]]


@dataclass(frozen=True)
class Source:
    """Where rows come from: a record, the column that says when, and what each dimension must be joined with."""

    record: Any
    at: Any
    joins: Mapping[str, tuple[Join, ...]]


@dataclass(frozen=True, eq=False)
class Aggregate:
    """A column to split or narrow by, with the joins it needs. `instead`: what is summed up once it takes part."""

    column: Any
    joins: tuple[Join, ...] = ()
    instead: Any = None
    test: Callable[[str], ColumnElement[bool]] | None = None

    def one_of(self, values: Sequence[str]) -> ColumnElement[bool]:
        """Whether a row's value is one of these; `test` knows other spellings."""
        return or_(*(self.test(value) for value in values)) if self.test else self.column.in_(list(values))


@dataclass(frozen=True, eq=False)
class Narrowing:
    """Only rows with one of these values, or (`excluded`) only the others; a row without a value is among these."""

    by: Aggregate
    values: tuple[str, ...]
    excluded: bool = False

    def condition(self) -> ColumnElement[bool]:
        """As SQL."""
        test = self.by.one_of(self.values)
        return not_(func.coalesce(test, false())) if self.excluded else test


@dataclass(frozen=True, slots=True)
class Grouped:
    """One group: whole numbers as the database added them up. For medians `terms` is how many were added (1 or 2)."""

    key: str | None
    total: int
    count: int
    terms: int = field(default=1)


class micros(GenericFunction[int]):
    """Microseconds since 1970 of a UTC time, exactly, on every database."""

    type = BigInteger()
    inherit_cache = True


@compiles(micros, "sqlite")
def _micros_sqlite(element: micros, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)  # stored as 2026-11-23 04:00:00.000000
    seconds, rest = f"strftime('%s', substr({text}, 1, 19))", f"substr({text}, 21, 6)"
    return f"(CAST({seconds} AS INTEGER) * 1000000 + CAST({rest} AS INTEGER))"


@compiles(micros, "postgresql")
def _micros_postgresql(element: micros, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **options)}) * 1000000 AS BIGINT)"


def aggregate(
    session: Session,
    source: Source,
    kind: Kind,
    what: Any,
    where: Sequence[ColumnElement[bool]],
    period: Period,
    *,
    by: Aggregate | None = None,
    unit: Unit | None = None,
    only: Sequence[Narrowing] = (),
) -> list[Grouped]:
    """The groups that occur, or one a bucket with `unit`; without either, one for everything (none where no row is).

    Args:
        what: the column that is counted or added up; for medians the pair of times between which they are.
    """
    spans = list(period.buckets(unit)) if unit else []
    part = Part(source, [*([by] if by else []), *(narrowing.by for narrowing in only)], spans, what)
    conditions = [*where, *(narrowing.condition() for narrowing in only)]
    conditions += [source.at >= period.start, source.at < period.end]
    key: Any = by.column if by else part.bucket if unit else None
    if kind in ("median", "span"):
        statement = (_median if kind == "median" else _span)(part, key, conditions)
    else:
        statement = _added(part, kind, key, conditions)
    found = [
        Grouped(None if name is None else str(name), int(total), int(count), int(terms))
        for name, total, count, terms in session.execute(statement)
        if count
    ]
    return _in_order(found, spans) if unit else found


class Part:
    """The tables of one statement, joined once each."""

    def __init__(self, source: Source, taking_part: Sequence[Aggregate], spans: Spans, what: Any) -> None:
        self.source = source
        self.what = next((each.instead for each in taking_part if each.instead is not None), what)
        self._joins = {id(target): (target, on) for each in taking_part for target, on in each.joins}
        self._spans = spans
        self._buckets: Any = None
        if spans:
            columns: list[Column[Any]] = [
                Column("position", Integer), Column("since", UtcDateTime), Column("until", UtcDateTime)
            ]  # fmt: skip
            data = [(position, start, end) for position, (_, start, end) in enumerate(spans)]
            self._buckets = values(*columns, name="given").data(data).cte("buckets", nesting=False)

    @property
    def bucket(self) -> Any:
        return self._buckets.c.position

    def tables(self, statement: "Select[Any]") -> "Select[Any]":
        statement = statement.select_from(self.source.record)
        for target, on in self._joins.values():
            statement = statement.join(target, on)
        if self._buckets is not None:
            at = self.source.at
            statement = statement.join(self._buckets, (at >= self._buckets.c.since) & (at < self._buckets.c.until))
        return statement


def _added(part: Part, kind: Kind, key: Any, conditions: Sequence[ColumnElement[bool]]) -> "Select[Any]":
    if kind == "distinct":
        count: SQLColumnExpression[Any] = func.count(distinct(part.what))
        total: SQLColumnExpression[Any] = count
    else:
        count, total = func.count(), func.coalesce(func.sum(part.what), 0)
    statement = part.tables(select(_named(key), total, count, literal(1))).where(*conditions)
    return statement if key is None else statement.group_by(key)


def _span(part: Part, key: Any, conditions: Sequence[ColumnElement[bool]]) -> "Select[Any]":
    """Microseconds between the two moments, added up."""
    pair = _pairs(part, key, conditions)
    span = micros(pair.c.until) - micros(pair.c.since)
    added = select(null() if key is None else pair.c.key, func.coalesce(func.sum(span), 0), func.count(), literal(1))
    added = added.where(pair.c.until.is_not(None))
    return added if key is None else added.group_by(pair.c.key)


def _pairs(part: Part, key: Any, conditions: Sequence[ColumnElement[bool]]) -> Subquery:
    since, until = part.what
    columns = (_named(key), part.source.record.id.label("id"), since.label("since"), until.label("until"))
    return part.tables(select(*columns)).where(*conditions).subquery()


def _median(part: Part, key: Any, conditions: Sequence[ColumnElement[bool]]) -> "Select[Any]":
    """The middle one or two of each group: where twice the rank is the number of them, give or take one."""
    pair = _pairs(part, key, conditions)
    span = micros(pair.c.until) - micros(pair.c.since)
    ranked = (
        select(
            pair.c.key,
            span.label("span"),
            func.row_number().over(partition_by=pair.c.key, order_by=(span, pair.c.id)).label("rank"),
            func.count().over(partition_by=pair.c.key).label("amount"),
        )
        .where(pair.c.until.is_not(None))
        .subquery()
    )
    twice = ranked.c.rank * 2
    return (
        select(ranked.c.key, func.sum(ranked.c.span), ranked.c.amount, func.count())
        .where(twice >= ranked.c.amount, twice <= ranked.c.amount + 2)
        .group_by(ranked.c.key, ranked.c.amount)
    )


def _named(key: Any) -> Any:
    return (null() if key is None else key).label("key")


def _in_order(found: Sequence[Grouped], spans: Spans) -> list[Grouped]:
    """One group a bucket, named by its first day; empty ones are zero."""
    by_position = {int(group.key or 0): group for group in found}
    ordered = []
    for position, (first, _, _) in enumerate(spans):
        group = by_position.get(position)
        name = first.isoformat()
        ordered.append(Grouped(name, group.total, group.count, group.terms) if group else Grouped(name, 0, 0))
    return ordered
