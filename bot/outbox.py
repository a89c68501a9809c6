"""Writing replies into the outbox, in the same transaction as the effects they tell of."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.messages import Reply
from crm_core.models import Conversation, Interaction, OutboxMessage

FAREWELL = "farewell"
"""Purpose of the last answer to somebody who asked to be erased: once it went out, everything of theirs goes."""
DESK_THREAD = "@desk"
"""Stands for the hand-over thread of the conversation, whose id is known only once its first message was sent."""


def queue_reply(
    session: Session,
    conversation: Conversation,
    reply: Reply,
    *,
    now: datetime,
    author: str = "bot",
    answers_id: int | None = None,
    staff_id: int | None = None,
    purpose: str = "reply",
    kind: str = "",
    language: str = "en",
    recipient: str = "",
    origin: dict[str, Any] | None = None,
) -> OutboxMessage:
    """Queue a reply into a conversation; what is said there is remembered as an interaction."""
    spoken = Interaction(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        staff_id=staff_id,
        direction="out",
        author=author,
        channel=conversation.channel,
        account=conversation.account,
        chat_id=conversation.chat_id,
        message_id="",
        text=readable(reply),
        occurred_at=now,
        received_at=now,
        language=language,
    )
    spoken.message_id = f"out-{spoken.id}"
    row = OutboxMessage(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        answers_id=answers_id,
        interaction_id=spoken.id,
        purpose=purpose,
        kind=kind,
        channel=conversation.channel,
        account=conversation.account,
        chat_id=conversation.chat_id,
        thread_id="" if conversation.thread_id.startswith("@") else conversation.thread_id,
        recipient=recipient,
        language=language,
        reply=reply.model_dump_json(exclude_defaults=True),
        origin=origin,
        queued_at=now,
    )
    session.add_all([spoken, row])
    remember_queued(session, row)
    return row


def queue_to_desk(
    session: Session, conversation: Conversation, reply: Reply, *, now: datetime, language: str, opens: bool = False
) -> OutboxMessage:
    """Queue something for the staff who follow a conversation, into its hand-over thread (or to open it)."""
    assert conversation.desk_channel
    row = OutboxMessage(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        channel=conversation.desk_channel,
        account=conversation.desk_account or "",
        chat_id=conversation.desk_chat_id or "",
        thread_id="" if opens else (conversation.desk_thread_id or DESK_THREAD),
        opens_desk=opens,
        language=language,
        reply=reply.model_dump_json(exclude_defaults=True),
        queued_at=now,
    )
    session.add(row)
    remember_queued(session, row)
    return row


def queue_to_queue(
    session: Session, channel: str, account: str, chat_id: str, reply: Reply, *, now: datetime, language: str
) -> OutboxMessage:
    """Queue something for all staff, outside of any thread and tied to no customer."""
    row = OutboxMessage(
        channel=channel,
        account=account,
        chat_id=chat_id,
        language=language,
        reply=reply.model_dump_json(exclude_defaults=True),
        queued_at=now,
    )
    session.add(row)
    remember_queued(session, row)
    return row


def remember_queued(session: Session, row: OutboxMessage) -> None:
    """Note the row in the session, so that delivery is told of it after the commit."""
    session.info.setdefault("queued", []).append(row)


def take_queued(session: Session) -> list[OutboxMessage]:
    """The rows queued in this session, in order; to be handed to delivery once it is committed."""
    return list(session.info.pop("queued", []))


def readable(reply: Reply) -> str:
    """A reply as plain text: for the timeline, the search and channels that know nothing better."""
    parts = [reply.text]
    for card in reply.cards:
        parts.append("\n".join([card.title, card.subtitle, *(f"{name}: {value}" for name, value in card.facts)]))
    if reply.table:
        parts.append("\n".join(" | ".join(row) for row in (reply.table.columns, *reply.table.rows)))
        parts.append(reply.table.note)
    parts.extend(f"[{file.name}] {file.caption}".rstrip() for file in reply.files)
    return "\n".join(part.strip() for part in parts if part.strip())
