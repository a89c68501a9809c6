"""A few customers, messages and orders at exact moments, to measure figures on."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from crm_core.models import Conversation, Customer, Identity, Interaction, Order, OrderLine, Product, Rating

_numbers = count(1)


def customer(session: Session, at: datetime, name: str = "Ann", **values: Any) -> Customer:
    """A person first seen at a moment."""
    row = Customer(number=20_000 + next(_numbers), name=name, first_seen_at=at, updated_at=at, **values)
    session.add(row)
    session.flush()
    return row


def chat(session: Session, who: Customer, at: datetime, channel: str = "telegram") -> Conversation:
    """A conversation of a customer."""
    external = f"chat-{next(_numbers)}"
    identity = Identity(customer_id=who.id, channel=channel, account="1", external_id=external, first_seen_at=at)
    session.add(identity)
    session.flush()
    row = Conversation(
        channel=channel, account="1", chat_id=external, customer_id=who.id, identity_id=identity.id,
        state_since=at, started_at=at, language=who.language,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def said(session: Session, where: Conversation, at: datetime, *, wait: float = 2.0, **values: Any) -> Interaction:
    """A customer's message, answered after `wait` seconds."""
    given = {"intent": "faq", "sentiment_milli": 0, "language": where.language, "status": "answered", **values}
    return _row(
        session, where, at, direction="in", author="customer", answered_at=at + timedelta(seconds=wait), **given
    )  # fmt: skip


def called_person(session: Session, where: Conversation, at: datetime, why: str = "asked") -> Interaction:
    """A hand-over was asked for."""
    return _row(session, where, at, direction="internal", author="system", kind="state", status="waiting", topic=why)


def staff_said(session: Session, where: Conversation, at: datetime) -> Interaction:
    """A person's reply."""
    return _row(session, where, at, direction="out", author="staff")


def rated(session: Session, where: Conversation, at: datetime, score: int | None) -> None:
    """A rating, asked for and perhaps given."""
    given = at if score else None
    session.add(
        Rating(conversation_id=where.id, customer_id=where.customer_id, score=score, asked_at=at, given_at=given)
    )  # fmt: skip


def product(session: Session, category: str) -> Product:
    """Something to buy."""
    row = Product(
        sku=f"SKU-{next(_numbers)}", name_en=category, name_zh=category, category=category, price_minor=1000,
        currency="CNY", updated_at=datetime.fromisoformat("2026-01-01T00:00:00+00:00"),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def bought(
    session: Session, who: Customer, at: datetime, total: int, *lines: tuple[Product, int], **values: Any
) -> Order:
    """An order of lines (product, quantity)."""
    given = {"currency": "CNY", "status": "paid", **values}
    row = Order(
        number=f"F-{next(_numbers)}", customer_id=who.id, placed_at=at, updated_at=at, total_minor=total, **given
    )
    session.add(row)
    session.flush()
    for position, (goods, quantity) in enumerate(lines):
        session.add(
            OrderLine(
                order_id=row.id, position=position, product_id=goods.id, quantity=quantity, unit_minor=goods.price_minor
            )
        )
    return row


def _row(session: Session, where: Conversation, at: datetime, **values: Any) -> Interaction:
    row = Interaction(
        conversation_id=where.id, customer_id=where.customer_id, channel=where.channel, account=where.account,
        chat_id=where.chat_id, message_id=f"m{next(_numbers)}", occurred_at=at, received_at=at, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row
