"""What every connector must do, whatever its network: one test for all, against a server on loopback."""

import gc
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from config.settings import ConnectorSettings, Source
from crm_core.connectors import CONNECTORS, pull_all, pulling
from crm_core.connectors.pulling import Pulled
from crm_core.database import Store, open_store
from crm_core.models import Post, PostPicture, PostRecord, Pull
from tests.conftest import NOW, Clock
from tests.contracts.networks import PAGE, Asked, Network, Told, served
from tests.contracts.voices import VOICES

OF_FILES = {"file"}
"""They ask no network; what they must do is in tests/crm_core/test_post_files.py."""
HALF_A_MINUTE = (NOW + timedelta(seconds=30)).timestamp()
LIMITS = {
    "seconds": {"Retry-After": "30"},
    "date": {"Retry-After": "Mon, 23 Nov 2026 04:00:30 GMT"},
    "x, moment": {"x-rate-limit-remaining": "0", "x-rate-limit-reset": f"{HALF_A_MINUTE:.0f}"},
    "bluesky, moment": {"ratelimit-remaining": "0", "ratelimit-reset": f"{HALF_A_MINUTE:.0f}"},
    "mastodon, ISO": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-23T04:00:30.000Z"},
    "milliseconds": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{HALF_A_MINUTE * 1000:.0f}"},
    "span": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"},
    "draft": {"RateLimit": "limit=100, remaining=0, reset=30"},
    "newer draft": {"RateLimit": '"default";r=0;t=30'},
    "facebook": {"X-App-Usage": json.dumps({"call_count": 100, "reset_time_duration": 30})},
    "facebook, business": {
        "X-Business-Use-Case-Usage": json.dumps({"1": [{"call_count": 100, "estimated_time_to_regain_access": 0.5}]})
    },
    "nothing said": {},
}


class Listener:
    """A connector with its network, and the store it fills."""

    def __init__(self, name: str, store: Store, clock: Clock, network: Network) -> None:
        self.name, self.store, self.clock, self.network = name, store, clock, network
        self.voice = VOICES[name]
        self.settings = ConnectorSettings(
            base_url=network.url,
            token="secret-token",
            allow_private=True,
            sources=(Source(name="ours", of=self.voice.of.format(url=network.url), select=self.voice.select),),
        )

    def pull(self) -> Pulled:
        return pull_all(self.store, self.name, self.settings, self.clock)["ours"]

    def later(self, **span: float) -> Pulled:
        self.clock.advance(**span)
        return self.pull()

    def texts(self) -> list[str]:
        with self.store.read() as session:
            query = select(Post).where(Post.kind == "post").order_by(Post.occurred_at.desc(), Post.id)
            return [str(row.text) for row in session.scalars(query)]

    def expected(self) -> list[str]:
        return [each.text for each in self.network.said]

    @property
    def state(self) -> Pull:
        with self.store.read() as session:
            return session.execute(select(Pull)).scalar_one()


ON_POSTGRES = {"mastodon", "facebook", "rss"}
"""What is stored does not depend on who read it: some that read in different ways are enough for the other database."""
LISTENERS = [(name, base) for name in sorted(VOICES) for base in ("sqlite", "postgresql")[: 1 + (name in ON_POSTGRES)]]


each = pytest.mark.parametrize(("listener", "database_url"), LISTENERS, indirect=True)


@pytest.fixture
def listener(request: pytest.FixtureRequest, store: Store, clock: Clock) -> Iterator[Listener]:
    with served(Network(VOICES[request.param].tell)) as network:
        yield Listener(request.param, store, clock, network)


def test_every_connector_is_held_to_the_contract():
    assert set(VOICES) | OF_FILES == set(CONNECTORS)


@each
def test_pages_are_followed_and_nothing_comes_twice(listener: Listener):
    listener.network.post(3 * PAGE + 5)
    done = listener.pull()
    assert (done.state, done.counts.new, done.problem) == ("done", 3 * PAGE + 5, "")
    assert listener.texts() == listener.expected()
    again = listener.later(minutes=15)
    assert (again.state, again.counts.new, again.counts.changed, again.counts.deleted) == ("done", 0, 0, 0)
    listener.network.post(2, since=listener.clock())
    assert listener.later(minutes=15).counts.new == 2
    assert listener.texts() == listener.expected()


@each
def test_what_a_post_carries(listener: Listener):
    listener.network.post(1)
    listener.network.pictured = True
    listener.pull()
    with listener.store.read() as session:
        row = session.execute(select(Post)).scalar_one()
        pictures = [(each.address, each.alt or "") for each in session.scalars(select(PostPicture))]
        here = [(listener.network.picture(listener.network.said[0]), listener.voice.alt)]
        assert pictures == (here if listener.voice.pictures else [])
        assert (row.connector, row.source, row.about, row.kind) == (listener.name, "ours", "us", "post")
        assert (row.text, row.occurred_at, row.customer_id) == ("Said number 1", NOW, None)
        assert row.author
        assert row.text_sealed is not None
        assert b"Said number" not in bytes(row.text_sealed)
        record = session.execute(select(PostRecord)).scalar_one()
        assert "Said number 1" in str(record.record)
        assert record.record_sealed is not None
        assert b"Said number" not in bytes(record.record_sealed)


@each
def test_a_crash_in_mid_page_loses_and_doubles_nothing(listener: Listener, monkeypatch: pytest.MonkeyPatch):
    """Whatever page is being stored when the process dies, everything is there once after the next run."""
    listener.network.post(3 * PAGE + 5)
    stored, keep = 0, pulling.keep_posts

    def dies(*given: Any) -> Any:
        nonlocal stored
        counts = keep(*given)
        stored += 1
        if stored in (2, 4):
            raise KeyboardInterrupt  # after the page's rows were written, before they were kept
        return counts

    monkeypatch.setattr(pulling, "keep_posts", dies)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            listener.pull()
        listener.network.post(1, since=listener.clock() + timedelta(minutes=1))
        listener.clock.advance(minutes=1)
    assert 0 < len(listener.texts()) < len(listener.expected())
    assert listener.pull().state == "done"
    assert listener.texts() == listener.expected()
    assert listener.state.cursor is None


@each
@pytest.mark.parametrize("headers", LIMITS.values(), ids=LIMITS)
def test_a_limit_is_obeyed_to_the_second(listener: Listener, headers: dict[str, str]):
    listener.network.post(PAGE + 5)
    listener.network.instead[listener.voice.second] = Told("slow down", 429, headers)
    pause = 30 if headers else 60
    done = listener.pull()
    assert done.state == "waiting"
    assert done.counts.new == PAGE
    listener.clock.advance(seconds=pause - 1)
    asked = len(listener.network.asked)
    assert listener.pull().state == "waiting"
    assert len(listener.network.asked) == asked
    assert listener.later(seconds=1).state == "done"
    assert listener.texts() == listener.expected()


@each
def test_the_last_call_that_is_allowed_is_not_followed_by_another(listener: Listener):
    listener.network.post(PAGE + 5)
    truth = listener.network.voice
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-23T04:00:30.000Z"}

    def last(network: Network, asked: Asked) -> Told:
        told = truth(network, asked)
        return replace(told, headers={**told.headers, **spent})

    listener.network.voice = last
    assert listener.pull().state == "waiting"
    assert len(listener.network.asked) == 1
    listener.network.voice = truth
    assert listener.later(seconds=30).state == "done"
    assert listener.texts() == listener.expected()


@each
def test_a_failing_network_is_asked_less_and_less(listener: Listener):
    listener.network.post(PAGE + 5)
    failures = (Told("oops", 503), Told("<html>Bad gateway</html>", 502), Told("", 500))
    listener.network.instead = dict(enumerate(failures, start=listener.voice.second))
    assert listener.pull().state == "failed"
    for seconds in (60, 120, 240):
        asked = len(listener.network.asked)
        assert listener.later(seconds=seconds - 1).state == "waiting"
        assert len(listener.network.asked) == asked
        done = listener.later(seconds=1)
    assert done.state == "done"
    assert listener.texts() == listener.expected()
    assert (listener.state.failures, listener.state.problem) == (0, None)


@each
def test_an_answer_that_is_none_is_said_and_survived(listener: Listener):
    listener.network.post(3)
    listener.network.instead[0] = Told("<p>We are down for maintenance</p>")
    done = listener.pull()
    assert done.state == "failed"
    assert done.problem
    assert listener.texts() == []
    assert listener.later(minutes=2).counts.new == 3


@each
def test_a_refusal_is_told_with_what_to_do(listener: Listener):
    listener.network.instead[0] = Told({"error": "unauthorized"}, 401)
    done = listener.pull()
    assert done.state == "failed"
    assert "Check" in done.problem
    assert "secret-token" not in done.problem


@each
def test_a_malformed_record_keeps_no_other_away(listener: Listener):
    listener.network.post(5)
    listener.network.change(3, broken=True)
    done = listener.pull()
    assert (done.state, done.counts.new, done.counts.malformed) == ("done", 4, 1)
    assert listener.texts() == [each.text for each in listener.network.said if not each.broken]


@each
def test_an_edit_is_followed(listener: Listener):
    listener.network.post(5)
    listener.pull()
    with listener.store.write() as session:
        for row in session.scalars(select(Post)):
            row.sentiment_milli, row.topic = 500, "tea"
    listener.network.change(3, text="Said something else")
    done = listener.later(minutes=15)
    assert (done.counts.new, done.counts.changed) == (0, 1)
    with listener.store.read() as session:
        rows = {str(row.text): row for row in session.scalars(select(Post))}
        changed = rows["Said something else"]
        assert (changed.sentiment_milli, changed.topic) == (None, None)
        assert changed.edited_at is not None
        assert rows["Said number 4"].topic == "tea"
        assert session.execute(select(func.count()).select_from(PostRecord)).scalar_one() == 5


@each
def test_a_deletion_is_followed_where_the_network_shows_it(listener: Listener):
    listener.network.post(PAGE + 5)
    listener.pull()
    for number in (1 + PAGE + 4, 3):
        listener.network.delete(number)
    done = listener.later(minutes=15)
    if not listener.voice.follows_deletions:
        assert done.counts.deleted == 0
        return
    assert done.counts.deleted == 2
    assert listener.texts() == listener.expected()
    with listener.store.read() as session:
        assert session.execute(select(func.count()).select_from(PostRecord)).scalar_one() == PAGE + 3


@each
@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_wrong_hides_nothing(listener: Listener, hours: int):
    """Limits count from the network's own time; what is dated into the future came now."""
    listener.network.ahead = timedelta(hours=hours)
    listener.network.post(PAGE + 5)
    reset = NOW + listener.network.ahead + timedelta(seconds=30)
    listener.network.instead[listener.voice.second] = Told("", 429, {"X-Rate-Limit-Reset": f"{reset.timestamp():.0f}"})
    assert listener.pull().state == "waiting"
    assert listener.later(seconds=30).state == "done"
    listener.network.post(1, since=listener.clock())
    assert listener.later(minutes=1).counts.new == 1
    with listener.store.read() as session:
        assert max(session.scalars(select(Post.occurred_at))) <= listener.clock()
    assert sorted(listener.texts()) == sorted(listener.expected())


TEN_THOUSAND = 10_000


def test_ten_thousand_posts_take_no_more_memory_than_one_thousand(migrated_sqlite: Path, tmp_path: Path, clock: Clock):
    """Once, by pages of 40, on SQLite: what is held is a page."""
    shutil.copy(migrated_sqlite, tmp_path / "rapport.sqlite")
    store = open_store(f"sqlite:///{tmp_path / 'rapport.sqlite'}", tmp_path / "data", None)
    network = Network(lambda network, asked: replace_page(network, asked, 40))
    with served(network):
        network.post(TEN_THOUSAND, since=NOW)
        listener = Listener("mastodon", store, clock, network)
        taken: list[int] = []
        truth = network.voice

        def measured(network: Network, asked: Asked) -> Told:
            if len(network.asked) in (25, 250):
                gc.collect()
                taken.append(psutil.Process().memory_info().rss)
            return truth(network, asked)

        network.voice = measured
        done = listener.pull()
        assert (done.state, done.counts.new, done.counts.pages) == ("done", TEN_THOUSAND, TEN_THOUSAND // 40 + 1)
        assert taken[1] - taken[0] < 16 * 1024 * 1024
    store.close()


def replace_page(network: Network, asked: Asked, count: int) -> Told:
    """The same voice by larger pages."""
    after = network.after
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "after", lambda number: after(number, count))
        return VOICES["mastodon"].tell(network, asked)
