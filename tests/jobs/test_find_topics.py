"""The nightly search for topics, in its real child process: it finds what is talked about, and whom about is none."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from config.settings import Settings
from crm_core.database import Store, open_store
from crm_core.models import JobRun, Post, Topic, TopicText
from jobs.find_topics import find_topics
from jobs.runner import run_now
from tests.conftest import NOW, Clock

THEMES = (
    "parcel courier customs delayed shipping warehouse tracking doorstep driver label depot van route signature hub",
    "grinder espresso crema burr filter kettle pour roast dial puck portafilter steam froth grounds basket",
)
NAMES = ("Juniper & Crane", "#juniperandcrane", "BrightBrew", "Copper Kettle Co")


@pytest.fixture
def store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rapport.sqlite").write_bytes(migrated_sqlite.read_bytes())
    opened = open_store(f"sqlite:///{tmp_path / 'data' / 'rapport.sqlite'}", tmp_path / "data", None)
    yield opened
    opened.close()


@pytest.fixture
def app(store: Store, clock: Clock, tmp_path: Path) -> Any:
    """What the job needs, with posts about two things, each of which names somebody."""
    chance = random.Random(2)
    with store.write() as session:
        for place in range(120):
            words = chance.sample(THEMES[place % 2].split(), 6)
            session.add(Post(
                connector="x", external_id=str(place), about="us", language="en", sentiment_milli=0,
                text=f"{chance.choice(NAMES)} {' '.join(words)}", occurred_at=NOW - timedelta(hours=place % 10 + 1),
            ))  # fmt: skip
    settings = Settings(
        _env_file=None, data_dir=tmp_path / "data",
        database={"url": f"sqlite:///{tmp_path / 'data' / 'rapport.sqlite'}"},
    )  # type: ignore[arg-type]  # fmt: skip
    return SimpleNamespace(store=store, clock=clock, settings=settings)


def test_the_job_finds_topics_and_no_name_is_one(app: Any) -> None:
    state, result = run_now(app, "find_topics", {"find_topics": find_topics})
    assert (state, result["topics"]["posts_en"]["texts"]) == ("done", 120)
    with app.store.read() as session:
        topics = list(session.scalars(select(Topic)))
        assert session.scalars(select(JobRun)).one().state == "done"
        assert len(set(session.scalars(select(TopicText.post_id)))) > 60
    words = {word for topic in topics for word, _ in topic.words}
    assert words <= set(" ".join(THEMES).split())
    for topic in topics:
        heavy = {word for word, _ in topic.words[:5]}
        assert any(heavy <= set(theme.split()) for theme in THEMES), topic.name
