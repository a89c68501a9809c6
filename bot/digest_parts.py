"""What a digest may tell of: one function a part, one line in `PARTS`. Another part is added by doing the same."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from bot.figures import FigureWords
from crm_core.analytics.charts import ChartSpec
from crm_core.reports.digest import DRIVERS, Digest, DigestLine
from crm_core.reports.metrics import US, measure
from crm_core.reports.periods import Period
from crm_core.reports.topics import COUNTED, TopicFigures, found_until, topic_name, topics_of

RECORDS_SHOWN = ("messages", "mood", "complaints", "handovers", "csat")
"""Figures of which one wants to read the messages behind them first; of the others what they are made of."""
SHOWN_TOPICS = 4
MARKED_TOPICS = 2
"""New or rising topics of each source that stand out, at most."""
SHOWN_RIVALS = 3


@dataclass(frozen=True, slots=True)
class Scope:
    """What a part is made from. `names`: customers may be called by name where this is read."""

    session: Session
    digest: Digest
    words: FigureWords
    names: bool = True

    def say(self, key: str, **values: object) -> str:
        """A phrase of the digest."""
        return self.words.say(f"digest.{key}", **values)


@dataclass(frozen=True, slots=True)
class Action:
    """What one does next: a button, and where there are none the sentence that asks for the same."""

    label: str
    value: str
    ask: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that stands out: figure, change and likely driver in a sentence."""

    text: str
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What a part tells: what stands out, all its figures for the table, further text, charts."""

    notable: tuple[Line, ...] = ()
    figures: tuple[DigestLine, ...] = ()
    told: tuple[str, ...] = ()
    charts: tuple[ChartSpec, ...] = ()


class Part(NamedTuple):
    """`words`: how people call it when they say what their digest is to hold, in both languages."""

    make: Callable[[Scope], Section]
    words: re.Pattern[str]


# --- figures --------------------------------------------------------------------------------------------------------
def _of_figures(scope: Scope, *metrics: str) -> Section:
    figures = tuple(scope.digest.line(metric) for metric in metrics)
    return Section(tuple(_line(scope, figure) for figure in figures if figure.notable), figures)


def _line(scope: Scope, line: DigestLine) -> Line:
    figure, words = line.figure, scope.words
    told = scope.say(
        "moved",
        metric=words.metric(figure.metric),
        value=words.value(figure.unit, figure.value),
        change=words.change(line),
    )
    if line.driver is not None:
        part = words.part(line.driver.dimension, line.driver.key)
        told += scope.say("driver", part=part, share=round(line.driver.share * 100))
    return Line(told, _action(scope, figure.metric))


def _action(scope: Scope, metric: str) -> Action:
    words, period = scope.words, scope.digest.period
    name = words.metric(metric)
    value = f"digest_more:{metric}:{period.first.isoformat()}:{period.days}"
    when = words.period(period)
    if metric in RECORDS_SHOWN:
        return Action(scope.say("show", metric=name), value, scope.say("ask_messages", metric=name, period=when))
    by = words.say(f"dimensions.{DRIVERS.get(metric, 'day')}")
    return Action(scope.say("by", metric=name, by=by), value, scope.say("ask_by", metric=name, by=by, period=when))


def sales(scope: Scope) -> Section:
    """What was sold, and who is new."""
    section = _of_figures(scope, "revenue", "orders", "new_customers")
    return Section(section.notable, section.figures, charts=_revenue_chart(scope))


def mood(scope: Scope) -> Section:
    """How customers felt, and who of the best ones did not."""
    section = _of_figures(scope, "mood", "complaints")
    return Section(section.notable, section.figures, tuple(_unhappy(scope)))


def service(scope: Scope) -> Section:
    """How much was written, and how it was answered."""
    section = _of_figures(
        scope, "messages", "conversations", "handovers", "first_response", "answer_time", "csat"
    )  # fmt: skip
    return Section(section.notable, section.figures, charts=(_volume_chart(scope),))


def wishes(scope: Scope) -> Section:
    """What customers wanted most."""
    digest, words = scope.digest, scope.words
    if not digest.intents:
        return Section()
    parts = [
        f"{words.part('intent', line.intent)} {line.count} ({difference(line.count, line.before)})"
        for line in digest.intents
    ]
    return Section(told=(scope.say("wanted", intents=" · ".join(parts)),), charts=(_intents_chart(scope),))


def topics(scope: Scope) -> Section:
    """What people talk about, in public and with us; what is new or rises stands out."""
    notable: list[Line] = []
    told: list[str] = []
    period = scope.digest.mood_period
    for source in COUNTED:
        until = found_until(scope.session, source)
        if until is None or period.start >= until:
            continue
        found, _ = topics_of(scope.session, source, period, period.before(), {}, {})
        named = [_topic(scope, each) for each in found[:SHOWN_TOPICS]]
        when = scope.words.period(period)
        told += [scope.say(f"topics_{source}", period=when, topics=" · ".join(named))] if named else []
        marked = [each for each in found if each.is_new or each.rising]
        notable += [_marked(scope, each, source) for each in marked[:MARKED_TOPICS]]
    return Section(tuple(notable), told=tuple(told))


def _topic(scope: Scope, topic: TopicFigures) -> str:
    mood = "" if topic.mood_milli is None else scope.say("with_mood", mood=scope.words.value("mood", topic.mood_milli))
    name = topic_name(scope.session, topic.name, scope.words.language)
    return f"{name} {topic.texts} ({difference(topic.texts, topic.before)}{mood})"


def _marked(scope: Scope, topic: TopicFigures, source: str) -> Line:
    name = topic_name(scope.session, topic.name, scope.words.language)
    kind = "new" if topic.is_new else "rising"
    text = scope.say(f"topic_{kind}", topic=_topic(scope, topic), where=scope.say(f"where_{source}"))
    action = Action(
        scope.say("show_topic", name=name)[:60], f"top_topics:texts:{topic.topic_id}", scope.say(f"ask_topics_{source}")
    )
    return Line(text, action)


def rivals(scope: Scope) -> Section:
    """What is said in public about competitors: how much, in which mood, mostly about what."""
    session, words, period = scope.session, scope.words, scope.digest.mood_period
    named = [row.key for row in measure(session, "voice", period, "brand").rows if row.key not in (None, US)]
    told: list[str] = []
    notable: list[Line] = []
    for brand in [str(key) for key in named[:SHOWN_RIVALS]]:
        only = {"brand": [brand]}
        now, before = (measure(session, "voice", each, only=only) for each in (period, period.before()))
        line = DigestLine(now, before)
        mood = measure(session, "voice_mood", period, only=only).value
        top = next((row for row in measure(session, "voice", period, "topic", only=only).rows if row.key), None)
        about = scope.say("mostly_about", topic=words.part("topic", top.key), count=top.count) if top else ""
        said = scope.say(
            "rival", brand=brand, count=words.value("count", line.figure.value), change=words.change(line),
            mood=words.value("mood", mood), about=about,
        )  # fmt: skip
        told.append(said)
        if line.notable:
            action = Action(scope.say("compare"), "competitor_compare", scope.say("ask_compare", brand=brand))
            notable.append(Line(said, action))
    head = scope.say("rivals", period=words.period(period), rivals=scope.say("semicolon").join(told))
    return Section(tuple(notable), told=(head,) if told else ())


def _unhappy(scope: Scope) -> list[str]:
    digest, words = scope.digest, scope.words
    period = words.period(digest.mood_period)
    if not digest.unhappy:
        return [scope.say("nobody_unhappy", period=period)]
    told = [
        scope.say(
            "unhappy_one" if scope.names else "unhappy_number",
            number=one.number,
            spend=words.value(one.currency, one.spend_minor),
            mood=words.value("mood", one.mood_milli),
            messages=one.messages,
            **({"name": one.name} if scope.names else {}),
        )
        for one in digest.unhappy
    ]
    return [scope.say("unhappy", period=period), *(f"• {line}" for line in told)]


# --- charts ---------------------------------------------------------------------------------------------------------
def _volume_chart(scope: Scope) -> ChartSpec:
    digest, words = scope.digest, scope.words
    line = digest.line("messages")
    return ChartSpec(
        kind="days",
        title=scope.say("volume_title", days=len(digest.days)),
        subtitle=_subtitle(scope, line),
        labels=[words.short_day(point.day) for point in digest.days],
        values=[point.messages for point in digest.days],
        line=[None if point.mood_milli is None else point.mood_milli / 1000 for point in digest.days],
        line_title=scope.say("mood_title"),
        ends=(scope.say("low"), scope.say("high")),
        marked=len(digest.days) - 1 if digest.period.days == 1 else None,
    )


def _revenue_chart(scope: Scope) -> tuple[ChartSpec, ...]:
    digest, words = scope.digest, scope.words
    shown = Period(digest.days[0].day, digest.period.last, digest.period.zone, digest.period.until)
    rows = measure(scope.session, "revenue", shown, "day").rows
    if not any(row.value for row in rows):
        return ()
    return (
        ChartSpec(
            kind="days",
            title=scope.say("revenue_title", days=len(rows)),
            subtitle=_subtitle(scope, digest.line("revenue")),
            labels=[words.short_day(date.fromisoformat(row.key or "")) for row in rows],
            values=[(row.value or 0) / 100 for row in rows],
            marked=len(rows) - 1 if digest.period.days == 1 else None,
        ),
    )


def _subtitle(scope: Scope, line: DigestLine) -> str:
    words = scope.words
    value = words.value(line.figure.unit, line.figure.value)
    return scope.say(
        "volume_subtitle", period=words.period(scope.digest.period), value=value, change=words.change(line)
    )


def _intents_chart(scope: Scope) -> ChartSpec:
    digest, words = scope.digest, scope.words
    return ChartSpec(
        kind="bars",
        title=scope.say("intents_title"),
        subtitle=scope.say(
            "intents_subtitle", period=words.period(digest.period), before=words.compared(digest.compared)
        ),
        labels=[words.part("intent", line.intent) for line in digest.intents],
        values=[line.count for line in digest.intents],
        notes=[difference(line.count, line.before) for line in digest.intents],
        marked=0,
    )


def difference(now: int, before: int) -> str:
    """With its sign, and the minus that is as wide as the plus."""
    return "±0" if now == before else f"{now - before:+,d}".replace("-", "−")


PARTS: dict[str, Part] = {
    "sales": Part(
        sales,
        re.compile(
            r"(?<![a-z])(?:sales|revenue|turnover|orders?|new customers)(?![a-z])|销售|营收|收入|营业额|业绩|订单|新客"
        ),
    ),
    "mood": Part(
        mood,
        re.compile(r"(?<![a-z])(?:mood|sentiment|complaints?|unhappy|happiness)(?![a-z])|情绪|心情|投诉|不满"),
    ),
    "service": Part(
        service,
        re.compile(
            r"(?<![a-z])(?:service|messages?|conversations?|response times?|csat|satisfaction|ratings?|hand-?overs?)"
            r"(?![a-z])|服务|消息|会话|响应|满意度|评分|转人工"
        ),
    ),
    "wishes": Part(
        wishes,
        re.compile(r"(?<![a-z])(?:wishes|wants|what customers want\w*|requests?|questions)(?![a-z])|诉求|客户想要"),
    ),
    "topics": Part(
        topics,
        re.compile(
            r"(?<![a-z])(?:topics?|themes?|what people talk about|social media|posts)(?![a-z])|话题|主题|舆情|社媒"
        ),
    ),
    "rivals": Part(
        rivals,
        re.compile(r"(?<![a-z])(?:competitors?|competition|rivals?)(?![a-z])|竞品|竞争对手|对手|同行"),
    ),
}
"""Name -> what makes it, in the order in which a digest tells them."""
