"""What people answer below posts of an account, and what is particular to a network."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import pull_all
from crm_core.connectors.base import ANSWER_PAGES
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


def test_x_reads_the_conversation_below_a_post_and_takes_an_edit_for_the_same(
    store: Store, clock: Clock, network: Network
):
    def tweet(key: str, **more: Any) -> dict[str, Any]:
        return {"id": key, "text": f"Said {key}", "created_at": AT, "author_id": "7", **more}

    edited = tweet("12", edit_history_tweet_ids=["10", "12"], public_metrics={"reply_count": 2, "quote_count": 1})
    answered = [{"type": "replied_to", "id": "10"}]
    network.voice = answers(
        {
            "/2/users/by/username/ann": {"data": {"id": "7"}},
            "/2/users/7/tweets": {
                "data": [edited],
                "meta": {},
                "includes": {"users": [{"id": "7", "username": "ann"}]},
            },
            "/2/tweets/search/recent": {"data": [tweet("13", referenced_tweets=answered), tweet("14")], "meta": {}},
        }
    )
    post, first, second = read(store, clock, network, "x", "@ann")
    assert (post.external_id, post.author, post.shares, post.url) == ("10", "@ann", 1, "https://x.com/ann/status/12")
    assert [each.parent_id for each in (first, second)] == ["10", "10"]
    assert network.asked[2].query["query"] == "conversation_id:10"


def test_facebook_reads_comments(store: Store, clock: Clock, network: Network):
    at = "2026-11-23T04:00:00+0000"
    network.voice = answers(
        {
            "/shop/feed": {
                "data": [{"id": "1", "message": "New", "created_time": at, "comments": {"summary": {"total_count": 2}}}]
            },
            "/1/comments": {
                "data": [
                    {"id": "2", "message": "Nice", "created_time": at, "like_count": 5, "from": {"name": "Bo"}},
                    {"id": "3", "message": "Is it?", "created_time": at, "parent": {"id": "2"}},
                ]
            },
        }
    )
    post, first, second = read(store, clock, network, "facebook", "shop")
    assert (post.text, post.replies) == ("New", 2)
    assert (first.text, first.author, first.likes, first.parent_id) == ("Nice", "Bo", 5, "1")
    assert (second.kind, second.parent_id) == ("comment", "2")
    assert network.asked[1].query["filter"] == "stream"


def test_answers_without_an_end_are_not_followed_for_ever(store: Store, clock: Clock, network: Network):
    at = "2026-11-23T04:00:00+0000"

    def tell(network: Network, asked: Asked) -> Told:
        if asked.path == "/shop/feed":
            summary = {"summary": {"total_count": 9}}
            return Told({"data": [{"id": "p", "message": "New", "created_time": at, "comments": summary}]})
        number = str(len(network.asked))
        paging = {"next": "more", "cursors": {"after": number}}
        return Told({"data": [{"id": number, "message": "Me, too", "created_time": at}], "paging": paging})

    network.voice = tell
    assert len(read(store, clock, network, "facebook", "shop")) == 1 + ANSWER_PAGES


def test_instagram_reads_comments(store: Store, clock: Clock, network: Network):
    at = "2026-11-23T04:00:00+0000"
    network.voice = answers(
        {
            "/17/media": {
                "data": [{"id": "1", "caption": None, "timestamp": at, "username": "shop", "comments_count": 1}]
            },
            "/1/comments": {"data": [{"id": "2", "text": "Nice", "timestamp": at, "username": "bo"}]},
        }
    )
    post, comment = read(store, clock, network, "instagram", "17")
    assert (post.text, post.author, comment.text, comment.parent_id) == ("", "@shop", "Nice", "1")


def test_the_graph_says_in_a_code_that_it_is_enough(store: Store, clock: Clock, network: Network):
    network.voice = lambda network, asked: Told({"error": {"code": 32, "message": "Page request limit reached"}}, 400)
    settings = ConnectorSettings(base_url=network.url, allow_private=True, sources=(Source(name="s", of="shop"),))
    assert pull_all(store, "facebook", settings, clock)["s"].state == "waiting"
    network.voice = lambda network, asked: Told({"error": {"code": 190}}, 400)
    clock.advance(minutes=1)
    assert pull_all(store, "facebook", settings, clock)["s"].state == "failed"


def test_weibo_reads_comments(store: Store, clock: Clock, network: Network):
    def said(key: int, **more: Any) -> dict[str, Any]:
        user = {"id": 7, "screen_name": "安"}
        return {"id": key, "text": "茶<br/>真香", "created_at": "Mon Nov 23 12:00:00 +0800 2026", "user": user, **more}

    def tell(network: Network, asked: Asked) -> Told:
        first = "max_id" not in asked.query
        if asked.path.endswith("user_timeline.json"):
            return Told({"statuses": [said(5, comments_count=1)] if first else []})
        return Told({"comments": [said(6, reply_comment={"idstr": "4"})] if first else []})

    network.voice = tell
    post, comment = read(store, clock, network, "weibo", "7")
    assert (post.text, post.author, post.occurred_at) == ("茶\n真香", "@安", NOW)
    assert (comment.kind, comment.parent_id) == ("comment", "4")


@pytest.mark.parametrize("status", [200, 403])
def test_linkedin_reads_comments_where_it_may(store: Store, clock: Clock, network: Network, status: int):
    made = int(NOW.timestamp() * 1000)
    comments = [
        {
            "actor": actor, "created": {"actor": actor, "time": made}, "lastModified": {"time": made + changed},
            "id": str(number), "$URN": f"urn:li:comment:(urn:li:activity:1,{number})", "object": "urn:li:activity:1",
            "message": {"attributes": [], "text": text}, "likesSummary": {"totalLikes": 4},
        }
        for number, (actor, text, changed) in enumerate(
            [("urn:li:person:ann", "Lovely", 0), ("urn:li:organization:5", "Thank you", 1000)]
        )
    ]  # fmt: skip

    def tell(network: Network, asked: Asked) -> Told:
        if asked.path == "/rest/socialActions/urn%3Ali%3Ashare%3A1/comments":
            return Told({"elements": comments}, status)
        said = {"id": "urn:li:share:1", "commentary": "Tea", "author": "urn:li:organization:5", "createdAt": made}
        return Told({"elements": [] if int(asked.query["start"]) else [said]})

    network.voice = tell
    post, *found = read(store, clock, network, "linkedin", "5", writes_as="5")
    assert (post.text, post.own) == ("Tea", True)
    if status == 403:
        assert found == []
        return
    theirs, ours = found
    assert (theirs.text, theirs.author, theirs.likes, theirs.own) == ("Lovely", "urn:li:person:ann", 4, False)
    assert (theirs.parent_id, theirs.edited_at) == (post.external_id, None)
    assert (ours.text, ours.own, ours.edited_at is not None) == ("Thank you", True, True)


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
