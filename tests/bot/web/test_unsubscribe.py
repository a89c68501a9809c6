"""The link in a letter: opening it changes nothing, its button stops what sells, a wrong one does nothing."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.unsubscribing import Unsubscribing
from bot.web.services import WebServices
from config.settings import Proactive
from crm_core import mailboxes, proactive
from crm_core.database import Store
from crm_core.models import Consent, Conversation, Customer, OutboxMessage
from tests.bot.web.conftest import Open
from tests.conftest import NOW, Clock


@pytest.fixture
def customer_id(store: Store) -> int:
    with store.write() as session:
        customer = Customer(number=1, first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        session.add(Consent(customer_id=customer.id, kind="marketing", granted=True, how="test", occurred_at=NOW))
        talk = Conversation(channel="email", account="smtp", chat_id=mailboxes.of_customer(customer.id))
        talk.customer_id, talk.state_since, talk.started_at = customer.id, NOW, NOW
        session.add(talk)
        session.flush()
        row = OutboxMessage(conversation_id=talk.id, customer_id=customer.id, channel="email", account="smtp")
        row.chat_id, row.purpose, row.queued_at = talk.chat_id, "proactive", NOW
        session.add(row)
        return customer.id


def may_write(store: Store, customer_id: int) -> bool:
    with store.read() as session:
        standing = proactive.standing_of(session, customer_id, "email", NOW, "Asia/Shanghai", waiting=False)
    return proactive.why_not(standing, "marketing", "email", NOW, Proactive()) == ""


def test_one_click_stops_what_sells_also_what_waits(
    store: Store, customer_id: int, open_client: Open, services: WebServices
):
    clock = Clock()
    clock.advance(minutes=1)
    unsubscribing = Unsubscribing(store, "https://chat.shop.example/", clock)
    link = unsubscribing.link(mailboxes.of_customer(customer_id))
    assert link.startswith("https://chat.shop.example/unsubscribe/")
    client = open_client(replace(services, unsubscribe=unsubscribing.stop))
    path = link.removeprefix("https://chat.shop.example")
    asked = client.get(path)
    assert "退订" in asked.text
    assert may_write(store, customer_id)
    done = client.post(path, data={"List-Unsubscribe": "One-Click"})  # as mail readers do: no cookie, no origin
    assert done.status_code == 200
    assert not may_write(store, customer_id)
    with store.read() as session:
        assert session.scalars(select(OutboxMessage.state)).all() == ["cancelled"]


def test_links_that_are_not_ours_do_nothing(store: Store, customer_id: int, open_client: Open, services: WebServices):
    unsubscribing = Unsubscribing(store, "https://chat.shop.example", Clock())
    client = open_client(replace(services, unsubscribe=unsubscribing.stop))
    good = unsubscribing.token(customer_id)
    other = unsubscribing.token(customer_id + 4096)
    mixed = other[:10] + good[10:]
    for token in (mixed, good[:-2], "x", "%00", "é", "A" * 200):
        assert client.post(f"/unsubscribe/{token}").status_code == 404
    assert may_write(store, customer_id)
    assert client.post(f"/unsubscribe/{other}").status_code == 200  # ours, of somebody who is not there any more
    assert may_write(store, customer_id)


def test_no_link_where_nobody_could_open_it_or_for_staff(store: Store, customer_id: int):
    mailbox = mailboxes.of_customer(customer_id)
    assert Unsubscribing(store, "", Clock()).link(mailbox) == ""
    assert Unsubscribing(store, "http://chat.shop.example", Clock()).link(mailbox) == ""
    assert Unsubscribing(store, "https://chat.shop.example", Clock()).link(mailboxes.of_staff(3)) == ""
