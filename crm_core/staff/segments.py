"""Segments as one member of staff may see and change them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.analytics.segments import store as segments
from crm_core.analytics.segments.figures import Side, side
from crm_core.analytics.segments.movements import Moves, moves_between, size_at
from crm_core.errors import NotFound
from crm_core.models import Segment
from crm_core.query.conditions import Condition, Conditions

LOOKED_BACK = (7, 30)
"""Days ago that a segment's size is held against."""
SIZES_RIGHT = ("segment.read", "segments", ("count",))
SIDES_RIGHT = ("segment.read", "segments", ("count", "spend", "orders", "mood", "complaints"))
"""What has to be permitted before sizes, and figures of several sides, are given out."""
Permit = Callable[[str, str, Sequence[str]], None]


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment. `conditions`: of a rule, as they are meant now. `computed_at`: when its members were stored."""

    segment_id: int
    name: str
    name_en: str
    name_zh: str
    kind: str
    description_en: str
    description_zh: str
    conditions: Conditions | None
    computed_at: datetime | None

    def called(self, language: str) -> str:
        """Its name in a language."""
        return self.name_zh if language == "zh" else self.name_en

    def described(self, language: str) -> str:
        """What it means, in a language; empty for rules, whose conditions say it."""
        return self.description_zh if language == "zh" else self.description_en


@dataclass(frozen=True, slots=True)
class SizeBefore:
    """How many there were some days ago, and who came and left since."""

    days: int
    count: int
    moves: Moves


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """How many are in a segment now; only days since when its members are stored can be looked back to."""

    segment: SegmentView
    count: int
    everybody: int
    before: tuple[SizeBefore, ...]


class StaffSegments:
    """Segments for managers; `permit` lets each act through and notes it."""

    def __init__(self, session: Session, permit: Permit, actor: Actor, now: datetime, zone: str) -> None:
        self._session = session
        self._permit = permit
        self._actor = actor
        self._now = now
        self._zone = zone

    # --- reading ----------------------------------------------------------------------------------------------------
    def all(self) -> list[SegmentView]:
        """Every segment in use; names alone, so that nothing has to be noted."""
        return [self._view(segment) for segment in segments.in_use(self._session)]

    def with_id(self, segment_id: int) -> SegmentView | None:
        """A segment in use."""
        segment = self._session.get(Segment, segment_id)
        return self._view(segment) if segment and segment.retired_at is None else None

    def count(self, conditions: Conditions) -> int:
        """How many customers fit conditions now."""
        self._permit("segment.read", "customers", ("count",))
        return self._count(conditions)

    def size(self, segment_id: int) -> SegmentSize:
        """How many are in a segment now, and were before."""
        segment = self._row(segment_id)
        self._permit("segment.read", f"segment:{segment.name}", ("count",))
        return self._size(segment, self._count(Conditions()))

    def sizes(self, segment_ids: Sequence[int]) -> list[SegmentSize]:
        """The same of several."""
        self._permit(*SIZES_RIGHT)
        everybody = self._count(Conditions())
        return [self._size(self._row(segment_id), everybody) for segment_id in segment_ids]

    def _size(self, segment: Segment, everybody: int) -> SegmentSize:
        count = segments.live_size(self._session, segment, self._now, self._zone)
        known = [days for days in LOOKED_BACK if segment.created_at <= self._now - timedelta(days=days)]
        before = tuple(self._before(segment.id, days) for days in known)
        return SegmentSize(self._view(segment), count, everybody, before)

    def sides(self, compared: Sequence[Conditions]) -> list[Side]:
        """The figures of what fits each of several conditions."""
        self._permit(*SIDES_RIGHT)
        found = [segments.customers(self._session, one, self._now, self._zone) for one in compared]
        return [side(self._session, query, self._now) for query in found]

    def _before(self, segment_id: int, days: int) -> SizeBefore:
        then = self._now - timedelta(days=days)
        moves = moves_between(self._session, segment_id, then, self._now)
        return SizeBefore(days, size_at(self._session, segment_id, then), moves)

    def _count(self, conditions: Conditions) -> int:
        query = segments.customers(self._session, conditions, self._now, self._zone).order_by(None).subquery()
        return int(self._session.execute(select(func.count()).select_from(query)).scalar_one())

    # --- changing ---------------------------------------------------------------------------------------------------
    def save(self, name: str, conditions: Conditions) -> SegmentView:
        """Keep conditions under a name.

        Raises:
            NameTaken: another segment has it.
        """
        self._permit("segment.write", f"segment:{segments.tidy_name(name)}", _fields(conditions))
        segment = segments.save_rule(
            self._session, name, conditions, staff_id=self._actor.staff_id, now=self._now, zone=self._zone
        )
        return self._view(segment)

    def rename(self, segment_id: int, name: str) -> SegmentView:
        """Give a segment another name.

        Raises:
            NameTaken: another segment has it.
        """
        segment = self._row(segment_id)
        self._permit("segment.write", f"segment:{segment.name}", ("name",))
        segments.rename(self._session, segment, name)
        return self._view(segment)

    def retire(self, segment_id: int) -> SegmentView:
        """Take a rule out of use.

        Raises:
            NotRetirable: it is no rule, or a part of another one.
        """
        segment = self._row(segment_id)
        self._permit("segment.write", f"segment:{segment.name}", ("retired",))
        segments.retire(self._session, segment, self._now)
        return self._view(segment)

    def restore(self, segment_id: int) -> SegmentView:
        """Take a retired rule into use again; one that is in use stays as it is."""
        segment = self._row(segment_id)
        self._permit("segment.write", f"segment:{segment.name}", ("retired",))
        if segment.retired_at is not None and segment.kind == "rule":
            segments.restore(self._session, segment, self._now, self._zone)
        return self._view(segment)

    # --- inside -----------------------------------------------------------------------------------------------------
    def _row(self, segment_id: int) -> Segment:
        segment = self._session.get(Segment, segment_id)
        if segment is None:
            raise NotFound("There is no such segment (any more).")
        return segment

    def _view(self, segment: Segment) -> SegmentView:
        return SegmentView(
            segment.id, segment.name, segment.name_en, segment.name_zh, segment.kind, segment.description_en,
            segment.description_zh, segments.definition(segment, self._now, self._zone), segment.computed_at,
        )  # fmt: skip


def is_in(segment: SegmentView) -> Conditions:
    """The conditions that fit who is in a segment."""
    return Conditions(all=(Condition("segment", "is", segment.name),))


def _fields(conditions: Conditions) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.field for one in conditions.all))
