"""Spikes, rises and competitors: what is found, what is put down to chance, and the same on both databases."""

import random
from datetime import timedelta
from itertools import pairwise

import pytest

from crm_core.analytics.public.competitors import compare_brands
from crm_core.analytics.public.spikes import DAYS, Usual, spike_of, spikes, tail, usual
from crm_core.analytics.public.trends import Moods, gap, moods, moves
from crm_core.analytics.public.voice import Cell, by_age, cells, rolling
from crm_core.database import Store
from crm_core.models import Post
from crm_core.sample.rows import poisson
from tests.conftest import NOW

WEEK = (1.0, 1.0, 1.0, 1.0, 1.2, 1.9, 1.7)


def cell(age: int, count: int, *, brand: str = "us", topic: str | None = None, mood: int = 0, repeats: int = 0) -> Cell:
    return Cell(age, frozenset({brand}), "weibo", topic, None, (), count + repeats, count, count, mood * count,
                mood * mood * count)  # fmt: skip


def days(chance: random.Random, level: float, count: int, clumped: float = 0.0) -> list[int]:
    """Counts by age with a week, the last day first; `clumped`: more uneven than chance alone."""
    found = []
    for age in range(count):
        rate = level * WEEK[-age % 7]
        found.append(poisson(chance, rate * (chance.gammavariate(1 / clumped, clumped) if clumped else 1)))
    return found


@pytest.mark.parametrize(("level", "clumped"), [(0.4, 0.0), (3.0, 0.0), (12.0, 0.0), (12.0, 0.15), (80.0, 0.05)])
def test_weekends_and_chance_are_no_spikes(level: float, clumped: float):
    chance, false = random.Random(f"{level} {clumped}"), 0
    for _ in range(400):
        counts = days(chance, level, DAYS + 1, clumped)
        false += spike_of([cell(age, count) for age, count in enumerate(counts)], "us", 0) is not None
    assert false <= 8  # 2 %


@pytest.mark.parametrize("level", [1.0, 5.0, 40.0])
def test_a_wave_is_found_in_spite_of_one_a_month_ago(level: float):
    chance, found = random.Random(7), 0
    for _ in range(100):
        counts = days(chance, level, DAYS + 1)
        counts[0] = max(counts[0], 1) + round(5 * level + 6)
        for age in (28, 29, 30):
            counts[age] += round(6 * level)
        found += spike_of([cell(age, count) for age, count in enumerate(counts)], "us", 0) is not None
    assert found >= 80


def test_a_spike_says_what_made_it_and_how_many_only_repeat():
    usual_days = [cell(age, 3, topic="taste", mood=300) for age in range(1, DAYS + 1)]
    today = [cell(0, 3, topic="taste", mood=300), cell(0, 20, topic="battery", mood=-800, repeats=30)]
    spike = spike_of([*usual_days, *today], "us", 0)
    assert spike is not None
    assert (spike.count, spike.repeats, spike.usual) == (23, 30, pytest.approx(3))
    assert spike.reasons[0].dimension == "topic"
    assert spike.reasons[0].key == "battery"
    assert spike.reasons[0].share == pytest.approx(1, abs=0.01)
    assert spike.mood_milli == pytest.approx((-800 * 20 + 300 * 3) / 23)
    assert spike_of([*usual_days, cell(0, 3, topic="taste", repeats=200)], "us", 0) is None  # one post, said again


def test_tails_add_up():
    assert tail(0, 3.0, 1.0) == 1.0
    assert tail(1, 3.0, 1.0) == pytest.approx(1 - 2.718281828**-3)
    for mean, dispersion in ((0.5, 1.0), (4.0, 1.0), (4.0, 3.0), (200.0, 1.5)):
        chances = [tail(count, mean, dispersion) for count in range(1200)]
        assert all(one >= other - 1e-12 for one, other in pairwise(chances))
        assert sum(chances[1:]) == pytest.approx(mean, rel=1e-6)  # the mean is the sum of the tails
    assert Usual(5.0, 2.0).chance(15) > Usual(5.0, 1.0).chance(15)
    assert usual([]).mean > 0


def test_what_rises_and_falls_is_told_from_chance():
    chance = random.Random(3)
    even = [cell(age, poisson(chance, 3), topic="tea") for age in range(35)]
    rising = [cell(age, 1 if age >= 7 else 4, topic="cold brew") for age in range(35)]
    falling = [cell(age, 3, topic="gift") for age in range(7, 35)]
    new = [cell(age, 2, topic="battery") for age in range(3)]
    found = {move.key: move for move in moves([*even, *rising, *falling, *new])}
    assert {"cold brew", "gift", "battery"} <= set(found) <= {"cold brew", "gift", "battery", "weibo"}
    assert found["battery"].times is None
    assert found["cold brew"].times == pytest.approx(4)
    assert found["gift"].surprise < 0


def test_gaps_of_mood_hold_their_share():
    chance, held = random.Random(5), 0
    for _ in range(400):
        sides = []
        for mean in (200, -100):
            drawn = [round(chance.gauss(mean, 400)) for _ in range(30)]
            sides.append(Moods(len(drawn), sum(drawn), sum(each * each for each in drawn)))
        found = gap(*sides)
        assert found is not None
        held += found.low <= 300 <= found.high
    assert 0.9 <= held / 400 <= 0.98
    assert gap(Moods(1, 5, 25), Moods(9, 0, 0)) is None


def test_brands_are_compared_by_voice_mood_and_topic():
    chance = random.Random(8)

    def drawn(brand: str, topic: str, mood: int, count: int) -> list[Cell]:
        moods = [mood + chance.randrange(-150, 151) for _ in range(count)]
        return [cell(chance.randrange(30), 1, brand=brand, topic=topic, mood=each) for each in moods]

    found = [
        *drawn("us", "service", 600, 20), *drawn("Rival", "service", -400, 20), *drawn("us", "price", -300, 12),
        *drawn("Rival", "price", 400, 12), *drawn("us", "taste", 300, 12), *drawn("Rival", "taste", 300, 12),
        cell(2, 5, brand="Rival", topic="service", mood=900), cell(40, 10, brand="Rival"),
    ]  # fmt: skip
    compared = compare_brands(found, 30)
    shares = {rival.brand: rival.share for rival in compared.rivals}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["Rival"] == pytest.approx(49 / 93)
    fields = {(field.key, field.gap.value > 0) for field in compared.fields}
    assert fields == {("service", True), ("price", False)}
    assert [len(each) for each in compared.weeks.values()] == [8, 8]
    assert compare_brands([], 30).rivals[0].share == 0.0


def test_posts_are_counted_by_days_back_from_now(store: Store):
    def post(number: int, hours: float, **values: object) -> Post:
        base = {"connector": "weibo", "about": "us", "kind": "post", "external_id": str(number)}
        return Post(**base | {"occurred_at": NOW - timedelta(hours=hours)} | values)

    with store.write() as session:
        first = post(1, 1, sentiment_milli=-500, products=["T3"], topic="battery")
        session.add(first)
        session.flush()
        session.add_all([
            post(2, 2, duplicate_of_id=first.id, products=["T3"], topic="battery", sentiment_milli=-500),
            post(3, 23.99, sentiment_milli=300, competitors=["Rival"], brand_named=True), post(4, 24.01),
            post(5, 3, spam=True), post(6, 3, kind="reaction"), post(7, 24 * 90), post(8, -1),
            post(10, 3, own=True, brand_named=True, sentiment_milli=900),
            post(9, 1, about="Rival", need="complain"),
        ])  # fmt: skip
        session.add_all([post(100 + each, each / 10, topic="battery") for each in range(1, 21)])
    with store.read() as session:
        found = cells(session, NOW, 30)
        ours = [each for each in found if "us" in each.brands]
        assert by_age(ours, 3, lambda each: each.volume) == [23, 1, 0]
        assert by_age(ours, 3) == [22, 1, 0]
        assert moods(ours) == Moods(2, -200, 340_000)
        assert {each.only_brand for each in found} == {"us", "Rival", None}
        assert {each.products for each in found} == {("T3",), ()}
        spike = spikes(session, NOW, ages=(0,))[0]
        assert (spike.brand, spike.repeats) == ("us", 1)
        assert "battery" in {reason.key for reason in spike.reasons}
    assert rolling([7] * 9) == [7.0] * 9
