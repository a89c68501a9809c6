"""The split between variants: nobody knows yet, one is better, none is, and one that lags is still tried."""

from collections import Counter
from random import Random

import pytest

from crm_core.campaigns.splitting import Tally, chances_of_best, choose


def shares(tallies: dict[str, Tally], seed: int = 0) -> dict[str, float]:
    random = Random(seed)
    chosen = Counter(choose(tallies, random) for _ in range(4000))
    return {name: chosen[name] / 4000 for name in tallies}


def test_nothing_known_is_nobody_preferred():
    assert shares({"a": Tally(), "b": Tally(), "c": Tally()}) == pytest.approx(dict.fromkeys("abc", 1 / 3), abs=0.03)


def test_the_better_one_gets_as_many_as_it_is_likely_to_be_the_best():
    tallies = {"a": Tally(100, 5), "b": Tally(100, 9)}
    chance = chances_of_best(tallies, Random(3))["b"]
    assert 0.8 < chance < 0.95
    assert shares(tallies)["b"] == pytest.approx(chance, abs=0.03)


def test_one_that_lags_is_still_tried():
    assert 0 < shares({"a": Tally(40, 1), "b": Tally(40, 6)})["a"] < 0.1


def test_the_same_seed_splits_alike():
    tallies = {"a": Tally(3, 1), "b": Tally(4, 1)}
    one, other = Random(8), Random(8)
    assert [choose(tallies, one) for _ in range(50)] == [choose(tallies, other) for _ in range(50)]


def test_all_chances_are_one():
    assert sum(chances_of_best({"a": Tally(), "b": Tally(9, 9), "c": Tally(9, 0)}, Random(0), 500).values()) == 1
