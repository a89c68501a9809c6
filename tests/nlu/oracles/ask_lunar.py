"""Asks lunar_python 1.4.8 for the days in `nlu/entities/lunar_days.py`, and cnlunar 0.2.5 whether it agrees.

Both are under the MIT licence. They agree on 2015 to 2056; in 2057 they differ by a day: there the
table ends.

python -m venv /tmp/oracle && /tmp/oracle/bin/pip install lunar_python==1.4.8 cnlunar==0.2.5
/tmp/oracle/bin/python tests/nlu/oracles/ask_lunar.py
"""

from datetime import datetime

import cnlunar  # type: ignore[import-not-found]
from lunar_python import Lunar, Solar  # type: ignore[import-not-found]

YEARS = range(2015, 2057)
BY_MOON = ((1, 1), (5, 5), (7, 7), (8, 15), (9, 9))


def days(year: int) -> list[str]:
    """Spring Festival, Qingming, Dragon Boat, Qixi, Mid-Autumn, Double Ninth, winter solstice, as MMDD."""
    moon = [Lunar.fromYmd(year, month, day).getSolar().toYmd() for month, day in BY_MOON]
    terms = {
        name: day.toYmd()
        for name, day in Solar.fromYmd(year, 6, 15).getLunar().getJieQiTable().items()
        if day.toYmd()[:4] == str(year)
    }
    solstice = next(day for name, day in terms.items() if name in {"冬至", "DONG_ZHI"} and day[5:7] == "12")
    return [day[5:7] + day[8:] for day in (moon[0], terms["清明"], *moon[1:], solstice)]


def agrees(year: int, found: list[str]) -> bool:
    """Whether the other library names the same days."""
    seen = [cnlunar.Lunar(datetime(year, int(day[:2]), int(day[2:]), 12)) for day in found]  # noqa: DTZ001 - it takes local time
    moon = [(one.lunarMonth, one.lunarDay) for place, one in enumerate(seen) if place not in {1, 6}]
    return moon == list(BY_MOON) and [seen[1].todaySolarTerms, seen[6].todaySolarTerms] == ["清明", "冬至"]


if __name__ == "__main__":
    for year in YEARS:
        found = days(year)
        print(year, *found, "" if agrees(year, found) else "cnlunar disagrees")  # noqa: T201
