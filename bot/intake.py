"""Everything that comes in is written here, in a transaction of its own, before the platform is told it arrived."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from bot.stopping import stops
from bot.turns import Memory
from crm_core import consent
from crm_core.database import Store, insert_once, next_number
from crm_core.models import Attachment, Conversation, Customer, Delivery, Identity, Interaction, OutboxMessage
from crm_core.opened_orders import OpenedOrders
from crm_core.sealed import place

MAX_TEXT = 64 * 1024


class Intake:
    """Persists messages, each exactly once, and tells dispatch which conversation has something to do.

    Args:
        ready: called with the conversation's id after the message is safely stored.
    """

    def __init__(self, store: Store, ready: Callable[[int], None], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ready = ready
        self._clock = clock

    def receive(self, message: IncomingMessage) -> bool:
        """Store one message; False when it is a repeat or nothing that concerns us.

        Raises:
            DatabaseUnavailable: not stored; the channel must not acknowledge it.
        """
        message = _trimmed(message)
        conversation_id = self._store.repeated(lambda session: self._store_message(session, message))
        if conversation_id is None:
            return False
        self._ready(conversation_id)
        return True

    def _store_message(self, session: Session, message: IncomingMessage) -> int | None:
        now = self._clock()
        first = insert_once(
            session,
            Delivery,
            channel=message.channel,
            account=message.account,
            delivery_id=message.delivery_id,
            received_at=now,
        )
        if first is None:
            return None
        thread = _thread_pressed(session, message) or _thread_of(message)
        conversation = find_conversation(session, message.channel, message.account, message.chat_id, thread)
        if not message.addressed and (message.side == "customer" or not _is_desk_thread(session, message)):
            return None  # people talking among themselves: not ours to keep
        if conversation is None:
            conversation = self._open_conversation(session, message, thread, now)
        elif message.side == "customer" and conversation.identity_id is None:
            self._becomes_a_customers(session, conversation, message, now)
        interaction_id = insert_once(session, Interaction, **self._interaction(conversation, message, now))
        if interaction_id is None:
            return None
        for attachment in message.attachments:
            session.add(_attachment(conversation, interaction_id, attachment.model_dump(), now))
        if stops(session, conversation, message, now):
            self._stop(session, conversation, f"said in {message.channel}", now)
        return conversation.id

    def _stop(self, session: Session, conversation: Conversation, how: str, now: datetime) -> None:
        """Nothing more unasked to whoever wrote, nor to those whose orders they opened in this chat."""
        assert conversation.customer_id is not None, "only customers stop it"
        assert conversation.identity_id is not None, "customers write from an account"
        consent.stop(session, conversation.customer_id, how, now)
        opened = OpenedOrders(session, self._store.vault, conversation.id, conversation.identity_id, now)
        opened.refuse(Memory(conversation.context).shown("opened") or [], how)

    def _open_conversation(
        self, session: Session, message: IncomingMessage, thread: str, now: datetime
    ) -> Conversation:
        identity = None if message.side == "staff" else self._identity(session, message, now)
        conversation = Conversation(
            channel=message.channel,
            account=message.account,
            chat_id=message.chat_id,
            thread_id=thread,
            audience="customer" if identity else "agent",
            customer_id=identity.customer_id if identity else None,
            identity_id=identity.id if identity else None,
            state_since=now,
            started_at=now,
        )
        session.add(conversation)
        session.flush()
        return conversation

    def _becomes_a_customers(
        self, session: Session, conversation: Conversation, message: IncomingMessage, now: datetime
    ) -> None:
        """A chat in which somebody was refused as no member of staff, before customers were welcome there."""
        identity = self._identity(session, message, now)
        conversation.audience, conversation.question = "customer", None
        conversation.customer_id, conversation.identity_id = identity.customer_id, identity.id

    def _identity(self, session: Session, message: IncomingMessage, now: datetime) -> Identity:
        sender = message.sender
        identity = find_identity(session, message.channel, message.account, sender.external_id)
        if identity is None:
            visitor = Customer(
                number=next_number(session, "customer"),
                kind="visitor",
                name=sender.name or None,
                language="zh" if sender.language.startswith("zh") else None,
                first_seen_at=now,
                updated_at=now,
            )
            session.add(visitor)
            session.flush()
            identity = Identity(
                customer_id=visitor.id,
                channel=message.channel,
                account=message.account,
                external_id=sender.external_id,
                handle=sender.handle or None,
                display_name=sender.name or None,
                first_seen_at=now,
            )
            session.add(identity)
            session.flush()
        return identity

    def _interaction(self, conversation: Conversation, message: IncomingMessage, now: datetime) -> dict[str, Any]:
        row = Interaction(conversation_id=conversation.id, customer_id=conversation.customer_id)
        owner = conversation.customer_id or 0
        vault = self._store.vault
        envelope = message.model_dump_json(exclude={"text"}, exclude_defaults=True)
        return {
            "id": row.id,
            "conversation_id": conversation.id,
            "customer_id": conversation.customer_id,
            "direction": "in",
            "author": "staff" if message.side == "staff" else "customer",
            "kind": message.kind,
            "channel": message.channel,
            "account": message.account,
            "chat_id": message.chat_id,
            "message_id": message.message_id,
            "revision": message.revision,
            "incoming_sealed": vault.seal(envelope, owner, place(row, "incoming_sealed")),
            "text_sealed": vault.seal(message.text, owner, place(row, "text_sealed")),
            "occurred_at": message.sent_at,
            "received_at": now,
            "status": "received",
            "attempts": 0,
            "strong": False,
            "mixed": False,
        }


def find_conversation(session: Session, channel: str, account: str, chat_id: str, thread: str) -> Conversation | None:
    """The conversation of a chat (and thread), if there is one."""
    return session.execute(
        select(Conversation).where(
            Conversation.channel == channel,
            Conversation.account == account,
            Conversation.chat_id == chat_id,
            Conversation.thread_id == thread,
        )
    ).scalar_one_or_none()


def find_identity(session: Session, channel: str, account: str, external_id: str) -> Identity | None:
    """The account of somebody who wrote before."""
    return session.execute(
        select(Identity).where(
            Identity.channel == channel, Identity.account == account, Identity.external_id == external_id
        )
    ).scalar_one_or_none()


def _is_desk_thread(session: Session, message: IncomingMessage) -> bool:
    if not message.thread_id:
        return False
    query = select(Conversation.id).where(
        Conversation.desk_channel == message.channel,
        Conversation.desk_chat_id == message.chat_id,
        Conversation.desk_thread_id == message.thread_id,
    )
    return session.execute(query.limit(1)).first() is not None


def _thread_pressed(session: Session, message: IncomingMessage) -> str:
    """A button that staff press outside threads goes on with the conversation that showed it, in whispers too."""
    if message.side != "staff" or message.kind != "button" or message.thread_id or not message.reply_to:
        return ""
    shown = select(Conversation.thread_id).join(OutboxMessage, OutboxMessage.conversation_id == Conversation.id)
    query = shown.where(
        OutboxMessage.state == "sent",
        OutboxMessage.channel == message.channel,
        OutboxMessage.chat_id == message.chat_id,
        OutboxMessage.platform_message_id == message.reply_to,
        OutboxMessage.recipient == message.sender.external_id,
        Conversation.chat_id == message.chat_id,
    )
    return session.execute(query.limit(1)).scalar_one_or_none() or ""


def _thread_of(message: IncomingMessage) -> str:
    """A mention outside threads starts a thread of its own, so that its follow-up questions stay together.

    Commands have no thread on the platform; "@" and the person keep what two people ask in one channel apart.
    """
    if message.side == "staff" and message.kind == "command" and not message.thread_id and not message.direct:
        return f"@{message.sender.external_id}"
    if message.side == "customer" and not message.direct:  # a group: each person there is a customer of their own
        return f"@{message.sender.external_id}"
    if message.side == "staff" and not message.direct and not message.thread_id:
        return message.message_id
    return message.thread_id


def _attachment(conversation: Conversation, interaction_id: int, given: dict[str, Any], now: datetime) -> Attachment:
    return Attachment(
        interaction_id=interaction_id,
        customer_id=conversation.customer_id,
        kind=given["kind"],
        name=given["name"] or None,
        details=json.dumps(given["details"]) if given["details"] else None,
        media_type=given["media_type"][:100],
        size=given["size"],
        reference=given["reference"][:2000],
        created_at=now,
    )


def _trimmed(message: IncomingMessage) -> IncomingMessage:
    """Take out what no database stores (NUL, lone surrogates) and cut what no person wrote."""
    sender = message.sender.model_copy(
        update={"name": storable(message.sender.name)[:100], "handle": storable(message.sender.handle)[:100]}
    )
    return message.model_copy(update={"text": storable(message.text)[:MAX_TEXT], "sender": sender})


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which databases refuse."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")
