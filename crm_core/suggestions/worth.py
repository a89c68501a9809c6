"""What acting on a suggestion is worth: a customer's value times the change of the chance that they buy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.campaigns.effect import Group
from crm_core.models import CustomerFeatures, Score, Suggestion
from crm_core.scores import refuses_profiling
from crm_core.suggestions.kinds import HEADS, KINDS, Kind


@dataclass(frozen=True, slots=True)
class Fared:
    """How one kind fared: heads and buyers of those acted on and of those left alone, as far as it is clear.

    Of what sells these are all about whom it was suggested, whether or not somebody did it, and those held back by lot.
    A matter of service is never held back: there they are those whom somebody saw to, and those whom nobody did, which
    is no lot.
    """

    acted: Group
    left: Group


def gain_milli(kind: Kind, fared: Fared) -> int:
    """By how many thousandths acting raises the chance of a purchase, below 0 taken as 0.

    Each share is the mean of a Beta distribution: the assumption, worth `HEADS` customers, and what was seen.

    >>> gain_milli(KINDS["offer"], Fared(Group(0, 0), Group(0, 0)))
    60
    >>> gain_milli(KINDS["offer"], Fared(Group(400, 160), Group(40, 4)))
    245
    """
    return max(0, round(1000 * (_share(kind.acted, fared.acted) - _share(kind.left, fared.left))))


def _share(assumed: float, seen: Group) -> float:
    return (HEADS * assumed + seen.bought) / (HEADS + seen.heads)


def fared(session: Session, since: datetime | None = None) -> dict[str, Fared]:
    """How each kind fared so far, or of those made since a moment."""
    query = select(Suggestion.kind, Suggestion.state, func.count(), func.count(Suggestion.bought_at)).where(
        Suggestion.settled_at.is_not(None)
    )
    if since is not None:
        query = query.where(Suggestion.created_at >= since)
    counts = {name: {True: [0, 0], False: [0, 0]} for name in KINDS}
    for kind, state, heads, bought in session.execute(query.group_by(Suggestion.kind, Suggestion.state)):
        if kind in counts:
            acted = state == "done" if KINDS[kind].is_service else state != "held"
            counts[kind][acted][0] += heads
            counts[kind][acted][1] += bought
    return {
        name: Fared(Group(both[True][0], both[True][1]), Group(both[False][0], both[False][1]))
        for name, both in counts.items()
    }


def gains(session: Session) -> dict[str, int]:
    """The present gain of each kind in thousandths."""
    return {name: gain_milli(KINDS[name], seen) for name, seen in fared(session).items()}


def values(session: Session, customer_ids: Iterable[int]) -> Mapping[int, int]:
    """What customers are expected to bring in minor units: the computed value, else their usual order, else unknown.

    Who does not want to be profiled is left out.
    """
    wanted = sorted(set(customer_ids))
    found: dict[int, int] = {}
    for start in range(0, len(wanted), 500):
        few = wanted[start : start + 500]
        usual = select(CustomerFeatures.customer_id, CustomerFeatures.spend_minor // CustomerFeatures.orders).where(
            CustomerFeatures.customer_id.in_(few), CustomerFeatures.orders > 0
        )
        found |= {row[0]: row[1] for row in session.execute(usual)}
        scored = select(Score.customer_id, Score.value_milli).where(
            Score.kind == "value", Score.customer_id.in_(few)
        )  # fmt: skip
        found |= {row[0]: round(row[1] / 10) for row in session.execute(scored)}
    return {one: value for one, value in found.items() if not refuses_profiling(session, one)}
