"""How expected value is spread: bands, median and the best tenth, counted by the database."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from crm_core.analytics.value.spread import value_spread
from crm_core.database import Store
from crm_core.models import Score
from tests.conftest import NOW
from tests.crm_core import figures as make


def scored(store: Store, values: list[int]) -> None:
    with store.write() as session:
        for value in values:
            who = make.customer(session, NOW)
            session.add(
                Score(customer_id=who.id, kind="value", value_milli=value, horizon_days=365, model="bgnbd",
                      computed_at=NOW, data_until=NOW - timedelta(hours=4), reasons=[])
            )  # fmt: skip
        session.add(Score(customer_id=who.id, kind="churn", value_milli=900, computed_at=NOW, data_until=NOW))
        visitor = make.customer(session, NOW, kind="visitor")
        session.add(Score(customer_id=visitor.id, kind="value", value_milli=1, computed_at=NOW, data_until=NOW))


def test_without_scores_there_is_nothing_to_tell(store: Store) -> None:
    with store.read() as session:
        assert value_spread(session) is None


@pytest.mark.parametrize("count", [1, 2, 37, 200])
def test_it_is_what_counting_by_hand_gives(store: Store, count: int) -> None:
    chance = random.Random(count)
    values = sorted(int(1000 * chance.paretovariate(0.8)) for _ in range(count))
    scored(store, values)
    with store.read() as session:
        found = value_spread(session)
    assert found
    assert (found.customers, found.total_milli, found.horizon_days) == (count, sum(values), 365)
    assert found.median_milli == (values[(count - 1) // 2] + values[count // 2]) // 2
    best = values[-max(1, count // 10) :]
    assert (found.top, found.top_total_milli, found.top_from_milli) == (len(best), sum(best), best[0])
    assert (found.computed_at, found.data_until) == (NOW, NOW - timedelta(hours=4))
    for band in found.bands:
        wanted = sum(band.low_milli <= value < (band.high_milli or value + 1) for value in values)
        assert band.customers == wanted
    assert sum(band.customers for band in found.bands) == count
    assert len(found.bands) <= 11


def test_what_an_earlier_night_left_is_counted_apart(store: Store) -> None:
    scored(store, [1000, 2000, 3000])
    with store.write() as session:
        first = session.scalars(select(Score).where(Score.value_milli == 1000)).one()
        first.computed_at = NOW - timedelta(days=2)
    with store.read() as session:
        found = value_spread(session)
    assert found
    assert (found.computed_at, found.older, found.oldest_at) == (NOW, 1, NOW - timedelta(days=2))
