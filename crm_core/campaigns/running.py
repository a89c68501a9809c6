"""A campaign's life: begun, paused, resumed, stopped, over; and who comes next, each customer at most once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.orm import Session

from crm_core.campaigns.audience import LATER, Candidate, Rules, audience, candidates, is_held_out
from crm_core.campaigns.splitting import Tally, choose
from crm_core.database import insert_once
from crm_core.errors import NotPossible
from crm_core.models import Campaign, CampaignContact, OutboxMessage

BATCHES = 10
"""In how many parts the audience is written to where there is something to learn between them."""
LEAST, MOST = 20, 200
"""Customers of one batch, which is one transaction."""
PAUSE = timedelta(hours=1)
RUNS_FOR = timedelta(days=14)
"""How long a campaign waits for those whom it may not write to yet."""
WAITING = ("queued", "postponed", "held")
OPEN = ("approved", "running")
_FROM = {"start": ("draft",), "pause": OPEN, "resume": ("paused",), "stop": ("draft", *OPEN, "paused")}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A customer whose message is to be queued now, within the same transaction."""

    contact_id: int
    candidate: Candidate
    variant: str


# --- what managers do with it ---------------------------------------------------------------------------------------
def start(session: Session, campaign: Campaign, staff_id: int, now: datetime, size: int) -> None:
    """Approve a draft: it begins at `starts_at`, or now. `size` of its audience decides the batches.

    Raises:
        NotPossible: it is no draft any more.
    """
    _refuse(campaign, "start")
    several = len(campaign.variants) > 1
    campaign.batch_size = min(MOST, max(LEAST, -(-size // BATCHES))) if several else MOST
    campaign.pause_minutes = int(PAUSE.total_seconds() // 60) if several else 0
    campaign.approved_by_id, campaign.approved_at = staff_id, now
    campaign.starts_at = max(campaign.starts_at or now, now)
    campaign.next_batch_at, campaign.state = campaign.starts_at, "approved"


def pause(session: Session, campaign: Campaign) -> int:
    """Send nothing more for now; what waits is held back. Returns how many messages that are.

    Raises:
        NotPossible: it does not run.
    """
    _refuse(campaign, "pause")
    campaign.state = "paused"
    return len(_move_waiting(session, campaign, ("queued", "postponed"), {"state": "held", "not_before": None}))


def resume(session: Session, campaign: Campaign, now: datetime) -> list[OutboxMessage]:
    """Go on; returns what was held back and goes now, to be handed to delivery.

    Raises:
        NotPossible: it is not paused.
    """
    _refuse(campaign, "resume")
    campaign.state, campaign.next_batch_at = "approved", max(campaign.starts_at or now, now)
    held = session.execute(_waiting(campaign).where(OutboxMessage.state == "held")).scalars().all()
    for row in held:
        row.state = "queued"
    return list(held)


def stop(session: Session, campaign: Campaign, now: datetime) -> int:
    """End it for good and take back what waits; returns how many messages that are.

    Raises:
        NotPossible: it is over already.
    """
    _refuse(campaign, "stop")
    campaign.state, campaign.ended_at = "stopped", now
    taken = _move_waiting(session, campaign, WAITING, {"state": "cancelled", "error": "The campaign was stopped."})
    for begin in range(0, len(taken), MOST):
        theirs = CampaignContact.outbox_id.in_(taken[begin : begin + MOST])
        session.execute(update(CampaignContact).where(theirs).values(state="taken_back"))
    return len(taken)


def _refuse(campaign: Campaign, action: str) -> None:
    if campaign.state not in _FROM[action]:
        raise NotPossible(campaign.state)


def _waiting(campaign: Campaign) -> Select[OutboxMessage]:
    ours = select(CampaignContact.outbox_id).where(
        CampaignContact.campaign_id == campaign.id, CampaignContact.state == "chosen"
    )
    return select(OutboxMessage).where(OutboxMessage.id.in_(ours), OutboxMessage.state.in_(WAITING))


def _move_waiting(
    session: Session, campaign: Campaign, states: tuple[str, ...], values: dict[str, object]
) -> list[int]:
    """Change what waits, one by one, so that what is being sent this moment is left alone; returns their ids."""
    query = _waiting(campaign).where(OutboxMessage.state.in_(states)).with_only_columns(OutboxMessage.id)
    moved = []
    for row_id in session.execute(query).scalars().all():
        changed = update(OutboxMessage).where(OutboxMessage.id == row_id, OutboxMessage.state.in_(states))
        if session.execute(changed.values(**values).returning(OutboxMessage.id)).first():
            moved.append(row_id)
    return moved


# --- who comes next -------------------------------------------------------------------------------------------------
def due(session: Session, now: datetime) -> list[int]:
    """Campaigns that have a batch to send now."""
    query = select(Campaign.id).where(Campaign.state.in_(OPEN), Campaign.next_batch_at <= now)
    return list(session.execute(query.order_by(Campaign.next_batch_at, Campaign.id)).scalars())


def next_batch(session: Session, campaign: Campaign, now: datetime, rules: Rules) -> Iterator[Chosen]:
    """Choose the next customers; each is noted, so that no other run can choose them again. Held-out ones are noted
    alone. When nobody is left who may still be written to, there is no next batch.
    """
    campaign.state = "running"
    random = Random(f"{campaign.id} {now.isoformat()}")
    learnt = tallies(session, campaign, now)
    sent, later = 0, False
    ids = audience(session, campaign, now, rules.zone)
    for candidate in candidates(session, campaign, ids, now, rules):
        if candidate.reason:
            later = later or candidate.reason in LATER
            continue
        if sent >= campaign.batch_size:
            later = True
            break
        held_out = is_held_out(campaign, candidate.customer_id)
        variant = "" if held_out else choose(learnt, random)
        contact_id = insert_once(
            session, CampaignContact, campaign_id=campaign.id, customer_id=candidate.customer_id, variant=variant,
            held_out=held_out, channel="" if held_out else candidate.channel,
            state="held_out" if held_out else "chosen", chosen_at=now,
        )  # fmt: skip
        if contact_id is not None and not held_out:
            sent += 1
            yield Chosen(contact_id, candidate, variant)
    campaign.next_batch_at = now + timedelta(minutes=campaign.pause_minutes if sent else 0)
    if not later or now - (campaign.starts_at or now) > RUNS_FOR:
        campaign.next_batch_at = None


def tallies(session: Session, campaign: Campaign, now: datetime) -> dict[str, Tally]:
    """What each variant has shown so far: those written to long enough ago, and how many answered or bought."""
    answered = (CampaignContact.replied_at.is_not(None)) | (CampaignContact.converted_at.is_not(None))
    query = (
        select(CampaignContact.variant, func.count(), func.sum(case((answered, 1), else_=0)))
        .where(
            CampaignContact.campaign_id == campaign.id,
            CampaignContact.state == "sent",
            CampaignContact.sent_at <= now - timedelta(minutes=campaign.pause_minutes),
        )
        .group_by(CampaignContact.variant)
    )
    known = {variant: (int(count), int(good or 0)) for variant, count, good in session.execute(query)}
    keys = [str(variant["key"]) for variant in campaign.variants]
    return {key: Tally(*known.get(key, (0, 0))) for key in keys}


def counts(session: Session, campaign: Campaign) -> Counter[str]:
    """How many contacts are in which state."""
    query = select(CampaignContact.state, func.count()).where(CampaignContact.campaign_id == campaign.id)
    return Counter({state: int(count) for state, count in session.execute(query.group_by(CampaignContact.state))})
