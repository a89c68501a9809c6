"""Which model foretells best is measured, with errors that can be worked out by hand."""

from datetime import date

import numpy as np
import pytest

from crm_core.analytics.value.holdout import Score, best, bought_between, compare, score
from crm_core.analytics.value.models import BadHistory, History, Purchase, TooFewPurchases


def test_scores_by_hand():
    found = score(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    assert found.correlation == pytest.approx(1)
    assert (found.mae, found.rmse) == pytest.approx((2 / 3, (2 / 3) ** 0.5))
    assert found.r2 == pytest.approx(0.75)
    assert found.total_error == 0


def test_what_does_not_exist_is_none():
    assert score(np.zeros(3), np.ones(3)) == Score(None, 1, 1, None, None)
    assert score(np.arange(3.0), np.ones(3)).correlation is None


def test_days_with_purchases_are_counted_between_two_days():
    days = [("a", 1), ("a", 2), ("a", 2), ("a", 9), ("b", 10), ("stranger", 5)]
    purchases = [Purchase(who, date(2026, 1, day), 1.0) for who, day in days]
    counted = bought_between(purchases, ("a", "b", "c"), date(2026, 1, 1), date(2026, 1, 9))
    assert counted.tolist() == [2, 0, 0]


def test_the_smallest_squared_error_is_best():
    near, far = Score(0.1, 1, 1, 0, 0), Score(0.9, 0.5, 2, 0, 0)
    assert best({"far": far, "near": near}) == "near"
    with pytest.raises(TooFewPurchases):
        best({})


@pytest.fixture
def history() -> History:
    random = np.random.default_rng(5)
    repeats = random.poisson(random.gamma(0.8, 2.0, 150)).astype(float)
    age = random.uniform(20, 40, 150)
    recency = np.where(repeats > 0, age * random.uniform(0.1, 1, 150), 0)
    return History(repeats, recency, age, np.where(repeats > 0, 20.0, 0.0))


def test_all_models_are_measured_and_a_seed_repeats_them(history: History):
    bought = np.round(history.repeats / 2)
    first, again = compare(history, bought, 20, seed=1), compare(history, bought, 20, seed=1)
    assert list(first) == ["bg_nbd", "naive", "linear_regression", "random_forest"]
    assert first == again
    assert best(first) == "linear_regression"  # the purchases were made by a line


def test_what_cannot_be_compared_is_refused(history: History):
    with pytest.raises(BadHistory, match="bought has the shape"):
        compare(history, np.zeros(3), 20)
    with pytest.raises(BadHistory, match="horizon"):
        compare(history, np.zeros(150), 0)
