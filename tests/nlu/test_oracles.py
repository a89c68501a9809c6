"""Our dates and amounts beside those of libraries that others wrote: jionlp's recorded answers, dateparser, dateutil.

Where we differ on purpose, it is said here why.
"""

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import dateparser
import pytest
from dateutil.easter import easter

from nlu.entities import Catalogue, Gazetteer, extract
from nlu.entities.periods import holiday
from tests.nlu.conftest import NOW

JIONLP = json.loads((Path(__file__).parent / "oracles" / "jionlp.json").read_text("utf-8"))
HERE = NOW.astimezone().replace(tzinfo=None, year=2026, month=11, day=23, hour=18, minute=0)
NOTHING = Catalogue(Gazetteer())
CURRENCY = {"元": "CNY", "美元": "USD", "港元": "HKD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY", "加元": "CAD"}
OTHERWISE = {
    # a day that lies so far away is one day; jionlp takes the whole week, month or year
    "两周后": {"start": "2026-12-07", "end": "2026-12-08"},
    "一年前": {"start": "2025-11-23", "end": "2025-11-24"},
    "三个月后": {"start": "2027-02-23", "end": "2027-02-24"},
    # figures of the last days include today, in whole days
    "近30天": {"start": "2026-10-25", "end": "2026-11-24"},
    "最近三个月": {"start": "2026-08-24", "end": "2026-11-24"},
    "过去7天": {"start": "2026-11-17", "end": "2026-11-24"},
    # a holiday is the one that is nearest for who looks back: jionlp takes this year's, or the next one
    "元旦": {"start": "2027-01-01", "end": "2027-01-02"},
    "除夕": {"start": "2026-02-16", "end": "2026-02-17"},
    # who asks for figures means the Friday that was
    "周五下午两点一刻": "2026-11-20T14:15:00+08:00",
}


def found(text, name, intent="metric_query", audience="manager"):
    entities = extract(text, NOTHING, audience=audience, intent=intent, now=NOW, zone="Asia/Shanghai")
    return [entity.value for entity in entities if entity.name == name]


def span(answer):
    start, end = (datetime.fromisoformat(moment) for moment in answer["time"])
    return {"start": start.date().isoformat(), "end": (end + timedelta(seconds=1)).date().isoformat()}


@pytest.mark.parametrize("text", [text for text, answer in JIONLP["times"].items() if answer and text not in OTHERWISE])
def test_chinese_times_are_jionlps(text):
    answer = JIONLP["times"][text]
    if answer["type"] == "time_delta":
        (ours,) = found(text, "duration", "list_customers")
        units = {"year": 365, "month": 30, "day": 1, "hour": 1 / 24, "minute": 1 / 1440, "week": 7}
        theirs = sum(units[unit] * amount for unit, amount in answer["time"].items())
        assert sum(units[unit.rstrip("s")] * amount for unit, amount in ours.items()) == pytest.approx(theirs, rel=0.01)
    elif moments := found(text, "datetime"):
        assert moments[0][:16] == answer["time"][0][:16].replace(" ", "T")
    else:
        assert found(text, "date_range") == [span(answer)]


@pytest.mark.parametrize(("text", "ours"), OTHERWISE.items())
def test_we_differ_on_purpose(text, ours):
    assert found(text, "datetime" if isinstance(ours, str) else "date_range") == [ours]
    assert isinstance(ours, str) or span(JIONLP["times"][text]) != ours


@pytest.mark.parametrize("text", [text for text, answer in JIONLP["amounts"].items() if answer])
def test_chinese_amounts_are_jionlps(text):
    answer = JIONLP["amounts"][text]
    numbers = answer["num"] if isinstance(answer["num"], list) else [answer["num"]]
    ours = found(text, "money", "price_question", "customer")
    factor = 1 if answer["case"] == "日元" else 100
    assert [money["amount_minor"] for money in ours] == [round(float(number) * factor) for number in numbers]
    assert {money["currency"] for money in ours} == {CURRENCY[answer["case"]]}
    assert (answer["definition"] == "accurate") == ([money["bound"] for money in ours] == ["exact"])


ENGLISH = [
    "yesterday", "tomorrow", "3 days ago", "2 weeks ago", "a week ago", "a year ago", "March 5 2025", "5 March 2025",
    "2025-03-05", "November 11th, 2025", "11 Nov 2025", "the day before yesterday", "10 days ago", "1 month ago",
    "6 months ago", "Mar 5, 2026", "2026-11-23", "last Friday", "5th of March 2025", "in 3 days", "in 2 weeks",
]  # fmt: skip


@pytest.mark.parametrize("text", ENGLISH)
def test_english_days_are_dateparsers(text):
    theirs = dateparser.parse(text, languages=["en"], settings={"RELATIVE_BASE": HERE, "PREFER_DATES_FROM": "past"})
    if theirs is None:  # it does not read "last Friday"
        theirs = dateparser.parse(text.removeprefix("last "), languages=["en"], settings={"RELATIVE_BASE": HERE})
    intent = "add_task" if text.startswith("in ") else "metric_query"
    assert theirs
    (ours,) = found(text, "date_range", intent)
    assert ours["start"] == theirs.date().isoformat()


@pytest.mark.parametrize("text", ["tomorrow at 3pm", "tomorrow 15:30", "2026-11-25 14:30", "March 5 2027 at 9am"])
def test_english_moments_are_dateparsers(text):
    theirs = dateparser.parse(text, languages=["en"], settings={"RELATIVE_BASE": HERE})
    assert theirs
    assert found(text, "datetime", "add_task")[0][:16] == theirs.isoformat()[:16]


def test_easter_is_dateutils():
    assert all(holiday("easter", year) == easter(year) for year in range(1950, 2100))


def test_holidays_by_the_moon_are_known_for_a_generation():
    assert holiday("moon", 2026) == date(2026, 9, 25)
    assert holiday("spring_eve", 2027) == date(2027, 2, 5)
    assert all(holiday("spring", year) for year in range(2015, 2057))
    assert holiday("spring", 2057) is None
