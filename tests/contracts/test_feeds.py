"""What is particular to feeds: entries that they say were deleted (RFC 6721)."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import Pulled, pull_all
from crm_core.database import Store
from crm_core.models import Post
from tests.conftest import Clock
from tests.contracts.networks import Network, Told, served

FEEDS = ("ours", "rival")


class Feeds:
    """Parts of Atom feeds by their paths."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}
        self.network = Network(lambda network, asked: Told(self.parts.get(asked.path, feed())))

    def pull(self, store: Store, clock: Clock) -> dict[str, Pulled]:
        sources = tuple(Source(name=name, of=f"{self.network.url}/{name}") for name in FEEDS)
        return pull_all(store, "rss", ConnectorSettings(allow_private=True, sources=sources), clock)


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    made = Feeds()
    with served(made.network):
        yield made


def feed(*parts: str) -> str:
    return (
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'"
        f" xmlns:at='http://purl.org/atompub/tombstones/1.0'><title>Tea</title>{''.join(parts)}</feed>"
    )


def entry(key: str, hour: int = 1) -> str:
    return f"<entry><id>urn:{key}</id><title>Said {key}</title><updated>2026-11-23T{hour:02}:00:00Z</updated></entry>"


def grave(key: str, hour: int = 2) -> str:
    return f"<at:deleted-entry ref='urn:{key}' when='2026-11-23T{hour:02}:00:00Z'><at:comment/></at:deleted-entry>"


def texts(store: Store) -> list[str]:
    with store.read() as session:
        return sorted(str(row.text) for row in session.scalars(select(Post)))


def test_what_a_feed_says_is_deleted_goes(store: Store, clock: Clock, feeds: Feeds) -> None:
    feeds.parts["/ours"] = feed(*(entry(key) for key in "abcd"))
    feeds.pull(store, clock)
    feeds.parts["/ours"] = feed(grave("a"), grave("b"), entry("b"), grave("c"), entry("c", 3), grave("unknown"))
    clock.advance(minutes=15)
    assert feeds.pull(store, clock)["ours"].counts.deleted == 2
    assert texts(store) == ["Said c", "Said d"]  # told again later; only scrolled off


def test_a_feed_deletes_nothing_of_another_one(store: Store, clock: Clock, feeds: Feeds) -> None:
    feeds.parts["/ours"] = feed(entry("a"))
    feeds.parts["/rival"] = feed(grave("a"))
    feeds.pull(store, clock)
    clock.advance(minutes=15)
    assert feeds.pull(store, clock)["rival"].counts.deleted == 0
    assert texts(store) == ["Said a"]


def test_what_is_deleted_does_not_come_back_with_the_older_part(store: Store, clock: Clock, feeds: Feeds) -> None:
    feeds.parts["/ours"] = feed("<link rel='next' href='/older'/>", grave("a"), entry("b"))
    feeds.parts["/older"] = feed(entry("a"), entry("c"))
    feeds.pull(store, clock)
    assert texts(store) == ["Said b", "Said c"]


def test_a_grave_that_says_nothing_is_left_out(store: Store, clock: Clock, feeds: Feeds) -> None:
    feeds.parts["/ours"] = feed(entry("a"), grave("a").replace("2026-11-23T", "yesterday "), "<at:deleted-entry/>")
    assert feeds.pull(store, clock)["ours"].counts.malformed == 2
    assert texts(store) == ["Said a"]
