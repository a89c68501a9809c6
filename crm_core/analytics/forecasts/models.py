"""What may foretell a series: ARIMA, autoregression, damped smoothing, theta, and the last season again.

Each learns its parameters once and foretells from any later point with them, so that a back-test costs seconds. Only
child processes and benchmarks import this: statsmodels is heavy.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsmodels.tools.sm_exceptions import ConvergenceWarning, InterpolationWarning
from statsmodels.tsa.ar_model import AutoReg, ar_select_order
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import STL
from statsmodels.tsa.statespace.sarimax import SARIMAX
from statsmodels.tsa.stattools import kpss
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

Array = NDArray[np.float64]
Ahead = Callable[[Array, int], Array]
"""What comes after these values, so many steps."""

LONGEST_SEASON = 12
"""Of longer seasons ARIMA gets the values without their season, which is put back afterwards."""
STRONG_SEASON = 0.64
"""From this strength on, values are compared with those a season before (as in Hyndman and Khandakar's auto.arima)."""
SURE = 0.05
SEARCHED = 240
"""Values, the latest, that the order is looked for in."""
ITERATIONS = 40
LAGS = 26
"""Autoregression looks back two seasons, and this far at most."""
ORDERS = ((0, 1), (1, 0), (1, 1), (2, 0), (0, 2), (2, 1), (3, 0))
"""(p, q) that are tried."""
Order = tuple[int, int, int]


@contextmanager
def quiet() -> Iterator[None]:
    """On one thread, as small models only wait for more; and without warnings: what has not converged is measured."""
    with threadpool_limits(1), warnings.catch_warnings():
        for kind in (ConvergenceWarning, InterpolationWarning, UserWarning, RuntimeWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        yield


# --- the last season again ------------------------------------------------------------------------------------------
def naive(values: Array, season: int) -> Ahead:
    """The answer to beat: each step is as it was a season ago."""

    def ahead(known: Array, steps: int) -> Array:
        return known[-season:][np.arange(steps) % season]

    return ahead


# --- ARIMA ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Arima:
    """A learnt ARIMA model. `season` of 1: without one. `apart`: a season that is taken off before."""

    order: Order
    seasonal: Order
    season: int
    trend: str
    apart: int
    parameters: Array

    @property
    def name(self) -> str:
        """ARIMA(1,1,1)(0,1,1)[12], as it is written everywhere."""
        told = "ARIMA({},{},{})".format(*self.order)
        if self.season > 1 and any(self.seasonal):
            told += "({},{},{})[{}]".format(*self.seasonal, self.season)
        return f"STL + {told}" if self.apart > 1 else told

    def __call__(self, known: Array, steps: int) -> Array:
        """What comes after these values."""
        rest, again = _apart(known, self.apart, steps)
        found = _model(rest, self.order, self.seasonal, self.season, self.trend).filter(self.parameters)
        return np.asarray(found.forecast(steps), dtype=np.float64) + again


def arima(values: Array, season: int) -> Arima:
    """The ARIMA model with the least AICc of a small set; how often to difference is tested for first."""
    apart = season if season > LONGEST_SEASON and len(values) >= 2 * season + 1 else 1
    rest, _ = _apart(values, apart, 0)
    inner = season if 1 < season <= LONGEST_SEASON and len(values) >= 3 * season else 1
    by_season = int(inner > 1 and seasonal_strength(rest, inner) >= STRONG_SEASON)
    differences = _differences(rest[inner:] - rest[:-inner] if by_season else rest, 1 if by_season else 2)
    trend = "c" if differences + by_season < 2 else "n"
    latest = rest[-max(SEARCHED, 5 * inner) :]
    best: tuple[float, Order, Order, str] | None = None
    for order, seasonal, with_trend in _tried(differences, by_season, inner, trend):
        score = _aicc(latest, order, seasonal, inner, with_trend)
        if best is None or score < best[0]:
            best = score, order, seasonal, with_trend
    assert best is not None
    return fixed(values, best[1], best[2], inner, best[3], apart)


def fixed(
    values: Array, order: Order, seasonal: Order = (0, 0, 0), season: int = 1, trend: str = "n", apart: int = 1
) -> Arima:
    """An ARIMA model of a given order, its parameters learnt from these values."""
    rest, _ = _apart(values, apart, 0)
    found = _model(rest, order, seasonal, season, trend).fit(disp=False, maxiter=2 * ITERATIONS)
    return Arima(order, seasonal, season, trend, apart, np.asarray(found.params, dtype=np.float64))


def _tried(differences: int, by_season: int, season: int, trend: str) -> Iterator[tuple[Order, Order, str]]:
    seasonals = ((0, 0, 0),) if season == 1 else ((0, 1, 1),) if by_season else ((0, 0, 0), (1, 0, 0))
    trends = ("n", "c") if trend == "c" and differences + by_season == 1 else (trend,)
    for seasonal in seasonals:
        for p, q in ORDERS:
            for each in trends:
                yield (p, differences, q), seasonal, each


def _aicc(values: Array, order: Order, seasonal: Order, season: int, trend: str) -> float:
    try:
        score = float(
            _model(values, order, seasonal, season, trend, brief=True).fit(disp=False, maxiter=ITERATIONS).aicc
        )
    except (np.linalg.LinAlgError, ValueError):
        return float("inf")
    return score if np.isfinite(score) else float("inf")


def _model(values: Array, order: Order, seasonal: Order, season: int, trend: str, *, brief: bool = False) -> Any:
    return SARIMAX(
        values, order=order, seasonal_order=(*seasonal, season if season > 1 and any(seasonal) else 0), trend=trend,
        simple_differencing=brief, concentrate_scale=True,
    )  # fmt: skip


def _differences(values: Array, most: int) -> int:
    """How often neighbours must be subtracted until what is left has a level (KPSS)."""
    for times in range(most):
        if np.ptp(values) == 0 or kpss(values, regression="c", nlags="auto")[1] > SURE:
            return times
        values = np.diff(values)
    return most


# --- seasons --------------------------------------------------------------------------------------------------------
def seasonal_strength(values: Array, season: int) -> float:
    """How much of what is no trend comes back every season, from 0 to 1."""
    if len(values) < 2 * season + 1:
        return 0.0
    parts = STL(values, period=season, robust=False).fit()
    rest, both = np.var(parts.resid), np.var(parts.resid + parts.seasonal)
    return float(max(0.0, 1 - rest / both)) if both > 0 else 0.0


def _apart(values: Array, season: int, steps: int) -> tuple[Array, Array]:
    """The values without their season, and the season of the steps ahead."""
    if season == 1:
        return values, np.zeros(steps)
    seasonal = np.asarray(STL(values, period=season, robust=False).fit().seasonal)
    return values - seasonal, seasonal[-season:][np.arange(steps) % season]


# --- autoregression -------------------------------------------------------------------------------------------------
def autoregression(values: Array, season: int) -> Ahead:
    """A weighted sum of the values before, as far back as AIC says; for cycles that keep no calendar."""
    most = max(1, min(2 * season if season > 1 else 10, LAGS, len(values) // 5))
    lags = ar_select_order(values, most, ic="aic", trend="c").ar_lags or [1]
    weights = AutoReg(values, lags, trend="c").fit().params

    def ahead(known: Array, steps: int) -> Array:
        model = AutoReg(known, lags, trend="c")
        return np.asarray(model.predict(weights, start=len(known), end=len(known) + steps - 1), dtype=np.float64)

    return ahead


# --- smoothing ------------------------------------------------------------------------------------------------------
def theta(values: Array, season: int) -> Ahead:
    """Theta: half the trend, and exponential smoothing, of the values without their season."""

    def ahead(known: Array, steps: int) -> Array:
        seasonal = season > 1 and len(known) >= 2 * season + 1
        positive = bool((known > 0).all())
        model = ThetaModel(
            known, period=season if seasonal else 1, deseasonalize=seasonal, use_test=seasonal,
            method="auto" if positive else "additive",
        )  # fmt: skip
        return np.asarray(model.fit().forecast(steps), dtype=np.float64)

    return ahead


def smoothing(values: Array, season: int) -> Ahead:
    """Holt and Winters with a damped trend; the rates of smoothing are learnt once."""
    seasonal = "add" if season > 1 and len(values) >= 2 * season + 1 else None
    learnt = _smoother(values, season, seasonal).fit().params
    rates = {
        "smoothing_level": learnt["smoothing_level"], "smoothing_trend": learnt["smoothing_trend"],
        "damping_trend": learnt["damping_trend"],
        **({"smoothing_seasonal": learnt["smoothing_seasonal"]} if seasonal else {}),
    }  # fmt: skip

    def ahead(known: Array, steps: int) -> Array:
        found = _smoother(known, season, seasonal).fit(**rates, optimized=False)
        return np.asarray(found.forecast(steps), dtype=np.float64)

    return ahead


def _smoother(values: Array, season: int, seasonal: str | None) -> ExponentialSmoothing:
    return ExponentialSmoothing(
        values, trend="add", damped_trend=True, seasonal=seasonal, seasonal_periods=season if seasonal else None,
        initialization_method="heuristic",
    )  # fmt: skip


CANDIDATES: dict[str, Callable[[Array, int], Ahead]] = {
    "arima": arima, "autoregression": autoregression, "smoothing": smoothing, "theta": theta
}  # fmt: skip
"""Name -> what learns it from values and the length of their season."""
