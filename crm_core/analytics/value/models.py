"""How often customers will buy and what it will be worth: BG/NBD for purchases, Gamma-Gamma for their value.

BG/NBD: Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2), 2005.
Gamma-Gamma: Fader and Hardie, The Gamma-Gamma Model of Monetary Value, 2013.

Both see a customer as four figures (`History`). Times are in any unit, as long as it is the same everywhere (weeks
here); values in any currency, as long as it is one. Arrays are float64; `n` is the number of customers.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_core.errors import CrmError

Array = NDArray[np.float64]

LEAST_REPEAT_BUYERS = 10
"""With fewer customers who came back, parameters say more about chance than about customers."""
LIMIT = 12.0
"""How far a parameter's logarithm may go; data that pull further do not say where it is."""
AT_ONCE = 2_000_000
"""Simulated customers held in memory at once."""
DAYS_PER_WEEK = 7


class BadHistory(CrmError):
    """Figures about purchases that cannot be: negative times, a last purchase in the future, different lengths."""


class TooFewPurchases(CrmError):
    """There is not enough to learn from yet; the text says what is missing."""


class Purchase(NamedTuple):
    """One purchase of one customer."""

    customer: str
    day: date
    value: float


@dataclass(frozen=True)
class History:
    """What is known of n customers, each field of shape (n,).

    repeats: purchases after the first, x ≥ 0, whole numbers.
    recency: time from the first purchase to the last, t_x > 0; 0 without a repeat purchase.
    age: time from the first purchase to now, T ≥ t_x.
    value: mean value of the repeat purchases; not looked at without one.

    Raises:
        BadHistory: a field breaks one of these rules; the text names the field and the first customer concerned.
    """

    repeats: Array
    recency: Array
    age: Array
    value: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            given = np.atleast_1d(np.asarray(getattr(self, field.name), dtype=np.float64))
            object.__setattr__(self, field.name, given)
            if given.shape != self.repeats.shape or given.ndim != 1:
                raise BadHistory(f"{field.name} has the shape {given.shape}, repeats has {self.repeats.shape}.")
            _refuse(~np.isfinite(given) | (given < 0), field.name, given, "must be a number that is not negative")
        _refuse(self.repeats % 1 != 0, "repeats", self.repeats, "must be whole")
        _refuse(self.recency > self.age, "recency", self.recency, "must not be later than age")
        unlike = (self.repeats == 0) != (self.recency == 0)
        _refuse(unlike, "recency", self.recency, "must be above 0 with repeats, and 0 without")

    def __len__(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True)
class BgNbd:
    """A fitted model of purchases: rates are Gamma(r, rate alpha), chances of leaving after each Beta(a, b).

    `alpha` is in units of time; the others have none. `identified` is False if a parameter ended at its limit: then
    predictions may be used, but the parameters themselves say nothing.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    identified: bool = True


@dataclass(frozen=True)
class GammaGamma:
    """A fitted model of values: Gamma(p, rate ν) within a customer, ν itself Gamma(q, rate v) among customers.

    `v` is in the currency of the values; the others have no unit. `identified` as in `BgNbd`.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int
    identified: bool = True


@dataclass(frozen=True)
class HorizonValue:
    """Value of the purchases within a horizon: of each customer, shape (n,), and of all together.

    Between low and high lies what will really be bought, with the probability asked for: the interval holds the
    chance in each customer's behaviour, given the fitted parameters; that these are estimates, too, is not in it.
    """

    purchases: Array
    expected: Array
    low: Array
    high: Array
    total: float
    total_low: float
    total_high: float


def summarise(purchases: Iterable[Purchase], until: date) -> tuple[tuple[str, ...], History]:
    """Return the customers who had bought by `until`, in order of their names, and their history in weeks.

    Purchases of one day count as one, worth their sum; what comes after `until` is left out.

    Raises:
        TooFewPurchases: nobody had bought anything by then.
        BadHistory: a purchase is worth less than nothing.
    """
    spent: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for purchase in purchases:
        if not purchase.value >= 0:
            who = f"The purchase of customer {purchase.customer} on {purchase.day}"
            raise BadHistory(f"{who} is worth {purchase.value:g}: take what was given back off the purchase itself.")
        if purchase.day <= until:
            spent[purchase.customer][purchase.day] += purchase.value
    if not spent:
        raise TooFewPurchases(f"There is no purchase up to {until}: check the file and the day.")
    rows = []
    for customer in sorted(spent):
        first, *later = sorted(spent[customer])
        values = [spent[customer][day] for day in later]
        recency = (later[-1] - first).days / DAYS_PER_WEEK if later else 0.0
        mean = sum(values) / len(values) if values else 0.0
        rows.append((len(later), recency, (until - first).days / DAYS_PER_WEEK, mean))
    return tuple(sorted(spent)), History(*np.array(rows, dtype=np.float64).T)


def fit_purchases(history: History) -> BgNbd:
    """Fit BG/NBD by maximum likelihood.

    Raises:
        TooFewPurchases: fewer than `LEAST_REPEAT_BUYERS` customers came back.
    """
    _enough(int(np.count_nonzero(history.repeats)), "came back")
    unit = float(history.age.mean())  # the search is the same whatever the unit of time
    scaled = History(history.repeats, history.recency / unit, history.age / unit, history.value)
    starts = ((0.0, 0.0, 0.0, 0.0), (-1.5, -1.5, 0.0, 1.0), (1.0, 1.0, -1.0, 1.0))
    found, identified = _maximum(lambda each: purchase_log_likelihood(each, scaled), starts)
    r, alpha, a, b = found[0], found[1] * unit, found[2], found[3]
    likelihood = float(purchase_log_likelihood((r, alpha, a, b), history).sum())
    return BgNbd(r, alpha, a, b, likelihood, len(history), identified)


def purchase_log_likelihood(parameters: Sequence[float], history: History) -> Array:
    """Logarithm of each customer's likelihood under (r, alpha, a, b), shape (n,); equation 6 of the paper, in logs."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = parameters
    x, recency, age = history.repeats, history.recency, history.age
    rate: Array = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    alive = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    returned = np.where(x > 0, x, 1.0)  # one who never came back cannot have left, whatever stands here
    left = betaln(a + 1, b + returned - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    both: Array = np.logaddexp(alive, np.where(x > 0, left, -np.inf))
    return rate + both


def probability_alive(model: BgNbd, history: History) -> Array:
    """Probability of each customer to be still one at the end of their history, 0 … 1, shape (n,).

    Who never came back counts as alive: in this model customers leave right after a repeat purchase only.
    """
    from scipy.special import expit

    x = history.repeats
    returned = np.where(x > 0, x, 1.0)
    quiet = (model.r + x) * np.log((model.alpha + history.age) / (model.alpha + history.recency))
    odds = np.log(model.a) - np.log(model.b + returned - 1) + quiet
    alive: Array = np.where(x > 0, expit(-odds), 1.0)
    return alive


def expected_purchases(model: BgNbd, history: History, horizon: ArrayLike) -> Array:
    """Expected purchases of each customer within `horizon` from the end of their history, shape (n,).

    Equation 10 of the paper, computed as what it stands for: the mean over all chances p of leaving that the history
    allows, Beta(a, b + x), of the purchases of one who is there, (1 − (1 + p·t/(alpha + T))^−(r + x)) / p. Its
    closed form divides by nothing at a = 1 and overflows for great a and for customers with hundreds of purchases.

    Args:
        horizon: time ahead ≥ 0, one for all or one for each customer, in the history's unit.

    Raises:
        BadHistory: the horizon is negative or not a number.
    """
    ahead = np.broadcast_to(np.asarray(horizon, dtype=np.float64), history.age.shape)
    _refuse(~np.isfinite(ahead) | (ahead < 0), "horizon", ahead, "must be a number that is not negative")
    reach, shape = ahead / (model.alpha + history.age), model.r + history.repeats
    mean = np.zeros(len(history))
    for x in np.unique(history.repeats):
        same = history.repeats == x
        leaving, weights = _beta_nodes(model.a, model.b + x)
        far, times = reach[same, None], shape[same, None]
        bought = -np.expm1(-times * np.log1p(leaving * far)) / leaving
        mean[same] = bought @ weights
    return mean * probability_alive(model, history)


def _beta_nodes(a: float, b: float, count: int = 128) -> tuple[Array, Array]:
    """Points of Beta(a, b) and weights that sum to 1, so that weighted sums are means (Golub and Welsch, 1969).

    SciPy's `roots_sh_jacobi` overflows where a + b is great.
    """
    from scipy.linalg import eigh_tridiagonal

    first, last = b - 1, a - 1
    k = np.arange(1, count)
    s = 2 * k + first + last
    diagonal = np.append((last - first) / (a + b), (last - first) * (last + first) / (s * (s + 2)))
    square = np.append(4 * a * b / ((a + b) ** 2 * (a + b + 1)), np.zeros(count - 2))
    k, s = k[1:], s[1:]
    square[1:] = 4 * k * (k + first) * (k + last) * (k + first + last) / (s**2 * (s + 1) * (s - 1))
    points, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
    return np.clip((1 + points) / 2, 1e-15, 1.0), vectors[0] ** 2


def fit_values(history: History) -> GammaGamma:
    """Fit Gamma-Gamma by maximum likelihood to the customers with repeat purchases worth something.

    Raises:
        TooFewPurchases: there are fewer than `LEAST_REPEAT_BUYERS` of them.
    """
    paid = (history.repeats > 0) & (history.value > 0)
    x, mean = history.repeats[paid], history.value[paid]
    _enough(len(x), "came back and paid")
    unit = float(mean.mean())  # the search is the same whatever the currency
    starts = ((1.0, 1.0, 0.0), (2.0, 1.0, -1.0), (0.0, 0.5, 0.0))
    (p, q, v), identified = _maximum(lambda each: value_log_likelihood(each, x, mean / unit), starts)
    likelihood = float(value_log_likelihood((p, q, v * unit), x, mean).sum())
    return GammaGamma(p, q, v * unit, likelihood, len(x), identified)


def value_log_likelihood(parameters: Sequence[float], repeats: Array, value: Array) -> Array:
    """Logarithm of the likelihood of mean values > 0 of `repeats` > 0 purchases under (p, q, v); equation 1a."""
    from scipy.special import betaln

    p, q, v = parameters
    total = repeats * value
    likelihood: Array = (p * repeats * np.log(total) + q * np.log(v) - (p * repeats + q) * np.log(v + total)) - (
        np.log(value) + betaln(p * repeats, q)
    )
    return likelihood


def expected_value(model: GammaGamma, history: History) -> Array:
    """Expected value of a purchase of each customer, shape (n,), in the history's currency; equation 5.

    Between the customer's own mean and everybody's: nearer to their own, the more they bought.

    Raises:
        TooFewPurchases: q ≤ 1, as when very few purchases outweigh all others; then there is no mean of everybody.
    """
    if model.q <= 1:
        raise TooFewPurchases("A few purchases outweigh all others: look for wrong amounts, or take a longer period.")
    x = history.repeats
    return (model.v + x * history.value) * model.p / (model.p * x + model.q - 1)


def value_over(
    purchases: BgNbd,
    values: GammaGamma,
    history: History,
    horizon: float,
    random: np.random.Generator,
    *,
    probability: float = 0.9,
    draws: int = 1000,
) -> HorizonValue:
    """Return what customers will spend within `horizon`, with intervals from simulated futures of each.

    The expected values are exact; only the intervals come from `draws` simulations. Nothing is discounted.

    Raises:
        BadHistory: the horizon is negative, the probability not between 0 and 1, or there are no draws.
        TooFewPurchases: as `expected_value`.
    """
    if not 0 < probability < 1 or draws < 1:
        raise BadHistory("An interval needs a probability between 0 and 1 and at least one draw.")
    expected = expected_purchases(purchases, history, horizon)
    worth = expected * expected_value(values, history)
    bounds = [(1 - probability) / 2, (1 + probability) / 2]
    low, high, totals = np.zeros(len(history)), np.zeros(len(history)), np.zeros(draws)
    step = max(1, AT_ONCE // draws)
    for start in range(0, len(history), step):
        part = slice(start, start + step)
        some = History(*(getattr(history, field.name)[part] for field in fields(history)))
        spent = _futures(purchases, values, some, horizon, random, draws)
        low[part], high[part] = np.quantile(spent, bounds, axis=0)
        totals += spent.sum(axis=1)
    total_low, total_high = np.quantile(totals, bounds)
    return HorizonValue(expected, worth, low, high, float(worth.sum()), float(total_low), float(total_high))


def _futures(
    purchases: BgNbd, values: GammaGamma, history: History, horizon: float, random: np.random.Generator, draws: int
) -> Array:
    """What each customer spends in each of so many futures, shape (draws, n), drawn from what is known of them."""
    size, x = (draws, len(history)), history.repeats
    alive = random.random(size) < probability_alive(purchases, history)
    rate = random.gamma(purchases.r + x, 1 / (purchases.alpha + history.age), size)
    leaving = np.maximum(random.beta(purchases.a, purchases.b + x, size), 1e-12)
    last = random.geometric(leaving)  # the purchase after which they leave
    count = np.where(alive, np.minimum(random.poisson(rate * horizon), last), 0)
    scale = 1 / random.gamma(values.p * x + values.q, 1 / (values.v + x * history.value), size)
    return np.where(count > 0, random.gamma(np.maximum(values.p * count, 1e-12)) * scale, 0.0)


def _maximum(
    log_likelihood: Callable[[Sequence[float]], Array], starts: Sequence[Sequence[float]]
) -> tuple[list[float], bool]:
    """Return the positive parameters of the greatest likelihood, and whether all lie inside their limits."""
    from scipy.optimize import minimize

    def loss(logs: Array) -> float:
        return -float(log_likelihood([float(each) for each in np.exp(logs)]).mean())

    limits = [(-LIMIT, LIMIT)] * len(starts[0])
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    found = [
        minimize(loss, start, method="L-BFGS-B", jac="3-point", bounds=limits, options=options) for start in starts
    ]
    best = min((each for each in found if np.isfinite(each.fun)), key=lambda each: float(each.fun), default=None)
    if best is None:
        raise TooFewPurchases("No model fits these purchases: look for wrong dates or amounts.")
    return [float(each) for each in np.exp(best.x)], bool(np.all(np.abs(best.x) < LIMIT - 0.01))


def _enough(customers: int, what: str) -> None:
    if customers < LEAST_REPEAT_BUYERS:
        raise TooFewPurchases(
            f"Only {customers} customers {what}; {LEAST_REPEAT_BUYERS} are needed: take a longer period."
        )


def _refuse(wrong: NDArray[np.bool_], name: str, given: Array, rule: str) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadHistory(f"{name} {rule}; customer {first + 1} has {given[first]:g}.")
