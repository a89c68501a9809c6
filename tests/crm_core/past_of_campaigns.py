"""Past campaigns written into a database: who was written to how, and who bought, by a truth that is known."""

import math
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from crm_core.database import Store
from crm_core.models import Campaign, CampaignContact, Consent, Conversation, Customer, Identity, Order

CHANNELS = ("telegram", "web")
HOURS = (10, 18)
TEXT = {"key": "A", "en": "", "zh": ""}


def write_past(store: Store, now: datetime, *, campaigns: int = 8, seed: int = 0, works: bool = True) -> None:
    """So many campaigns, a fortnight apart, to all customers with orders. On Telegram at six in the evening in Shanghai
    they do most; of who was held out few buy. With `works` False nothing tells who buys.
    """
    random = Random(seed)
    with store.write() as session:
        ids = list(session.scalars(select(Order.customer_id).distinct().order_by(Order.customer_id)))
        for number in range(campaigns):
            hour = HOURS[number % 2]
            began = (now - timedelta(days=14 * (campaigns - number))).replace(hour=hour - 8, minute=5)
            campaign = Campaign(
                name=f"Past {number}", state="done", channels=list(CHANNELS), conditions=[], variants=[TEXT],
                created_at=began, approved_at=began, starts_at=began, ended_at=began, response_days=7,
                discount_percent=5 * (number % 3),
            )  # fmt: skip
            session.add(campaign)
            session.flush()
            for customer in ids:
                held_out = random.random() < 0.2
                channel = random.choice(CHANNELS)
                odds = -3.0 if held_out else -2.2 + 1.2 * (channel == "telegram") + 0.8 * (hour == 18)
                chance = 1 / (1 + math.exp(-odds)) if works else 0.08
                session.add(CampaignContact(
                    campaign_id=campaign.id, customer_id=customer, variant="" if held_out else "A", held_out=held_out,
                    channel="" if held_out else channel, state="held_out" if held_out else "sent", chosen_at=began,
                    sent_at=None if held_out else began,
                    converted_at=began + timedelta(days=1) if random.random() < chance else None,
                ))  # fmt: skip


def let_all_be_written_to(store: Store, now: datetime) -> None:
    """Everybody said yes, and has a chat on both channels."""
    with store.write() as session:
        for customer in session.scalars(select(Customer.id)).all():
            session.add(Consent(customer_id=customer, kind="marketing", granted=True, how="test", occurred_at=now))
            for channel in CHANNELS:
                identity = Identity(customer_id=customer, channel=channel, account="test", external_id=f"c{customer}",
                                    first_seen_at=now)  # fmt: skip
                session.add(identity)
                session.flush()
                session.add(Conversation(
                    channel=channel, account="test", chat_id=f"c{customer}", audience="customer", started_at=now,
                    state_since=now, customer_id=customer, identity_id=identity.id, last_message_at=now,
                ))  # fmt: skip
