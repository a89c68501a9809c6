"""Forecasts: what is chosen, that nothing later is known to it, how far intervals reach, the child that makes them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import forecast as benchmark
from config.settings import PROJECT
from crm_core.analytics.forecasts import trials
from crm_core.analytics.forecasts.forecast import Series, TooShort, foretell
from crm_core.analytics.forecasts.models import arima, fixed, quiet, seasonal_strength


def weeks(days: int, seed: int = 3) -> np.ndarray:
    """Counts a day with a week, a slow rise and chance."""
    chance = np.random.default_rng(seed)
    day = np.arange(days)
    return chance.poisson(20 + 0.05 * day + 8 * (day % 7 >= 5)).astype(float)


def test_a_week_and_a_rise_are_found_and_the_truth_lies_within():
    values = weeks(328)
    found = trials.forecast(values[:300], 7, 28, floor=0)
    assert found.model != "naive"
    assert found.mase < found.mase_naive
    assert found.better_by > 0
    truth = values[300:]
    assert found.total_low < truth.sum() < found.total_high
    assert np.mean([low <= each <= high for low, each, high in zip(found.low, truth, found.high, strict=True)]) > 0.6
    assert np.abs(np.array(found.values) - truth).mean() < 6
    assert found.total == pytest.approx(sum(found.values))


def test_what_cannot_be_foretold_is_as_a_season_ago():
    values = np.cumsum(np.random.default_rng(11).standard_normal(200))
    found = trials.forecast(values, 1, 5)
    if found.model == "naive":
        assert found.values == pytest.approx([values[-1]] * 5)
    assert found.mase <= found.mase_naive


def test_a_choice_knows_nothing_of_later_values():
    values = weeks(240)
    where = trials.origins_of(len(values), 7, 14)
    assert max(where.choice) + 14 <= where.cut <= min(where.later)
    changed = values.copy()
    changed[where.cut :] = 999
    with quiet():
        assert trials.choose(values, 7, 14, where) == trials.choose(changed, 7, 14, where)


def test_a_forecast_from_an_origin_does_not_look_past_it():
    values = weeks(200)
    with quiet():
        models = trials.learn(values[:120], 7, logs=False)
        before = trials.foretold(models, values[:150], 14)
        again = trials.foretold(models, np.append(values[:150], [1e6] * 20)[:150], 14)
    assert set(before) == {"naive", "arima", "autoregression", "smoothing", "theta", "median"}
    for name, said in before.items():
        assert said == pytest.approx(again[name])


def test_the_same_series_has_the_same_forecast():
    assert trials.forecast(weeks(90), 7, 7) == trials.forecast(weeks(90), 7, 7)


@pytest.mark.parametrize(("count", "steps"), [(40, 28), (5, 1), (0, 1)])
def test_too_few_values_say_how_many_would_do(count: int, steps: int):
    with pytest.raises(TooShort) as caught:
        trials.origins_of(count, 7, steps)
    trials.origins_of(caught.value.needed, 7, steps)
    with pytest.raises(TooShort):
        trials.origins_of(caught.value.needed - 1, 7, steps)


@pytest.mark.parametrize("values", [[0.0] * 150, [5.0] * 150, [0.0, 1.0] * 75, [0.0] * 149 + [1e6]])
def test_dull_series_are_no_trouble(values: list[float]):
    found = trials.forecast(values, 7, 14, floor=0)
    assert all(0 <= low <= said <= high for low, said, high in zip(found.low, found.values, found.high, strict=True))
    assert np.isfinite([*found.values, *found.low, *found.high, found.total, found.mase]).all()


def test_logarithms_are_for_what_grows_by_rates():
    chance = np.random.default_rng(5)
    growing = 100 * np.exp(0.02 * np.arange(200) + np.cumsum(0.03 * chance.standard_normal(200)))
    assert trials.evened_by_logs(growing, 7)
    assert not trials.evened_by_logs(weeks(200), 7)
    assert not trials.evened_by_logs(growing - 200, 7)


def test_intervals_widen_and_hold_their_share():
    errors = np.random.default_rng(2).standard_normal((10, 12)) * np.sqrt(np.arange(1, 13))
    width = trials.reach(errors, spread=1000)
    assert (np.diff(width) >= 0).all()
    later = np.random.default_rng(9).standard_normal((4000, 12)) * np.sqrt(np.arange(1, 13))
    assert 0.75 < (np.abs(later) <= width).mean() < 0.97


def test_origins_that_look_at_the_same_steps_promise_less():
    errors = np.random.default_rng(2).standard_normal((10, 12))
    apart, close = trials.reach(errors, spread=200), trials.reach(errors, spread=9)
    assert (close >= apart).all()
    assert close[-1] > 1.3 * apart[-1]
    assert trials.independent(10, 9, 1) == 10
    assert trials.independent(10, 0, 12) == 1


def test_orders_are_written_as_everywhere():
    with quiet():
        assert fixed(weeks(60), (1, 1, 1)).name == "ARIMA(1,1,1)"
        assert arima(weeks(200), 7).name.startswith("ARIMA(")
    assert seasonal_strength(np.tile([1.0, 2, 3, 9], 30), 4) > 0.9


def test_the_child_foretells_and_this_process_loads_nothing_heavy(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from crm_core.analytics.forecasts.forecast import Series, foretell\n"
        f"found = foretell(Series({[float(v) for v in weeks(120)]}, 7, 14, 0.0), Path({str(tmp_path)!r}))\n"
        "assert len(found.values) == 14 and found.origins >= 3, found\n"
        "assert not {'statsmodels', 'pandas', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, cwd=PROJECT)
    with pytest.raises(TooShort, match="5 values are too few"):
        foretell(Series([1.0] * 5, 7, 14), tmp_path)


def test_the_benchmark_prints_every_figure(capsys: pytest.CaptureFixture[str]):
    benchmark.main(["--series", "nile", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert all(figures[f"series.nile.{key}"] > 0 for key in ("mase", "mase_seasonal_naive", "mase_arima111"))
    assert 0 <= figures["series.nile.coverage"] <= 1
    assert figures["mean_ratio"] <= figures["worst_ratio"] <= 1.05
    benchmark.main(["--series", "nile"])
    assert "worst_ratio" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        benchmark.main(["--series", "nothing"])
