"""Reads training files: Rasa's NLU YAML, with errors that name the file, the line and the cure."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nlu.cleaning import clean
from nlu.intents import OUT_OF_SCOPE, TRAINED
from nlu.understanding import Audience, Entity

NAME_HELPS_BELOW = 20
MOODS = ("positive", "neutral", "negative")
_MARKED = re.compile(r"\[(?P<text>[^\[\]\n]{1,200})\](?:\((?P<name>[\w:.-]{1,60})\)|(?P<json>\{[^{}\n]{1,400}\}))")


class NotTrained(RuntimeError):
    """There is no model and none could be made; the text says what to do."""


class TrainingDataError(NotTrained):
    """A training file cannot be used; the text names file, line and cure."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}")
        self.path, self.line = path, line


@dataclass(frozen=True)
class Example:
    """One line of training data."""

    text: str
    intent: str
    line: int
    entities: tuple[Entity, ...] = ()


def read_examples(path: Path, intents: Iterable[str]) -> list[Example]:
    """Read the examples of one file; every intent must be one of `intents`."""
    known = frozenset(intents)
    root = _compose(path)
    groups = _child(root, "nlu")
    if not isinstance(groups, yaml.SequenceNode):
        raise TrainingDataError(path, _line(root), 'there must be a list called "nlu:"')
    examples: list[Example] = []
    for group in groups.value:
        examples += _group(path, group, known)
    return examples


def read_audience(folder: Path, audience: Audience) -> list[Example]:
    """Read the training file of one audience."""
    return read_examples(folder / f"{audience}.yml", TRAINED[audience])


def read_moods(folder: Path) -> list[Example]:
    """Read mood.yml, whose intents are positive, neutral and negative."""
    return read_examples(folder / "mood.yml", MOODS)


def clashes(examples: Iterable[Example]) -> list[tuple[Example, Example]]:
    """Return pairs of equal lines that stand in two intents, or twice in one."""
    first: dict[str, Example] = {}
    found = []
    for example in examples:
        key = " ".join(example.text.casefold().split())
        if key in first:
            found.append((first[key], example))
        else:
            first[key] = example
    return found


def with_names(rows: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (text, intent) rows and, for an intent with few of them, its name as one more: a point at ten rows.

    >>> with_names([("has it come", "card_arrival")])
    [('has it come', 'card_arrival'), ('card arrival', 'card_arrival')]
    """
    counts = Counter(intent for _, intent in rows)
    named = [name for name, count in sorted(counts.items()) if count < NAME_HELPS_BELOW and name != OUT_OF_SCOPE]
    return [*rows, *((name.replace("_", " "), name) for name in named)]


def unmark(text: str) -> tuple[str, tuple[Entity, ...]]:
    """Take Rasa's marks out: "to [Acme](company)" becomes "to Acme" and one entity."""
    plain, entities, end = "", [], 0
    for match in _MARKED.finditer(text):
        name, value = match["name"], match["text"]
        if match["json"]:
            try:
                details = json.loads(match["json"])
            except ValueError:
                continue
            name, value = details.get("entity"), details.get("value", value)
        if not name:
            continue
        plain += text[end : match.start()]
        entities.append(
            Entity(name=name, value=value, text=match["text"], start=len(plain), end=len(plain) + len(match["text"]))
        )
        plain += match["text"]
        end = match.end()
    return plain + text[end:], tuple(entities)


def _compose(path: Path) -> yaml.Node:
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TrainingDataError(path, 1, "the file is missing; restore it from the distribution") from None
    except UnicodeDecodeError as error:
        raise TrainingDataError(path, 1, f"the file is not UTF-8 ({error.reason}); save it as UTF-8") from None
    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TrainingDataError(path, mark.line + 1 if mark else 1, f"broken YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise TrainingDataError(path, 1, f"broken YAML: {error}") from None
    if not isinstance(root, yaml.MappingNode):
        raise TrainingDataError(path, 1, 'the file must have "version:" and "nlu:"')
    return root


def _group(path: Path, group: yaml.Node, known: frozenset[str]) -> Iterator[Example]:
    name = _child(group, "intent")
    if name is None:
        return  # synonyms, lookups and regexes are Rasa's business
    intent = str(name.value)
    if intent not in known:
        raise TrainingDataError(
            path, _line(name), f'unknown intent "{intent}"; intents of this file: {", ".join(sorted(known))}'
        )
    examples = _child(group, "examples")
    if examples is None:
        raise TrainingDataError(path, _line(group), f'intent "{intent}" has no "examples:"')
    count = 0
    for line, text in _lines(path, examples):
        plain, entities = unmark(text)
        plain = clean(plain)
        if not plain:
            raise TrainingDataError(path, line, f'empty example in intent "{intent}"; write a text or remove the line')
        count += 1
        yield Example(plain, intent, line, entities)
    if not count:
        raise TrainingDataError(path, _line(examples), f'intent "{intent}" has no examples')


def _lines(path: Path, node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of a block of `- ` lines, or of a list."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            text = _child(item, "text") if isinstance(item, yaml.MappingNode) else item
            yield _line(item), str(text.value).strip() if isinstance(text, yaml.ScalarNode) else ""
        return
    if not isinstance(node, yaml.ScalarNode) or node.style not in {"|", ">"}:
        raise TrainingDataError(path, _line(node), '"examples:" must be followed by "|" and lines that begin with "- "')
    for offset, line in enumerate(str(node.value).splitlines(), start=1):
        stripped = line.strip()
        if not stripped:
            continue
        if not stripped.startswith("-"):
            raise TrainingDataError(path, _line(node) + offset, f'an example must begin with "- ": {stripped[:60]!r}')
        yield _line(node) + offset, stripped[1:].strip()


def _child(node: yaml.Node | None, key: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
