"""Past campaigns as they are in the database: whom they wrote to, what was known of them, and whether they bought."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import func, select

from crm_core.analytics.campaigns.response import CUSTOMER, Contacts, TooFewContacts
from crm_core.analytics.prediction.snapshots import EPOCH, Array, Frame, Past
from crm_core.analytics.results import refusing
from crm_core.database import Store
from crm_core.models import Campaign, CampaignContact

MOST_CAMPAIGNS = 40
MOST_CONTACTS = 2000
"""Of one campaign: contacts are chosen in an order of chance, so that the first ones stand for all."""
FATIGUE = timedelta(days=30)
"""How far back earlier messages count."""
KEYS = ["customer_id", "campaign_id"]


def read_contacts(store: Store, past: Past, now: datetime, zone: str) -> Contacts:
    """All whose outcome is known by now, as of the day before their campaign began; without who refuses profiling.

    Raises:
        TooFewContacts: there are none.
    """
    rows = _rows(store, now)
    if rows.empty:
        raise TooFewContacts("No campaign has ended yet, so there is nothing to learn from.")
    parts = []
    for _, campaign in rows.groupby("campaign_id", sort=True):
        began = campaign["moment"].min().date()
        known = past.features(began - timedelta(days=1), np.sort(campaign["customer_id"].to_numpy(np.int64)))
        parts.append(campaign.merge(known[["customer_id", *CUSTOMER]], on="customer_id"))
    whole = pd.concat(parts, ignore_index=True).sort_values(["moment", *KEYS], ignore_index=True)
    local = whole["moment"].dt.tz_convert(ZoneInfo(zone))
    return Contacts(
        known=whole[list(CUSTOMER)], customer=whole["customer_id"].to_numpy(np.int64),
        day=np.array([(day - EPOCH).days for day in local.dt.date], dtype=np.int64),
        sent=1.0 - whole["held_out"].to_numpy(np.float64), channel=whole["channel"].to_numpy(dtype=np.str_),
        hour=local.dt.hour.to_numpy(np.float64), discount=whole["discount_percent"].to_numpy(np.float64),
        before=before(whole, rows), bought=whole["bought"].to_numpy(np.float64),
    )  # fmt: skip


def before(asked: Frame, sent: Frame) -> Array:
    """How many messages of campaigns each customer had got in the 30 days before each of the moments asked about."""
    got = sent.loc[~sent["held_out"], ["customer_id", "moment"]].rename(columns={"moment": "earlier"})
    pairs = asked.reset_index(names="row")[["row", "customer_id", "moment"]].merge(got, on="customer_id")
    counted = pairs[(pairs["earlier"] < pairs["moment"]) & (pairs["earlier"] >= pairs["moment"] - FATIGUE)]
    return np.bincount(counted["row"], minlength=len(asked)).astype(np.float64)


def lately(store: Store, customers: Sequence[int], now: datetime) -> Array:
    """How many messages of campaigns these customers got in the last 30 days."""
    query = select(CampaignContact.customer_id, func.count()).where(CampaignContact.sent_at >= now - FATIGUE)
    with store.read() as session:
        counts = {row[0]: row[1] for row in session.execute(query.group_by(CampaignContact.customer_id))}
    return np.array([counts.get(one, 0) for one in customers], dtype=np.float64)


def _rows(store: Store, now: datetime) -> Frame:
    """A row a contact of the newest campaigns whose response days are over."""
    moment = func.coalesce(CampaignContact.sent_at, CampaignContact.chosen_at)
    newest = select(Campaign.id, Campaign.response_days, Campaign.discount_percent)
    newest = newest.where(Campaign.approved_at.is_not(None)).order_by(Campaign.approved_at.desc(), Campaign.id.desc())
    found: list[dict[str, Any]] = []
    with store.read() as session:
        away = refusing(session)
        for campaign in session.execute(newest.limit(MOST_CAMPAIGNS)).all():
            query = select(
                CampaignContact.customer_id, CampaignContact.held_out, CampaignContact.channel,
                CampaignContact.converted_at, CampaignContact.sent_at, CampaignContact.chosen_at,
            ).where(
                CampaignContact.campaign_id == campaign.id, CampaignContact.state.in_(("sent", "held_out")),
                moment <= now - timedelta(days=campaign.response_days),
            )  # fmt: skip
            found += [
                {
                    "customer_id": row.customer_id, "campaign_id": campaign.id, "held_out": row.held_out,
                    "channel": row.channel, "moment": row.sent_at or row.chosen_at,
                    "bought": row.converted_at is not None, "discount_percent": campaign.discount_percent,
                }
                for row in session.execute(query.order_by(CampaignContact.id).limit(MOST_CONTACTS))
                if row.customer_id not in away
            ]  # fmt: skip
    return pd.DataFrame(found)
