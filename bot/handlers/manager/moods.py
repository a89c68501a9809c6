"""How people feel over time, in chats or in public: weeks rolling over days, and whether it surely changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from bot.figures import FigureWords
from bot.handlers.manager.asking import named_period
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.explaining import PUBLIC
from bot.handlers.manager.metrics import by_part, by_time
from bot.handlers.manager.queries import Query, narrowed_lines, read
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet, number
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.public.trends import Moods, gap
from crm_core.analytics.public.voice import rolling
from crm_core.reports.aggregates import aggregate
from crm_core.reports.digest import DigestLine
from crm_core.reports.metrics import METRICS, UNITS, FigureRow, begin, measure, narrowings
from crm_core.reports.periods import Period

USUAL = "28d"
ROLLING = 7
MOST_DAYS = 92
"""A longer period is drawn by weeks."""
COUNTS = {"mood": "messages", "post_mood": "mentions", "voice_mood": "voice"}


def sentiment_trend(asking: Asking) -> Answer:
    """The mood of messages, or of posts, over a period, against the one before; split if that was asked for."""
    words, query = asking.words, _query(asking)
    now, before = (_moods(asking, query, period) for period in (query.period, query.compared))
    title = words.say(
        "moods.title", metric=words.metric(query.metric), period=words.period(query.period), count=f"{now.count:,}",
        value=words.value("mood", now.mean),
    )  # fmt: skip
    lines = [title, *narrowed_lines(query, words)]
    if not now.count:
        begun = begin(asking.session)
        return Answer(Reply(text="\n".join([*lines, words.say("moods.nothing")])), query=query if begun else None)
    lines.append(_verdict(now, before, query, words))
    rows = _rows(asking, query)
    low = min((row for row in rows if row.count >= 2), key=lambda row: row.value or 0, default=None)
    if low and len(rows) > 2:
        lines.append(
            words.say("moods.lowest", day=words.part(_unit(query), low.key), value=words.value("mood", low.value))
        )
    reply = Reply(text="\n".join(lines), table=_table(asking, query), choices=_choices(query, words))
    charts = ((words.say("moods.file"), _chart(asking, query, rows)),)
    return Answer(reply, charts, query, (query.metric,), sheet=_sheet(asking, query, lines))


def _query(asking: Asking) -> Query:
    said = read(asking.spoken, asking.session)
    public = bool(PUBLIC.search(asking.text))
    last = asking.memory.shown("figures")
    kept = str(last["metric"]) if asking.again and isinstance(last, dict) else "mood"
    of_posts = kept if kept in COUNTS and kept != "mood" else "post_mood"
    metric = of_posts if public or (kept != "mood" and said.metric != "mood") else "mood"
    if said.period is None and not asking.again:
        said = replace(said, period=named_period(USUAL, asking.now, asking.zone))
    if asking.spoken.understanding.first("competitor"):  # what is felt about others stands in posts alone
        metric = "voice_mood"
    query = asking.query(metric, replace(said, metric=metric))
    return replace(query, metric=metric)


def _moods(asking: Asking, query: Query, period: Period) -> Moods:
    """Count, sum and squares of the moods of a period."""
    asked, narrowed = METRICS[query.metric], narrowings(query.metric, query.only, query.without)
    sums = [
        next(iter(aggregate(asking.session, asked.source, "mean", what, asked.where, period, only=narrowed)), None)
        for what in (asked.what, asked.what * asked.what)
    ]
    if sums[0] is None or sums[1] is None:
        return Moods()
    return Moods(sums[0].count, sums[0].total, sums[1].total)


def _verdict(now: Moods, before: Moods, query: Query, words: FigureWords) -> str:
    apart = gap(now, before)
    compared = words.compared(query.compared)
    if apart is None:
        return words.say("moods.no_before", before=compared)
    kind = ("better" if apart.low > 0 else "worse") if apart.clear else "no_change"
    return words.say(
        f"moods.{kind}", before=compared, value=words.value("mood", before.mean),
        change=words.signed(apart.value / 1000, 2), low=words.signed(apart.low / 1000, 2),
        high=words.signed(apart.high / 1000, 2),
    )  # fmt: skip


def _unit(query: Query) -> str:
    if query.group_by in UNITS:
        return str(query.group_by)
    return "week" if query.period.days > MOST_DAYS else "day"


def _rows(asking: Asking, query: Query) -> list[FigureRow]:
    unit = _unit(query)
    found = measure(asking.session, query.metric, query.period, unit, only=query.only, without=query.without)
    return list(found.rows)


def _table(asking: Asking, query: Query) -> Table:
    """By weeks, or by what was asked for."""
    group_by = query.group_by or ("week" if query.period.days > ROLLING else "day")
    given: dict[str, Any] = {"only": query.only, "without": query.without}
    now = measure(asking.session, query.metric, query.period, group_by, **given)
    if group_by in UNITS:
        return by_time(DigestLine(now, now), group_by, asking.words, query.period)
    before = measure(asking.session, query.metric, query.compared, group_by, **given)
    return by_part(DigestLine(now, before), query, asking.words)


def _sheet(asking: Asking, query: Query, about: Sequence[str]) -> Sheet:
    """Each day, week or month, or each part that was asked for."""
    words, by = asking.words, query.group_by or _unit(query)
    found = measure(asking.session, query.metric, query.period, by, only=query.only, without=query.without)
    rows = [
        (str(row.key) if by in UNITS else words.part(by, row.key), number("mood", row.value), row.count)
        for row in found.rows
    ]
    columns = (words.say(f"dimensions.{by}").capitalize(), words.metric(query.metric), words.say("moods.count"))
    return Sheet(words.say("moods.file"), columns, rows, about)


def _chart(asking: Asking, query: Query, rows: list[FigureRow]) -> ChartSpec:
    """How much was said, and the mood below; of days, the mood of the week that ends with each."""
    words, unit = asking.words, _unit(query)
    counted = {
        row.key: row.count
        for row in measure(
            asking.session, COUNTS[query.metric], query.period, unit, only=query.only, without=query.without
        ).rows
    }
    width = ROLLING if unit == "day" else 1
    first = query.period.first - timedelta(days=width - 1)
    wide = _rows(asking, replace(query, period=replace(query.period, first=first))) if unit == "day" else rows
    totals = rolling([round((row.value or 0) * row.count) for row in wide], width)[-len(rows) :]
    counts = rolling([row.count for row in wide], width)[-len(rows) :]
    return ChartSpec(
        kind="days", title=words.metric(query.metric), subtitle=words.say(f"moods.chart_{unit}"),
        labels=[words.short_day(date.fromisoformat(row.key or "")) for row in rows],
        values=[counted.get(row.key, 0) for row in rows],
        line=[total / count / 1000 if count else None for total, count in zip(totals, counts, strict=True)],
        line_title=words.say("moods.line" if unit == "day" else "digest.mood_title"),
        ends=(words.say("digest.low"), words.say("digest.high")),
    )  # fmt: skip


def _choices(query: Query, words: FigureWords) -> tuple[Choice, ...]:
    by = ("channel", "intent") if query.metric == "mood" else ("network", "topic")
    split = [
        Choice(
            label=words.say("figures.split", dimension=words.say(f"dimensions.{each}")), value=f"refine_query:{each}"
        )
        for each in by
    ]
    why = Choice(label=words.say("changes.why"), value=f"explain_change:{query.metric}")
    return (*split, why, Choice(label=words.say("changes.show"), value="show_evidence"))
