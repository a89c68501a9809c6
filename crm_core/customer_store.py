"""The store of one customer: the only thing a customer's handlers touch. Nothing it gives belongs to anybody else.

Orders are visible to a verified person, or one by one to whoever names an order's number together with the e-mail
address it was placed with. Such an order stays visible in that conversation for a day (`opened_orders.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.settings import Business
from crm_core import (
    audit,
    cases,
    catalogue,
    consent,
    drafts,
    identities,
    invoices,
    offers,
    order_changes,
    orders,
    preferences,
    privacy,
    public_names,
    ratings,
)
from crm_core.cases import CaseView
from crm_core.catalogue import Kind, ProductView, Wish
from crm_core.contact_details import normalised_email
from crm_core.crypto import Vault
from crm_core.drafts import Wanted
from crm_core.errors import NotAllowed, NotFound
from crm_core.identities import MOST_WRONG_TRIES, LinkResult, Place
from crm_core.invoices import InvoiceView
from crm_core.models import Conversation, Customer, Identity, Interaction, Order
from crm_core.offers import Offer, Offers
from crm_core.opened_orders import OpenedOrders, Pass
from crm_core.orders import OrderView, RefundView
from crm_core.preferences import Preferences
from crm_core.ratings import RatingView

Kept = TypeVar("Kept")


class CustomerStore:
    """All that one customer may read and do.

    Args:
        now: one moment for everything that this message causes.
    """

    def __init__(
        self,
        session: Session,
        vault: Vault,
        *,
        customer_id: int,
        identity_id: int,
        conversation_id: int,
        now: datetime,
        business: Business,
    ) -> None:
        self._session = session
        self._vault = vault
        self._customer_id = customer_id
        self._conversation_id = conversation_id
        self._now = now
        self._business = business
        self._identity = session.get_one(Identity, identity_id)
        self._opened = OpenedOrders(session, vault, conversation_id, identity_id, now)
        self._own: dict[str, int | None] = {}

    # --- who it is --------------------------------------------------------------------------------------------------
    @property
    def verified(self) -> bool:
        """Whether we know that this account is the customer's."""
        return self._identity.verified_at is not None and self._identity.customer_id == self._customer_id

    @property
    def name(self) -> str:
        """The customer's own name, "" while we do not know who it is."""
        return (self._session.get_one(Customer, self._customer_id).name or "") if self.verified else ""

    def link_by_phone(self, phone: str) -> LinkResult:
        """Join this account to the customer with this number, which the platform vouches is the sender's own."""
        result = identities.link_by_phone(
            self._session, self._vault, self._identity, phone, self._business.region, self._now
        )
        if result == "linked":
            self._customer_id = self._identity.customer_id
            self._own.clear()
            conversation = self._session.get_one(Conversation, self._conversation_id)
            place = Place(conversation.id, conversation.channel, conversation.account, conversation.chat_id)
            identities.note_link(self._session, self._identity, place, "own contact", self._now)
        return result

    def remember_public_name(self, network: str, name: str) -> None:
        """Keep by what name they go on a social network, which they gave."""
        self._verified_only()
        public_names.remember(self._session, self._vault, self._customer_id, network, name, self._now)

    def forget_public_name(self, network: str) -> bool:
        """Forget it, and whose posts are theirs there; False when nothing was known."""
        self._verified_only()
        return public_names.forget(self._session, self._vault, self._customer_id, network, self._now)

    # --- orders -----------------------------------------------------------------------------------------------------
    def orders(self, passes: Sequence[Pass] = (), limit: int = orders.SHOWN) -> list[OrderView]:
        """The last orders that may be shown here, newest first: all of a verified person's; else the opened ones, and
        what was asked for in this chat."""
        own = orders.newest(self._session, self._customer_id, limit) if self._owns_record else []
        if self.verified:
            return own
        views = [*own, *(orders.with_id(self._session, order_id) for order_id in self._opened.visible(passes)[:limit])]
        return sorted((view for view in views if view), key=lambda view: view.placed_at, reverse=True)[:limit]

    def order(self, number: str, passes: Sequence[Pass] = ()) -> OrderView | None:
        """The order with this number, if it may be shown here; else None, whether it exists or not."""
        order_id = self._visible(number, passes)
        return orders.with_id(self._session, order_id) if order_id is not None else None

    def open_order(self, number: str, email: str) -> Pass | Literal["wrong", "locked"]:
        """Open one order by its number and the e-mail address it was placed with.

        "wrong" when number or address is, without saying which; the wrong try is counted. "locked" from the fifth
        wrong try on, until a day has passed.
        """
        tries = identities.wrong_tries(self._session, self._identity.id, self._now)
        if tries >= MOST_WRONG_TRIES:
            return "locked"
        order_id = self._ordered_with(number, email)
        if order_id is None:
            identities.count_wrong_try(self._session, self._identity, self._now)
            return "locked" if tries + 1 >= MOST_WRONG_TRIES else "wrong"
        opened = self._opened.opened(order_id)
        said = None if self.verified else consent.newest(self._session, self._customer_id)
        if said is not None and not said.granted:  # a visitor said no before we knew whose orders these are
            self._opened.refuse([opened], said.how, since=said.occurred_at)
        return opened

    def why_not_cancel(self, order: OrderView) -> str:
        """Why an order cannot be cancelled in chat; "" when it can."""
        return orders.why_not_cancel(order, self._now, self._business.cancel_window_hours)

    def cancel_order(self, number: str, passes: Sequence[Pass] = ()) -> OrderView:
        """Cancel an order before it ships.

        Raises:
            NotFound: none that may be shown here.
            NotPossible: `reason` says why; nothing was changed.
        """
        order_id = self._needed(number, passes)
        return orders.cancel(self._session, order_id, self._now, self._business.cancel_window_hours)

    def why_not_return(self, order: OrderView) -> str:
        """Why something cannot be sent back in chat; "" when it can."""
        return orders.why_not_return(order, self._now)

    def request_return(self, number: str, position: int | None, reason: str, passes: Sequence[Pass] = ()) -> RefundView:
        """Note that a line of an order, or all of it, is sent back. Asked twice, noted once.

        Raises:
            NotFound: none that may be shown here.
            NotPossible: `reason` says why; nothing was changed.
        """
        return orders.request_return(self._session, self._needed(number, passes), position, reason, self._now)

    def why_not_change(self, order: OrderView) -> str:
        """Why an order cannot be changed any more; "" when it can."""
        return order_changes.why_not_change(order, self._now)

    def change_address(self, number: str, address: str) -> OrderView:
        """Send one's own order somewhere else, before it ships.

        Raises:
            NotAllowed: we are not sure who this is; a number and an e-mail address are too little for that.
            NotFound, NotPossible: no such order, or too late; nothing was changed.
        """
        if not self.verified:
            raise NotAllowed("Only the person who ordered may send an order somewhere else.")
        return order_changes.change_address(self._session, self._needed(number, ()), address, self._now)

    def swap(self, number: str, position: int, sku: str, passes: Sequence[Pass] = ()) -> OrderView:
        """Put the same product in another colour into a line of an order, before it ships.

        Raises:
            NotFound, NotPossible: no such order, line or product, or too late, or sold out; nothing was changed.
        """
        return order_changes.swap(self._session, self._needed(number, passes), position, sku, self._now)

    def place_draft(self, wanted: Sequence[Wanted]) -> OrderView:
        """Note an order that a member of staff has to confirm, to the address of the last one where we know it.

        Raises:
            NotFound, NotPossible: not on sale, not enough in stock, or priced in different money.
        """
        address = drafts.last_address(self._session, self._customer_id) if self.verified else ""
        self._own.clear()
        return drafts.place(self._session, self._customer_id, wanted, address, self._now)

    def request_invoice(self, number: str, title: str, tax_number: str, passes: Sequence[Pass] = ()) -> InvoiceView:
        """Keep what the invoice of an order shall say.

        Raises:
            NotFound: no order that may be shown here.
        """
        order_id = self._needed(number, passes)
        return invoices.keep(self._session, self._customer_id, order_id, title, tax_number, self._now)

    # --- products ---------------------------------------------------------------------------------------------------
    def products(self, skus: Sequence[str]) -> list[ProductView]:
        """The products with these SKUs, in this order."""
        return catalogue.by_sku(self._session, skus)

    def variants(self, product: ProductView) -> list[ProductView]:
        """The same product in all its colours."""
        return catalogue.variants(self._session, product)

    def matching(self, wish: Wish, limit: int = 3) -> list[ProductView]:
        """What fits a wish and is in stock, popular first."""
        return catalogue.matching(self._session, wish, self._now, limit)

    def with_sold(self, products: Sequence[ProductView]) -> list[ProductView]:
        """The same products with what was sold of each lately."""
        return catalogue.with_sold(self._session, products, self._now)

    def kinds(self) -> list[Kind]:
        """The kinds of products that are in stock, the largest first."""
        return catalogue.kinds(self._session)

    def offers(self, wish: Wish) -> Offers:
        """What was chosen for this customer, within a wish; nothing while we are not sure who it is."""
        if not self.verified:
            return Offers()
        return offers.offers_for(self._session, self._customer_id, wish, self._now)

    def goes_with(self, skus: Sequence[str], wish: Wish) -> tuple[Offer, ...]:
        """What goes with products, in stock, each with its reason."""
        return offers.goes_with(self._session, skus, wish, self._now)

    # --- service ----------------------------------------------------------------------------------------------------
    def open_case(
        self,
        topic: str,
        title: str,
        priority: str,
        number: str = "",
        passes: Sequence[Pass] = (),
        *,
        adds: bool = False,
    ) -> CaseView:
        """Open a case for staff, tied to an order if that may be shown here. `adds`: see `cases.open_case`."""
        return cases.open_case(
            self._session,
            customer_id=self._customer_id,
            conversation_id=self._conversation_id,
            order_id=self._visible(number, passes) if number else None,
            topic=topic,
            title=title,
            priority=priority,
            now=self._now,
            adds=adds,
        )

    def note_topic(self, interaction_id: int, topic: str) -> None:
        """Say what a message of this conversation is about, so that it can be counted."""
        mine = (Interaction.id == interaction_id, Interaction.conversation_id == self._conversation_id)
        self._session.execute(update(Interaction).where(*mine).values(topic=topic[:60]))

    def rate(self, score: int) -> RatingView:
        """Keep a rating of this conversation; one that was given stays (`repeated`)."""
        return ratings.rate(self._session, self._conversation_id, self._customer_id, score, self._now)

    def explain_rating(self, text: str) -> None:
        """Keep what the customer wrote about the rating given last."""
        ratings.explain(self._session, self._conversation_id, text)

    def unsubscribe(self, how: str, passes: Sequence[Pass] = ()) -> datetime:
        """Stop all marketing at once, to those whose orders were opened here, too.

        Returns when it was stopped: now, or before.
        """
        self._opened.refuse(passes, how)
        return consent.stop(self._session, self._customer_id, how, self._now)

    @property
    def _owns_record(self) -> bool:
        """Whether all of the record is theirs to see: of a visitor it is nothing but what they said and asked for."""
        return self.verified or self._session.get_one(Customer, self._customer_id).kind == "visitor"

    # --- their data -------------------------------------------------------------------------------------------------
    def preferences(self) -> Preferences:
        """When, where and about what they want to be written to."""
        return preferences.read(self._session, self._customer_id)

    def agreed_by_channel(self) -> dict[str, list[str]]:
        """Channel → kinds of message that they agreed to there, and not on all channels."""
        found: dict[str, list[str]] = {}
        for kind in preferences.KINDS:
            counts = consent.by_channel(self._session, self._customer_id, kind)
            for channel in (channel for channel, granted in counts.items() if channel and granted):
                if counts.get("") is not True:
                    found.setdefault(channel, []).append(kind)
        return found

    def set_preferences(self, changes: Mapping[str, Any], how: str, passes: Sequence[Pass] = ()) -> Preferences:
        """Change what is named and keep the rest; returns all of it. What is refused counts for those whose orders
        were opened here, too; what is agreed to never does."""
        refused = [kind for kind, wanted in changes.get("kinds", {}).items() if not wanted]
        if refused:
            self._opened.refuse(passes, how, refused)
        return preferences.change(self._session, self._customer_id, changes, how, self._now)

    def holdings(self) -> dict[str, int]:
        """Table → how many rows of theirs it holds."""
        self._verified_only()
        return privacy.holdings(self._session, self._customer_id)

    def copy_of_data(self, files: Path, how: str) -> bytes:
        """Everything that is held about them, as a zip; `files` is the folder of sealed attachments. Audited."""
        self._verified_only()
        return privacy.export_to_customer(self._session, self._vault, self._customer_id, files, how=how, now=self._now)

    def keep_file(
        self, save: Callable[[Session, bytes, str, str, int], Kept], content: bytes, name: str, kind: str
    ) -> Kept:
        """Keep a file that was made for them, with what keeps files; `kind` is its media type."""
        return save(self._session, content, name, kind, self._customer_id)

    def ask_to_be_erased(self, how: str) -> int:
        """Note in the audit log that they want to be erased; returns their number. What follows is not done here."""
        self._verified_only()
        number = self._session.get_one(Customer, self._customer_id).number
        audit.record(
            self._session,
            self._vault,
            actor=f"customer:{number}",
            action="customer.erase.asked",
            subject=f"customer:{number}",
            reason=f"asked and confirmed in {how}",
            now=self._now,
        )
        return number

    def _verified_only(self) -> None:
        if not self.verified:
            raise NotAllowed("This is only for the person themselves.")

    # --- inside -----------------------------------------------------------------------------------------------------
    def _needed(self, number: str, passes: Sequence[Pass]) -> int:
        order_id = self._visible(number, passes)
        if order_id is None:
            raise NotFound("There is no such order.")
        return order_id

    def _visible(self, number: str, passes: Sequence[Pass]) -> int | None:
        """Row id of the order with this number, if it may be shown here."""
        if self._owns_record:
            if number not in self._own:
                self._own[number] = orders.identify(self._session, self._customer_id, number)
            own = self._own[number]
            if own is not None:
                return own
        opened = self._opened.visible(passes)
        if not opened:
            return None
        rows = self._session.execute(select(Order.id, Order.number).where(Order.id.in_(opened))).all()
        return orders.fitting([(row.id, row.number) for row in rows], number)

    def _ordered_with(self, number: str, email: str) -> int | None:
        """Row id of the order with this number that a customer with this address placed."""
        address = normalised_email(email)
        if address is None:
            return None
        query = (
            select(Order.id, Order.number)
            .join(Customer, Customer.id == Order.customer_id)
            .where(Customer.email_index == self._vault.blind_index("email", address), Customer.kind != "visitor")
        )
        return orders.fitting([(row.id, row.number) for row in self._session.execute(query)], number)
