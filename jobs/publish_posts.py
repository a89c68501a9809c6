"""Says in public what staff confirmed, and tells whoever wrote it what became of it."""

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.app import App
from bot.handlers.agent.public_posts import told
from bot.messages import Choice, Reply
from bot.outbox import queue_reply, take_queued
from crm_core.listening import publishing
from crm_core.models import Conversation, Publication, Staff


def publish_posts(app: App, due_at: datetime) -> dict[str, Any]:
    """Say what is due. A second run, here or in another process, says nothing twice."""
    settled = publishing.send_due(app.store, app.settings.connectors, app.clock, app.settings.web.public_url)
    for row in settled:
        with app.store.write() as session:
            _tell(app, session, session.get_one(Publication, row.id))
            queued = take_queued(session)
        app.delivery.submit(queued)
    return {"settled": len(settled), "sent": sum(row.state == "sent" for row in settled)}


def _tell(app: App, session: Session, row: Publication) -> None:
    chat = session.get(Conversation, row.conversation_id) if row.conversation_id else None
    if chat is None:
        return
    say = partial(_say, app, row.language)
    zone = session.get_one(Staff, row.staff_id).zone
    choices: tuple[Choice, ...] = ()
    if row.url:
        choices = (Choice(label=say("public.buttons.open"), value="public_post", link=row.url),)
    text = told(row, say, zone, row.language)
    queue_reply(
        session, chat, Reply(text=text, choices=choices), now=app.clock(), purpose="proactive", language=row.language
    )


def _say(app: App, language: str, key: str, /, **values: object) -> str:
    return app.services.phrases(key, language, **values)
