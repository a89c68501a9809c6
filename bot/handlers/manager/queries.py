"""A question about figures as a value: read from what was said, kept in the memory, changed by what is said next."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from bot.figure_phrases import BEST, asks_for_value
from bot.figures import FigureWords
from bot.handlers.manager.asking import asked_periods, default_period
from bot.handlers.manager.subjects import Subject, negated, subjects_of
from bot.messages import IncomingMessage
from bot.query_words import Wording
from bot.turns import Services
from crm_core.analytics.value.retention import NARROWED_BY
from crm_core.models import Order
from crm_core.query.conditions import Condition
from crm_core.query.patterns import folded
from crm_core.query.reading import conditions_from
from crm_core.reports.metrics import METRICS, dimensions
from crm_core.reports.periods import Period, add_months
from crm_core.staff.colleagues import colleagues, mentioned
from nlu.understanding import Understanding

OVERVIEW, TEAM = "overview", "team"
"""All figures of the business; the figures of every agent."""
RETENTION, VALUE_SPREAD = "retention", "value_distribution"
FORMS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    RETENTION: (("month",), NARROWED_BY), VALUE_SPREAD: ((), ()),
}  # fmt: skip
"""Figures with a form of their own: by what they can be split, and narrowed."""
COHORT_MONTHS = 13
"""Whole months of first orders that a question about retention is about, if it names no period."""
DIMENSION_OF = {"place": "city", "tier": "tier", "language": "language", "category": "category"}
"""Field of a condition -> the dimension of figures that it narrows."""
IN_PUBLIC = {"channel": "network", "intent": "topic", "category": "product"}
"""What a dimension of chats is called where posts are meant."""
NOT_OF_FIGURES = ("bought", "tag", "segment", "kind", "missing", "spend", "open_cases")
"""Fields of conditions that narrow customers, and no figure: they are named as not applied."""
_WITH_CUSTOMERS = {
    "segment": re.compile(r"new (?:customers?|clients?|buyers?|ones)|新(?:客|顾客|买家)"),
    "kind": re.compile(r"(?:business|corporate|company) (?:customers?|clients?|buyers?|accounts?)|companies|企业|公司"),
}
_BY_PRODUCT = re.compile(
    r"(?<![a-z])(?:by|per|each|which) products?(?! (?:type|categor))(?![a-z])|[按分各]个?(?:产品|商品|单品)(?!类)"
)
_SPLIT_OF_BEST = {"cities": "city", "categories": "category"}
_AGO = re.compile(r"(?P<week>周|星期|礼拜|weeks?)|(?P<month>月|months?)")
_IS_AGO = re.compile(r"(?:ago|back|earlier|前)\W*")
_ONE_BEFORE = re.compile(
    r"(?<![a-z])(?:the )?(?:day|week|month|quarter) before(?: that)?\W*"
    r"|再[往之]?[前上](?:面)?[一那]?个?(?:天|周|星期|月|季度).*"
)
"""At the end of what changes a question: the span before the one it was about."""
LAST_YEAR = re.compile(r"year before|(?:a )?year ago|same .{0,12}last year|去年同期|同比")
_BOUGHT = re.compile(r"(?<![a-z])(?:bought|buyers?|purchased|own(?:s|ers?)?)(?![a-z])|买过|买了|购买|拥有")
_COMPARED = re.compile(r"compared?|versus|(?<![a-z])vs(?![a-z])|against|对比|相比|比起|环比|跟|和|与")
_FROM_LEAST = re.compile(
    r"lowest|bottom|滞销|fewest|least|ascending|worst|smallest|从低到高|从少到多|升序|最少|最低|最差|倒序"
)
_FROM_MOST = re.compile(r"highest|most|descending|best|biggest|largest|从高到低|从多到少|降序|最多|最高|最好")
_RANKED = re.compile(r"sort|order(?:ed)? by|first|ranked?|ascending|descending|排|升序|降序|从[高低多少]")

Values = Mapping[str, Sequence[str]]


class Spoken(Protocol):
    """A turn, or what is known of it before its transaction begins."""

    @property
    def message(self) -> IncomingMessage: ...
    @property
    def understanding(self) -> Understanding: ...
    @property
    def argument(self) -> str: ...
    @property
    def now(self) -> datetime: ...
    @property
    def services(self) -> Services: ...


@dataclass(frozen=True, slots=True)
class Query:
    """One question about figures, complete. `only` and `without` map dimensions to values."""

    metric: str
    period: Period
    compared: Period
    group_by: str | None = None
    only: Values = field(default_factory=dict)
    without: Values = field(default_factory=dict)
    limit: int | None = None
    ascending: bool = False

    def kept(self) -> dict[str, Any]:
        """As JSON for the memory."""
        return {
            "metric": self.metric, "group_by": self.group_by, "only": dict(self.only), "without": dict(self.without),
            "limit": self.limit, "ascending": self.ascending,
            "period": _kept(self.period), "compared": _kept(self.compared),
        }  # fmt: skip

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Query":
        """Read it back."""
        rest = {name: kept[name] for name in ("metric", "group_by", "only", "without", "limit", "ascending")}
        return cls(period=_period(kept["period"]), compared=_period(kept["compared"]), **rest)


@dataclass(frozen=True, slots=True)
class Said:
    """What one sentence says about figures; None and empty where it says nothing."""

    metric: str | None = None
    period: Period | None = None
    compared: Period | None = None
    year_before: bool = False
    one_before: bool = False
    """The span before the one that was asked about."""
    group_by: str | None = None
    only: Values = field(default_factory=dict)
    without: Values = field(default_factory=dict)
    limit: int | None = None
    ascending: bool | None = None
    subjects: tuple[Subject, ...] = ()
    """What is named and narrows those figures that can be narrowed to it."""
    not_applied: tuple[Condition, ...] = ()

    @property
    def anything(self) -> bool:
        """Whether it says anything that changes a question."""
        known = tuple(one for one in self.subjects if one.known)
        return replace(self, subjects=known, not_applied=()) != Said()

    def applied(self, last: Query) -> Query:
        """The question before, with what is said now."""
        period = _whole_before(last.period) if self.one_before else self.period or last.period
        compared = self.compared or (period.before() if self.period or self.one_before else last.compared)
        if self.year_before:
            compared = _year_before(period)
        metric, group_by = self.metric or last.metric, self.group_by or last.group_by
        only, without = dict(last.only), dict(last.without)
        here, gone = self._chosen(metric)
        for mine, other, said in ((only, without, here), (without, only, gone)):
            for dimension, values in said.items():
                left = [value for value in other.pop(dimension, ()) if value not in values]
                if left:
                    other[dimension] = left
                mine[dimension] = list(values)
        if metric in METRICS and "network" in METRICS[metric].by:
            only, without = _in_public(only), _in_public(without)
            group_by = IN_PUBLIC.get(group_by or "", group_by)
        return Query(
            metric, period, compared, group_by, only, without,
            self.limit or last.limit, last.ascending if self.ascending is None else self.ascending,
        )  # fmt: skip

    def _chosen(self, metric: str) -> tuple[Values, Values]:
        """What is chosen and what is left out, with the subjects that this figure can be narrowed to."""
        chosen: tuple[dict[str, Sequence[str]], ...] = ({**self.only}, {**self.without})
        for one in self.subjects:
            if one.known and metric in METRICS and one.dimension in METRICS[metric].by:
                mine = chosen[one.excluded]
                mine[one.dimension] = list(dict.fromkeys([*mine.get(one.dimension, ()), one.value]))
        return chosen[0], chosen[1]

    def left_out(self, query: Query) -> Iterator[tuple[str, str, str]]:
        """Dimension, value and words of what was said and does not narrow the question that it became."""
        used = {(name, value) for each in (query.only, query.without) for name in each for value in each[name]}
        for each in (self.only, self.without):
            for name, values in each.items():
                yield from ((name, one, "") for one in values if not used & {(name, one), (IN_PUBLIC.get(name), one)})
        yield from (
            (one.dimension, one.value, one.text) for one in self.subjects if (one.dimension, one.value) not in used
        )


def _in_public(values: dict[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {IN_PUBLIC.get(name, name): chosen for name, chosen in values.items()}


def read(turn: Spoken, session: Session) -> Said:
    """What this turn says about figures."""
    said, zone = turn.understanding, turn.services.settings.business.zone
    if turn.message.kind == "button":
        return _of_button(turn.argument.strip())
    asked = asked_periods(said, turn.now, zone)
    period, compared = _whole_ago(said, asked.period), asked.compared
    if period and compared is None and _is_compared(said.text, _first_start(turn)):
        period, compared = None, period
    only, without, rest = _narrowed(turn, session)
    ranked = bool(_RANKED.search(said.text.lower()) or BEST.search(said.text.lower()))
    count = said.first("count")
    subjects = subjects_of(said, session)
    before = _is_one_before(said.text)
    goods = before or any(one.dimension == "product" for one in subjects)  # "before that" means no product
    metric, best = said.first("metric"), BEST.search(said.text.lower())
    sold = "revenue" if best and metric is None and _split_of(best) == "product" else None
    by = None if best and said.first("group_by") == "agent" else said.first("group_by")  # best sellers are no agents
    return Said(
        metric=VALUE_SPREAD if asks_for_value(said.text) else str(metric) if _is_kept(metric) else sold,
        period=period,
        compared=compared,
        year_before=bool(LAST_YEAR.search(said.text.lower())),
        one_before=before,
        group_by="product" if _BY_PRODUCT.search(said.text.lower()) else by or _split_of(best),
        only=only,
        without=without,
        limit=count if isinstance(count, int) and 0 < count <= 100 else None,
        ascending=bool(_FROM_LEAST.search(said.text.lower())) if ranked and _is_ranked(said.text) else None,
        subjects=subjects,
        not_applied=tuple(
            one for one in rest if (one.field != "bought" or not goods) and _of_customers(one, said.text)
        ),
    )


def whole(turn: Spoken, metric: str, said: Said) -> Query:
    """A question of its own: what is not said is the usual."""
    period = said.period or (_following(said.compared, turn.now) if said.compared else None)
    period = period or (cohort_period(turn) if metric == RETENTION else _usual_period(turn))
    compared = said.compared or period.before()
    natural = period.before()
    if period.is_partial and (compared.first, compared.last) == (natural.first, natural.last):
        compared = natural
    alone = replace(said, period=period, compared=compared, metric=metric, one_before=False)
    return alone.applied(Query(metric, period, compared))


def left_out_lines(spoken: Spoken, said: Said, query: Query, words: FigureWords, used: Sequence[str] = ()) -> list[str]:
    """What was said and did not narrow the answer. `used`: dimensions that it took into account in another way."""
    left = [one for one in dict.fromkeys(said.left_out(query)) if one[0] not in used]
    conditions = [] if spoken.message.kind == "button" else said.not_applied
    if not left and not conditions:
        return []
    business = spoken.services.settings.business
    wording = Wording(spoken.services.phrases, words.language, business.zone, currency=business.currency)
    told = [text or words.part(name, value) for name, value, text in left]
    told += [wording.one(condition, business.currency) for condition in conditions]
    known = query.metric in METRICS or query.metric in FORMS
    key, metric = ("not_applied", words.metric(query.metric)) if known else ("none_applied", "")
    lines = [words.say(f"figures.{key}", metric=metric, conditions=wording.say("and").join(told))]
    of_posts = query.metric in METRICS and "network" in METRICS[query.metric].by
    return [*lines, words.say("figures.no_place")] if of_posts and any(one[0] == "city" for one in left) else lines


def unkept_lines(spoken: Spoken, metric: str, words: FigureWords) -> list[str]:
    """Said where a figure was named that is not kept, and another one is told."""
    named = "" if _is_kept(spoken.understanding.first("metric")) else unknown_figure(spoken.understanding)
    return [words.say("figures.instead", figure=named, metric=words.metric(metric))] if named else []


def unknown_figure(said: Understanding) -> str:
    """What a figure is called that is named, and that no report has."""
    return next((one.text for one in said.entities if one.name == "metric" and not _is_kept(one.value)), "")


def _is_kept(metric: object) -> bool:
    return metric in METRICS or metric in FORMS


def narrowed_lines(query: Query, words: FigureWords) -> list[str]:
    """What a question is narrowed to, in words."""
    told = []
    for key, chosen in (("only", query.only), ("without", query.without)):
        values = [words.part(dimension, value) for dimension, each in chosen.items() for value in each]
        told += [words.say(f"figures.{key}", values=words.say("figures.and").join(values))] if values else []
    return told


def _of_button(argument: str) -> Said:
    if argument in METRICS or argument in FORMS or argument in (OVERVIEW, TEAM):
        return Said(metric=argument)
    known = {name for metric in METRICS for name in dimensions(metric)}
    return Said(group_by=argument) if argument in known else Said()


def _narrowed(turn: Spoken, session: Session) -> tuple[Values, Values, tuple[Condition, ...]]:
    said, business = turn.understanding, turn.services.settings.business
    conditions = conditions_from(said.text, said.entities, now=turn.now, zone=business.zone, currency=business.currency)
    only: dict[str, list[str]] = {}
    without: dict[str, list[str]] = {}

    def put(dimension: str, values: Sequence[str], *, excluded: bool) -> None:
        (without if excluded else only).setdefault(dimension, []).extend(values)

    told_by = {**DIMENSION_OF, **({"bought": "product"} if _is_of_goods(said) else {})}
    for one in conditions.all:
        if one.field in told_by:
            values = one.value if isinstance(one.value, tuple) else (str(one.value),)
            put(told_by[one.field], values, excluded=one.operator == "is_not")
    for entity in said.entities:
        if entity.name == "channel":
            put("channel", [str(entity.value)], excluded=negated(said.text, entity.start))
    for colleague in mentioned(colleagues(session), said.text):
        put("agent", [str(colleague.id)], excluded=negated(said.text, said.text.lower().find(colleague.name.lower())))
    rest = tuple(one for one in conditions.all if one.field in NOT_OF_FIGURES and one.field not in told_by)
    return only, without, rest


def _is_of_goods(said: Understanding) -> bool:
    """Whether a product that is named is what was sold, and not what some customers once bought."""
    metric = said.first("metric")
    known = metric in METRICS and METRICS[str(metric)].source.record is Order
    return known and not _BOUGHT.search(said.text.lower())


def _of_customers(condition: Condition, text: str) -> bool:
    """Whether words that may be a condition of customers are one here: "new trends" and "business today" are none."""
    pattern = _WITH_CUSTOMERS.get(condition.field)
    vague = condition.field == "kind" or str(condition.value).lower() in ("new", "新客户")
    return not (pattern and vague) or bool(pattern.search(text.lower()))


def _is_compared(text: str, start: int) -> bool:
    """Whether "compared with" or 对比 stands right before the only period that is named."""
    before = folded(text[max(0, start - 22) : start]) if start > 0 else ""
    behind = folded(text[start:])
    return bool(_COMPARED.search(before)) and bool(
        re.search(r"compar|versus|vs|against", before) or "比" in before + behind
    )


def _is_ranked(text: str) -> bool:
    return bool(_FROM_LEAST.search(text.lower()) or _FROM_MOST.search(text.lower()))


def _split_of(best: "re.Match[str] | None") -> str | None:
    return _SPLIT_OF_BEST.get(best["what"] or "", "product") if best else None


def _is_one_before(text: str) -> bool:
    found = _ONE_BEFORE.search(folded(text))
    return found is not None and found.end() == len(folded(text))


def _whole_ago(said: Understanding, period: Period | None) -> Period | None:
    """Two months ago was a month, and a week ago a week, though both name a day."""
    named = next((one.text.lower() for one in said.entities if one.name == "date_range"), "")
    unit = _AGO.search(named) if _IS_AGO.search(named) else None
    if period is None or period.days != 1 or unit is None:
        return period
    if unit["week"]:
        first = period.first - timedelta(days=period.first.weekday())
        return Period(first, first + timedelta(days=7), period.zone)
    first = period.first.replace(day=1)
    return Period(first, add_months(first, 1), period.zone)


def _whole_before(period: Period) -> Period:
    """The span before, to its end, though the one after it was cut off now."""
    before = period.before()
    return Period(before.first, before.last, before.zone)


def _first_start(turn: Spoken) -> int:
    return next((one.start for one in turn.understanding.entities if one.name == "date_range"), -1)


def _usual_period(turn: Spoken) -> Period:
    zone = turn.services.settings.business.zone
    usual = default_period(turn.now, zone)
    if turn.message.kind != "button" or turn.argument.strip() != "revenue":
        return usual
    first = (usual.last - date.resolution).replace(day=1)  # its button says "this month"
    return Period(first, add_months(first, 1), zone, turn.now)


def cohort_period(turn: Spoken) -> Period:
    """The whole months whose first orders are told."""
    zone = turn.services.settings.business.zone
    this_month = default_period(turn.now, zone).last - date.resolution
    return Period(add_months(this_month.replace(day=1), -COHORT_MONTHS), this_month.replace(day=1), zone)


def _following(period: Period, now: datetime) -> Period:
    """What is held against a period that is named alone: the same span after it, cut off now."""
    whole_months = period.first.day == 1 and period.last.day == 1
    months = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month
    last = add_months(period.last, months) if whole_months else period.last + (period.last - period.first)
    return Period(period.last, last, period.zone, now)


def _year_before(period: Period) -> Period:
    until = period.end if period.is_partial else None
    first, last = add_months(period.first, -12), add_months(period.last, -12)
    return Period(first, last, period.zone, until.replace(year=until.year - 1) if until and until.day < 29 else None)


def _kept(period: Period) -> dict[str, str | None]:
    until = period.until.isoformat() if period.until else None
    return {"first": period.first.isoformat(), "last": period.last.isoformat(), "zone": period.zone, "until": until}


def _period(kept: Mapping[str, Any]) -> Period:
    until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
    return Period(date.fromisoformat(kept["first"]), date.fromisoformat(kept["last"]), kept["zone"], until)
