"""What past campaigns teach, what plans would bring, and that searches keep limits and count what they try."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks.campaign_market import COST, Truth, customers, market_of, past_campaigns, space
from crm_core.analytics.campaigns.gain import Market, Space, Terms
from crm_core.analytics.campaigns.plans import best_plan, halves, order_values, space_of, usual_of
from crm_core.analytics.campaigns.response import CUSTOMER, Contacts, Design, TooFewContacts, fit, learn, splits
from crm_core.analytics.campaigns.search import SEARCHES
from crm_core.analytics.prediction.inputs import learn_inputs

SHOP = np.random.default_rng(5)
KNOWN = customers(400, SHOP)
TRUTH = Truth.drawn(KNOWN, SHOP)
PAST = past_campaigns(TRUTH, KNOWN, SHOP, campaigns=10, people=300)


def test_later_messages_are_foretold_better_than_by_shares():
    response = learn(PAST)
    assert response.useful
    assert response.figures["log_loss"] < response.figures["naive_log_loss"]
    assert response.gain[0] > 0
    assert response.figures["calibration_error"] < 0.06
    assert response.contacts == 3000


def test_where_nothing_tells_who_buys_it_is_said():
    chance = np.random.default_rng(1)
    blind = Contacts(**{**vars(PAST), "bought": (chance.random(len(PAST)) < 0.1).astype(float)})
    assert not learn(blind).useful


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (PAST.day <= PAST.day.min(), "messages; 300 are needed"),
        (PAST.sent > 0, "0 customers held out"),
        (PAST.bought == 0, "0 orders after a message"),
        (PAST.day <= PAST.day.min() + 14, "2 days with messages"),
    ],
)
def test_too_little_to_learn_from_is_refused_by_name(rows: np.ndarray, said: str):
    with pytest.raises(TooFewContacts, match=said):
        learn(PAST.only(rows))


def test_no_day_is_learnt_from_and_tested_on():
    days = [set(part.day.tolist()) for part in splits(PAST)]
    assert not days[0] & days[1]
    assert not days[1] & days[2]
    assert max(days[0]) < min(days[1]) < min(days[2])


def test_weights_come_back_from_many_examples():
    known = customers(4000, np.random.default_rng(2))
    many = past_campaigns(TRUTH, known, np.random.default_rng(3), campaigns=12, people=4000)
    found = fit(TRUTH.design, many, 1.0)
    off = (found.mean - TRUTH.weights) / np.sqrt(np.diag(found.covariance))
    assert np.abs(off).max() < 4
    assert 0.5 < np.sqrt((off**2).mean()) < 1.5


# --- what a plan brings ---------------------------------------------------------------------------------------------
def one_customer(terms: Terms, *, order: float = 10_000.0, silent: float = 100.0) -> Market:
    """Two customers, one of them away for 10 days; a message doubles the odds, each earlier one takes a tenth."""
    known = pd.DataFrame({name: [5, 9] for name in CUSTOMER} | {"spend_minor": [3000, 90_000]})
    known["recency_days"] = [10, int(silent)]
    design = Design(learn_inputs(known, CUSTOMER), ("email", "telegram"))
    whose = len(design.inputs.sources)
    message = [math.log(2), 0.0, 0, 0, 0, 0, 0.0, 0.0, math.log(0.9) / math.log(2)]
    weights = np.array([[-2.0, *[0.0] * whose, *message, *[0.0] * (2 * whose)]])
    choice = Space({
        "silent_days": (0.0, 50.0), "seen_within_days": (50.0, math.inf), "least_orders": (0.0,),
        "least_spend_minor": (0.0,), "hour": (10.0,), "channel": ("email", "telegram"), "discount": (0.0, 10.0),
        "messages": (1.0, 2.0),
    })  # fmt: skip
    return Market(choice, terms, design, design.apart(weights), known, np.zeros(2), order_minor=np.full(2, order))


def test_the_gain_is_what_is_sold_beyond_what_would_have_been_less_discount_and_sending():
    market = one_customer(Terms(10_000, 10, margin=0.5, message_minor={"email": 30.0}))
    odds = math.exp(-2)
    usual, written = odds / (1 + odds), 2 * odds / (1 + 2 * odds)
    plan = {
        "silent_days": 50.0, "seen_within_days": math.inf, "least_orders": 0.0, "least_spend_minor": 0.0,
        "hour": 10.0, "channel": "email", "discount": 10.0, "messages": 1.0,
    }  # fmt: skip
    found = market.outcomes(np.array([market.space.levels(plan)]))
    assert found.people[0] == 1
    assert found.gain[0, 0] == pytest.approx(5000 * (written - usual) - written * 1000 - 30)
    assert found.spent[0, 0] == pytest.approx(written * 1000 + 30)
    twice = market.outcomes(np.array([market.space.levels({**plan, "messages": 2.0, "discount": 0.0})]))
    again = 1.8 * odds / (1 + 1.8 * odds)
    silent = (1 - written) * (1 - again)
    assert twice.messages[0] == 2
    sold, sending = 5000 * (1 - silent - (1 - (1 - usual) ** 2)), 30 * (2 - written)
    assert twice.gain[0, 0] == pytest.approx(sold - sending)


def test_limits_are_shares_of_what_is_given():
    market = one_customer(Terms(100, 1, least_audience=4, message_minor={"email": 75.0}))
    _, limits = market.measure(np.array([[0, 1, 0, 0, 0, 0, 0, 0]]))
    assert limits[0].tolist() == pytest.approx([0.5, 1.0, 0.5])


# --- searching ------------------------------------------------------------------------------------------------------
class Hill:
    """A market with one best plan and a limit that forbids half of all plans."""

    sizes = (11, 3, 26, 13, 13, 24)
    top = np.array([7, 2, 20, 3, 12, 9])

    def measure(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        off = (np.abs(levels - self.top) / np.array(self.sizes)).sum(axis=1)
        return 10 - off, (6.0 - levels[:, :1]) / 6


@pytest.mark.parametrize("way", SEARCHES)
def test_a_search_keeps_limits_counts_what_it_tries_and_finds_the_same_again(way: str):
    found = SEARCHES[way](Hill(), 300, 4)
    assert found == SEARCHES[way](Hill(), 300, 4)
    assert 200 < found.tried <= 300
    assert found.levels[0] >= 6
    assert found.gain is not None
    assert found.gain == pytest.approx(float(Hill().measure(np.array([found.levels]))[0][0]))
    assert found.gain > (9.5 if way in ("ga", "pso") else 8.0)


class Forbidden(Hill):
    def measure(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return super().measure(levels)[0], np.full((len(levels), 1), 0.1)


@pytest.mark.parametrize("way", SEARCHES)
def test_where_no_plan_keeps_the_limits_none_is_found(way: str):
    assert SEARCHES[way](Forbidden(), 60, 0).gain is None


# --- the proposal ---------------------------------------------------------------------------------------------------
def proposed(terms: Terms):
    response, choice = learn(PAST), space_of(PAST, KNOWN)
    one, other = (market_of(choice, terms, response.design, half, KNOWN) for half in halves(response, 0))
    return best_plan(one, other, usual_of(PAST, choice), evaluations=200, seed=0)


def test_a_proposal_keeps_limits_and_says_how_sure_it_is_and_why():
    plan = proposed(Terms(200_000, 300, 0.5, COST))
    assert plan is not None
    assert plan.low < plan.gain < plan.high
    assert plan.messages <= 300
    assert set(plan.tried) == {"ga", "pso", "random", "grid"}
    assert plan.way in ("ga", "pso")
    assert set(plan.why) == {"audience", "hour", "channel", "discount", "messages"}
    assert plan.why["audience"] != 0


def test_no_budget_no_proposal():
    assert proposed(Terms(0, 300, 0.5, COST)) is None


def test_only_what_was_tried_is_proposed():
    rows = (PAST.hour < 12) & (PAST.channel != "slack")
    choice = space_of(PAST.only(rows), KNOWN)
    assert choice.values["hour"] == (8.0, 9.0, 10.0, 11.0)
    assert set(choice.values["channel"]) == {"telegram", "email"}
    assert max(choice.values["discount"]) <= PAST.discount.max()
    assert choice.points > 1_000_000
    assert space(KNOWN).points > 1_000_000


def test_who_never_ordered_is_worth_the_usual_order():
    known = pd.DataFrame({"mean_order_minor": pd.array([100, None, 300], dtype="Int64")})
    assert order_values(known).tolist() == [100, 200, 300]
