"""The job that listens: on feeds served from this machine, twice, and killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from config.settings import ConnectorSettings, Settings, Source
from crm_core.database import Store, open_store
from crm_core.models import Post, PostRecord, Pull
from jobs.cleanup import cleanup
from jobs.pull_social import UnknownConnector, pull_social
from tests.conftest import NOW, Clock
from tests.contracts.networks import PAGE, Asked, Network, Told, served
from tests.contracts.voices import VOICES

FEEDS = 2
CHILD = """
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from config.settings import Settings
from crm_core.database import open_store
from jobs.pull_social import pull_social
settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]))
store = open_store(settings.database_url, settings.data_dir, None)
now = datetime.fromisoformat(sys.argv[2])
pull_social(SimpleNamespace(store=store, settings=settings, clock=lambda: now), now)
"""


def listening(network: Network, **more: Any) -> dict[str, ConnectorSettings]:
    of = VOICES["rss"].of.format(url=network.url)
    sources = tuple(Source(name=f"feed-{number}", of=f"{of}?feed={number}") for number in range(FEEDS))
    return {"rss": ConnectorSettings(allow_private=True, sources=sources, **more)}


def app_of(store: Store, clock: Clock, connectors: dict[str, ConnectorSettings]) -> Any:
    return SimpleNamespace(store=store, clock=clock, settings=Settings(_env_file=None, connectors=connectors))


def two_feeds(network: Network, asked: Asked) -> Told:
    """Entries of the one and the other have ids of their own."""
    told = VOICES["rss"].tell(network, asked)
    number = asked.query.get("feed", "0")
    text = (
        told.content.decode()
        .replace("false'>", f"false'>urn:{number}:")
        .replace("?before", f"?feed={number}&amp;before")
    )
    return Told(text)


def test_it_brings_posts_once(store: Store, clock: Clock) -> None:
    with served(Network(two_feeds)) as network:
        network.post(PAGE + 3)
        app = app_of(store, clock, listening(network))
        told = pull_social(app, clock())
        assert told == {
            "sources": 2, "new": 2 * (PAGE + 3), "changed": 0, "deleted": 0, "malformed": 0, "pages": 4, "more": 0,
            "waiting": 0, "failed": 0,
        }  # fmt: skip
        clock.advance(minutes=15)
        assert pull_social(app, clock())["new"] == 0


def test_a_source_that_fails_keeps_no_other_from_being_read(store: Store, clock: Clock) -> None:
    with served(Network(two_feeds)) as network:
        network.post(3)
        network.instead[0] = Told("gone", 410)
        told = pull_social(app_of(store, clock, listening(network)), clock())
        assert (told["new"], told["failed"]) == (3, 1)


def test_a_network_that_nobody_knows_is_said(store: Store, clock: Clock) -> None:
    with pytest.raises(UnknownConnector, match=r"nowhere.*rss"):
        pull_social(app_of(store, clock, {"nowhere": ConnectorSettings()}), clock())


def test_what_was_sent_is_kept_for_a_week(store: Store, clock: Clock, tmp_path: Path) -> None:
    with served(Network(two_feeds)) as network:
        network.post(3)
        app = app_of(store, clock, listening(network))
        assert pull_social(app, clock())["new"] == 6
    app.settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    clock.advance(days=7)
    assert cleanup(app, clock())["post_records"] == 0
    clock.advance(seconds=1)
    assert cleanup(app, clock())["post_records"] == 6
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(PostRecord)) == 0
        assert session.scalar(select(func.count()).where(Post.source.is_not(None))) == 6


@pytest.mark.kill
def test_killed_in_the_middle_and_run_again_all_are_there_once(tmp_path: Path) -> None:
    reached = threading.Event()

    def hangs(network: Network, asked: Asked) -> Told:
        if len(network.asked) == 3:
            reached.set()
            killed.wait(60)
        return two_feeds(network, asked)

    killed = threading.Event()
    with served(Network(hangs)) as network:
        network.post(3 * PAGE)
        connectors = Settings(_env_file=None, connectors=listening(network)).model_dump_json(include={"connectors"})
        environment = {**os.environ, "RAPPORT_CONNECTORS": connectors.removeprefix('{"connectors":')[:-1]}
        run = [sys.executable, "-c", CHILD, str(tmp_path / "data"), NOW.isoformat()]
        root = Path(__file__).parents[2]
        with subprocess.Popen(run, cwd=root, env=environment) as child:
            assert reached.wait(60)
            child.send_signal(signal.SIGKILL)
        killed.set()
        store = open_store(Settings(_env_file=None, data_dir=tmp_path / "data").database_url, tmp_path / "data", None)
        with store.read() as session:
            assert session.scalar(select(func.count()).select_from(Post)) == 2 * PAGE
            assert session.scalars(select(Pull.cursor)).one()
        subprocess.run(run, cwd=root, env=environment, check=True, timeout=60)
        with store.read() as session:
            ids = list(session.scalars(select(Post.external_id)))
        assert len(ids) == len(set(ids)) == 2 * 3 * PAGE
        store.close()
