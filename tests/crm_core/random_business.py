"""A small random business, full of what makes engines disagree: ties, borders, NULLs, negative sums, last microseconds.

The same seed gives the same rows with the same ids and the same changes, so that several databases can hold one
business.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.orm import Session

from crm_core.identities import customers_tables
from crm_core.models import (
    Base,
    Campaign,
    CampaignContact,
    Case,
    Conversation,
    Customer,
    Interaction,
    Order,
    OrderLine,
    Post,
    Product,
    Rating,
    Refund,
)

OFFSETS = (1, 0, 0, -1, -2, -89, -90, -91, -179, -180, -181, -400)
"""Days from today where something changes sides."""
CATEGORIES = ("Tea", "tea", "咖啡", "beans", "Über", "a_b", "2 3 b", "🍵")
INTENTS = ("complaint", "complaint", "order_status", "return_request", "price_question", "greeting", None)
MOODS = (None, -1000, -333, -1, 0, 1, 334, 1000)
MONEY = (0, 1, 99, 12_345, 10**11)
STATUSES = ("draft", "placed", "paid", "delivered", "delivered", "cancelled", "returned")


class Business:
    """Adds rows to a store, changes and deletes them, at random but repeatably."""

    def __init__(self, seed: int, today: date) -> None:
        self.random = random.Random(seed)
        self.today = today
        self._ids = count(1000)

    def found(self, session: Session, customers: int = 12) -> None:
        """The products and campaigns, and customers with a history."""
        for number in range(9):
            self._add(session, Product, sku=f"P{number}", name_en="", name_zh="", category=self.pick(CATEGORIES),
                      price_minor=100, currency="CNY", updated_at=self.moment())  # fmt: skip
        for number in range(3):
            self._add(session, Campaign, name=f"C{number}", created_at=self.moment())
        for _ in range(customers):
            self.customer(session)
        for _ in range(customers * 12):
            self.happen(session)

    def happen(self, session: Session, *, after: date | None = None) -> None:
        """One thing is done or said; later than `after`, if that is given."""
        kinds = (self.order, self.order, self.message, self.message, self.message, self.refund, self.case, self.rating,
                 self.contact, self.post)  # fmt: skip
        self.pick(kinds)(session, after)

    def change(self, session: Session) -> None:
        """One thing that is stored is changed, moved or deleted."""
        kinds = (self._restate, self._recategorise, self._correct, self._delete, self._merge, self._erase,
                 self.customer, self._answer, self._recount, self._link)  # fmt: skip
        self.pick(kinds)(session)

    def moment(self, after: date | None = None) -> datetime:
        """Some moment, mostly on a day that matters and often at its very end or beginning."""
        offset = self.pick((*OFFSETS, self.random.randrange(-300, 3)))
        day = (
            self.today + timedelta(days=offset)
            if after is None
            else after + timedelta(days=self.random.randrange(1, 200))
        )
        at = self.pick((time(), time(23, 59, 59, 999_999), time(self.random.randrange(24), self.random.randrange(60))))
        return datetime.combine(day, at, UTC)

    def trade(self, session: Session) -> None:
        """Today something is ordered, cancelled or given back, or it is told that it was long ago."""
        kinds = (
            self._sell,
            self._sell,
            self._cancel,
            self._return,
            self.order,
            self._restate,
            self._merge,
            self._erase,
        )
        self.pick(kinds)(session)

    def _today(self) -> datetime:
        at = self.pick((time(), time(23, 59, 59, 999_999), time(self.random.randrange(24))))
        return datetime.combine(self.today, at, UTC)

    # --- what is added ----------------------------------------------------------------------------------------------
    def customer(self, session: Session) -> None:
        kind = self.pick(("person", "person", "person", "company", "visitor"))
        customer = self._add(session, Customer, number=next(self._ids), kind=kind, first_seen_at=self.moment(),
                             updated_at=self.moment())  # fmt: skip
        self._add(session, Conversation, channel="web", account="a", chat_id=str(customer), customer_id=customer,
                  state_since=self.moment(), started_at=self.moment())  # fmt: skip

    def order(self, session: Session, after: date | None = None) -> None:
        self._order(session, self.moment(after), self.pick(STATUSES))

    def _order(self, session: Session, placed: datetime, status: str) -> None:
        later = placed + timedelta(days=self.pick((0, 1, 40, 90)))
        order = self._add(
            session, Order, number=str(next(self._ids)), customer_id=self._one(session, Customer), status=status,
            placed_at=placed, updated_at=later, currency=self.pick(("CNY", "CNY", "CNY", "USD")),
            total_minor=self.pick(MONEY), discount_minor=self.pick(MONEY),
            cancelled_at=self.pick((None, later)) if status == "cancelled" else None,
        )  # fmt: skip
        for position in range(self.random.randrange(4)):
            self._add(session, OrderLine, order_id=order, position=position, product_id=self._one(session, Product),
                      quantity=self.pick((0, 1, 1, 2, 7)), unit_minor=self.pick(MONEY))  # fmt: skip

    def message(self, session: Session, after: date | None = None) -> None:
        direction, author = self.pick((("in", "customer"), ("in", "customer"), ("out", "bot"), ("internal", "system")))
        at = self.moment(after)
        self._add(
            session, Interaction, conversation_id=self._one(session, Conversation),
            customer_id=self.pick((None, *(self._one(session, Customer) for _ in range(6)))),
            direction=direction, author=author, kind=self.pick(("new", "new", "new", "edit")),
            channel=self.pick(("telegram", "web", "console")), account="a", chat_id="c",
            message_id=str(next(self._ids)),
            occurred_at=at, received_at=at, intent=self.pick(INTENTS), sentiment_milli=self.pick(MOODS),
        )  # fmt: skip

    def refund(self, session: Session, after: date | None = None) -> None:
        status, asked = self.pick(("requested", "paid", "paid", "refused")), self.moment(after)
        if order := self._one(session, Order):
            self._add(session, Refund, order_id=order, status=status, amount_minor=self.pick(MONEY),
                      currency=self.pick(("CNY", "CNY", "USD")), requested_at=asked,
                      paid_at=self.pick((None, asked + timedelta(days=1))) if status == "paid" else None)  # fmt: skip

    def case(self, session: Session, after: date | None = None) -> None:
        self._add(session, Case, number=next(self._ids), customer_id=self.pick((None, self._one(session, Customer))),
                  opened_at=self.moment(after))  # fmt: skip

    def rating(self, session: Session, after: date | None = None) -> None:
        given = self.pick((None, self.moment(after)))
        self._add(session, Rating, conversation_id=self._one(session, Conversation), asked_at=self.moment(),
                  customer_id=self.pick((None, self._one(session, Customer), self._one(session, Customer))),
                  given_at=given, score=self.random.randrange(1, 6) if given else None)  # fmt: skip

    def contact(self, session: Session, after: date | None = None) -> None:
        campaign, customer, sent = (
            self._one(session, Campaign),
            self._one(session, Customer),
            self.pick((None, self.moment(after))),
        )
        contacts = _table(CampaignContact).c
        if not session.scalar(
            select(contacts.id).where(contacts.campaign_id == campaign, contacts.customer_id == customer)
        ):
            later = [self.pick((None, sent + timedelta(days=days))) if sent else None for days in (1, 2)]
            self._add(session, CampaignContact, campaign_id=campaign, customer_id=customer, variant="a", sent_at=sent,
                      replied_at=later[0], converted_at=later[1])  # fmt: skip

    def post(self, session: Session, after: date | None = None) -> None:
        self._add(session, Post, connector="x", external_id=str(next(self._ids)), about="us",
                  customer_id=self.pick((None, self._one(session, Customer))), sentiment_milli=self.pick(MOODS),
                  occurred_at=self.moment(after))  # fmt: skip

    def _sell(self, session: Session) -> None:
        self._order(session, self._today(), self.pick(("placed", "paid", "cancelled")))

    # --- what is changed --------------------------------------------------------------------------------------------
    def _restate(self, session: Session) -> None:
        self._set(session, Order, status=self.pick(STATUSES), cancelled_at=self.pick((None, self.moment())),
                  updated_at=self.moment(), total_minor=self.pick(MONEY))  # fmt: skip

    def _cancel(self, session: Session) -> None:
        self._set(session, Order, status="cancelled", cancelled_at=self._today(), updated_at=self._today())

    def _return(self, session: Session) -> None:
        """It counts from the day on which it was asked for, which may be an earlier one."""
        order, asked = self._one(session, Order), self.pick((self._today(), self.moment()))
        if order:
            self._add(session, Refund, order_id=order, status="requested", amount_minor=self.pick(MONEY),
                      currency="CNY", requested_at=asked)  # fmt: skip
            orders = _table(Order)
            back = {"status": "returned", "cancelled_at": None, "updated_at": self._today()}
            session.execute(update(orders).where(orders.c.id == order).values(**back))

    def _recategorise(self, session: Session) -> None:
        self._set(session, Product, category=self.pick(CATEGORIES))

    def _correct(self, session: Session) -> None:
        self._set(session, Interaction, intent=self.pick(INTENTS), sentiment_milli=self.pick(MOODS))

    def _answer(self, session: Session) -> None:
        self._set(session, CampaignContact, sent_at=self.moment(), replied_at=self.pick((None, self.moment())))
        self._set(session, Rating, given_at=self.moment(), score=self.random.randrange(1, 6))
        self._set(session, Refund, status="paid", paid_at=self.moment())

    def _recount(self, session: Session) -> None:
        self._set(session, OrderLine, quantity=self.random.randrange(9), product_id=self._one(session, Product))
        self._set(session, Post, customer_id=self._one(session, Customer), sentiment_milli=self.pick(MOODS),
                  own=self.pick((False, True)))  # fmt: skip

    def _link(self, session: Session) -> None:
        self._set(session, Customer, kind=self.pick(("person", "visitor")))

    def _delete(self, session: Session) -> None:
        model = self.pick((Refund, Interaction, Case, Rating, Post, OrderLine, Order))
        session.execute(delete(_table(model)).where(_table(model).c.id == self._one(session, model)))

    def _erase(self, session: Session) -> None:
        if session.scalar(select(func.count()).select_from(Customer)) > 6:
            session.execute(delete(_table(Customer)).where(_table(Customer).c.id == self._one(session, Customer)))

    def _merge(self, session: Session) -> None:
        """As merging does it: every row moves, and the record that is left says where to."""
        loser, survivor = self._one(session, Customer), self._one(session, Customer)
        if loser != survivor:
            for table in customers_tables():
                if table.name != "campaign_contacts":
                    session.execute(update(table).where(table.c.customer_id == loser).values(customer_id=survivor))
            customers = _table(Customer)
            session.execute(update(customers).where(customers.c.id == loser).values(merged_into_id=survivor))

    # --- how --------------------------------------------------------------------------------------------------------
    def pick(self, options: Sequence[Any]) -> Any:
        """One of them."""
        return self.random.choice(options)

    def _one(self, session: Session, model: type[Base]) -> int | None:
        found = session.scalars(select(_table(model).c.id).order_by(_table(model).c.id)).all()
        return self.random.choice(found) if found else None

    def _add(self, session: Session, model: type[Base], **values: Any) -> int:
        row = {"id": next(self._ids), **values}
        session.execute(insert(_table(model)), [row])
        return row["id"]

    def _set(self, session: Session, model: type[Base], **values: Any) -> None:
        row = self._one(session, model)
        session.execute(update(_table(model)).where(_table(model).c.id == row).values(**values))


def _table(model: type[Base]) -> Table:
    return model.__table__  # type: ignore[return-value]
