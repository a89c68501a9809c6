"""Joining two records and taking that back: the same rows again, the stricter consent, nothing lost, nothing leaked."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Session

from config.settings import Business
from crm_core import consent, merging
from crm_core.access import Actor
from crm_core.database import Store
from crm_core.errors import NotAllowed, NotPossible
from crm_core.models import (
    Base,
    Consent,
    Conversation,
    Customer,
    CustomerTag,
    Identity,
    Interaction,
    Merge,
    Note,
    Staff,
)
from crm_core.personal_data import opened
from crm_core.privacy import erase_customer, export_customer
from crm_core.staff.store import StaffStore
from tests.conftest import NOW
from tests.crm_core.whole_customer import add_whole_customer

_names = itertools.count(1)
LATER = NOW + timedelta(days=1)
UNTOLD = ("updated_at",)
"""When a row was last touched is no content of it."""
ONE_EACH = [
    table.name
    for table in merging.customers_tables()
    if any(isinstance(rule, UniqueConstraint) and "customer_id" in rule.columns for rule in table.constraints)
]
"""Tables that hold a thing once for each customer: where both have it, the survivor's stays."""


def hand(session: Session, store: Store, role: str = "agent") -> StaffStore:
    with session.no_autoflush:
        if session.get(Staff, 7) is None:
            session.add(Staff(id=7, external_id="slack:U7", name="Mei", role="agent"))
            session.flush()
    return StaffStore(session, store.vault, actor=Actor(7, role, "Mei", "slack:U7"), now=LATER, business=Business())


def everything(store: Store) -> dict[str, dict[int, dict[str, Any]]]:
    """All rows of all tables, opened; without what merging itself keeps, and the log of whose facts changed."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in ("merges", "audit", "staff", "changed_customers"):
                continue
            rows = [opened(store.vault, table, row) for row in session.execute(select(table)).mappings()]
            found[table.name] = {
                row["id"]: {name: value for name, value in row.items() if name not in UNTOLD} for row in rows
            }
    return found


def two(store: Store, files: Path) -> tuple[int, int]:
    return tuple(add_whole_customer(store, f"n{next(_names)}", files) for _ in range(2))  # type: ignore[return-value]


words = st.lists(
    st.tuples(st.sampled_from(["marketing", "service"]), st.sampled_from(["", "telegram", "email"]), st.booleans()),
    max_size=4,
)
records = st.fixed_dictionaries(
    {
        "empty": st.sets(st.sampled_from(["name", "email", "phone", "city", "country", "language", "zone", "tier"])),
        "tags": st.sets(st.sampled_from(["vip", "tea", "press"])),
        "words": words,
        "custom": st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 2), max_size=2),
        "age": st.integers(0, 3),
    }
)


def shape(session: Session, store: Store, customer_id: int, record: dict[str, Any]) -> None:
    customer = session.get_one(Customer, customer_id)
    for name in record["empty"]:
        setattr(customer, name, None)
        if name in ("email", "phone"):
            setattr(customer, f"{name}_index", None)
    customer.custom, customer.first_seen_at = record["custom"], NOW - timedelta(days=record["age"])
    for tag in record["tags"]:
        session.add(CustomerTag(customer_id=customer_id, tag=tag, created_at=NOW))
    for position, (kind, channel, granted) in enumerate(record["words"]):
        at = NOW - timedelta(days=30 - position)
        session.add(
            Consent(customer_id=customer_id, kind=kind, channel=channel, granted=granted, how="x", occurred_at=at)
        )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=records, second=records)
def test_merged_and_taken_back_all_rows_are_as_before(
    store: Store, tmp_path: Path, first: dict[str, Any], second: dict[str, Any]
) -> None:
    goes, stays = two(store, tmp_path)
    with store.write() as session:
        shape(session, store, goes, first)
        shape(session, store, stays, second)
    before = everything(store)
    with store.read() as session:
        refused = [
            (kind, channel)
            for key in (goes, stays)
            for kind, channel in itertools.product(("marketing", "service"), ("", "telegram", "email"))
            if consent.allowed(session, key, kind, channel) is False
        ]
    with store.write() as session:
        done = merging.merge(hand(session, store), goes, stays)
    with store.read() as session:
        for kind, channel in refused:
            assert consent.allowed(session, stays, kind, channel) is False
        for table in merging.customers_tables():
            left = session.execute(select(table).where(table.c.customer_id == goes)).all()
            assert not left or table.name in ONE_EACH
    with store.write() as session:
        told = merging.unmerge(hand(session, store), session.get_one(Merge, done.merge_id))
    assert (told.gone, told.stays, told.changed) == (0, {}, ())
    assert everything(store) == before


@pytest.fixture
def pair(store: Store, tmp_path: Path) -> tuple[int, int]:
    return two(store, tmp_path)


def joined(store: Store, goes: int, stays: int) -> int:
    with store.write() as session:
        return merging.merge(hand(session, store), goes, stays).merge_id


def taken_back(store: Store, merge_id: int) -> merging.Undoing:
    with store.write() as session:
        return merging.unmerge(hand(session, store), session.get_one(Merge, merge_id))


def test_what_is_said_since_in_a_moved_chat_goes_back_and_is_erased_alone(
    store: Store, tmp_path: Path, pair: tuple[int, int]
) -> None:
    goes, stays = pair
    merge_id = joined(store, goes, stays)
    with store.write() as session:
        chat = session.execute(select(Conversation).where(Conversation.customer_id == stays)).scalars().first()
        identity = session.execute(
            select(Identity).where(Identity.id == session.get_one(Merge, merge_id).moved["identities"][0])
        ).scalar_one()
        chat = session.execute(select(Conversation).where(Conversation.identity_id == identity.id)).scalar_one()
        session.add(
            Interaction(
                conversation_id=chat.id, customer_id=stays, direction="in", author="customer", channel="telegram",
                account="1", chat_id=chat.chat_id, message_id="since", text="said since", occurred_at=LATER,
                received_at=LATER,
            )
        )  # fmt: skip
        session.add(Note(customer_id=stays, text="noted since", created_at=LATER))
        session.flush()
    told = taken_back(store, merge_id)
    assert told.stays == {"notes": 1}
    with store.read() as session:
        since = session.execute(select(Interaction).where(Interaction.message_id == "since")).scalar_one()
        assert (since.customer_id, since.text) == (goes, "said since")
    erase_customer(store, stays, actor="test", now=LATER, files=tmp_path)
    with store.read() as session:
        since = session.execute(select(Interaction).where(Interaction.message_id == "since")).scalar_one()
        assert since.text == "said since"
        assert session.get_one(Customer, goes).name
    assert export_customer(store, goes)["tables"]["orders"]


def test_erasing_the_joined_record_erases_both(store: Store, tmp_path: Path, pair: tuple[int, int]) -> None:
    goes, stays = pair
    joined(store, goes, stays)
    erase_customer(store, goes, actor="test", now=LATER, files=tmp_path)
    with store.read() as session:
        assert session.execute(select(Customer.id)).all() == []
        assert session.execute(select(Merge.id)).all() == []
    assert store.vault.key_ids(goes) | store.vault.key_ids(stays) == set()


def test_what_was_deleted_or_changed_since_is_said(store: Store, pair: tuple[int, int]) -> None:
    goes, stays = pair
    with store.write() as session:
        session.get_one(Customer, stays).city = None
    merge_id = joined(store, goes, stays)
    with store.write() as session:
        note_id = session.get_one(Merge, merge_id).moved["notes"][0]
        session.delete(session.get_one(Note, note_id))
        session.get_one(Customer, stays).city = "Bath"
    told = taken_back(store, merge_id)
    assert (told.gone, told.changed) == (1, ("city",))
    with store.read() as session:
        assert session.get_one(Customer, stays).city == "Bath"


def test_a_withdrawal_since_counts_for_both(store: Store, pair: tuple[int, int]) -> None:
    goes, stays = pair
    merge_id = joined(store, goes, stays)
    with store.write() as session:
        consent.withdraw_marketing(session, stays, "chat", LATER)
    assert taken_back(store, merge_id).withdrawn == ("marketing",)
    with store.read() as session:
        assert consent.allowed(session, goes, "marketing") is False
        assert consent.allowed(session, stays, "marketing") is False


def test_a_chain_is_taken_back_from_its_end(store: Store, tmp_path: Path, pair: tuple[int, int]) -> None:
    goes, stays = pair
    third = add_whole_customer(store, f"n{next(_names)}", tmp_path)
    first = joined(store, goes, stays)
    second = joined(store, stays, third)
    with pytest.raises(NotPossible) as refusal:
        taken_back(store, first)
    assert refusal.value.reason == "later"
    taken_back(store, second)
    taken_back(store, first)
    with pytest.raises(NotPossible) as refusal:
        taken_back(store, first)
    assert refusal.value.reason == "undone"


def test_what_cannot_be_joined_is_refused(store: Store, pair: tuple[int, int]) -> None:
    goes, stays = pair
    with store.write() as session:
        visitor = Customer(number=99, kind="visitor", first_seen_at=NOW, updated_at=NOW)
        session.add(visitor)
        session.flush()
        for one, other, reason in ((goes, goes, "same"), (goes, visitor.id, "visitor"), (goes, 12345, "gone")):
            with pytest.raises(NotPossible) as refusal:
                merging.merge(hand(session, store), one, other)
            assert refusal.value.reason == reason
        with pytest.raises(NotAllowed):
            merging.merge(hand(session, store, role="customer"), goes, stays)
        assert merging.merge(hand(session, store), visitor.id, stays).moved == {}
