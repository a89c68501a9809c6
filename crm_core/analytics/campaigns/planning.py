"""How a proposal is computed, in the child process: learn from past campaigns, see who can be written to, search."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config.settings import Proactive
from crm_core.analytics.campaigns import past as campaign_past
from crm_core.analytics.campaigns import plans as campaign_plans
from crm_core.analytics.campaigns.gain import Market, Terms
from crm_core.analytics.campaigns.proposals import Asked, Proposal
from crm_core.analytics.campaigns.response import Contacts, Response, TooFewContacts, learn
from crm_core.analytics.prediction.snapshots import Ids
from crm_core.analytics.prediction.stored_past import StoredPast, reading_past
from crm_core.analytics.results import refusing
from crm_core.analytics.segments.store import customers
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.campaigns.audience import LATER, Rules, candidates
from crm_core.database import Store, open_store
from crm_core.models import Campaign
from crm_core.query.conditions import Conditions

MOST_CUSTOMERS = 3000
"""Customers that plans are reckoned with; of a larger audience so many are drawn, which stand for all."""
SEED = 11
HELD_OUT = 0.1
"""The part of an audience that a campaign does not write to."""


@dataclass(frozen=True)
class _Work:
    """What the steps share."""

    asked: Asked
    store: Store
    past: StoredPast
    now: datetime


def compute(asked: Asked) -> Proposal:
    """What to propose, or why nothing can be."""
    now = datetime.fromisoformat(asked.now)
    store = open_store(asked.database_url, Path(asked.data_dir), asked.master_key, asked.keys_url, migrate=False)
    try:
        with reading_past(store, asked.currency, (now - timedelta(days=1)).date()) as past:
            contacts = campaign_past.read_contacts(store, past, now, asked.zone)
            response = learn(contacts, SEED)
            proposal = _planned(_Work(asked, store, past, now), contacts, response)
            return replace(proposal, contacts=response.contacts, bought=response.bought)
    except (TooFewContacts, TooFewPurchases):
        return Proposal("too_few")
    finally:
        store.close()


def _planned(work: _Work, contacts: Contacts, response: Response) -> Proposal:
    if not response.useful:
        return Proposal("unclear")
    asked, (some, fitting) = work.asked, _audience(work)
    known = work.past.features(work.past.last, some)
    ids = known["customer_id"].to_numpy(np.int64)
    space = campaign_plans.space_of(contacts, known, asked.channels)
    if not len(ids) or not space.values["channel"]:
        return Proposal("nobody")
    reached = {str(channel): _reached(work, ids, str(channel)) for channel in space.values["channel"]}
    if not any(who.any() for who in reached.values()):
        return Proposal("nobody")
    terms = Terms(asked.budget_minor, asked.most_messages, asked.margin, asked.message_minor)
    one, other = (
        Market(
            space, terms, response.design, half, known, campaign_past.lately(work.store, ids.tolist(), work.now),
            order_minor=campaign_plans.order_values(known), reached=reached,
            scale=(1 - HELD_OUT) * fitting / len(ids),
        )
        for half in campaign_plans.halves(response, SEED)
    )  # fmt: skip
    plan = campaign_plans.best_plan(one, other, campaign_plans.usual_of(contacts, space), seed=SEED)
    if plan is None or plan.gain <= 0:
        return Proposal("nothing")
    return Proposal(
        "found", {name: None if value == math.inf else value for name, value in plan.values.items()},
        plan.gain, plan.low, plan.high, plan.spent, plan.people, plan.messages, plan.way, plan.tried, plan.why,
    )  # fmt: skip


def _audience(work: _Work) -> tuple[Ids, int]:
    """Some of those who fit and do not refuse profiling, and how many they stand for."""
    conditions = Conditions.load(dict(work.asked.conditions))
    with work.store.read() as session:
        fitting = session.execute(customers(session, conditions, work.now, work.asked.zone)).scalars()
        ids = np.array(sorted(set(fitting) - refusing(session)), dtype=np.int64)
    if len(ids) <= MOST_CUSTOMERS:
        return ids, len(ids)
    return np.sort(np.random.default_rng(SEED).choice(ids, MOST_CUSTOMERS, replace=False)), len(ids)


def _reached(work: _Work, ids: Ids, channel: str) -> NDArray[np.bool_]:
    """Whether each can be written to on a channel, now or later, by consent, wishes and where they are."""
    rules = Rules(Proactive(**work.asked.proactive), work.asked.zone, work.asked.channels)
    alone = Campaign(kind="marketing", channels=[channel])
    with work.store.read() as session:
        found = candidates(session, alone, ids.tolist(), work.now, rules)
        reached = {one.customer_id for one in found if one.reason in ("", *LATER)}
    return np.array([one in reached for one in ids.tolist()], dtype=np.bool_)
