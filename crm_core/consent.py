"""What customers allowed or withdrew. The newest word counts; a withdrawal also stops what is already queued."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.models import Consent, OutboxMessage

MARKETING = "marketing"
WAITING = ("queued", "held")


def allowed(session: Session, customer_id: int, kind: str, channel: str = "") -> bool | None:
    """The newest word of a customer about a kind of message on a channel; None when they never said."""
    query = (
        select(Consent.granted)
        .where(Consent.customer_id == customer_id, Consent.kind == kind, Consent.channel.in_(["", channel]))
        .order_by(Consent.occurred_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def withdraw_marketing(session: Session, customer_id: int, how: str, now: datetime) -> bool:
    """No more marketing on any channel, at once: proactive messages still waiting are cancelled.

    Returns False when it had been withdrawn before. Answers and messages about orders go on.
    """
    newest = (
        select(Consent.granted)
        .where(Consent.customer_id == customer_id, Consent.kind == MARKETING)
        .order_by(Consent.occurred_at.desc(), Consent.id.desc())
        .limit(1)
    )
    news = session.execute(newest).scalar_one_or_none() is not False
    if news:
        session.add(Consent(customer_id=customer_id, kind=MARKETING, granted=False, how=how, occurred_at=now))
    stop_waiting(session, customer_id)
    return news


def stop_waiting(session: Session, customer_id: int) -> None:
    """Cancel what nobody asked for and is still waiting to go to a customer."""
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.customer_id == customer_id,
            OutboxMessage.purpose == "proactive",
            OutboxMessage.state.in_(WAITING),
        )
        .values(state="cancelled", error="The customer unsubscribed before it was sent.")
        .execution_options(synchronize_session="fetch")
    )
