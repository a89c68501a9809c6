"""Customers, their accounts on channels, companies, and the people who serve them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_core.models.base import Base, customer_key
from crm_core.sealed import Sealed, personal


class Company(Base):
    __tablename__ = "companies"
    name: Mapped[str]
    domain: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None] = mapped_column(String(2))


class Customer(Base):
    """A person or company. `kind` is person, company or visitor (somebody who wrote and is not linked to a record)."""

    __tablename__ = "customers"
    number: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="person")
    external_id: Mapped[str | None] = personal(String(100), kind="identifier", unique=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"), index=True)
    name_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    email_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    phone_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    email_index: Mapped[bytes | None] = personal(LargeBinary, kind="contact", index=True)
    phone_index: Mapped[bytes | None] = personal(LargeBinary, kind="contact", index=True)
    city: Mapped[str | None] = personal(String(100), kind="profile", index=True)
    country: Mapped[str | None] = personal(String(2), kind="profile")
    language: Mapped[str | None] = personal(String(2), kind="profile")
    zone: Mapped[str | None] = personal(String(50), kind="profile")
    tier: Mapped[str | None] = personal(String(20), kind="profile", index=True)
    custom: Mapped[dict[str, Any]] = personal(JSON, kind="profile", default=dict)
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)
    merged_into_id: Mapped[int | None] = mapped_column(index=True)
    name = Sealed("name_sealed")
    email = Sealed("email_sealed")
    phone = Sealed("phone_sealed")
    company: Mapped[Company | None] = relationship()


class Identity(Base):
    """A customer's account on one channel. `external_id` is the platform's; rights come from `verified_at` alone."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("channel", "account", "external_id"),)
    customer_id: Mapped[int] = customer_key()
    channel: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(100))
    external_id: Mapped[str] = personal(String(200), kind="identifier")
    handle_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    display_name_sealed: Mapped[bytes | None] = personal(LargeBinary, kind="contact")
    first_seen_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_how: Mapped[str | None] = mapped_column(String(20))
    blocked_at: Mapped[datetime | None]
    handle = Sealed("handle_sealed")
    display_name = Sealed("display_name_sealed")


class LinkAttempt(Base):
    """A wrong try to link, counted so that nobody can guess their way in."""

    __tablename__ = "link_attempts"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), index=True)
    customer_id: Mapped[int] = customer_key()
    occurred_at: Mapped[datetime]


class StaffGrant(Base):
    """A role given at run time, or all access taken away (`role` none); it counts over the settings' list."""

    __tablename__ = "staff_grants"
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    granted_at: Mapped[datetime]


class Staff(Base):
    """Somebody who works here: agent, manager or admin. `external_id` is "<channel>:<the platform's user id>"."""

    __tablename__ = "staff"
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    aliases: Mapped[list[str]] = mapped_column(default=list)
    """Other names colleagues call them by, such as the one in the other script."""
    role: Mapped[str] = mapped_column(String(10))
    language: Mapped[str] = mapped_column(String(2), default="en")
    zone: Mapped[str] = mapped_column(String(50), default="UTC")
    email: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    notifications: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """When and about what they want to be pinged; see `crm_core.staff.notifications`."""
