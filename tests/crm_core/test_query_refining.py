"""Conditions changed by a further sentence, with the values that the real finders see in it."""

from datetime import timedelta
from typing import Any

import pytest

from crm_core.query.conditions import Condition, Conditions
from crm_core.query.refining import Refined, refined
from nlu.entities import extract
from tests.crm_core.test_query_reading import NOW, ZONE, catalogue, day

BEFORE = Conditions(
    all=(
        Condition("place", "is", "Shanghai"),
        Condition("spend", "over", 100_000, day("2026-01-01"), day("2027-01-01")),
    )
)
SPENT = BEFORE.all[1]


def apply(text: str, last: Conditions = BEFORE) -> Refined:
    found = extract(text, catalogue(), audience="manager", intent="refine_query", now=NOW, zone=ZONE)
    return refined(last, text, found, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("only hangzhou", [Condition("place", "is", "Hangzhou"), SPENT]),
        ("那杭州呢", [Condition("place", "is", "Hangzhou"), SPENT]),
        ("without vips", [*BEFORE.all, Condition("tier", "is_not", "vip")]),
        ("去掉VIP", [*BEFORE.all, Condition("tier", "is_not", "vip")]),
        ("and last month?", [BEFORE.all[0], Condition("spend", "over", 100_000, day("2026-10-01"), day("2026-11-01"))]),
        ("上个月的呢", [BEFORE.all[0], Condition("spend", "over", 100_000, day("2026-10-01"), day("2026-11-01"))]),
        ("those who bought the T2", [*BEFORE.all, Condition("bought", "is", ("JC-T2",))]),
        ("the ones who haven't ordered in 90 days",
         [*BEFORE.all, Condition("last_order", "before", "", None, NOW - timedelta(days=90))]),
    ],
)  # fmt: skip
def test_what_is_said_changes_what_was_before(text: str, expected: list[Condition]) -> None:
    now = apply(text)
    assert set(now.conditions.all) == set(expected)
    assert now.changed


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("sort by number of orders", {"sort": "orders", "descending": True}),
        ("改成按订单数排", {"sort": "orders", "descending": True}),
        ("top 5", {"limit": 5}),
        ("前20", {"limit": 20}),
    ],
)
def test_order_and_number_leave_the_conditions_alone(text: str, change: dict[str, Any]) -> None:
    now = apply(text).conditions
    assert now.all == BEFORE.all
    assert {name: getattr(now, name) for name in change} == change


@pytest.mark.parametrize("text", ["fold it sideways", "随便弄一下", "", "?!"])
def test_what_says_nothing_changes_nothing(text: str) -> None:
    assert not apply(text).changed
    assert apply(text).conditions.all == BEFORE.all
