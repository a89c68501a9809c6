"""Telling a member of staff something they did not ask for, in the chat in which they talk to us alone."""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from bot.intake import find_conversation
from bot.messages import Reply
from bot.outbox import queue_reply
from crm_core.models import Conversation, Interaction


def own_chat(session: Session, staff_id: int) -> Conversation | None:
    """The direct chat in which somebody last wrote to us; None when they never did."""
    theirs = exists().where(
        Interaction.conversation_id == Conversation.id,
        Interaction.staff_id == staff_id,
        Interaction.direction == "in",
    )
    latest = func.coalesce(Conversation.last_message_at, Conversation.started_at)
    query = select(Conversation).where(
        Conversation.audience.in_(("agent", "manager")), Conversation.identity_id.is_(None),
        Conversation.thread_id == "", theirs,
    )  # fmt: skip
    return session.execute(query.order_by(latest.desc()).limit(1)).scalar_one_or_none()


def tell(session: Session, chat: Conversation, reply: Reply, now: datetime) -> None:
    """Queue something proactive into a chat of staff, in its language."""
    queue_reply(session, chat, reply, now=now, purpose="proactive", language=chat.language or "en")


def chat_at(session: Session, channel: str, account: str, chat_id: str, now: datetime) -> Conversation:
    """The chat of staff at a place; begun where nothing was said there yet."""
    found = find_conversation(session, channel, account, chat_id, "")
    if found is not None:
        return found
    chat = Conversation(channel=channel, account=account, chat_id=chat_id, audience="manager")
    chat.state_since = chat.started_at = now
    session.add(chat)
    session.flush()
    return chat
