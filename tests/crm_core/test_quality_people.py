"""Likely duplicates: who is found and why, who is not, and that the work grows with the rows."""

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rapidfuzz import process

from crm_core.quality.people import NEIGHBOURS, folded_name, likely_pairs

COLUMNS = ("name", "email", "phone", "city")


def pairs(*rows: tuple[str | None, ...]) -> list[tuple[int, int, tuple[str, ...]]]:
    people = pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in rows], columns=COLUMNS)
    people.index = range(2, len(rows) + 2)
    return [(pair.first, pair.second, pair.reasons) for pair in likely_pairs(people)]


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        (("Ann Lee", "a@x.com", None, "York"), ("A. Lee", "a@x.com", None, None), ("same_email",)),
        (("Ann", None, "+4420", None), ("Bob", None, "+4420", None), ("same_phone",)),
        (("Dr. Anna Müller", "a@x.com", None, "Köln"), ("MULLER, Anna", None, "+49", "köln"), ("same_name_city",)),
        (("王芳", None, "+86138", "杭州"), ("王 芳女士", "w@x.com", None, "杭州"), ("same_name_city",)),
        (("Jon Smith", "j@x.com", None, "Leeds"), ("John Smith", None, "+44", "Leeds"), ("near_name",)),
        (("Bob Baker", "bob@x.com", None, "York"), ("Bob Bakre", "bob@x.co", None, "York"), ("near_name",)),
    ],
)
def test_who_is_found(one: tuple[str | None, ...], other: tuple[str | None, ...], reasons: tuple[str, ...]):
    assert pairs(one, other) == [(2, 3, reasons)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Ann Lee", None, None, "York"), ("Ann Lee", None, None, "Leeds")),
        (("Ann Lee", None, None, None), ("Ann Lee", None, None, None)),
        (("王芳", None, None, "杭州"), ("王方", None, None, "杭州")),
        (("Anna Schmidt", "anna@x.com", None, "Köln"), ("Anne Schmidt", "info@y.com", None, "Köln")),
        ((None, None, None, "York"), (None, None, None, "York")),
    ],
)
def test_who_is_not(one: tuple[str | None, ...], other: tuple[str | None, ...]):
    assert pairs(one, other) == []


def test_a_common_name_with_other_details_is_another_person():
    assert pairs(*(("王伟", f"{each}@x.com", None, "北京") for each in ("wei", "w.wang", "blue"))) == []
    assert pairs(("王伟", "a@x.com", None, "北京"), ("王伟", "b@y.com", None, "北京")) == [(2, 3, ("same_name_city",))]


def test_a_name_that_many_have_says_nothing_by_itself():
    assert len(pairs(*(("王伟", None, None, f"city {n // 2}") for n in range(4)))) == 2
    assert pairs(*(("王伟", None, None, f"city {n // 2}") for n in range(6))) == []


def test_a_detail_that_many_share_is_nobodys():
    assert pairs(*((f"Person {n}", "info@shop.com", None, None) for n in range(11))) == []


def test_the_surest_come_first():
    found = pairs(
        ("Jon Smith", None, None, "Leeds"), ("John Smith", None, None, "Leeds"), ("Ann", "a@x.com", "+1", "York"),
        ("Ann", "a@x.com", "+1", "York"),
    )  # fmt: skip
    assert [pair[:2] for pair in found] == [(4, 5), (2, 3)]
    assert found[0][2] == ("same_email", "same_phone", "same_name_city")


def test_names_of_either_form_are_compared():
    people = pd.DataFrame({"first_name": ["Ann", "Ann"], "last_name": ["Lee", "Lee"], "city": ["York", "York"]})
    assert [pair.reasons for pair in likely_pairs(people)] == [("same_name_city",)]
    assert folded_name("！") == ""


def test_no_more_is_compared_than_neighbours(monkeypatch: pytest.MonkeyPatch):
    compared = []

    def counting(left: np.ndarray, right: np.ndarray, **options: Any) -> np.ndarray:
        compared.append(len(left))
        return real(left, right, **options)

    real = process.cpdist
    monkeypatch.setattr(process, "cpdist", counting)
    rng = random.Random(5)
    names = ["".join(rng.choices("abcdefghij", k=9)) for _ in range(3000)]
    likely_pairs(pd.DataFrame({"name": names, "city": "York"}))
    assert 0 < sum(compared) <= 2 * NEIGHBOURS * len(names)


def test_people_with_typing_errors_are_found_among_many():
    rng = random.Random(3)
    names = {
        "".join(rng.choices("abcdefghiklmnoprstu", k=6)) + " " + "".join(rng.choices("aeioulnrst", k=7))
        for _ in range(2000)
    }
    people = [(name, f"{position}@x.com", f"c{position % 20}") for position, name in enumerate(sorted(names))]
    twice = []
    for name, _, city in people[:200]:
        place = rng.randrange(1, len(name) - 1)
        twice.append((name[:place] + name[place + 1 :], None, city))
    frame = pd.DataFrame([*people, *twice], columns=["name", "email", "city"])
    found = {(pair.first, pair.second) for pair in likely_pairs(frame)}
    meant = {(position, len(people) + position) for position in range(200)}
    assert len(found & meant) >= 180
    assert len(found - meant) <= 10
