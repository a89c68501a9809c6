"""What staff may do, and that every bit of it is noted: rights, audit, finding, writing, taking back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Business
from crm_core import audit
from crm_core.access import ADMIN_ACTIONS, AGENT_ACTIONS, ALLOWED, MANAGER_ACTIONS, Actor, authorize
from crm_core.cases import TARGET_HOURS
from crm_core.database import Store
from crm_core.errors import NotAllowed, NotFound, NotPossible
from crm_core.models import (
    AuditEntry,
    Case,
    Conversation,
    Customer,
    Identity,
    Note,
    Staff,
    Task,
)
from crm_core.names import NameIndex
from crm_core.query.conditions import Condition, Conditions
from crm_core.staff.store import Search, StaffStore
from crm_core.timeline import Filter
from tests.bot.shop import add_chat, add_customer, add_order, open_shop

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ROLES = ("customer", "agent", "manager", "admin", "intern")


class Office:
    """A tiny shop with somebody who works there."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.shop = open_shop(store, NOW)
        self.mei, self.tom = self.shop.customers["mei"], self.shop.customers["tom"]
        self.names = NameIndex(store)
        with store.write() as session:
            for staff_id, role in ((1, "agent"), (2, "agent"), (3, "manager")):
                session.add(Staff(id=staff_id, external_id=f"slack:U{staff_id}", name=f"Staff {staff_id}", role=role))

    def do(self, act: Callable[[StaffStore], Any], role: str = "agent", staff_id: int = 1, now: datetime = NOW) -> Any:
        """Do something as a member of staff, in a transaction of its own."""
        with self.store.write() as session:
            actor = Actor(staff_id, role, f"Staff {staff_id}", f"slack:U{staff_id}")
            return act(StaffStore(session, self.store.vault, actor=actor, now=now, business=Business()))

    def audited(self) -> list[AuditEntry]:
        """The audit log, oldest first; the chain holds."""
        with self.store.read() as session:
            assert isinstance(audit.verify(session, self.store.vault), audit.Verified)
            return list(session.execute(select(AuditEntry).order_by(AuditEntry.position)).scalars())

    def rows(self, model: Any) -> list[Any]:
        with self.store.read() as session:
            return list(session.execute(select(model)).scalars())


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


# --- rights ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", sorted(ADMIN_ACTIONS | {"nonsense"}))
def test_who_may_do_what(role: str, action: str) -> None:
    may = {
        "agent": action in AGENT_ACTIONS,
        "manager": action in MANAGER_ACTIONS,
        "admin": action in ADMIN_ACTIONS,
    }.get(role, False)
    actor = Actor(1, role, "Somebody", "slack:U1")
    if may:
        authorize(actor, action)
    else:
        with pytest.raises(NotAllowed):
            authorize(actor, action)


def test_the_roles_include_each_other_and_differ() -> None:
    assert ALLOWED["customer"] == frozenset()
    assert ALLOWED["agent"] < ALLOWED["manager"] < ALLOWED["admin"]
    assert "customer.erase" not in ALLOWED["manager"]
    assert "metric.read" not in ALLOWED["agent"]


ACTS: dict[str, tuple[str, Callable[[StaffStore, Office], Any]]] = {
    "find": ("customer.find", lambda store, office: store.find(Search(numbers=(10001,)), office.names)),
    "profile": ("customer.read", lambda store, office: store.profile(office.mei)),
    "timeline": ("timeline.read", lambda store, office: store.timeline(office.mei, Filter())),
    "order": ("order.read", lambda store, office: store.order("SO-1")),
    "orders": ("order.read", lambda store, office: store.orders_of(office.mei)),
    "list": ("customer.list", lambda store, office: store.listed(Conditions())),
    "export": ("customer.export_list", lambda store, office: store.export_list(Conditions())),
    "recommend": ("recommendation.read", lambda store, office: store.recommend(office.mei)),
    "note": ("note.write", lambda store, office: store.add_note(office.mei, "likes tea")),
    "tags": ("tag.write", lambda store, office: store.add_tags(office.mei, ["press"])),
    "task": ("task.write", lambda store, office: store.tasks.add("call", None, office.mei)),
    "case": ("case.write", lambda store, office: store.cases.open(office.mei, "broken cup", "high", "broken")),
}


def test_every_act_is_allowed_or_refused_and_noted(office: Office) -> None:
    add_order(office.store, office.shop, "mei", "SO-1", "paid", {"CUP-BLUE": 1}, NOW)
    for role in ROLES:
        for name, (action, act) in ACTS.items():
            before = {model: len(office.rows(model)) for model in (Note, Task, Case)}
            refused = office.do(lambda store, act=act: _is_refused(lambda: act(store, office)), role=role)
            assert refused is (role in ("customer", "intern")), f"{role}: {name}"
            entry = office.audited()[-1]
            assert (entry.action, entry.allowed, entry.actor) == (action, not refused, "staff:1"), f"{role}: {name}"
            if refused:
                assert {model: len(office.rows(model)) for model in (Note, Task, Case)} == before


def _is_refused(act: Callable[[], Any]) -> bool:
    try:
        act()
    except NotAllowed:
        return True
    return False


def test_the_log_names_fields_and_never_values(office: Office) -> None:
    office.do(lambda store: store.find(Search(names=("李梅",), emails=("li.mei@example.com",)), office.names))
    office.do(lambda store: store.profile(office.mei))
    office.do(lambda store: store.add_note(office.mei, "CANARY allergic to nuts"))
    written = " ".join(f"{entry.subject} {entry.fields} {entry.reason}" for entry in office.audited())
    for value in ("李梅", "li.mei", "CANARY", "138"):
        assert value not in written
    assert "customer:10001" in written


# --- finding --------------------------------------------------------------------------------------------------------
SEARCHES = (
    Search(numbers=(10001,)),
    Search(emails=("LI.MEI@example.com",)),
    Search(phones=("138 0013 8001",)),
    Search(phones=("+8613800138001",)),
    Search(handles=("@LiMei_88",)),
    Search(orders=("so 1",)),
    Search(names=("李梅",)),
    Search(names=("李女士",)),
    Search(names=("小李",)),
)


def test_everything_that_somebody_is_found_by(office: Office) -> None:
    add_order(office.store, office.shop, "mei", "SO-1", "paid", {"CUP-BLUE": 1}, NOW)
    identity_id, _ = add_chat(office.store, NOW, customer_id=office.mei, verified=True)
    with office.store.write() as session:
        session.get_one(Identity, identity_id).handle = "limei_88"
    for search in SEARCHES:
        found = office.do(lambda store, search=search: store.find(search, office.names))
        assert [one.customer_id for one in found] == [office.mei], search


def test_nobody_is_found_for_what_is_not_there(office: Office) -> None:
    search = Search(
        numbers=(99999,), emails=("not-an-address",), phones=("12",), orders=("SO-7", ""), names=("Zorblax",)
    )
    assert office.do(lambda store: store.find(search, office.names)) == []


def test_erased_and_merged_people_are_not_found(office: Office) -> None:
    with office.store.write() as session:
        session.get_one(Customer, office.mei).merged_into_id = office.tom
    assert office.do(lambda store: store.find(Search(numbers=(10001,)), office.names)) == []
    with pytest.raises(NotFound):
        office.do(lambda store: store.profile(1))


def test_the_person_comes_before_those_who_work_for_a_company_of_that_name(office: Office) -> None:
    from crm_core.models import Company

    with office.store.write() as session:
        company = Company(name="Lotus Trading")
        session.add(company)
        session.flush()
        session.get_one(Customer, office.mei).company_id = company.id
        lotus = add_customer(session, office.store, "Lotus Trading", "buy@lotus.example.org", "+8613800138005", NOW)
    for text in ("orders of lotus trading please", "Lotus Trading"):
        assert [one.customer_id for one in office.do(lambda store, text=text: store.mentioned(text, office.names))] == [
            lotus
        ]


# --- orders ---------------------------------------------------------------------------------------------------------
def test_an_order_is_found_however_its_number_is_written(office: Office) -> None:
    add_order(office.store, office.shop, "mei", "SO-20931", "shipped", {"CUP-BLUE": 1}, NOW)
    add_order(office.store, office.shop, "tom", "SO-120931", "paid", {"CUP-BLUE": 1}, NOW)
    for number in ("SO-20931", "so-20931", "#20931", "20931", "ＳＯ－２０９３１", "SFSO-20931"):
        found = office.do(lambda store, number=number: store.order(number))
        assert found.view.number == "SO-20931", number
        assert found.customer.customer_id == office.mei
        assert found.address == "CANARY-ADDRESS-SO-20931"
    for number in ("SO-1", "%", "_____", "", "1" * 90):
        assert office.do(lambda store, number=number: store.order(number)) is None, number


# --- lists ----------------------------------------------------------------------------------------------------------
def test_a_list_comes_in_pages_and_never_exceeds_the_top_n(office: Office) -> None:
    with office.store.write() as session:
        for index in range(23):
            add_customer(
                session, office.store, f"Person {index}", f"p{index}@example.com", f"+86138001390{index:02}", NOW
            )
    everyone = office.do(lambda store: store.listed(Conditions()))
    assert (len(everyone.rows), everyone.total) == (10, 25)
    last = office.do(lambda store: store.listed(Conditions(), offset=20))
    assert (len(last.rows), last.total) == (5, 25)
    top = office.do(lambda store: store.listed(Conditions(limit=12), offset=10))
    assert (len(top.rows), top.total) == (2, 12)
    beyond = office.do(lambda store: store.listed(Conditions(limit=3), offset=10))
    assert (beyond.rows, beyond.total) == ((), 3)


def test_a_list_holds_the_figures_it_was_sorted_by(office: Office) -> None:
    add_order(office.store, office.shop, "tom", "SO-1", "paid", {"MILL": 1}, NOW)
    add_order(office.store, office.shop, "mei", "SO-2", "cancelled", {"MILL": 2}, NOW)
    conditions = Conditions((Condition("bought", "is", ("MILL",)),))
    rows = office.do(lambda store: store.listed(conditions)).rows
    assert [(row.name, row.spend_minor, row.orders) for row in rows] == [("Tom Reed", 46800, 1)]
    assert rows[0].last_order_at == NOW - timedelta(days=5)


# --- writing and taking back ----------------------------------------------------------------------------------------
def test_a_note_can_be_taken_back_by_who_wrote_it_within_a_day(office: Office) -> None:
    note_id = office.do(lambda store: store.add_note(office.mei, "  likes tea "))
    assert [note.text for note in office.rows(Note)] == ["likes tea"]
    assert office.do(lambda store: store.remove_note(note_id), staff_id=2) is False
    assert office.do(lambda store: store.remove_note(note_id), now=NOW + timedelta(hours=25)) is False
    assert office.do(lambda store: store.remove_note(note_id)) is True
    assert office.do(lambda store: store.remove_note(note_id)) is False
    assert office.rows(Note) == []


def test_tags_are_kept_once_whatever_their_case(office: Office) -> None:
    assert office.do(lambda store: store.add_tags(office.mei, ["Press", " press ", '"vip friend"'])) == [
        "Press",
        "vip friend",
    ]
    assert office.do(lambda store: store.add_tags(office.mei, ["PRESS"])) == []
    assert office.do(lambda store: store.remove_tags(office.mei, ["press", "unknown"])) == ["Press"]
    assert office.do(lambda store: store.profile(office.mei)).tags == ("vip friend",)


def test_a_task_belongs_to_who_made_it(office: Office) -> None:
    due = NOW + timedelta(days=1)
    task_id = office.do(lambda store: store.tasks.add("call back", due, office.mei), staff_id=2)
    [task] = office.rows(Task)
    assert (task.owner_id, task.title, task.due_at, task.customer_id) == (2, "call back", due, office.mei)
    assert office.do(lambda store: store.tasks.remove(task_id)) is False
    assert office.do(lambda store: store.tasks.remove(task_id), staff_id=2) is True


def test_a_case_is_opened_with_its_target_and_closed_once(office: Office) -> None:
    number = office.do(lambda store: store.cases.open(office.mei, "  cup   broken ", "urgent", "broken"))
    [case] = office.rows(Case)
    due = NOW + timedelta(hours=TARGET_HOURS["urgent"])
    assert (case.number, case.title, case.owner_id, case.due_at) == (number, "cup broken", 1, due)
    assert office.do(lambda store: store.cases.close(number, "mistake")) is True
    assert office.do(lambda store: store.cases.close(number, "mistake")) is False
    assert office.do(lambda store: store.cases.close(999, "mistake")) is False


def test_a_chat_is_linked_once_and_never_taken_from_somebody_else(office: Office) -> None:
    _, conversation_id = add_chat(office.store, NOW)

    def link(customer_id: int) -> Callable[[StaffStore], Any]:
        return lambda store: store.link(store.session.get_one(Conversation, conversation_id), customer_id)

    assert office.do(link(office.mei)) == "linked"
    assert office.do(link(office.mei)) == "already"
    with pytest.raises(NotPossible):
        office.do(link(office.tom))
    [conversation] = office.rows(Conversation)
    assert conversation.customer_id == office.mei
    linked = [entry for entry in office.audited() if entry.action == "identity.link" and entry.reason]
    assert [(entry.actor, entry.subject) for entry in linked] == [("staff:1", "customer:10001")]


# --- timeline -------------------------------------------------------------------------------------------------------
def test_the_timeline_joins_all_kinds_newest_first_and_narrows(office: Office) -> None:
    add_order(office.store, office.shop, "mei", "SO-1", "paid", {"CUP-BLUE": 1}, NOW, age_days=3)
    office.do(lambda store: store.add_note(office.mei, "likes tea"), now=NOW - timedelta(days=2))
    office.do(lambda store: store.cases.open(office.mei, "late", "high", "delivery"), now=NOW - timedelta(days=1))
    office.do(lambda store: store.add_note(office.tom, "CANARY of somebody else"))

    def kinds(wanted: Filter) -> list[str]:
        return [event.kind for event in office.do(lambda store: store.timeline(office.mei, wanted))]

    assert kinds(Filter()) == ["case", "note", "order"]
    assert kinds(Filter(kinds=("note",))) == ["note"]
    assert kinds(Filter(since=NOW - timedelta(days=2))) == ["case", "note"]
    assert kinds(Filter(until=NOW - timedelta(days=2))) == ["order"]
    assert kinds(Filter(topic="delivery")) == ["case"]
    assert kinds(Filter(limit=1)) == ["case"]
