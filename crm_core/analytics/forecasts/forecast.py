"""What a figure will be, made in a child process: the serving process never loads statsmodels.

Run as `python -m crm_core.analytics.forecasts.forecast` it reads a series as JSON from stdin and writes its forecast
to stdout.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crm_core.analytics import child
from crm_core.errors import CrmError

SECONDS = 90
LEVEL = 0.8
"""In so many of all cases the truth is to lie within the interval."""
MOST = 1100
"""Values that are looked at, the latest: three years of days."""


EARLIER, LATER = 0.4, 0.7
"""Shares of the values after which the choice of a model begins, and its trial."""
FEWEST = 3
"""Points, at least, from which both are made."""


class TooShort(CrmError):
    """There are too few values to try a model on; `needed` would be enough."""

    def __init__(self, count: int, needed: int) -> None:
        super().__init__(f"{count} values are too few; {needed} would do.")
        self.count, self.needed = count, needed


@dataclass(frozen=True)
class Series:
    """What is foretold: so many steps after these values.

    Args:
        floor: nothing lies below it: 0 for what is counted.
        skipped: so many of the steps are not part of the total.
    """

    values: Sequence[float]
    season: int
    steps: int
    floor: float | None = None
    skipped: int = 0

    def dump(self) -> dict[str, Any]:
        """For the child; only the latest values count."""
        return {**asdict(self), "values": [float(value) for value in self.values][-MOST:]}

    @property
    def digest(self) -> str:
        """The same for the same question about the same values, and for no other."""
        return hashlib.sha256(json.dumps(self.dump(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Forecast:
    """The next values with an interval for each and for their sum, the model, and how it did when it was tried.

    `mase`: mean error at `origins` later points, in units of the mean difference between values a season apart;
    `mase_naive`: of the answer that all will be as a season ago. `model` is naive, median, or a candidate's name.
    """

    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    total: float
    total_low: float
    total_high: float
    model: str
    detail: str
    mase: float
    mase_naive: float
    origins: int

    @classmethod
    def load(cls, told: dict[str, Any]) -> "Forecast":
        """From JSON."""
        return cls(**told | {name: tuple(told[name]) for name in ("values", "low", "high")})

    @property
    def better_by(self) -> int:
        """Per cent by which its errors were smaller than those of the naive answer."""
        return round(100 * (1 - self.mase / self.mase_naive)) if self.mase_naive else 0


def enough(count: int, season: int, steps: int) -> bool:
    """Whether so many values are enough to try models on."""
    return steps <= farthest(count, season)


def farthest(count: int, season: int) -> int:
    """So many steps ahead, at most, models can be tried on so many values; 0 or less: none."""
    learnt, cut = begins(count, season)
    return min(cut - learnt, count - cut) - FEWEST + 1


def begins(count: int, season: int) -> tuple[int, int]:
    """After how many values the choice begins, and the trial."""
    return max(int(EARLIER * count), 2 * season + 1, 10), int(LATER * count)


def foretell(series: Series, folder: Path) -> Forecast:
    """The forecast of a series; takes some seconds.

    Raises:
        TooShort: too few values.
        ChildFailed: the process ended badly.
    """
    answer = child.ask(__spec__.name, series.dump(), folder, SECONDS)
    if "too_short" in answer:
        raise TooShort(*answer["too_short"])
    return Forecast.load(answer["forecast"])


def _main() -> None:
    from crm_core.analytics.forecasts.forecast import TooShort as Short  # as this module is called there
    from crm_core.analytics.forecasts.trials import forecast

    asked = json.load(sys.stdin)
    try:
        found = forecast(**asked)
    except Short as problem:
        json.dump({"too_short": [problem.count, problem.needed]}, sys.stdout)
        return
    json.dump({"forecast": asdict(found)}, sys.stdout)


if __name__ == "__main__":
    _main()
