"""What became of each message of a campaign: sent, answered, bought after, opted out; of those held out, bought."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.consent import MARKETING
from crm_core.customers import COUNTED
from crm_core.models import Campaign, CampaignContact, Consent, Interaction, Order, OutboxMessage

AT_ONCE = 500
FATES = {"sent": "sent", "failed": "failed", "unclear": "failed", "cancelled": "cancelled"}
"""State of the message -> of the contact; all other states are still on their way."""
STOPPED = "unsubscribe"


def record(session: Session, campaign: Campaign, now: datetime, currency: str) -> int:
    """Note what is known by now; returns how many contacts are still being watched. With no batch to come and nothing
    on its way, the campaign is done.
    """
    note_fates(session, campaign)
    waiting = select(CampaignContact.id).where(
        CampaignContact.campaign_id == campaign.id, CampaignContact.state == "chosen"
    )
    if campaign.state == "running" and campaign.next_batch_at is None and not session.execute(waiting.limit(1)).first():
        campaign.state, campaign.ended_at = "done", now
    days = timedelta(days=campaign.response_days)
    contacts = CampaignContact.campaign_id == campaign.id
    since = (CampaignContact.sent_at > now - days) | (
        CampaignContact.sent_at.is_(None) & (CampaignContact.chosen_at > now - days)
    )
    watched = session.execute(select(CampaignContact).where(contacts, since)).scalars().all()
    for start in range(0, len(watched), AT_ONCE):
        _watch(session, watched[start : start + AT_ONCE], days, currency)
    return len(watched)


def watched(session: Session, now: datetime, longest: timedelta = timedelta(days=400)) -> list[int]:
    """Campaigns that began and whose last messages may still be answered."""
    query = select(Campaign).where(Campaign.approved_at.is_not(None), Campaign.created_at > now - longest)
    return [
        one.id
        for one in session.execute(query.order_by(Campaign.id)).scalars()
        if one.ended_at is None or one.ended_at > now - timedelta(days=one.response_days + 2)
    ]


def note_fates(session: Session, campaign: Campaign) -> None:
    """What became of the messages that were on their way."""
    query = (
        select(CampaignContact, OutboxMessage.state, OutboxMessage.sent_at)
        .join(OutboxMessage, OutboxMessage.id == CampaignContact.outbox_id)
        .where(CampaignContact.campaign_id == campaign.id, CampaignContact.state == "chosen")
    )
    for contact, state, sent_at in session.execute(query):
        if state in FATES:
            contact.state = FATES[state]
            contact.sent_at = sent_at if state == "sent" else None


def _watch(session: Session, contacts: Sequence[CampaignContact], days: timedelta, currency: str) -> None:
    began = {one.customer_id: one.sent_at or one.chosen_at for one in contacts}
    since = min(moment for moment in began.values() if moment)
    bought = _by_customer(
        session.execute(
            select(Order.customer_id, Order.placed_at.label("at"), Order.total_minor, Order.currency).where(
                Order.customer_id.in_(began), Order.placed_at > since, Order.status.in_(COUNTED)
            )
        )
    )
    answers = _by_customer(
        session.execute(
            select(Interaction.customer_id, Interaction.received_at.label("at"), Interaction.channel).where(
                Interaction.customer_id.in_(began), Interaction.received_at > since, Interaction.direction == "in",
                Interaction.author == "customer", Interaction.intent.is_not(None), Interaction.intent != STOPPED,
            )
        )
    )  # fmt: skip
    refused = _by_customer(
        session.execute(
            select(Consent.customer_id, Consent.occurred_at.label("at")).where(
                Consent.customer_id.in_(began), Consent.occurred_at > since, Consent.kind == MARKETING,
                Consent.granted.is_(False),
            )
        )
    )  # fmt: skip
    for one in contacts:
        start = one.sent_at or one.chosen_at
        if start is None:
            continue
        orders = _within(bought.get(one.customer_id, ()), start, days)
        one.converted_at = min((row.at for row in orders), default=None)
        one.revenue_minor = sum(row.total_minor for row in orders if row.currency == currency)
        if one.sent_at:
            told = _within(answers.get(one.customer_id, ()), start, days)
            one.replied_at = min((row.at for row in told if row.channel == one.channel), default=None)
            one.opted_out_at = min(
                (row.at for row in _within(refused.get(one.customer_id, ()), start, days)), default=None
            )


def _by_customer(rows: Iterable[Any]) -> Mapping[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(row)
    return found


def _within(rows: Iterable[Any], start: datetime, days: timedelta) -> list[Any]:
    return [row for row in rows if start < row.at <= start + days]
