"""Corrections: who makes and decides them, what is on the list, what may be learnt; erasing takes all of it along."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import privacy
from crm_core.access import ALLOWED, Actor
from crm_core.corrections import MOST_PER_CUSTOMER, Corrections, Doubt, approved, counted, lines_to_learn
from crm_core.database import Store, next_number
from crm_core.errors import NotAllowed, NotFound, NotPossible
from crm_core.models import AuditEntry, Conversation, Correction, Customer, Interaction, Staff
from crm_core.staff.store import StaffStore
from tests.bot.turns import SETTINGS
from tests.conftest import NOW

DOUBT = Doubt(below=350, stranger_below=700)


class Desk:
    """A store with customers who write and staff who correct."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.staff: dict[str, int] = {}
        with store.write() as session:
            for role in ("agent", "manager"):
                row = Staff(external_id=f"slack:{role}", name=role.title(), role=role)
                session.add(row)
                self.staff[role] = row.id

    def customer(self) -> int:
        with self.store.write() as session:
            row = Customer(number=next_number(session, "customer"), first_seen_at=NOW, updated_at=NOW)
            session.add(row)
            return row.id

    def said(self, customer_id: int, text: str, *, intent: str = "faq", sure: int = 900, mood: int = 0) -> int:
        with self.store.write() as session:
            chat = f"{customer_id}"
            query = select(Conversation).where(Conversation.chat_id == chat)
            talk = session.execute(query).scalar_one_or_none()
            if talk is None:
                talk = Conversation(channel="web", account="1", chat_id=chat, customer_id=customer_id)
                talk.state_since = talk.started_at = NOW
                session.add(talk)
            row = Interaction(
                conversation_id=talk.id, customer_id=customer_id, direction="in", author="customer", channel="web",
                account="1", chat_id=chat, message_id="", text=text, occurred_at=NOW, received_at=NOW, language="en",
                intent=intent, confidence_milli=sure, sentiment_milli=mood, alternatives=[["praise", 0.2]],
            )  # fmt: skip
            row.message_id = str(row.id)
            session.add(row)
            return row.id

    def acting(self, session: Session, role: str, later: timedelta = timedelta()) -> Corrections:
        actor = Actor(self.staff[role], role, role.title(), f"slack:{role}")
        staff = StaffStore(session, self.store.vault, actor=actor, now=NOW + later, business=SETTINGS.business)
        return Corrections(session, staff.permit, self.staff[role], NOW + later)

    def approve(self, message: int, label: str, kind: str = "intent", found: str = "faq") -> int:
        with self.store.write() as session:
            made = self.acting(session, "agent").propose(message, kind, label, found)  # type: ignore[arg-type]
            return self.acting(session, "manager").approve(made.id).id


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_agents_propose_and_managers_decide(desk: Desk) -> None:
    message = desk.said(desk.customer(), "nothing has come")
    with desk.store.write() as session:
        made = desk.acting(session, "agent").propose(message, "intent", "delivery_problem", "faq")
        for act in ("approve", "reject", "reopen", "item"):
            with pytest.raises(NotAllowed):
                getattr(desk.acting(session, "agent"), act)(made.id)
        with pytest.raises(NotAllowed):
            desk.acting(session, "agent").waiting(DOUBT)
        assert made.state == "waiting"
        assert lines_to_learn(session).lines == ()
        desk.acting(session, "manager").approve(made.id)
        assert [(line.text, line.label) for line in lines_to_learn(session).lines] == [
            ("nothing has come", "delivery_problem")
        ]
        refused = session.scalars(select(AuditEntry.action).where(AuditEntry.allowed.is_(False))).all()
        assert refused.count("correction.review") == 5
    assert "correction.write" not in ALLOWED["customer"]


def test_the_line_is_kept_sealed_with_its_customers_key(desk: Desk, tmp_path: Path) -> None:
    customer = desk.customer()
    desk.approve(desk.said(customer, "kestrel came to my door"), "delivery_problem")
    with desk.store.engine.connect() as connection:
        stored = connection.execute(select(Correction.__table__.c.text_sealed)).scalar_one()
    assert b"kestrel" not in bytes(stored)
    desk.store.vault.forget(customer)
    with desk.store.read() as session:
        assert lines_to_learn(session).lines == ()


def test_a_decision_counts_in_the_figures_and_can_be_undone(desk: Desk) -> None:
    message = desk.said(desk.customer(), "oh well done", mood=812)
    intent, mood = desk.approve(message, "complaint"), desk.approve(message, "negative", "mood", "positive")
    with desk.store.write() as session:
        row = session.get_one(Interaction, message)
        assert (row.intent, row.sentiment_milli) == ("complaint", -600)
        desk.acting(session, "manager").reopen(intent)
        desk.acting(session, "manager").reject(mood)
        assert (row.intent, row.sentiment_milli) == ("faq", 812)
        assert counted(session) == {"waiting": 1, "approved": 0, "rejected": 1}
        desk.acting(session, "manager").approve(intent, "praise")
        assert row.intent == "praise"
        desk.acting(session, "agent").propose(message, "intent", "complaint", "praise")
        assert (row.intent, approved(session)) == ("faq", {}), "said anew, it must be approved anew"


def test_ones_own_proposal_can_be_taken_back_for_a_day(desk: Desk) -> None:
    messages = [desk.said(desk.customer(), f"line {n}") for n in range(3)]
    with desk.store.write() as session:
        made = [desk.acting(session, "agent").propose(each, "intent", "praise", "faq").id for each in messages]
        assert not desk.acting(session, "manager").take_back(made[0])
        assert desk.acting(session, "agent").take_back(made[0])
        assert not desk.acting(session, "agent", timedelta(days=2)).take_back(made[1])
        desk.acting(session, "manager").approve(made[2])
        assert not desk.acting(session, "agent").take_back(made[2])
        assert not desk.acting(session, "agent").take_back(12345)


def test_what_was_not_understood_for_certain_is_on_the_list_once_and_few_of_each_customer(desk: Desk) -> None:
    loud, quiet = desk.customer(), desk.customer()
    for number in range(MOST_PER_CUSTOMER + 4):
        desk.said(loud, f"mumble {number}", sure=200)
    for _ in range(3):
        desk.said(quiet, "Hm?  what", intent="out_of_scope", sure=650)
    desk.said(quiet, "where is it", sure=800)
    desk.said(quiet, "the moon is cheese", intent="out_of_scope", sure=950)
    with desk.store.write() as session:
        items = desk.acting(session, "manager").waiting(DOUBT)
        assert len(items) == MOST_PER_CUSTOMER + 1
        assert [item.text for item in items if "mumble" not in item.text] == ["Hm?  what"]
        assert items[0].alternatives == ("praise",)
        with pytest.raises(NotPossible):
            desk.acting(session, "manager").approve(items[0].id)
        desk.acting(session, "manager").approve(items[0].id, "complaint")
        desk.acting(session, "manager").reject(items[1].id)
        left = {item.id for item in desk.acting(session, "manager").waiting(DOUBT)}
        assert not left & {items[0].id, items[1].id}
        assert [line.label for line in lines_to_learn(session).lines] == ["complaint"]
        assert desk.acting(session, "manager", timedelta(days=31)).waiting(DOUBT) == []


def test_one_customer_cannot_flood_what_is_learnt(desk: Desk) -> None:
    loud, quiet, twin = desk.customer(), desk.customer(), desk.customer()
    for number in range(MOST_PER_CUSTOMER + 3):
        desk.approve(desk.said(loud if number % 2 else twin, f"praise me {number}"), "praise")
    desk.approve(desk.said(loud, "a complaint"), "complaint")
    desk.approve(desk.said(quiet, "praise from me"), "praise")
    with desk.store.write() as session:
        session.get_one(Customer, twin).merged_into_id = loud
    with desk.store.read() as session:
        found = lines_to_learn(session)
    assert found.over == 3
    assert [line.label for line in found.lines].count("praise") == MOST_PER_CUSTOMER + 1
    assert {"a complaint", "praise from me"} <= {line.text for line in found.lines}


def test_only_what_a_customer_wrote_can_be_corrected(desk: Desk) -> None:
    message = desk.said(desk.customer(), "  ")
    with desk.store.write() as session:
        with pytest.raises(NotPossible):
            desk.acting(session, "agent").message(message)
        session.get_one(Interaction, message).author = "bot"
        for act in (desk.acting(session, "agent").message, desk.acting(session, "manager").approve):
            with pytest.raises(NotFound):
                act(message)
        with pytest.raises(NotFound):
            desk.acting(session, "manager").reject(77)


def test_erasing_takes_corrections_and_what_learnt_from_them_along(desk: Desk, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("learned-20261124T000000Z", "models-0123"):
        (models / name).mkdir(parents=True)
    gone, other = desk.customer(), desk.customer()
    desk.approve(desk.said(gone, "kestrel at the door"), "praise")
    kept = desk.approve(desk.said(other, "sparrow at the door"), "praise")
    erased = privacy.erase_customer(desk.store, gone, actor="staff:1", now=NOW, models=models)
    assert erased.rows["corrections"] == 1
    assert [path.name for path in models.iterdir()] == ["models-0123"]
    with desk.store.read() as session:
        assert set(approved(session)) == {kept}
    quiet = desk.customer()
    (models / "learned-20261125T000000Z").mkdir()
    privacy.erase_customer(desk.store, quiet, actor="staff:1", now=NOW, models=models)
    assert (models / "learned-20261125T000000Z").exists(), "nothing of theirs is in it"


def test_what_is_noted_names_no_words(desk: Desk) -> None:
    desk.approve(desk.said(desk.customer(), "kestrel"), "praise")

    def words(entry: AuditEntry) -> Sequence[str]:
        return (entry.actor, entry.action, entry.subject, *entry.fields, entry.reason or "")

    with desk.store.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
        assert {entry.action for entry in entries} == {"correction.write", "correction.review"}
        assert not any("kestrel" in word for entry in entries for word in words(entry))
