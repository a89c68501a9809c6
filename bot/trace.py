"""What happened to one message: received, stored, understood, answered, delivered."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.database import Store
from crm_core.models import Correction, Interaction, OutboxMessage


def trace(store: Store, channel: str, chat_id: str, message_id: str) -> dict[str, Any] | None:
    """The newest revision of a message with every step it took; None when it never arrived here."""
    with store.read() as session:
        return traced(session, channel, chat_id, message_id)


def traced(session: Session, channel: str, chat_id: str, message_id: str) -> dict[str, Any] | None:
    """The same, within a session that is open already."""
    row = session.execute(
        select(Interaction)
        .where(
            Interaction.channel == channel,
            Interaction.chat_id == chat_id,
            Interaction.message_id == message_id,
            Interaction.direction == "in",
        )
        .order_by(Interaction.revision.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    outbox = session.execute(
        select(OutboxMessage).where(OutboxMessage.answers_id == row.id).order_by(OutboxMessage.id)
    ).scalars()
    said = select(Correction.kind, Correction.label).where(Correction.interaction_id == row.id)
    corrected = {kind: label for kind, label in session.execute(said) if label}
    return _told(row, [_delivery(message) for message in outbox], corrected)


def _told(row: Interaction, sent: list[dict[str, Any]], corrected: dict[str, str]) -> dict[str, Any]:
    delivered = max((message["sent_at"] for message in sent if message["sent_at"]), default=None)
    understood = _understood(row) if row.intent else None
    meaning = f"{row.intent} ({(row.confidence_milli or 0) / 10:.0f} %)" if row.intent else ""
    steps = [
        _step("received", row.occurred_at, row.channel),
        _step("stored", row.received_at, f"interaction {row.id}"),
        _step("understood", row.answered_at, meaning),
        _step("answered", row.answered_at, row.status),
        *(_step(f"delivery {m['state']}", m["sent_at"], m["error"] or f"{m['attempts']} retries") for m in sent),
    ]
    return {
        "received": row.occurred_at.isoformat(),
        "stored": row.received_at.isoformat(),
        "understood": understood,
        "corrected": corrected,
        "answered": _iso(row.answered_at),
        "delivered": delivered,
        "outbox": sent,
        "steps": [step for step in steps if step["at"]],
    }


def _understood(row: Interaction) -> dict[str, Any]:
    return {
        "intent": row.intent,
        "confidence": (row.confidence_milli or 0) / 1000,
        "alternatives": row.alternatives or [],
        "entities": json.loads(row.entities) if row.entities else [],
        "sentiment": None if row.sentiment_milli is None else row.sentiment_milli / 1000,
        "language": row.language,
        "mixed": row.mixed,
        "strong": row.strong,
    }


def _delivery(message: OutboxMessage) -> dict[str, Any]:
    return {
        "state": message.state,
        "attempts": message.attempts,
        "sent_at": _iso(message.sent_at),
        "error": message.error,
        "channel": message.channel,
    }


def _step(name: str, at: datetime | str | None, detail: str) -> dict[str, Any]:
    return {"step": name, "at": _iso(at) if isinstance(at, datetime) else at, "detail": detail}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
