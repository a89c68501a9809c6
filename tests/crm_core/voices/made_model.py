"""A Whisper model that says the same words whatever it hears, in the form that the library reads.

Its weights are nothing but which token follows at which place, so that all that is around a model can be tested with
the real library.
"""

from pathlib import Path
from typing import Any

import numpy as np

BYTES = 50257
"""As many tokens of text as multilingual models have; after them come the signs."""
LANGUAGES = 99
MELS, STATES, SOUND_PLACES, TEXT_PLACES = 80, 64, 1500, 448


def made(folder: Path, words: str) -> Path:
    """Write a model that takes every recording for English and hears these words in it."""
    from ctranslate2.specs.whisper_spec import WhisperSpec

    tokens = _tokens(words)
    number = {token: place for place, token in enumerate(tokens)}
    spoken = [f"Ġ{word}" for word in words.split()]
    # What follows the start, the language and the task; then the words between two times.
    said = ["<|en|>", "", "<|0.00|>", *spoken, "<|2.00|>", "<|endoftext|>"]
    spec = WhisperSpec(1, 1, 1, 1)
    _fill(spec)
    spec.decoder.embeddings.weight = np.zeros((len(tokens), STATES), np.float32)
    places = np.zeros((TEXT_PLACES, STATES), np.float32)
    projection = np.zeros((len(tokens), STATES), np.float32)
    for place, token in enumerate(said):
        places[place, place] = 1
        if token:
            projection[number[token], place] = 9
    spec.decoder.position_encodings.encodings = places
    spec.decoder.projection.weight = projection
    spec.register_vocabulary(tokens)
    spec.config.lang_ids = [number[token] for token in tokens[BYTES + 2 :][:LANGUAGES]]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    folder.mkdir()
    spec.validate()
    spec.save(str(folder))
    _write_tokenizer(folder, number)
    return folder


def _tokens(words: str) -> list[str]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES
    from tokenizers.pre_tokenizers import ByteLevel

    text = [*sorted(ByteLevel.alphabet()), *dict.fromkeys(f"Ġ{word}" for word in words.split())]
    text += [*(f"unused{place}" for place in range(BYTES - len(text) - 1)), ""]  # multilingual ones end with this
    signs = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in _LANGUAGE_CODES[:LANGUAGES])]
    signs += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    return [*text, *signs, "<|notimestamps|>", *(f"<|{place * 0.02:.2f}|>" for place in range(1501))]


def _write_tokenizer(folder: Path, number: dict[str, int]) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=number, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))


def _fill(spec: Any) -> None:
    """All weights that nothing hangs on: nothing is added to what the place alone says."""

    def zeros(*shape: int) -> Any:
        return np.zeros(shape, np.float32)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = zeros(STATES, MELS, 3), zeros(STATES)
    encoder.conv2.weight, encoder.conv2.bias = zeros(STATES, STATES, 3), zeros(STATES)
    encoder.position_encodings.encodings = zeros(SOUND_PLACES, STATES)
    norms = [encoder.layer_norm, decoder.layer_norm]
    attentions = []
    for layer in (*encoder.layer, *decoder.layer):
        attentions.append((layer.self_attention, (3, 1)))
        if hasattr(layer, "attention"):
            attentions.append((layer.attention, (1, 2, 1)))
        norms.append(layer.ffn.layer_norm)
        layer.ffn.linear_0.weight, layer.ffn.linear_0.bias = zeros(4 * STATES, STATES), zeros(4 * STATES)
        layer.ffn.linear_1.weight, layer.ffn.linear_1.bias = zeros(STATES, 4 * STATES), zeros(STATES)
    for attention, sizes in attentions:
        norms.append(attention.layer_norm)
        for linear, parts in zip(attention.linear, sizes, strict=True):
            linear.weight, linear.bias = zeros(parts * STATES, STATES), zeros(parts * STATES)
    for norm in norms:
        norm.gamma, norm.beta = np.ones(STATES, np.float32), zeros(STATES)
