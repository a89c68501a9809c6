"""Facts behind scores, and how much each adds, in the words of the reader's language."""

from collections.abc import Callable
from dataclasses import dataclass

from bot import wording
from bot.phrases import Phrases
from bot.query_words import spoken
from crm_core.analytics.reasons import Figure, Reason

MONEY = "value"
"""The kind of score that is an amount."""
SIGNED = ("mood",)
"""Kinds of scores that are neither a chance nor an amount."""


@dataclass(frozen=True, slots=True)
class FactWords:
    """How facts and effects are said: language, and the currency that amounts are in."""

    phrases: Phrases
    language: str
    currency: str

    # --- facts ------------------------------------------------------------------------------------------------------
    def name(self, fact: str) -> str:
        """What a fact is called."""
        key = f"facts.{fact}.name"
        return self._say(key) if self.phrases.has(key) else fact.replace("_", " ")

    def fact(self, reason: Reason) -> str:
        """A fact with its value, and what is usual where that is known."""
        told = self._told(reason.fact, reason.value)
        if reason.usual is None or reason.usual == reason.value:
            return told
        return self._say("facts.usual", fact=told, usual=self.figure(reason.fact, reason.usual))

    def _told(self, fact: str, value: Figure) -> str:
        if value is None:
            return self._say("facts.unknown", name=self.name(fact))
        few = {0: "none", 1: "one"}.get(value) if isinstance(value, int) else None
        if few and self.phrases.has(f"facts.{fact}.{few}"):
            return self._say(f"facts.{fact}.{few}")
        key = f"facts.{fact}.is"
        shown = self.figure(fact, value)
        return self._say(key, value=shown) if self.phrases.has(key) else self._plain(fact, shown)

    def _plain(self, fact: str, shown: str) -> str:
        return self._say("facts.plain", name=self.name(fact), value=shown)

    def figure(self, fact: str, value: Figure) -> str:
        """The value of a fact in its unit, which the end of the column's name says."""
        if not isinstance(value, int):
            return "–" if value is None else spoken("categories", value, self.language)
        for ending, say in self._units():
            if fact.endswith(ending):
                return say(value)
        return f"{value:,}"

    def _units(self) -> tuple[tuple[str, Callable[[int], str]], ...]:
        return (
            ("_minor", lambda value: wording.money(value, self.currency, self.language)),
            ("_share_milli", lambda value: f"{value / 10:.0f} %"),
            ("rating_mean_milli", lambda value: f"{value / 1000:.1f}"),
            ("_milli", signed),
            ("message", signed),
        )

    # --- scores -----------------------------------------------------------------------------------------------------
    def score(self, kind: str, milli: int) -> str:
        """A score: a chance in percent, an amount of money, a mood."""
        if kind == MONEY:
            return self.money(milli)
        return signed(milli) if kind in SIGNED else f"{milli / 10:.0f} %"

    def size(self, kind: str, milli: int) -> str:
        """How much something adds, without its sign: points of a chance, money, mood."""
        if kind == MONEY:
            return self.money(abs(milli))
        if kind in SIGNED:
            return f"{abs(milli) / 1000:.2f}"
        points = f"{abs(milli) / 10:.0f}" if abs(milli) >= 10 else f"{abs(milli) / 10:.1f}"
        return self._say("agent.scores.point" if points == "1" else "agent.scores.points", points=points)

    def exact(self, kind: str, milli: int) -> str:
        """With a sign and to the last digit, so that a column of them adds up."""
        sign = "+" if milli > 0 else "−" if milli < 0 else ""
        if kind == MONEY:
            return f"{sign}{abs(milli) / 1000:,.3f}"
        return f"{sign}{abs(milli) / 1000:.3f}" if kind in SIGNED else f"{sign}{abs(milli) / 10:.1f}"

    def money(self, milli: int) -> str:
        """Thousandths of the major unit as money."""
        return wording.money(round(milli / 10), self.currency, self.language)

    def _say(self, key: str, /, **values: object) -> str:
        return self.phrases(key, self.language, **values)


def signed(milli: int) -> str:
    """A mood between −1 and 1."""
    return f"{milli / 1000:+.2f}".replace("-", "−")
