"""Wishes about messages: what is kept, and what whoever sends unasked has to obey."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Proactive
from crm_core import consent, preferences, proactive
from crm_core.database import Store
from crm_core.models import ContactPreference, Customer, OutboxMessage
from crm_core.preferences import Preferences
from crm_core.quiet_hours import DAY
from tests.conftest import NOW

ZONE = "Asia/Shanghai"
MINUTES = st.integers(0, DAY - 1)


def customer_of(store: Store) -> int:
    with store.write() as session:
        customer = Customer(number=1, first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        return customer.id


def asked(store: Store, customer_id: int, kind: str, *, channel: str = "telegram", now: datetime = NOW) -> str:
    with store.read() as session:
        standing = proactive.standing_of(session, customer_id, channel, now, ZONE)
    return proactive.why_not(standing, kind, channel, now, Proactive())


def test_nothing_is_sold_without_consent_and_orders_may_be_told_of(store: Store) -> None:
    customer_id = customer_of(store)
    assert asked(store, customer_id, "marketing") == "no_consent"
    assert asked(store, customer_id, "orders") == ""


def test_a_yes_for_one_channel_gives_back_that_and_nothing_else(store: Store) -> None:
    customer_id = customer_of(store)
    with store.write() as session:
        consent.stop(session, customer_id, "said", NOW)
        kept = preferences.change(session, customer_id, {"kinds": {"marketing": True}, "on": "email"}, "said", NOW)
    assert kept == Preferences(kinds={"marketing": False})
    assert asked(store, customer_id, "marketing", channel="email") == ""
    assert asked(store, customer_id, "marketing", channel="telegram") == "withdrawn"
    assert asked(store, customer_id, "orders", channel="telegram") == ""
    with store.write() as session:
        assert not consent.say(session, customer_id, "marketing", True, "said", NOW, channel="email")
        preferences.change(session, customer_id, {"kinds": {"marketing": False}, "on": "email"}, "said", NOW)
    assert asked(store, customer_id, "marketing", channel="email") == "withdrawn"


def test_each_wish_is_obeyed(store: Store) -> None:
    customer_id = customer_of(store)
    wishes = {
        "quiet_from": 21 * 60, "quiet_until": 8 * 60, "quiet_days": (6,), "channel": "telegram",
        "at_most_every_days": 7, "kinds": {"marketing": True, "surveys": False},
    }  # fmt: skip
    with store.write() as session:
        kept = preferences.change(session, customer_id, wishes, "test", NOW)
    assert kept == Preferences(21 * 60, 8 * 60, (6,), "telegram", 7, {"marketing": True, "surveys": False})
    noon, late = datetime(2026, 11, 23, 4, 0, tzinfo=UTC), datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    assert asked(store, customer_id, "marketing", now=noon) == ""
    assert asked(store, customer_id, "marketing", now=late) == "quiet"
    assert asked(store, customer_id, "marketing", now=noon - timedelta(days=1)) == "quiet"  # a Sunday
    assert asked(store, customer_id, "marketing", channel="web", now=noon) == "channel"
    assert asked(store, customer_id, "surveys", now=noon) == "withdrawn"
    with store.write() as session:
        session.add(
            OutboxMessage(
                customer_id=customer_id, purpose="proactive", channel="telegram", account="1", chat_id="1",
                queued_at=noon - timedelta(days=3),
            )
        )  # fmt: skip
    assert asked(store, customer_id, "marketing", now=noon) == "too_often"
    assert asked(store, customer_id, "orders", now=noon) == ""


def test_no_marketing_withdraws_it_and_cancels_what_waits(store: Store) -> None:
    customer_id = customer_of(store)
    with store.write() as session:
        row = OutboxMessage(
            customer_id=customer_id, purpose="proactive", channel="telegram", account="1", chat_id="1", queued_at=NOW
        )
        session.add(row)
        preferences.change(session, customer_id, {"kinds": {"marketing": False, "orders": True}}, "test", NOW)
    with store.read() as session:
        assert session.get_one(OutboxMessage, row.id).state == "cancelled"
    assert asked(store, customer_id, "restock") == "withdrawn"
    assert asked(store, customer_id, "orders") == ""


@given(MINUTES, MINUTES, MINUTES)
def test_a_moment_is_quiet_or_it_is_in_the_rest_of_the_day(start: int, end: int, minute: int) -> None:
    local = datetime(2026, 11, 23, minute // 60, minute % 60, tzinfo=UTC)
    quiet, rest = Preferences(start, end).is_quiet(local), Preferences(end, start).is_quiet(local)
    assert quiet != rest if start != end else quiet == rest


@pytest.mark.parametrize("wishes", [Preferences(), Preferences(quiet_from=60)])
def test_half_a_wish_is_none(wishes: Preferences) -> None:
    assert not wishes.is_quiet(NOW)


def test_of_joined_records_the_stricter_word_counts_until_they_say_anew(store: Store) -> None:
    customer_id = customer_of(store)
    with store.write() as session:
        joined = Customer(number=2, first_seen_at=NOW, updated_at=NOW, merged_into_id=customer_id)
        session.add(joined)
        session.flush()
        for key, start, end, days, often in ((customer_id, 22, 7, [6], 3), (joined.id, 21, 6, [5], 14)):
            row = ContactPreference(customer_id=key, quiet_days=days, updated_at=NOW)
            row.quiet_from, row.quiet_until, row.at_most_every_days = start * 60, end * 60, often
            session.add(row)
    with store.read() as session:
        kept = preferences.read(session, customer_id)
    assert kept == Preferences(21 * 60, 7 * 60, (5, 6), None, 14)
    with store.write() as session:
        assert preferences.change(session, customer_id, {"quiet_days": ()}, "test", NOW).quiet_days == ()


@given(MINUTES, MINUTES, MINUTES, MINUTES, MINUTES)
def test_what_is_quiet_for_either_is_quiet_for_both(a: int, b: int, c: int, d: int, minute: int) -> None:
    local = datetime(2026, 11, 23, minute // 60, minute % 60, tzinfo=UTC)
    one, other = Preferences(a, b), Preferences(c, d)
    row = ContactPreference(quiet_from=c, quiet_until=d, quiet_days=[])
    if one.is_quiet(local) or other.is_quiet(local):
        assert preferences.stricter(one, row).is_quiet(local)
