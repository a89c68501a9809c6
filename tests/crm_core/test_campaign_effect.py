"""What a campaign changed, and which text is better: with an interval, and not before there is enough to say it."""

import numpy as np
import pytest

from crm_core.campaigns.effect import Group, difference_of_shares, effect
from crm_core.campaigns.report import experiment
from crm_core.campaigns.splitting import Tally


def test_too_early_is_said_until_it_is_sure() -> None:
    few, even = (
        experiment({"A": Tally(10, 0), "B": Tally(10, 9)}),
        experiment({"A": Tally(400, 40), "B": Tally(400, 42)}),
    )
    sure = experiment({"A": Tally(400, 40), "B": Tally(400, 80)})
    assert few
    assert even
    assert sure
    assert (few.winner, even.winner, sure.winner) == ("", "", "B")
    assert experiment({"A": Tally(400, 40)}) is None


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator, held = np.random.default_rng(5), 0
    for _ in range(400):
        found = difference_of_shares(int(generator.binomial(900, 0.12)), 900, int(generator.binomial(100, 0.08)), 100)
        held += found.low <= 0.04 <= found.high
    assert held >= 0.92 * 400


def test_an_effect_is_told_with_an_interval_or_as_too_early() -> None:
    assert effect(Group(0, 0), Group(10, 1)) is None
    early = effect(Group(40, 2, (100, 100)), Group(5, 0))
    clear = effect(Group(2000, 400, (1000,) * 400), Group(1000, 100, (1000,) * 100))
    assert early
    assert clear
    assert (early.early, clear.early, clear.share.is_sure, clear.revenue.is_sure) == (True, False, True, True)
    assert clear.share.value == pytest.approx(0.1)
    assert clear.revenue.low < 100 < clear.revenue.high
