"""Likely duplicates of people: pairs with the reasons why, for a person to decide about. Nothing is joined here.

Names are compared within a city and among neighbours in sorted order only, once sorted from the front and once from
the back, so that the work grows with the number of rows and not with its square.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

ALIKE = 88
"""From this similarity on (of 100) two names are one with a typing error."""
NEIGHBOURS = 6
SHORTEST = 5
"""Letters a name needs before one wrong letter in it may be a typing error: 王芳 and 王方 are two people."""
MOST_SHARING = 10
"""A telephone number or address that more rows have belongs to nobody in particular: a shop's own, or a stand-in."""
COMMON = 5
"""A name in more rows than this says nothing by itself: in a city there are many 王伟."""
STRENGTH = {"same_email": 4, "same_phone": 4, "same_name_city": 2, "near_name": 1}

_TITLES = {"mr", "mrs", "ms", "miss", "dr", "prof"}
_TITLES_AFTER = re.compile("(先生|女士|小姐|太太)$")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows that are likely one person, the earlier first."""

    first: int
    second: int
    reasons: tuple[str, ...]


def likely_pairs(people: pd.DataFrame) -> list[Pair]:
    """Pairs of rows (by index) with equal contact details, or with names that fit; the surest first.

    Args:
        people: columns email, phone, name (or first_name and last_name) and city, as far as there are any.
    """
    frame = _comparable(people)
    found: dict[tuple[int, int], set[str]] = {}
    for reason, pairs in (
        ("same_email", _sharing(frame, "email")),
        ("same_phone", _sharing(frame, "phone")),
        ("same_name_city", _of_one_name(frame)),
        ("near_name", _of_near_names(frame)),
    ):
        for first, second in pairs:
            found.setdefault((min(first, second), max(first, second)), set()).add(reason)
    index = frame["row"].to_numpy()
    told = [
        Pair(int(index[a]), int(index[b]), tuple(name for name in STRENGTH if name in why))
        for (a, b), why in found.items()
    ]
    return sorted(told, key=lambda pair: (-sum(STRENGTH[why] for why in pair.reasons), pair.first, pair.second))


def shared_by_many(people: pd.DataFrame, name: str) -> pd.Series:
    """True where a contact detail stands in more rows than a person can have."""
    return people.groupby(name)[name].transform("size") > MOST_SHARING


def folded_name(name: str) -> str:
    """A name for comparison: without titles, accents and punctuation, words in alphabetical order.

    >>> folded_name("Dr. Müller, Anna"), folded_name("Anna  MULLER"), folded_name("王 芳女士")
    ('anna muller', 'anna muller', '王芳')
    """
    apart = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(character for character in apart if not unicodedata.combining(character))
    words = [word for word in re.sub(r"[^\w]|_", " ", letters).split() if word not in _TITLES]
    if words and all(ord(word[0]) > 0x2E7F for word in words):
        return _TITLES_AFTER.sub("", "".join(words))
    return " ".join(sorted(words))


def _comparable(people: pd.DataFrame) -> pd.DataFrame:
    def column(name: str) -> pd.Series:
        return people[name].astype("str") if name in people else pd.Series(np.nan, index=people.index, dtype="str")

    together = column("first_name").str.cat(column("last_name"), sep=" ", na_rep="").str.strip()
    names = column("name").where(column("name").notna(), together.where(together != ""))
    folded = {name: folded_name(name) for name in names.dropna().unique()}
    cities = column("city").str.strip().str.casefold()
    frame = pd.DataFrame({"email": column("email"), "phone": column("phone"), "city": cities.where(cities != "")})
    frame["name"] = names.map(folded).astype("str").replace("", np.nan)
    frame["row"] = people.index
    return frame.reset_index(drop=True)


def _sharing(frame: pd.DataFrame, name: str) -> Iterator[tuple[int, int]]:
    for rows in _groups(frame, [name]):
        yield from ((rows[0], other) for other in rows[1:])


def _groups(frame: pd.DataFrame, names: list[str]) -> Iterator[list[int]]:
    there = frame.dropna(subset=names)
    repeated = there[there.duplicated(names, keep=False)]
    for rows in repeated.groupby(names, sort=False).indices.values():
        if len(rows) <= MOST_SHARING:
            yield repeated.index[rows].tolist()


def _of_one_name(frame: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """The same name in the same city, unless contact details tell two people of this name apart."""
    contacts = list(zip(frame["email"], frame["phone"], strict=True))
    times = frame["name"].map(frame["name"].value_counts())
    for rows in _groups(frame[times <= COMMON], ["name", "city"]):
        rare = times[rows[0]] == 2
        for position, first in enumerate(rows):
            yield from (
                (first, other) for other in rows[position + 1 :] if rare or not _apart(contacts[first], contacts[other])
            )


def _of_near_names(frame: pd.DataFrame) -> Iterator[tuple[int, int]]:
    named = frame[frame["name"].str.len().ge(SHORTEST) & frame["city"].notna()]
    contacts = list(zip(frame["email"], frame["phone"], strict=True))
    for turned in (False, True):
        keys = named["name"].str[::-1] if turned else named["name"]
        order = named.assign(key=keys).sort_values(["city", "key"], kind="stable").index.to_numpy()
        names, cities = (frame[column].to_numpy(object)[order] for column in ("name", "city"))
        for step in range(1, NEIGHBOURS + 1):
            near = (cities[step:] == cities[:-step]) & (names[step:] != names[:-step])
            left, right = order[:-step][near], order[step:][near]
            fits = process.cpdist(names[:-step][near], names[step:][near], scorer=fuzz.ratio, score_cutoff=ALIKE)
            for position in np.flatnonzero(fits):
                first, second = int(left[position]), int(right[position])
                if not _apart(contacts[first], contacts[second]):
                    yield first, second


def _apart(one: tuple[object, object], other: tuple[object, object]) -> bool:
    """True when a contact detail that both have is another one, and none is the same or nearly so."""
    known = [(a, b) for a, b in zip(one, other, strict=True) if isinstance(a, str) and isinstance(b, str)]
    return bool(known) and not any(OSA.distance(a, b, score_cutoff=1) <= 1 for a, b in known)
