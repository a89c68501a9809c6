"""How well series are foretold, against the season before and a plain ARIMA(1,1,1), on data that statsmodels ships.

Each model is chosen at earlier origins and measured at later ones, as in the product. `coverage`: how often the truth
lay within the interval that the earlier errors promise for 80 % of cases.
"""

import argparse
import importlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from crm_core.analytics.forecasts.models import Array, fixed, quiet
from crm_core.analytics.forecasts.trials import (
    Origins,
    choose,
    origins_of,
    reach,
    scale_of,
    try_out,
)

PLAIN = (1, 1, 1)
QUARTERLY = (
    "realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "tbilrate", "unemp", "pop", "infl", "realint"
)  # fmt: skip
WEEKS = 780


@dataclass(frozen=True)
class Series:
    """A public series: how many steps a season has, and how many are foretold from each origin."""

    name: str
    values: Array
    season: int
    steps: int


def series() -> Iterator[Series]:
    """Yearly, quarterly, monthly, weekly and daily series."""
    weekly = _shipped("co2").co2.interpolate()
    yield Series("co2_monthly", _numbers(weekly.resample("MS").mean()), 12, 12)
    yield Series("co2_weekly", _numbers(weekly)[-WEEKS:], 52, 26)
    yield Series("elnino", _numbers(_shipped("elnino").iloc[:, 1:]), 12, 12)
    yield Series("sunspots", _numbers(_shipped("sunspots").SUNACTIVITY), 11, 11)
    yield Series("nile", _numbers(_shipped("nile").volume), 1, 5)
    yield Series("elec_equip", _numbers(_shipped("elec_equip").iloc[:, 0]), 12, 12)
    quarters = _shipped("macrodata")
    for column in QUARTERLY:
        yield Series(f"macrodata_{column}", _numbers(quarters[column]), 4, 8)
    german = _shipped("interest_inflation")
    yield Series("german_inflation", _numbers(german.Dp), 4, 8)
    yield Series("german_interest", _numbers(german.R), 4, 8)
    with resources.as_file(resources.files("statsmodels")) as package:
        hours = pd.read_csv(package / "tsa/stl/tests/results/mstl_elec_vic.csv").y
    yield Series("electricity_daily", _numbers(hours).reshape(-1, 24).sum(axis=1), 7, 14)


def _shipped(name: str) -> Any:
    return importlib.import_module(f"statsmodels.datasets.{name}").load().data


def _numbers(data: Any) -> Array:
    return np.asarray(data, dtype=np.float64).ravel()


def measure(one: Series) -> dict[str, float | str]:
    """Errors at the later origins of what was chosen at the earlier ones."""
    begun = time.process_time()
    where = origins_of(len(one.values), one.season, one.steps)
    with quiet():
        chosen, logs = choose(one.values, one.season, one.steps, where)
        trial = try_out(one.values, one.season, one.steps, where, chosen, logs)
        spent = time.process_time() - begun
        plain = _plain(one, where)
        earlier = try_out(one.values, one.season, one.steps, _earlier(where), chosen, logs)
        width = reach(earlier.errors, earlier.spread)
    promised = np.abs(trial.errors) <= width
    return {
        "mase": round(trial.mase, 4), "mase_seasonal_naive": round(trial.mase_naive, 4),
        "mase_arima111": round(plain, 4), "ratio": round(trial.mase / trial.mase_naive, 4), "model": chosen,
        "origins": trial.origins, "steps": one.steps, "coverage": round(float(promised.mean()), 3),
        "cpu_s": round(spent, 2),
    }  # fmt: skip


def _earlier(where: Origins) -> Origins:
    """The origins of the choice in the place of the later ones."""
    return replace(where, cut=where.learnt, later=where.choice)


def _plain(one: Series, where: Origins) -> float:
    model = fixed(one.values[: where.cut], PLAIN)
    wrong = [np.abs(model(one.values[:at], one.steps) - one.values[at : at + one.steps]).mean() for at in where.later]
    return float(np.mean(wrong)) / scale_of(one.values[: where.cut], one.season)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", nargs="*", default=(), help="names of series; all unless given")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = {one.name: measure(one) for one in series() if not options.series or one.name in options.series}
    if not found:
        parser.error("no such series; try elnino")
    ratios = [float(figures["ratio"]) for figures in found.values()]
    whole = {
        "mean_ratio": round(float(np.mean(ratios)), 4), "worst_ratio": max(ratios),
        "mean_coverage": round(float(np.mean([float(each["coverage"]) for each in found.values()])), 3),
        "cpu_s": round(sum(float(each["cpu_s"]) for each in found.values()), 1),
    }  # fmt: skip
    if options.json:
        flat = {f"series.{name}.{key}": value for name, each in found.items() for key, value in each.items()}
        print(json.dumps({**flat, **whole}))
        return
    columns = ("ratio", "mase", "mase_seasonal_naive", "mase_arima111", "coverage", "cpu_s", "model")
    print(f"{'series':22}" + "".join(f"{column:>21}" for column in columns))
    for name, each in found.items():
        print(f"{name:22}" + "".join(f"{each[column]!s:>21}" for column in columns))
    print(" ".join(f"{name}={value}" for name, value in whole.items()))


if __name__ == "__main__":
    main()
