"""What staff may read and do with customers. Every call asks `access` first and leaves one entry in the audit log.

Entries name fields, never values; refusals are recorded, too. What it gives are plain values, apart from conversations
and interactions, which the hand-over works on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from config.settings import Business
from crm_core import audit, identities, orders, timeline
from crm_core.access import Actor, authorize
from crm_core.analytics.segments.store import customers
from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.crypto import Vault
from crm_core.customers import Profile, profile
from crm_core.errors import NotAllowed, NotFound
from crm_core.identities import LinkResult, Place
from crm_core.models import (
    Company,
    Conversation,
    Customer,
    CustomerTag,
    Identity,
    Interaction,
    Note,
    Order,
    Product,
    Shipment,
)
from crm_core.names import BY_COMPANY, Named, NameIndex
from crm_core.orders import OrderView
from crm_core.query.conditions import SCORED, Conditions
from crm_core.staff.campaigns import StaffCampaigns
from crm_core.staff.cases import UNDO_WITHIN, StaffCases
from crm_core.staff.posts import StaffPosts
from crm_core.staff.scores import StaffScores
from crm_core.staff.segments import StaffSegments
from crm_core.staff.suggestions import StaffSuggestions
from crm_core.staff.tasks import StaffTasks
from crm_core.staff.topics import StaffTopics
from crm_core.suggesting import Pick, picks
from crm_core.timeline import Event, Filter

MOST_FOUND = 5
MOST_EXPORTED = 10_000
LONGEST_TAG = 60


@dataclass(frozen=True, slots=True)
class Brief:
    """One customer in a list of several."""

    customer_id: int
    number: int
    name: str
    company: str
    city: str
    tier: str
    kind: str = "person"


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody is looked for by; everything that fits counts."""

    numbers: tuple[int, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what is looked for."""
        return tuple(name for name in ("numbers", "phones", "emails", "handles", "orders", "names") if self[name])

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        return tuple(getattr(self, name))


@dataclass(frozen=True, slots=True)
class Row:
    """One customer of a list. Money in minor units; `mood_milli` None: they wrote nothing in 90 days."""

    customer_id: int
    number: int
    name: str
    company: str
    city: str
    country: str
    language: str
    tier: str
    email: str
    phone: str
    spend_minor: int
    orders: int
    last_order_at: datetime | None
    mood_milli: int | None
    scores: Mapping[str, int | None] = field(default_factory=dict)
    """The scores that the list is about, in thousandths."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A part of the customers that fit some conditions, and how many fit in all."""

    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """An order with whose it is and where it goes."""

    view: OrderView
    customer: Brief
    address: str


class StaffStore:
    """Customers as one member of staff may see and change them.

    Args:
        now: one moment for everything that this message causes.
    """

    def __init__(self, session: Session, vault: Vault, *, actor: Actor, now: datetime, business: Business) -> None:
        self.session = session
        self.vault = vault
        self.actor = actor
        self.now = now
        self.business = business

    # --- rights -----------------------------------------------------------------------------------------------------
    def permit(self, action: str, subject: str, fields: Sequence[str] = (), *, noted: str = "") -> None:
        """Let an action through and note it; as `noted` where only its preview is shown.

        Raises:
            NotAllowed: the role does not include it; that is noted, too.
        """
        try:
            authorize(self.actor, action)
        except NotAllowed:
            self._note(action, subject, fields, allowed=False)
            raise
        self._note(noted or action, subject, fields)

    def _note(self, action: str, subject: str, fields: Sequence[str], *, allowed: bool = True) -> None:
        audit.record(
            self.session, self.vault, actor=f"staff:{self.actor.staff_id}", action=action, subject=subject,
            fields=fields, allowed=allowed, now=self.now,
        )  # fmt: skip

    @property
    def cases(self) -> StaffCases:
        """Matters to be settled."""
        return StaffCases(self.session, self.permit, self.actor, self.now)

    @property
    def tasks(self) -> StaffTasks:
        """What staff have to do."""
        return StaffTasks(self.session, self.permit, self.actor, self.now)

    @property
    def posts(self) -> StaffPosts:
        """What is said in public."""
        return StaffPosts(self.session, self.permit)

    @property
    def topics(self) -> StaffTopics:
        """What people talk about."""
        return StaffTopics(self.session, self.permit)

    @property
    def segments(self) -> StaffSegments:
        """Named parts of the customers."""
        return StaffSegments(self.session, self.permit, self.actor, self.now, self.business.zone)

    @property
    def campaigns(self) -> StaffCampaigns:
        """Messages to customers by conditions."""
        return StaffCampaigns(self.session, self.permit, self.actor, self.now)

    @property
    def suggestions(self) -> StaffSuggestions:
        """What to do next."""
        return StaffSuggestions(self.session, self.permit, self.actor, self.now)

    @property
    def scores(self) -> StaffScores:
        """What is computed about customers."""
        return StaffScores(self.session, self.permit, self.now, self.business.zone)

    # --- finding ----------------------------------------------------------------------------------------------------
    def find(self, search: Search, names: NameIndex) -> list[Brief]:
        """Customers that fit any of what is looked for, the surest first, at most five."""
        self.permit("customer.find", "customers", search.fields)
        ids: list[int] = []
        for name in ("numbers", "emails", "phones", "handles", "orders"):
            for value in search[name]:
                ids += self._ids_by(name, value)
        for text in search.names if not ids else ():
            ids += _best(names.search(text, MOST_FOUND))
        return self.briefs(list(dict.fromkeys(ids))[:MOST_FOUND])

    def mentioned(self, text: str, names: NameIndex) -> list[Brief]:
        """Customers whose whole name stands in a text."""
        known = names.mentioned(text, MOST_FOUND)
        if not known:
            return []
        self.permit("customer.find", "customers", ("names",))
        return self.briefs(_best(known))

    def briefs(self, customer_ids: Sequence[int]) -> list[Brief]:
        """These customers in this order; merged and erased ones are left out."""
        query = _people().where(Customer.id.in_(customer_ids), Customer.merged_into_id.is_(None))
        found = {customer.id: _brief(customer, company) for customer, company in self.session.execute(query)}
        return [found[key] for key in customer_ids if key in found]

    def numbered(self, number: int) -> Brief | None:
        """The customer with this number."""
        query = _people().where(Customer.number == number, Customer.merged_into_id.is_(None))
        row = self.session.execute(query).one_or_none()
        return _brief(*row) if row else None

    def _ids_by(self, name: str, value: Any) -> list[int]:
        query = self._query_by(name, value)
        return list(self.session.execute(query.limit(MOST_FOUND)).scalars()) if query is not None else []

    def _query_by(self, name: str, value: Any) -> Select[int] | None:
        query = select(Customer.id).where(Customer.merged_into_id.is_(None)).order_by(Customer.number)
        if name == "numbers":
            return query.where(Customer.number == value)
        if name == "emails":
            address = normalised_email(value)
            return query.where(Customer.email_index == self.vault.blind_index("email", address)) if address else None
        if name == "phones":
            phone = normalised_phone(value, self.business.region)
            return query.where(Customer.phone_index == self.vault.blind_index("phone", phone)) if phone else None
        if name == "orders":
            order_id = self._order_id(value)
            return query.join(Order, Order.customer_id == Customer.id).where(Order.id == order_id)
        return query.where(Customer.id.in_(self._ids_by_handle(value)))

    def _ids_by_handle(self, handle: str) -> list[int]:
        """Handles are sealed, so that all accounts have to be opened; there is no other way to them."""
        wanted = handle.lstrip("@").casefold()
        accounts = self.session.execute(select(Identity).where(Identity.handle_sealed.is_not(None))).scalars()
        return [row.customer_id for row in accounts if (row.handle or "").casefold() == wanted]

    # --- reading ----------------------------------------------------------------------------------------------------
    def profile(self, customer_id: int) -> Profile:
        """Everything the card shows.

        Raises:
            NotFound: no such customer (any more).
        """
        known = profile(self.session, customer_id, self.now)
        self.permit("customer.read", _subject(known.number if known else None), ("profile", "contact", "orders"))
        if known is None:
            raise NotFound("There is no such customer (any more).")
        return known

    def timeline(self, customer_id: int, wanted: Filter) -> list[Event]:
        """What happened with a customer on all channels, newest first."""
        self.permit("timeline.read", self._subject(customer_id), ("timeline", *wanted.kinds))
        return timeline.events(self.session, customer_id, wanted)

    def order(self, number: str) -> FoundOrder | None:
        """An order by its number or a parcel's, as people write it; None when none fits, or more than one."""
        order_id = self._order_id(number)
        row = self.session.get(Order, order_id) if order_id is not None else None
        self.permit("order.read", f"order:{row.number if row else 'unknown'}", ("order", "address"))
        if row is None:
            return None
        view = orders.with_id(self.session, row.id)
        owner = self.briefs([row.customer_id])
        return FoundOrder(view, owner[0], row.address or "") if view and owner else None

    def orders_of(self, customer_id: int, limit: int = orders.SHOWN) -> list[OrderView]:
        """A customer's last orders, newest first."""
        self.permit("order.read", self._subject(customer_id), ("orders",))
        return orders.newest(self.session, customer_id, limit)

    def listed(self, conditions: Conditions, *, offset: int = 0, limit: int = 10) -> Listed:
        """A page of the customers that fit; a top N is never longer than N."""
        self.permit("customer.list", "customers", ("name", "city", "spend", "orders", "mood"))
        return self._page(conditions, offset, limit)

    def export_list(self, conditions: Conditions) -> Listed:
        """All customers that fit, with contact details, for a file."""
        self.permit("customer.export_list", "customers", ("name", "contact", "spend", "orders", "mood"))
        return self._page(conditions, 0, MOST_EXPORTED)

    def product_names(self, skus: Sequence[str] | None, language: str) -> dict[str, str]:
        """Names of products by SKU, of all when none are given; nothing personal."""
        name = Product.name_zh if language == "zh" else Product.name_en
        query = select(Product.sku, name)
        query = query if skus is None else query.where(Product.sku.in_(list(skus)))
        return {row[0]: row[1] for row in self.session.execute(query)}

    def _page(self, conditions: Conditions, offset: int, limit: int) -> Listed:
        query = customers(self.session, conditions, self.now, self.business.zone)
        total = self.session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
        most = min(total, conditions.limit) if conditions.limit else total
        figures = self.session.execute(query.offset(offset).limit(max(0, min(limit, most - offset)))).all()
        wanted = _people().where(Customer.id.in_([row.id for row in figures]))
        people = {customer.id: (customer, company) for customer, company in self.session.execute(wanted)}
        rows = tuple(_row(*people[figure.id], figure) for figure in figures if figure.id in people)
        return Listed(rows, most)

    def recommend(self, customer_id: int, limit: int = 3, *, personal: bool = True) -> list[Pick]:
        """What to offer a customer by their last orders, or only by what sells; with the reason of each."""
        self.permit("recommendation.read", self._subject(customer_id), ("orders",))
        return picks(self.session, customer_id, self.now, limit, personal=personal)

    # --- changing ---------------------------------------------------------------------------------------------------
    def add_note(self, customer_id: int, text: str) -> int:
        """Keep a note; returns its id."""
        self.permit("note.write", self._subject(customer_id), ("note",))
        note = Note(customer_id=customer_id, staff_id=self.actor.staff_id, text=text.strip(), created_at=self.now)
        self.session.add(note)
        self.session.flush()
        return note.id

    def remove_note(self, note_id: int) -> bool:
        """Take back one's own note of the last day; False when it is not there, not one's own, or older."""
        note = self.session.get(Note, note_id)
        self.permit("note.write", self._subject(note.customer_id) if note else "note", ("note",))
        if note is None or note.staff_id != self.actor.staff_id or note.created_at < self.now - UNDO_WITHIN:
            return False
        self.session.delete(note)
        return True

    def add_tags(self, customer_id: int, tags: Sequence[str]) -> list[str]:
        """Tag a customer; returns the tags that are new."""
        self.permit("tag.write", self._subject(customer_id), ("tags",))
        known = {tag.casefold() for tag in self._tags(customer_id)} | {""}
        wanted = {tag.casefold(): tag for tag in reversed([_tidy_tag(tag) for tag in tags])}
        fresh = [wanted[key] for key in reversed(wanted) if key not in known]
        for tag in fresh:
            row = CustomerTag(customer_id=customer_id, tag=tag, staff_id=self.actor.staff_id, created_at=self.now)
            self.session.add(row)
        self.session.flush()
        return fresh

    def remove_tags(self, customer_id: int, tags: Sequence[str]) -> list[str]:
        """Take tags off a customer; returns those that were there."""
        self.permit("tag.write", self._subject(customer_id), ("tags",))
        wanted = {_tidy_tag(tag).casefold() for tag in tags}
        gone = [tag for tag in self._tags(customer_id) if tag.casefold() in wanted]
        if gone:
            theirs = CustomerTag.customer_id == customer_id
            self.session.execute(delete(CustomerTag).where(theirs, CustomerTag.tag.in_(gone)))
        return gone

    def _tags(self, customer_id: int) -> list[str]:
        query = select(CustomerTag.tag).where(CustomerTag.customer_id == customer_id)
        return list(self.session.execute(query).scalars())

    def link(self, conversation: Conversation, customer_id: int) -> LinkResult:
        """Make the account that a conversation is held with this customer's.

        Raises:
            NotPossible("other_record"): it belongs to another customer already.
        """
        self.permit("identity.link", self._subject(customer_id), ("identity",))
        identity = self.session.get_one(Identity, conversation.identity_id)
        result = identities.link_by_staff(
            self.session, self.vault, identity, customer_id, actor=self.actor, now=self.now
        )
        if result == "linked":
            place = Place(conversation.id, conversation.channel, conversation.account, conversation.chat_id)
            identities.note_link(self.session, identity, place, f"confirmed by {self.actor.name}", self.now)
            self.session.refresh(conversation)
        return result

    # --- conversations ----------------------------------------------------------------------------------------------
    def conversation(self, customer_id: int) -> Conversation | None:
        """The conversation with a customer that was last active."""
        query = select(Conversation).where(
            Conversation.customer_id == customer_id, Conversation.identity_id.is_not(None)
        )
        latest = func.coalesce(Conversation.last_message_at, Conversation.started_at)
        return self.session.execute(query.order_by(latest.desc(), Conversation.id.desc()).limit(1)).scalars().first()

    def last_message(self, conversation: Conversation) -> Interaction | None:
        """What the customer wrote last in a conversation."""
        return next(iter(self.last_messages(conversation, 1)), None)

    def last_messages(self, conversation: Conversation, most: int) -> list[Interaction]:
        """What the customer wrote in a conversation, the newest first."""
        self.permit("reply.suggest", self._subject(conversation.customer_id), ("messages",))
        query = select(Interaction).where(
            Interaction.conversation_id == conversation.id,
            Interaction.direction == "in",
            Interaction.kind.in_(("new", "edit")),
        )
        return list(self.session.execute(query.order_by(Interaction.id.desc()).limit(most)).scalars())

    def keep_draft(self, conversation: Conversation, text: str, topic: str = "") -> int:
        """Keep a suggested answer with its conversation until somebody sends it; returns its id.

        Args:
            topic: for which next action it is (`DRAFT_FOR`, and its id).
        """
        draft = Interaction(
            conversation_id=conversation.id, customer_id=conversation.customer_id, staff_id=self.actor.staff_id,
            direction="internal", author="bot", kind="draft", channel=conversation.channel,
            account=conversation.account, chat_id=conversation.chat_id, message_id="", text=text,
            topic=topic or None, occurred_at=self.now, received_at=self.now,
        )  # fmt: skip
        draft.message_id = f"draft-{draft.id}"
        self.session.add(draft)
        self.session.flush()
        return draft.id

    # --- inside -----------------------------------------------------------------------------------------------------
    def _order_id(self, number: str) -> int | None:
        wanted = orders.plain_number(number)
        if not wanted:
            return None
        exact = select(Order.id).where(or_(Order.number == number.strip().upper(), Order.number == wanted))
        found = list(self.session.execute(exact).scalars())
        if len(found) == 1:
            return found[0]
        digits = wanted.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        ending = select(Order.id, Order.number).where(Order.number.endswith(digits, autoescape=True))
        fits = orders.fitting([(row.id, row.number) for row in self.session.execute(ending.limit(50))], number)
        if fits is not None:
            return fits
        parcel = select(Shipment.order_id).where(func.upper(Shipment.tracking_no).in_([wanted, number.strip().upper()]))
        return self.session.execute(parcel.limit(1)).scalar_one_or_none()

    def _subject(self, customer_id: int | None) -> str:
        query = select(Customer.number).where(Customer.id == customer_id)
        return _subject(self.session.execute(query).scalar_one_or_none())


def _best(known: Sequence[Named]) -> list[int]:
    """Only those that fit best where they fit exactly; otherwise everybody who comes near."""
    sure = (
        [named for named in known if named.fit >= known[0].fit - 2] if known and known[0].fit >= BY_COMPANY else known
    )
    return [named.customer_id for named in sure]


def _subject(number: int | None) -> str:
    return f"customer:{number if number is not None else 'unknown'}"


def _people() -> Select[Customer, Company | None]:
    return select(Customer, Company).outerjoin(Company, Company.id == Customer.company_id)


def _brief(customer: Customer, company: Company | None) -> Brief:
    return Brief(
        customer_id=customer.id,
        number=customer.number,
        name=customer.name or "",
        company=company.name if company else "",
        city=customer.city or "",
        tier=customer.tier or "",
        kind=customer.kind,
    )


def _row(customer: Customer, company: Company | None, figure: Any) -> Row:
    mood = round(int(figure.mood_sum) / int(figure.mood_count)) if figure.mood_count else None
    return Row(
        customer_id=customer.id,
        number=customer.number,
        name=customer.name or "",
        company=company.name if company else "",
        city=customer.city or "",
        country=customer.country or "",
        language=customer.language or "",
        tier=customer.tier or "",
        email=customer.email or "",
        phone=customer.phone or "",
        spend_minor=int(figure.spend),
        orders=int(figure.orders),
        last_order_at=figure.last_order,
        mood_milli=mood,
        scores={kind: getattr(figure, kind) for kind in SCORED if hasattr(figure, kind)},
    )


def _tidy_tag(tag: str) -> str:
    return " ".join(tag.split()).strip("\"'“”「」‘’#。.,，")[:LONGEST_TAG]
