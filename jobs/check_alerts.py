"""Looks at every figure that somebody wants to be warned of, and tells of the lines that were crossed."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from bot.alert_words import AlertWords
from bot.app import App
from bot.digest import WITH_BUTTONS
from bot.outbox import queue_reply, take_queued
from bot.staff_places import chat_of, missing, own_channel
from crm_core.alerts import Reading, look, settle, watched
from crm_core.models import Alert, Staff

log = structlog.get_logger(__name__)


def check_alerts(app: App, due_at: datetime) -> dict[str, Any]:
    """Measure first, then note and tell in one transaction each, so that a crash repeats or loses none."""
    now = app.clock()
    with app.store.read() as session:
        seen = [(alert, look(session, alert, now)) for alert in watched(session, now)]
    told = sum(_settled(app, alert, reading, now) for alert, reading in seen)
    return {"alerts": len(seen), "told": told}


def _settled(app: App, alert: Alert, reading: Reading, now: datetime) -> bool:
    with app.store.write() as session:
        if not settle(session, alert, reading, now):
            return False
        told = _tell(app, session, alert, reading, now)
        queued = take_queued(session)
    app.delivery.submit(queued)
    return told


def _tell(app: App, session: Session, alert: Alert, reading: Reading, now: datetime) -> bool:
    staff = session.get_one(Staff, alert.staff_id)
    entry = app.roll.entry_of(staff.external_id)
    if entry is None or entry.role == "agent":
        session.get_one(Alert, alert.id).stopped_at = now
        log.info("alert_ended", staff_id=staff.id, number=alert.number)
        return False
    channel = alert.channel
    if missing(app.settings, entry, staff.external_id, channel):
        channel = own_channel(staff.external_id)  # a warning that cannot go there is worth more than a rule
    account = app.channels[channel].account if channel in app.channels else ""
    words = AlertWords(app.services.phrases, alert.language, app.settings.business.currency, session)
    reply = words.told(alert, reading, buttons=channel in WITH_BUTTONS)
    chat = chat_of(session, staff, entry, channel, account, now)
    queue_reply(session, chat, reply, now=now, purpose="proactive", language=alert.language)
    return True
