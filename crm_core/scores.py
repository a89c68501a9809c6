"""Scores as they are read: the figure, the band it falls into and where bands begin. Mood is no stored score: it is
the mean of what was written lately, at the moment of asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, ScalarSelect, Subquery, case, func, select
from sqlalchemy.orm import Session

from crm_core.analytics.reasons import Reason, read_reasons
from crm_core.models import Consent, Interaction, Need, Score, Segment, SegmentMember

Band = Literal["high", "medium", "low"]
JOB = "know_customers"
"""The job that computes scores, needs and recommendations."""
HIGH_CHURN, MEDIUM_CHURN = 600, 300
"""Thousandths from which a chance of not buying counts as high, and as medium."""
TENTHS = 10
HIGH_VALUE_TENTHS, LOW_VALUE_TENTHS = 2, 5
"""Expected value is high in the top fifth of customers and low in the lower half."""
NEEDS = "needs"
PROFILING = "profiling"
"""The kind of consent without which nothing computed about a customer is used, once it was refused."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where bands of a score begin, in its own thousandths: high from `high` on, low below `low`."""

    high: int
    low: int

    def band(self, value_milli: int) -> Band:
        """The band of a figure."""
        if value_milli < self.low:
            return "low"
        return "high" if value_milli >= self.high else "medium"


@dataclass(frozen=True, slots=True)
class ScoreView:
    """A stored score of one customer with its band. `base_milli` and the effects of all reasons sum to the figure."""

    kind: str
    value_milli: int
    low_milli: int | None
    high_milli: int | None
    horizon_days: int | None
    model: str
    reasons: tuple[Reason, ...]
    computed_at: datetime
    data_until: datetime
    cuts: Cuts

    @property
    def band(self) -> Band:
        return self.cuts.band(self.value_milli)

    @property
    def base_milli(self) -> int:
        return self.value_milli - sum(reason.effect_milli for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class MoodView:
    """The mean mood of what a customer wrote since a moment; None when they wrote nothing that has one."""

    mean_milli: int | None
    messages: int
    since: datetime
    newest_at: datetime | None


def scores_of(session: Session, customer_id: int) -> dict[str, ScoreView]:
    """A customer's scores by kind."""
    query = select(Score).where(Score.customer_id == customer_id).order_by(Score.kind)
    return {row.kind: _view(session, row) for row in session.execute(query).scalars()}


def _view(session: Session, row: Score) -> ScoreView:
    return ScoreView(
        kind=row.kind,
        value_milli=row.value_milli,
        low_milli=row.low_milli,
        high_milli=row.high_milli,
        horizon_days=row.horizon_days,
        model=row.model or "",
        reasons=read_reasons(_stored(row.reasons)),
        computed_at=row.computed_at,
        data_until=row.data_until,
        cuts=cuts(session, row.kind, row.computed_at),
    )


def _stored(reasons: Any) -> list[Mapping[str, Any]]:
    return [each for each in reasons or () if isinstance(each, Mapping) and each.get("fact")]


def mood_of(session: Session, customer_id: int, since: datetime) -> MoodView:
    """How a customer's messages since a moment sound."""
    query = select(
        func.sum(Interaction.sentiment_milli),
        func.count(Interaction.sentiment_milli),
        func.max(Interaction.occurred_at),
    ).where(
        Interaction.customer_id == customer_id,
        Interaction.direction == "in",
        Interaction.sentiment_milli.is_not(None),
        Interaction.occurred_at > since,
    )
    total, count, newest = session.execute(query).one()
    return MoodView(round(int(total) / count) if total is not None else None, int(count), since, newest)


def rfm_name(session: Session, customer_id: int) -> tuple[str, str] | None:
    """The name of the customer's cell in the RFM grid, in English and Chinese."""
    query = (
        select(Segment.name_en, Segment.name_zh)
        .join(SegmentMember, SegmentMember.segment_id == Segment.id)
        .where(SegmentMember.customer_id == customer_id, SegmentMember.until.is_(None), Segment.kind == "rfm")
        .order_by(Segment.id)
    )
    row = session.execute(query.limit(1)).one_or_none()
    return (row.name_en, row.name_zh) if row else None


def computed(session: Session, kind: str) -> bool:
    """Whether any customer has a score of this kind, or of kind `needs` any needs."""
    query = select(Need.id) if kind == NEEDS else select(Score.id).where(Score.kind == kind)
    return session.execute(query.limit(1)).first() is not None


def refuses_profiling(session: Session, customer_id: int) -> bool:
    """Whether the customer's newest word about being profiled is no."""
    query = select(Consent.granted).where(Consent.customer_id == customer_id, Consent.kind == PROFILING)
    newest = query.order_by(Consent.occurred_at.desc(), Consent.id.desc()).limit(1)
    return session.execute(newest).scalar_one_or_none() is False


# --- bands ----------------------------------------------------------------------------------------------------------
_value_cuts: WeakKeyDictionary[Engine | Connection, tuple[datetime, Cuts]] = WeakKeyDictionary()


def cuts(session: Session, kind: str, computed_at: datetime) -> Cuts:
    """Where bands begin. Of the expected value that depends on all customers: counted once for each computation."""
    if kind != "value":
        return Cuts(HIGH_CHURN, MEDIUM_CHURN)
    bind = session.get_bind()
    kept = _value_cuts.get(bind)
    if kept is None or kept[0] < computed_at:
        high, low = session.execute(select(high_value_cut(), low_value_cut())).one()
        kept = _value_cuts[bind] = (computed_at, Cuts(int(high), int(low)))
    return kept[1]


def high_value_cut() -> ScalarSelect[Any]:
    """SQL: the least expected value in the top fifth that is not in the lower half, too."""
    tiles = _value_tiles()
    least = select(func.min(tiles.c.value_milli)).where(tiles.c.tile <= HIGH_VALUE_TENTHS).scalar_subquery()
    low = low_value_cut()
    return select(case((least >= low, least), else_=low)).scalar_subquery()


def low_value_cut() -> ScalarSelect[Any]:
    """SQL: what lies below is in the lower half; equal values are never split."""
    tiles = _value_tiles()
    return (
        select(func.coalesce(func.max(tiles.c.value_milli) + 1, 0)).where(tiles.c.tile > LOW_VALUE_TENTHS)
    ).scalar_subquery()


def _value_tiles() -> Subquery:
    tile = func.ntile(TENTHS).over(order_by=(Score.value_milli.desc(), Score.customer_id))
    return select(Score.value_milli, tile.label("tile")).where(Score.kind == "value").subquery()
