"""What customers allowed or withdrew. The newest word counts; a withdrawal also stops what is already queued."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.models import Consent, OutboxMessage

MARKETING = "marketing"
PROMOTIONAL = (MARKETING, "restock", "prices", "tips")
"""Kinds of message by which something is sold: sent after a yes alone."""
STOPPED = (*PROMOTIONAL, "surveys")
"""What a no to marketing ends, too, unless they said yes to just that since."""
WAITING = ("queued", "held", "postponed")


def allowed(session: Session, customer_id: int, kind: str, channel: str = "") -> bool | None:
    """The newest word of a customer about a kind of message on a channel; None when they never said."""
    query = (
        select(Consent.granted)
        .where(Consent.customer_id == customer_id, Consent.kind == kind, Consent.channel.in_(["", channel]))
        .order_by(Consent.occurred_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def words(session: Session, customer_ids: Sequence[int], channel: str = "") -> dict[int, dict[str, bool]]:
    """The newest word of each customer about each kind of message on a channel, as far as they said one."""
    query = (
        select(Consent.customer_id, Consent.kind, Consent.granted)
        .where(Consent.customer_id.in_(customer_ids), Consent.channel.in_(["", channel]))
        .order_by(Consent.occurred_at, Consent.id)
    )
    said: dict[int, dict[str, bool]] = {one: {} for one in customer_ids}
    for row in session.execute(query):
        said[row.customer_id][row.kind] = row.granted
    return said


def stop(session: Session, customer_id: int, how: str, now: datetime) -> datetime:
    """Nothing more that nobody asked for, on any channel, at once; only news of their orders go on.

    Returns when marketing was withdrawn: now, or earlier where that had been said before.
    """
    for kind in STOPPED[1:]:
        if any(by_channel(session, customer_id, kind).values()):
            say(session, customer_id, kind, False, how, now)
    withdraw_marketing(session, customer_id, how, now)
    session.flush()
    said = newest(session, customer_id)
    assert said is not None, "it was withdrawn above"
    return said.occurred_at


def newest(session: Session, customer_id: int) -> Consent | None:
    """The last word of a customer about marketing, on whatever channel."""
    query = select(Consent).where(Consent.customer_id == customer_id, Consent.kind == MARKETING)
    return session.execute(query.order_by(Consent.occurred_at.desc(), Consent.id.desc()).limit(1)).scalar_one_or_none()


def withdraw_marketing(session: Session, customer_id: int, how: str, now: datetime) -> bool:
    """No more marketing on any channel, at once: proactive messages still waiting are cancelled.

    Returns False when it had been withdrawn before. Answers and messages about orders go on.
    """
    news = say(session, customer_id, MARKETING, False, how, now)
    stop_waiting(session, customer_id)
    return news


def say(
    session: Session, customer_id: int, kind: str, granted: bool, how: str, now: datetime, *, channel: str = ""
) -> bool:
    """Note a word about a kind on one channel, or on all; False where that is what counts there already."""
    counts = by_channel(session, customer_id, kind)
    known = counts.get(channel, counts.get("")) if channel else None
    if known is granted or (not channel and "" in counts and set(counts.values()) == {granted}):
        return False
    said = Consent(customer_id=customer_id, kind=kind, channel=channel, granted=granted, how=how, occurred_at=now)
    session.add(said)
    return True


def by_channel(session: Session, customer_id: int, kind: str) -> dict[str, bool]:
    """What counts now on each channel that was named, "" for all others: a word about all ends those about one."""
    counts: dict[str, bool] = {}
    query = select(Consent.channel, Consent.granted).where(Consent.customer_id == customer_id, Consent.kind == kind)
    for row in session.execute(query.order_by(Consent.occurred_at, Consent.id)):
        counts = {**(counts if row.channel else {}), row.channel: row.granted}
    return counts


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


# --- of two records -------------------------------------------------------------------------------------------------
def refused(session: Session, customers: Sequence[int]) -> list[tuple[str, str]]:
    """What any of these customers has withdrawn, by kind and channel, asked of each about all that either named."""
    said = select(Consent.kind, Consent.channel).where(Consent.customer_id.in_(customers)).distinct()
    pairs = {(row.kind, channel) for row in session.execute(said) for channel in ("", row.channel)}
    return sorted(
        (kind, channel)
        for kind, channel in pairs
        if any(allowed(session, one, kind, channel) is False for one in customers)
    )


def stricter(
    session: Session, customer_id: int, refused: Sequence[tuple[str, str]], how: str, now: datetime
) -> list[Consent]:
    """Where either record had withdrawn, the joined one has, too; the general word first. Returns what that added."""
    added: list[Consent] = []
    for kind, channel in refused:
        if allowed(session, customer_id, kind, channel) is not False:
            row = Consent(customer_id=customer_id, kind=kind, channel=channel, granted=False, how=how, occurred_at=now)
            session.add(row)
            session.flush()
            added.append(row)
    if (MARKETING, "") in refused or any(row.kind == MARKETING for row in added):
        stop_waiting(session, customer_id)
    return added
