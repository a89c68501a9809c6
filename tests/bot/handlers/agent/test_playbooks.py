"""Playbooks at work: in suggested replies, in the thread of a hand-over, and in the chats of whoever is to answer."""

from typing import Any

import pytest

from bot.messages import Reply
from crm_core.models import Conversation, OutboxMessage, Segment, SegmentMember, Staff
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor


def join(floor: Floor, who: str, key: str, english: str, chinese: str) -> None:
    with floor.store.write() as session:
        segment = Segment(
            name=english, name_en=english, name_zh=chinese, kind="rfm", conditions=[{"key": key}], created_at=NOW
        )
        session.add(segment)
        session.flush()
        session.add(SegmentMember(segment_id=segment.id, customer_id=floor.shop.customers[who], since=NOW))


def drafted(floor: Floor, who: str, language: Any = "en", **derived: Any) -> str:
    chat = floor.chat(floor.shop.customers[who])
    floor.customer_wrote(chat, "when do you open", intent="business_hours", **derived)
    return Colleague(floor, language=language).says("suggest_reply", "draft a reply for Tom Reed").text


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", 'Playbook of "Can\'t lose them": warm and personal; no standard phrases; its offer is in the draft.'),
        ("zh", "“重要挽留客户”的服务方案：亲切、像对老朋友，不用套话；优惠已写进草稿。"),
    ],
)
def test_a_draft_follows_the_playbook_and_says_so(floor: Floor, language: str, reason: str) -> None:
    join(floor, "tom", "cant_lose_them", "Can't lose them", "重要挽留客户")
    text = drafted(floor, "tom", language)
    assert text.endswith(reason)
    draft = text.splitlines()[1]
    hello, offer, closing = (
        draft.index("It is good to hear"),
        draft.index("shipping of your next"),
        draft.index("still"),
    )
    assert hello < offer < closing


def test_nobody_who_is_upset_is_cheered(floor: Floor) -> None:
    join(floor, "tom", "cant_lose_them", "Can't lose them", "重要挽留客户")
    text = drafted(floor, "tom", sentiment_milli=-900, strong=True)
    assert "shipping" not in text
    assert "good to hear" not in text
    assert text.splitlines()[-1].startswith("Playbook of")


def test_without_a_segment_a_draft_is_as_it_was(floor: Floor) -> None:
    assert "Playbook" not in drafted(floor, "tom")


def handed_over(floor: Floor, who: str) -> list[tuple[str, Reply]]:
    """(chat, reply) of all that goes out when a customer asks for a person."""
    chat = floor.chat(floor.shop.customers[who])
    with floor.store.write() as session:
        conversation = session.get_one(Conversation, chat)
        assert floor.services.desk.hand_over(session, conversation, "asked", NOW)
        session.info.pop("queued", None)
    with floor.store.read() as session:
        rows = session.query(OutboxMessage).order_by(OutboxMessage.id)
        return [(row.chat_id, Reply.model_validate_json(row.reply or "{}")) for row in rows]


def test_the_thread_says_how_soon_who_and_how(floor: Floor) -> None:
    join(floor, "tom", "at_risk", "At risk", "流失风险客户")
    [(_, reply)] = handed_over(floor, "tom")
    assert "📘 At risk: priority high, for agents, first answer within 30 min" in reply.text
    assert "How to write: attentive" in reply.text
    assert "May be offered: If you order again" in reply.text
    assert ("Segments", "At risk") in reply.cards[0].facts


def test_managers_are_told_of_customers_they_are_to_answer(floor: Floor) -> None:
    join(floor, "tom", "cant_lose_them", "Can't lose them", "重要挽留客户")
    manager, resting = Colleague(floor, role="manager", staff_id=2), Colleague(floor, role="manager", staff_id=3)
    agent = Colleague(floor, staff_id=4)
    for colleague in (manager, resting, agent):
        spoke(floor, colleague)
    with floor.store.write() as session:
        session.get_one(Staff, 3).notifications = {"muted": True}
    sent = handed_over(floor, "tom")
    own = [(chat, reply) for chat, reply in sent if chat.startswith("D")]
    assert [chat for chat, _ in own] == ["D2"]
    assert 'A customer of "Can\'t lose them" needs a person (they asked for a person)' in own[0][1].text
    assert "Tom" not in own[0][1].text
    assert [choice.value.rpartition(":")[0] for choice in own[0][1].choices] == ["desk:take"]
    assert "for managers" in next(reply.text for chat, reply in sent if chat == "C-SUPPORT")


def test_nobody_is_told_of_others(floor: Floor) -> None:
    spoke(floor, Colleague(floor, role="manager", staff_id=2))
    assert len(handed_over(floor, "tom")) == 1


def spoke(floor: Floor, colleague: Colleague) -> None:
    """Wrote to the bot before, so that it may write to them."""
    from crm_core.models import Interaction

    with floor.store.write() as session:
        chat = session.get_one(Conversation, colleague.conversation_id)
        row = Interaction(
            conversation_id=chat.id, staff_id=colleague.staff_id, direction="in", author="staff", kind="new",
            channel="slack", account="T1", chat_id=chat.chat_id, message_id=f"s-{colleague.staff_id}", text="hi",
            occurred_at=NOW, received_at=NOW,
        )  # fmt: skip
        session.add(row)
