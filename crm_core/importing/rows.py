"""Rows of a matched table become facts: each cell checked, each problem said with the column's name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm_core.facts import CustomerFacts, LineFacts, OrderFacts, ProductFacts, ShipmentFacts
from crm_core.importing.columns import Kind, Match
from crm_core.importing.files import Row
from crm_core.importing.values import (
    BadCell,
    Cell,
    Habits,
    amount,
    local_day,
    minor_units,
    moment,
    shown,
    text_of,
    whole,
    yes_or_no,
)
from crm_core.importing.words import currency_code, email_address, known_word, language_code, telephone, zone_name

LISTED = str.maketrans({"，": ",", "；": ",", ";": ",", "、": ",", "|": ",", "\n": ","})
MOST_LISTED = 50
LONGEST = {
    "tier": 20, "company": 200, "name": 200, "name_en": 200, "name_zh": 200, "first_name": 100, "last_name": 100,
    "description": 10_000, "description_en": 10_000, "description_zh": 10_000, "sku": 60, "category": 60, "number": 60,
    "address": 500, "tracking_no": 100, "carrier": 200, "email": 254, "phone": 254, "customer": 254,
    "external_id": 100, "city": 100, "language": 40, "zone": 50, "currency": 20,
}  # fmt: skip
"""Characters a field may have."""
LONGEST_OWN = 200
"""The same for a field of the business's own."""
LONGEST_ENTRY = {"tags": 60, "aliases": 100}
"""Characters one entry of a list may have."""
RANGES = {"stock": (0, 100_000_000), "warranty_months": (0, 600), "quantity": (1, 1_000_000)}


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of an order as a file has it: the order's own facts stand in every row, or only in the first."""

    facts: OrderFacts
    line: LineFacts


class RowReader:
    """Reads the rows of one table.

    Args:
        match: which column is which.
        columns: their names, for messages.
    """

    def __init__(self, match: Match, columns: list[str], habits: Habits) -> None:
        self._fields = match.fields
        self._columns = columns
        self._habits = habits

    def read(self, kind: Kind, row: Row) -> CustomerFacts | ProductFacts | OrderRow | ShipmentFacts:
        """The facts of a row.

        Raises:
            BadCell: a cell that cannot be what its column says.
        """
        if row.problem:
            raise BadCell(row.problem)
        readers: Mapping[Kind, Callable[[Row], CustomerFacts | ProductFacts | OrderRow | ShipmentFacts]] = {
            "customers": self.customer,
            "products": self.product,
            "orders": self.order_row,
            "shipments": self.shipment,
        }
        return readers[kind](row)

    def customer(self, row: Row) -> CustomerFacts:
        """A row of a customers' file."""
        facts = replace(
            self._person(row),
            zone=self._zone(row),
            tier=self._text(row, "tier"),
            kind=self._word(row, "kind", "customer_kind"),
            company=self._text(row, "company"),
            first_seen_at=self._moment(row, "first_seen_at"),
            marketing=self._yes(row, "marketing"),
            tags=self._list(row, "tags") or (),
            custom=self._custom(row),
        )
        if not facts.has_key:
            raise BadCell("neither a customer number nor an e-mail address nor a telephone number is given")
        return facts

    def product(self, row: Row) -> ProductFacts:
        """A row of a products' file."""
        currency = self._currency(row)
        price, currency = self._money(row, "price", currency)
        names = {name: self._text(row, name) for name in ("name", "name_en", "name_zh")}
        texts = {name: self._text(row, name) for name in ("description", "description_en", "description_zh")}
        return ProductFacts(
            sku=self._needed(row, "sku"),
            **names,
            **texts,
            category=self._text(row, "category"),
            price_minor=price,
            currency=currency,
            stock=self._whole(row, "stock"),
            consumable=self._yes(row, "consumable"),
            active=self._yes(row, "active"),
            aliases=self._list(row, "aliases"),
            warranty_months=self._whole(row, "warranty_months"),
        )

    def order_row(self, row: Row) -> OrderRow:
        """A row of an orders' file."""
        number = self._needed(row, "number")
        currency = self._currency(row)
        unit, currency = self._money(row, "unit_price", currency)
        discount, currency = self._money(row, "discount", currency)
        shipping, currency = self._money(row, "shipping", currency)
        total, currency = self._money(row, "total", currency)
        quantity = self._whole(row, "quantity")
        if quantity is None:
            raise BadCell(f"{self._name('quantity')} is empty")
        facts = OrderFacts(
            number=number,
            customer=self._person(row),
            placed_at=self._moment(row, "placed_at"),
            status=self._word(row, "status", "order_status"),
            currency=currency,
            discount_minor=discount,
            shipping_minor=shipping,
            total_minor=total,
            address=self._text(row, "address"),
            cancelled_at=self._moment(row, "cancelled_at"),
        )
        return OrderRow(facts, LineFacts(self._needed(row, "sku"), quantity, unit))

    def shipment(self, row: Row) -> ShipmentFacts:
        """A row of a shipments' file."""
        cell = self._cell(row, "expected_on")
        return ShipmentFacts(
            number=self._needed(row, "number"),
            tracking_no=self._needed(row, "tracking_no"),
            carrier=self._text(row, "carrier"),
            status=self._word(row, "status", "shipment_status"),
            shipped_at=self._moment(row, "shipped_at"),
            expected_on=None if cell is None else local_day(cell, self._name("expected_on"), self._habits),
            delivered_at=self._moment(row, "delivered_at"),
        )

    def order_number(self, row: Row) -> str:
        """The order a row belongs to; "" when it names none."""
        return text_of(self._cell(row, "number"))

    def _person(self, row: Row) -> CustomerFacts:
        email, phone, any_key = (self._text(row, name) for name in ("email", "phone", "customer"))
        if any_key and "@" in any_key:
            email, any_key = email or any_key, None
        return CustomerFacts(
            external_id=self._text(row, "external_id"),
            email=self._email(email),
            phone=self._phone(phone),
            any_key=any_key[:100] if any_key else None,
            name=self._full_name(row),
            city=self._text(row, "city"),
            country=self._word(row, "country", "country"),
            language=self._language(row),
        )

    def _email(self, text: str | None) -> str | None:
        return email_address(text, self._name("email")) if text else None

    def _phone(self, text: str | None) -> str | None:
        return telephone(text, self._name("phone"), self._habits.region) if text else None

    def _full_name(self, row: Row) -> str | None:
        name = self._text(row, "name")
        first, last = self._text(row, "first_name"), self._text(row, "last_name")
        if name or not (first or last):
            return name
        together = f"{last or ''}{first or ''}"
        return together if not together.isascii() and _is_han(together) else " ".join(filter(None, (first, last)))

    def _language(self, row: Row) -> str | None:
        text = self._text(row, "language")
        return language_code(text, self._name("language")) if text else None

    def _zone(self, row: Row) -> str | None:
        text = self._text(row, "zone")
        return zone_name(text, self._name("zone")) if text else None

    def _custom(self, row: Row) -> dict[str, str]:
        fields = [field for field in self._fields if field.startswith("custom.")]
        texts = {field.removeprefix("custom."): self._text(row, field) for field in fields}
        return {name: text for name, text in texts.items() if text}

    def _currency(self, row: Row) -> str | None:
        text = self._text(row, "currency")
        return currency_code(text, self._name("currency")) if text else None

    def _money(self, row: Row, field: str, currency: str | None) -> tuple[int | None, str | None]:
        cell = self._cell(row, field)
        if cell is None:
            return None, currency
        value, named = amount(cell, self._name(field), self._habits)
        if named and currency and currency not in named:
            raise BadCell(f"{self._name(field)} {shown(cell)} is not in {currency}, as the rest of the row is")
        if named and not currency:
            currency = self._habits.currency if self._habits.currency in named else named[0]
        return minor_units(value, currency or self._habits.currency, self._name(field)), currency

    def _list(self, row: Row, field: str) -> tuple[str, ...] | None:
        longest = LONGEST_ENTRY[field]
        text = self._text(row, field, longest * MOST_LISTED)
        if text is None:
            return None
        parts = tuple(dict.fromkeys(part.strip() for part in text.translate(LISTED).split(",") if part.strip()))
        if len(parts) > MOST_LISTED or any(len(part) > longest for part in parts):
            raise BadCell(f"{self._name(field)} holds more than {MOST_LISTED} entries or one over {longest} characters")
        return parts

    def _moment(self, row: Row, field: str) -> Any:
        cell = self._cell(row, field)
        return None if cell is None else moment(cell, self._name(field), self._habits)

    def _whole(self, row: Row, field: str) -> int | None:
        cell = self._cell(row, field)
        return None if cell is None else whole(cell, self._name(field), *RANGES[field])

    def _yes(self, row: Row, field: str) -> bool | None:
        cell = self._cell(row, field)
        return None if cell is None else yes_or_no(cell, self._name(field))

    def _word(self, row: Row, field: str, what: str) -> str | None:
        text = self._text(row, field)
        return known_word(text, self._name(field), what) if text else None

    def _needed(self, row: Row, field: str) -> str:
        text = self._text(row, field)
        if text is None:
            raise BadCell(f"{self._name(field)} is empty")
        return text

    def _text(self, row: Row, field: str, most: int | None = None) -> str | None:
        text, longest = text_of(self._cell(row, field)), most or LONGEST.get(field, LONGEST_OWN)
        if len(text) > longest:
            raise BadCell(f"{self._name(field)} {shown(text)} is longer than {longest} characters")
        return text or None

    def _cell(self, row: Row, field: str) -> Cell:
        position = self._fields.get(field)
        if position is None or position >= len(row.cells):
            return None
        cell = row.cells[position]
        return cell if cell is not None and text_of(cell) else None

    def _name(self, field: str) -> str:
        position = self._fields.get(field)
        return self._columns[position] if position is not None else field


def _is_han(text: str) -> bool:
    return all("\u3400" <= character <= "\u9fff" or character in " ·" for character in text)
