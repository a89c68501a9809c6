"""Reads conditions out of a sentence and the values found in it: "VIPs in Shanghai who haven't ordered in 90 days".

What is said is split into things that may hold a time (a purchase, a spend, a count, a mood); each time belongs to the
nearest of them, each "not" to what follows it. Words that nothing took are handed back as not understood.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from crm_core.query import patterns
from crm_core.query.conditions import Condition, Conditions, Field, Operator, Sort, Value
from crm_core.query.parts import Make, Mention, Thing, When, times
from crm_core.query.score_patterns import BANDS, CHURN_AMOUNT, EXPECTED, SCORE_SORTS, names_a_segment

QUIET_DAYS = 90
"""What "inactive" means when nobody says since when."""
HIGHER: tuple[Operator, ...] = ("over", "at_least")
NEAR = 6
"""Characters between a "not" and the label or verb it belongs to."""
READ_UP_TO = 1000
_LABEL_OF: dict[str, Field] = {"tag": "tag", "segment": "segment", "location": "place", "language": "language"}


def conditions_from(
    text: str, mentions: Iterable[Mention], *, now: datetime, zone: str, currency: str = "CNY"
) -> Conditions:
    """What a sentence asks for.

    Args:
        mentions: places, products, amounts, times … found in `text`, by the names of the entities.
        zone: whose midnights bound the days that are said.
        currency: what an amount without a currency is in.
    """
    reader = Reader(text[:READ_UP_TO], list(mentions), now, zone, currency)
    return reader.read()


@dataclass
class Reader:
    """One sentence being read; `said_order` and `times_left` tell afterwards what a refinement needs to know."""

    text: str
    mentions: Sequence[Mention]
    now: datetime
    zone: str
    currency: str
    found: list[Condition] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    said_order: tuple[Sort, bool] | None = None

    def __post_init__(self) -> None:
        self.folded = patterns.folded(self.text)
        self._used = bytearray(len(self.text))
        lead = patterns.LEAD.match(self.folded)
        begin = lead.end() if lead else 0
        self.mentions = [one for one in self.mentions if begin <= one.start < one.end <= len(self.text)]
        self._use(0, begin)
        self.whens = times(self.mentions, self.zone)
        self.nots = sorted({(one.start, one.end) for one in self._named("negation")} | set(self._own_nots()))

    def read(self) -> Conditions:
        """All of it, in the order that keeps one reading from taking another's words."""
        self._last_orders()
        self.said_order = said = self._sorted()
        limit = self._limit()
        self._scores()
        self._labels()
        self._spend()
        self._counts()
        self._new()
        self._moods()
        self._goods()
        self._verbs()
        self._give_times()
        since, until = self._sorted_within(said[0] if said else None)
        sort, descending = said or (self._scored_by(), True)
        for thing in sorted(self.things, key=lambda thing: thing.start):
            self.found += thing.make(thing)
        return Conditions(
            all=tuple(dict.fromkeys(self.found)),
            sort=sort,
            descending=descending,
            limit=limit,
            currency=self.currency,
            since=since,
            until=until,
            unused=self._unused(),
        )

    def times_left(self) -> list[When]:
        """The times that belong to nothing else that was said."""
        owned = [id(thing.when) for thing in self.things]
        return [when for when in self.whens if id(when) not in owned]

    # --- words ------------------------------------------------------------------------------------------------------
    def _named(self, *names: str) -> list[Mention]:
        return [one for one in self.mentions if one.name in names]

    def _use(self, start: int, end: int) -> None:
        self._used[start:end] = b"\x01" * (end - start)

    def _free(self, start: int, end: int) -> bool:
        return not any(self._used[start:end])

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Places of a pattern that nothing else took; they are taken now."""
        for match in pattern.finditer(self.folded):
            if self._free(*match.span()):
                self._use(*match.span())
                yield match

    def _own_nots(self) -> Iterator[tuple[int, int]]:
        for match in patterns.NOT.finditer(self.folded):
            yield match.span()

    def _negated(self, start: int) -> bool:
        """Whether a "not" stands right before this place; it is used up then."""
        for first, last in self.nots:
            between = self.folded[last:start]
            apart = patterns.BREAK.search(between) or patterns.DID_NOT.match(between)
            if last <= start and start - last <= NEAR and not apart:
                self._use(first, last)
                return True
        return False

    # --- order and number -------------------------------------------------------------------------------------------
    def _sorted(self) -> tuple[Sort, bool] | None:
        for sort, descending, pattern in (*SCORE_SORTS, *patterns.SORTS):
            found = list(pattern.finditer(self.folded))
            for match in found:
                self._use(*match.span())
            if found:
                return sort, descending
        return None

    def _scored_by(self) -> Sort:
        """Who asks for high scores wants the highest first; else the biggest spenders."""
        high = [
            one.field for one in self.found if (one.operator, one.value) == ("is", "high") or one.operator in HIGHER
        ]
        return "churn" if "churn" in high else "value" if "value" in high else "spend"

    def _sorted_within(self, sort: Sort | None) -> tuple[datetime | None, datetime | None]:
        """ "Biggest spenders since January": a time that belongs to nothing else bounds what is sorted by."""
        for when in self.times_left() if sort in ("spend", "orders") else ():
            self._use(when.start, when.end)
            return when.bounds(self.now)
        return None, None

    def _limit(self) -> int | None:
        for one in self._named("count"):
            if isinstance(one.value, int) and one.value > 0:
                before = patterns.TOP.search(self.folded[: one.start])
                self._use(before.start() if before else one.start, one.end)
                return int(one.value)
        return None

    # --- labels -----------------------------------------------------------------------------------------------------
    def _labels(self) -> None:
        tagged = bool(patterns.TAGGED.search(self.folded))
        for name, value, pattern in patterns.LABELS:
            if name == "tier" and tagged:
                continue
            for match in self._matches(pattern):
                self._label(name, value, *match.span())
        for match in self._matches(patterns.MISSING):
            what = "phone" if match["phone"] else "email"
            self.found.append(Condition("missing", "is", what))
        if tagged and not self._named("tag"):
            self._unknown_tags()
        for match in patterns.TAGGED.finditer(self.folded):
            self._use(*match.span())
        for one in self._named("tag", "segment", "location", "language"):
            if self._free(one.start, one.end):
                self._use(one.start, one.end)
                self._label(_LABEL_OF[one.name], str(one.value), one.start, one.end)

    def _unknown_tags(self) -> None:
        """A tag that nobody has yet is a condition all the same: nobody fits it."""
        for match in self._matches(patterns.TAG_SAID):
            group = next(name for name, said in match.groupdict().items() if said)
            self._label("tag", self.text[slice(*match.span(group))].strip(), *match.span())

    def _label(self, name: Field, value: str, start: int, end: int) -> None:
        behind = patterns.NOT_BEHIND.match(self.folded, end)
        if behind:
            self._use(*behind.span())
        operator: Operator = "is_not" if behind or self._negated(start) else "is"
        self.found.append(Condition(name, operator, value))

    def _scores(self) -> None:
        """Churn risk and expected value: an amount says more than a band."""
        for match in self._matches(CHURN_AMOUNT):
            operator = patterns.comparison(match)
            milli = round(float(match["n"]) * 10)
            self.found.append(Condition("churn", "at_least" if operator == "is" else operator, milli))
        for name, band, pattern in BANDS:
            for match in pattern.finditer(self.folded):
                if self._free(*match.span()) and not names_a_segment(self.folded, self._named("segment"), match):
                    self._use(*match.span())
                    self._label(name, band, *match.span())

    # --- money and counts -------------------------------------------------------------------------------------------
    def _spend(self) -> None:
        for one in self._named("money"):
            if not self._free(one.start, one.end):
                continue
            said = one.value
            if said.get("currency"):
                self.currency = str(said["currency"])
            operator = self._bound(one, str(said.get("bound")))
            self._use(one.start, one.end)
            foretold = EXPECTED.search(self.folded[: one.start])
            if foretold:
                self._use(foretold.start(), one.start)
                self.found.append(Condition("value", operator, int(said["amount_minor"])))
                continue
            start, end = self._with_verb(one.start, one.end)
            self._add(start, end, self._maker("spend", operator, int(said["amount_minor"])))

    def _bound(self, one: Mention, bound: str) -> Operator:
        signs = [str(c.value) for c in self._named("comparator") if one.start - 1 <= c.start and c.end <= one.end + 1]
        if bound == "max":
            return "under" if "<" in signs else "at_most"
        return "over" if ">" in signs and bound == "min" else "at_least"

    def _with_verb(self, start: int, end: int) -> tuple[int, int]:
        """The amount together with "spent", which says nothing more."""
        for match in patterns.SPENT.finditer(self.folded):
            if abs(match.end() - start) <= 14 or abs(match.start() - end) <= 6:
                self._use(*match.span())
                start, end = min(start, match.start()), max(end, match.end())
        return start, end

    def _counts(self) -> None:
        for match in self._matches(patterns.COUNTED):
            number = patterns.number(match)
            name = patterns.counted_thing(self.folded, match)
            if number is None or name is None:
                continue
            operator = patterns.comparison(match)
            before = patterns.COUNTED_WORD.search(self.folded[: match.start()])
            if before:
                self._use(*before.span())
            self._add(*match.span(), self._maker(name, operator, number), kind=name)
        counted = {thing.kind for thing in self.things}
        for name, operator, value, pattern in patterns.PLAIN_COUNTS:
            for match in self._matches(pattern):
                if name in counted:
                    continue  # "complained twice" said more than "complained"
                for first, last in self.nots:
                    if first >= match.start() and last <= match.end():
                        self._use(first, last)
                self._add(*match.span(), self._maker(name, operator, value))

    def _maker(self, name: Field, operator: Operator, value: Value) -> Make:
        return lambda thing: [Condition(name, operator, value, **thing.bounds(self.now))]

    # --- moments ----------------------------------------------------------------------------------------------------
    def _last_orders(self) -> None:
        for match in patterns.LAST_ORDER.finditer(self.folded):
            if any(0 <= when.start - match.end() <= 20 or 0 <= match.start() - when.end <= 6 for when in self.whens):
                self._use(*match.span())
                self._add(*match.span(), self._last_order, kind="last")

    def _last_order(self, thing: Thing) -> list[Condition]:
        """ "Last order before June", "last order more than 60 days ago", "last order within 30 days"."""
        when = thing.when
        if when is None:
            return []
        around = self.folded[max(0, when.start - 14) : when.end + 8]
        for pattern in (patterns.OLDER, patterns.WITHIN, patterns.EARLIER):
            for match in pattern.finditer(self.folded, max(0, when.start - 14), min(len(self.text), when.end + 8)):
                self._use(*match.span())
        if when.days is not None:
            moment = self.now - timedelta(days=when.days)
            older = patterns.OLDER.search(around) and not patterns.WITHIN.search(around)
            return [
                Condition("last_order", "before" if older else "after", "", *_pair(moment, bool(older)), moves=True)
            ]
        if patterns.EARLIER.search(around) and when.since:
            return [Condition("last_order", "before", "", None, when.since)]
        return [Condition("last_order", "before" if when.since is None else "after", "", when.since, when.until)]

    def _new(self) -> None:
        for match in self._matches(patterns.NEW):
            self._add(*match.span(), self._first_seen, kind="new")

    def _first_seen(self, thing: Thing) -> list[Condition]:
        bounds = thing.bounds(self.now)
        if not any(bounds.values()):
            bounds = {"since": self.now - timedelta(days=30), "until": None, "moves": True}
        return [Condition("first_seen", "after", "", **bounds)]

    def _moods(self) -> None:
        words = {"negative": "bad", "positive": "good", "neutral": "neutral"}
        for match in self._matches(patterns.NOT_HAPPY):
            self._add(*match.span(), self._maker("mood", "is", "bad"))
        for one in self._named("mood"):
            if self._free(one.start, one.end) and one.value in words:
                self._use(one.start, one.end)
                negated = one.value == "positive" and self._negated(one.start)
                self._add(one.start, one.end, self._maker("mood", "is", "bad" if negated else words[one.value]))

    # --- what was bought --------------------------------------------------------------------------------------------
    def _goods(self) -> None:
        spans: dict[tuple[int, int], list[Mention]] = {}
        for one in self._named("product", "category"):
            if self._free(one.start, one.end):
                spans.setdefault((one.start, one.end), []).append(one)
        named_goods = [
            (start, end, named[0].name, tuple(dict.fromkeys(str(one.value) for one in named)))
            for (start, end), named in spans.items()
        ]
        named_goods += [(*match.span(), "category", ("tea",)) for match in self._matches(patterns.TEA)]
        named_goods.sort()
        for position, (start, end, name, values) in enumerate(named_goods):
            self._use(start, end)
            following = named_goods[position + 1][0] if position + 1 < len(named_goods) else -1
            if self.folded[end:following] == " ":
                continue  # "kitchen scales" are scales
            kind = "bought" if name == "product" else "category"
            thing = Thing(start, end, self._bought, values=values, kind=kind)
            thing.negated = self._good_negated(thing)
            self.things.append(thing)
        self._merge_alternatives()

    def _good_negated(self, thing: Thing) -> bool:
        """A "not" before it with no other verb and no "but" between, or "没买" right behind it."""
        for first, last in reversed(self.nots):
            if last > thing.start or not self._reaches(last, thing.start):
                continue
            self._use(first, last)
            return True
        behind = patterns.NOT_BOUGHT_BEHIND.match(self.folded, thing.end)
        before = patterns.BUY.search(self.folded[max(0, thing.start - 8) : thing.start])
        if behind and not before:
            self._use(*behind.span())
            return True
        return False

    def _reaches(self, start: int, end: int) -> bool:
        """Whether a "not" that ends at `start` still holds at `end`."""
        between = self.folded[start:end]
        verb = patterns.BUY.match(between.lstrip(" 有过再"))
        skipped = len(between) - len(between.lstrip(" 有过再")) + (verb.end() if verb else 0)
        if verb and any(start + skipped <= when.start and when.end <= end for when in self.whens):
            return False  # "haven't ordered in 90 days, bought T2": the time closes it
        rest = between[skipped:]
        return not patterns.BREAK.search(rest) and not patterns.BUY.search(rest) and len(rest) <= 60

    def _merge_alternatives(self) -> None:
        """ "Tea or coffee" is one condition; "tea and coffee" are two; "no tea or coffee" are two, too."""
        merged: list[Thing] = []
        for thing in self.things:
            last = merged[-1] if merged else None
            if last is not None and self._alternatives(last, thing):
                merged[-1] = replace(last, end=thing.end, values=(*last.values, *thing.values))
            else:
                merged.append(thing)
        self.things = merged

    def _alternatives(self, left: Thing, right: Thing) -> bool:
        goods = left.kind == right.kind and left.kind in ("bought", "category")
        either = patterns.OR.fullmatch(self.folded[left.end : right.start]) is not None
        return goods and either and not left.negated and not right.negated

    def _bought(self, thing: Thing) -> list[Condition]:
        name: Field = "bought" if thing.kind == "bought" else "category"
        operator: Operator = "is_not" if thing.negated else "is"
        return [Condition(name, operator, thing.values, **thing.bounds(self.now))]

    # --- buying at all ----------------------------------------------------------------------------------------------
    def _verbs(self) -> None:
        goods = [thing for thing in self.things if thing.kind in ("bought", "category")]
        for match in self._matches(patterns.ACTIVE):
            self._add(*match.span(), self._lately, kind="active")
        for match in patterns.QUIET.finditer(self.folded):
            if self._free(*match.span()):
                self._use(*match.span())
                self._use_not_inside(match)
                self._add(*match.span(), self._quiet, kind="quiet")
        for match in patterns.BUY.finditer(self.folded):
            served = any(self._serves(match, good) for good in goods)
            if not self._free(*match.span()) or not (served or self._stands_alone(match.end())):
                continue
            self._use(*match.span())
            negated = self._negated(match.start())
            if served:
                continue
            if negated:
                self._add(*match.span(), self._quiet, kind="quiet")
            else:
                self._add(*match.span(), self._active, kind="active")

    def _stands_alone(self, place: int) -> bool:
        """Whether nothing unknown is bought: "haven't bought screen protectors" is not "haven't bought"."""
        place += len(patterns.ANYTHING.match(self.folded[place:])[0])  # type: ignore[index]
        if place >= len(self.folded) or not self.folded[place].isalnum() or not self._free(place, place + 1):
            return True
        timed = any(when.start <= place < when.end for when in self.whens)
        known = any(one.start <= place < one.end for one in self.mentions)
        return timed or known or patterns.FILLER.match(self.folded, place) is not None

    def _use_not_inside(self, match: re.Match[str]) -> None:
        for first, last in self.nots:
            if first < match.end() and match.start() < last:
                self._use(first, last)

    def _serves(self, verb: re.Match[str], good: Thing) -> bool:
        """Whether a thing is what this verb is about: it follows with no other verb between, or stands right before."""
        if good.start >= verb.end():
            between = self.folded[verb.end() : good.start]
            return not patterns.BUY.search(between) and not patterns.BREAK.search(between)
        return 0 <= verb.start() - good.end <= 3

    def _quiet(self, thing: Thing) -> list[Condition]:
        """No order for so long, or none in a period; "since" without a time means since the purchase before."""
        when = thing.when
        if when is None:
            return self._quiet_since(thing)
        if when.days is None:
            return [Condition("orders", "is", 0, when.since, when.until)]
        least = patterns.FROM_DAYS.search(self.folded[: when.start])
        longest = self.now - timedelta(days=when.days)
        if least:  # "between 60 and 120 days"
            self._use(*least.span())
            latest = self.now - timedelta(days=int(least["days"]))
            return [Condition("last_order", "before", "", longest, latest, moves=True)]
        return [Condition("last_order", "before", "", None, longest, moves=True)]

    def _quiet_since(self, thing: Thing) -> list[Condition]:
        if any(other.kind == "new" for other in self.things):
            return [Condition("orders", "at_most", 1)]  # new, and never came back
        earlier = [other.when.until for other in self.things if other.when and other.when.until]
        again = patterns.AGAIN.search(self.folded, max(0, thing.start - 8))
        if again and earlier and earlier[0] <= self.now:
            return [Condition("orders", "is", 0, earlier[0], None)]
        return [Condition("last_order", "before", "", None, self.now - timedelta(days=QUIET_DAYS), moves=True)]

    def _active(self, thing: Thing) -> list[Condition]:
        """Bought something in a period; without one it says nothing."""
        bounds = thing.bounds(self.now)
        return [Condition("orders", "at_least", 1, **bounds)] if any(bounds.values()) else []

    def _lately(self, thing: Thing) -> list[Condition]:
        since = self.now - timedelta(days=QUIET_DAYS)
        return self._active(thing) or [Condition("orders", "at_least", 1, since, moves=True)]

    # --- times ------------------------------------------------------------------------------------------------------
    def _add(self, start: int, end: int, make: Make, *, kind: str = "") -> None:
        self.things.append(Thing(start, end, make, kind=kind))

    def _give_times(self) -> None:
        """Each time belongs to the nearest thing that has none; things joined by "and", "or" share it."""
        for when in self.whens:
            free = [thing for thing in self.things if thing.when is None]
            owner = min(free, key=lambda thing: self._distance(thing, when), default=None)
            if owner is None:
                continue
            owner.when = when
            self._use(when.start, when.end)
        goods = [thing for thing in self.things if thing.kind in ("bought", "category")]
        for left, right in pairwise(goods):
            if left.negated == right.negated and patterns.LIST.fullmatch(self.folded[left.end : right.start]):
                left.when = left.when or right.when
                right.when = right.when or left.when

    def _distance(self, thing: Thing, when: When) -> tuple[int, int]:
        follows = when.start >= thing.end
        low, high = (thing.end, when.start) if follows else (when.end, thing.start)
        between = self.folded[low:high] if low < high else ""
        far = 40 if patterns.BREAK.search(between) else 15 if patterns.JOINT.search(between) else 0
        chinese = not self.folded[when.end - 1 : when.end].isascii()
        if follows == chinese:  # English says the time after, Chinese before what it belongs to
            far += 3
        return len(between) + far, -thing.start

    # --- the rest ---------------------------------------------------------------------------------------------------
    def _unused(self) -> tuple[str, ...]:
        """Words that neither a reading took nor every such request contains."""
        for one in self._named("comparator"):  # a part of an amount or a time that was taken
            if not self._free(max(0, one.start - 1), min(len(self.text), one.end + 2)):
                self._use(one.start, one.end)
        rest = "".join("\x00" if used else char for char, used in zip(self.folded, self._used, strict=True))
        rest = patterns.FILLER.sub(lambda match: "\x01" * len(match.group()), rest)
        found = []
        for match in patterns.WORDS.finditer(rest):
            said = self.text[slice(*match.span())].strip(" .")
            if len(said) > 1 or "\u4e00" <= said <= "\u9fff":
                found.append(said)
        return tuple(dict.fromkeys(found))


def _pair(moment: datetime, older: bool) -> tuple[datetime | None, datetime | None]:
    return (None, moment) if older else (moment, None)
