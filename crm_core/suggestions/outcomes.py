"""What became of suggestions: done, answered, followed by a purchase, lapsed; and a report of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.campaigns.effect import ENOUGH_BOUGHT, ENOUGH_HEADS, Difference, difference_of_shares
from crm_core.customers import COUNTED
from crm_core.models import Interaction, Order, Suggestion, Task
from crm_core.suggestions.kinds import KINDS
from crm_core.suggestions.worth import Fared, fared, gain_milli

GIVE_UP = timedelta(days=7)
"""What was approved and is not done so long after its deadline lapses."""


def follow(session: Session, now: datetime, watch_days: int) -> dict[str, int]:
    """Note what happened since to all of which it is not clear yet what came of them; safe to run again.

    The days in which a purchase counts begin when a suggestion is made, whatever became of it: those acted on, left and
    held back are measured alike.
    """
    counts = {"done": 0, "lapsed": 0, "settled": 0}
    query = select(Suggestion).where(Suggestion.settled_at.is_(None)).order_by(Suggestion.id)
    for row in session.execute(query.with_for_update(skip_locked=True)).scalars():
        before = row.state
        _move_on(session, row, now)
        counts[row.state] = counts.get(row.state, 0) + (row.state != before)
        counts["settled"] += _watch(session, row, now, timedelta(days=watch_days))
    session.flush()
    return {name: counts[name] for name in ("done", "lapsed", "settled")}


def _move_on(session: Session, row: Suggestion, now: datetime) -> None:
    if row.state == "approved":
        row.done_at = _acted(session, row)
        if row.done_at is not None:
            row.state, row.open_kind = "done", None
    patience = GIVE_UP if row.state == "approved" else timedelta()
    if row.state in ("proposed", "approved") and now > row.lapses_at + patience:
        row.state, row.open_kind = "lapsed", None
    elif row.state == "held" and now > row.lapses_at:
        row.open_kind = None


def _acted(session: Session, row: Suggestion) -> datetime | None:
    """When its task was ticked off, or a person wrote to the customer after it was approved."""
    task = session.get(Task, row.task_id) if row.task_id else None
    if task is not None and task.done_at is not None:
        return task.done_at
    wrote = select(func.min(Interaction.occurred_at)).where(
        Interaction.customer_id == row.customer_id, Interaction.direction == "out", Interaction.author == "staff",
        Interaction.occurred_at >= row.decided_at,
    )  # fmt: skip
    return session.execute(wrote).scalar_one()


def _watch(session: Session, row: Suggestion, now: datetime, window: timedelta) -> bool:
    """Look for a purchase, and for an answer to what was done; True once the time for both is over."""
    until = row.created_at + window
    if row.bought_at is None:
        order = (
            select(Order.placed_at, Order.total_minor)
            .where(Order.customer_id == row.customer_id, Order.status.in_(COUNTED))
            .where(Order.placed_at > row.created_at, Order.placed_at <= until)
            .order_by(Order.placed_at, Order.id)
        )
        first = session.execute(order.limit(1)).one_or_none()
        if first is not None:
            row.bought_at, row.bought_minor = first.placed_at, first.total_minor
    if row.done_at is not None and row.answered_at is None:
        answer = select(func.min(Interaction.occurred_at)).where(
            Interaction.customer_id == row.customer_id, Interaction.direction == "in",
            Interaction.author == "customer", Interaction.occurred_at > row.done_at, Interaction.occurred_at <= until,
        )  # fmt: skip
        row.answered_at = session.execute(answer).scalar_one()
    if now <= until or row.open_kind is not None:
        return False
    row.settled_at = now
    return True


# --- the report -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class KindReport:
    """How one kind fared. `states`: state -> suggestions; `answered`, `bought`: of those done, so far.

    `fared`: of those about whom it is clear what came of them. `uplift`: what suggesting changed against those held
    back; None for a matter of service, and while there are too few to say.
    """

    kind: str
    states: dict[str, int]
    answered: int
    bought: int
    bought_minor: int
    fared: Fared
    gain_milli: int
    uplift: Difference | None

    @property
    def proposed(self) -> int:
        """All but those held back."""
        return sum(count for state, count in self.states.items() if state != "held")


def report(session: Session, since: datetime) -> list[KindReport]:
    """How suggestions made since a moment fared, one entry for each kind of which there were any."""
    query = (
        select(
            Suggestion.kind,
            Suggestion.state,
            func.count(),
            func.count(Suggestion.answered_at),
            func.count(Suggestion.bought_at),
            func.coalesce(func.sum(Suggestion.bought_minor), 0),
        )
        .where(Suggestion.created_at >= since)
        .group_by(Suggestion.kind, Suggestion.state)
    )
    states: dict[str, dict[str, int]] = {}
    done: dict[str, tuple[int, int, int]] = {}
    for kind, state, count, *outcome in session.execute(query):
        states.setdefault(kind, {})[state] = count
        if state == "done":
            done[kind] = (int(outcome[0] or 0), int(outcome[1] or 0), int(outcome[2] or 0))
    seen, ever = fared(session, since), fared(session)
    return [
        KindReport(
            kind, states[kind], *done.get(kind, (0, 0, 0)), seen[kind], gain_milli(KINDS[kind], ever[kind]),
            None if KINDS[kind].is_service else _uplift(seen[kind]),
        )
        for kind in KINDS
        if kind in states
    ]  # fmt: skip


def _uplift(seen: Fared) -> Difference | None:
    acted, left = seen.acted, seen.left
    if min(acted.heads, left.heads) < ENOUGH_HEADS or acted.bought + left.bought < ENOUGH_BOUGHT:
        return None
    return difference_of_shares(acted.bought, acted.heads, left.bought, left.heads)
