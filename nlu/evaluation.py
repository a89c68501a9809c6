"""Measures an interpreter on labelled texts: intents, out of scope, entities and moods, by audience and language."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast, get_args

from nlu.intents import INTENTS, OUT_OF_SCOPE
from nlu.interpreter import Interpreter
from nlu.language import detect
from nlu.sentiment import mood_name
from nlu.training import MOODS, NotTrained, read_examples
from nlu.understanding import Audience, Language, Understanding

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Case:
    """A text and what it should be understood as; what is None was not labelled."""

    text: str
    audience: Audience
    language: Language
    intent: str | None = None
    entities: tuple[tuple[str, Any], ...] | None = None
    mood: str | None = None
    now: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class Outcome:
    """A case and what was understood."""

    case: Case
    found: Understanding

    @property
    def right(self) -> bool:
        """Whether the intent is the one wanted."""
        return self.case.intent == self.found.intent


def read_cases(path: Path, audience: Audience = "customer") -> list[Case]:
    """Read JSON lines, CSV with `text` and `category`, or Rasa YAML; `audience` is for files that do not say."""
    readers = {".jsonl": _json_lines, ".json": _json_lines, ".csv": _csv, ".yml": _yaml, ".yaml": _yaml}
    if path.suffix not in readers:
        raise NotTrained(f"{path}: give a .jsonl, .csv or .yml file")
    if not path.exists():
        raise NotTrained(f"{path}: there is no such file")
    cases = list(readers[path.suffix](path, audience))
    if not cases:
        raise NotTrained(f"{path}: no labelled texts in it")
    return cases


def measure(interpreter: Interpreter, cases: Sequence[Case], now: datetime) -> dict[str, Any]:
    """Understand every case and return the figures, overall and `by` audience and language, and the worst errors."""
    outcomes = [
        Outcome(case, interpreter.understand(case.text, case.audience, now=case.now or now, zone=case.zone))
        for case in cases
    ]
    report: dict[str, Any] = {"cases": len(cases), **figures(outcomes), "by": {}}
    report["engines"] = Counter(one.found.engine for one in outcomes)
    for audience in get_args(Audience):
        for language in get_args(Language):
            part = [one for one in outcomes if (one.case.audience, one.case.language) == (audience, language)]
            if part:
                report["by"][f"{audience}.{language}"] = figures(part)
    report["intents"] = _by_intent(outcomes)
    report["confusions"] = _confusions(outcomes)
    report["reliability"] = reliability(outcomes)
    report["errors"] = _errors(outcomes)
    return report


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Return the figures of the contract; None where nothing was labelled for one."""
    labelled = [one for one in outcomes if one.case.intent is not None]
    outside = [one for one in labelled if one.case.intent == OUT_OF_SCOPE]
    inside = [one for one in labelled if one.case.intent != OUT_OF_SCOPE]
    return {
        "intent_accuracy": _share(one.right for one in labelled),
        "in_scope_accuracy": _share(one.right for one in inside),
        "macro_f1": _macro_f1(labelled),
        "oos_recall": _share(one.right for one in outside),
        "in_scope_refused": _share(one.found.intent == OUT_OF_SCOPE for one in inside),
        "entity_recall": _share(hit for one in outcomes for hit in _entity_hits(one)),
        "mood_macro_recall": _mood_recall(outcomes),
    }


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return sum(found) / len(found) if found else None


def _macro_f1(outcomes: Sequence[Outcome]) -> float | None:
    scores = [row["f1"] for row in _by_intent(outcomes).values() if row["cases"]]
    return sum(scores) / len(scores) if scores else None


def reliability(outcomes: Sequence[Outcome], bins: int = 10) -> dict[str, Any]:
    """Whether what is said with 80 % confidence is right in 80 % of the cases.

    Returns `expected_error` (expected calibration error; Guo et al. 2017) and `bins`: how many cases fell in each tenth
    of the confidence, their mean confidence, and the share that was right.
    """
    labelled = [one for one in outcomes if one.case.intent is not None]
    groups: list[list[Outcome]] = [[] for _ in range(bins)]
    for one in labelled:
        groups[min(bins - 1, int(one.found.confidence * bins))].append(one)
    rows = [
        {
            "from": place / bins,
            "cases": len(group),
            "confidence": sum(one.found.confidence for one in group) / len(group),
            "right": sum(one.right for one in group) / len(group),
        }
        for place, group in enumerate(groups)
        if group
    ]
    gap = sum(row["cases"] * abs(row["confidence"] - row["right"]) for row in rows)
    return {"expected_error": gap / len(labelled) if labelled else None, "bins": rows}


def _by_intent(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    labelled = [one for one in outcomes if one.case.intent is not None]
    table: dict[str, dict[str, Any]] = {}
    for intent in sorted({cast(str, one.case.intent) for one in labelled}):
        wanted = sum(one.case.intent == intent for one in labelled)
        found = sum(one.found.intent == intent for one in labelled)
        right = sum(one.right for one in labelled if one.case.intent == intent)
        table[intent] = {
            "cases": wanted,
            "precision": right / found if found else 0.0,
            "recall": right / wanted,
            "f1": 2 * right / (wanted + found),
        }
    return table


def _mood_recall(outcomes: Sequence[Outcome]) -> float | None:
    recalls = []
    for mood in MOODS:
        share = _share(mood_name(one.found.sentiment) == mood for one in outcomes if one.case.mood == mood)
        if share is not None:
            recalls.append(share)
    return sum(recalls) / len(recalls) if recalls else None


def _entity_hits(outcome: Outcome) -> list[bool]:
    found = [(entity.name, _plain(entity.value)) for entity in outcome.found.entities]
    names = {name for name, _ in found}
    return [
        (name in names) if value is None else (name, _plain(value)) in found
        for name, value in outcome.case.entities or ()
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        value = {key: part for key, part in value.items() if part is not None}
    return json.dumps(value, sort_keys=True, ensure_ascii=False).casefold()


def _confusions(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    pairs: dict[tuple[str, str], int] = {}
    for one in outcomes:
        if one.case.intent is not None and not one.right:
            pair = (one.case.intent, one.found.intent)
            pairs[pair] = pairs.get(pair, 0) + 1
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"wanted": wanted, "found": found, "times": times} for (wanted, found), times in ordered[:30]]


def _errors(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The wrong answers that were given with the most confidence."""
    wrong = [one for one in outcomes if one.case.intent is not None and not one.right]
    wrong.sort(key=lambda one: -one.found.confidence)
    return [
        {
            "text": one.case.text[:200],
            "audience": one.case.audience,
            "wanted": one.case.intent,
            "found": one.found.intent,
            "confidence": round(one.found.confidence, 3),
        }
        for one in wrong[:50]
    ]


def _json_lines(path: Path, audience: Audience) -> Iterable[Case]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text = str(row["text"])
        except (ValueError, KeyError, TypeError):
            raise NotTrained(f'{path}, line {number}: not a JSON object with "text"') from None
        speaker = _audience(path, number, row.get("audience", audience))
        _check_intent(path, number, speaker, row.get("intent"))
        moment = row.get("now")
        yield Case(
            text=text,
            audience=speaker,
            language=row.get("lang") or row.get("language") or detect(text)[0],
            intent=row.get("intent"),
            entities=_wanted_entities(row.get("entities")),
            mood=_mood(row.get("sentiment")),
            now=datetime.fromisoformat(moment) if moment else None,
            zone=row.get("zone", "UTC"),
        )


def _csv(path: Path, audience: Audience) -> Iterable[Case]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if not {"text", "category"} <= row.keys():
                raise NotTrained(f"{path}: the first line must name the columns text and category")
            _check_intent(path, number, audience, row["category"])
            yield Case(row["text"], audience, detect(row["text"])[0], row["category"])


def _yaml(path: Path, audience: Audience) -> Iterable[Case]:
    for example in read_examples(path, INTENTS[audience]):
        entities = tuple((entity.name, None) for entity in example.entities) or None
        yield Case(example.text, audience, detect(example.text)[0], example.intent, entities)


def _audience(path: Path, line: int, name: Any) -> Audience:
    if name not in get_args(Audience):
        raise NotTrained(f'{path}, line {line}: audience "{name}" is none of customer, agent, manager')
    return cast(Audience, name)


def _check_intent(path: Path, line: int, audience: Audience, intent: Any) -> None:
    if intent is not None and intent not in INTENTS[audience]:
        raise NotTrained(f'{path}, line {line}: "{intent}" is no intent of a {audience}')


def _wanted_entities(given: Any) -> tuple[tuple[str, Any], ...] | None:
    """Accept a list of {name or entity, value}, or a mapping of name to value or list of values."""
    if given is None:
        return None
    if isinstance(given, Mapping):
        return tuple(
            (name, one) for name, value in given.items() for one in (value if isinstance(value, list) else [value])
        )
    return tuple((one.get("name") or one.get("entity"), one.get("value")) for one in given)


def _mood(given: Any) -> str | None:
    if isinstance(given, int | float):
        return mood_name(given)
    return given if given in MOODS else None
