"""Why a score is what it is: facts with their size, in the same plain form for every model.

A reason is stored as JSON beside the score; the words of a fact are in `config/replies/{en,zh}/facts.yml`, so that one
reason reads in both languages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Figure = int | str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact behind a score.

    `fact` is a column of the feature table or a name of facts.yml; `value` is what it is for this customer and `usual`
    what it is for most; `effect_milli` is what it adds to the score (thousandths of its unit; below 0 lowers it);
    `evidence` names what it rests on: `order:SO-20931`, `case:3298`, `interaction:<id>`, newest first.
    """

    fact: str
    value: Figure = None
    usual: Figure = None
    effect_milli: int = 0
    evidence: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The stored form, without what is empty."""
        stored: dict[str, Any] = {"fact": self.fact, "effect_milli": self.effect_milli}
        if self.value is not None:
            stored["value"] = self.value
        if self.usual is not None:
            stored["usual"] = self.usual
        if self.evidence:
            stored["evidence"] = list(self.evidence)
        return stored


def read_reasons(stored: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """The reasons of a stored score, as they were written."""
    return tuple(
        Reason(
            fact=str(each["fact"]),
            value=each.get("value"),
            usual=each.get("usual"),
            effect_milli=int(each.get("effect_milli", 0)),
            evidence=tuple(each.get("evidence", ())),
        )
        for each in stored
    )


def strongest(reasons: Sequence[Reason], most: int = 3) -> tuple[Reason, ...]:
    """The reasons that matter most, whichever way they point; ties keep their order."""
    return tuple(sorted(reasons, key=lambda reason: -abs(reason.effect_milli))[:most])
