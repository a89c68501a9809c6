"""Whether a message answers the open question, or is a wish of its own."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.hearing import Heard, take_up
from bot.messages import IncomingMessage, Sender
from bot.turns import Question
from crm_core.models import Interaction
from nlu.understanding import Entity, Understanding

WHOM = Question("case_assign", "text", {"for": "whom"})
TITLE = Question("invoice_request", "text", {"order": "SO-1", "asked": "title"})
WHICH = Question("order_status", "order_id")
REASON = Question("csat_rating", "prose")


def said(text: str, intent: str, confidence: float, **more: Any) -> Heard:
    message = IncomingMessage(
        channel="web", account="1", delivery_id="1", chat_id="1", message_id="1", sender=Sender(external_id="1"),
        sent_at=datetime(2026, 11, 23, tzinfo=UTC), text=text,
    )  # fmt: skip
    meant = Understanding(text=text, language="en", intent=intent, confidence=confidence, **more)
    return Heard(Interaction(), message, meant, "")


@pytest.mark.parametrize(
    ("heard", "question"),
    [
        (said("show 10482", "show_customer", 0.86), WHOM),
        (said("what does the mill cost?", "price_question", 0.99), TITLE),
        (said("I want a person", "talk_to_human", 0.99), TITLE),
        (
            said(
                "SO-20640 开发票",
                "invoice_request",
                0.99,
                entities=(Entity(name="order_id", value="SO-20640", text="SO-20640"),),
            ),
            WHICH,
        ),
        (said("can I speak to somebody?", "talk_to_human", 0.99), REASON),
        (said("help", "help", 0.99), REASON),
        (said("send me the digest now", "digest_now", 0.97), replace(REASON, unfit=1)),
    ],
)
def test_another_wish_is_let_go(heard: Heard, question: Question) -> None:
    assert take_up(heard, question) == (take_up(heard, None)[0], None)


@pytest.mark.parametrize(
    ("heard", "question"),
    [
        (said("Sam", "case_assign", 0.5), WHOM),
        (said("Show Business Ltd", "show_customer", 0.9), TITLE),
        (said("nobody answered for two days", "complaint", 0.9), REASON),
        (
            said(
                "SO-20640", "order_status", 0.6, entities=(Entity(name="order_id", value="SO-20640", text="SO-20640"),)
            ),
            WHICH,
        ),
    ],
)
def test_an_answer_is_taken(heard: Heard, question: Question) -> None:
    taken, answered = take_up(heard, question)
    assert answered is not None
    assert taken.understanding.intent == question.intent


@pytest.mark.parametrize("text", ["cancel", "stop", "never mind", "算了", "取消"])
def test_stop_ends_what_is_asked(text: str) -> None:
    taken, answered = take_up(said(text, "cancel_order", 0.99), WHICH)
    assert answered == WHICH
    assert taken.understanding.first("confirmed") is False


def test_who_says_their_wish_again_gave_no_wrong_answer() -> None:
    _, answered = take_up(said("assign case 3298", "case_assign", 0.9), replace(WHOM, unfit=1))
    assert answered is not None
    assert answered.unfit < 0
