"""Products, orders, shipments, refunds."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal

_RETURNED = text("status = 'returned'")


class Product(Base):
    __tablename__ = "products"
    sku: Mapped[str] = mapped_column(String(60), unique=True)
    name_en: Mapped[str]
    name_zh: Mapped[str]
    description_en: Mapped[str] = mapped_column(Text, default="")
    description_zh: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(String(60), index=True)
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    stock: Mapped[int] = mapped_column(default=0)
    consumable: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    aliases: Mapped[list[str]] = mapped_column(default=list)
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated_at: Mapped[datetime]


class Order(Base):
    """`status`: draft, placed, paid, shipped, delivered, cancelled or returned."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_customer_placed", "customer_id", "placed_at"),
        Index("ix_orders_returned", "updated_at", sqlite_where=_RETURNED, postgresql_where=_RETURNED),
    )
    number: Mapped[str] = mapped_column(String(60), unique=True)
    customer_id: Mapped[int] = customer_key()
    status: Mapped[str] = mapped_column(String(12), index=True)
    placed_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(String(3))
    total_minor: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(default=0)
    shipping_minor: Mapped[int] = mapped_column(default=0)
    cancelled_at: Mapped[datetime | None] = mapped_column(index=True)
    source: Mapped[str] = mapped_column(String(20), default="import")
    address_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    address = Sealed("address_sealed")
    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position", cascade="all, delete-orphan")
    shipments: Mapped[list["Shipment"]] = relationship(order_by="Shipment.id", cascade="all, delete-orphan")
    refunds: Mapped[list["Refund"]] = relationship(order_by="Refund.id", cascade="all, delete-orphan")


class OrderLine(Base):
    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "position"),)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    quantity: Mapped[int]
    unit_minor: Mapped[int]
    product: Mapped[Product] = relationship()


class Shipment(Base):
    """`status`: preparing, shipped, in_transit, out_for_delivery, delivered, lost or returned."""

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("order_id", "tracking_no"),)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    carrier: Mapped[str]
    tracking_no: Mapped[str] = personal(String(100), kind="identifier", index=True)
    status: Mapped[str] = mapped_column(String(20))
    shipped_at: Mapped[datetime | None]
    expected_on: Mapped[date | None]
    delivered_at: Mapped[datetime | None]


class Refund(Base):
    """A return or refund. `status`: requested, approved, received, paid or refused."""

    __tablename__ = "refunds"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(12))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str | None] = mapped_column(String(60))
    requested_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]


class InvoiceRequest(Base):
    """What the invoice of an order shall say, asked for by its customer."""

    __tablename__ = "invoice_requests"
    customer_id: Mapped[int] = customer_key()
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), unique=True)
    title_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    tax_number_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    requested_at: Mapped[datetime]
    title = Sealed("title_sealed")
    tax_number = Sealed("tax_number_sealed")
