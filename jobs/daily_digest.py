"""Yesterday's digest, to the managers: once for each local date."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.app import App
from bot.channels.web import MANAGER, WebChannel
from bot.digest import digest_reply, draw, gather
from bot.figures import FigureWords
from bot.handlers.manager.digests import SHOWN
from bot.handover import Place
from bot.intake import find_conversation
from bot.outbox import queue_reply, take_queued
from bot.telling import chat_at
from crm_core import audit
from crm_core.database import insert_once
from crm_core.models import Delivery
from crm_core.reports.digest import yesterday
from jobs.errors import TryLater


def daily_digest(app: App, due_at: datetime) -> dict[str, Any]:
    """Send the digest of the day before `due_at` to the place where staff read it.

    Raises:
        TryLater: the staff channel is not connected yet.
    """
    place = digest_place(app)
    if place is None:
        return {"sent": False, "reason": "There is no staff channel: set Slack's tokens to get the digest."}
    period = yesterday(due_at, app.settings.business.zone)
    with app.store.read() as session:
        language = _language(session, app, place)
        words = FigureWords(app.services.phrases, language)
        gathered = gather(session, period, None, words)
    drawn = draw(gathered, app.settings.data_dir)
    now = app.clock()
    with app.store.write() as session:
        first = insert_once(
            session,
            Delivery,
            channel="job",
            account="daily_digest",
            delivery_id=period.first.isoformat(),
            received_at=now,
        )
        if first is None:
            return {"sent": False, "reason": "It was sent already."}
        conversation = chat_at(session, place.channel, place.account, place.chat_id, now)
        reply = digest_reply(session, drawn, app.files, words)
        audit.record(
            session, app.store.vault, actor="job:daily_digest", action="digest.read", subject="customers",
            fields=SHOWN, now=now,
        )  # fmt: skip
        queue_reply(session, conversation, reply, now=now, purpose="proactive", language=language)
        queued = take_queued(session)
    app.delivery.submit(queued)
    return {"sent": True, "channel": place.channel, "charts": len(drawn.charts), "notable": len(gathered.notable)}


def digest_place(app: App) -> Place | None:
    """Where the digest goes: Slack's digest or support channel, else the playground's manager pane.

    Raises:
        TryLater: a staff channel is there and not connected yet.
    """
    for name, channel in app.channels.items():
        if isinstance(channel, WebChannel):
            if channel.playground:
                return Place(name, channel.account, MANAGER)
            continue
        chat = channel.queue_chat()
        if chat:
            wanted = app.settings.slack.digest_channel if name == "slack" else ""
            return Place(name, channel.account, wanted or chat)
    if "slack" in app.channels and "slack" not in app.unavailable:
        raise TryLater("Slack is not connected yet.")
    return None


def _language(session: Session, app: App, place: Place) -> str:
    """What is spoken there; before anybody spoke, the language of most managers."""
    known = find_conversation(session, place.channel, place.account, place.chat_id, "")
    if known and known.language:
        return known.language
    spoken = Counter(entry.language for entry in app.settings.staff if entry.role != "agent")
    return spoken.most_common(1)[0][0] if spoken else place.language
