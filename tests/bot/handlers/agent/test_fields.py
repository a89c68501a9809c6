"""Fields of a record: read out of many ways of saying it, checked, kept in one form, found again, taken back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.handlers.agent import reading_fields
from crm_core.models import AuditEntry, Customer
from crm_core.record_fields import FIELDS, normalised
from tests.bot.handlers.agent_turns import Colleague, Floor, buttons

SAID = [
    ("set Tom Reed's city to Leeds", "city", "Leeds"),
    ("Tom Reed's company should be Velo House, please", "company", "Velo House"),
    ("update company for Tom Reed: Velo House", "company", "Velo House"),
    ("preferred language chinese for Tom Reed", "language", "zh"),
    ("set the country of Tom Reed to the United Kingdom", "country", "GB"),
    ('change the name of Tom Reed to "Tom Reed-Ward"', "name", "Tom Reed-Ward"),
    ("new e-mail for Tom Reed, Tom.Reed@Example.ORG", "email", "tom.reed@example.org"),
    ("Tom Reed 的手机号换成 139 1234 5678", "phone", "+8613912345678"),
    ("把 Tom Reed 的时区设为 London", "zone", "Europe/London"),
    ("Tom Reed 的国家改成英国", "country", "GB"),
    ("Tom Reed 等级改为 VIP", "tier", "vip"),
    ("Tom Reed 名字打错了，是汤姆不是唐姆", "name", "汤姆"),
    ("把 Tom Reed 的邮箱删掉", "email", None),
]


def tom(floor: Floor) -> Customer:
    return next(row for row in floor.rows(Customer) if row.id == floor.shop.customers["tom"])


def held(row: Customer, field: str) -> Any:
    return row.company_id if field == "company" else getattr(row, field)


@pytest.mark.parametrize(("text", "field", "kept"), SAID)
def test_a_field_is_changed_and_changed_back(floor: Floor, agent: Colleague, text: str, field: str, kept: Any) -> None:
    before = held(tom(floor), field)
    reply = agent.says("update_field", text)
    if field == "company":
        assert "Velo House" in reply.text
        assert tom(floor).company_id is not None
    else:
        assert held(tom(floor), field) == kept, reply.text
    assert buttons(reply) == ["update_field:undo:10002"]
    agent.presses("update_field:undo:10002")
    assert held(tom(floor), field) == before


def test_a_new_number_is_found_and_the_old_one_is_not(floor: Floor, agent: Colleague) -> None:
    agent.says("update_field", "change the phone of Tom Reed to 13912345678")
    assert "Tom Reed" in agent.says("find_customer", "who is 13912345678").cards[0].title
    assert "find nobody" in agent.says("find_customer", "who is +447700900118").text
    whole = agent.says("find_customer", "find Nobody McPerson please", person_name="McPerson")
    assert 'nobody for "Nobody McPerson"' in whole.text
    with floor.store.read() as session:
        noted = session.execute(select(AuditEntry).where(AuditEntry.action == "customer.write")).scalars().all()
    assert [(entry.subject, entry.fields) for entry in noted] == [("customer:10002", ["phone"])]


def test_a_number_that_somebody_else_has_is_kept_and_said(floor: Floor, agent: Colleague) -> None:
    reply = agent.says("update_field", "change the phone of Tom Reed to 13800138001")
    assert "李梅" in reply.text
    assert "merge 10001 into 10002" in reply.text


def test_an_undo_does_not_overwrite_what_came_since(floor: Floor, agent: Colleague) -> None:
    agent.says("update_field", "set Tom Reed's city to Leeds")
    Colleague(floor, staff_id=2).says("update_field", "set Tom Reed's city to Bath")
    assert "nothing was changed" in agent.presses("update_field:undo:10002").text
    assert tom(floor).city == "Bath"


@pytest.mark.parametrize("value", ["update_field:undo:", "update_field:undo:x", "update_field:undo:" + "9" * 40])
def test_a_button_nobody_made_changes_nothing(floor: Floor, agent: Colleague, value: str) -> None:
    assert "nothing was changed" in agent.presses(value).text


def test_somebody_without_the_right_changes_nothing(floor: Floor) -> None:
    reply = Colleague(floor, role="customer").says("update_field", "set Tom Reed's city to Leeds")
    assert "role" in reply.text
    assert tom(floor).city is None


@given(field=st.sampled_from(FIELDS), text=st.text(max_size=60))
def test_what_is_kept_stays_as_it_is(field: str, text: str) -> None:
    kept = normalised(field, text, "CN")
    assert kept is None or normalised(field, kept, "CN") in (kept, None)


@given(text=st.text(max_size=200), command=st.booleans())
def test_any_text_can_be_read(text: str, command: bool) -> None:
    wish = reading_fields.wish(text, (), command=command)
    assert wish.value is None or wish.field
