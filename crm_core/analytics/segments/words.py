"""How the segments that are found by themselves are called and described: `config/segments.yml`, in both languages."""

from collections.abc import Mapping
from functools import cache
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from config.settings import FOLDER

Unit = Literal["days", "count", "money", "percent"]


class Part(BaseModel):
    """Frozen; a misspelt name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Both(Part):
    """A text in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)

    def said(self, language: str) -> str:
        """The text in a language."""
        return self.zh if language == "zh" else self.en

    def filled(self, **values: object) -> "Both":
        """The texts with their holes filled."""
        return Both(en=self.en.format(**values), zh=self.zh.format(**values))


class Named(Part):
    """A segment: what it is called, further names it is known by, and what it means."""

    name: Both
    also: tuple[str, ...] = ()
    means: Both


class Fact(Part):
    """A column of the feature table in words."""

    unit: Unit
    none: Both
    some: Both
    at_most: Both
    over: Both
    low: Both
    high: Both


class ClusterWords(Part):
    """How clusters are named and described."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    joint: Both = Field(alias="and")
    listed: Both
    no_order: Named
    everybody: Named
    fits: Both
    facts: Mapping[str, Fact]


class SegmentWords(Part):
    """All of the file."""

    rfm: Mapping[str, Named]
    clusters: ClusterWords


@cache
def segment_words() -> SegmentWords:
    """The names and words, checked."""
    return SegmentWords.model_validate(yaml.safe_load((FOLDER / "segments.yml").read_text("utf-8")))


def joined(parts: list[Both], by: Both) -> Both:
    """Several texts as one."""
    return Both(en=by.en.join(part.en for part in parts), zh=by.zh.join(part.zh for part in parts))
