"""What customers thought of how they were served: how many answered, which scores they gave, and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.models import Conversation, Customer, Interaction, Rating
from crm_core.reports.metrics import METRICS, NO_WISH, Values, narrowings
from crm_core.reports.periods import Period

SCORES = (5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How often people were asked, and how often each score was given, the highest first."""

    asked: int
    given: tuple[tuple[int, int], ...]

    @property
    def answers(self) -> int:
        """How many ratings were given."""
        return sum(count for _, count in self.given)


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating. `comment`: the customer's words; `about`: what they had wanted (intents), where they gave none."""

    at: datetime
    score: int
    comment: str
    about: tuple[str, ...]
    customer: str
    number: int | None
    staff_id: int | None
    channel: str


def satisfaction(session: Session, period: Period, only: Values, without: Values) -> Satisfaction:
    """Requests for a rating sent in a period, and the ratings given in it.

    Raises:
        NotMeasured: ratings cannot be narrowed in that way.
    """
    narrowed = narrowings("csat", only, without)
    joins = {id(target): (target, on) for one in narrowed for target, on in one.by.joins}
    where = [one.condition() for one in narrowed]
    asked = select(func.count(Rating.id)).select_from(Rating)
    given = select(Rating.score, func.count(Rating.id)).select_from(Rating)
    for target, on in joins.values():
        asked, given = asked.join(target, on), given.join(target, on)
    asked = asked.where(*where, Rating.asked_at >= period.start, Rating.asked_at < period.end)
    given = given.where(*where, *METRICS["csat"].where, Rating.given_at >= period.start, Rating.given_at < period.end)
    rows = session.execute(given.group_by(Rating.score)).all()
    counted = Counter({int(score or 0): int(count) for score, count in rows})
    return Satisfaction(session.execute(asked).scalar_one(), tuple((score, counted[score]) for score in SCORES))


def ratings(
    session: Session, period: Period, only: Values, without: Values, scores: Sequence[int], *, offset: int, limit: int
) -> tuple[list[Rated], int]:
    """A page of the ratings given with one of these scores, newest first, and how many there are."""
    narrowed = narrowings("csat", only, without)
    joins = {id(target): (target, on) for one in narrowed for target, on in one.by.joins}
    query = select(Rating.id, Rating.given_at).select_from(Rating)
    for target, on in joins.values():
        query = query.join(target, on)
    query = query.where(
        *(one.condition() for one in narrowed), Rating.score.in_(list(scores)), Rating.given_at >= period.start,
        Rating.given_at < period.end,
    )  # fmt: skip
    total = session.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    page = session.execute(query.order_by(Rating.given_at.desc(), Rating.id.desc()).offset(offset).limit(limit))
    return _rated(session, [row.id for row in page]), total


def _rated(session: Session, ids: Sequence[int]) -> list[Rated]:
    query = select(Rating, Conversation, Customer).join(Conversation, Conversation.id == Rating.conversation_id)
    query = query.outerjoin(Customer, Customer.id == Rating.customer_id).where(Rating.id.in_(list(ids)))
    found = {row[0].id: row for row in session.execute(query)}
    rated = []
    for key in ids:
        rating, conversation, customer = found[key]
        comment = rating.comment or ""
        about = () if comment else _wanted(session, conversation.id, rating.asked_at)
        name, number = (customer.name or "", customer.number) if customer else ("", None)
        at = rating.given_at or rating.asked_at
        rated.append(Rated(at, rating.score or 0, comment, about, name, number, rating.staff_id, conversation.channel))
    return rated


def _wanted(session: Session, conversation_id: int, until: datetime) -> tuple[str, ...]:
    """What a customer wanted last before they were asked for a rating: at most two intents."""
    query = (
        select(Interaction.intent)
        .where(
            Interaction.conversation_id == conversation_id,
            Interaction.direction == "in",
            Interaction.intent.is_not(None),
            Interaction.intent.not_in(NO_WISH),
            Interaction.occurred_at <= until,
        )
        .order_by(Interaction.occurred_at.desc(), Interaction.id.desc())
        .limit(4)
    )
    return tuple(dict.fromkeys(str(intent) for intent in session.execute(query).scalars()))[:2]
