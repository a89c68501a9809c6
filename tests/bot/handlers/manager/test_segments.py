"""Segments in the chat: made after a yes, counted, compared, renamed, retired, and each of it taken back."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.handlers.manager.segment_reading import wish
from bot.messages import Reply
from crm_core.analytics.segments import store as segments
from crm_core.database import Store
from crm_core.models import AuditEntry, Customer, Segment, SegmentMember
from crm_core.query.conditions import Condition, Conditions
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, buttons, shown
from tests.bot.shop import add_order

INTENT = "segment_create"


@pytest.fixture
def floor(store: Store, tmp_path: Path) -> Floor:
    """Mei spent 468 ninety days ago, Tom 100 last week."""
    floor = Floor(store, tmp_path / "files")
    add_order(store, floor.shop, "mei", "SO-1", "delivered", {"MILL": 1}, NOW, age_days=90)
    add_order(store, floor.shop, "tom", "SO-2", "paid", {"CUP-BLUE": 2}, NOW, age_days=7)
    return floor


@pytest.fixture
def manager(floor: Floor) -> Colleague:
    return Colleague(floor, role="manager", staff_id=2)


def saved(manager: Colleague, text: str = 'save as "quiet": spent over 300 and silent for 60 days') -> Reply:
    manager.says(INTENT, text)
    return manager.says("answer", "yes", confirmed=True)


def in_use(floor: Floor) -> list[Segment]:
    return [segment for segment in floor.rows(Segment) if segment.retired_at is None]


def members(floor: Floor) -> list[tuple[int, bool]]:
    return [(row.customer_id, row.until is None) for row in floor.rows(SegmentMember)]


# --- making ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", 'save as "quiet": spent over 300 and silent for 60 days',
         ['"quiet"', "spent more than CN¥300.00", "order before 24 Sep", "Customers who fit now: 1", "move along"]),
        ("zh", "建个分群“安静”：消费超300且60天没动静",
         ["“安静”", "消费超过¥300.00", "2026年9月24日", "现在符合的客户：1 位", "跟着日子"]),
    ],
)  # fmt: skip
def test_nothing_is_saved_before_a_yes(floor: Floor, language: str, text: str, words: list[str]):
    manager = Colleague(floor, role="manager", staff_id=2, language="zh" if language == "zh" else "en")
    asked = manager.says(INTENT, text)
    for word in words:
        assert word in asked.text
    assert in_use(floor) == []
    assert manager.says("answer", "no", confirmed=False).text == manager.floor.services.phrases(
        "agent.nothing_done", language
    )
    assert in_use(floor) == []
    saved(manager, text)
    [segment] = in_use(floor)
    assert (segment.kind, segment.created_by_id, segment.computed_at) == ("rule", 2, NOW)
    assert members(floor) == [(floor.shop.customers["mei"], True)]


def test_saving_is_audited_by_fields_alone(floor: Floor, manager: Colleague):
    saved(manager)
    [entry] = [row for row in floor.rows(AuditEntry) if row.action == "segment.write"]
    assert (entry.subject, entry.fields, entry.allowed) == ("segment:quiet", ["spend", "last_order"], True)


def test_what_is_missing_is_asked_for(floor: Floor, manager: Colleague):
    manager.says(INTENT, "create a segment")
    assert manager.question
    asked = manager.answers("customers in london")
    assert "what should the segment be called" in asked.text
    confirm = manager.answers("Londoners")
    assert '"Londoners"' in confirm.text
    assert "Customers who fit now: 0" in confirm.text
    manager.says("answer", "yes", confirmed=True)
    assert [segment.name for segment in in_use(floor)] == ["Londoners"]


def test_what_is_not_understood_is_said_and_nothing_is_made_up(manager: Colleague):
    reply = manager.says(INTENT, "need a segment of firms with a renewal before march")
    assert "did not understand" in reply.text
    reply = manager.answers("the ones with a red door")
    assert "did not understand" in reply.text


def test_the_list_shown_last_is_kept(floor: Floor, manager: Colleague):
    manager.says("list_customers", "customers who spent over 300")
    asked = manager.says(INTENT, 'save this filter as "spenders"')
    assert "spent more than CN¥300.00" in asked.text
    manager.says("answer", "yes", confirmed=True)
    assert [segment.name for segment in in_use(floor)] == ["spenders"]


def test_agents_make_none(floor: Floor):
    reply = Colleague(floor).says(INTENT, 'save as "quiet": spent over 300')
    assert "not" in reply.text
    assert in_use(floor) == []


def test_a_name_is_given_once(floor: Floor, manager: Colleague):
    saved(manager)
    again = saved(manager, 'save as "Quiet": spent over 100')
    assert "already" in again.text
    manager.answers("Loud")
    manager.says("answer", "yes", confirmed=True)
    assert [segment.name for segment in in_use(floor)] == ["quiet", "Loud"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("call it matcha fans: bought tea 3 times or more", "matcha fans"),
        ("new group: bought tea", ""),
        ("create segment: no order in 90 days", ""),
        ("name this segment churn watch", "churn watch"),
        ("把120天没单定义为沉睡客户并保存", "沉睡客户"),
        ("建个分群：消费超2000", ""),
        ("新建「老朋友」，首单在去年的", "老朋友"),
    ],
)
def test_the_name_is_told_from_the_words_around_it(
    floor: Floor, manager: Colleague, text: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    heard: list[str] = []

    def listen(turn):  # type: ignore[no-untyped-def]
        said = wish(turn)
        heard.append(said.name)
        return said

    monkeypatch.setattr("bot.handlers.manager.segments.wish", listen)
    manager.says(INTENT, text)
    assert heard == [name]


# --- live -----------------------------------------------------------------------------------------------------------
def test_a_rule_is_counted_and_listed_live(floor: Floor, manager: Colleague):
    """Members stay as they were stored until the night; counts and lists know at once."""
    saved(manager, 'save as "spenders": spent over 300')
    add_order(floor.store, floor.shop, "tom", "SO-3", "paid", {"MILL": 1}, NOW, age_days=0)
    size = manager.says("segment_size", "how many are in spenders")
    assert "spenders: 2 customers (100 % of all)" in size.text
    assert len(members(floor)) == 1
    listed = manager.presses("list_customers:more:0")
    assert listed.table
    assert {row[0] for row in listed.table.rows} == {"Tom Reed #10002", "李梅 #10001"}


def test_bounds_that_were_counted_back_move_along(floor: Floor):
    """Tom's order is 7 days old: in the last 10 days today, not so in a week; a date that was named stays."""
    with floor.store.write() as session:
        lately = Condition("orders", "at_least", 1, since=NOW - timedelta(days=10), moves=True)
        dated = Condition("orders", "at_least", 1, since=NOW - timedelta(days=10))
        for name, condition in (("moving", lately), ("dated", dated)):
            segments.save_rule(session, name, Conditions((condition,)), staff_id=None, now=NOW, zone="UTC")
    with floor.store.read() as session:
        later = NOW + timedelta(days=7)
        sizes = {
            (name, when): segments.live_size(session, segments.named(session, name), when, "UTC")  # type: ignore[arg-type]
            for name in ("moving", "dated")
            for when in (NOW, later)
        }
    assert sizes == {("moving", NOW): 1, ("moving", later): 0, ("dated", NOW): 1, ("dated", later): 1}


def test_a_rule_may_rest_on_another_one_and_follows_its_name(floor: Floor, manager: Colleague):
    saved(manager, 'save as "spenders": spent over 300')
    with floor.store.write() as session:
        both = Conditions((Condition("segment", "is", "spenders"), Condition("orders", "at_least", 1)))
        segments.save_rule(session, "both", both, staff_id=None, now=NOW, zone="UTC")
        neither = Conditions((Condition("segment", "is_not", "Spenders"),))
        segments.save_rule(session, "neither", neither, staff_id=None, now=NOW, zone="UTC")
        spenders = segments.named(session, "spenders")
        assert spenders
        with pytest.raises(segments.NotRetirable, match="both, neither"):
            segments.retire(session, spenders, NOW)
        segments.rename(session, spenders, "heavy")
    with floor.store.read() as session:
        counts = [segments.live_size(session, one, NOW, "UTC") for one in segments.in_use(session)]
        people = session.query(Customer).filter(Customer.kind != "visitor").count()
    assert counts == [1, 1, people - 1]


# --- renaming, retiring -----------------------------------------------------------------------------------------------
def test_renamed_and_named_back(floor: Floor, manager: Colleague):
    reply = saved(manager)
    manager.presses(next(value for value in buttons(reply) if value.startswith("segment_create:rename")))
    reply = manager.answers("Sleepers")
    assert '"quiet" is called "Sleepers" now' in reply.text
    assert [segment.name for segment in in_use(floor)] == ["Sleepers"]
    manager.presses(buttons(reply)[0])
    assert [segment.name for segment in in_use(floor)] == ["quiet"]
    manager.says(INTENT, "name this segment churn watch")
    assert [segment.name for segment in in_use(floor)] == ["churn watch"]


def test_retired_after_a_yes_and_brought_back(floor: Floor, manager: Colleague):
    reply = saved(manager)
    retire = next(value for value in buttons(reply) if value.startswith("segment_create:retire"))
    asked = manager.presses(retire)
    assert "Retire" in asked.text
    assert len(in_use(floor)) == 1
    retired = manager.says("answer", "yes", confirmed=True)
    assert in_use(floor) == []
    assert not any(now for _, now in members(floor))
    back = manager.presses(buttons(retired)[0])
    assert "1 customer now" in back.text
    assert [now for _, now in members(floor)] == [True]
    assert "quiet" in shown(manager.says("segment_size", "segment sizes please"))


def test_saving_is_undone_by_its_button(floor: Floor, manager: Colleague):
    reply = saved(manager)
    manager.presses(buttons(reply)[0])
    assert in_use(floor) == []
    taken = saved(manager)
    assert "was retired" in taken.text
    manager.presses(buttons(taken)[0])
    assert [segment.name for segment in in_use(floor)] == ["quiet"]


def test_forged_and_late_buttons_do_nothing(floor: Floor, manager: Colleague):
    saved(manager)
    for value in ("segment_create:retire:1", "segment_create:unname:1", "segment_create:wipe:1", "segment_size:show:x"):
        manager.presses(value)
    with pytest.raises(Exception, match="no such segment"):
        manager.floor.store.repeated(lambda session: _drop(session, floor))
    assert len(in_use(floor)) == 1


def _drop(session, floor: Floor):  # type: ignore[no-untyped-def]
    from crm_core.access import Actor
    from crm_core.staff.store import StaffStore
    from tests.bot.turns import SETTINGS

    actor = Actor(2, "manager", "M", "slack:U2")
    StaffStore(session, floor.store.vault, actor=actor, now=NOW, business=SETTINGS.business).segments.retire(1)


# --- sizes, comparing -------------------------------------------------------------------------------------------------
def test_sizes_are_held_against_a_week_and_a_month_ago(floor: Floor, manager: Colleague):
    saved(manager)
    with floor.store.write() as session:
        segment = session.query(Segment).one()
        segment.created_at = NOW - timedelta(days=40)
        tom = floor.shop.customers["tom"]
        for row in session.query(SegmentMember):
            row.since = NOW - timedelta(days=20)
        session.add(
            SegmentMember(
                segment_id=segment.id, customer_id=tom, since=NOW - timedelta(days=40), until=NOW - timedelta(days=3)
            )
        )
    reply = manager.says("segment_size", "how many are in quiet")
    assert "7 days ago: 2 (−1 until now; 0 came, 1 left)" in reply.text
    assert "30 days ago: 1 (±0 until now; 1 came, 1 left)" in reply.text


def test_conditions_that_are_no_segment_are_counted_and_can_be_saved(floor: Floor, manager: Colleague):
    reply = manager.says("segment_size", "how many would match spend over 300")
    assert "1 customer fits now (50 % of all)" in reply.text
    assert "what should the segment be called" in manager.presses("segment_create").text


def test_segments_side_by_side(floor: Floor, manager: Colleague):
    saved(manager, 'save as "spenders": spent over 300')
    saved(manager, 'save as "buyers": ordered at least once')
    floor.customer_wrote(floor.chat(floor.shop.customers["tom"]), "bad", sentiment_milli=-800, intent="complaint")
    reply = manager.says("segment_compare", "compare spenders and buyers")
    assert reply.table
    assert [row[:5] for row in reply.table.rows] == [
        ("spenders", "1", "CN¥468.00", "1.0", "90"), ("buyers", "2", "CN¥284.00", "1.0", "48")
    ]  # fmt: skip
    assert [row[5:] for row in reply.table.rows] == [("–", "0.0"), ("−0.80", "50.0")]
    assert "In both: 1." in reply.text
    half = manager.says("segment_compare", "compare spenders and dreamers")
    assert half.text.startswith('I know no segment by "dreamers"')
    for text in ("compare spenders with dozing Shanghai", "compare spenders with 沉睡上海"):
        beside = manager.says("segment_compare", text)  # a city in a name that nobody gave narrows nothing
        assert beside.text.startswith(f'I know no segment by "{text.split(" with ")[1]}"')
        assert beside.table
        assert [row[0] for row in beside.table.rows] == ["spenders", "everybody else"]
    alone = manager.says("segment_compare", "spenders against everyone else")
    assert "I know no segment" not in alone.text
    assert alone.table
    assert [row[:3] for row in alone.table.rows] == [
        ("spenders", "1", "CN¥468.00"), ("everybody else", "1", "CN¥100.00")
    ]  # fmt: skip


def test_with_nothing_to_compare_or_count_it_says_so(manager: Colleague):
    assert "not two segments" in manager.says("segment_compare", "compare segments").text
    assert "no segments yet" in manager.says("segment_size", "size of each segment").text


def test_a_cell_of_the_grid_is_spoken_of_in_the_readers_language(floor: Floor):
    manager = Colleague(floor, role="manager", staff_id=2, language="zh")
    with floor.store.write() as session:
        cell = Segment(
            name="Champions", name_en="Champions", name_zh="重要价值客户", kind="rfm", description_en="d",
            description_zh="买得勤，花得多", conditions=[{"key": "champions"}], created_at=NOW, computed_at=NOW,
        )  # fmt: skip
        session.add(cell)
        session.flush()
        tom = floor.shop.customers["tom"]
        session.add(SegmentMember(segment_id=cell.id, customer_id=tom, since=NOW))
    size = manager.says("segment_size", "重要价值客户有多少人")
    assert "重要价值客户：1 位客户（占全部的 50%）" in size.text
    assert "含义：买得勤，花得多" in size.text
    assert not any("retire" in value for value in buttons(size))
    listed = manager.presses("list_customers:more:0")
    assert "属于分群重要价值客户" in listed.text
    assert listed.table
    assert [row[0] for row in listed.table.rows] == ["Tom Reed #10002"]
    with floor.store.write() as session, pytest.raises(segments.NotRetirable):
        segments.retire(session, session.query(Segment).one(), NOW)


def test_things_of_one_kind_are_held_against_each_other_within_the_rest(floor: Floor, manager: Colleague):
    """Champions of two places; a word that is a segment's name and no segment; what has no opposite."""
    with floor.store.write() as session:
        session.get_one(Customer, floor.shop.customers["tom"]).city = "London"
        session.get_one(Customer, floor.shop.customers["mei"]).city = "Shanghai"
        for name in ("New", "Champions"):
            session.add(Segment(name=name, name_en=name, name_zh=name, kind="rfm", created_at=NOW))
    reply = manager.says("segment_compare", "champions in london versus champions in shanghai")
    assert reply.table
    assert [row[0] for row in reply.table.rows] == ["place is London", "place is Shanghai"]
    reply = manager.says("segment_compare", "compare champions and new customers")
    assert reply.table
    assert reply.table.rows[0][0] == "Champions"
    assert "new since" in reply.table.rows[1][0]
    reply = manager.says("segment_compare", "compare New and Champions")
    assert reply.table
    assert [row[0] for row in reply.table.rows] == ["New", "Champions"]
    reply = manager.says("segment_compare", "how do unhappy customers differ from the rest")
    assert reply.table
    assert [row[:2] for row in reply.table.rows][1] == ("everybody", "2")
    reply = manager.says("segment_compare", "customers in london against everyone else")
    assert reply.table
    assert [row[:2] for row in reply.table.rows] == [("place is London", "1"), ("everybody else", "1")]


def test_a_segment_nobody_made_is_said_not_to_be_there(floor: Floor, manager: Colleague):
    saved(manager)
    reply = manager.says("segment_size", "how many are in warm leads")
    assert 'I know no segment by "warm leads"' in reply.text
    assert reply.table
    assert "know no segment" not in manager.says("segment_size", "size of each segment please").text
