"""BG/NBD and Gamma-Gamma: published figures, integrals as an independent check, and what theory says must hold."""

from dataclasses import astuple, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from crm_core.analytics.value.models import (
    BadHistory,
    BgNbd,
    GammaGamma,
    History,
    Purchase,
    TooFewPurchases,
    expected_purchases,
    expected_value,
    fit_purchases,
    fit_values,
    probability_alive,
    purchase_log_likelihood,
    summarise,
    value_log_likelihood,
    value_over,
)

CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=-9582.4, customers=2357)
KNOWN = BgNbd(r=0.8, alpha=6.0, a=0.7, b=2.5, log_likelihood=0.0, customers=1)
SPENDING = GammaGamma(p=6.25, q=3.74, v=15.44, log_likelihood=-4055.0, customers=946)

positive = st.floats(0.05, 20)
models = st.builds(BgNbd, positive, positive, positive, positive, st.just(0.0), st.just(1))


def one(x: float, recency: float, age: float, value: float = 0.0) -> History:
    return History(*(np.array([each]) for each in (x, recency, age, value)))


@st.composite
def customers(draw: st.DrawFn) -> History:
    x = draw(st.integers(0, 300))
    age = draw(st.floats(0.5, 200))
    return one(x, age * draw(st.floats(0.01, 1)) if x else 0.0, age, draw(st.floats(1, 500)))


def simulated(model: BgNbd, spending: GammaGamma, count: int, age: float, seed: int) -> History:
    """Customers who behave as the model says, purchase by purchase."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        rate, leaving = random.gamma(model.r, 1 / model.alpha), random.beta(model.a, model.b)
        now, times = 0.0, []
        while (now := now + random.exponential(1 / rate)) <= age:
            times.append(now)
            if random.random() < leaving:
                break
        nu = random.gamma(spending.q, 1 / spending.v)
        mean = random.gamma(spending.p, 1 / nu, len(times)).mean() if times else 0.0
        rows.append((len(times), times[-1] if times else 0.0, age, mean))
    return History(*np.array(rows).T)


# --- published figures ----------------------------------------------------------------------------------------------
def test_the_published_example_of_conditional_expectation():
    assert expected_purchases(CDNOW, one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=0.0005)


def test_the_published_mean_value_of_all_customers():
    nobody_known = expected_value(SPENDING, one(0, 0, 1))
    assert nobody_known[0] == pytest.approx(6.25 * 15.44 / 2.74)


# --- against integrals ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("x", "recency", "age"), [(0, 0, 30), (1, 5, 30), (4, 29, 30)])
def test_the_likelihood_is_the_integral_over_all_kinds_of_customers(x: int, recency: float, age: float):
    def kind(leaving: float, rate: float) -> float:
        bought = rate**x * np.exp(-rate * age) * (1 - leaving) ** x
        left = leaving * (1 - leaving) ** (x - 1) * rate**x * np.exp(-rate * recency) if x else 0.0
        density = stats.gamma.pdf(rate, model.r, scale=1 / model.alpha) * stats.beta.pdf(leaving, model.a, model.b)
        return float((bought + left) * density)

    model = BgNbd(2.0, 8.0, 1.5, 2.5, 0.0, 1)
    whole, _ = integrate.dblquad(kind, 0, 4, 0, 1, epsabs=1e-9)
    found = purchase_log_likelihood((model.r, model.alpha, model.a, model.b), one(x, recency, age))
    assert found[0] == pytest.approx(np.log(whole), rel=1e-6)


@settings(max_examples=100, deadline=None)
@given(models, customers(), st.floats(0.1, 100))
def test_expected_purchases_are_the_closed_form_of_the_paper(model: BgNbd, history: History, ahead: float):
    """Equation 10 as it is printed, where floating point can compute it."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    x, age = history.repeats[0] % 20, history.age[0]
    assume(abs(a - 1) > 0.01 and a + b + x > 1.01 and a < 5)
    customer = one(x, age * 0.7 if x else 0, age)
    z = ahead / (alpha + age + ahead)
    printed = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * special.hyp2f1(r + x, b + x, a + b + x - 1, z))
    found = expected_purchases(model, customer, ahead) / probability_alive(model, customer)
    assert found[0] == pytest.approx(printed, rel=1e-5)


@pytest.mark.parametrize("a", [1e-5, 1 - 1e-9, 1.0, 18.0, 1.6e5])
@pytest.mark.parametrize("x", [0, 3, 900])
def test_expected_purchases_where_the_closed_form_breaks(a: float, x: int):
    """One who cannot leave buys rate times time; one who surely does, once at most."""
    model, customer = replace(CDNOW, a=a, b=2.4), one(x, 50 if x else 0, 50)
    alive = probability_alive(model, customer)[0]
    found = expected_purchases(model, customer, 39)[0] / alive
    forever = (model.r + x) / (model.alpha + 50) * 39
    assert 0 < found <= forever * (1 + 1e-9)
    if a < 1e-4:
        assert found == pytest.approx(forever, rel=1e-3)
    if a > 1e5:
        assert found == pytest.approx(
            -np.expm1((model.r + x) * np.log((model.alpha + 50) / (model.alpha + 89))), rel=0.01
        )


def test_value_likelihood_is_a_density():
    whole, _ = integrate.quad(
        lambda z: float(np.exp(value_log_likelihood((6.25, 3.74, 15.44), np.array([3.0]), np.array([z])))[0]), 0, 5000,
        limit=300, points=[10, 40, 100],
    )  # fmt: skip
    assert whole == pytest.approx(1, abs=1e-6)


# --- what theory says -----------------------------------------------------------------------------------------------
@settings(max_examples=100, deadline=None)
@given(models, customers(), st.floats(0, 200), st.floats(0, 200))
def test_alive_is_a_probability_and_more_time_never_brings_fewer_purchases(
    model: BgNbd, history: History, ahead: float, more: float
):
    assert 0 <= probability_alive(model, history)[0] <= 1
    sooner, later = (expected_purchases(model, history, each)[0] for each in (ahead, ahead + more))
    assert 0 <= sooner <= later + 1e-6 * max(1, later)
    assert expected_purchases(model, history, 0)[0] == pytest.approx(0, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(models, st.integers(1, 200), st.floats(1, 100), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_more_recent_purchase_never_makes_leaving_likelier(
    model: BgNbd, x: int, age: float, first: float, second: float
):
    early, late = (one(x, age * share, age) for share in sorted((first, second)))
    assert probability_alive(model, early)[0] <= probability_alive(model, late)[0] + 1e-12
    assert expected_purchases(model, early, 10)[0] <= expected_purchases(model, late, 10)[0] + 1e-9


@given(st.integers(1, 100), st.floats(1, 500))
def test_a_known_customer_lies_between_their_own_mean_and_everybodys(x: int, mean: float):
    everybody, own = expected_value(SPENDING, one(0, 0, 1))[0], expected_value(SPENDING, one(x, 1, 2, mean))[0]
    assert min(everybody, mean) - 1e-9 <= own <= max(everybody, mean) + 1e-9


@given(st.floats(0.001, 1000), customers())
def test_a_currency_changes_the_amounts_alone(factor: float, history: History):
    other = replace(history, value=history.value * factor)
    scaled = expected_value(replace(SPENDING, v=SPENDING.v * factor), other)
    assert scaled == pytest.approx(expected_value(SPENDING, history) * factor)


# --- fitting --------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def shop() -> History:
    return simulated(KNOWN, SPENDING, 2000, 52.0, seed=7)


def test_fits_find_the_parameters_that_made_the_data(shop: History):
    found, paid = fit_purchases(shop), fit_values(shop)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 6.0, 0.7, 2.5), rel=0.35)
    assert found.a / (found.a + found.b) == pytest.approx(0.7 / 3.2, rel=0.1)
    assert (paid.p, paid.q, paid.v) == pytest.approx((6.25, 3.74, 15.44), rel=0.2)
    assert found.identified
    assert paid.identified
    truth = purchase_log_likelihood((0.8, 6.0, 0.7, 2.5), shop).sum()
    assert truth <= found.log_likelihood < truth + 10


def test_fits_are_the_same_in_days_and_cents(shop: History):
    days = History(shop.repeats, shop.recency * 7, shop.age * 7, shop.value * 100)
    weekly, daily = fit_purchases(shop), fit_purchases(days)
    assert (daily.r, daily.alpha, daily.a, daily.b) == pytest.approx(
        (weekly.r, weekly.alpha * 7, weekly.a, weekly.b), rel=1e-3
    )
    euros, cents = fit_values(shop), fit_values(days)
    assert (cents.p, cents.q, cents.v) == pytest.approx((euros.p, euros.q, euros.v * 100), rel=1e-3)


def test_parameters_that_the_data_do_not_give_are_said_to_be_so():
    same = History(np.full(40, 3.0), np.full(40, 9.0), np.full(40, 10.0), np.full(40, 25.0))
    paid = fit_values(same)
    assert not paid.identified
    assert expected_value(paid, same) == pytest.approx(np.full(40, 25.0), rel=1e-3)


def test_intervals_hold_what_happens():
    """Of new customers who behave as the model says, one in twenty spends more than the upper end of nine in ten."""
    new = History(*(np.zeros(400) for _ in range(4)))
    said = value_over(KNOWN, SPENDING, new, 52.0, np.random.default_rng(1), draws=2000)
    above, totals = [], []
    for seed in range(20):
        happened = simulated(KNOWN, SPENDING, 400, 52.0, seed=100 + seed)
        spent = happened.repeats * happened.value
        above.append(np.mean(spent > said.high))
        totals.append(said.total_low <= spent.sum() <= said.total_high)
    assert np.mean(above) == pytest.approx(0.05, abs=0.015)
    assert sum(totals) >= 15
    assert (said.low == 0).all()  # more than one in twenty never come back


def test_intervals_come_from_the_generator_given_and_agree_with_the_formula(shop: History):
    few = History(*(each[:60] for each in astuple(shop)))
    first, again = (value_over(CDNOW, SPENDING, few, 39, np.random.default_rng(3), draws=4000) for _ in range(2))
    assert (first.low == again.low).all()
    assert first.total_high == again.total_high
    assert first.expected == pytest.approx(expected_purchases(CDNOW, few, 39) * expected_value(SPENDING, few))
    assert (first.low <= first.high).all()
    wider = value_over(CDNOW, SPENDING, few, 39, np.random.default_rng(3), draws=4000, probability=0.99)
    assert wider.total_high > first.total_high
    assert (first.total_low + first.total_high) / 2 == pytest.approx(first.total, rel=0.1)


def test_nothing_is_spent_in_no_time():
    said = value_over(CDNOW, SPENDING, one(3, 5, 6, 20), 0, np.random.default_rng(0), draws=10)
    assert (said.total, said.total_low, said.total_high) == (0, 0, 0)


# --- summaries ------------------------------------------------------------------------------------------------------
def test_purchases_of_a_day_are_one_and_later_ones_are_left_out():
    day = date(2026, 1, 1)
    rows = [("b", 1, 5), ("a", 1, 10), ("a", 8, 20), ("a", 8, 4), ("a", 15, 6), ("a", 30, 99), ("c", 30, 1)]
    names, history = summarise([Purchase(who, day.replace(day=d), v) for who, d, v in rows], date(2026, 1, 29))
    assert names == ("a", "b")
    assert [each.tolist() for each in astuple(history)] == [[2, 0], [2, 0], [4, 4], [15, 0]]


# --- bad input ------------------------------------------------------------------------------------------------------
def test_nothing_bought_is_said():
    with pytest.raises(TooFewPurchases, match="no purchase up to 2026-01-01"):
        summarise([Purchase("a", date(2026, 2, 1), 5.0)], date(2026, 1, 1))


@pytest.mark.parametrize("worth", [-5.0, float("nan")])
def test_a_purchase_worth_less_than_nothing_is_named(worth: float):
    with pytest.raises(BadHistory, match="customer a on 2026-02-01"):
        summarise([Purchase("a", date(2026, 2, 1), worth)], date(2026, 3, 1))


@pytest.mark.parametrize("history", [one(3, 5, 6, 20), History(*(np.zeros(50) for _ in range(4)))])
def test_one_customer_or_nobody_who_came_back_is_too_few(history: History):
    for fit in (fit_purchases, fit_values):
        with pytest.raises(TooFewPurchases, match="take a longer period"):
            fit(history)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((-1, 0, 5, 0), "repeats must be a number that is not negative"),
        ((1, -2, 5, 0), "recency must be a number that is not negative; customer 1 has -2"),
        ((1, 2, float("inf"), 0), "age must be a number"),
        ((1.5, 2, 5, 0), "repeats must be whole"),
        ((1, 6, 5, 0), "recency must not be later than age"),
        ((0, 1, 5, 0), "recency must be above 0 with repeats, and 0 without"),
        ((1, 0, 5, 0), "recency must be above 0 with repeats, and 0 without"),
    ],
)
def test_figures_that_cannot_be_are_named(row: tuple[float, float, float, float], said: str):
    with pytest.raises(BadHistory, match=said):
        one(*row)


def test_fields_of_different_lengths_are_named():
    with pytest.raises(BadHistory, match="age has the shape"):
        History(np.zeros(2), np.zeros(2), np.zeros(3), np.zeros(2))


@pytest.mark.parametrize("ahead", [-1.0, float("nan")])
def test_a_horizon_in_the_past_is_refused(ahead: float):
    with pytest.raises(BadHistory, match="horizon"):
        expected_purchases(CDNOW, one(0, 0, 1), ahead)


def test_an_interval_needs_a_probability_and_draws():
    for wrong in ({"probability": 1.0}, {"draws": 0}):
        with pytest.raises(BadHistory, match="interval"):
            value_over(CDNOW, SPENDING, one(0, 0, 1), 5, np.random.default_rng(0), **wrong)


def test_values_without_a_mean_are_refused():
    with pytest.raises(TooFewPurchases, match="outweigh"):
        expected_value(replace(SPENDING, q=0.9), one(0, 0, 1))
