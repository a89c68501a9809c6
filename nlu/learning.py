"""Learns from corrections: the lines of config/nlu, what staff approved, and a rule for what is used of it.

The rule. One line in five of `customer.yml`, and of `mood.yml`, is held out: the ones whose SHA-256 (of the line
without signs, folded) is divisible by five, so that it is the same lines every night. A correction is never among them,
and one that says the same words as a line of the files is not learnt at all: that line stands in the files, and is
changed there. To be measured, a model is fitted on the other four fifths and on corrections; its score is the share of
the held-out lines that it understands rightly. New corrections are tried all at once; when the score falls below that
of the model in use, by halves, and only those are taken with which it does not fall. What is used is fitted on all
lines. Intents and moods are measured apart; what agents and managers say is not touched. How the views are mixed and
what is rejected stays as the files alone have it: fitted anew, it would move the score more than a correction does.

Lines come on standard input and are never written to a file; of a model's own files, `about.json` has the ids alone.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu import generations, model_files
from nlu.classifier import Classifier
from nlu.cleaning import clean, fold
from nlu.encoder import ENCODERS, MAX_CHARACTERS, Encoder, Vector
from nlu.engines.builtin import OUTSIDE
from nlu.features import grams
from nlu.intents import CUSTOMER, OUT_OF_SCOPE
from nlu.models import Progress, base_name, examples_of, fitted, in_child, train
from nlu.training import MOODS, Example

HELD_OUT = 5
"""One line in so many is held out."""
MOST_TRIES = 12
"""How many groups of corrections are measured for one model in one night."""
MODELS = {"intent": "customer", "mood": "mood"}
"""What a correction is about → the model that learns from it."""
LABELS: Mapping[str, tuple[str, ...]] = {"intent": CUSTOMER, "mood": MOODS}
_SIGNS = re.compile(r"\W+")


@dataclass(frozen=True)
class Lesson:
    """An approved correction: `kind` is intent or mood. The newest comes first."""

    id: int
    kind: str
    text: str
    label: str


@dataclass(frozen=True)
class Tried:
    """What came of one model: its score and that of the one before, and id → label of the corrections it holds."""

    score: float
    before: float
    corrections: Mapping[str, str]
    refused: int = 0
    """Corrections with which the score would have fallen."""


@dataclass(frozen=True)
class Learned:
    """What came of a night. `name`: the generation to use from now on, which may be the one that was in use before."""

    name: str
    models: Mapping[str, Tried]
    in_files: int
    """Corrections that say what a line of the files says already."""


def learn_in_child(
    config_dir: Path,
    cache_dir: Path,
    lessons: Iterable[Lesson],
    made_at: datetime,
    progress: Progress,
    encoder: str = "light",
) -> Learned:
    """Train in a process of its own; the lines go through its standard input."""
    fed = json.dumps({"made_at": made_at.isoformat(), "lessons": [asdict(each) for each in lessons]})
    told = json.loads(in_child("learn", config_dir, cache_dir, progress, encoder, fed))
    return Learned(told["name"], {key: Tried(**each) for key, each in told["models"].items()}, told["in_files"])


def learn_fed(config_dir: Path, cache_dir: Path, fed: str, progress: Progress, encoder: str) -> str:
    """The other end: what to print for what came in."""
    told = json.loads(fed)
    lessons = [Lesson(**each) for each in told["lessons"]]
    made_at = datetime.fromisoformat(told["made_at"])
    return json.dumps(asdict(learn(config_dir, cache_dir, lessons, made_at, progress, encoder)))


def learn(
    config_dir: Path,
    cache_dir: Path,
    lessons: Sequence[Lesson],
    made_at: datetime,
    progress: Progress = lambda line: None,
    encoder: str = "light",
) -> Learned:
    """Fit, measure and, where it is not worse, store a new generation; which one is in use is not changed here."""
    base = base_name(config_dir, encoder)
    if not (cache_dir / base / model_files.MANIFEST).exists():
        train(config_dir, cache_dir, progress, encoder)
    groups, sentences = examples_of(config_dir), ENCODERS[encoder]()
    present = generations.about(cache_dir / generations.in_use(cache_dir, base))
    arrays, plainly = model_files.load(cache_dir / present.name), model_files.load(cache_dir / base)
    tried, in_files = {}, 0
    for kind, name in MODELS.items():
        course = _course(kind, groups[name], lessons, sentences, plainly[name])
        in_files += course.in_files
        tried[name] = _tried(course, present, cache_dir / base, progress)
        held = {key: label for key, label in present.corrections.items() if label in LABELS[kind]}
        if not tried[name].corrections:
            arrays[name] = plainly[name]
        elif tried[name].corrections != held:
            arrays[name] = dict(course.fit(tried[name].corrections).arrays())
    name = _store(cache_dir, present, base, arrays, tried, made_at, sum(map(len, groups.values())))
    return Learned(name, tried, in_files)


def _tried(course: "_Course", present: generations.Generation, base: Path, progress: Progress) -> Tried:
    """Take new corrections on top of those in use, in ever smaller groups, as long as the score does not fall."""
    bare = _score_of_files(base, course)
    before = present.score.get(course.name, bare)
    known = {key for key, label in present.corrections.items() if label in LABELS[course.kind]}
    taken = [taught for taught in course.taught if known & set(taught.ids)]
    if known - {key for taught in course.taught for key in taught.ids}:
        taken, before = [], bare  # some of what is in use may not stay: begin anew
    new, score, refused = [taught for taught in course.taught if taught not in taken], before, 0
    groups = [new] if new else []
    for _ in range(MOST_TRIES):
        if not groups:
            break
        group = groups.pop(0)
        progress(f"Trying {len(group)} corrections ({course.kind})")
        reached = course.score([*taken, *group])
        if reached >= score:
            taken, score = [*taken, *group], reached
        elif len(group) > 1:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]
        else:
            refused += 1
    refused += sum(map(len, groups))
    return Tried(score, before, {key: taught.label for taught in taken for key in taught.ids}, refused)


def _store(
    cache: Path,
    present: generations.Generation,
    base: str,
    arrays: Mapping[str, model_files.Arrays],
    tried: Mapping[str, Tried],
    made_at: datetime,
    lines: int,
) -> str:
    """Write the new generation, unless it is no other than the one in use, or holds no corrections at all."""
    corrections = {key: label for each in tried.values() for key, label in each.corrections.items()}
    if corrections == dict(present.corrections):
        return present.name
    if not corrections:
        return base
    name = f"{model_files.LEARNED}{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    score = {key: each.score for key, each in tried.items()}
    told: dict[str, Any] = {"made_at": made_at.astimezone(UTC).isoformat(timespec="seconds"), "base": base}
    told |= {"lines": lines + len(corrections), "corrections": corrections, "score": score}
    model_files.save(cache / name, arrays, {**told, "before": {key: each.before for key, each in tried.items()}})
    generations.forget_old(cache, {present.name, name})
    return name


@dataclass(frozen=True)
class _Taught:
    """A line that corrections of the same words teach."""

    text: str
    label: str
    ids: tuple[str, ...]
    row: Vector


@dataclass(frozen=True)
class _Course:
    """One model's lines with their sentence vectors, and what corrections could teach it."""

    kind: str
    lines: list[tuple[str, str]]
    rows: Vector
    taught: list[_Taught]
    in_files: int
    plainly: Classifier
    """The model of the files alone."""

    @property
    def name(self) -> str:
        return MODELS[self.kind]

    @cached_property
    def out(self) -> NDArray[np.bool_]:
        """Which lines are held out."""
        return np.array([is_held_out(text) for text, _ in self.lines])

    def fit(self, held: Mapping[str, str]) -> Classifier:
        """Fit on everything: what will be used."""
        taught = [each for each in self.taught if set(each.ids) & set(held)]
        return self._fitted(np.ones(len(self.lines), dtype=np.bool_), taught, self.plainly)

    def score(self, taught: Sequence[_Taught]) -> float:
        """Share of the held-out lines that a model understands which has not seen them."""
        classifier = self._unseeing if not taught else self._fitted(~self.out, taught, self._unseeing)
        wanted = [line for line, out in zip(self.lines, self.out, strict=True) if out]
        verdicts = classifier.classify_all([text for text, _ in wanted], self.rows[self.out])
        found = [
            OUT_OF_SCOPE if verdict.outside > OUTSIDE or not verdict.ranking else verdict.ranking[0][0]
            for verdict in verdicts
        ]
        right = sum(label == guess for (_, label), guess in zip(wanted, found, strict=True))
        return round(right / len(wanted), 4) if wanted else 0.0

    @cached_property
    def _unseeing(self) -> Classifier:
        lines = [line for line, out in zip(self.lines, self.out, strict=True) if not out]
        return fitted(self.name, lines, self.rows[~self.out])

    def _fitted(self, chosen: NDArray[np.bool_], taught: Sequence[_Taught], like: Classifier) -> Classifier:
        """Fit both views, mixed and rejecting as another classifier of these lines does."""
        from nlu.fitting import fit_views

        lines = [line for line, wanted in zip(self.lines, chosen, strict=True) if wanted]
        lines += [(each.text, each.label) for each in taught]
        rows = np.vstack([self.rows[chosen], *(each.row[np.newaxis] for each in taught)])
        counted = [grams(text) for text, _ in lines]
        views = fit_views(counted, [label for _, label in lines], rows)
        return replace(views, mix=like.mix, rejector=like.rejector)


def _course(
    kind: str, examples: Sequence[Example], lessons: Iterable[Lesson], encoder: Encoder, plainly: model_files.Arrays
) -> _Course:
    lines = [(example.text, example.intent) for example in examples]
    known = {plain(text) for text, _ in lines}
    newest: dict[str, tuple[str, str]] = {}
    ids: dict[str, list[str]] = {}
    in_files = 0
    for lesson in lessons:
        text = clean(lesson.text)[:MAX_CHARACTERS]
        words = plain(text)
        if lesson.kind != kind or lesson.label not in LABELS[kind] or not words:
            continue
        if words in known:
            in_files += 1
        elif newest.setdefault(words, (text, lesson.label))[1] == lesson.label:
            ids.setdefault(words, []).append(str(lesson.id))  # the model must go when either of them goes
    rows = encoder.vectors([text for text, _ in newest.values()])
    taught = [
        _Taught(text, label, tuple(ids[words]), row)
        for (words, (text, label)), row in zip(newest.items(), rows, strict=True)
    ]
    vectors = encoder.vectors([text for text, _ in lines])
    return _Course(kind, lines, vectors, taught, in_files, Classifier.of_arrays(plainly))


def _score_of_files(base: Path, course: _Course) -> float:
    """The score of the files alone, measured once and written down."""
    known = dict(generations.about(base).score)
    if course.name not in known:
        known[course.name] = course.score(())
        generations.describe(base, score=known)
    return known[course.name]


def is_held_out(text: str) -> bool:
    """Whether a line of the files is one that the score is measured on."""
    return int(hashlib.sha256(plain(text).encode()).hexdigest(), 16) % HELD_OUT == 0


def plain(text: str) -> str:
    """The words of a line: signs, spaces and cases do not make another one.

    >>> plain("Where's my ORDER?!") == plain("wheres my order")
    True
    """
    return _SIGNS.sub("", fold(text))
