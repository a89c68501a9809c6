"""Reading and writing against a Bluesky that nobody here wrote: its own PDS and AppView, on this machine."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from config.settings import Business, ConnectorSettings, Source
from crm_core.access import Actor
from crm_core.connectors import Pulled, pull_all
from crm_core.database import Store
from crm_core.listening import publishing
from crm_core.models import Post, Publication, Staff
from crm_core.staff.store import StaffStore
from tests.conftest import Clock
from tests.peers import bluesky as peer
from tests.peers.bluesky import Bluesky, Person

pytestmark = [pytest.mark.node, pytest.mark.skipif(bool(peer.missing()), reason=peer.missing())]

TIMES = itertools.count(1)
"""Names of accounts, each given once: the server stays while the store is another for each test."""


@pytest.fixture(scope="module")
def bluesky(postgres_server: str) -> Iterator[Bluesky]:
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bluesky")
    base, _, query = postgres_server.partition("?")
    with peer.running(f"{base.rpartition('/')[0]}/bluesky?{query}") as one:
        yield one


@pytest.fixture
def clock() -> Clock:
    """The servers' clocks cannot be set: this one goes with them."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def shop(bluesky: Bluesky) -> Person:
    return bluesky.join(f"shop{next(TIMES)}")


@pytest.fixture
def mei(bluesky: Bluesky) -> Person:
    return bluesky.join(f"mei{next(TIMES)}")


class Here:
    """A store that reads an account, and writes as it."""

    def __init__(self, store: Store, clock: Clock, bluesky: Bluesky, of: str, writes_as: Person | None = None) -> None:
        self.store, self.clock, self.bluesky = store, clock, bluesky
        self.settings = ConnectorSettings(
            base_url=bluesky.app, allow_private=True, sources=(Source(name="s", of=of),),
            **({} if writes_as is None else {
                "writes_as": f"@{writes_as.handle}", "write_url": bluesky.pds,
                "write_token": SecretStr(writes_as.app_password()),
            }),
        )  # fmt: skip

    def pull(self) -> Pulled:
        self.bluesky.settle()
        pulled = pull_all(self.store, "bluesky", self.settings, self.clock)["s"]
        assert (pulled.state, pulled.problem) == ("done", "")
        assert pulled.counts.malformed == 0
        self.clock.advance(minutes=15)
        return pulled

    def posts(self) -> list[Post]:
        with self.store.read() as session:
            return list(session.scalars(select(Post).order_by(Post.kind.desc(), Post.occurred_at, Post.id)))

    def write(self, text: str, answers: str = "") -> Publication:
        with self.store.write() as session:
            if session.get(Staff, 1) is None:
                session.add(Staff(id=1, external_id="slack:U1", name="Ann", role="manager"))
            actor = Actor(1, "manager", "Ann", "slack:U1")
            staff = StaffStore(session, self.store.vault, actor=actor, now=self.clock(), business=Business())
            post = session.scalars(select(Post).where(Post.external_id == answers)).one() if answers else None
            publishing.queue(
                staff, {"bluesky": self.settings}, "bluesky", text, post, conversation_id=None, language="en"
            )  # type: ignore[arg-type]
        (done,) = self.send()
        return done

    def send(self) -> Any:
        return publishing.send_due(self.store, {"bluesky": self.settings}, self.clock)


def test_an_account_is_read_page_by_page_and_only_once(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person
) -> None:
    times = [clock() - timedelta(hours=1, seconds=number) for number in range(130)]
    shop.say_much([f"Said number {number}" for number in range(130)], times)
    here = Here(one_store, clock, bluesky, f"@{shop.handle}")
    first = here.pull()
    assert (first.counts.new, first.counts.pages >= 2) == (130, True)
    texts = [post.text for post in here.posts()]
    assert texts == [f"Said number {number}" for number in reversed(range(130))]
    assert abs(here.posts()[-1].occurred_at - times[0]) < timedelta(seconds=1)
    assert {post.author for post in here.posts()} == {f"@{shop.handle}"}
    assert (here.pull().counts.new, len(here.posts())) == (0, 130)


def test_answers_likes_and_deletions_are_followed(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person, mei: Person
) -> None:
    at = clock() - timedelta(hours=2)
    tea, cups = shop.say("New tea", at), shop.say("New cups", at + timedelta(minutes=1))
    nice = mei.say("Nice", at + timedelta(minutes=2), tea)
    thanks = shop.say("Thank you", at + timedelta(minutes=3), nice)
    mei.like(tea, at)
    here = Here(one_store, clock, bluesky, f"@{shop.handle}")
    assert here.pull().counts.new == 4
    one, two, first, second = here.posts()
    assert [post.external_id for post in (one, two, first, second)] == [
        tea["uri"], cups["uri"], nice["uri"], thanks["uri"],
    ]  # fmt: skip
    assert (one.likes, one.replies, two.likes, two.language) == (1, 1, 0, "en")
    assert (first.author, first.parent_id, second.parent_id) == (f"@{mei.handle}", tea["uri"], nice["uri"])
    assert first.url == f"https://bsky.app/profile/{mei.handle}/post/{nice['uri'].rpartition('/')[2]}"
    mei.like(cups, at)
    shop.delete(thanks)
    shop.say("And pots", at + timedelta(minutes=4))
    again = here.pull()
    assert (again.counts.new, again.counts.deleted) == (1, 1)
    assert [(post.text, post.likes) for post in here.posts()] == [
        ("New tea", 1), ("New cups", 1), ("And pots", 0), ("Nice", 0),
    ]  # fmt: skip
    shop.delete(tea)
    assert here.pull().counts.deleted == 2
    assert [post.text for post in here.posts()] == ["New cups", "And pots"]


def test_what_is_changed_is_changed_here(one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person) -> None:
    """The network's own programs offer no such thing; others do, and its AppView shows it."""
    at = clock() - timedelta(hours=2)
    tea = shop.say("New tee", at)
    here = Here(one_store, clock, bluesky, f"@{shop.handle}")
    here.pull()
    shop.change(tea, "New tea", at)
    assert here.pull().counts.changed == 1
    (post,) = here.posts()
    assert (post.text, post.edited_at is not None) == ("New tea", True)


def test_what_is_said_from_here_is_there_and_comes_back_as_ours(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person, mei: Person
) -> None:
    asked = mei.say("Does the T3 grind fine?", clock() - timedelta(hours=1))
    theirs = Here(one_store, clock, bluesky, f"@{mei.handle}", shop)
    assert theirs.pull().counts.new == 1
    text = f"谢谢 @{mei.handle}! 见 https://shop.example/t3?a=1. #咖啡"
    done = theirs.write(text, asked["uri"])
    assert (done.state, done.error) == ("sent", None)
    record = shop.record(str(done.external_id))
    assert (record["text"], record["reply"]["parent"]) == (text, asked)
    encoded = text.encode()
    marked = {
        encoded[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode(): each["features"][0]
        for each in record["facets"]
    }
    assert marked[f"@{mei.handle}"]["did"] == mei.did
    assert marked["https://shop.example/t3?a=1"]["uri"] == "https://shop.example/t3?a=1"
    assert marked["#咖啡"]["tag"] == "咖啡"
    theirs.pull()
    answer = next(post for post in theirs.posts() if post.kind == "comment")
    assert (answer.external_id, answer.own, answer.parent_id) == (done.external_id, True, asked["uri"])
    below = mei.say("It does", clock(), {**asked, "root": asked})
    assert below


def test_an_answer_to_an_answer_names_the_post_at_the_top(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person, mei: Person
) -> None:
    at = clock() - timedelta(hours=1)
    top = shop.say("New tea", at)
    nice = mei.say("Nice", at + timedelta(minutes=1), top)
    here = Here(one_store, clock, bluesky, f"@{shop.handle}", shop)
    here.pull()
    done = here.write("Thank you", nice["uri"])
    assert shop.record(str(done.external_id))["reply"] == {"root": top, "parent": {k: nice[k] for k in ("uri", "cid")}}
    here.pull()
    assert [(post.text, post.own) for post in here.posts()] == [("New tea", True), ("Nice", False), ("Thank you", True)]


def test_a_second_try_says_nothing_twice(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Here(one_store, clock, bluesky, f"@{shop.handle}", shop)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            here.write("Once")
    clock.advance(minutes=6)
    (done,) = here.send()
    assert done.state == "sent"
    assert [each["uri"] for each in shop.records()] == [done.external_id]


def test_what_the_server_refuses_is_told(
    one_store: Store, clock: Clock, bluesky: Bluesky, shop: Person, mei: Person
) -> None:
    asked = mei.say("Hello?", clock() - timedelta(hours=1))
    here = Here(one_store, clock, bluesky, f"@{mei.handle}", shop)
    here.pull()
    mei.delete(asked)
    gone = here.write("Yes?", asked["uri"])
    assert (gone.state, "does not know this post" in str(gone.error)) == ("failed", True)
    here.settings = here.settings.model_copy(update={"write_token": SecretStr("wrong")})
    refused = here.write("Hello")
    assert (refused.state, "app password" in str(refused.error)) == ("failed", True)
    assert shop.records() == []


def test_words_are_searched(one_store: Store, clock: Clock, bluesky: Bluesky, mei: Person) -> None:
    word = f"juniper{next(TIMES)}"
    mei.say(f"Tea of {word} again", clock() - timedelta(minutes=5))
    mei.say("Something else", clock() - timedelta(minutes=4))
    here = Here(one_store, clock, bluesky, word)
    here.pull()
    assert [(post.text, post.kind) for post in here.posts()] == [(f"Tea of {word} again", "post")]
