"""Mastodon as its servers answer: read by our connector, and by Mastodon.py, which nobody here wrote."""

import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import pull_all
from crm_core.connectors.plain_text import plain
from crm_core.database import Store
from crm_core.models import Post, PostPicture
from tests.conftest import NOW, Clock
from tests.contracts.mastodon_shapes import Server, picture, poll, status
from tests.contracts.networks import Network, served
from tests.peers.telemelya import PYTHON, ROOT

READER = ROOT / "tests" / "peers" / "mastodon_reader.py"


def said() -> Server:
    """Two pages and a half, with all that a status may carry."""
    at = [NOW - timedelta(minutes=10 * number) for number in range(8)]
    boosted = status(90, at[7], "<p>Somebody else's</p>", by="far@far.example")
    link = 'href="https://social.example/tags/tea" class="mention hashtag" rel="tag"'
    tag = f"<p>New <a {link}>#<span>tea</span></a></p>"
    return Server(
        [
            status(105, at[0], tag, replies_count=2, favourites_count=3, reblogs_count=1),
            status(104, at[1], "<p>Which one?</p>", poll=poll("Green", "Black & white")),
            status(103, at[2], "", media_attachments=[picture("A cup on a table"), picture(None)]),
            status(102, at[3], "<p>Better so</p>", edited_at="2026-11-23T03:59:00.473Z"),
            status(101, at[4], "", reblog=boosted),
        ],
        {
            "105": [
                status(106, at[0] + timedelta(minutes=1), "<p>Nice</p>", by="mei@far.example", in_reply_to_id="105",
                       replies_count=1),
                status(107, at[0] + timedelta(minutes=2), "<p>Thank you</p>", in_reply_to_id="106"),
                status(108, at[0] + timedelta(minutes=3), "<p>How much?</p>", by="li", in_reply_to_id="105"),
            ]
        },
    )  # fmt: skip


@pytest.fixture
def server() -> Server:
    return said()


@pytest.fixture
def network(server: Server) -> Iterator[Network]:
    with served(Network(server)) as one:
        yield one


def read(store: Store, clock: Clock, network: Network) -> list[Post]:
    settings = ConnectorSettings(base_url=network.url, allow_private=True, sources=(Source(name="s", of="@shop"),))
    clock.now = max(clock.now, NOW + timedelta(minutes=10))
    pulled = pull_all(store, "mastodon", settings, clock)["s"]
    assert (pulled.state, pulled.problem, pulled.counts.malformed) == ("done", "", 0)
    clock.advance(minutes=15)
    with store.read() as session:
        return list(session.scalars(select(Post).order_by(Post.external_id)))


def test_polls_pictures_edits_and_threads_are_read(store: Store, clock: Clock, network: Network) -> None:
    posts = {post.external_id.rpartition("/")[2]: post for post in read(store, clock, network)}
    assert {key: post.text for key, post in posts.items()} == {
        "102": "Better so", "103": "", "104": "Which one?\n○ Green\n○ Black & white",
        "105": "New #tea", "106": "Nice", "107": "Thank you", "108": "How much?",
    }  # fmt: skip
    with store.read() as session:
        (shown,) = session.scalars(select(PostPicture).where(PostPicture.alt_sealed.is_not(None)))
        assert (shown.post_id, shown.alt) == (posts["103"].id, "A cup on a table")
    assert posts["102"].edited_at is not None
    assert (posts["105"].likes, posts["105"].replies, posts["105"].shares) == (3, 2, 1)
    assert [posts[key].author for key in ("105", "106", "108")] == ["@shop", "@mei@far.example", "@li"]
    assert [posts[key].parent_id for key in ("106", "107")] == [posts["105"].external_id, posts["106"].external_id]


def test_deleted_posts_and_answers_go(store: Store, clock: Clock, network: Network, server: Server) -> None:
    assert len(read(store, clock, network)) == 7
    server.threads["105"] = [each for each in server.threads["105"] if each["id"] != "108"]
    server.statuses[0]["replies_count"] = 1
    assert [post.text for post in read(store, clock, network) if post.kind == "comment"] == ["Nice", "Thank you"]
    server.statuses = [each for each in server.statuses if each["id"] in ("105", "104")]
    server.statuses[0]["replies_count"], server.threads["105"] = 0, []
    assert [post.text for post in read(store, clock, network)] == ["Which one?\n○ Green\n○ Black & white", "New #tea"]


def test_an_answer_that_a_server_does_not_show_to_everybody_is_not_taken_for_deleted(
    store: Store, clock: Clock, network: Network, server: Server
) -> None:
    """Without a token a server cuts long threads: it then counts more answers than it shows."""
    read(store, clock, network)
    server.threads["105"] = []
    assert len(read(store, clock, network)) == 7


@pytest.mark.peers
@pytest.mark.skipif(not PYTHON.exists(), reason="needs .venv-peers: make peers")
def test_another_reader_finds_the_same(store: Store, clock: Clock, network: Network, server: Server) -> None:
    ours = {post.external_id: post for post in read(store, clock, network)}
    done = subprocess.run(
        [str(PYTHON), str(READER), network.url, "shop"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    theirs = json.loads(done.stdout)
    assert [len(page) for page in theirs["pages"]] == [2, 2, 1]
    assert (theirs["limits"]["limit"], theirs["limits"]["left"]) == (300, server.left)
    posts = [each for page in theirs["pages"] for each in page if not each["boost"]]
    comments = [each for below in theirs["threads"].values() for each in below]
    assert {each["uri"] for each in posts + comments} == set(ours)
    uris = {each["id"]: each["uri"] for each in posts + comments}
    for each in posts + comments:
        assert _told(ours[each["uri"]]) == {
            "author": each["author"], "url": each["url"], "at": each["at"], "edited_at": each["edited_at"],
            "counts": [each["likes"], each["replies"], each["shares"]], "language": each["language"],
            "parent": uris.get(str(each["in_reply_to_id"])),
        }  # fmt: skip
        text = ours[each["uri"]].text or ""
        assert text.startswith(plain(each["content"]))
        assert all(words in text for words in each["poll"])


def _told(post: Post) -> dict[str, Any]:
    return {
        "author": post.author, "url": post.url, "at": post.occurred_at.isoformat(),
        "edited_at": post.edited_at.isoformat() if post.edited_at else None,
        "counts": [post.likes, post.replies, post.shares], "language": post.language, "parent": post.parent_id,
    }  # fmt: skip
