"""Conditions read back from the line that `Wording` says, so that people may copy it, change it and send it again.

The patterns are made from the very phrases, in the language they are in: what is said is always understood, exactly.
Free sentences are read in `crm_core/query/reading.py`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import get_month_names

from bot import wording
from bot.query_words import AMOUNTS, DATED, Wording, known_names, spoken
from crm_core.query.conditions import SCORED, Condition, Conditions, Field, Operator, Sort, Value

_HOLES = {"value": "\x01", "period": "\x02", "since": "\x03", "until": "\x04", "conditions": "\x05", "order": "\x06",
          "count": "\x07", "currency": "\x08"}  # fmt: skip
_MADE = ("last_order", "first_seen")
_NOT_FIRST = sorted(get_args(Operator), key=lambda operator: operator != "is_not")
"""So that "is not Paris" is no place of the name "not Paris"."""
COUNTS = ("orders", "complaints", "open_cases")


def conditions_of(text: str, words: Wording) -> Conditions | None:
    """The conditions that a line says; None when it is no such line."""
    return _Parsing(words).all(text)


@dataclass
class _Parsing:
    words: Wording
    _days: str = field(init=False)

    def __post_init__(self) -> None:
        self._days = r"(\d{1,2} [A-Za-z]{3,4} \d{4})" if self.words.language == "en" else r"(\d{4}年\d{1,2}月\d{1,2}日)"

    def all(self, text: str) -> Conditions | None:
        first, *further = text.strip().split("\n")
        match = re.fullmatch(f"{self._pattern('line')}(?:{self._pattern('top')})?", first.strip())
        if match is None:
            return None
        currency = next((found[1] for line in further if (found := self._full("currency", line))), self.words.currency)
        order = self._order(match["order"])
        if order is None:
            return None
        conditions = replace(order, limit=int(match["count"]) if match["count"] else None, currency=currency)
        if match["conditions"] == self.words.say("everybody"):
            return conditions
        parts = [self.one(part.strip()) for part in match["conditions"].split(self.words.say("and"))]
        known = tuple(part for part in parts if part is not None)
        return replace(conditions, all=known) if len(known) == len(parts) else None

    def one(self, said: str) -> Condition | None:
        """One condition; None when no phrase fits."""
        for name in get_args(Field):
            for condition in self._of_field(name, said):
                return condition
        return None

    def _of_field(self, name: Any, said: str) -> Iterator[Condition]:
        if name in _MADE:
            yield from self._moments(name, said)
            return
        for bounds in ("between", "since", "until", "") if name in DATED else ("",):
            for operator in _NOT_FIRST:
                yield from self._bounded(name, operator, bounds, said)
        if name == "orders":
            yield from self._none(said)

    def _bounded(self, name: Any, operator: Any, bounds: str, said: str) -> Iterator[Condition]:
        if not self.words.phrases.has(f"agent.query.{name}.{operator}"):
            return
        usual = self.words.say("mood_window") if name == "mood" and not bounds else ""
        pattern = self._pattern(f"{name}.{operator}", bounds, usual)
        match = re.fullmatch(pattern, said)
        value = self._value(name, match["value"]) if match else None
        if match and value is not None:
            yield Condition(name, operator, value, *self._span(match))

    def _none(self, said: str) -> Iterator[Condition]:
        for bounds in ("between", "since", "until", ""):
            match = re.fullmatch(self._pattern("orders.none", bounds), said)
            if match:
                yield Condition("orders", "is", 0, *self._span(match))
                return

    def _moments(self, name: Any, said: str) -> Iterator[Condition]:
        for bounds in ("between", "since", "until"):
            match = re.fullmatch(self._pattern(f"{name}.{bounds}"), said)
            if match:
                since, until = self._span(match)
                operator: Operator = "before" if name == "last_order" and since is None else "after"
                yield Condition(name, operator, "", since, until)
                return

    def _order(self, said: str) -> Conditions | None:
        for sort in get_args(Sort):
            for descending in (True, False):
                order = self.words.say(f"order.{sort}_{'most' if descending else 'least'}")
                for bounds in ("between", "since", "until"):
                    match = re.fullmatch(rf"{re.escape(order)} \({self._pattern(bounds)}\)", said)
                    if match:
                        since, until = self._span(match)
                        return Conditions(sort=sort, descending=descending, since=since, until=until)
                if said == order:
                    return Conditions(sort=sort, descending=descending)
        return None

    # --- patterns and values ----------------------------------------------------------------------------------------
    def _pattern(self, key: str, bounds: str = "", period: str = "") -> str:
        """A phrase with holes; `bounds` names the phrase that its period is, `period` is one that is always said."""
        holes = dict(_HOLES) if bounds else {**_HOLES, "period": period}
        told = self.words.say(key, **holes).strip()
        pattern = re.escape(told)
        if bounds:
            pattern = pattern.replace(re.escape(_HOLES["period"]), self._pattern(bounds))
        groups = {"value": ".+", "conditions": ".+?", "order": ".+?", "count": r"\d+", "currency": "[A-Z]{3}"}
        for name, group in groups.items():
            pattern = pattern.replace(re.escape(_HOLES[name]), f"(?P<{name}>{group})", 1)
        for name in ("since", "until"):
            pattern = pattern.replace(re.escape(_HOLES[name]), self._days.replace("(", f"(?P<{name}>", 1), 1)
        return pattern

    def _full(self, key: str, line: str) -> re.Match[str] | None:
        return re.fullmatch(self._pattern(key), line.strip())

    def _span(self, match: re.Match[str]) -> tuple[datetime | None, datetime | None]:
        said = match.groupdict()
        return self._moment(said.get("since")), self._moment(said.get("until"))

    def _moment(self, said: str | None) -> datetime | None:
        """Midnight of a day where the reader is."""
        if not said:
            return None
        if self.words.language == "zh":
            year, month, day = (int(number) for number in re.findall(r"\d+", said))
        else:
            first, name, last = said.split()
            names = {
                short: number for number, short in get_month_names("abbreviated", locale=wording.LOCALES["en"]).items()
            }
            year, month, day = int(last), names[name], int(first)
        return datetime.combine(datetime(year, month, day), time(), ZoneInfo(self.words.zone))  # noqa: DTZ001

    def _value(self, name: str, said: str) -> Value | None:
        if name in AMOUNTS:
            return self._amount(name, said)
        if name in COUNTS:
            return int(said) if said.isdecimal() else None
        if name in ("language", "tier"):
            return self._code(f"manager.{name}s.", said)
        if name in ("mood", "kind", "missing"):
            words = {"mood": ("bad", "good", "neutral"), "kind": ("person", "company"), "missing": ("email", "phone")}
            return {self.words.say(f"{name}s.{value}"): value for value in words[name]}.get(said)
        if name in ("bought", "category"):
            return self._goods(name, said)
        return self._place(said) if name == "place" else said

    def _code(self, kind: str, said: str) -> str:
        """The code that a word stands for; what only the operator's records know stands for itself."""
        phrases, language = self.words.phrases, self.words.language
        known = {phrases(key, language): key.removeprefix(kind) for key in phrases.below(kind)}
        return known.get(said, said)

    def _amount(self, name: str, said: str) -> Value | None:
        bands = {self.words.say(f"{name}s.{band}"): band for band in ("high", "medium", "low") if name in SCORED}
        if said in bands:
            return bands[said]
        if name == "churn":
            share = re.fullmatch(r"(\d{1,3}(?:\.\d)?) %", said)
            return round(float(share[1]) * 10) if share else None
        digits = re.sub(r"[^\d.]", "", said)
        return round(float(digits) * 100) if digits else None

    def _goods(self, name: str, said: str) -> Value | None:
        if name == "bought":
            known = {told: sku for sku, told in self.words.products.items()}
        else:
            known = {spoken("categories", key, self.words.language): key for key in known_names("categories")}
        if said in known:
            return (known[said],)
        values = [known.get(part) for part in said.split(self.words.say("or"))]
        return tuple(str(value) for value in values) if all(values) else None

    def _place(self, said: str) -> str:
        language = self.words.language
        place = next((key for key in known_names("places") if spoken("places", key, language) == said), None)
        territories: Mapping[str, str] = Locale.parse(wording.LOCALES[language]).territories
        code = next((code for code, told in territories.items() if told == said and len(code) == 2), None)
        return place or code or said
