"""What every network that is written to must be told, and that it is told at most once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from config.settings import Business, ConnectorSettings
from crm_core.access import Actor
from crm_core.connectors.writers import WRITERS
from crm_core.database import Store
from crm_core.errors import NotAllowed, NotPossible
from crm_core.listening import publishing
from crm_core.models import Post, Publication, Staff
from crm_core.staff.store import StaffStore
from tests.conftest import NOW, Clock
from tests.contracts.hearing_networks import HEARERS, Hearing, hearing
from tests.contracts.networks import Told

TARGETS = {
    "mastodon": "https://far.example/users/mei/statuses/1",
    "bluesky": "at://did:plc:mei/app.bsky.feed.post/3abc",
    "facebook": "10_20",
    "x": "4999",
    "linkedin": "urn:li:share:900",
    "weibo": "4399",
}
TEXT = "Thank you! https://shop.example/a"


class Speaking:
    """A network that is written to, with the store of what was written."""

    def __init__(self, name: str, store: Store, clock: Clock, network: Hearing) -> None:
        self.name, self.store, self.clock, self.network = name, store, clock, network
        self.settings = ConnectorSettings(
            base_url="http://127.0.0.1:9", write_url=network.url, token=SecretStr("read-secret"), allow_private=True,
            write_token=SecretStr("write-secret"), writes_as="12" if name == "linkedin" else "shop.example",
        )  # fmt: skip
        with store.write() as session:
            session.add(Staff(id=1, external_id="slack:U1", name="Ann", role="manager"))
            self.post_id = _post(session, name, TARGETS[name], "post").id

    def queue(self, text: str = TEXT, *, answers: bool = False, role: str = "manager", post_id: int = 0) -> int:
        with self.store.write() as session:
            actor = Actor(1, role, "Ann", "slack:U1")
            staff = StaffStore(session, self.store.vault, actor=actor, now=self.clock(), business=Business())
            post = session.get(Post, post_id or self.post_id) if answers or post_id else None
            row = publishing.queue(
                staff, {self.name: self.settings}, self.name, text, post, conversation_id=None, language="en"
            )  # type: ignore[arg-type]
            return row.id

    def send(self) -> Publication | None:
        done = publishing.send_due(self.store, {self.name: self.settings}, self.clock, "https://crm.example")
        return done[0] if done else None

    @property
    def row(self) -> Publication:
        with self.store.read() as session:
            return session.scalars(select(Publication).order_by(Publication.id.desc())).first()  # type: ignore[return-value]


def _post(session: Any, name: str, external_id: str, kind: str, parent_id: str | None = None) -> Post:
    row = Post(
        connector=name, external_id=external_id, kind=kind, author="@mei@far.example", text="Hello", about="us",
        occurred_at=NOW, parent_id=parent_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.fixture(params=sorted(HEARERS))
def speaking(request: pytest.FixtureRequest, store: Store, clock: Clock) -> Iterator[Speaking]:
    with hearing(request.param) as network:
        yield Speaking(request.param, store, clock, network)


def test_every_network_that_is_written_to_is_held_to_this() -> None:
    assert set(HEARERS) == set(WRITERS) == set(TARGETS)


def test_a_post_and_an_answer_are_said_once_and_known_by_their_id(speaking: Speaking) -> None:
    for answers in (False, True):
        speaking.queue(answers=answers)
        done = speaking.send()
        assert done is not None
        assert (done.state, done.error, done.sent_at) == ("sent", None, NOW)
        assert done.external_id
        assert str(done.url).startswith("https://")
        assert speaking.send() is None
    assert len(speaking.network.posts) == len(speaking.network.told) == 2
    agent = speaking.network.told[0].headers["user-agent"]
    assert agent == "Rapport/0.1.0 (+https://crm.example)"
    if speaking.name != "bluesky":
        assert "write-secret" in speaking.network.told[0].headers["authorization"]


def test_what_an_answer_says_and_where(speaking: Speaking) -> None:
    with speaking.store.write() as session:
        below = _post(session, speaking.name, _below(speaking.name), "comment", TARGETS[speaking.name])
        comment_id = below.id
    speaking.queue("Of course", post_id=comment_id)
    speaking.send()
    said = speaking.network.told[-1]
    expected: dict[str, Any] = {
        "mastodon": {"status": "@mei@far.example Of course", "visibility": "public", "in_reply_to_id": "900"},
        "facebook": {"message": "Of course"},
        "x": {"text": "Of course", "reply": {"in_reply_to_tweet_id": "5001"}},
        "linkedin": {
            "actor": "urn:li:organization:12", "object": "urn:li:share:900", "message": {"text": "Of course"},
            "parentComment": "urn:li:comment:(urn:li:activity:9,8)",
        },
        "weibo": {"cid": "4401", "id": "4399", "comment": "Of course"},
    }  # fmt: skip
    if speaking.name == "bluesky":
        parent = {"uri": "at://did:plc:li/app.bsky.feed.post/3def", "cid": "bafyparent"}
        assert said.body["record"]["reply"] == {"root": parent, "parent": parent}
        return
    assert said.body == expected[speaking.name]
    if speaking.name == "facebook":
        assert said.path.endswith("/10_20_30/comments")


def _below(name: str) -> str:
    return {
        "mastodon": "https://far.example/users/li/statuses/2", "bluesky": "at://did:plc:li/app.bsky.feed.post/3def",
        "facebook": "10_20_30", "x": "5001", "linkedin": "urn:li:comment:(urn:li:activity:9,8)", "weibo": "4401",
    }[name]  # fmt: skip


def test_a_network_that_wants_to_be_left_alone_is_waited_for(speaking: Speaking) -> None:
    speaking.network.instead = [Told({"error": "slow down"}, 429, {"Retry-After": "30"})]
    speaking.queue()
    assert speaking.send() is None
    assert (speaking.row.state, speaking.row.not_before) == ("queued", NOW + timedelta(seconds=30))
    assert speaking.send() is None
    assert len(speaking.network.told) == 1
    speaking.clock.advance(seconds=31)
    done = speaking.send()
    assert done is not None
    assert done.state == "sent"
    assert len(speaking.network.posts) == 1


def test_a_refusal_is_told_with_its_reason_and_not_repeated(speaking: Speaking) -> None:
    speaking.network.instead = [Told({"error": "Duplicate content"}, 422)]
    speaking.queue()
    done = speaking.send()
    assert done is not None
    assert done.state == "failed"
    assert "Duplicate content" in str(done.error)
    assert "write-secret" not in str(done.error)
    speaking.clock.advance(hours=1)
    assert speaking.send() is None
    assert len(speaking.network.told) == 1


def test_what_may_have_been_heard_is_said_again_only_where_the_network_can_tell(speaking: Speaking) -> None:
    """A server that fails after it took the post: the worst moment."""
    speaking.queue()
    answer = speaking.network.answer

    def takes_and_fails(network: Hearing, heard: Any) -> Told:
        told = answer(network, heard)
        return Told("oops", 502) if heard in network.told and len(network.told) == 1 else told

    speaking.network.answer = takes_and_fails
    done = speaking.send()
    speaking.clock.advance(minutes=10)
    again = speaking.send()
    if WRITERS[speaking.name].repeatable:  # type: ignore[attr-defined]
        assert done is None
        assert again is not None
        assert again.state == "sent"
    else:
        assert done is not None
        assert done.state == "unclear"
        assert again is None
    assert len(speaking.network.posts) == 1


def test_a_process_that_dies_while_sending_doubles_nothing(speaking: Speaking, monkeypatch: Any) -> None:
    speaking.queue()

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            speaking.send()
    assert speaking.send() is None
    speaking.clock.advance(minutes=6)
    again = speaking.send()
    repeatable = WRITERS[speaking.name].repeatable  # type: ignore[attr-defined]
    assert speaking.row.state == ("sent" if repeatable else "unclear")
    assert (again is not None) == repeatable
    assert len(speaking.network.posts) == 1


def test_nothing_is_said_without_the_right_or_beyond_the_length(speaking: Speaking) -> None:
    with pytest.raises(NotAllowed):
        speaking.queue(role="agent")
    speaking.queue(role="agent", answers=True)
    with pytest.raises(NotPossible):
        speaking.queue("长" * 100_000)
    speaking.settings = replace_settings(speaking.settings, writes_as="")
    with pytest.raises(NotPossible):
        speaking.queue()
    done = speaking.send()
    assert done is not None
    assert (done.state, done.refusal) == ("failed", "settings")
    assert not speaking.network.told


def test_a_post_that_is_gone_is_not_answered(speaking: Speaking) -> None:
    speaking.queue(answers=True)
    with speaking.store.write() as session:
        session.delete(session.get_one(Post, speaking.post_id))
    done = speaking.send()
    assert done is not None
    assert done.state == "failed"
    assert not speaking.network.told


def replace_settings(settings: ConnectorSettings, **values: Any) -> ConnectorSettings:
    return settings.model_copy(update=values)


def test_what_was_not_heard_is_tried_again(store: Store, clock: Clock) -> None:
    with hearing("x") as network:
        speaking = Speaking("x", store, clock, network)
        speaking.settings = replace_settings(speaking.settings, write_url="http://127.0.0.1:1")
        speaking.queue()
        assert speaking.send() is None
        assert speaking.row.state == "queued"
        speaking.settings = replace_settings(speaking.settings, write_url=network.url)
        clock.advance(minutes=2)
        done = speaking.send()
        assert done is not None
        assert done.state == "sent"


def test_bluesky_marks_links_people_and_tags_by_bytes(store: Store, clock: Clock) -> None:
    with hearing("bluesky") as network:
        speaking = Speaking("bluesky", store, clock, network)
        text = "谢谢 @mei.example 和 @no.body.example, #咖啡 https://shop.example/a?b=1#c."
        speaking.queue(text)
        speaking.send()
        record = network.told[-1].body["record"]
        encoded = text.encode()
        marked = {
            encoded[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode(): each["features"][0]
            for each in record["facets"]
        }
        kind = "app.bsky.richtext.facet"
        assert marked == {
            "@mei.example": {"$type": f"{kind}#mention", "did": "did:plc:mei"},
            "#咖啡": {"$type": f"{kind}#tag", "tag": "咖啡"},
            "https://shop.example/a?b=1#c": {"$type": f"{kind}#link", "uri": "https://shop.example/a?b=1#c"},
        }


def test_a_redirect_is_not_followed_with_what_we_say(store: Store, clock: Clock) -> None:
    with hearing("x") as network, hearing("x") as other:
        speaking = Speaking("x", store, clock, network)
        network.instead = [Told("", 307, {"Location": other.url})]
        speaking.queue()
        done = speaking.send()
        assert done is not None
        assert done.state == "failed"
        assert not other.heard
