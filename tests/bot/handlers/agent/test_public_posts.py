"""Speaking in public and tying authors, from the side of those who press the buttons."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.slack_format import render
from config.settings import ConnectorSettings
from crm_core.models import AuthorTie, Customer, Identity, Post, Publication
from tests.bot.handlers.agent_turns import NOW, Colleague, Floor, shown
from tests.bot.turns import SETTINGS, phrase, values
from tests.peers.slack_blocks import problems

CONNECTORS = {
    "x": ConnectorSettings(writes_as="@shop"),
    "mastodon": ConnectorSettings(writes_as="@shop", base_url="https://social.example"),
    "rss": ConnectorSettings(),
}


@pytest.fixture
def posts(floor: Floor) -> Iterator[dict[str, Post]]:
    floor.services = replace(floor.services, settings=SETTINGS.model_copy(update={"connectors": CONNECTORS}))
    with floor.store.write() as session:
        index = floor.store.vault.blind_index("author", "x|@mei")
        theirs = Post(
            connector="x", external_id="77", kind="post", author="@mei", text="My cup broke", about="us",
            occurred_at=NOW, author_index=index, url="https://x.com/mei/status/77",
        )  # fmt: skip
        ours = Post(
            connector="x", external_id="78", kind="post", author="@shop", text="New cups!", about="us",
            occurred_at=NOW, own=True, likes=3, replies=1, shares=2,
        )  # fmt: skip
        below = Post(
            connector="x", external_id="79", kind="comment", author="@li", text="Lovely", about="us",
            occurred_at=NOW, parent_id="78", sentiment_milli=900,
        )  # fmt: skip
        session.add_all([theirs, ours, below])
    return {"theirs": theirs, "ours": ours, "below": below}  # type: ignore[return-value]


def publications(floor: Floor) -> list[Publication]:
    return floor.rows(Publication)


def test_an_answer_is_seen_before_it_is_said(floor: Floor, posts: dict[str, Post]) -> None:
    ann = Colleague(floor)
    card = ann.presses(f"public_post:show:{posts['theirs'].id}").cards[0]
    assert f"public_post:reply:{posts['theirs'].id}" in [choice.value for choice in card.choices]
    ann.presses(f"public_post:reply:{posts['theirs'].id}")
    seen = ann.answers("Sorry! We send you another one.")
    assert "> Sorry! We send you another one." in seen.text
    assert "(31 of 280 characters)" in seen.text
    assert publications(floor) == []
    done = ann.says("answer", "yes", confirmed=True)
    (row,) = publications(floor)
    assert (row.text, row.state, row.answers, row.post_id) == (
        "Sorry! We send you another one.", "queued", True, posts["theirs"].id,
    )  # fmt: skip
    assert values(done) == [f"public_post:cancel:{row.id}"]
    assert ann.presses(f"public_post:cancel:{row.id}").text == phrase("public.cancelled", "en")
    assert ann.presses(f"public_post:cancel:{row.id}").text == phrase("public.too_late", "en")


def test_a_no_says_nothing(floor: Floor, posts: dict[str, Post]) -> None:
    ann = Colleague(floor)
    ann.presses(f"public_post:show:{posts['theirs'].id}")
    assert "回复" not in ann.commands("public_post", "reply: Sorry").text
    assert ann.says("answer", "no", confirmed=False).text == phrase("public.not_said", "en")
    assert publications(floor) == []


@pytest.mark.parametrize(
    ("line", "network", "text"),
    [
        ("post on x: Hello all", "x", "Hello all"),
        ("publish to Twitter: Hello", "x", "Hello"),
        ("发布到推特：大家好", "x", "大家好"),
        ("mastodon: Hello", "mastodon", "Hello"),
    ],
)
def test_posting_needs_a_manager(floor: Floor, posts: dict[str, Post], line: str, network: str, text: str) -> None:
    assert "manager" not in shown(Colleague(floor).commands("public_post", line))
    assert publications(floor) == []
    boss = Colleague(floor, role="manager", staff_id=2)
    assert f"> {text}" in boss.commands("public_post", line).text
    boss.says("answer", "yes", confirmed=True)
    (row,) = publications(floor)
    assert (row.connector, row.text, row.answers) == (network, text, False)


def test_too_long_is_said_with_the_networks_own_count(floor: Floor, posts: dict[str, Post]) -> None:
    boss = Colleague(floor, role="manager", staff_id=2)
    told = boss.commands("public_post", "post on x: " + "杯" * 141)
    assert "(282 of 280 characters)" in told.text
    assert boss.question
    assert boss.question.wants == "prose"


def test_where_we_have_no_account_nothing_is_said(floor: Floor, posts: dict[str, Post]) -> None:
    boss = Colleague(floor, role="manager", staff_id=2)
    told = boss.commands("public_post", "post on weibo: hello")
    assert told.text == phrase("public.not_writable", "en", network="Weibo")


def test_our_own_posts_come_with_their_response(floor: Floor, posts: dict[str, Post]) -> None:
    ann = Colleague(floor)
    told = ann.commands("public_post")
    assert phrase("public.counts", "en", likes=3, replies=1, shares=2) in shown(told)
    answers = ann.presses(f"public_post:answers:{posts['ours'].id}")
    assert "Lovely" in shown(answers)
    assert f"public_post:reply:{posts['below'].id}" in shown(answers)


def test_a_person_says_whose_posts_they_are_and_takes_it_back(floor: Floor, posts: dict[str, Post]) -> None:
    ann = Colleague(floor)
    with floor.store.write() as session:
        who = session.scalars(select(Customer).where(Customer.kind == "person")).first()
        assert who
        customer_id, number = who.id, who.number
        session.add(
            Identity(customer_id=customer_id, channel="telegram", account="bot", external_id="1", first_seen_at=NOW,
                     handle="meix")
        )  # fmt: skip
        session.get_one(Post, posts["theirs"].id).author = "@meix"
    asked = ann.presses(f"author_tie:who:{posts['theirs'].id}")
    assert phrase("public.tie.reasons.handle", "en") in asked.text
    (tie,) = floor.rows(AuthorTie)
    assert values(asked) == [f"author_tie:yes:{tie.id}", f"author_tie:no:{tie.id}"]
    done = ann.presses(f"author_tie:yes:{tie.id}")
    assert _owner(floor, posts["theirs"].id) == customer_id
    assert values(done) == [f"author_tie:undo:{tie.id}"]
    card = ann.presses(f"show_customer:{number}")
    assert phrase("public.card_count", "en", count=1) in shown(card)
    listed = ann.presses(f"social_mentions:of:{number}")
    assert "My cup broke" in shown(listed)
    timeline = ann.presses(f"show_timeline:{number}")
    assert "public post" in shown(timeline)
    ann.presses(f"author_tie:undo:{tie.id}")
    assert _owner(floor, posts["theirs"].id) is None


def test_whom_one_looked_at_may_be_it(floor: Floor, posts: dict[str, Post]) -> None:
    ann = Colleague(floor)
    with floor.store.read() as session:
        number = session.scalars(select(Customer.number).where(Customer.kind == "person")).first()
    assert ann.presses(f"author_tie:who:{posts['theirs'].id}").choices == ()
    ann.presses(f"show_customer:{number}")
    assert phrase("public.tie.reasons.shown", "en") in ann.presses(f"author_tie:who:{posts['theirs'].id}").text


def test_public_posts_are_erased_alone_once_confirmed(floor: Floor, posts: dict[str, Post]) -> None:
    boss = Colleague(floor, role="manager", staff_id=2)
    with floor.store.read() as session:
        number = session.scalars(select(Customer.number).where(Customer.kind == "person")).first()
    boss.presses(f"show_customer:{number}")
    boss.presses(f"author_tie:who:{posts['theirs'].id}")
    (tie,) = floor.rows(AuthorTie)
    boss.presses(f"author_tie:yes:{tie.id}")
    boss.presses(f"public_erase:{number}")
    assert _owner(floor, posts["theirs"].id)
    boss.says("answer", "yes", confirmed=True)
    assert posts["theirs"].id not in [row.id for row in floor.rows(Post)]
    assert floor.rows(AuthorTie) == []


def test_they_stand_apart_on_the_card_and_page_by_page_with_what_can_be_done(
    floor: Floor, posts: dict[str, Post]
) -> None:
    with floor.store.write() as session:
        who = session.scalars(select(Customer).where(Customer.kind == "person")).first()
        assert who
        number = who.number
        session.add_all(
            Post(connector="x", external_id=f"9{place}", kind="post", author="@mei", text=f"Said {place}", about="us",
                 occurred_at=NOW - timedelta(hours=place), customer_id=who.id)
            for place in range(7)
        )  # fmt: skip
    ann, boss = Colleague(floor), Colleague(floor, role="manager", staff_id=2)
    card = ann.presses(f"show_customer:{number}")
    assert (phrase("public.card", "en"), phrase("public.card_count", "en", count=7)) in card.cards[0].facts
    listed = ann.presses(f"social_mentions:of:{number}")
    assert [each.facts[0][1] for each in listed.cards] == [f"Said {place}" for place in range(5)]
    for reply in (card, listed):
        assert [problems(message.text, message.blocks) for message in render(reply)] == [[]]
    (more,) = values(listed)
    assert [each.facts[0][1] for each in ann.presses(more).cards] == ["Said 5", "Said 6"]
    assert values(boss.presses(f"social_mentions:of:{number}")) == [more, f"public_erase:{number}"]


def _owner(floor: Floor, post_id: int) -> Any:
    with floor.store.read() as session:
        return session.get_one(Post, post_id).customer_id
