"""Recommenders: small cases worked out by hand, and what holds for every set of purchases."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.recommendations.lists import buy_again, learn_temperature, lists, new_items, probabilities
from crm_core.analytics.recommendations.mix import (
    Mix,
    best_first,
    bought_after,
    difference,
    learn_weights,
    measure,
    standardised,
)
from crm_core.analytics.recommendations.models import (
    FITS,
    BadPurchases,
    Bought,
    Ledger,
    Model,
    Purchases,
    Reason,
    fit_all,
    fit_content,
    fit_cosine,
    fit_ease,
    fit_habit,
    fit_popularity,
    gather,
    terms,
)

DAY = date(2026, 1, 1)


def bought(lines: str, *, start: int = 0) -> list[Bought]:
    """`ann: tea cup` a line: what each bought, a day after the other."""
    made = []
    for line in lines.split(";"):
        customer, items = line.split(":")
        days = enumerate(items.split(), start=start)
        made += [Bought(customer.strip(), item, DAY + timedelta(day)) for day, item in days]
    return made


def why(model: Model, row: int, item: int, ledger: Ledger) -> Reason | None:
    return model.reasons(np.array([row]), np.array([[item]])).at((0, 0), ledger.items)


SHOP = bought("ann: tea cup; bob: tea cup; cat: tea pot; dan: tea jam; eve: jam")
TEXTS = {
    "tea": "green tea 绿茶",
    "cup": "tea cup 茶杯",
    "pot": "tea pot 茶壶",
    "jam": "plum jam 李子酱",
    "new": "绿茶礼盒",
}

purchase_sets = st.lists(
    st.builds(
        Bought,
        st.sampled_from("abcdefg"),
        st.sampled_from("tuvwxyz"),
        st.integers(0, 200).map(lambda day: DAY + timedelta(day)),
    ),
    min_size=1,
    max_size=60,
)


def test_a_ledger_has_the_most_bought_first_and_each_day_once():
    ledger = gather([*SHOP, SHOP[0]], texts=TEXTS)
    assert ledger.items == ("tea", "cup", "jam", "pot", "new")
    assert ledger.customers == ("ann", "bob", "cat", "dan", "eve")
    assert len(ledger.day) == len(SHOP)
    assert ledger.until == DAY + timedelta(1)
    assert gather(SHOP, until=DAY).items == ("tea", "jam")
    assert ledger.rows(["bob", "nobody"]).tolist() == [1, -1]
    assert ledger.bought.toarray().sum(axis=1).tolist() == [2, 2, 2, 2, 1, 0]


@given(purchase_sets)
@settings(max_examples=25, deadline=None)
def test_many_customers_at_once_get_what_each_gets_alone(purchases: list[Bought]):
    numbered = {name: number for number, name in enumerate("abcdefg", start=100)}
    columns = Purchases.of(purchases)
    ledger = gather(replace(columns, customers=[numbered[str(name)] for name in columns.customers]))
    models = fit_all(ledger)
    mix = Mix(models, dict.fromkeys(models, 1 / len(models)))
    for owned, alone in ((False, new_items), (True, buy_again)):
        rows = np.arange(-1, len(ledger.customers))
        found = lists(mix, ledger, rows, owned=owned, count=4)
        for place, row in enumerate(rows):
            customer = ledger.customers[row] if row >= 0 else 999
            expected = alone(mix, ledger, customer, count=4)
            items = [ledger.items[item] for item in found.item[place] if item >= 0]
            assert items == [each.item for each in expected]
            assert [found.reasons.at((place, at), ledger.items) for at in range(len(items))] == [
                each.reason for each in expected
            ]


def test_only_what_is_offered_is_listed():
    ledger = gather(SHOP)
    offered = np.array([each != "tea" for each in ledger.items])
    found = lists(fit_popularity(ledger), ledger, np.array([4, -1]), owned=False, offered=offered)
    assert [[ledger.items[item] for item in row if item >= 0] for row in found.item] == [
        ["cup", "pot"],
        ["cup", "jam", "pot"],
    ]
    assert found.chance.sum(axis=1) == pytest.approx([1, 1])


def test_nothing_bought_is_said():
    with pytest.raises(BadPurchases, match="no purchase"):
        gather([])
    with pytest.raises(BadPurchases, match="no purchase"):
        gather(SHOP, until=DAY - timedelta(1), texts=TEXTS)


def test_popularity_is_the_share_of_customers():
    scores = fit_popularity(gather(SHOP, texts=TEXTS)).scores(np.array([0, -1]))
    assert scores.tolist() == [[0.8, 0.4, 0.4, 0.2, 0.0]] * 2


def test_cosine_of_items():
    """tea has 4 buyers, cup 2, jam 2, pot 1; tea and cup share 2, tea and jam 1, tea and pot 1."""
    likeness = fit_cosine(gather(SHOP)).likeness.toarray()
    tea = [0, 2 / 8**0.5, 1 / 8**0.5, 1 / 2]
    assert likeness[0] == pytest.approx(tea)
    assert likeness == pytest.approx(likeness.T)
    assert likeness[1, 2] == 0


def test_ease_of_two_items():
    """G = [[2, 1], [1, 1]] and λ = 1: P = [[2, -1], [-1, 3]] / 5, so B = [[0, 1/3], [1/2, 0]]."""
    model = fit_ease(gather(bought("ann: tea cup; bob: tea")), strength=1.0)
    assert model.likeness == pytest.approx(np.array([[0, 1 / 3], [1 / 2, 0]]))
    assert model.scores(np.array([1, 0, -1])) == pytest.approx(np.array([[0, 1 / 3], [1 / 2, 1 / 3], [0, 0]]))
    with pytest.raises(BadPurchases, match="above 0"):
        fit_ease(gather(SHOP), strength=0)


def test_ease_solves_what_it_stands_for():
    """Each column of B is the ridge regression of the item on all others."""
    random = np.random.default_rng(3)
    purchases = [Bought(f"c{row}", f"i{item}", DAY) for row in range(30) for item in range(6) if random.random() < 0.4]
    ledger = gather(purchases)
    weights = fit_ease(ledger, strength=2.0).likeness
    matrix = ledger.bought.toarray()
    for item in range(len(ledger.items)):
        others = [each for each in range(len(ledger.items)) if each != item]
        x, y = matrix[:, others], matrix[:, item]
        ridge = np.linalg.solve(x.T @ x + 2.0 * np.eye(len(others)), x.T @ y)
        assert weights[others, item] == pytest.approx(ridge)


def test_ease_leaves_out_the_rare_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("crm_core.analytics.recommendations.models.MOST_ITEMS", 2)
    ledger = gather(SHOP)
    model = fit_ease(ledger)
    assert model.scores(np.array([0])).shape == (1, 4)
    assert model.scores(np.array([0]))[0, 2:].tolist() == [0, 0]
    assert why(model, 0, 3, ledger) is None


def test_a_habit_has_the_customers_own_rhythm():
    days = {"ann": (0, 10, 20, 40), "bob": (0, 30), "cat": (40,)}
    purchases = [Bought(name, "tea", DAY + timedelta(day)) for name, when in days.items() for day in when]
    ledger = gather(purchases, until=DAY + timedelta(50))
    model = fit_habit(ledger, ahead=0)
    assert [model.rhythm[row, 0] for row in range(3)] == [10, 30, 0]
    chance = (2 + 5 * 2 / 3) / (3 + 5)  # two of three buyers came back, and so did two of all three pairs
    scores = model.scores(np.array([0, 1, 2, -1]))[:, 0]
    assert scores == pytest.approx([3 + chance, (1 + chance) * 20 / 30, chance * 10 / 15, 0])  # 15: of 10, 10, 20, 30
    assert why(model, 0, 0, ledger) == Reason("rhythm", days=10)
    assert why(model, 2, 0, ledger) is None


def test_a_habit_fades_when_it_is_overdue():
    purchases = [Bought("ann", "tea", DAY), Bought("ann", "tea", DAY + timedelta(10))]
    fresh, late, later = (
        fit_habit(gather(purchases, until=DAY + timedelta(10 + days))).scores(np.array([0]))[0, 0]
        for days in (10, 20, 30)
    )
    assert late == pytest.approx(fresh / 2)
    assert later == pytest.approx(fresh / 4)


def test_nobody_has_a_habit_who_bought_nothing_twice():
    ledger = gather(SHOP)
    model = fit_habit(ledger)
    assert np.isfinite(model.scores(np.arange(5))).all()
    assert why(model, 0, 0, ledger) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Green Tea, 250g", ["green", "tea", "250g"]),
        ("龙井茶 Longjing", ["龙井", "井茶", "龙井茶", "longjing"]),
        ("茶 café", ["茶", "café"]),
        ("tea茶杯", ["tea", "茶杯"]),
        (" — ", []),
    ],
)
def test_terms_are_words_and_pieces_of_chinese(text: str, expected: list[str]):
    assert terms(text) == expected


def test_texts_speak_for_what_nobody_bought_yet():
    ledger = gather(SHOP, texts=TEXTS)
    model = fit_content(ledger)
    new = ledger.items.index("new")
    row = ledger.rows(["ann"])
    assert model.scores(row)[0, new] > 0
    assert why(model, int(row[0]), new, ledger) == Reason("alike", item="tea")
    assert fit_content(gather(SHOP)).scores(row).tolist() == [[0.0] * 4]


def test_lists_say_why():
    ledger = gather(SHOP, texts=TEXTS)
    ann = new_items(fit_cosine(ledger), ledger, "ann")
    assert [each.item for each in ann] == ["pot", "jam", "new"]
    assert ann[0].reason == Reason("bought_with", item="tea")
    assert ann[2].reason == Reason("new")
    again = buy_again(fit_habit(ledger), ledger, "ann")
    assert {each.item for each in again} == {"tea", "cup"}


@pytest.mark.parametrize("name", [*FITS, "mix"])
def test_a_customer_nobody_knows_gets_what_is_popular(name: str):
    ledger = gather(SHOP, texts=TEXTS)
    models = fit_all(ledger)
    model = Mix(models, dict.fromkeys(models, 0.2)) if name == "mix" else models[name]
    found = new_items(model, ledger, "nobody", count=3)
    assert [each.item for each in found] == ["tea", "cup", "jam"]
    assert {each.reason.kind for each in found} == {"popular"}
    assert buy_again(model, ledger, "nobody") == []


@given(purchase_sets)
@settings(max_examples=25, deadline=None)
def test_every_model_keeps_to_what_lists_are(purchases: list[Bought]):
    ledger = gather(purchases)
    for model in fit_all(ledger).values():
        scores = model.scores(np.arange(-1, len(ledger.customers)))
        assert scores.shape == (len(ledger.customers) + 1, len(ledger.items))
        assert np.isfinite(scores).all()
        for customer in ledger.customers:
            owned = {each.item for each in purchases if each.customer == customer}
            new = new_items(model, ledger, customer, count=99, temperature=0.3)
            again = buy_again(model, ledger, customer, count=99)
            assert {each.item for each in new} == set(ledger.items) - owned
            assert {each.item for each in again} == owned
            for each in (new, again):
                assert not each or sum(one.probability for one in each) == pytest.approx(1)
                assert [one.probability for one in each] == sorted((one.probability for one in each), reverse=True)
            for one in (*new, *again):
                assert one.reason.item is None or one.reason.item in owned


@given(purchase_sets, st.permutations("abcdefg"), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_neither_the_order_nor_the_names_of_customers_change_anything(purchases, names, random):
    renamed = [Bought(names["abcdefg".index(each.customer)], each.item, each.day) for each in purchases]
    random.shuffle(renamed)
    one, other = gather(purchases), gather(renamed)
    assert one.items == other.items
    for name, model in fit_all(one).items():
        for customer in one.customers:
            scores = model.scores(one.rows([customer]))
            same = FITS[name](other).scores(other.rows([names["abcdefg".index(customer)]]))
            assert scores == pytest.approx(same, abs=1e-9)


def test_probabilities():
    assert probabilities(np.log([1.0, 3.0])) == pytest.approx([0.25, 0.75])
    assert probabilities(np.log([[1.0, 3.0]]), temperature=0.5) == pytest.approx(np.array([[0.1, 0.9]]))
    assert probabilities(np.array([1e4, 0.0, -np.inf])).tolist() == [1, 0, 0]
    assert probabilities(np.array([-np.inf, -np.inf])).tolist() == [0, 0]
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(BadPurchases, match="temperature"):
            probabilities(np.zeros(2), temperature=wrong)


class Drawn:
    """A model whose scores are the logarithms of the chances from which purchases are drawn, times three."""

    def __init__(self, ledger: Ledger, random: np.random.Generator) -> None:
        self.chances = random.dirichlet(np.ones(len(ledger.items)), size=len(ledger.customers))

    def scores(self, rows: np.ndarray) -> np.ndarray:
        return 3 * np.log(self.chances[rows])


@pytest.mark.parametrize("owned", [False, True])
def test_the_temperature_is_the_one_that_purchases_were_drawn_with(owned: bool):
    random = np.random.default_rng(4)
    lines = [Bought(f"{who}", f"{what}", DAY) for who in range(2000) for what in range(8) if what < 4 or who % 500 == 0]
    ledger = gather(lines)
    model = Drawn(ledger, random)
    allowed = (ledger.bought[np.arange(2000)].toarray() > 0) == owned
    chances = np.where(allowed, model.chances, 0)
    later = [
        Bought(ledger.customers[row], ledger.items[random.choice(8, p=chances[row] / chances[row].sum())], DAY)
        for row in range(2000)
        if allowed[row].any()
    ]
    found = learn_temperature(model, ledger, bought_after(ledger, later, new_only=not owned), owned=owned)
    assert found == pytest.approx(3, rel=0.15)


def test_without_later_purchases_scores_stay_as_they_are():
    ledger = gather(SHOP)
    later = bought_after(ledger, [], new_only=True)
    assert learn_temperature(fit_popularity(ledger), ledger, later, owned=False) == 1


def test_measures_by_hand():
    """Popular and new to ann: jam, pot. She buys pot and an unknown thing: second place of one to find."""
    ledger = gather(SHOP)
    later = bought_after(ledger, bought("ann: pot tea other; nobody: jam", start=5), new_only=True)
    found = measure(fit_popularity(ledger), ledger, later, new_only=True)
    assert found.rows.tolist() == [0]
    assert (found.recall[0], found.hit[0]) == (1, 1)
    assert found.ndcg[0] == pytest.approx(1 / np.log2(3))
    first = measure(fit_popularity(ledger), ledger, later, new_only=True, count=1)
    assert (first.recall[0], first.hit[0], first.ndcg[0]) == (0, 0, 0)
    every = bought_after(ledger, bought("ann: pot tea", start=5), new_only=False)
    both = measure(fit_popularity(ledger), ledger, every, new_only=False)  # tea first, pot fourth
    assert both.ndcg[0] == pytest.approx((1 + 1 / np.log2(5)) / (1 + 1 / np.log2(3)))


def test_equal_scores_keep_their_order_and_say_nothing_in_a_mix():
    assert best_first(np.array([[1.0, 2.0, 1.0, 2.0]]), 3).tolist() == [[1, 3, 0]]
    assert standardised(np.array([[2.0, 2.0], [1.0, 3.0]])).tolist() == [[0, 0], [-1, 1]]


@given(purchase_sets, purchase_sets, st.booleans(), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_a_mix_is_no_worse_than_its_best_part_where_it_learnt(before, after, new_only, seed):
    ledger = gather(before)
    later = bought_after(ledger, after, new_only=new_only)
    models = fit_all(ledger)
    if not later.nnz:
        with pytest.raises(BadPurchases, match="Nobody bought"):
            learn_weights(models, ledger, later, np.random.default_rng(seed), new_only=new_only)
        return
    weights = learn_weights(models, ledger, later, np.random.default_rng(seed), new_only=new_only)
    assert weights == learn_weights(models, ledger, later, np.random.default_rng(seed), new_only=new_only)
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= 0
    mixed = measure(Mix(models, weights), ledger, later, new_only=new_only).ndcg.mean()
    for model in models.values():
        assert mixed >= measure(model, ledger, later, new_only=new_only).ndcg.mean() - 1e-9


def test_a_mix_gives_the_reason_of_the_part_that_speaks_most():
    ledger = gather(SHOP, texts=TEXTS)
    models = {"content": fit_content(ledger), "cosine": fit_cosine(ledger)}
    new = ledger.items.index("new")
    assert why(Mix(models, {"content": 0.9, "cosine": 0.1}), 0, new, ledger) == Reason("alike", item="tea")
    assert why(Mix(models, {"content": 0.0, "cosine": 1.0}), 0, new, ledger) is None


def test_an_interval_of_a_difference_holds_it():
    random = np.random.default_rng(1)
    one = random.random(200)
    assert difference(one, one, random) == (0, 0)
    low, high = difference(one + 0.1 * random.random(200), one, random)
    assert 0.04 < low < 0.05 < high < 0.06
    same = difference(one, one - 0.25, random)
    assert same == pytest.approx((0.25, 0.25))


def test_nothing_heavy_is_loaded_before_it_is_needed():
    heavy = ("pandas", "sklearn", "scipy", "matplotlib")
    code = (
        "import sys, crm_core.analytics.recommendations.lists, crm_core.analytics.recommendations.mix\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
