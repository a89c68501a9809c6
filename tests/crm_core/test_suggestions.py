"""Suggestions: what gives reason for one, what speaks against it, what it is worth, what becomes of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Proactive, Suggestions
from crm_core import consent
from crm_core.database import Store
from crm_core.identities import move_everything
from crm_core.models import (
    Consent,
    Conversation,
    Customer,
    CustomerFeatures,
    Refund,
    Score,
    Segment,
    SegmentMember,
    Staff,
    Suggestion,
    Task,
)
from crm_core.scores import PROFILING
from crm_core.suggestions.kinds import KINDS
from crm_core.suggestions.making import Rules, is_held, make
from crm_core.suggestions.outcomes import follow, report
from crm_core.suggestions.reading import for_person, for_queue
from crm_core.suggestions.triggers import MILESTONES
from crm_core.suggestions.worth import gains
from tests.conftest import NOW
from tests.crm_core import figures as some

Happened = Callable[[Session, Customer, Conversation], None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Rules(Suggestions(held_percent=0), Proactive(), "Asia/Shanghai")


def somebody(session: Session, *, agrees: bool = True, name: str = "Wang Fang") -> tuple[Customer, Conversation]:
    who = some.customer(session, NOW - 400 * DAY, name=name)
    if agrees:
        session.add(
            Consent(customer_id=who.id, kind="marketing", granted=True, how="test", occurred_at=NOW - 300 * DAY)
        )
    return who, some.chat(session, who, NOW - 300 * DAY)


def figures_of(session: Session, who: Customer, *, orders: int, gone: int, gap: int) -> None:
    """Their row of the feature table."""
    numbers = {column.name: 0 for column in CustomerFeatures.__table__.c if not column.nullable and column.name != "id"}
    numbers |= {"customer_id": who.id, "orders": orders, "spend_minor": 30_000 * orders}
    last = int(NOW.timestamp()) // 86_400 - gone
    row = CustomerFeatures(**numbers, last_order_day=last, first_order_day=last - gap * (orders - 1))
    session.add(row)
    session.flush()


def scored(session: Session, who: Customer, **milli: int) -> None:
    for kind, value in milli.items():
        session.add(Score(customer_id=who.id, kind=kind, value_milli=value, computed_at=NOW, data_until=NOW))
    session.flush()


def made(session: Session, rules: Rules = RULES, now: datetime = NOW) -> list[tuple[str, str]]:
    make(session, now, rules, nightly=True)
    rows = session.execute(select(Suggestion).order_by(Suggestion.kind)).scalars()
    return [(row.trigger, row.kind) for row in rows]


def upset(session: Session, who: Customer, chat: Conversation) -> None:
    some.said(session, chat, NOW - 2 * HOUR, intent="complaint", sentiment_milli=-700)


def waits_for_money(session: Session, who: Customer, chat: Conversation) -> None:
    order = some.bought(session, who, NOW - 30 * DAY, 20_000, status="returned")
    session.add(
        Refund(
            order_id=order.id, status="approved", amount_minor=20_000, currency="CNY", requested_at=NOW - 9 * DAY
        )
    )  # fmt: skip
    session.flush()


def rated_low(session: Session, who: Customer, chat: Conversation) -> None:
    some.rated(session, chat, NOW - DAY, 2)
    session.flush()


def praised(session: Session, who: Customer, chat: Conversation) -> None:
    some.said(session, chat, NOW - DAY, intent="praise", sentiment_milli=800)


def came_often(session: Session, who: Customer, chat: Conversation) -> None:
    for number in range(MILESTONES[0]):
        some.bought(session, who, NOW - (1 + 40 * number) * DAY, 10_000)


def may_leave(session: Session, who: Customer, chat: Conversation) -> None:
    scored(session, who, churn=800, value=900_000)


def fell(session: Session, who: Customer, chat: Conversation) -> None:
    moment = NOW - DAY
    for key, since, until in (("loyal", NOW - 90 * DAY, moment), ("at_risk", moment, None)):
        cell = Segment(
            name=key, name_en=key, name_zh=key, kind="rfm", conditions=[{"key": key}], created_at=NOW - 90 * DAY
        )  # fmt: skip
        session.add(cell)
        session.flush()
        session.add(SegmentMember(segment_id=cell.id, customer_id=who.id, since=since, until=until))
    session.flush()


def is_due(session: Session, who: Customer, chat: Conversation) -> None:
    figures_of(session, who, orders=4, gone=31, gap=30)


def is_silent(session: Session, who: Customer, chat: Conversation) -> None:
    figures_of(session, who, orders=3, gone=200, gap=30)


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (upset, ("complaint", "apologise")),
        (waits_for_money, ("refund_overdue", "apologise")),
        (rated_low, ("low_rating", "call")),
        (praised, ("praise", "ask_review")),
        (came_often, ("milestone", "thank")),
        (may_leave, ("at_risk", "call")),
        (fell, ("churn_rising", "offer")),
        (is_due, ("habit_due", "offer")),
        (is_silent, ("silence", "win_back")),
    ],
)
def test_each_reason_makes_its_suggestion_once(store: Store, happened: Happened, expected: tuple[str, str]):
    with store.write() as session:
        who, chat = somebody(session)
        happened(session, who, chat)
        assert made(session) == [expected]
        assert made(session, now=NOW + HOUR) == [expected]
        row = session.execute(select(Suggestion)).scalar_one()
        assert row.reasons
        assert row.lapses_at > NOW
        assert made(session, now=row.lapses_at + HOUR) == [expected]


def test_a_complaint_that_somebody_answered_needs_no_apology(store: Store):
    with store.write() as session:
        who, chat = somebody(session)
        upset(session, who, chat)
        some.staff_said(session, chat, NOW - HOUR)
        assert made(session) == []


@pytest.mark.parametrize("happened", [praised, is_due, is_silent])
def test_nothing_is_sold_or_asked_of_who_complained_or_said_no(store: Store, happened: Happened):
    with store.write() as session:
        who, chat = somebody(session)
        happened(session, who, chat)
        some.said(session, chat, NOW - 20 * DAY, intent="complaint")
        other, there = somebody(session, name="Li Mei")
        happened(session, other, there)
        consent.withdraw_marketing(session, other.id, "stop", NOW - DAY)
        assert made(session) == []


def test_without_a_yes_nothing_is_sold_and_service_goes_on(store: Store):
    with store.write() as session:
        who, chat = somebody(session, agrees=False)
        is_due(session, who, chat)
        rated_low(session, who, chat)
        assert made(session) == [("low_rating", "call")]


def test_who_does_not_want_to_be_profiled_is_left_alone_by_figures(store: Store):
    with store.write() as session:
        who, chat = somebody(session)
        session.add(Consent(customer_id=who.id, kind=PROFILING, granted=False, how="test", occurred_at=NOW - 9 * DAY))
        may_leave(session, who, chat)
        is_due(session, who, chat)
        upset(session, who, chat)
        assert made(session) == [("complaint", "apologise")]
        assert session.execute(select(Suggestion)).scalar_one().expected_minor is None


def test_the_expected_value_is_value_times_change_of_chance_and_ranks(store: Store):
    with store.write() as session:
        staff = _agent(session)
        for name, value in (("A", 400_000), ("B", 900_000)):
            who, chat = somebody(session, name=name)
            is_due(session, who, chat)
            scored(session, who, value=value)
        who, chat = somebody(session, name="C")
        upset(session, who, chat)
        made(session)
        views = for_person(session, staff, NOW, 5)
        assert [one.customer for one in views] == ["C", "B", "A"]
        assert (views[1].value_minor, views[1].gain_milli, views[1].expected_minor) == (90_000, 60, 5_400)
        assert [one.customer for one in for_queue(session, NOW, 2)] == ["C", "B"]


def test_a_customer_is_not_pestered_and_nobody_is_flooded(store: Store):
    with store.write() as session:
        who, chat = somebody(session)
        for happened in (praised, came_often, is_due):
            happened(session, who, chat)
        _agent(session)
        assert len(made(session)) == 2
        for name in "ABCDEF":
            other, there = somebody(session, name=name)
            is_due(session, other, there)
        few = Rules(Suggestions(held_percent=0, most_a_day=3), Proactive(), "Asia/Shanghai")
        assert len(made(session, few)) == 2 + 3


def _agent(session: Session, role: str = "agent") -> Staff:
    staff = Staff(external_id=f"slack:U-{role}", name="Mei", role=role, zone="Asia/Shanghai", active=True)
    session.add(staff)
    session.flush()
    return staff


def test_what_is_open_moves_with_a_merge_and_one_of_a_kind_stays(store: Store):
    with store.write() as session:
        ids = []
        for name in ("Wang Fang", "王芳"):
            who, chat = somebody(session, name=name)
            is_due(session, who, chat)
            ids.append(who.id)
        assert len(made(session)) == 2
        move_everything(session, *ids)
        session.get_one(Customer, ids[0]).merged_into_id = ids[1]
        session.flush()
        assert [one.customer_id for one in for_queue(session, NOW, 9)] == [ids[1]]


# --- what becomes of them -------------------------------------------------------------------------------------------
def _one(session: Session, **values: object) -> Suggestion:
    who, _ = somebody(session)
    given = {"state": "proposed", "kind": "offer", "open_kind": "offer", **values}
    row = Suggestion(
        customer_id=who.id, trigger="habit_due", reasons=[], gain_milli=60, created_at=NOW,
        lapses_at=NOW + 3 * DAY, for_role="agent", **given,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def test_a_task_ticked_off_is_a_deed_and_a_purchase_its_outcome(store: Store):
    with store.write() as session:
        staff = _agent(session)
        row = _one(session, state="approved", decided_at=NOW, decided_by_id=staff.id)
        task = Task(customer_id=row.customer_id, owner_id=staff.id, title="x", created_at=NOW, done_at=NOW + DAY)
        session.add(task)
        session.flush()
        row.task_id = task.id
        assert follow(session, NOW + 2 * DAY, 14) == {"done": 1, "lapsed": 0, "settled": 0}
        some.bought(session, session.get_one(Customer, row.customer_id), NOW + 5 * DAY, 12_300)
        assert follow(session, NOW + 15 * DAY, 14) == {"done": 0, "lapsed": 0, "settled": 1}
        assert (row.state, row.bought_minor, row.open_kind) == ("done", 12_300, None)
        assert follow(session, NOW + 16 * DAY, 14) == {"done": 0, "lapsed": 0, "settled": 0}
        (told,) = report(session, NOW - DAY)
        assert (told.kind, told.proposed, told.bought, told.uplift) == ("offer", 1, 1, None)


def test_what_nobody_takes_lapses_and_what_came_too_late_is_no_outcome(store: Store):
    with store.write() as session:
        row = _one(session)
        some.bought(session, session.get_one(Customer, row.customer_id), NOW + 14 * DAY + HOUR, 5_000)
        assert follow(session, NOW + 3 * DAY + HOUR, 14)["lapsed"] == 1
        assert follow(session, NOW + 20 * DAY, 14)["settled"] == 1
        assert (row.state, row.bought_at) == ("lapsed", None)


def test_gains_are_learned_slowly_from_those_suggested_against_those_held_back(store: Store):
    with store.write() as session:
        assert gains(session)["offer"] == 60
        for number in range(40):
            _one(session, state="skipped" if number % 2 else "done", open_kind=None, settled_at=NOW,
                 bought_at=NOW if number < 20 else None)  # fmt: skip
            _one(session, state="held", open_kind=None, settled_at=NOW, bought_at=NOW if number < 4 else None)
        # (9.6 + 20) / 80 - (7.2 + 4) / 80: whether or not somebody did it
        assert gains(session)["offer"] == 230
        (told,) = report(session, NOW - DAY)
        assert told.uplift is not None
        assert told.uplift.value == pytest.approx(0.4)
        assert told.uplift.low > 0
        assert gains(session)["call"] == 100


def test_a_share_is_held_back_by_lot_and_never_shown(store: Store):
    everything = Rules(Suggestions(held_percent=50), Proactive(), "Asia/Shanghai")
    with store.write() as session:
        staff = _agent(session)
        for _ in range(30):
            who, chat = somebody(session)
            is_due(session, who, chat)
            if who.number % 2:
                rated_low(session, who, chat)
        made(session, Rules(everything.suggestions.model_copy(update={"most_a_day": 20}), Proactive(), "UTC"))
        rows = session.execute(select(Suggestion)).scalars().all()
        held = [row for row in rows if row.state == "held"]
        assert held
        assert all(not KINDS[row.kind].is_service for row in held)
        shown = {one.suggestion_id for one in for_person(session, staff, NOW, 99)}
        assert shown == {row.id for row in rows if row.state != "held"}
    assert 300 < sum(is_held(one, NOW, 33) for one in range(1000)) < 360
