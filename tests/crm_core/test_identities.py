"""Linking an account to a customer: everything moves, nothing is lost, nobody slips in."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm_core import audit, consent, preferences
from crm_core.access import Actor
from crm_core.database import Store
from crm_core.errors import NotAllowed, NotFound, NotPossible
from crm_core.identities import link_by_phone, link_by_staff
from crm_core.models import (
    Base,
    Case,
    Consent,
    ContactPreference,
    Customer,
    CustomerTag,
    Identity,
    Interaction,
    Note,
    OutboxMessage,
    Score,
)
from tests.bot.shop import Shop, add_chat, open_shop
from tests.conftest import Clock

AGENT = Actor(1, "agent", "Mei", "web:mei")


@pytest.fixture
def shop(store: Store, clock: Clock) -> Shop:
    return open_shop(store, clock())


def _write_about(store: Store, customer_id: int, conversation_id: int, now: datetime) -> None:
    with store.write() as session:
        line = Interaction(
            conversation_id=conversation_id, customer_id=customer_id, direction="in", author="customer",
            channel="telegram", account="bot", chat_id="7001", message_id="1", text="what the visitor wrote",
            occurred_at=now, received_at=now,
        )  # fmt: skip
        session.add_all(
            [
                line,
                Note(customer_id=customer_id, text="a note", created_at=now),
                CustomerTag(customer_id=customer_id, tag="both", created_at=now),
                CustomerTag(customer_id=customer_id, tag="visitor only", created_at=now),
                Score(customer_id=customer_id, kind="churn", value_milli=1, computed_at=now, data_until=now),
            ]
        )


def test_staff_link_a_visitor_with_all_that_is_theirs(store: Store, shop: Shop, clock: Clock) -> None:
    now, mei = clock(), shop.customers["mei"]
    identity_id, conversation_id = add_chat(store, now)
    with store.write() as session:
        visitor_id = session.get_one(Identity, identity_id).customer_id
        session.add(CustomerTag(customer_id=mei, tag="both", created_at=now))
        session.add(Score(customer_id=mei, kind="churn", value_milli=700, computed_at=now, data_until=now))
    _write_about(store, visitor_id, conversation_id, now)
    with store.write() as session:
        identity = session.get_one(Identity, identity_id)
        assert link_by_staff(session, store.vault, identity, mei, actor=AGENT, now=now) == "linked"
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            if "customer_id" in table.c:
                left = session.execute(select(table.c.id).where(table.c.customer_id == visitor_id)).all()
                assert left == [], table.name
        assert session.get(Customer, visitor_id) is None
        assert session.execute(select(Interaction).where(Interaction.customer_id == mei)).scalar_one().text
        assert session.execute(select(Note)).scalar_one().text == "a note"
        tags = session.execute(select(CustomerTag.tag).order_by(CustomerTag.tag)).scalars().all()
        assert tags == ["both", "visitor only"]
        assert session.execute(select(Score.value_milli)).scalars().all() == [700]
        assert session.get_one(Identity, identity_id).verified_how == "staff"
        assert isinstance(audit.verify(session, store.vault), audit.Verified)
    store.vault.forget(mei)
    with store.read() as session:
        assert session.execute(select(Note)).scalar_one().text == ""  # erasing the customer erases the visitor's words


@pytest.mark.parametrize("refuses", ["visitor", "customer"])
def test_linking_joins_their_wishes_and_the_stricter_word_wins(
    store: Store, shop: Shop, clock: Clock, refuses: str
) -> None:
    now, mei = clock(), shop.customers["mei"]
    identity_id, _ = add_chat(store, now)
    with store.write() as session:
        visitor = session.get_one(Identity, identity_id).customer_id
        no, yes = (visitor, mei) if refuses == "visitor" else (mei, visitor)
        for owner, granted, days in ((no, False, 2), (yes, True, 1)):  # the yes is newer
            said = now - timedelta(days=days)
            session.add(Consent(customer_id=owner, kind="marketing", granted=granted, how="shop", occurred_at=said))
        session.add(ContactPreference(customer_id=visitor, quiet_days=[6], at_most_every_days=30, updated_at=now))
        session.add(ContactPreference(customer_id=mei, quiet_days=[5], at_most_every_days=7, updated_at=now))
        waits = OutboxMessage(
            customer_id=mei, purpose="proactive", channel="telegram", account="1", chat_id="1", queued_at=now
        )
        session.add(waits)
        link_by_staff(session, store.vault, session.get_one(Identity, identity_id), mei, actor=AGENT, now=now)
    with store.read() as session:
        assert consent.allowed(session, mei, "marketing", "telegram") is False
        assert session.get_one(OutboxMessage, waits.id).state == "cancelled"
        wishes = preferences.read(session, mei)
        assert (wishes.quiet_days, wishes.at_most_every_days) == ((5, 6), 30)


def test_linking_twice_changes_nothing(store: Store, shop: Shop, clock: Clock) -> None:
    identity_id, _ = add_chat(store, clock())
    with store.write() as session:
        identity = session.get_one(Identity, identity_id)
        link_by_staff(session, store.vault, identity, shop.customers["mei"], actor=AGENT, now=clock())
        again = link_by_staff(session, store.vault, identity, shop.customers["mei"], actor=AGENT, now=clock())
    assert again == "already"


def test_staff_need_the_right_and_a_real_customer(store: Store, shop: Shop, clock: Clock) -> None:
    identity_id, _ = add_chat(store, clock())
    other_id, _ = add_chat(store, clock(), external_id="7009")
    with store.write() as session:
        identity = session.get_one(Identity, identity_id)
        visitor = session.get_one(Identity, other_id).customer_id
        nobody = Actor(1, "customer", "x", "telegram:1")
        with pytest.raises(NotAllowed):
            link_by_staff(session, store.vault, identity, shop.customers["mei"], actor=nobody, now=clock())
        for wrong in (visitor, 12345):
            with pytest.raises(NotFound):
                link_by_staff(session, store.vault, identity, wrong, actor=AGENT, now=clock())
        assert identity.verified_at is None


def test_another_customers_account_is_not_moved(store: Store, shop: Shop, clock: Clock) -> None:
    identity_id, _ = add_chat(store, clock(), customer_id=shop.customers["tom"])
    with store.write() as session:
        identity = session.get_one(Identity, identity_id)
        with pytest.raises(NotPossible) as refusal:
            link_by_staff(session, store.vault, identity, shop.customers["mei"], actor=AGENT, now=clock())
        assert refusal.value.reason == "other_record"
        assert link_by_phone(session, store.vault, identity, "+8613800138001", "CN", clock()) == "other_record"
        assert (identity.customer_id, identity.verified_at) == (shop.customers["tom"], None)


def test_a_number_is_known_in_any_form(store: Store, shop: Shop, clock: Clock) -> None:
    for place, phone in enumerate(("+86 138 0013 8001", "13800138001", "008613800138001", "+8613800138001")):
        identity_id, _ = add_chat(store, clock(), external_id=str(place))
        with store.write() as session:
            identity = session.get_one(Identity, identity_id)
            assert link_by_phone(session, store.vault, identity, phone, "CN", clock()) == "linked", phone


def test_what_is_no_number_links_nobody(store: Store, shop: Shop, clock: Clock) -> None:
    identity_id, _ = add_chat(store, clock())
    for phone in ("", "+", "abc", "+86138001380011111", "1" * 100, "12"):
        with store.write() as session:
            identity = session.get_one(Identity, identity_id)
            assert link_by_phone(session, store.vault, identity, phone, "CN", clock()) == "unknown", phone
            assert identity.verified_at is None


def test_a_case_number_is_given_once(store: Store, shop: Shop, clock: Clock) -> None:
    from crm_core.cases import open_case

    with store.write() as session:
        made = [
            open_case(
                session, customer_id=shop.customers["mei"], conversation_id=None, topic=topic, title="x" * 999,
                priority="normal", now=clock(),
            )
            for topic in ("late", "late", "missing")
        ]  # fmt: skip
    assert len({case.number for case in made}) == 3
    with store.read() as session:
        assert {len(case.title or "") for case in session.execute(select(Case)).scalars()} == {200}
