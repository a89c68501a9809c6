"""Which model foretells purchases best, measured on a period that it has not seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_core.analytics.value.models import (
    Array,
    BadHistory,
    History,
    Purchase,
    TooFewPurchases,
    expected_purchases,
    fit_purchases,
)

FOLDS = 5


@dataclass(frozen=True)
class Score:
    """How near predictions came: errors in purchases; `total_error` is the relative error of their sum.

    `correlation` and `r2` are None where they do not exist, because all predictions or all purchases are equal;
    `total_error` is, where nobody bought anything.
    """

    correlation: float | None
    mae: float
    rmse: float
    r2: float | None
    total_error: float | None


def bought_between(purchases: Iterable[Purchase], customers: Sequence[str], after: date, until: date) -> Array:
    """Days with a purchase of each customer after one day up to another, shape (n,)."""
    days = {(each.customer, each.day) for each in purchases if after < each.day <= until}
    counts = dict.fromkeys(customers, 0)
    for customer, _ in days:
        if customer in counts:
            counts[customer] += 1
    return np.array(list(counts.values()), dtype=np.float64)


def compare(history: History, bought: Array, horizon: float, *, seed: int = 0) -> dict[str, Score]:
    """Score BG/NBD and the models to beat on the purchases `bought`, shape (n,), in the `horizon` after the history.

    BG/NBD and `naive` (everybody goes on at their rate) see the history alone. `linear_regression` and
    `random_forest` learn from what other customers bought in the horizon (`FOLDS`-fold), which is an advantage.

    Raises:
        BadHistory: `bought` does not have one value per customer, or the horizon is not positive.
        TooFewPurchases: there are too few repeat buyers or customers.
    """
    if bought.shape != history.repeats.shape:
        raise BadHistory(f"bought has the shape {bought.shape}, the history has {history.repeats.shape}.")
    if not horizon > 0:
        raise BadHistory("The horizon must be longer than nothing.")
    model = fit_purchases(history)
    rate = np.divide(history.repeats, history.age, out=np.zeros(len(history)), where=history.age > 0)
    predicted = {
        "bg_nbd": expected_purchases(model, history, horizon),
        "naive": rate * horizon,
        **_learnt(history, bought, seed),
    }
    return {name: score(bought, each) for name, each in predicted.items()}


def best(scores: Mapping[str, Score]) -> str:
    """The model with the smallest squared error, the measure that expected values are made for.

    Raises:
        TooFewPurchases: there is no score to choose by.
    """
    if not scores:
        raise TooFewPurchases("No model was measured, so that none can be chosen.")
    return min(scores, key=lambda name: scores[name].rmse)


def score(actual: Array, predicted: Array) -> Score:
    """Compare predictions with what was bought, both of shape (n,)."""
    error, spread = predicted - actual, float(actual.var())
    varied = spread > 0 and float(predicted.std()) > 1e-12
    square = float(np.mean(error**2))
    return Score(
        correlation=float(np.corrcoef(actual, predicted)[0, 1]) if varied else None,
        mae=float(np.abs(error).mean()),
        rmse=square**0.5,
        r2=1 - square / spread if spread > 0 else None,
        total_error=float(error.sum() / actual.sum()) if actual.sum() else None,
    )


def _learnt(history: History, bought: Array, seed: int) -> dict[str, Array]:
    """Predictions for each customer by models that learnt from the others."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, cross_val_predict

    features = np.column_stack([history.repeats, history.recency, history.age, history.value])
    models = {
        "linear_regression": LinearRegression(),
        "random_forest": RandomForestRegressor(n_estimators=200, min_samples_leaf=5, random_state=seed),
    }
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    return {
        name: np.maximum(np.asarray(cross_val_predict(model, features, bought, cv=folds), dtype=np.float64), 0)
        for name, model in models.items()
    }
