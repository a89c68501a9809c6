"""Which model foretells a series, found by trying: chosen at earlier origins, tried at later ones, used if better.

Nothing that a forecast is measured on is known to what made it: parameters are learnt before the first origin, and the
choice is made on origins that end before the later ones begin. How wide an interval is follows from the errors of the
later ones. Only child processes and benchmarks import this.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.analytics.forecasts.forecast import LEVEL, Forecast, TooShort, begins, enough
from crm_core.analytics.forecasts.models import CANDIDATES, Ahead, Array, naive, quiet

CHOICES, TRIALS = 8, 10
"""Origins, at most, of the choice and of the trial."""
BETTER = 0.95
"""A model is used from this share of the naive answer's error on: less of a difference is chance."""
CLEARLY = 0.9
"""A single model takes the place of the median of all from this share of the median's error on."""
STEADIER = 0.75
"""Logarithms are taken where they make the steps this much more even."""
NAIVE, MEDIAN = "naive", "median"
Models = dict[str, Ahead]


@dataclass(frozen=True)
class Trial:
    """How a choice did later: `errors` and `totals` by origin, in the scale of the choice; MASE of it and the naive.

    `spread`: steps between the first origin and the last.
    """

    chosen: str
    logs: bool
    origins: int
    spread: int
    mase: float
    mase_naive: float
    errors: Array
    totals: Array


@dataclass(frozen=True)
class Origins:
    """Where forecasts begin: (first value not known) of the choice and of the trial."""

    learnt: int
    choice: Sequence[int]
    cut: int
    later: Sequence[int]


def origins_of(count: int, season: int, steps: int) -> Origins:
    """Where to try.

    Raises:
        TooShort: fewer than three origins would be left.
    """
    if not enough(count, season, steps):
        raise TooShort(
            count, next(more for more in range(count, 200 * (season + steps)) if enough(more, season, steps))
        )
    learnt, cut = begins(count, season)
    return Origins(learnt, _spread(learnt, cut - steps, CHOICES), cut, _spread(cut, count - steps, TRIALS))


def _spread(first: int, last: int, most: int) -> list[int]:
    return [int(at) for at in np.unique(np.linspace(first, last, min(most, last - first + 1)).astype(int))]


def learn(values: Array, season: int, logs: bool) -> Models:
    """All models, their parameters learnt from these values; those that cannot be learnt are left out."""
    models: Models = {NAIVE: naive(values, season)}
    for name, learner in CANDIDATES.items():
        try:
            model = learner(np.log(values) if logs else values, season)
        except (ValueError, np.linalg.LinAlgError, IndexError):
            continue
        models[name] = _of_logs(model) if logs else model
    return models


def _of_logs(model: Ahead) -> Ahead:
    return lambda known, steps: np.exp(model(np.log(known), steps))


def foretold(models: Models, values: Array, steps: int) -> dict[str, Array]:
    """What each model says of the next steps, and the median of all but the naive one."""
    said = {name: model(values, steps) for name, model in models.items()}
    usual = said[NAIVE]
    said = {name: np.where(np.isfinite(each), each, usual) for name, each in said.items()}
    others = [each for name, each in said.items() if name != NAIVE]
    return {**said, MEDIAN: np.median(others, axis=0) if others else usual}


def evened_by_logs(values: Array, season: int) -> bool:
    """Whether steps grow with the level, so that logarithms make them alike."""
    size = max(season, 6)
    blocks = len(values) // size
    if blocks < 4 or values.min() <= 0:
        return False
    parts = values[-blocks * size :].reshape(blocks, size)
    moves, levels = np.abs(np.diff(parts, axis=1)).mean(axis=1), parts.mean(axis=1)
    if moves.mean() == 0:
        return False
    plain, relative = moves.std() / moves.mean(), (moves / levels).std() / (moves / levels).mean()
    return bool(relative < STEADIER * plain)


def choose(values: Array, season: int, steps: int, where: Origins) -> tuple[str, bool]:
    """The best model at the earlier origins, and whether of logarithms."""
    logs = evened_by_logs(values[: where.learnt], season)
    models = learn(values[: where.learnt], season, logs)
    pairs = [(foretold(models, values[:at], steps), values[at : at + steps]) for at in where.choice]
    wrong = {name: _error([(said[name], followed) for said, followed in pairs]) for name in (*models, MEDIAN)}
    best = min((name for name in wrong if name != NAIVE), key=lambda name: (wrong[name], name))
    if wrong[best] > CLEARLY * wrong[MEDIAN]:
        best = MEDIAN
    return (best, logs) if wrong[best] <= BETTER * wrong[NAIVE] else (NAIVE, False)


def try_out(values: Array, season: int, steps: int, where: Origins, chosen: str, logs: bool, skipped: int = 0) -> Trial:
    """How the choice does at the later origins; totals leave out the steps that are skipped."""
    models = learn(values[: where.cut], season, logs)
    pairs = [(foretold(models, values[:at], steps), values[at : at + steps]) for at in where.later]
    scale = scale_of(values[: where.cut], season)
    return Trial(
        chosen=chosen, logs=logs, origins=len(pairs), spread=where.later[-1] - where.later[0],
        mase=_error([(said[chosen], followed) for said, followed in pairs]) / scale,
        mase_naive=_error([(said[NAIVE], followed) for said, followed in pairs]) / scale,
        errors=np.array([_apart(said[chosen], followed, logs) for said, followed in pairs]),
        totals=np.array([
            _apart(said[chosen][skipped:].sum(), followed[skipped:].sum(), logs) for said, followed in pairs
        ]),
    )  # fmt: skip


def _error(pairs: Sequence[tuple[Array, Array]]) -> float:
    return float(np.mean([np.abs(said - followed).mean() for said, followed in pairs]))


def scale_of(values: Array, season: int) -> float:
    """What errors are told in: how far apart values a season apart are on average (as in MASE)."""
    return float(np.abs(values[season:] - values[:-season]).mean()) or 1.0


def _apart(said: Array, followed: Array, logs: bool) -> Array:
    """Errors; of logarithms as logarithms of the ratio."""
    if not logs:
        return np.asarray(followed - said)
    return np.asarray(np.log(np.maximum(followed, 1e-9) / np.maximum(said, 1e-9)))


# --- intervals ------------------------------------------------------------------------------------------------------
def reach(errors: Array, spread: int, level: float = LEVEL) -> Array:
    """How far off to expect each step to be, in so many of all cases: never less for a later step than an earlier."""
    origins, steps = errors.shape
    beside = max(1, steps // 5)
    found = []
    for step in range(steps):
        near = np.abs(errors[:, max(0, step - beside) : step + beside + 1])
        found.append(_quantile(near.ravel(), level, independent(origins, spread, step + 1)))
    return np.maximum.accumulate(found)


def independent(origins: int, spread: int, steps: int) -> float:
    """As so many origins count those of which each looks so far ahead: where they look at the same, they err alike."""
    return min(origins, 1 + spread / steps)


def _quantile(amounts: Array, level: float, origins: float) -> float:
    """A quantile that few origins do not make too small: beyond the largest, the largest and some more."""
    wanted = level * (origins + 1) / origins
    extra = 1 + 1 / origins
    return float(np.quantile(amounts, min(wanted, 1.0))) * extra


def around(said: Array, width: Array, logs: bool) -> tuple[Array, Array]:
    """The interval around what is said."""
    return (said * np.exp(-width), said * np.exp(width)) if logs else (said - width, said + width)


# --- the forecast ---------------------------------------------------------------------------------------------------
def forecast(
    values: Sequence[float], season: int, steps: int, *, floor: float | None = None, skipped: int = 0
) -> Forecast:
    """What comes next (see `foretell`), by the model that did best so far, if it did better than the naive answer.

    Raises:
        TooShort: too few values to try anything.
    """
    known = np.asarray(values, dtype=np.float64)
    where = origins_of(len(known), season, steps)
    with quiet():
        chosen, logs = choose(known, season, steps, where)
        trial = try_out(known, season, steps, where, chosen, logs, skipped)
        if trial.mase > trial.mase_naive:
            trial = try_out(known, season, steps, where, NAIVE, False, skipped)
        models = learn(known, season, trial.logs)
        said = foretold(models, known, steps)[trial.chosen]
    low, high = around(said, reach(trial.errors, trial.spread), trial.logs)
    total = np.array([said[skipped:].sum()])
    width = np.array([_quantile(np.abs(trial.totals), LEVEL, independent(trial.origins, trial.spread, steps))])
    total_low, total_high = around(total, width, trial.logs)
    bounded = [np.maximum(each, floor) if floor is not None else each for each in (said, low, high)]
    least = -np.inf if floor is None else floor * (steps - skipped)
    return Forecast(
        values=tuple(map(float, bounded[0])), low=tuple(map(float, bounded[1])), high=tuple(map(float, bounded[2])),
        total=max(float(total[0]), least), total_low=max(float(total_low[0]), least),
        total_high=max(float(total_high[0]), least), model=trial.chosen,
        detail=str(getattr(models.get(trial.chosen), "name", "")), mase=trial.mase, mase_naive=trial.mase_naive,
        origins=trial.origins,
    )  # fmt: skip
