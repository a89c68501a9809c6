"""A tiny shop for tests: a few products, two customers with orders in every state, one visitor. All by hand."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm_core.database import Store, next_number
from crm_core.models import (
    Conversation,
    Customer,
    Identity,
    Order,
    OrderLine,
    Product,
    Refund,
    Shipment,
)

PRODUCTS: tuple[tuple[str, str, str, str, int, int, dict[str, Any]], ...] = (
    ("CUP-BLUE", "Blue cup", "蓝色杯子", "cups", 5000, 30,
     {"colour": "blue", "capacity_ml": 320, "dishwasher_safe": True}),
    ("CUP-WHITE", "White cup", "白色杯子", "cups", 5000, 0, {"colour": "white", "capacity_ml": 320}),
    ("MILL", "Travel mill", "旅行磨豆机", "grinders", 46800, 4,
     {"charging": "USB-C", "battery_cups": 30, "colour": "black"}),
    ("MILL-PRO", "Big mill", "台式磨豆机", "grinders", 59800, 9,
     {"charging": "USB-C", "battery_cups": 45, "screen": True}),
    ("BEANS", "Morning beans", "早晨咖啡豆", "coffee_beans", 7800, 100, {"roast": "medium", "weight_g": 250}),
    ("BOX", "Tasting box", "品鉴礼盒", "gifts", 25800, 12, {"pieces": 6}),
    ("CASE", "Mill case", "磨豆机收纳盒", "accessories", 9800, 50, {"compatible_with": ["MILL", "MILL-PRO"]}),
)  # fmt: skip


@dataclass
class Shop:
    """Ids of what stands in the store."""

    products: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)


def open_shop(store: Store, now: datetime) -> Shop:
    """Fill the store."""
    shop = Shop()
    with store.write() as session:
        for sku, english, chinese, category, price, stock, attributes in PRODUCTS:
            product = Product(
                sku=sku,
                name_en=english,
                name_zh=chinese,
                description_en=f"{english}, made with care.",
                description_zh=f"{chinese}，用心制作。",
                category=category,
                price_minor=price,
                currency="CNY",
                stock=stock,
                attributes=attributes,
                updated_at=now,
            )
            session.add(product)
            shop.products[sku] = product.id
        session.flush()
        shop.customers["mei"] = add_customer(session, store, "李梅", "li.mei@example.com", "+8613800138001", now)
        shop.customers["tom"] = add_customer(session, store, "Tom Reed", "tom@example.org", "+447700900118", now)
    return shop


def add_customer(session: Session, store: Store, name: str, email: str, phone: str, now: datetime) -> int:
    """Add a customer; returns the id."""
    customer = Customer(
        number=next_number(session, "customer"),
        kind="person",
        name=name,
        email=email,
        phone=phone,
        email_index=store.vault.blind_index("email", email),
        phone_index=store.vault.blind_index("phone", phone),
        first_seen_at=now,
        updated_at=now,
    )
    session.add(customer)
    session.flush()
    return customer.id


def add_order(  # long: it names every field of a record
    store: Store,
    shop: Shop,
    who: str,
    number: str,
    status: str,
    lines: dict[str, int],
    now: datetime,
    *,
    age_days: float = 5,
    delivered_days: float | None = None,
    expected_in: int | None = None,
    refund: str = "",
) -> int:
    """Add an order of a customer, with a parcel when it has shipped; returns its id."""
    prices = {sku: price for sku, _, _, _, price, _, _ in PRODUCTS}
    placed = now - timedelta(days=age_days)
    total = sum(prices[sku] * count for sku, count in lines.items())
    with store.write() as session:
        order = Order(
            number=number,
            customer_id=shop.customers[who],
            status=status,
            placed_at=placed,
            updated_at=placed,
            currency="CNY",
            total_minor=total,
            discount_minor=0,
            shipping_minor=0,
            address=f"CANARY-ADDRESS-{number}",
        )
        session.add(order)
        session.flush()
        for position, (sku, count) in enumerate(lines.items()):
            session.add(
                OrderLine(
                    order_id=order.id,
                    position=position,
                    product_id=shop.products[sku],
                    quantity=count,
                    unit_minor=prices[sku],
                )
            )
        if status in ("shipped", "delivered"):
            arrived = now - timedelta(days=delivered_days) if delivered_days is not None else None
            session.add(
                Shipment(
                    order_id=order.id,
                    carrier="SF Express",
                    tracking_no=f"SF{number}",
                    status="delivered" if arrived else "in_transit",
                    shipped_at=placed + timedelta(days=1),
                    expected_on=None if expected_in is None else (now + timedelta(days=expected_in)).date(),
                    delivered_at=arrived,
                )
            )
        if refund:
            session.add(
                Refund(
                    order_id=order.id,
                    status=refund,
                    amount_minor=total,
                    currency="CNY",
                    reason="broken",
                    requested_at=now - timedelta(days=2),
                    paid_at=now - timedelta(days=1) if refund == "paid" else None,
                )
            )
        shop.orders[number] = order.id
        return order.id


def add_chat(
    store: Store, now: datetime, *, customer_id: int | None = None, verified: bool = False, external_id: str = "7001"
) -> tuple[int, int]:
    """Add somebody's account with its conversation; a visitor unless a customer is given. (identity, conversation)"""
    with store.write() as session:
        if customer_id is None:
            visitor = Customer(
                number=next_number(session, "customer"),
                kind="visitor",
                name="Somebody",
                first_seen_at=now,
                updated_at=now,
            )
            session.add(visitor)
            session.flush()
            customer_id = visitor.id
        identity = Identity(
            customer_id=customer_id,
            channel="telegram",
            account="bot",
            external_id=external_id,
            first_seen_at=now,
            verified_at=now if verified else None,
            verified_how="staff" if verified else None,
        )
        session.add(identity)
        session.flush()
        conversation = Conversation(
            channel="telegram",
            account="bot",
            chat_id=external_id,
            thread_id="",
            audience="customer",
            customer_id=customer_id,
            identity_id=identity.id,
            state_since=now,
            started_at=now,
        )
        session.add(conversation)
        session.flush()
        return identity.id, conversation.id
