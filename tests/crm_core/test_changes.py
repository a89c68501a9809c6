"""What explains a change adds up exactly, for counts, sums and means, whatever the parts are."""

import random
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from crm_core.database import Store, open_store
from crm_core.models import Post
from crm_core.reports.aggregates import Grouped
from crm_core.reports.changes import best_explained, explain, explained
from crm_core.reports.metrics import METRICS, Sums, measure
from crm_core.reports.periods import last_days
from tests.crm_core.test_metrics import NOW, _database

KEYS = ("a", "b", "c", "d", None)


def random_sums(chance: random.Random, kind: str, unit: str) -> Sums:
    parts = []
    for key in chance.sample(KEYS, chance.randrange(6)):
        count = chance.choice([1, 2, 5, 40, 1000])
        total = count if kind == "distinct" else chance.randrange(-900 * count, 900 * count + 1)
        parts.append(Grouped(key, total, count))
    outside = chance.choice([0, 0, 3])  # in no part
    whole = Grouped(None, sum(part.total for part in parts) + outside, sum(part.count for part in parts) + outside)
    return Sums(unit, whole, tuple(parts))


@pytest.mark.parametrize("metric", ["messages", "revenue", "mood", "first_response"])
def test_parts_and_the_rest_add_up_exactly(metric: str):
    chance = random.Random(metric)
    kind, unit = METRICS[metric].kind, METRICS[metric].unit
    for _ in range(500):
        now, before = random_sums(chance, kind, unit), random_sums(chance, kind, unit)
        found = explained(metric, "channel", now, before)
        assert sum((part.did for part in found.parts), found.rest) == found.change
        assert all(isinstance(part.did, Fraction) for part in found.parts)
        covered = now.whole.count == sum(p.count for p in now.parts) and before.whole.count == sum(
            p.count for p in before.parts
        )
        if covered and found.now is not None and found.before is not None:
            assert found.rest == 0


def test_rate_and_mix_are_told_apart():
    def sums(*parts: tuple[str, int, int]) -> Sums:
        groups = tuple(Grouped(key, total, count) for key, total, count in parts)
        return Sums("mood", Grouped(None, sum(g.total for g in groups), sum(g.count for g in groups)), groups)

    mixed = sums(("web", 300, 3), ("slack", -100, 1)), sums(("web", 200, 2), ("slack", -200, 2))
    only_mix = explained("mood", "channel", *mixed)
    assert only_mix.change == 50
    assert [(part.key, part.rate, part.mix * 4) for part in only_mix.parts] == [("slack", 0, 125), ("web", 0, 75)]
    changed = sums(("web", 0, 2), ("slack", -200, 2)), sums(("web", 200, 2), ("slack", -200, 2))
    only_rate = explained("mood", "channel", *changed)
    assert [(part.key, part.rate, part.mix) for part in only_rate.parts] == [("web", -50, 0), ("slack", 0, 0)]
    assert only_rate.share(only_rate.parts[0]) == 1.0
    fewer = explained("revenue", "city", sums(("x", 1000, 10)), sums(("x", 1500, 10)))
    assert (fewer.parts[0].mix, fewer.parts[0].rate) == (0, -500)


def test_the_part_that_moved_is_beyond_chance_and_even_growth_is_not():
    def counts(**parts: int) -> Sums:
        groups = tuple(Grouped(key, count, count) for key, count in parts.items())
        return Sums("count", Grouped(None, sum(parts.values()), sum(parts.values())), groups)

    one = explained("messages", "channel", counts(web=400, telegram=100), counts(web=100, telegram=100))
    assert one.beyond > 0.3
    assert one.parts[0].key == "web"
    even = explained("messages", "channel", counts(web=200, telegram=205), counts(web=100, telegram=100))
    assert even.beyond == 0


def test_changes_of_the_sample_add_up_on_both_databases(
    sample_sqlite: Path, sample_postgres: tuple[str, Path], postgres_server: str
) -> None:
    name, key = sample_postgres
    stores = (
        open_store(f"sqlite:///{sample_sqlite / 'rapport.sqlite'}", sample_sqlite, None),
        open_store(_database(postgres_server, name), key, None),
    )
    period = last_days(NOW.date() - timedelta(days=1), 14, "Asia/Shanghai")
    with stores[0].read() as lite, stores[1].read() as grown:
        for metric in METRICS:
            found = best_explained(lite, metric, period, period.before(), {}, {})
            assert found == best_explained(grown, metric, period, period.before(), {}, {}), metric
            for each in found:
                assert sum((part.did for part in each.parts), each.rest) == each.change
            if METRICS[metric].kind in ("distinct", "sum") and metric != "top_intents":
                told = measure(lite, metric, period).value
                assert found[0].now == told
    for store in stores:
        store.close()


def test_posts_are_figures_like_others(store: Store) -> None:
    def post(at: datetime, number: int, **values: object) -> Post:
        base = {"connector": "rss", "about": "us", "kind": "post", "external_id": str(number), "occurred_at": at}
        return Post(**base | values)

    with store.write() as session:
        at = NOW - timedelta(days=2)
        first = post(at, 1, sentiment_milli=-400, products=["T3"], need="complain")
        session.add(first)
        session.flush()
        session.add_all([
            post(at, 2, sentiment_milli=200, products=["T3", "T2"], need="praise", connector="weibo"),
            post(at, 3, sentiment_milli=-400, duplicate_of_id=first.id),
            post(at, 4, spam=True, sentiment_milli=900), post(at, 5, kind="reaction"), post(at, 6, about="Rival"),
            post(at, 7, own=True, sentiment_milli=900, products=["T2"]),
        ])  # fmt: skip
    period = last_days(NOW.date(), 7, "Asia/Shanghai")
    with store.read() as session:
        assert measure(session, "mentions", period).value == 3
        assert measure(session, "post_mood", period).value == -100
        assert measure(session, "mentions", period, only={"product": ["T2"]}).value == 1
        assert measure(session, "mentions", period, only={"product": ["T"]}).value == 0
        found = explain(session, "mentions", period, period.before(), "network", {}, {})
        assert [(part.key, part.did) for part in found.parts] == [("rss", 2), ("weibo", 1)]
