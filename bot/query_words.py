"""Conditions said in words, so that an answer always shows what it was asked for; also what was not understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml
from babel import Locale

from bot import wording
from bot.phrases import Phrases
from config.settings import FOLDER
from crm_core.query.conditions import SCORED, Condition, Conditions

COUNTED = ("spend", "orders", "complaints", "open_cases")
AMOUNTS = ("spend", *SCORED)
"""Fields whose value may be an amount: of money, or a chance."""
DATED = (*COUNTED, "bought", "category", "mood")


@dataclass(frozen=True, slots=True)
class Wording:
    """How conditions are said: language, the reader's zone, the names of products by SKU, the shop's currency.

    `segments`: own name of a segment -> what it is called in the language, where that differs.
    """

    phrases: Phrases
    language: str
    zone: str
    products: Mapping[str, str] = field(default_factory=dict)
    currency: str = "CNY"
    segments: Mapping[str, str] = field(default_factory=dict)

    def say(self, key: str, **values: object) -> str:
        """A phrase about conditions."""
        return self.phrases(f"agent.query.{key}", self.language, **values)

    def all(self, conditions: Conditions) -> str:
        """One line of conditions and order, and further ones for what was not understood or cannot be compared."""
        told = [self.one(condition, conditions.currency) for condition in conditions.all]
        joined = self.say("and").join(told) if told else self.say("everybody")
        order = self.say(f"order.{conditions.sort}_{'most' if conditions.descending else 'least'}")
        period = self._period(conditions)
        lines = [self.say("line", conditions=joined, order=f"{order} ({period})" if period else order)]
        if conditions.limit:
            lines[0] += self.say("top", count=conditions.limit)
        if conditions.currency != self.currency:
            lines.append(self.say("currency", currency=conditions.currency))
        if conditions.unused:
            lines.append(self.say("unused", words=self.say("quoted").join(conditions.unused)))
        return "\n".join(lines)

    def one(self, condition: Condition, currency: str) -> str:
        """One condition."""
        name, operator = condition.field, condition.operator
        if name in ("last_order", "first_seen"):
            return self.say(f"{name}.{_bounds(condition)}", **_days(condition, self.language, self.zone))
        if name not in DATED:
            return self.say(f"{name}.{operator}", value=self._value(condition, currency))
        period = self._period(condition)
        if name == "mood" and not period:
            period = self.say("mood_window")
        if name == "orders" and condition.value == 0 and operator in ("is", "at_most"):
            return self.say("orders.none", period=period).strip()
        return self.say(f"{name}.{operator}", value=self._value(condition, currency), period=period).strip()

    def _value(self, condition: Condition, currency: str) -> str:
        name, value = condition.field, condition.value
        if name in AMOUNTS and isinstance(value, int):
            return f"{value / 10:g} %" if name == "churn" else wording.money(value, currency, self.language)
        if name in ("mood", "kind", "missing", *SCORED):
            return self.say(f"{name}s.{value}")
        if name in ("language", "tier"):
            return worded(f"{name}s", str(value), self.phrases, self.language)
        if name == "segment":
            return self.segments.get(str(value), str(value))
        if name in ("bought", "category"):
            values = value if isinstance(value, tuple) else (str(value),)
            return self.say("or").join(self._thing(name, one) for one in values)
        return spoken("places", str(value), self.language) if name == "place" else str(value)

    def _thing(self, name: str, value: str) -> str:
        return self.products.get(value, value) if name == "bought" else spoken("categories", value, self.language)

    def _period(self, bounded: Condition | Conditions) -> str:
        bounds = _bounds(bounded)
        return "" if bounds == "always" else self.say(bounds, **_days(bounded, self.language, self.zone))


def spoken(kind: str, value: str, language: str) -> str:
    """A category, place or carrier as the operator's list of names says it in a language; else the value itself."""
    if kind == "places" and len(value) == 2:
        return str(Locale.parse(wording.LOCALES[language]).territories.get(value, value))
    names = [name for name in (_names().get(kind) or {}).get(value, ()) if name.isascii() == (language == "en")]
    if language == "en" and kind != "categories":
        return value
    return names[0] if names else value.replace("_", " ")


def worded(kind: str, value: str, phrases: Phrases, language: str) -> str:
    """A code of ours in words: of `tiers`, `languages` or `channels`. What only the operator's records know stays."""
    key = f"manager.{kind}.{value}"
    return phrases(key, language) if phrases.has(key) else value


def known_names(kind: str) -> dict[str, list[str]]:
    """What the operator's list of names holds: categories or places, by the value they stand for."""
    return _names()[kind]


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    content: dict[str, dict[str, list[str]]] = yaml.safe_load((FOLDER / "names.yml").read_text("utf-8"))
    return content


def _bounds(condition: Condition | Conditions) -> str:
    if condition.since and condition.until:
        return "between"
    return "since" if condition.since else "until" if condition.until else "always"


def _days(condition: Condition | Conditions, language: str, zone: str) -> dict[str, Any]:
    days = {}
    if condition.since:
        days["since"] = wording.day(condition.since, language, zone)
    if condition.until:
        days["until"] = wording.day(condition.until, language, zone)
    return days
