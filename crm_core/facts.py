"""What a file or a shop system says about customers, products, orders and shipments, checked and normalised.

None means "not said" and never clears what is known. Money is in minor units, moments are UTC.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from crm_core.errors import CrmError

Outcome = Literal["created", "updated", "unchanged"]

ORDER_STATUSES = ("draft", "placed", "paid", "shipped", "delivered", "cancelled", "returned")
SHIPMENT_STATUSES = ("preparing", "shipped", "in_transit", "out_for_delivery", "delivered", "lost", "returned")


class Refused(CrmError):
    """One record cannot be taken in; the text says why, in English, fit for a list of rejected rows.

    `lines`: for an order, the reasons by line (counted from 0) when only some of its lines are at fault.
    """

    def __init__(self, reason: str, lines: dict[int, str] | None = None) -> None:
        super().__init__(reason)
        self.lines = lines or {}


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer. `external_id` is the business's own number; e-mail and phone are normalised."""

    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    city: str | None = None
    country: str | None = None
    language: str | None = None
    zone: str | None = None
    tier: str | None = None
    kind: str | None = None
    company: str | None = None
    first_seen_at: datetime | None = None
    marketing: bool | None = None
    tags: tuple[str, ...] = ()
    custom: dict[str, str] = field(default_factory=dict)
    any_key: str | None = None
    """A key of unknown kind (a column just called "customer"): external id first, then telephone number."""

    @property
    def has_key(self) -> bool:
        """True when there is something to find the customer by."""
        return bool(self.external_id or self.email or self.phone or self.any_key)


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product. `name` and `description` are of unknown language: they fill both, or the one they are written in."""

    sku: str
    name: str | None = None
    name_en: str | None = None
    name_zh: str | None = None
    description: str | None = None
    description_en: str | None = None
    description_zh: str | None = None
    category: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    stock: int | None = None
    consumable: bool | None = None
    active: bool | None = None
    aliases: tuple[str, ...] | None = None
    warranty_months: int | None = None


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One line of an order. `unit_minor` None: the product's price."""

    sku: str
    quantity: int
    unit_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """One parcel of an order."""

    number: str
    """The order's number."""
    tracking_no: str
    carrier: str | None = None
    status: str | None = None
    shipped_at: datetime | None = None
    expected_on: date | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order with all its lines; `lines` None: the lines are not said and stay."""

    number: str
    customer: CustomerFacts
    placed_at: datetime | None = None
    status: str | None = None
    currency: str | None = None
    lines: tuple[LineFacts, ...] | None = None
    discount_minor: int | None = None
    shipping_minor: int | None = None
    total_minor: int | None = None
    address: str | None = None
    cancelled_at: datetime | None = None
    shipments: tuple[ShipmentFacts, ...] = ()
