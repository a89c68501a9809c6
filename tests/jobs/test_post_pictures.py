"""Pictures that posts carry: fetched some at a time, read, compared, found by words, gone with their posts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import sensing as joined
from bot.names import KnownNames
from bot.post_pictures import MOST_BYTES, PostPictures
from config.settings import ConnectorSettings, Settings, Source
from crm_core.connectors import base
from crm_core.connectors.base import Picture
from crm_core.connectors.storing import keep_posts
from crm_core.database import Store
from crm_core.listening import author_candidates, pictures
from crm_core.models import Customer, Order, Post, PostPicture, Product, Pull
from crm_core.pictures.looking import NotSeen, Seen
from crm_core.reports.evidence import behind
from crm_core.reports.periods import Period
from crm_core.reports.subjects import records_of
from nlu.interpreter import Interpreter
from nlu.post_models import PostModels
from nlu.sensing import Sensing
from tests.conftest import NOW, Clock
from tests.contracts.networks import Network, Told, served

SETTINGS = Settings(_env_file=None)
WEEK = Period(NOW - timedelta(days=7), NOW + timedelta(days=1), "UTC")


def written(content: bytes, folder: Path) -> Seen:
    """A picture is its text here: `looks|text`."""
    looks, _, text = content.decode().partition("|")
    if not looks:
        raise NotSeen("It is no picture that can be opened.")
    return Seen(int(looks), text)


class Gallery:
    """Posts with pictures, the server where those lie, and the job that looks at them."""

    def __init__(self, store: Store, names: KnownNames, network: Network, clock: Clock, folder: Path) -> None:
        self.store, self.names, self.network, self.clock, self.folder = store, names, network, clock, folder
        self.shown: dict[str, Told] = {}
        network.voice = lambda network, asked: self.shown.get(asked.path, Told("gone", 404))

    def shows(self, name: str, content: bytes | str, status: int = 200) -> str:
        """Put a picture on the server; returns its address."""
        self.shown[f"/{name}"] = Told(content, status)
        return f"{self.network.url}/{name}"

    def bring(self, *posts: base.Post) -> None:
        with self.store.write() as session:
            keep_posts(session, _pull(session), Source(name="ours", of="ours"), posts, self.clock())

    def look(self, look_at: Any = written, **settings: Any) -> int:
        given = {"allow_private": True, **settings}
        job = PostPictures(self.store, {"x": ConnectorSettings(**given)}, self.folder, self.clock, look_at)
        return job.look(self.names.interpreter())

    def rows(self) -> list[PostPicture]:
        with self.store.read() as session:
            return list(session.scalars(select(PostPicture).order_by(PostPicture.post_id, PostPicture.place)))

    def post(self) -> Post:
        with self.store.read() as session:
            return session.scalars(select(Post).order_by(Post.id)).one()


def _pull(session: Session) -> Pull:
    found = session.scalars(select(Pull)).first()
    if found is None:
        found = Pull(connector="x", source="ours", began_at=NOW)
        session.add(found)
        session.flush()
    return found


def found(number: int, *carried: Picture, text: str = "look at this", **more: Any) -> base.Post:
    at = NOW - timedelta(hours=1)
    return base.Post(f"p{number}", "post", "@reader", text, at, pictures=carried, **more)


@pytest.fixture
def gallery(store: Store, interpreter: Interpreter, clock: Clock, tmp_path: Path) -> Iterator[Gallery]:
    with store.write() as session:
        session.add(
            Product(sku="T3", name_en="T3 grinder", name_zh="T3磨豆机", category="grinders", price_minor=1,
                    currency="CNY", updated_at=NOW)
        )  # fmt: skip
        customer = Customer(number=7, first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        session.add(
            Order(number="SO-20931", customer_id=customer.id, status="shipped", placed_at=NOW, currency="CNY",
                  total_minor=1, updated_at=NOW)
        )  # fmt: skip
    with served(Network(lambda network, asked: Told(""))) as network:
        yield Gallery(store, KnownNames(store, interpreter, SETTINGS, clock), network, clock, tmp_path / "work")


def test_a_picture_is_read_and_what_it_names_is_the_posts(gallery: Gallery, post_models: PostModels) -> None:
    gallery.bring(found(1, Picture(gallery.shows("a", "5|T3 grinder\nOrder SO-2O931 and SO-99999"), "my new mill")))
    joined.sense_all(gallery.store, Sensing(gallery.names.interpreter(), post_models), gallery.clock)
    assert gallery.post().products == []
    assert gallery.look() == 1
    row = gallery.rows()[0]
    assert (row.text, row.alt, row.looks) == ("T3 grinder\nOrder SO-2O931 and SO-99999", "my new mill", 5)
    assert (row.products, row.orders) == (["T3"], ["SO-20931"])
    with gallery.store.read() as session:
        who = author_candidates.candidates(session, gallery.post(), None, "CN")
        assert [one.reasons for one in who] == [("order",)]
    assert row.text_sealed is not None
    assert b"grinder" not in bytes(row.text_sealed)
    joined.sense_all(gallery.store, Sensing(gallery.names.interpreter(), post_models), gallery.clock)
    assert gallery.post().products == ["T3"]
    assert "authorization" not in gallery.network.asked[0].headers
    assert gallery.look() == 0
    assert len(gallery.network.asked) == 1


def test_without_what_reads_text_the_description_is_read(gallery: Gallery) -> None:
    gallery.bring(found(1, Picture(gallery.shows("a", "x"), "A T3 grinder on a table")))
    gallery.look(lambda content, folder: Seen(3, None))
    assert (gallery.rows()[0].text, gallery.rows()[0].products) == (None, ["T3"])


def test_few_are_looked_at_in_a_run_the_newest_first(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.post_pictures.AT_ONCE", 2)
    for number in range(5):
        gallery.bring(found(number, Picture(gallery.shows(str(number), "1|"))))
    assert [gallery.look() for _ in range(4)] == [2, 2, 1, 0]
    assert [asked.path for asked in gallery.network.asked] == ["/4", "/3", "/2", "/1", "/0"]


def test_what_cannot_be_had_is_asked_for_as_long_as_that_makes_sense(gallery: Gallery) -> None:
    large = gallery.shows("large", "1|" + "x" * MOST_BYTES)
    asked = [gallery.shows("busy", "", 503), gallery.shows("none", "", 404), gallery.shows("odd", "|"), large]
    gallery.bring(found(1, *(Picture(address) for address in asked)))
    for _ in range(5):
        assert gallery.look() == 0
    times = [sum(asked.path == f"/{name}" for asked in gallery.network.asked) for name in ("busy", "none", "odd")]
    assert times == [pictures.TRIES, 1, 1]
    assert [bool(row.problem and row.looked_at) for row in gallery.rows()] == [True] * 4


def test_only_public_addresses_are_fetched_and_none_where_that_is_off(gallery: Gallery) -> None:
    gallery.bring(found(1, Picture(gallery.shows("a", "1|"))))
    assert gallery.look(pictures=False) == 0
    assert gallery.rows()[0].looked_at is None
    assert gallery.look(allow_private=False) == 0
    assert gallery.network.asked == []
    assert "not fetched" in (gallery.rows()[0].problem or "")


def test_other_pictures_take_the_place_of_those_before(gallery: Gallery) -> None:
    first, second = gallery.shows("a", "1|one"), gallery.shows("b", "2|two")
    gallery.bring(found(1, Picture(f"{first}?s=1")))
    gallery.bring(found(1, Picture(f"{first}?s=2")))
    assert [row.address for row in gallery.rows()] == [f"{first}?s=2"], "signed anew before it was looked at"
    gallery.look()
    gallery.bring(found(1, Picture(f"{first}?s=3")))
    assert [row.text for row in gallery.rows()] == ["one"]
    gallery.bring(found(1, Picture(second), Picture(first)))
    assert [(row.address, row.text) for row in gallery.rows()] == [(second, None), (first, None)]
    gallery.bring(found(1))
    assert gallery.rows() == []


def test_they_are_shown_found_and_counted(gallery: Gallery) -> None:
    one, other, far = (
        gallery.shows(*each) for each in (("a", "5|sale 199"), ("b", "4|sale 199"), ("c", "-1|sale 199"))
    )
    for number, address in enumerate((one, other, far)):
        gallery.bring(found(number, Picture(address, "a poster"), text=f"post {number}"))
    gallery.look()
    with gallery.store.read() as session:
        rows = behind(session, "mentions", WEEK, {}, {}).rows
        shown = {row.text: (row.in_picture, row.same_picture) for row in rows}
        assert shown == {"post 0": ("sale 199", 1), "post 1": ("sale 199", 1), "post 2": ("sale 199", 0)}
        assert records_of(session, "mentions", WEEK, {"says": ["sale"]}, {}, 10).total == 3
        assert records_of(session, "mentions", WEEK, {"says": ["bargain"]}, {}, 10).total == 0


def test_they_go_with_their_posts(gallery: Gallery) -> None:
    gallery.bring(found(1, Picture(gallery.shows("a", "1|"))), found(2, Picture(gallery.shows("b", "1|"))))
    gallery.bring(found(1, deleted=True))
    assert [row.address for row in gallery.rows()] == [f"{gallery.network.url}/b"]
    with gallery.store.write() as session:
        session.delete(session.scalars(select(Post)).one())
    with gallery.store.read() as session:
        assert session.scalar(select(func.count()).select_from(PostPicture)) == 0
