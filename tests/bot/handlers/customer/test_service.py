"""Complaints, praise, people, ratings, small talk, and what is not there yet."""

from collections.abc import Callable
from typing import get_args

import pytest
from sqlalchemy import select

from bot.messages import AttachmentKind, IncomingAttachment
from crm_core.database import Store
from crm_core.models import Case, Rating
from tests.bot.shop import Shop
from tests.bot.turns import PHRASES, Chat, everything, phrase, values
from tests.conftest import Clock

Opened = Callable[..., Chat]
BOTH = pytest.mark.parametrize("language", ["en", "zh"])


def cases(store: Store) -> list[tuple[str | None, str, str | None]]:
    with store.read() as session:
        return [(case.topic, case.priority, case.title) for case in session.execute(select(Case)).scalars()]


@BOTH
def test_a_complaint_is_noted_and_a_person_offered_then_brought_in(
    store: Store, stranger: Opened, language: str
) -> None:
    chat = stranger(language)
    said = "the service was not great" if language == "en" else "客服态度不太好"
    first = chat.say("complaint", said, sentiment=-0.4)
    assert cases(store) == [("complaint", "normal", said)]
    assert values(first) == ["talk_to_human"]
    assert PHRASES("customer.complaint.about.service", language) in first.text
    assert chat.outcome.hand_over == ""
    chat.say("complaint", "and again", sentiment=-0.4)
    assert chat.outcome.hand_over == "complaint"
    assert len(cases(store)) == 1


@BOTH
def test_a_furious_one_goes_to_a_person_at_once(store: Store, stranger: Opened, language: str) -> None:
    chat = stranger(language)
    said = "worst service ever, I'll post this" if language == "en" else "服务太差了，我要曝光"
    reply = chat.say("complaint", said, sentiment=-0.9, strong=True)
    assert chat.outcome.hand_over == "complaint"
    assert [(topic, priority) for topic, priority, _ in cases(store)] == [("complaint", "high")]
    assert "1001" in reply.text


@BOTH
def test_asking_for_the_manager_is_asking_for_a_person(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    chat.say("complaint", "let me talk to your manager" if language == "en" else "叫你们经理来", sentiment=-0.3)
    assert chat.outcome.hand_over == "complaint"


@BOTH
def test_a_person(stranger: Opened, language: str) -> None:
    chat = stranger(language)
    assert chat.say("talk_to_human", "a person please").text == phrase("customer.person", language)
    assert chat.outcome.hand_over == "asked"
    chat.press("talk_to_human:link")
    assert chat.outcome.hand_over == "link"


@BOTH
def test_a_good_score_is_kept_once(store: Store, stranger: Opened, clock: Clock, language: str) -> None:
    chat = stranger(language)
    assert chat.press("csat_rating:5").text == phrase("customer.rating.good", language)
    assert chat.press("csat_rating:1").text == phrase("customer.rating.again", language, score=5)
    with store.read() as session:
        rating = session.execute(select(Rating)).scalar_one()
        assert (rating.score, rating.given_at, rating.conversation_id) == (5, clock.now, chat.conversation_id)


@BOTH
def test_the_open_request_is_answered(store: Store, stranger: Opened, clock: Clock, language: str) -> None:
    chat = stranger(language)
    with store.write() as session:
        asked = Rating(conversation_id=chat.conversation_id, asked_at=clock.now)
        session.add(asked)
    chat.say("csat_rating", "four stars", rating=4)
    with store.read() as session:
        assert [(row.id, row.score) for row in session.execute(select(Rating)).scalars()] == [(asked.id, 4)]


@BOTH
def test_a_poor_score_asks_why(store: Store, stranger: Opened, language: str) -> None:
    chat = stranger(language)
    assert chat.press("csat_rating:2").text == phrase("customer.rating.poor", language)
    why = "nobody answered for two days" if language == "en" else "两天没人理"
    assert chat.say("", why, answers=True).text == phrase("customer.rating.explained", language)
    with store.read() as session:
        assert session.execute(select(Rating)).scalar_one().comment == why


def test_scores_of_ten_are_brought_to_five(store: Store, stranger: Opened) -> None:
    given: list[tuple[object, int]] = [(10, 5), (9, 5), (7, 4), (6, 3), (0, 1), (5, 5), ("3", 3), (4.4, 4)]
    for place, (said, kept) in enumerate(given):
        chat = stranger(external_id=str(place))
        chat.say("csat_rating", "my score", rating=said)
        with store.read() as session:
            query = select(Rating.score).where(Rating.conversation_id == chat.conversation_id)
            assert session.execute(query).scalar_one() == kept, said


def test_odd_scores_are_asked_again(store: Store, stranger: Opened) -> None:
    chat = stranger()
    for score in ("", "99", "nan", "inf", "-3", "x"):
        assert values(chat.press(f"csat_rating:{score}")) == [f"csat_rating:{stars}" for stars in range(1, 6)], score
    with store.read() as session:
        assert session.execute(select(Rating)).first() is None


@BOTH
def test_small_talk(stranger: Opened, known: Opened, language: str) -> None:
    chat = stranger(language)
    for intent in ("goodbye", "thanks", "affirm", "deny", "praise"):
        assert chat.say(intent).text == phrase(f"customer.{intent}", language)
    assert phrase("help.customer.returns.title", language) in chat.say("help").text
    assert "return_request" in values(chat.press("help:returns"))
    assert "Somebody" not in chat.say("greeting").text
    assert "李梅" in known(language).say("greeting").text


# --- messages without words -----------------------------------------------------------------------------------------
@BOTH
def test_what_comes_without_words_is_kept_and_asked_about(store: Store, stranger: Opened, language: str) -> None:
    chat = stranger(language)
    for kind in get_args(AttachmentKind):
        for intent in ("out_of_scope", "order_status", "complaint"):
            if kind != "contact":
                reply = chat.say(intent, "  ", attachments=[IncomingAttachment(kind=kind)])
                assert reply.text == phrase(f"customer.wordless.{kind}", language)
    assert cases(store) == []


@BOTH
def test_an_empty_message_is_answered_gently(stranger: Opened, language: str) -> None:
    assert stranger(language).say("out_of_scope", "").text == phrase("customer.wordless.empty", language)


def test_a_photo_does_not_answer_the_question(store: Store, stranger: Opened) -> None:
    chat = stranger()
    chat.press("csat_rating:1")
    chat.say("", "", answers=True, attachments=[IncomingAttachment(kind="photo")])
    assert chat.question is not None
    assert chat.question.wants == "prose"
    chat.say("", "it broke", answers=True)
    with store.read() as session:
        assert session.execute(select(Rating)).scalar_one().comment == "it broke"


def test_a_pressed_button_of_old_is_no_riddle(stranger: Opened) -> None:
    chat = stranger()
    assert chat.press("out_of_scope").text == phrase("customer.old_button", "en")
    assert not chat.outcome.unsure


def test_64_kilobytes_are_fine(shop: Shop, stranger: Opened) -> None:
    text = ("a(b)c wrong late 坏了 " * 4000)[: 64 * 1024]
    chat = stranger()
    for intent in ("faq", "complaint", "delivery_problem", "product_question", "out_of_scope", "greeting"):
        assert len(everything(chat.say(intent, text))) < 4000
