"""Suggests next actions: nightly by the new figures, every few minutes by what happened; a card a day."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.app import App
from bot.digest import WITH_BUTTONS
from bot.handover import Place
from bot.messages import Reply
from bot.outbox import take_queued
from bot.staff_places import chat_of, own_channel
from bot.suggestion_words import SuggestionWords
from bot.telling import chat_at, tell
from bot.turns import Memory
from crm_core import audit
from crm_core.database import insert_once
from crm_core.first_runs import minutes_left
from crm_core.models import Conversation, Delivery, Staff
from crm_core.staff.notifications import may_ping
from crm_core.suggestions.making import Rules, make
from crm_core.suggestions.outcomes import follow
from crm_core.suggestions.reading import SuggestionView, for_person, for_queue, local_date, note_shown
from jobs.errors import TryLater

ACTOR = "job:suggest"
FIELDS = ("name", "reasons", "value")


def suggest(app: App, due_at: datetime) -> dict[str, Any]:
    """Make what the figures of the night and what happened give reason for.

    Raises:
        TryLater: there are no figures yet, and they are being computed.
    """
    with app.store.read() as session:
        if minutes_left(session, "know_customers", app.clock()) is not None:
            raise TryLater("The figures of customers are computed for the first time.")
    return {"made": _make(app, nightly=True)}


def suggest_events(app: App, due_at: datetime) -> dict[str, Any]:
    """Follow what became of earlier ones, make what just happened gives reason for, send the cards that are due."""
    with app.store.write() as session:
        followed = follow(session, app.clock(), app.settings.suggestions.watch_days)
    return {**followed, "made": _make(app, nightly=False), "cards": _send_cards(app)}


def _make(app: App, *, nightly: bool) -> int:
    settings = app.settings
    rules = Rules(settings.suggestions, settings.proactive, settings.business.zone)
    with app.store.write() as session:
        return make(session, app.clock(), rules, nightly=nightly)


# --- the card of the day --------------------------------------------------------------------------------------------
def _send_cards(app: App) -> int:
    """To each person once a day what is theirs, in their own chat; to the queue what anybody may take."""
    now = app.clock()
    with app.store.read() as session:
        people = list(session.execute(select(Staff.id).where(Staff.active).order_by(Staff.id)).scalars())
    sent = 0
    for staff_id in people:
        with app.store.write() as session:
            sent += _to_person(app, session, staff_id, now)
            queued = take_queued(session)
        app.delivery.submit(queued)
    with app.store.write() as session:
        sent += _to_queue(app, session, now)
        queued = take_queued(session)
    app.delivery.submit(queued)
    return sent


def _is_time(app: App, now: datetime, zone: str) -> bool:
    local = now.astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute >= app.settings.suggestions.card_from


def _once(session: Session, whose: str, now: datetime, zone: str) -> bool:
    """Whether this is the first card of the day; noted within the transaction that queues it."""
    key = f"{whose}:{local_date(now, zone)}"
    values = {"channel": "job", "account": "suggest", "delivery_id": key, "received_at": now}
    return insert_once(session, Delivery, **values) is not None


def _to_person(app: App, session: Session, staff_id: int, now: datetime) -> bool:
    staff = session.get_one(Staff, staff_id)
    entry = app.roll.entry_of(staff.external_id)
    channel = own_channel(staff.external_id)
    if entry is None or channel not in WITH_BUTTONS or not _account(app, channel):
        return False
    if not _is_time(app, now, staff.zone) or may_ping(staff, "suggestion", now) != "now":
        return False
    most = app.settings.suggestions.most_a_day
    views = for_person(session, staff, now, most, own=True)
    if not views or not _once(session, str(staff.id), now, staff.zone):
        return False
    chat = chat_of(session, staff, entry, channel, _account(app, channel), now)
    words = _words(app, chat.language or entry.language, staff.zone)
    _tell(session, chat, Reply(text=words.say("card", count=most), cards=words.cards(views)), views, now)
    note_shown(session, staff.id, {one.kind for one in views}, now)
    _audit(app, session, views, now)
    return True


def _to_queue(app: App, session: Session, now: datetime) -> bool:
    place, zone = _queue(app), app.settings.business.zone
    if place is None or not _is_time(app, now, zone):
        return False
    views = for_queue(session, now, app.settings.suggestions.most_a_day)
    if not views or not _once(session, "queue", now, zone):
        return False
    chat = chat_at(session, place.channel, place.account, place.chat_id, now)
    words = _words(app, chat.language or place.language, zone)
    _tell(session, chat, Reply(text=words.say("queue_card"), cards=words.cards(views)), views, now)
    _audit(app, session, views, now)
    return True


def _queue(app: App) -> Place | None:
    """Where hand-over threads open; None while no channel that staff work in is connected."""
    for name, channel in app.channels.items():
        chat_id = channel.queue_chat()
        if chat_id and channel.account:
            return Place(name, channel.account, chat_id)
    return None


def _tell(session: Session, chat: Conversation, reply: Reply, views: list[SuggestionView], now: datetime) -> None:
    """Send it, and remember what "the second one" means there."""
    memory = Memory(chat.context)
    memory.show("suggestions", [one.suggestion_id for one in views])
    chat.context = memory.dump()
    tell(session, chat, reply, now)


def _account(app: App, channel: str) -> str:
    """A channel knows it once it is connected."""
    return app.channels[channel].account if channel in app.channels else ""


def _words(app: App, language: str, zone: str) -> SuggestionWords:
    return SuggestionWords(app.services.phrases, language, app.settings.business.currency, zone)


def _audit(app: App, session: Session, views: list[SuggestionView], now: datetime) -> None:
    for number in dict.fromkeys(one.customer_number for one in views):
        audit.record(
            session, app.store.vault, actor=ACTOR, action="suggestion.read", subject=f"customer:{number}",
            fields=FIELDS, now=now,
        )  # fmt: skip
