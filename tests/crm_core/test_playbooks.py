"""Playbooks: read with errors that name the line, chosen by segment, and felt in cases."""

from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.access import Actor
from crm_core.cases import TARGET_HOURS, open_case
from crm_core.database import Store
from crm_core.models import Case, Segment, SegmentMember, Staff
from crm_core.playbooks import PlaybookError, Playbooks, playbooks, service_of
from crm_core.staff.cases import StaffCases
from tests.bot.shop import Shop, open_shop
from tests.conftest import NOW

FILE = """\
default:
  tone: {en: brief, zh: 简短}
  first_answer_minutes: 45
playbooks:
  - segment: Can't lose them
    priority: high
    resolution_hours: 12
  - segment: Loyal
    tone: {en: warm, zh: 亲切}
"""


@pytest.fixture
def shop(store: Store) -> Shop:
    return open_shop(store, NOW)


def written(tmp_path: Path, text: str) -> Playbooks:
    path = tmp_path / f"{abs(hash(text))}.yml"
    path.write_text(text, "utf-8")
    return playbooks(path)


def join(store: Store, customer_id: int, name: str, *, kind: str = "rule", key: str = "", left: bool = False) -> None:
    with store.write() as session:
        segment = Segment(
            name=name, name_en=name, name_zh=f"{name}群", kind=kind, conditions=[{"key": key}], created_at=NOW
        )
        session.add(segment)
        session.flush()
        until = NOW if left else None
        session.add(SegmentMember(segment_id=segment.id, customer_id=customer_id, since=NOW, until=until))


def test_what_a_playbook_does_not_say_it_has_from_the_default(tmp_path: Path):
    strict, loyal = written(tmp_path, FILE).playbooks
    assert strict.tone
    assert (strict.tone.zh, strict.first_answer_minutes, strict.priority) == ("简短", 45, "high")
    assert loyal.tone
    assert (loyal.tone.en, loyal.priority, loyal.resolution_hours) == ("warm", "low", None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "priority: high",
            "priority: hihg",
            r"line 6: playbooks\.0\.priority: Input should be 'low', 'normal', 'high'",
        ),
        ("    resolution_hours: 12", "    resolution_hours: soon", r"line 7: playbooks\.0\.resolution_hours"),
        ("first_answer_minutes: 45", "first_answer_minutes: 0", r"line 3: default\.first_answer_minutes"),
        ("tone: {en: warm, zh: 亲切}", "tone: {en: warm}", r"line 9: playbooks\.1\.tone\.zh: Field required"),
        ("    priority: high", "    colour: red", r"line 6: playbooks\.0\.colour: Extra inputs"),
        ("segment: Loyal", "segment: can't lose them", "playbook 2 needs a segment that no other has"),
        ("  - segment: Loyal\n    tone", "  - tone", "playbook 2 needs a segment"),
        ("default:\n", "default:\n  segment: Loyal\n", "the default is for no segment"),
        ("default:", "default: [", "line"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, message: str):
    assert old in FILE
    with pytest.raises(PlaybookError, match=message):
        written(tmp_path, FILE.replace(old, new))


def test_the_files_own_playbooks_can_be_used():
    known = playbooks()
    assert known.playbooks[0].segment == "Can't lose them"
    for one in (known.default, *known.playbooks):
        assert one.tone


def test_the_strongest_segment_wins_and_one_that_was_left_counts_no_more(store: Store, shop: Shop):
    mei, tom = shop.customers["mei"], shop.customers["tom"]
    join(store, mei, "Loyal")
    join(store, tom, "Champions", left=True)
    with store.read() as session:
        assert service_of(session, mei).playbook.segment == "Loyal"
        assert service_of(session, tom) == service_of(session, None)
    join(store, mei, "Can't lose them")
    with store.read() as session:
        service = service_of(session, mei)
    assert service.playbook.segment == "Can't lose them"
    assert service.segment
    assert service.segment.zh == "Can't lose them群"


def test_a_cell_of_the_grid_keeps_its_playbook_under_another_name(store: Store, shop: Shop):
    join(store, shop.customers["mei"], "The dear ones", kind="rfm", key="champions")
    with store.read() as session:
        service = service_of(session, shop.customers["mei"])
    assert service.playbook.segment == "Champions"
    assert service.segment
    assert service.segment.en == "The dear ones"


def test_cases_get_the_priority_and_the_deadline_of_the_playbook(store: Store, shop: Shop):
    mei, tom = shop.customers["mei"], shop.customers["tom"]
    join(store, mei, "Can't lose them")
    with store.write() as session:
        for who in (mei, tom):
            open_case(
                session, customer_id=who, conversation_id=None, topic="return", title="x", priority="normal", now=NOW
            )
    with store.read() as session:
        found = {case.customer_id: case for case in session.query(Case)}
    assert (found[mei].priority, found[mei].due_at) == ("high", NOW + timedelta(hours=12))
    assert (found[tom].priority, found[tom].due_at) == ("normal", NOW + timedelta(hours=TARGET_HOURS["normal"]))


def test_staff_choose_the_priority_and_the_deadline_follows_the_playbook(store: Store, shop: Shop):
    join(store, shop.customers["mei"], "Can't lose them")
    with store.write() as session:
        session.add(Staff(id=1, external_id="slack:U1", name="A", role="agent"))
        session.flush()
        cases = StaffCases(session, lambda *_: None, Actor(1, "agent", "A", "slack:U1"), NOW)
        low = cases.open(shop.customers["mei"], "later", "low", "")
        urgent = cases.open(shop.customers["mei"], "now", "urgent", "")
        due = {case.number: case.due_at for case in session.query(Case)}
    assert due == {low: NOW + timedelta(hours=12), urgent: NOW + timedelta(hours=TARGET_HOURS["urgent"])}
