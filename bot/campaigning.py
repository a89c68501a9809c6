"""Messages of campaigns: filled in for each customer, with why they get it and how to stop it, and queued."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import wording
from bot.messages import Choice, Reply
from bot.outbox import queue_reply, take_queued
from bot.phrases import Phrases
from config.settings import Settings
from crm_core.campaigns import outcomes, running
from crm_core.campaigns.audience import CHANNELS, Rules, mailbox_of
from crm_core.campaigns.running import Chosen
from crm_core.database import Store
from crm_core.models import Campaign, CampaignContact, Consent, Conversation, Customer, OutboxMessage

FIELDS = ("name", "business")
"""What may stand in braces in the text of a campaign."""
_BRACES = re.compile(r"[{｛]+[^{}｛｝\n]{0,60}[}｝]+|[{}｛｝]")
LONGEST = 2000
AT_ONCE = 20
"""Batches of a campaign in one run of the job."""
STOP = "unsubscribe"


@dataclass(frozen=True)
class Office:
    """What sending takes: built once where the application is put together, or by a test."""

    store: Store
    phrases: Phrases
    settings: Settings
    channels: tuple[str, ...]
    deliver: Callable[[list[OutboxMessage]], None]

    @property
    def rules(self) -> Rules:
        """What holds for all campaigns here."""
        return Rules(self.settings.proactive, self.settings.business.zone, self.channels)


def connected(channels: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """The channels of campaigns that there are; Slack only where customers may write to us there."""
    return tuple(name for name in CHANNELS if name in channels and (name != "slack" or settings.slack.customers))


def problem(text: str) -> str:
    """Why a text cannot be sent: "empty", "long", or "braces" where it holds any that are none of `FIELDS`; else ""."""
    if not text.strip():
        return "empty"
    if len(text) > LONGEST:
        return "long"
    return "braces" if unknown_fields(text) else ""


def unknown_fields(text: str) -> list[str]:
    """What stands in braces of any kind, single or double, and is none of `FIELDS`; a brace alone, too.

    >>> unknown_fields("Hi {name}, is {email} yours? ｛phone｝ {{name}}")
    ['{email}', '｛phone｝', '{{name}}']
    """
    return [one for one in dict.fromkeys(_BRACES.findall(text)) if one not in {f"{{{name}}}" for name in FIELDS}]


# --- one message ----------------------------------------------------------------------------------------------------
def composed(
    phrases: Phrases, settings: Settings, texts: Mapping[str, str], language: str, name: str, consent: Consent | None
) -> Reply:
    """The message as a customer reads it; `name`: how they are addressed, see `called`."""
    business = settings.business.name_zh if language == "zh" else settings.business.name_en
    text = (
        texts[language]
        .strip()
        .format_map({"name": name or phrases("campaigns.message.nameless", language), "business": business})
    )
    zone = settings.business.zone
    said = {"business": business, "day": wording.day(consent.occurred_at, language, zone) if consent else ""}
    why = phrases("campaigns.message.why" if consent else "campaigns.message.why_unknown", language, **said)
    stop = Choice(label=phrases("campaigns.message.stop_button", language), value=STOP)
    return Reply(text=f"{text}\n\n{why}", subject=text.splitlines()[0], promotional=True, choices=(stop,))


def called(name: str, kind: str, language: str) -> str:
    """How to address somebody: the Chinese name in Chinese, the first Latin name in English; a company by all of it.

    >>> called("Wang Fang 王芳", "person", "zh"), called("Wang Fang 王芳", "person", "en")
    ('王芳', 'Wang')
    >>> called("Red Fox Ltd", "company", "en")
    'Red Fox Ltd'
    """
    words = name.split()
    if kind == "company":
        return " ".join(words)
    chinese, latin = [one for one in words if not one.isascii()], [one for one in words if one.isascii()]
    return next(iter((chinese or latin) if language == "zh" else (latin or chinese)), "")


def language_of(customer: Customer, conversation: Conversation | None, settings: Settings) -> str:
    """What they speak with us; of who never wrote, what their record or the business's country says."""
    spoken = (conversation.language if conversation else None) or customer.language
    return ("zh" if settings.business.region == "CN" else "en") if spoken is None else spoken


def _agreed(session: Session, customer_id: int, kind: str) -> Consent | None:
    """The yes that they gave last."""
    query = select(Consent).where(Consent.customer_id == customer_id, Consent.granted, Consent.kind == kind)
    return session.execute(query.order_by(Consent.occurred_at.desc(), Consent.id.desc()).limit(1)).scalar_one_or_none()


def _queue(session: Session, office: Office, campaign: Campaign, chosen: Chosen, now: datetime) -> None:
    customer = session.get_one(Customer, chosen.candidate.customer_id)
    if chosen.candidate.conversation_id is None:
        conversation = mailbox_of(session, customer.id, now)
    else:
        conversation = session.get_one(Conversation, chosen.candidate.conversation_id)
    language = language_of(customer, conversation, office.settings)
    texts = next(one for one in campaign.variants if one["key"] == chosen.variant)
    reply = composed(
        office.phrases, office.settings, texts, language, called(customer.name or "", customer.kind, language),
        _agreed(session, customer.id, campaign.kind),
    )  # fmt: skip
    row = queue_reply(session, conversation, reply, now=now, purpose="proactive", kind=campaign.kind, language=language)
    session.flush()
    session.execute(update(CampaignContact).where(CampaignContact.id == chosen.contact_id).values(outbox_id=row.id))


# --- by the clock ---------------------------------------------------------------------------------------------------
def run(office: Office, now: datetime) -> dict[str, int]:
    """Note what became of what was sent, then send the batches that are due. Choosing somebody and queueing their
    message is one transaction: a crash leaves both or neither.
    """
    told = {"campaigns": 0, "queued": 0, "watched": 0}
    with office.store.read() as session:
        watched, due = outcomes.watched(session, now), running.due(session, now)
    for campaign_id in watched:
        with office.store.write() as session:
            campaign = session.get(Campaign, campaign_id)
            if campaign is not None:
                told["watched"] += outcomes.record(session, campaign, now, office.settings.business.currency)
    for campaign_id in due:
        told["campaigns"] += 1
        for _ in range(AT_ONCE):
            sent = _send_batch(office, campaign_id, now)
            told["queued"] += sent
            if not sent:  # what has to pause between its batches is not due again this time
                break
    return told


def _send_batch(office: Office, campaign_id: int, now: datetime) -> int:
    with office.store.write() as session:
        campaign = session.get(Campaign, campaign_id, with_for_update=True)
        if campaign is None or campaign.id not in running.due(session, now):
            return 0  # paused, stopped, or sent by another process meanwhile
        for chosen in running.next_batch(session, campaign, now, office.rules):
            _queue(session, office, campaign, chosen, now)
        queued = take_queued(session)
    office.deliver(queued)
    return len(queued)
