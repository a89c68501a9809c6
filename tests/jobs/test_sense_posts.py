"""The job that makes sense of posts: each once, again after an edit, wherever it was interrupted."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot import sensing as joined
from bot.names import KnownNames
from config.settings import Competitor, Settings, Source
from crm_core.connectors import base
from crm_core.connectors.storing import keep_posts
from crm_core.database import Store
from crm_core.listening.echoes import BANDS
from crm_core.models import Post, PostBand, Product, Pull
from jobs.cleanup import cleanup
from jobs.sense_posts import sense_posts
from nlu.interpreter import Interpreter
from nlu.post_models import PostModels
from nlu.sensing import Sense, Sensing
from tests.conftest import NOW, Clock

BROKEN = "my BrightBrew grinder broke after two days and nobody there answers, i want my money back"
SETTINGS = Settings(_env_file=None, competitors=(Competitor(name="BrightBrew", aliases=("亮泡",)),))


class Reader:
    """A sensing that counts what it read, and may fail."""

    def __init__(self, sensing: Sensing) -> None:
        self.sensing, self.read_texts, self.fails_after = sensing, 0, 10**9

    def read(self, texts: list[str]) -> list[Sense]:
        self.read_texts += len(texts)
        if self.read_texts > self.fails_after:
            raise KeyboardInterrupt
        return self.sensing.read(texts)


@pytest.fixture
def reader(store: Store, interpreter: Interpreter, post_models: PostModels, clock: Clock) -> Reader:
    with store.write() as session:
        session.add(
            Product(sku="T3", name_en="T3 grinder", name_zh="T3磨豆机", category="grinders", price_minor=1,
                    currency="CNY", updated_at=NOW)
        )  # fmt: skip
    names = KnownNames(store, interpreter, SETTINGS, clock)
    return Reader(Sensing(names.interpreter(), post_models))


def found(number: int, text: str, at: datetime = NOW, **more: Any) -> base.Post:
    return base.Post(f"p{number}", "post", "@reader", text, at - timedelta(minutes=1), **more)


def bring(session: Session, *posts: base.Post) -> None:
    pull = Pull(connector="file", source="test", began_at=NOW)
    keep_posts(session, pull, Source(name="ours", of="ours"), posts, NOW)


def sense(store: Store, reader: Reader, clock: Clock) -> dict[str, Any]:
    return joined.sense_all(store, reader, clock)  # type: ignore[arg-type]


def by_id(store: Store) -> dict[str, Post]:
    with store.read() as session:
        return {post.external_id: post for post in session.scalars(select(Post).order_by(Post.id))}


def test_everything_is_stored_once_and_edits_are_read_again(store: Store, reader: Reader, clock: Clock) -> None:
    with store.write() as session:
        bring(session, found(1, BROKEN), found(2, "鹤与杜松的T3磨豆机太好用了，爱了"), found(3, f"RT @x: {BROKEN}"))
        bring(
            session,
            found(4, "EARN $900 a day from home, whatsapp me now"),
            found(5, "wo ist mein Paket", language="de"),
        )
    assert sense(store, reader, clock) == {"sensed": 5, "duplicates": 1, "spam": 1}
    assert sense(store, reader, clock)["sensed"] == 0
    posts = by_id(store)
    first, second, third, fourth, fifth = (posts[f"p{number}"] for number in range(1, 6))
    assert (first.language, first.need, first.competitors, first.brand_named) == (
        "en",
        "complain",
        ["BrightBrew"],
        False,
    )
    assert (second.language, second.need, second.products, second.brand_named) == ("zh", "praise", ["T3"], True)
    assert (first.sentiment_milli or 0) < 0 < (second.sentiment_milli or 0)
    assert (third.duplicate_of_id, first.duplicate_of_id) == (first.id, None)
    assert "promises_money" in fourth.spam_reasons
    assert (fourth.spam, first.spam) == (True, False)
    assert fifth.language == "de"  # the network knows better
    with store.write() as session:
        bring(session, found(1, "love my new BrightBrew grinder, best thing ever, so happy with it"))
    assert sense(store, reader, clock)["sensed"] == 2  # and what repeated it, which stands for itself now
    posts = by_id(store)
    assert (posts["p1"].need, posts["p3"].duplicate_of_id) == ("praise", None)


def test_an_interrupted_run_goes_on_where_it_stopped(
    store: Store, reader: Reader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "BATCH", 4)
    with store.write() as session:
        bring(session, *(found(number, f"where can i buy number {number}?") for number in range(10)))
    reader.fails_after = 8
    with pytest.raises(KeyboardInterrupt):
        sense(store, reader, clock)
    reader.read_texts, reader.fails_after = 0, 10**9
    assert sense(store, reader, clock)["sensed"] == reader.read_texts == 2
    assert all(post.sensed_at for post in by_id(store).values())


def test_copies_are_folded_across_runs_and_stand_alone_when_the_original_goes(
    store: Store, reader: Reader, clock: Clock
) -> None:
    for number in range(3):
        with store.write() as session:
            bring(session, found(number, BROKEN))
        sense(store, reader, clock)
    posts = by_id(store)
    first = posts["p0"].id
    assert [post.duplicate_of_id for post in posts.values()] == [None, first, first]
    with store.write() as session:
        assert session.scalar(select(func.count(func.distinct(PostBand.post_id)))) == 1
        bring(session, found(0, "", deleted=True))
    sense(store, reader, clock)
    left = by_id(store)
    assert [post.duplicate_of_id for post in left.values()] == [None, left["p1"].id]


def test_what_is_edited_while_it_is_read_is_left_for_the_next_run(store: Store, reader: Reader, clock: Clock) -> None:
    with store.write() as session:
        bring(session, found(1, BROKEN), found(2, "what does it cost?"))
    read = reader.sensing.read

    class Slow(Reader):
        def read(self, texts: list[str]) -> list[Sense]:
            with store.write() as session:
                bring(session, found(1, "so happy with my grinder, i love it"))
            return read(texts)

    assert sense(store, Slow(reader.sensing), clock)["sensed"] == 1
    assert by_id(store)["p1"].sensed_at is None
    assert sense(store, reader, clock)["sensed"] == 1


def test_old_posts_are_no_longer_compared_with(store: Store, reader: Reader, clock: Clock, tmp_path: Path) -> None:
    with store.write() as session:
        bring(session, found(1, BROKEN))
    sense(store, reader, clock)
    app: Any = SimpleNamespace(store=store, clock=clock, settings=Settings(_env_file=None, data_dir=tmp_path))
    assert cleanup(app, NOW)["post_bands"] == 0
    clock.advance(days=15)
    assert cleanup(app, NOW)["post_bands"] == BANDS


def test_nothing_is_loaded_when_there_is_nothing_to_read(store: Store) -> None:
    class Nothing:
        def __init__(self) -> None:
            self.store = store

    assert sense_posts(Nothing(), NOW) == {"pictures": 0, "sensed": 0}  # type: ignore[arg-type]


def test_a_thousand_posts_pass_in_small_batches(store: Store, clock: Clock) -> None:
    class Quick:
        most = 0

        def read(self, texts: list[str]) -> list[Sense]:
            self.most = max(self.most, len(texts))
            return [Sense("en", "other", 0.0, (), False, (), (), text) for text in texts]

    quick = Quick()
    with store.write() as session:
        bring(session, *(found(number, f"post {number}") for number in range(1_000)))
    assert sense(store, quick, clock)["sensed"] == 1_000  # type: ignore[arg-type]
    assert quick.most == joined.BATCH
    with store.write() as session:
        session.execute(update(Post).values(sensed_at=None))
    assert sense(store, quick, clock)["sensed"] == 1_000  # type: ignore[arg-type]
