"""What people answer below posts of an account, and what is particular to a network."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import pull_all
from crm_core.database import Store
from crm_core.models import Post
from tests.conftest import NOW, Clock
from tests.contracts.networks import Asked, Network, Told, served
from tests.contracts.voices import bluesky_post

AT = NOW.isoformat().replace("+00:00", "Z")


@pytest.fixture
def network() -> Iterator[Network]:
    with served(Network(lambda network, asked: Told("", 404))) as one:
        yield one


def answers(paths: dict[str, Any]) -> Any:
    return lambda network, asked: Told(paths[asked.path]) if asked.path in paths else Told("", 404)


def read(store: Store, clock: Clock, network: Network, name: str, of: str, **more: Any) -> list[Post]:
    settings = ConnectorSettings(
        base_url=network.url, allow_private=True, token="t", sources=(Source(name="s", of=of),), **more
    )
    pulled = pull_all(store, name, settings, clock)["s"]
    assert (pulled.state, pulled.problem) == ("done", "")
    with store.read() as session:
        return list(session.scalars(select(Post).order_by(Post.kind.desc(), Post.external_id)))


def status(key: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "uri": f"https://a.example/{key}", "created_at": AT, "content": f"<p>Said&nbsp;{key}<br>twice</p>",
        "spoiler_text": "", "language": None, "reblog": None, "url": None, "account": {"acct": "ann"}, **more,
    }  # fmt: skip


def test_mastodon_reads_an_account_with_its_answers_and_without_what_it_boosts(
    store: Store, clock: Clock, network: Network
):
    network.voice = answers(
        {
            "/api/v1/accounts/lookup": {"id": "7"},
            "/api/v1/accounts/7/statuses": [
                status("1", replies_count=2, reblogs_count=4, favourites_count=9, language="zh-CN"),
                status("2", reblog=status("other")),
            ],
            "/api/v1/statuses/1/context": {
                "ancestors": [],
                "descendants": [status("3", in_reply_to_id="1"), status("4", in_reply_to_id="3")],
            },
        }
    )
    post, first, second = read(store, clock, network, "mastodon", "@ann")
    assert network.asked[0].query == {"acct": "ann"}
    assert network.asked[0].headers["authorization"] == "Bearer t"
    assert (post.kind, post.text, post.author, post.language) == ("post", "Said 1\ntwice", "@ann", "zh")
    assert (post.likes, post.replies, post.shares) == (9, 2, 4)
    assert (first.kind, first.parent_id, second.parent_id) == ("comment", post.external_id, first.external_id)


def test_mastodon_says_that_there_is_no_such_account(store: Store, clock: Clock, network: Network):
    settings = ConnectorSettings(base_url=network.url, allow_private=True, sources=(Source(name="s", of="@nobody"),))
    pulled = pull_all(store, "mastodon", settings, clock)["s"]
    assert pulled.state == "failed"
    assert "404" in pulled.problem


def test_bluesky_reads_the_thread_below_a_post(store: Store, clock: Clock, network: Network):
    root = bluesky_post(AT, "1", "Tea is on", replyCount=1)
    answer, below = bluesky_post(AT, "2", "At last"), bluesky_post(AT, "3", "Is it?")
    gone = {"$type": "app.bsky.feed.defs#notFoundPost", "notFound": True}
    thread = {"post": root, "replies": [{"post": answer, "replies": [{"post": below, "replies": []}]}, gone]}
    repost = {"post": bluesky_post(AT, "9", "Another's"), "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}
    network.voice = answers(
        {
            "/xrpc/app.bsky.feed.getAuthorFeed": {"feed": [{"post": root}, repost]},
            "/xrpc/app.bsky.feed.getPostThread": {"thread": thread},
        }
    )
    post, first, second = read(store, clock, network, "bluesky", "@ann.example")
    assert (post.text, post.language, post.likes, post.shares) == ("Tea is on", "en", 3, 3)
    assert post.url == "https://bsky.app/profile/ann.example/post/1"
    assert (first.text, first.parent_id) == ("At last", post.external_id)
    assert (second.text, second.parent_id) == ("Is it?", first.external_id)


def test_bluesky_searches(store: Store, clock: Clock, network: Network):
    network.voice = answers({"/xrpc/app.bsky.feed.searchPosts": {"posts": [bluesky_post(AT, "1", "Tea")]}})
    assert [row.text for row in read(store, clock, network, "bluesky", "#tea shop")] == ["Tea"]
    assert network.asked[0].query["q"] == "#tea shop"


def test_the_same_post_by_two_sources_is_one_and_stays_while_either_shows_it(
    store: Store, clock: Clock, network: Network
):
    shown = {"a.example": [bluesky_post(AT, "1", "Tea"), bluesky_post(AT, "2", "Cups")]}
    shown["b.example"] = shown["a.example"][:1]

    def tell(network: Network, asked: Asked) -> Told:
        return Told({"feed": [{"post": each} for each in shown[asked.query["actor"]]]})

    network.voice = tell
    sources = tuple(Source(name=name, of=f"@{name}") for name in shown)
    settings = ConnectorSettings(base_url=network.url, allow_private=True, sources=sources)
    pull_all(store, "bluesky", settings, clock)
    shown["a.example"] = [bluesky_post(AT, "3", "Pots")]
    for _ in range(2):
        clock.advance(minutes=15)
        pull_all(store, "bluesky", settings, clock)
    with store.read() as session:
        assert sorted(str(row.text) for row in session.scalars(select(Post))) == ["Pots", "Tea"]
