"""Customers and products from outside, created or updated in batches: only what differs is written.

`load` fetches all a batch needs, `upsert` decides record by record in memory, `finish` writes.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.contact_details import normalised_phone
from crm_core.crypto import Vault
from crm_core.database import next_numbers
from crm_core.facts import CustomerFacts, Outcome, ProductFacts, Refused
from crm_core.models import Company, Consent, Customer, CustomerTag, ErasedMark, Product

CHUNK = 500
PLAIN_FIELDS = ("city", "country", "language", "zone", "tier", "first_seen_at")


class CustomerBatch:
    """Finds, creates and updates the customers of one batch within one session.

    Args:
        region: whose telephone numbers a key of unknown kind may be.
        write: False for a dry run: the same decisions, nothing written, no number used up.
    """

    def __init__(self, session: Session, now: datetime, *, source: str, region: str, write: bool = True) -> None:
        session.autoflush = False
        self._session = session
        self._vault: Vault = session.info["vault"]
        self._now = now
        self._source = source
        self._region = region
        self._write = write
        self._by_external: dict[str, Customer] = {}
        self._by_email: dict[bytes, list[Customer]] = {}
        self._by_phone: dict[bytes, list[Customer]] = {}
        self._via_merge: set[str | bytes] = set()
        self._created: list[Customer] = []
        self._added: list[Any] = []
        self._companies: dict[str, Company] = {}
        self._tags: dict[int, set[str]] = {}
        self._consents: dict[int, Consent] = {}
        self._marks: dict[bytes, ErasedMark] = {}

    def load(self, wanted: Iterable[CustomerFacts]) -> None:
        """Fetch every customer that a batch can mean, and what is compared with it; adds to what was loaded before."""
        facts = list(wanted)
        external = {key for each in facts for key in (each.external_id, each.any_key) if key}
        emails = {self._index("email", each.email) for each in facts if each.email}
        phones = {self._index("phone", number) for each in facts for number in self._numbers(each)}
        found: dict[int, Customer] = {}
        for column, keys in (
            (Customer.external_id, external),
            (Customer.email_index, emails),
            (Customer.phone_index, phones),
        ):
            for customer in self._fetch(Customer, column, keys, Customer.kind != "visitor"):
                found[customer.id] = customer
        self._remember_found(found)
        self._vault.load_keys(found)
        self._load_beside(facts, found)
        if self._session.scalar(select(exists().select_from(ErasedMark))):
            prints = {mark for each in facts for mark in self._fingerprints(each)}
            self._marks |= {row.fingerprint: row for row in self._fetch(ErasedMark, ErasedMark.fingerprint, prints)}

    def find(self, facts: CustomerFacts) -> Customer | None:
        """The customer meant: by the business's number, then by e-mail, then by telephone number.

        Raises:
            Refused: two customers share the key.
        """
        for key in (facts.external_id, facts.any_key):
            if key and key in self._by_external:
                return self._by_external[key]
        if facts.email:
            found = self._only(self._by_email, self._index("email", facts.email), facts, "e-mail address")
            if found:
                return found
        for number in self._numbers(facts):
            found = self._only(self._by_phone, self._index("phone", number), facts, "telephone number")
            if found:
                return found
        return None

    def upsert(self, facts: CustomerFacts) -> tuple[Customer, Outcome]:
        """Create the customer or update what differs.

        Raises:
            Refused: no key, an ambiguous one, or a person who was erased.
        """
        if not facts.has_key:
            raise Refused("neither a customer number nor an e-mail address nor a telephone number is given")
        customer = self.known(facts)
        if customer is None:
            self.refuse_erased(facts)
            return self.create(facts), "created"
        changed = self._update(customer, facts, fill_only=self.came_by_merge(facts))
        return customer, "updated" if changed else "unchanged"

    def known(self, facts: CustomerFacts) -> Customer | None:
        """The customer that `upsert` would update."""
        customer = self.find(facts)
        return None if customer is None or self._somebody_else(customer, facts) else customer

    def came_by_merge(self, facts: CustomerFacts) -> bool:
        """True when the record named was merged into another: it then only fills in what the other lacks."""
        keys = [facts.external_id, facts.any_key, *(self._index("email", mail) for mail in (facts.email,) if mail)]
        return not self._via_merge.isdisjoint(
            [*filter(None, keys), *(self._index("phone", n) for n in self._numbers(facts))]
        )

    def refuse_erased(self, facts: CustomerFacts, since: datetime | None = None) -> None:
        """Refuse what would bring an erased person back; what happened after the erasure (`since`) is a new start.

        Raises:
            Refused: one of the identifiers belonged to somebody who was erased.
        """
        for fingerprint in self._fingerprints(facts):
            mark = self._marks.get(fingerprint)
            if mark is not None and (since is None or since <= mark.erased_at):
                raise Refused(f"this person was erased on {mark.erased_at:%Y-%m-%d} and is not brought back")

    def finish(self) -> None:
        """Write what was created: numbers and data keys are taken at once for the whole batch."""
        if not self._write:
            return
        self._session.add_all(self._companies.values())
        if self._created:
            numbers = next_numbers(self._session, "customer", len(self._created))
            self._vault.make_keys([customer.id for customer in self._created])
            for customer, number in zip(self._created, numbers, strict=True):
                customer.number = number
        self._session.add_all(self._created)
        self._session.flush()
        self._session.add_all(self._added)
        self._session.flush()
        self._created, self._added = [], []

    def create(self, facts: CustomerFacts) -> Customer:
        """A new customer, written by `finish`."""
        customer = Customer(
            number=0,
            kind=facts.kind or "person",
            external_id=facts.external_id or facts.any_key,
            first_seen_at=facts.first_seen_at or self._now,
            updated_at=self._now,
            custom=dict(facts.custom),
        )
        self._created.append(customer)
        self._update(customer, facts, fill_only=False)
        customer.updated_at = self._now
        self._remember(customer)
        return customer

    def _update(self, customer: Customer, facts: CustomerFacts, fill_only: bool) -> bool:
        changed = [self._set_contact(customer, facts, fill_only)]
        for name in PLAIN_FIELDS:
            changed.append(assign(customer, name, getattr(facts, name), fill_only))
        changed.append(assign(customer, "external_id", facts.external_id, fill_only=True))
        changed.append(assign(customer, "kind", facts.kind, fill_only))
        if facts.name:
            changed.append(assign(customer, "name", facts.name, fill_only))
        if facts.company:
            changed.append(assign(customer, "company_id", self._company(facts.company).id, fill_only))
        if any(customer.custom.get(key) != value for key, value in facts.custom.items()):
            customer.custom = {**customer.custom, **facts.custom}
            changed.append(True)
        changed += [self._tag(customer, facts), self._consent(customer, facts)]
        if any(changed):
            customer.updated_at = self._now
            self._remember(customer)
        return any(changed)

    def _set_contact(self, customer: Customer, facts: CustomerFacts, fill_only: bool) -> bool:
        changed = False
        for kind in ("email", "phone"):
            value: str | None = getattr(facts, kind)
            current: bytes | None = getattr(customer, f"{kind}_index")
            if not value or (fill_only and current is not None):
                continue
            index = self._index(kind, value)
            if current is None or bytes(current) != index:
                setattr(customer, kind, value)
                setattr(customer, f"{kind}_index", index)
                changed = True
        return changed

    def _company(self, name: str) -> Company:
        if name not in self._companies:
            self._companies[name] = Company(name=name)
        return self._companies[name]

    def _tag(self, customer: Customer, facts: CustomerFacts) -> bool:
        known = self._tags.setdefault(customer.id, set())
        fresh = [tag for tag in dict.fromkeys(facts.tags) if tag not in known]
        known.update(fresh)
        self._added += [CustomerTag(customer_id=customer.id, tag=tag, created_at=self._now) for tag in fresh]
        return bool(fresh)

    def _consent(self, customer: Customer, facts: CustomerFacts) -> bool:
        """Withdrawals always count; a file grants only where nothing was said, since people withdraw with us too."""
        last = self._consents.get(customer.id)
        if facts.marketing is None or (last is not None and (facts.marketing or last.granted == facts.marketing)):
            return False
        row = Consent(customer_id=customer.id, kind="marketing", granted=facts.marketing, how=self._source)
        row.occurred_at = self._now
        self._consents[customer.id] = row
        self._added.append(row)
        return True

    def _somebody_else(self, customer: Customer, facts: CustomerFacts) -> bool:
        """Found by a shared telephone number only: another name and another address mean another person."""
        if self.came_by_merge(facts) or (facts.external_id and customer.external_id == facts.external_id):
            return False
        if not (facts.email and customer.email_index and facts.name and customer.name):
            return False
        other_email = bytes(customer.email_index) != self._index("email", facts.email)
        return other_email and facts.name.casefold() != customer.name.casefold()

    def _only(self, known: dict[bytes, list[Customer]], key: bytes, facts: CustomerFacts, what: str) -> Customer | None:
        candidates = {
            customer.id: customer
            for customer in known.get(key, [])
            if not (facts.external_id and customer.external_id and facts.external_id != customer.external_id)
        }
        if len(candidates) > 1:
            raise Refused(f"{len(candidates)} customers have this {what}; give the customer number")
        return next(iter(candidates.values()), None)

    def _remember_found(self, found: dict[int, Customer]) -> None:
        """Index what was found; a record that was merged stands for the one it was merged into."""
        targets = {customer.merged_into_id for customer in found.values() if customer.merged_into_id}
        final = {customer.id: customer for customer in self._fetch(Customer, Customer.id, targets)}
        for customer in found.values():
            target = final.get(customer.merged_into_id or 0)
            self._remember(customer, target)
            if target is not None:
                own = {target.external_id, target.email_index, target.phone_index}
                merged = {customer.external_id, customer.email_index, customer.phone_index}
                self._via_merge |= {key for key in merged - own if key is not None}
                self._remember(target)
        found |= final

    def _remember(self, customer: Customer, target: Customer | None = None) -> None:
        if customer.external_id:
            self._by_external[customer.external_id] = target or customer
        for known, index in ((self._by_email, customer.email_index), (self._by_phone, customer.phone_index)):
            if index is not None:
                same = known.setdefault(bytes(index), [])
                if (target or customer) not in same:
                    same.append(target or customer)

    def _load_beside(self, facts: list[CustomerFacts], ids: Iterable[int]) -> None:
        if any(each.tags for each in facts):
            for tag in self._fetch(CustomerTag, CustomerTag.customer_id, ids):
                self._tags.setdefault(tag.customer_id, set()).add(tag.tag)
        if any(each.marketing is not None for each in facts):
            marketing = (Consent.kind == "marketing", or_(Consent.channel == "", ~Consent.granted))
            for consent in sorted(self._fetch(Consent, Consent.customer_id, ids, *marketing), key=_when):
                self._consents[consent.customer_id] = consent
        names = {each.company for each in facts if each.company}
        self._companies |= {
            company.name: company for company in self._fetch(Company, Company.name, names - self._companies.keys())
        }

    def _fetch(
        self, model: type[Any], column: InstrumentedAttribute[Any], keys: Iterable[Any], *where: Any
    ) -> Iterator[Any]:
        for few in chunks(keys):
            yield from self._session.scalars(select(model).where(column.in_(few), *where))

    def _index(self, kind: str, value: str) -> bytes:
        return self._vault.blind_index(kind, value)

    def _numbers(self, facts: CustomerFacts) -> list[str]:
        loose = normalised_phone(facts.any_key, self._region) if facts.any_key else None
        return [number for number in (facts.phone, loose) if number]

    def _fingerprints(self, facts: CustomerFacts) -> Iterator[bytes]:
        return fingerprints(self._vault, facts.external_id or facts.any_key, facts.email, self._numbers(facts))


def fingerprints(vault: Vault, external_id: str | None, email: str | None, phones: Iterable[str]) -> Iterator[bytes]:
    """The keyed marks by which an erased person's identifiers are known again."""
    if external_id:
        yield vault.fingerprint("external_id", external_id)
    if email:
        yield vault.fingerprint("email", email)
    for phone in phones:
        yield vault.fingerprint("phone", phone)


def chunks(keys: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Lists of at most `size`, as databases bound the number of parameters."""
    rest = list(keys)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


class ProductBatch:
    """Finds, creates and updates the products of one batch."""

    def __init__(self, session: Session, now: datetime, *, currency: str, write: bool = True) -> None:
        session.autoflush = False
        self._session = session
        self._now = now
        self.currency = currency
        self._write = write
        self._by_sku: dict[str, Product] = {}
        self._created: list[Product] = []

    def load(self, skus: Iterable[str]) -> None:
        """Fetch the products a batch names."""
        for few in chunks(set(skus)):
            for product in self._session.scalars(select(Product).where(Product.sku.in_(few))):
                self._by_sku[product.sku] = product

    def find(self, sku: str) -> Product:
        """The product with a SKU.

        Raises:
            Refused: there is none.
        """
        if sku not in self._by_sku:
            raise Refused(f'there is no product with SKU "{sku}": import the products first')
        return self._by_sku[sku]

    def upsert(self, facts: ProductFacts) -> Outcome:
        """Create the product or update what differs."""
        product = self._by_sku.get(facts.sku)
        outcome: Outcome = "unchanged"
        if product is None:
            product, outcome = self._create(facts), "created"
        values = {name: getattr(facts, name) for name in ("name_en", "name_zh", "description_en", "description_zh")}
        for both in ("name", "description"):
            written = getattr(facts, both)
            if written:
                values[f"{both}_{'zh' if _is_chinese(written) else 'en'}"] = written
        plain = ("category", "price_minor", "currency", "stock", "consumable", "active")
        values |= {name: getattr(facts, name) for name in plain}
        values["aliases"] = list(facts.aliases) if facts.aliases is not None else None
        if facts.warranty_months is not None:
            values["attributes"] = {**product.attributes, "warranty_months": facts.warranty_months}
        changed = [assign(product, name, value, fill_only=False) for name, value in values.items()]
        if any(changed):
            product.updated_at = self._now
            outcome = "created" if outcome == "created" else "updated"
        return outcome

    def finish(self) -> None:
        """Write what was created."""
        if self._write:
            self._session.add_all(self._created)
            self._session.flush()
            self._created = []

    def _create(self, facts: ProductFacts) -> Product:
        name = facts.name or facts.name_en or facts.name_zh
        if not name or facts.price_minor is None:
            raise Refused("a new product needs a name and a price")
        text = facts.description or facts.description_en or facts.description_zh or ""
        product = Product(
            sku=facts.sku,
            name_en=facts.name_en or name,
            name_zh=facts.name_zh or name,
            description_en=facts.description_en or text,
            description_zh=facts.description_zh or text,
            category=facts.category or "other",
            price_minor=facts.price_minor,
            currency=facts.currency or self.currency,
            stock=facts.stock or 0,
            consumable=bool(facts.consumable),
            active=facts.active is not False,
            aliases=list(facts.aliases or ()),
            attributes={},
            updated_at=self._now,
        )
        self._by_sku[facts.sku] = product
        self._created.append(product)
        return product


def assign(record: Any, name: str, value: Any, fill_only: bool) -> bool:
    """Set a field that is said and differs; returns whether it changed."""
    if value is None:
        return False
    current = getattr(record, name)
    if current == value or (fill_only and current is not None):
        return False
    setattr(record, name, value)
    return True


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


_when: Callable[[Consent], tuple[datetime, int]] = lambda row: (row.occurred_at, row.id)  # noqa: E731
