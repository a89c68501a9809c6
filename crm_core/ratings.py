"""What customers think of how they were served: one score a conversation, with their words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import Rating

ONCE_IN = timedelta(hours=24)
"""Without being asked, a customer can rate a conversation again after this time."""
LONGEST_COMMENT = 4000


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating; `repeated`: it had been given before, and stays as it was."""

    score: int
    repeated: bool = False


def rate(session: Session, conversation_id: int, customer_id: int, score: int, now: datetime) -> RatingView:
    """Answer the open request for a rating, or take one that was given unasked."""
    newest = _newest(session, conversation_id)
    if newest is not None and newest.score is not None and newest.given_at and newest.given_at > now - ONCE_IN:
        return RatingView(newest.score, repeated=True)
    if newest is None or newest.score is not None:
        newest = Rating(conversation_id=conversation_id, customer_id=customer_id, asked_at=now)
        session.add(newest)
    newest.score, newest.given_at = score, now
    session.flush()
    return RatingView(score)


def explain(session: Session, conversation_id: int, text: str) -> None:
    """Keep the customer's words with the rating given last."""
    newest = _newest(session, conversation_id)
    if newest is not None and newest.score is not None:
        newest.comment = text[:LONGEST_COMMENT]
        session.flush()


def _newest(session: Session, conversation_id: int) -> Rating | None:
    query = select(Rating).where(Rating.conversation_id == conversation_id)
    return session.execute(query.order_by(Rating.asked_at.desc(), Rating.id.desc()).limit(1)).scalar_one_or_none()
