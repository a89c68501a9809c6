"""Fitting: the mix of both views is learned from held-out examples, and nothing breaks on few of them."""

import numpy as np
import pytest

from nlu.classifier import Classifier, Mix
from nlu.encoder import Encoder
from nlu.fitting import FOLDS, fit
from nlu.intents import OUT_OF_SCOPE
from nlu.training import NAME_HELPS_BELOW, with_names

SAID = {
    "order_status": [
        "where is my order",
        "has it shipped",
        "track my parcel",
        "发货了吗",
        "订单到哪了",
        "when will it come",
    ],
    "refund_status": [
        "where is my refund",
        "退款到了吗",
        "money back yet",
        "when do i get my money",
        "退款多久",
        "refund?",
    ],
    OUT_OF_SCOPE: ["tell me a joke", "今天天气", "who won the match", "写首诗", "what is 2+2", "best film ever"],
}
ROWS = [(text, label) for label, texts in SAID.items() for text in texts]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


def fitted(encoder: Encoder, rows: list[tuple[str, str]]) -> Classifier:
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    return fit(texts, labels, encoder.vectors(texts))


def test_the_mix_and_the_rejector_are_learned(encoder: Encoder) -> None:
    model = fitted(encoder, ROWS)
    assert model.mix.wording > 0
    assert model.mix.sharpness > 0
    assert model.rejector is not None
    verdict = model.classify("refund please", encoder.vector("refund please"))
    assert verdict.ranking[0][0] == "refund_status"
    assert sum(share for _, share in verdict.ranking) == pytest.approx(1, abs=1e-3)


def test_what_was_learned_is_stored(encoder: Encoder) -> None:
    model = fitted(encoder, ROWS)
    again = Classifier.of_arrays(model.arrays())
    assert again.mix == model.mix
    assert again.rejector is not None


@pytest.mark.parametrize("count", [1, FOLDS - 1])
def test_too_few_to_hold_any_out_keep_the_usual_mix(encoder: Encoder, count: int) -> None:
    rows = [(text, label) for label, texts in SAID.items() for text in texts[:count]]
    model = fitted(encoder, rows)
    assert model.mix == Mix()
    assert model.rejector is None
    assert model.classify("has it shipped", encoder.vector("has it shipped")).ranking


def test_one_label_alone_is_always_meant(encoder: Encoder) -> None:
    model = fitted(encoder, ROWS[:6])
    assert model.classify("anything", encoder.vector("anything")).ranking[0] == ("order_status", 1.0)


def test_fitting_twice_gives_the_same(encoder: Encoder) -> None:
    first, second = fitted(encoder, ROWS), fitted(encoder, ROWS)
    assert first.mix == second.mix
    assert np.array_equal(first.dual, second.dual)


def test_names_are_examples_only_where_there_are_few() -> None:
    many = [(f"text {number}", "many") for number in range(NAME_HELPS_BELOW)]
    assert with_names([*many, ("joke", OUT_OF_SCOPE), ("one", "very_few")])[-1] == ("very few", "very_few")
    assert len(with_names(many)) == len(many)
