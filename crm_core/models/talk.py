"""Conversations, what was said in them, what came in and what goes out."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_core.models.base import Base, customer_key
from crm_core.models.people import Customer
from crm_core.sealed import Sealed, personal


class Conversation(Base):
    """One chat. `state`: bot, waiting (for a person), person, snoozed or resolved."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "account", "chat_id", "thread_id"),
        Index("ix_conversations_desk", "desk_channel", "desk_chat_id", "desk_thread_id"),
    )
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    chat_id: Mapped[str] = personal(String(200), kind="identifier")
    thread_id: Mapped[str] = mapped_column(String(100), default="")
    audience: Mapped[str] = mapped_column(String(10), default="customer")
    customer_id: Mapped[int | None] = customer_key()
    identity_id: Mapped[int | None] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10), default="bot", index=True)
    state_since: Mapped[datetime]
    language: Mapped[str | None] = mapped_column(String(2))
    language_chosen: Mapped[bool] = mapped_column(default=False)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    desk_channel: Mapped[str | None] = mapped_column(String(20))
    """Where staff follow this conversation: channel, chat and thread of the hand-over thread."""
    desk_account: Mapped[str | None] = mapped_column(String(100))
    desk_chat_id: Mapped[str | None] = mapped_column(String(100))
    desk_thread_id: Mapped[str | None] = mapped_column(String(100))
    question_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """The open question (JSON): intent, what is asked, slots, when it lapses."""
    context_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """What "her" or "that one" refers to here (JSON)."""
    unsure_count: Mapped[int] = mapped_column(default=0)
    angry_count: Mapped[int] = mapped_column(default=0)
    snoozed_until: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(index=True)
    last_message_at: Mapped[datetime | None]
    question = Sealed("question_sealed")
    context = Sealed("context_sealed")
    customer: Mapped[Customer | None] = relationship()


class Interaction(Base):
    """One thing said or done, by them or us. `author`: customer, bot, staff or system; `direction`: in, out, internal.

    `status` of what came in: received, answered (also when the right answer is silence) or failed. Of a change of the
    conversation's state (kind state): the new state, with the reason as its topic.
    """

    __tablename__ = "interactions"
    __table_args__ = (
        UniqueConstraint("channel", "account", "chat_id", "message_id", "revision", "direction"),
        Index("ix_interactions_todo", "status", "conversation_id", "id"),
        Index("ix_interactions_conversation", "conversation_id", "id"),
        Index(
            "ix_interactions_facts",
            "customer_id",
            "direction",
            "author",
            "kind",
            "occurred_at",
            "channel",
            "intent",
            "sentiment_milli",
        ),
    )  # fmt: skip - the last holds all that features ask of a customer's messages, which then are not read themselves
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = customer_key(index=False)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    direction: Mapped[str] = mapped_column(String(8))
    author: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(10), default="new")
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    chat_id: Mapped[str] = personal(String(200), kind="identifier")
    message_id: Mapped[str] = mapped_column(String(200))
    revision: Mapped[int] = mapped_column(default=0)
    incoming_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """The IncomingMessage as JSON, without its text, until answered."""
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    entities_sealed: Mapped[bytes | None] = personal(LargeBinary)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(10), default="answered")
    attempts: Mapped[int] = mapped_column(default=0)
    language: Mapped[str | None] = mapped_column(String(2))
    intent: Mapped[str | None] = mapped_column(String(40), index=True)
    confidence_milli: Mapped[int | None]
    alternatives: Mapped[list[Any] | None]
    sentiment_milli: Mapped[int | None]
    strong: Mapped[bool] = mapped_column(default=False)
    mixed: Mapped[bool] = mapped_column(default=False)
    topic: Mapped[str | None] = mapped_column(String(60))
    incoming = Sealed("incoming_sealed")
    text = Sealed("text_sealed")
    entities = Sealed("entities_sealed")


class Delivery(Base):
    """One delivery of a platform (update, event, trigger), so that a repeat ends at the door."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("channel", "account", "delivery_id"),)
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    delivery_id: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(index=True)


class OutboxMessage(Base):
    """One reply to be delivered. `state`: queued, sending, sent, failed, unclear, held (waits for a person), postponed
    (until `not_before`) or cancelled.

    `purpose` is reply (at least once) or proactive (at most once: an unclear one waits for a person).
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_todo", "state", "channel", "chat_id", "id"),)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = customer_key()
    answers_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"), index=True)
    """The incoming interaction that this answers."""
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"), index=True)
    """The outgoing interaction that this delivers."""
    purpose: Mapped[str] = mapped_column(String(10), default="reply")
    kind: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """Of a proactive one to a customer: which of `preferences.KINDS`; "" counts as marketing."""
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    chat_id: Mapped[str] = personal(String(200), kind="identifier")
    thread_id: Mapped[str] = mapped_column(String(100), default="")
    recipient: Mapped[str] = mapped_column(String(100), default="")
    language: Mapped[str] = mapped_column(String(2), default="en")
    reply_sealed: Mapped[bytes | None] = personal(LargeBinary)
    origin: Mapped[dict[str, Any] | None]
    """For what staff sent to a customer: channel, account, chat_id, message_id of their text, to be ticked."""
    opens_desk: Mapped[bool] = mapped_column(default=False)
    """The platform's id of this message becomes the hand-over thread of the conversation."""
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None]
    queued_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    platform_message_id: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(String(500))
    reply = Sealed("reply_sealed")


class Attachment(Base):
    """A file that came or goes along with a message; its bytes are sealed in the data folder."""

    __tablename__ = "attachments"
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = customer_key()
    kind: Mapped[str] = mapped_column(String(10))
    name_sealed: Mapped[bytes | None] = personal(LargeBinary)
    details_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """JSON: a location, a contact, a sticker's emoji."""
    media_type: Mapped[str] = mapped_column(String(100), default="")
    size: Mapped[int] = mapped_column(default=0)
    reference: Mapped[str] = personal(String(2000), kind="identifier", default="")
    stored_at: Mapped[datetime | None]
    """When the bytes were fetched; None: not yet, or nothing to fetch."""
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    """What is written in a picture, which nobody said to us, or what is said in a recording, which the customer did."""
    looks: Mapped[int | None]
    """64 bits that are nearly the same for nearly the same picture."""
    looked_at: Mapped[datetime | None]
    """When a picture was looked at or a recording listened to, whatever came of it."""
    name = Sealed("name_sealed")
    details = Sealed("details_sealed")
    text = Sealed("text_sealed")


class Correction(Base):
    """What staff say a customer's message meant. `kind`: intent or mood; `state`: waiting, approved or rejected.

    `found` is what was understood at first (of a mood with its `found_milli`), `label` what was meant instead; None
    where it was only decided that nothing is to be learnt from this message.
    """

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("interaction_id", "kind"),)
    interaction_id: Mapped[int] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = customer_key()
    kind: Mapped[str] = mapped_column(String(6))
    text_sealed: Mapped[bytes | None] = personal(LargeBinary)
    language: Mapped[str | None] = mapped_column(String(2))
    found: Mapped[str | None] = mapped_column(String(40))
    found_milli: Mapped[int | None]
    label: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="waiting", index=True)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    text = Sealed("text_sealed")


class Rating(Base):
    """A customer's score (1-5) for a conversation; `score` is None while asked and not answered."""

    __tablename__ = "ratings"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int | None] = customer_key()
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    score: Mapped[int | None]
    comment_sealed: Mapped[bytes | None] = personal(LargeBinary)
    asked_at: Mapped[datetime]
    given_at: Mapped[datetime | None] = mapped_column(index=True)
    comment = Sealed("comment_sealed")
