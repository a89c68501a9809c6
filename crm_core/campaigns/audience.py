"""Whom a campaign reaches: who fits, who may be written to, where, and who is held out to be compared with."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Proactive
from crm_core import mailboxes
from crm_core.analytics.segments.store import customers
from crm_core.identities import WEB_VISITOR
from crm_core.models import Campaign, CampaignContact, Conversation, Customer, Identity
from crm_core.proactive import PASSING, standings, why_not
from crm_core.query.conditions import Conditions

CHANNELS = ("telegram", "email", "slack", "web")
"""Where campaigns can be sent, in the order in which they are tried unless the manager says otherwise."""
WITH_PEOPLE = ("waiting", "person", "snoozed")
UNREACHABLE, BUSY = "unreachable", "with_person"
LATER = (*PASSING, BUSY)
"""Reasons that pass by themselves."""
EMAIL_ACCOUNT = "smtp"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all campaigns: the rules of proactive messages, the business's zone, the connected channels."""

    proactive: Proactive
    zone: str
    channels: Collection[str] = CHANNELS


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody of the audience: the channel on which they may be written to now, or why they may not."""

    customer_id: int
    channel: str = ""
    conversation_id: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would get it now. `reasons`: of those who would not, how many for which reason."""

    audience: int
    reached: int
    held_out: int
    reasons: dict[str, int] = field(default_factory=dict)
    by_channel: dict[str, int] = field(default_factory=dict)


def conditions_of(campaign: Campaign, now: datetime, zone: str) -> Conditions:
    """The conditions of a campaign as they are meant now."""
    stored = campaign.conditions[0]
    return Conditions.load(stored).moved(datetime.fromisoformat(stored["said_at"]), now, zone)


def audience(session: Session, campaign: Campaign, now: datetime, zone: str) -> list[int]:
    """Who fits and was not chosen yet, in an order of chance that is always the same."""
    conditions = conditions_of(campaign, now, zone)
    query = customers(session, conditions, now, zone)
    if conditions.limit:
        query = query.limit(conditions.limit)
    fitting = session.execute(query).scalars().all()
    taken = select(CampaignContact.customer_id).where(CampaignContact.campaign_id == campaign.id)
    known = set(session.execute(taken).scalars())
    return sorted((one for one in fitting if one not in known), key=lambda one: _draw(campaign.id, one, "order"))


def is_held_out(campaign: Campaign, customer_id: int) -> bool:
    """Whether a customer is not written to, so that the others can be compared with them: always the same answer."""
    return _draw(campaign.id, customer_id, "held out") % 1000 < campaign.held_out_milli


def candidates(
    session: Session, campaign: Campaign, customer_ids: Sequence[int], now: datetime, rules: Rules
) -> Iterator[Candidate]:
    """Each customer with the first channel of the campaign on which they may be written to now."""
    for start in range(0, len(customer_ids), AT_ONCE):
        few = customer_ids[start : start + AT_ONCE]
        found: dict[int, Candidate] = {}
        for channel in campaign.channels:
            if channel in rules.channels:
                left = [one for one in few if not (one in found and found[one].channel)]
                found |= _on_channel(session, campaign, channel, left, found, now, rules)
        yield from (found.get(one, Candidate(one, reason=UNREACHABLE)) for one in few)


def preview(session: Session, campaign: Campaign, now: datetime, rules: Rules) -> Preview:
    """Who would get a campaign, were it sent this minute."""
    ids = audience(session, campaign, now, rules.zone)
    reasons: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    held_out = 0
    for one in candidates(session, campaign, ids, now, rules):
        if one.reason:
            reasons[one.reason] += 1
        elif is_held_out(campaign, one.customer_id):
            held_out += 1
        else:
            channels[one.channel] += 1
    return Preview(len(ids), channels.total(), held_out, dict(reasons), dict(channels))


def _on_channel(
    session: Session,
    campaign: Campaign,
    channel: str,
    customer_ids: Sequence[int],
    before: dict[int, Candidate],
    now: datetime,
    rules: Rules,
) -> dict[int, Candidate]:
    """Those who have a place on a channel. A reason that passes counts more than one for good of another channel."""
    places = _mailboxes(session, customer_ids) if channel == "email" else _chats(session, customer_ids, channel)
    known = standings(session, places, channel, now, rules.zone)
    found = {}
    for customer_id, (conversation_id, state) in places.items():
        reason = why_not(known[customer_id], campaign.kind, channel, now, rules.proactive)
        reason = reason or (BUSY if state in WITH_PEOPLE else "")
        earlier = before.get(customer_id)
        if reason and earlier is not None and (earlier.reason in LATER or reason not in LATER):
            continue
        found[customer_id] = Candidate(customer_id, "" if reason else channel, conversation_id, reason)
    return found


def _chats(session: Session, customer_ids: Sequence[int], channel: str) -> dict[int, tuple[int | None, str]]:
    """The private chats in which customers last wrote to us, and who has them; of who blocks us none."""
    query = (
        select(Conversation.customer_id, Conversation.id, Conversation.state)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(
            Conversation.customer_id.in_(customer_ids),
            Conversation.channel == channel,
            Conversation.audience == "customer",
            Conversation.thread_id == "",
            Identity.blocked_at.is_(None),
        )
        .order_by(Conversation.last_message_at, Conversation.id)
    )
    if channel == "web":  # chats of the sample business were never opened in a browser
        query = query.where(Conversation.chat_id.startswith(WEB_VISITOR))
    return {row.customer_id: (row.id, row.state) for row in session.execute(query)}


def _mailboxes(session: Session, customer_ids: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    """Customers with an e-mail address, and the conversation there where there was one."""
    query = (
        select(Customer.id, Conversation.id.label("conversation_id"), Conversation.state)
        .outerjoin(Conversation, (Conversation.customer_id == Customer.id) & (Conversation.channel == "email"))
        .where(Customer.id.in_(customer_ids), Customer.email_sealed.is_not(None))
        .order_by(Conversation.id)
    )
    return {row.id: (row.conversation_id, row.state or "") for row in session.execute(query)}


def mailbox_of(session: Session, customer_id: int, now: datetime) -> Conversation:
    """The conversation by e-mail with a customer, begun where there was none."""
    chat_id = mailboxes.of_customer(customer_id)
    known = select(Conversation).where(Conversation.channel == "email", Conversation.chat_id == chat_id)
    conversation = session.execute(known).scalar_one_or_none()
    if conversation is None:
        conversation = Conversation(
            channel="email", account=EMAIL_ACCOUNT, chat_id=chat_id, customer_id=customer_id, state_since=now,
            started_at=now,
        )  # fmt: skip
        session.add(conversation)
        session.flush()
    return conversation


def _draw(campaign_id: int, customer_id: int, purpose: str) -> int:
    """A number of chance that belongs to this campaign and customer for ever."""
    digest = hashlib.sha256(f"{campaign_id}:{customer_id}:{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
