"""Safety nets of a serving process: what was stored and is not being worked on is found again."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.app import App
from crm_core import proactive
from crm_core.models import Interaction, OutboxMessage

PATIENCE = timedelta(seconds=60)
"""How old something must be: younger ones are on their way."""
AT_ONCE = 500


def unanswered_sweep(app: App, due_at: datetime) -> dict[str, Any]:
    """Messages that were stored and not answered go to dispatch again; answering twice changes nothing."""
    query = (
        select(Interaction.conversation_id)
        .where(Interaction.status == "received", Interaction.received_at < app.clock() - PATIENCE)
        .order_by(Interaction.id)
        .limit(AT_ONCE)
    )
    with app.store.read() as session:
        found = list(dict.fromkeys(session.execute(query).scalars()))
    for conversation_id in found:
        app.dispatch.submit(conversation_id)
    return {"submitted": len(found)}


def undelivered_sweep(app: App, due_at: datetime) -> dict[str, Any]:
    """Replies queued by another process (a job run by hand) go out from here, and what was put off until now."""
    with app.store.write() as session:
        proactive.release(session, app.clock())
    held = app.delivery.held()
    query = (
        select(OutboxMessage)
        .where(OutboxMessage.state == "queued", OutboxMessage.queued_at < app.clock() - PATIENCE)
        .order_by(OutboxMessage.id)
        .limit(AT_ONCE)
    )
    with app.store.read() as session:
        found = [row for row in session.execute(query).scalars() if row.id not in held]
    taken = app.delivery.adopt(found)
    return {"taken": taken}


def unerased_sweep(app: App, due_at: datetime) -> dict[str, Any]:
    """Customers who were told that they are erased, and are still there because the process stopped, go now."""
    return {"erased": app.erasures.run()}
