"""Models foretell what follows from what is known, beat the naive answer or stay away, and say exactly why."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crm_core.analytics.prediction import candidates
from crm_core.analytics.prediction import learning as prediction
from crm_core.analytics.prediction.candidates import FAMILIES, learn_naive
from crm_core.analytics.prediction.contributions import sampled_parts
from crm_core.analytics.prediction.fitted import Answers, Fitted, answers_of, fit, fit_naive
from crm_core.analytics.prediction.inputs import learn_inputs, rank_columns
from crm_core.analytics.prediction.predicted import MOST_NEEDS, predict_all
from crm_core.analytics.prediction.scores import Step, calibration_error, figures, reliability, squared, verdict
from crm_core.analytics.prediction.snapshots import (
    NONE,
    OTHER,
    Snapshots,
    fewer,
    gather,
    horizon_of,
    known_on,
    latest,
    plan,
)
from crm_core.analytics.prediction.targets import TARGETS
from crm_core.analytics.reasons import read_reasons
from crm_core.analytics.value.models import TooFewPurchases
from tests.crm_core.told_past import ToldPast, day_number

FIRST, LAST = date(2025, 1, 1), date(2026, 3, 31)
NOW = datetime(2026, 4, 1, 3, tzinfo=UTC)
CATEGORIES = ("tea", "coffee", "cups")
PACES = {"tea": 20, "coffee": 40, "cups": 90}
KINDS = ("delivery", "question", "complaint")


def shop(customers: int = 240, seed: int = 5, habit: float = 1.0) -> ToldPast:
    """Customers with a favourite, which they buy at its own pace until they are gone, and who ask about deliveries.

    How long somebody has been away says little without the favourite's pace, so that no single column is enough.
    `habit` 0 leaves everything to chance.
    """
    chance = np.random.default_rng(seed)
    lines, said, order = [], [], 0
    for customer in range(1, customers + 1):
        favourite = CATEGORIES[int(chance.integers(3))]
        pace = PACES[favourite] if habit else 40
        day = day_number(FIRST) + int(chance.integers(0, 150))
        while day <= day_number(LAST):
            order += 1
            category = favourite if chance.random() < 0.8 * habit else CATEGORIES[int(chance.integers(3))]
            lines.append((customer, order, day, category, int(chance.integers(20, 200)) * 100, 1))
            if chance.random() < 0.3:
                kind = "delivery" if chance.random() < 0.6 * habit else KINDS[int(chance.integers(3))]
                said.append((customer, day + 1, kind, int(chance.integers(-800, 900))))
            if chance.random() < 0.08:
                break
            day += max(1, int(chance.normal(pace, pace / 8) if habit else chance.exponential(pace)))
    return ToldPast(
        pd.DataFrame(lines, columns=["customer_id", "order_id", "day", "category", "spent_minor", "units"]),
        pd.DataFrame(said, columns=["customer_id", "day", "what", "mood"]),
        np.arange(1, customers + 4), FIRST, LAST,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _small_forests() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "TREES", 15)
        yield


@pytest.fixture(scope="module")
def past() -> ToldPast:
    return shop()


@pytest.fixture(scope="module")
def learnt(past: ToldPast) -> dict[str, prediction.Learnt]:
    found = list(prediction.learn_all(past, trials=0))
    return {each.target: each for each in found if isinstance(each, prediction.Learnt)}


@pytest.fixture(scope="module")
def examples(past: ToldPast) -> dict[str, Snapshots]:
    days, everybody = plan(FIRST, LAST, 60).training, past.customers()
    return {name: gather(past, days, 60, TARGETS[name].followed, everybody, CATEGORIES) for name in TARGETS}


# --- examples -------------------------------------------------------------------------------------------------------
def test_what_followed_one_part_never_reaches_into_the_next():
    for horizon in (30, 60, 90):
        days = plan(FIRST, LAST, horizon)
        ahead = timedelta(horizon)
        assert days.test + ahead == LAST
        assert max(days.validation) + ahead <= days.test
        assert max(days.training) + ahead <= min(days.validation)
        assert min(days.training) >= FIRST + timedelta(60)
        assert latest(FIRST, LAST, horizon)[-1] == days.test


def test_too_short_a_history_says_what_is_needed():
    with pytest.raises(TooFewPurchases, match="270 days of history"):
        plan(FIRST, FIRST + timedelta(200), 60)


def test_the_horizon_is_twice_the_usual_gap(past: ToldPast):
    assert horizon_of(past) == 60
    bare = replace(past, lines=past.lines.drop_duplicates("customer_id"))
    assert horizon_of(bare) == 30


def test_examples_know_nothing_of_what_came_later(past: ToldPast):
    day = date(2025, 10, 1)
    earlier = replace(past, lines=past.lines[past.lines["day"] <= day_number(day)],
                      messages=past.messages[past.messages["day"] <= day_number(day)])  # fmt: skip
    pd.testing.assert_frame_equal(known_on(past, day, None, CATEGORIES), known_on(earlier, day, None, CATEGORIES))


def test_what_followed_is_what_was_done_in_the_horizon(past: ToldPast):
    day, ids = date(2025, 10, 1), past.customers()
    after = past.lines[past.lines["day"].between(day_number(day) + 1, day_number(day) + 60)]
    followed = {name: target.followed(past, day, day + timedelta(60), ids) for name, target in TARGETS.items()}
    bought = set(after["customer_id"])
    assert {who for who, gone in followed["churn"].items() if not gone} == bought
    assert set(followed["next_category"].index) == bought
    assert followed["next_spend"].sum() == after["spent_minor"].sum()
    first = after.sort_values("day").drop_duplicates("customer_id").set_index("customer_id")
    assert followed["next_category"].to_dict() == first["category"].to_dict()  # one line an order here
    assert set(followed["next_contact"]) == {NONE, *KINDS}
    assert len(followed["next_contact"]) == len(ids)


def test_examples_are_of_customers_who_had_ordered(examples: dict[str, Snapshots]):
    assert (examples["churn"].known["orders"] > 0).all()
    assert {241, 242, 243}.isdisjoint(examples["churn"].customer)


def test_fewer_examples_keep_their_shares(examples: dict[str, Snapshots]):
    some = fewer(examples["churn"], 300, np.random.default_rng(1))
    assert len(some) == 300
    assert some.followed.mean() == pytest.approx(examples["churn"].followed.mean(), abs=0.01)
    assert len(fewer(examples["next_spend"], 100, np.random.default_rng(1))) == 100


# --- inputs ---------------------------------------------------------------------------------------------------------
def test_columns_that_tell_most_come_first(examples: dict[str, Snapshots]):
    ranked = rank_columns(examples["next_category"], "choice", np.random.default_rng(0))
    told = {"top_category", "gap_mean_days", "last_gap_days"}  # each has its own pace here
    assert told <= set(ranked[:8])
    assert "posts" not in ranked  # the same for everybody
    assert "customer_id" not in ranked


def test_gaps_and_words_become_numbers_within_their_range(examples: dict[str, Snapshots]):
    known = examples["churn"].known
    inputs = learn_inputs(known, ("gap_mean_days", "top_category", "spend_minor"))
    assert [inputs.columns[source] for source in inputs.sources] == ["gap_mean_days"] * 2 + ["top_category"] * 3 + [
        "spend_minor"
    ]
    odd = known.iloc[:1].assign(gap_mean_days=np.nan, top_category="tulips", spend_minor=10**12)
    numbers = inputs.numbers(odd)[0]
    assert numbers[0] == inputs.usual["gap_mean_days"]
    assert numbers[1] == 1
    assert numbers[2:5].tolist() == [0, 0, 0]
    assert numbers[5] <= known["spend_minor"].max()
    assert np.abs(inputs.scaled(known).mean(axis=0)).max() < 1e-9


# --- models ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("target", ["churn", "next_category", "next_spend"])
def test_base_and_parts_are_what_is_foretold(name: str, target: str, examples: dict[str, Snapshots]):
    answers = answers_of(TARGETS[target].kind, examples[target].followed)
    columns = ("recency_days", "gap_mean_days", "top_category", "orders", "spend_90_minor", "recency_in:tea")
    fitted = fit(answers, examples[target], name, FAMILIES[name].first, columns, seed=1)
    known = examples[target].known.iloc[::7]
    said = fitted.predict(known)
    np.testing.assert_allclose(fitted.explain(known).total, said, atol=1e-9)
    assert fitted.explain(known).added.shape == (len(known), len(columns), said.shape[1])
    assert np.abs(fitted.explain(known).added).max() > 0
    if answers.kind != "amount":
        assert ((said >= 0) & (said <= 1)).all()
    if answers.kind == "choice":
        np.testing.assert_allclose(said.sum(axis=1), 1)


def test_a_column_that_a_tree_never_asks_for_adds_nothing(examples: dict[str, Snapshots]):
    part = examples["churn"]
    fitted = fit(Answers("chance", ("yes",)), part, "decision_tree", {"max_depth": 1}, ("recency_days", "units"), 0)
    added = fitted.explain(part.known).added[:, :, 0]
    assert (np.abs(added).max(axis=0) > 0).sum() == 1


def test_a_linear_part_is_its_coefficient_times_the_way_from_the_mean(examples: dict[str, Snapshots]):
    part = examples["next_spend"]
    fitted = fit(Answers("amount", ("amount",)), part, "linear", {"strength": 1.0}, ("orders_90", "units"), 0)
    assert fitted.inputs
    rows = part.known[fitted.predict(part.known)[:, 0] > 0].iloc[:20]
    parts = fitted.explain(rows)
    np.testing.assert_allclose(parts.added[:, :, 0], fitted.inputs.scaled(rows) * fitted.model.coef_)
    assert parts.base[0] == pytest.approx(part.followed.mean())


def test_sampled_parts_of_a_sum_are_its_terms(examples: dict[str, Snapshots]):
    known = examples["churn"].known.iloc[:30]
    inputs = learn_inputs(examples["churn"].known, ("orders", "units"))

    def answer(rows: Any) -> Any:
        return (2.0 * rows["orders"] - rows["units"]).to_numpy(np.float64)[:, None]

    parts = sampled_parts(answer, known, inputs)
    assert parts.added[:, 0, 0].tolist() == (2.0 * (known["orders"] - inputs.usual["orders"])).tolist()
    assert parts.added[:, 1, 0].tolist() == (inputs.usual["units"] - known["units"]).tolist()


def test_sampled_parts_are_near_those_of_shap(examples: dict[str, Snapshots]):
    shap = pytest.importorskip("shap", reason="needs the extra: make shap")
    part, columns = examples["churn"], ("recency_days", "orders_90", "spend_90_minor")
    fitted = fit(Answers("chance", ("yes",)), part, "svm", FAMILIES["svm"].first, columns, seed=1)
    assert fitted.inputs
    known = part.known.iloc[::60].reset_index(drop=True)

    def answer(rows: Any) -> Any:
        return fitted.predict(pd.DataFrame(rows, columns=list(columns)))[:, 0]

    usual = np.array([[fitted.inputs.usual[column] for column in columns]], dtype=np.float64)
    theirs = shap.explainers.Exact(answer, usual)(known[list(columns)].to_numpy(np.float64)).values
    ours = fitted.explain(known).added[:, :, 0]
    np.testing.assert_allclose(ours.sum(axis=1), theirs.sum(axis=1), atol=1e-6)
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.95


def test_a_naive_answer_is_the_average_of_those_alike(examples: dict[str, Snapshots]):
    part = examples["churn"]
    fitted = fit_naive(Answers("chance", ("yes",)), part, "top_category")
    tea = part.known["top_category"].to_numpy() == "tea"
    rate = (part.followed[tea].sum() + 10 * part.followed.mean()) / (tea.sum() + 10)
    assert fitted.predict(part.known[tea])[0, 0] == pytest.approx(rate)
    np.testing.assert_allclose(fitted.explain(part.known).total, fitted.predict(part.known))
    plain = fit_naive(Answers("chance", ("yes",)), part, None)
    assert plain.predict(part.known)[0, 0] == pytest.approx(part.followed.mean())
    assert plain.explain(part.known).total.shape == (len(part), 1)


def test_a_naive_answer_takes_gaps_and_words_it_never_saw(examples: dict[str, Snapshots]):
    part = examples["churn"]
    wanted = part.followed[:, None].astype(float)
    for column, odd in (("gap_mean_days", np.nan), ("top_category", "tulips")):
        naive = learn_naive(part.known, wanted, column)
        answer = naive.predict(part.known.iloc[:1].assign(**{column: odd}))
        assert 0 <= answer[0, 0] <= 1


# --- figures --------------------------------------------------------------------------------------------------------
def test_figures_of_known_answers():
    wanted, answers = np.array([[1.0], [0.0], [1.0], [0.0]]), np.array([[0.9], [0.2], [0.4], [0.1]])
    found = figures("chance", wanted, answers)
    assert found["brier"] == pytest.approx((0.01 + 0.04 + 0.36 + 0.01) / 4)
    assert (found["accuracy"], found["precision"], found["recall"], found["auc"]) == (0.75, 1, 0.5, 1)
    assert found["f1"] == pytest.approx(2 / 3)
    amounts = figures("amount", np.array([[0.0], [10.0]]), np.array([[1.0], [8.0]]))
    assert amounts == {"mse": 2.5, "mae": 1.5, "r2": 0.9}
    choices = figures("choice", np.eye(3)[[0, 1, 2, 2]], np.eye(3)[[0, 1, 2, 0]] * 0.7 + 0.1)
    assert choices["accuracy"] == 0.75
    assert choices["recall"] == pytest.approx((1 + 1 + 0.5) / 3)
    never = figures("choice", np.zeros((2, 2)), np.full((2, 2), 0.5))
    assert never["accuracy"] == 0  # what was right had never been seen


def test_reliability_compares_what_was_said_with_what_happened():
    said = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 10)[:, None]
    happened = np.concatenate([np.arange(10) < round(10 * share) for share in (0.1, 0.3, 0.5, 0.7, 0.9)])[:, None]
    bins = reliability(happened.astype(float), said)
    assert [round(each.happened, 3) for each in bins] == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert calibration_error(bins) == pytest.approx(0)
    assert calibration_error(reliability(1.0 - happened, said)) > 0.3


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([(100, 0.0, -0.1), (200, 0.005, -0.02)], "underfitting"),
        ([(100, 0.5, 0.1), (200, 0.4, 0.2)], "overfitting"),
        ([(100, 0.25, 0.1), (200, 0.22, 0.2)], "more_examples"),
        ([(100, 0.25, 0.2), (200, 0.22, 0.2)], "balanced"),
    ],
)
def test_learning_curves_are_read(steps: list[tuple[int, float, float]], said: str):
    assert verdict([Step(*each) for each in steps]) == said


# --- choosing -------------------------------------------------------------------------------------------------------
def test_every_target_is_learnt_from_and_reported_on(learnt: dict[str, prediction.Learnt]):
    assert set(learnt) == set(TARGETS)
    for each in learnt.values():
        assert set(each.candidates) == set(FAMILIES)
        assert all(set(one.figures) == {"training", "validation", "test"} for one in each.candidates.values())
        assert each.chosen in (*FAMILIES, "naive")
        assert each.test_gain[0] <= each.test_gain[1]
        assert each.curve[-1].examples == each.examples["training"]


def test_a_model_is_used_where_there_is_something_to_learn(learnt: dict[str, prediction.Learnt]):
    churn = learnt["churn"]
    assert churn.chosen != "naive"
    assert churn.candidates[churn.chosen].figures["test"]["auc"] > 0.75
    assert churn.candidates[churn.chosen].validation_gain[0] > 0
    assert churn.fitted.name == churn.chosen


def test_the_naive_answer_is_kept_where_all_is_chance():
    aimless = shop(habit=0.0, seed=9)
    found = prediction.learn(aimless, "next_category", 60, trials=0)
    assert found.chosen == "naive"
    assert found.fitted.naive is not None
    assert found.candidates[found.best].validation_gain[0] <= 0


def test_the_simpler_of_equals_is_taken():
    random, noise = np.random.default_rng(0), np.random.default_rng(1).normal(0, 0.01, 400)
    losses = {"linear": np.full(400, 0.2) + noise, "gradient_boosting": np.full(400, 0.2), "svm": np.full(400, 0.1)}
    good, bad = (0.1, 0.2), (-0.1, 0.2)
    choose: Callable[..., str] = prediction._choice
    two = {name: losses[name] for name in ("linear", "gradient_boosting")}
    assert choose(two, {"linear": good, "gradient_boosting": good}, "gradient_boosting", random) == "linear"
    assert choose(two, {"linear": bad, "gradient_boosting": good}, "gradient_boosting", random) == "gradient_boosting"
    assert choose(losses, dict.fromkeys(losses, good), "svm", random) == "svm"
    assert choose(losses, dict.fromkeys(losses, bad), "svm", random) == "naive"


def test_the_same_past_gives_the_same_models(past: ToldPast, learnt: dict[str, prediction.Learnt]):
    again, before = prediction.learn(past, "next_spend", 60, trials=0), learnt["next_spend"]
    assert replace(again, cpu_s=0, fitted=before.fitted) == replace(before, cpu_s=0)
    known = known_on(past, LAST, None)
    known = known[known["orders"] > 0]
    np.testing.assert_array_equal(again.fitted.predict(known), before.fitted.predict(known))


def test_tuning_is_never_worse_on_validation_than_the_first_settings(past: ToldPast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prediction, "FAMILIES", {name: FAMILIES[name] for name in ("linear", "decision_tree")})
    first, tuned = (prediction.learn(past, "churn", 60, trials=trials) for trials in (0, 4))
    for name, candidate in tuned.candidates.items():
        assert candidate.figures["validation"]["brier"] <= first.candidates[name].figures["validation"]["brier"]
        assert set(candidate.parameters) == set(FAMILIES[name].first)


def test_too_few_customers_are_said_to_be_too_few():
    few = shop(customers=12)
    problems = [each for each in prediction.learn_all(few, trials=0) if isinstance(each, TooFewPurchases)]
    assert len(problems) == len(TARGETS)
    assert "too few" in str(problems[0])


# --- what is written ------------------------------------------------------------------------------------------------
def test_rows_are_ready_to_be_written(past: ToldPast, learnt: dict[str, prediction.Learnt]):
    until = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    features, bought = past.features(LAST), past.bought_categories(LAST)
    found = predict_all(features, bought, learnt, computed_at=NOW, data_until=until)
    buyers = features.loc[features["orders"] > 0, "customer_id"].tolist()
    assert [row["customer_id"] for row in found.scores] == buyers
    assert all(row["kind"] == "churn" and 0 <= row["value_milli"] <= 1000 for row in found.scores)
    assert all(row["horizon_days"] == 60 and row["computed_at"] == NOW for row in found.scores)
    assert {row["model"] for row in found.scores} == {learnt["churn"].chosen}
    assert any(row["reasons"] for row in found.scores)
    columns = set(learnt["churn"].fitted.columns)
    facts = {each.fact for row in found.needs for each in read_reasons(row["reasons"])}
    assert not any(":" in fact for fact in facts)
    assert {each.fact for row in found.scores for each in read_reasons(row["reasons"])} <= columns
    needs: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in found.needs:
        needs.setdefault((row["customer_id"], row["kind"]), []).append(row)
    assert {kind for _, kind in needs} == {"category", "contact"}
    assert {row["what"] for row in found.needs} <= {*CATEGORIES, *KINDS} - {NONE, OTHER}
    for rows in needs.values():
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        assert len(rows) <= MOST_NEEDS
        assert [row["chance_milli"] for row in rows] == sorted((row["chance_milli"] for row in rows), reverse=True)


def test_parts_of_the_customers_give_the_same_rows(past: ToldPast, learnt: dict[str, prediction.Learnt]):
    until = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    features, bought = past.features(LAST), past.bought_categories(LAST)
    whole = predict_all(features, bought, learnt, computed_at=NOW, data_until=until)
    ids = features["customer_id"]
    parts = [
        predict_all(features[chosen], bought[bought["customer_id"].isin(ids[chosen])], learnt, computed_at=NOW,
                    data_until=until)
        for chosen in (ids <= 90, ids > 90)
    ]  # fmt: skip
    assert [row for part in parts for row in part.scores] == whole.scores
    assert sorted(str(row) for part in parts for row in part.needs) == sorted(map(str, whole.needs))


def test_needs_go_with_the_chance_of_ordering(past: ToldPast, learnt: dict[str, prediction.Learnt]):
    until = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
    features, bought = past.features(LAST), past.bought_categories(LAST)
    found = predict_all(features, bought, learnt, computed_at=NOW, data_until=until)
    leaving = {row["customer_id"]: row["value_milli"] for row in found.scores}
    needs = [row for row in found.needs if row["kind"] == "category"]
    assert needs
    assert all(row["chance_milli"] <= 1001 - leaving[row["customer_id"]] for row in needs)
    without = predict_all(features, bought, {"next_contact": learnt["next_contact"]}, computed_at=NOW, data_until=until)
    assert (without.scores, without.needs) == ([], [])


def test_squared_errors_add_up_over_answers():
    assert squared(np.array([[1.0, 0.0]]), np.array([[0.6, 0.4]])).tolist() == pytest.approx([0.32])


def test_a_model_that_was_used_is_a_model_that_was_fitted(learnt: dict[str, prediction.Learnt]):
    for each in learnt.values():
        fitted: Fitted = each.fitted
        assert (fitted.model is None) == (each.chosen == "naive") == (fitted.naive is not None)
