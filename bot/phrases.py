"""What the product says, in both languages: `config/replies/<language>/<audience>.yml`, looked up by dotted key."""

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from config.settings import FOLDER
from nlu.understanding import Language

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where there is one: six times as fast."""
LANGUAGES: tuple[Language, ...] = ("en", "zh")


class _Formatter(string.Formatter):
    """Knows one more format: {count:order|orders} is the first word for 1, else the second."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, either, many = format_spec.partition("|")
        if not either:
            return str(super().format_field(value, format_spec))
        return one if str(value) == "1" else many


_FORMATTER = _Formatter()


class PhraseError(Exception):
    """A phrase file is broken; the text names file and key."""


class Phrases:
    """All phrases of both languages, checked when loaded: the same keys with the same fields in each."""

    def __init__(self, folder: Path = FOLDER / "replies") -> None:
        self._texts: dict[str, dict[str, str]] = {language: _load(folder / language) for language in LANGUAGES}
        _check_alike(self._texts["en"], self._texts["zh"])

    def __call__(self, key: str, language: str, /, **values: object) -> str:
        """The phrase `key`, its {fields} filled in.

        Raises:
            PhraseError: no such phrase, or a field is missing.
        """
        try:
            return _FORMATTER.vformat(self._texts[language][key], (), values)
        except KeyError as error:
            raise PhraseError(f"config/replies/{language}: {key} needs {error}") from error

    def keys(self) -> set[str]:
        """All keys there are."""
        return set(self._texts["en"])

    def below(self, prefix: str) -> list[str]:
        """The keys that begin so, in the order of the file."""
        return [key for key in self._texts["en"] if key.startswith(prefix)]

    def has(self, key: str) -> bool:
        """Whether there is such a phrase."""
        return key in self._texts["en"]

    def every(self, key: str) -> tuple[str, ...]:
        """One phrase in all languages, for comparing with what somebody typed."""
        return tuple(self._texts[language][key] for language in LANGUAGES)


def _load(folder: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            content = yaml.load(path.read_text("utf-8"), SAFE_LOADER) or {}  # noqa: S506
        except yaml.YAMLError as error:
            raise PhraseError(f"{path}: {error}") from error
        if not isinstance(content, dict):
            raise PhraseError(f"{path}: must be a mapping of names to texts")
        texts.update(_flat(content, ""))
    return texts


def _flat(content: Mapping[str, Any], prefix: str) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        elif isinstance(value, str):
            flat[f"{prefix}{name}"] = value
        else:  # YAML reads a bare Yes as True
            raise PhraseError(f"config/replies: {prefix}{name} is no text; put it into quotation marks")
    return flat


def fields(text: str) -> set[str]:
    """Names of the {fields} in a phrase."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _check_alike(english: dict[str, str], chinese: dict[str, str]) -> None:
    for key in sorted(set(english) ^ set(chinese)):
        raise PhraseError(f"config/replies: {key} stands in one language only")
    for key, text in english.items():
        if fields(text) != fields(chinese[key]):
            raise PhraseError(f"config/replies: {key} has other fields in Chinese than in English")
