"""Who of staff is named in a sentence."""

import pytest

from crm_core.staff.colleagues import Colleague, mentioned

KNOWN = [
    Colleague(1, "Mei", "slack:U1", "agent"),
    Colleague(2, "Mei Zhou", "slack:U2", "agent"),
    Colleague(3, "Sam Hill", "slack:U3", "agent"),
    Colleague(4, "Will Young", "slack:U4", "agent"),
    Colleague(5, "王小明", "slack:U5", "agent"),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("how is sam doing", [3]),
        ("compare Sam Hill and Mei Zhou", [3, 2]),
        ("mei's ratings", [1]),
        ("MEI ZHOU last week", [2]),
        ("will it be better", []),
        ("Will took how many", [4]),
        ("王小明上周表现", [5]),
        ("the same as samuel", []),
        ("", []),
    ],
)
def test_who_is_named(text: str, ids: list[int]) -> None:
    assert [one.id for one in mentioned(KNOWN, text)] == ids
