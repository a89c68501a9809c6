"""Invoices that customers ask for: title and tax number, kept with the order until staff have issued them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import InvoiceRequest

_CHINESE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a Chinese unified social credit code, in the order of their values (GB 32100-2015)."""
_PREFIXED = re.compile(r"[A-Z]{2,3}[0-9A-Z]{7,13}")
_PLAIN = re.compile(r"[0-9]{8,15}[A-Z]?")


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """What an invoice shall say."""

    title: str
    tax_number: str


def normalised_tax_number(text: str) -> str | None:
    """The number in capital letters without signs, or None when it cannot be one.

    Chinese codes of 18 characters and British VAT numbers are checked by their check digits; all others by shape.

    >>> normalised_tax_number("91350100 m000100y43"), normalised_tax_number("91350100M000100Y44")
    ('91350100M000100Y43', None)
    >>> normalised_tax_number("GB 980 7806 84"), normalised_tax_number("GB980780685"), normalised_tax_number("12")
    ('GB980780684', None, None)
    """
    folded = unicodedata.normalize("NFKC", text[:80]).upper()
    if "?" in folded or any(word.isalpha() and len(word) > 3 for word in folded.split()):
        return None
    number = "".join(char for char in folded if char.isascii() and char.isalnum())
    if len(number) == 18:
        return number if _is_chinese_code(number) else None
    if number.startswith("GB"):
        return number if _is_british(number[2:]) else None
    digits = sum(char.isdigit() for char in number)
    fits = _PREFIXED.fullmatch(number) or _PLAIN.fullmatch(number)
    return number if fits and digits >= 5 and len(set(number)) > 2 else None


def _is_chinese_code(number: str) -> bool:
    if any(char not in _CHINESE for char in number):
        return False
    total = sum(_CHINESE.index(char) * pow(3, place, 31) for place, char in enumerate(number[:17]))
    return _CHINESE.index(number[17]) == (31 - total % 31) % 31


def _is_british(number: str) -> bool:
    if not re.fullmatch(r"[0-9]{9}(?:[0-9]{3})?", number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:7], range(8, 1, -1), strict=True))
    return (total + int(number[7:9])) % 97 in (0, 42)


def keep(session: Session, customer_id: int, order_id: int, title: str, tax_number: str, now: datetime) -> InvoiceView:
    """Keep what the invoice of an order shall say; a second request for the same order replaces the first."""
    query = select(InvoiceRequest).where(InvoiceRequest.order_id == order_id)
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        row = InvoiceRequest(customer_id=customer_id, order_id=order_id)
        session.add(row)
    row.title, row.tax_number, row.requested_at = title, tax_number or None, now
    session.flush()
    return InvoiceView(title, tax_number)
