"""Association rules: small cases worked out by hand, the definition counted out, and limits met exactly."""

import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.recommendations.rules import BadBaskets, Rule, find_rules

BASKETS = [["milk", "bread"], ["milk", "bread", "jam"], ["milk"], ["jam", "jam"], []]


def test_measures_by_hand():
    found = find_rules(BASKETS, support=0.5, confidence=0.6)
    assert found == [
        Rule(("bread",), "milk", 2, 0.5, 1.0, 4 / 3),
        Rule(("milk",), "bread", 2, 0.5, 2 / 3, 4 / 3),
    ]


def test_two_items_together_speak_for_a_third():
    found = find_rules(BASKETS, support=0.25, confidence=0.5)
    assert Rule(("bread", "milk"), "jam", 1, 0.25, 0.5, 1.0) in found
    assert all(len(rule.items) < 2 for rule in find_rules(BASKETS, support=0.25, confidence=0.5, longest=2))


def counted_out(baskets: list[set[str]], support: float, confidence: float) -> set[tuple[tuple[str, ...], str]]:
    total, items = len(baskets), sorted(set().union(*baskets))
    found = set()
    for size in range(2, len(items) + 1):
        for whole in combinations(items, size):
            both = sum(set(whole) <= each for each in baskets)
            if not both or both / total < support:
                continue
            for also in whole:
                left = tuple(each for each in whole if each != also)
                if both / sum(set(left) <= each for each in baskets) >= confidence:
                    found.add((left, also))
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=12),
    st.sampled_from([0.05, 0.07, 0.1, 0.25, 0.3, 0.5, 1.0]),
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 1.0]),
)
def test_exactly_the_rules_of_the_definition(baskets: list[set[str]], support: float, confidence: float):
    found = find_rules(baskets, support=support, confidence=confidence)
    assert {(rule.items, rule.also) for rule in found} == counted_out(baskets, support, confidence)
    assert [rule.lift for rule in found] == sorted((rule.lift for rule in found), reverse=True)


def test_a_limit_met_exactly_is_met():
    """0.07 of 100 is more than 7 in floating point."""
    baskets = [["a", "b"]] * 7 + [["a"]] * 63 + [["c"]] * 30
    found = find_rules(baskets, support=0.07, confidence=0.1)
    assert {(rule.items, rule.also, rule.confidence) for rule in found} == {(("a",), "b", 0.1), (("b",), "a", 1.0)}


def test_nothing_together_is_no_rule_and_no_error():
    assert find_rules([["a"], ["b"]], support=0.1, confidence=0.1) == []
    assert find_rules([["a"], ["b"]], support=1, confidence=0.1) == []


@pytest.mark.parametrize(
    ("baskets", "limits", "said"),
    [
        ([], {}, "no basket"),
        ([[], []], {}, "no basket"),
        (["milk,bread"], {}, "Basket 1 is a text"),
        (BASKETS, {"support": 0.0}, "Support must lie"),
        (BASKETS, {"support": float("nan")}, "Support must lie"),
        (BASKETS, {"confidence": 25.0}, "confidence between 0 and 1"),
        (BASKETS, {"longest": 1}, "at least two items"),
    ],
)
def test_bad_input_says_what_to_change(baskets: list[list[str]], limits: dict[str, float], said: str):
    with pytest.raises(BadBaskets, match=said):
        find_rules(baskets, **{"support": 0.1, "confidence": 0.1, **limits})  # type: ignore[arg-type]


def test_nothing_heavy_is_loaded_before_it_is_needed():
    heavy = ("pandas", "mlxtend", "sklearn", "scipy", "matplotlib")
    code = (
        "import sys, crm_core.analytics.recommendations.rules\n"
        "import crm_core.analytics.value.models, crm_core.analytics.value.holdout\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
