"""Names in memory: exact, contained, swapped, misspelt, in a sentence; kept up to date from the records."""

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.database import Store
from crm_core.models import Company, Customer
from crm_core.names import NameIndex
from tests.bot.shop import add_customer

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PEOPLE = (
    "王芳 Wang Fang", "王芳 Wang Fang", "李梅 Li Mei", "欧阳一诺", "Priya Sharma", "Tom Baker", "Tom Becker",
    "O'Brien Shaw", "陈伟 Chen Wei",
)  # fmt: skip


@pytest.fixture
def index(store: Store) -> NameIndex:
    with store.write() as session:
        lotus = Company(name="莲花贸易 Lotus Trading")
        session.add(lotus)
        session.flush()
        for position, name in enumerate(PEOPLE):
            key = add_customer(session, store, name, f"p{position}@example.com", f"+8613800139{position:03}", NOW)
            if position == 1:
                session.get_one(Customer, key).company_id = lotus.id
        add_customer(session, store, "莲花贸易 Lotus Trading", "buy@example.com", "+8613800139900", NOW)
    return NameIndex(store)


SEARCHES = {
    "王芳": ["王芳 Wang Fang", "王芳 Wang Fang"],
    "王女士": ["王芳 Wang Fang", "王芳 Wang Fang"],
    "老陈": ["陈伟 Chen Wei"],
    "wang fang": ["王芳 Wang Fang", "王芳 Wang Fang"],
    "Fang Wang": ["王芳 Wang Fang", "王芳 Wang Fang"],
    "Mr Chen": ["陈伟 Chen Wei"],
    "priya": ["Priya Sharma"],
    "Pryia Sharma": ["Priya Sharma"],
    "tom baker": ["Tom Baker"],
    "tom bakker": ["Tom Baker"],
    "欧阳": ["欧阳一诺"],
    "o'brien": ["O'Brien Shaw"],
    "zorblax": [],
    "赵": [],
    "": [],
    "%": [],
    "x" * 5000: [],
}
SENTENCES = {
    "帮我找一下王芳的订单": ["王芳 Wang Fang", "王芳 Wang Fang"],
    "what did Sharma, Priya order last": ["Priya Sharma"],
    "remind me to call li mei and tom baker tomorrow": ["李梅 Li Mei", "Tom Baker"],
    "tom called": [],
    "莲花贸易最近的订单": ["莲花贸易 Lotus Trading", "王芳 Wang Fang"],
    "nobody of these": [],
}


def test_searching(index: NameIndex) -> None:
    for text, expected in SEARCHES.items():
        assert sorted(one.name for one in index.search(text)) == sorted(expected), text


def test_names_in_sentences(index: NameIndex) -> None:
    for text, expected in SENTENCES.items():
        assert sorted(one.name for one in index.mentioned(text)) == sorted(expected), text


def test_a_name_of_ones_own_comes_before_the_companys(index: NameIndex) -> None:
    for found in (index.search("Lotus Trading"), index.mentioned("orders of lotus trading")):
        assert [one.name for one in found] == ["莲花贸易 Lotus Trading", "王芳 Wang Fang"]
        assert found[0].fit > found[1].fit


def test_what_changes_is_seen_at_once(store: Store, index: NameIndex) -> None:
    assert len(index.search("李梅")) == 1
    with store.write() as session:
        renamed = session.get_one(Customer, index.search("李梅")[0].customer_id)
        renamed.name, renamed.updated_at = "李美 Li Mei", NOW + timedelta(seconds=1)
    assert index.search("李梅") == []
    assert index.mentioned("李梅") == []
    assert len(index.mentioned("找李美")) == 1
    index.forget(index.search("李美")[0].customer_id)
    assert index.search("李美") == []


def test_fresh_customers_are_found(store: Store, index: NameIndex) -> None:
    assert index.search("Nadia") == []
    with store.write() as session:
        add_customer(session, store, "Nadia Petrova", "n@example.com", "+447700900222", NOW)
    assert [one.name for one in index.search("nadia")] == ["Nadia Petrova"]


def test_a_name_that_everybody_has_names_nobody(store: Store) -> None:
    with store.write() as session:
        for position in range(60):
            add_customer(session, store, "Sam Lee", f"s{position}@example.com", f"+8613800138{position:03}", NOW)
    index = NameIndex(store)
    assert index.mentioned("call sam lee") == []
    assert len(index.search("sam lee")) == 5
