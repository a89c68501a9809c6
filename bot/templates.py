"""Answers that the operator wrote beforehand: `config/templates.yml`, in both languages, with {fields}."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.phrases import PhraseError, fields
from config.settings import FOLDER

FROM_RECORD = ("name", "agent", "business")
FROM_ORDER = ("order", "total", "carrier", "tracking", "expected", "refund")


class Both(BaseModel):
    """A text in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def said(self, language: str) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en


def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.casefold() for word in words)


class Template(Both):
    """One answer. `id` is what its button carries."""

    id: str = Field(pattern=r"^[a-z0-9_]{1,30}$")
    name: Both
    words: Annotated[tuple[str, ...], AfterValidator(_folded)]

    @property
    def fields(self) -> list[str]:
        """What has to be filled in, in the order of the English text."""
        return sorted(fields(self.en), key=self.en.index)

    def filled(self, language: str, values: Mapping[str, str]) -> str:
        """The text as the customer reads it. Values are put in as they are: braces in them mean nothing."""
        return self.said(language).format_map(values)


class Templates(BaseModel):
    """All of them, checked: the same fields in both languages, and none that nobody can fill."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: dict[str, Both] = {}
    templates: tuple[Template, ...] = ()

    @model_validator(mode="after")
    def usable(self) -> "Templates":
        """Refuse unknown fields and ids that stand there twice."""
        known = {*FROM_RECORD, *FROM_ORDER, *self.variables}
        seen: set[str] = set()
        for one in self.templates:
            if fields(one.en) != fields(one.zh):
                raise ValueError(f"{one.id} has other fields in Chinese than in English")
            unknown = sorted(fields(one.en) - known)
            if unknown:
                raise ValueError(f"{one.id} has fields nobody can fill: {', '.join(unknown)}. Add them to variables")
            if one.id in seen:
                raise ValueError(f"{one.id} stands there twice")
            seen.add(one.id)
        return self

    def with_id(self, template_id: str) -> Template | None:
        """The template of a button."""
        return next((one for one in self.templates if one.id == template_id), None)

    def named(self, text: str) -> list[Template]:
        """The templates that a text names: by id, or by the longest of their words that stands in it."""
        folded = text.casefold()
        by_id = [one for one in self.templates if one.id in folded.split()]
        if by_id:
            return by_id
        best = {
            one.id: max((len(word) for word in one.words if _stands(word, folded)), default=0) for one in self.templates
        }
        most = max(best.values(), default=0)
        return [one for one in self.templates if most and best[one.id] == most]


def _stands(word: str, text: str) -> bool:
    """English words stand whole, Chinese ones anywhere."""
    if not word.isascii():
        return word in text
    padded = "".join(char if char.isalnum() else " " for char in text)
    return f" {' '.join(word.replace('-', ' ').split())} " in f" {' '.join(padded.split())} "


@cache
def templates(path: Path = FOLDER / "templates.yml") -> Templates:
    """The operator's templates.

    Raises:
        PhraseError: the file cannot be used; the text names file and template.
    """
    try:
        return Templates.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except OSError as error:
        raise PhraseError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise PhraseError(f"{path}: {error}") from error
