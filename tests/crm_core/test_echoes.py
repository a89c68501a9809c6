"""Posts that say what an earlier one said are found, whatever is put around them; others are not."""

from datetime import datetime, timedelta

import pytest

from crm_core.database import Store
from crm_core.listening.echoes import Finder, Said
from crm_core.models import Post, PostBand
from tests.conftest import NOW

ORIGINAL = "my brightbrew grinder got so hot that it melted its own stand unplug yours"
CHINESE = "亮泡磨豆机充电烫到底座都化了大家先拔掉"


@pytest.fixture
def finder(store: Store) -> Finder:
    return Finder(store.vault, lambda text: text)


def said(number: int, plain: str, at: datetime = NOW) -> Said:
    return Said(number, plain, at)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ORIGINAL, ORIGINAL),
        (ORIGINAL, f"so {ORIGINAL}"),
        (ORIGINAL, ORIGINAL.replace("melted", "meltd")),
        (CHINESE, CHINESE),
        (CHINESE, f"更新{CHINESE}"),
    ],
)
def test_copies_are_found(store: Store, finder: Finder, first: str, second: str) -> None:
    with store.read() as session:
        found = finder.find(session, [said(1, first), said(2, second), said(3, second)])
    assert found.originals == {2: 1, 3: 1}
    assert set(found.bands) == {1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ORIGINAL, "my copper kettle got so loud that the cat moved out of the kitchen for good"),
        (ORIGINAL, "brightbrew is looking into the battery thing they say look faster please"),
        ("love it so much", "love it so much"),
        ("真的好喝", "真的好喝"),
        ("", ""),
    ],
)
def test_others_and_short_ones_are_not(store: Store, finder: Finder, first: str, second: str) -> None:
    with store.read() as session:
        assert finder.find(session, [said(1, first), said(2, second)]).originals == {}


def test_what_is_said_again_a_week_later_is_said_anew(store: Store, finder: Finder) -> None:
    with store.read() as session:
        found = finder.find(session, [said(1, ORIGINAL), said(2, ORIGINAL, NOW + timedelta(days=8))])
    assert found.originals == {}


def test_stored_posts_are_found_by_their_bands(store: Store, finder: Finder) -> None:
    with store.write() as session:
        session.add(Post(id=7, connector="rss", external_id="a", about="us", occurred_at=NOW, text=ORIGINAL))
        session.flush()
        session.add_all(PostBand(post_id=7, band=band) for band in finder.bands(said(7, ORIGINAL)))
    with store.read() as session:
        assert finder.find(session, [said(8, f"look {ORIGINAL}"), said(9, CHINESE)]).originals == {8: 7}
        assert finder.find(session, [said(6, ORIGINAL)]).originals == {}  # it was there before


def test_hashes_tell_nothing_without_the_key(store: Store, finder: Finder) -> None:
    class OtherVault:
        compare_key = b"another key of thirty-two bytes!"

    other = Finder(OtherVault(), lambda text: text)  # type: ignore[arg-type]
    assert not set(other.bands(said(1, ORIGINAL))) & set(finder.bands(said(1, ORIGINAL)))
