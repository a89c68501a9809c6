"""The fields of a customer's record that staff may change: what each accepts, in which form it is kept."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from sqlalchemy import func, select

from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.errors import NotFound
from crm_core.models import Company, Customer, Identity
from crm_core.staff.store import Brief, StaffStore

FIELDS = ("name", "email", "phone", "company", "city", "country", "language", "zone", "tier")
PROOFS = ("email", "phone")
"""What accounts are recognised by: changed only with open eyes once an account of the customer is verified."""
LONGEST = {"name": 200, "company": 200, "city": 100, "tier": 20}
_LANGUAGES = {
    "en": ("en", "english", "英文", "英语", "英語"),
    "zh": ("zh", "chinese", "mandarin", "中文", "汉语", "漢語", "普通话", "国语"),
}
_SHORT_COUNTRIES = {"uk": "GB", "england": "GB", "usa": "US", "america": "US", "uae": "AE", "korea": "KR", "韩国": "KR"}


@dataclass(frozen=True, slots=True)
class Changed:
    """A field before and after; `same`: other customers who have this value in a field that should be one's own."""

    field: str
    old: str
    new: str
    same: tuple[Brief, ...] = ()


def normalised(field: str, text: str, region: str) -> str | None:
    """The value as it is kept; None when it cannot be one of this field. "" empties a field.

    Args:
        region: whose telephone numbers may be written without a prefix.

    >>> normalised("country", "Singapore", "CN"), normalised("language", "中文", "CN"), normalised("phone", "12", "CN")
    ('SG', 'zh', None)
    """
    plain = " ".join(unicodedata.normalize("NFKC", text[:400]).split())
    if not plain:
        return "" if field != "name" else None
    if field == "email":
        return normalised_email(plain)
    if field == "phone":
        return normalised_phone(plain, region)
    check = _CHECKS.get(field, _plain)
    return check(plain) if len(plain) <= LONGEST.get(field, 200) else None


def _plain(text: str) -> str | None:
    return text if re.search(r"\w", text) else None


def _name(text: str) -> str | None:
    """A name has a letter; what looks like an address or a number was meant for another field."""
    return text if any(char.isalpha() for char in text) and "@" not in text else None


def _country(text: str) -> str | None:
    folded = text.casefold().removeprefix("the ")
    return _countries().get(folded)


@cache
def _countries() -> dict[str, str]:
    known = dict(_SHORT_COUNTRIES)
    for locale in ("en", "zh"):
        for code, name in Locale.parse(locale).territories.items():
            if len(code) == 2 and code.isalpha():
                known.setdefault(name.casefold(), code)
                known.setdefault(code.casefold(), code)
    return known


def _language(text: str) -> str | None:
    folded = text.casefold()
    return next((code for code, names in _LANGUAGES.items() if folded in names), None)


def _zone(text: str) -> str | None:
    """A name of the time zone database, or the city in one."""
    wanted = text.strip().replace(" ", "_").casefold()
    found = [zone for zone in available_timezones() if zone.casefold() == wanted or _city_of(zone) == wanted]
    return ZoneInfo(min(found, key=len)).key if found else None


def _city_of(zone: str) -> str:
    return zone.rpartition("/")[2].casefold() if "/" in zone and not zone.startswith(("Etc/", "posix", "right")) else ""


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "name": _name,
    "country": _country,
    "language": _language,
    "zone": _zone,
    "tier": lambda text: text.casefold() if re.fullmatch(r"[\w -]+", text) else None,
}


def verified_accounts(store: StaffStore, customer_id: int) -> list[str]:
    """The channels on which an account of this customer is verified."""
    query = select(Identity.channel).where(Identity.customer_id == customer_id, Identity.verified_at.is_not(None))
    return sorted(set(store.session.execute(query).scalars()))


def current(store: StaffStore, customer_id: int, field: str) -> str:
    """What a field holds now; "" for nothing."""
    customer = store.session.get_one(Customer, customer_id)
    store.permit("customer.read", f"customer:{customer.number}", (field,))
    return _held(customer, field)


def change(store: StaffStore, customer_id: int, field: str, value: str) -> Changed:
    """Keep a normalised value in a field, fingerprints and all; "" empties it.

    Raises:
        NotAllowed: the role does not include it.
        NotFound: no such customer, or one that was merged into another.
    """
    customer = store.session.get(Customer, customer_id)
    store.permit("customer.write", f"customer:{customer.number if customer else 'unknown'}", (field,))
    if customer is None or customer.merged_into_id is not None:
        raise NotFound("There is no such customer (any more).")
    old = _held(customer, field)
    if field == "company":
        customer.company = _company(store, value) if value else None
    else:
        setattr(customer, field, value or None)
    if field in PROOFS:
        setattr(customer, f"{field}_index", store.vault.blind_index(field, value) if value else None)
    customer.updated_at = store.now
    store.session.flush()
    return Changed(field, old, value, _others_with(store, customer, field, value))


def _held(customer: Customer, field: str) -> str:
    if field == "company":
        return customer.company.name if customer.company else ""
    return str(getattr(customer, field) or "")


def _company(store: StaffStore, name: str) -> Company:
    known = select(Company).where(func.lower(Company.name) == name.lower()).order_by(Company.id).limit(1)
    found = store.session.execute(known).scalar_one_or_none()
    if found is None:
        found = Company(name=name)
        store.session.add(found)
    return found


def _others_with(store: StaffStore, customer: Customer, field: str, value: str) -> tuple[Brief, ...]:
    if field not in PROOFS or not value:
        return ()
    index: Any = Customer.email_index if field == "email" else Customer.phone_index
    query = select(Customer.id).where(
        index == store.vault.blind_index(field, value), Customer.id != customer.id, Customer.merged_into_id.is_(None)
    )
    return tuple(store.briefs(list(store.session.execute(query.limit(3)).scalars())))
