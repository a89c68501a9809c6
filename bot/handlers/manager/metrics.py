"""Figures on demand: one for a period, split by something, narrowed to something, against the period before."""

import re
from dataclasses import replace
from datetime import date

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, offers, unread_period, words_of
from bot.handlers.manager.figure_forms import answer_form
from bot.handlers.manager.queries import (
    FORMS,
    OVERVIEW,
    TEAM,
    Query,
    Said,
    left_out_lines,
    narrowed_lines,
    read,
    unknown_figure,
    whole,
)
from bot.messages import Choice, Reply, Table
from bot.turns import Handler
from crm_core.reports.digest import LINES, DigestLine, compare
from crm_core.reports.metrics import (
    METRICS,
    UNITS,
    Figure,
    FigureRow,
    NotMeasured,
    begin,
    dimensions,
    measure,
)
from crm_core.reports.periods import Period
from nlu.entities.impossible_days import impossible_day

CHART = re.compile(r"(?<![a-z])(?:charts?|graphs?|plot(?:ted)?)(?![a-z])|图表|曲线图|柱状图|折线图|画[个张成]?图")
SHOWN_PARTS = 12
SHOWN_TIMES = 31
SPLITS = 4
NO_SUM = ("mood", "rating", "seconds")
"""Units of which a part without observations has no value, rather than 0."""


def metric_query(turn: ManagerTurn) -> Reply:
    """The figure that was asked for, or all of them when none was recognised."""
    said = read(turn, turn.store.session)
    return answered(turn, whole(turn, said.metric or OVERVIEW, said), said)


def always(metric: str, group_by: str | None = None) -> Handler:
    """The handler of an intent that is about one figure."""

    def handle(turn: ManagerTurn) -> Reply:
        said = read(turn, turn.store.session)
        query = whole(turn, metric, said)
        if group_by and not query.group_by:
            query = replace(query, group_by="week" if query.period.days > SHOWN_TIMES else group_by)
        return answered(turn, query, said)

    return handle


def refined_figures(turn: ManagerTurn) -> Reply:
    """The last figure again, narrowed, split, sorted or of another period, as said now."""
    last, said = Query.of(turn.memory.shown("figures") or {}), read(turn, turn.store.session)
    if said.metric is None and turn.message.kind != "button" and unknown_figure(turn.understanding):
        return metric_query(turn)  # another figure, which nobody keeps, is not the last one again
    if not said.anything:
        return _not_understood(turn, last, said)
    return answered(turn, said.applied(last), said)


def _not_understood(turn: ManagerTurn, last: Query, said: Said) -> Reply:
    words = words_of(turn)
    _, narrowed = FORMS.get(last.metric, ((), ()))
    by = narrowed or dimensions(last.metric if last.metric in METRICS else "messages")
    possible = wording.listed((words.say(f"dimensions.{dimension}") for dimension in by), words.language)
    text = words.say("figures.not_refined", metric=shown_metric(last.metric, words), possible=possible)
    return Reply(text="\n".join([text, *left_out_lines(turn, said, last, words)]))


def shown_metric(metric: str, words: FigureWords) -> str:
    """A figure's name; also of the overviews."""
    return words.metric(metric) if metric in METRICS or metric in FORMS else words.say(f"figures.names.{metric}")


# --- answers --------------------------------------------------------------------------------------------------------
def answered(turn: ManagerTurn, query: Query, said: Said | None = None) -> Reply:
    """Answer a question about figures and remember it; `said`: what it was read from, to name what narrows nothing."""
    turn.store.permit("metric.read", "figures", (query.metric, *query.only, *query.without))
    words = words_of(turn)
    refusal = _no_figures(turn, query, words)
    if refusal is not None:
        return refusal
    if query.period.start >= turn.now:
        return Reply(text=words.say("figures.ahead", period=words.period(query.period)))
    try:
        reply = _ANSWERS.get(query.metric, _figure)(turn, query, words)
    except NotMeasured as error:
        return Reply(text=not_by_text(error, words))
    turn.memory.show("figures", query.kept())
    turn.memory.show("answer", "figures")
    lines = [
        *(left_out_lines(turn, said, query, words) if said else []),
        *([] if reply.files else _no_chart(turn, words)),
    ]
    return reply.model_copy(update={"text": "\n".join([reply.text, *lines])}) if lines else reply


def _no_figures(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply | None:
    """Said of a period that lies before all data or cannot be read, instead of figures of another one."""
    zone, begun = query.period.zone, begin(turn.store.session)
    if turn.message.kind == "button" or begun is None:
        return None
    impossible = impossible_day(turn.understanding.text)
    if impossible:
        return Reply(text=turn.say("common.no_such_day", day=impossible))
    since = wording.day(begun, turn.language, zone)
    unread = unread_period(turn.understanding, turn.now, zone)
    if unread:
        return Reply(text=words.say("figures.unread", period=unread, since=since))
    if query.period.end <= begun:
        return Reply(text=words.say("figures.before_all", period=words.period(query.period), since=since))
    return None


def _no_chart(turn: ManagerTurn, words: FigureWords) -> list[str]:
    written = turn.message.kind != "button" and CHART.search(turn.understanding.text.lower())
    return [words.say("figures.no_chart")] if written else []


def _overview(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    narrowed = {*query.only, *query.without}
    shown = [metric for metric in LINES if narrowed <= set(dimensions(metric))]
    lines = [compared(turn, metric, query) for metric in shown]
    rows = tuple(
        (
            words.metric(line.figure.metric),
            words.value(line.figure.unit, line.figure.value),
            words.value(line.before.unit or line.figure.unit, line.before.value),
            words.change(line),
        )
        for line in lines
    )
    columns = tuple(words.say(f"digest.columns.{name}") for name in ("figure", "now", "before", "change"))
    title = words.say("figures.overview", period=words.period(query.period), before=words.compared(query.compared))
    unknown = unknown_figure(turn.understanding)
    missing = [words.say("figures.not_kept", figure=unknown)] if unknown else []
    text = "\n".join([*missing, title, *narrowed_lines(query, words)])
    if turn.message.kind != "button":
        text += "\n" + words.say(
            "figures.known", metrics=wording.listed((words.metric(name) for name in (*METRICS, *FORMS)), words.language)
        )
    note = words.say("digest.note", zone=query.period.zone)
    return Reply(text=text, table=Table(columns=columns, rows=rows, note=note), choices=offers(words)[:1])


def compared(turn: ManagerTurn, metric: str, query: Query, group_by: str | None = None) -> DigestLine:
    """A figure of the question with the one it is held against; parts of times have none to be held against."""
    session = turn.store.session
    if not query.only and not query.without and group_by is None:
        return compare(session, metric, query.period, query.compared)
    before = None if group_by in UNITS else group_by
    return DigestLine(
        measure(session, metric, query.period, group_by, only=query.only, without=query.without),
        measure(session, metric, query.compared, before, only=query.only, without=query.without),
    )


def _figure(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    group_by = query.group_by or ("intent" if query.metric == "top_intents" else None)
    line = compared(turn, query.metric, query, group_by)
    said = [*_headline(line, query, group_by, words), *narrowed_lines(query, words), *_elsewhere(line.figure, words)]
    text = "\n".join(said)
    explained = words.say(f"explained.{query.metric}")
    if group_by is None:
        return Reply(text=f"{text}\n{explained}", choices=_splits(query, words))
    table = by_time(line, group_by, words, query.period) if group_by in UNITS else by_part(line, query, words)
    return Reply(text=text, table=table.model_copy(update={"note": f"{table.note} {explained}".strip()}))


def _headline(line: DigestLine, query: Query, group_by: str | None, words: FigureWords) -> list[str]:
    figure, metric, period = line.figure, words.metric(line.figure.metric), words.period(query.period)
    before = words.say(
        "figures.against",
        before=words.compared(query.compared),
        value=words.value(line.before.unit or figure.unit, line.before.value),
        change=words.change(line),
    )
    if figure.metric == "top_intents":
        return [words.say("figures.top", period=period)]
    if group_by:
        named = words.say(f"dimensions.{group_by}")
        key = "figures.by" if figure.value is not None else "figures.by_unknown"
        value = words.value(figure.unit, figure.value)
        values = {"value": value} if figure.value is not None else {}
        return [words.say(key, metric=metric, dimension=named, period=period, **values), before]
    if figure.value is None:
        return [words.say("figures.nothing", metric=metric, period=period), before]
    return [
        words.say("figures.one", metric=metric, period=period, value=words.value(figure.unit, figure.value)),
        before,
    ]


def _elsewhere(figure: Figure, words: FigureWords) -> list[str]:
    if not figure.elsewhere:
        return []
    return [
        words.say(
            "figures.also",
            amounts=wording.listed((words.value(unit, amount) for unit, amount in figure.elsewhere), words.language),
        )
    ]


def by_time(line: DigestLine, unit: str, words: FigureWords, period: Period, most: int = SHOWN_TIMES) -> Table:
    """A figure by days, weeks or months, the latest last."""
    rows = line.figure.rows[-most:]
    cut = words.say("figures.cut", count=most) if len(line.figure.rows) > most else ""
    columns = (words.say(f"dimensions.{unit}").capitalize(), words.metric(line.figure.metric))
    names = [words.part(unit, row.key) for row in rows]
    if rows:
        names[-1] = words.last_bucket(unit, date.fromisoformat(rows[-1].key or ""), period)
    told = tuple((name, words.value(line.figure.unit, row.value)) for name, row in zip(names, rows, strict=True))
    return Table(columns=columns, rows=told, note=cut)


def by_part(line: DigestLine, query: Query, words: FigureWords) -> Table:
    """A figure by its parts, each with its change."""
    dimension = query.group_by or "intent"
    parts = part_lines(line, query)
    shown = parts[: query.limit or SHOWN_PARTS]
    more = len(parts) - len(shown)
    columns = (
        words.say(f"dimensions.{dimension}").capitalize(),
        words.metric("messages" if line.figure.metric == "top_intents" else line.figure.metric),
        words.say("digest.columns.before"),
        words.say("digest.columns.change"),
    )
    told = tuple(
        (
            words.part(dimension, key),
            words.value(part.figure.unit, part.figure.value),
            words.value(part.figure.unit, part.before.value),
            words.change(part),
        )
        for key, part in shown
    )
    return Table(columns=columns, rows=told, note=words.say("figures.more", count=more) if more else "")


def part_lines(line: DigestLine, query: Query) -> list[tuple[str | None, DigestLine]]:
    """Each part of a figure with its own before, in the order that was asked for."""
    then = {row.key: row for row in line.before.rows}
    parts = [(row.key, _part(line.figure, row, then.get(row.key))) for row in line.figure.rows]
    return parts[::-1] if query.ascending else parts


def _part(figure: Figure, row: FigureRow, then: FigureRow | None) -> DigestLine:
    before = then.value if then else (None if figure.unit in NO_SUM else 0)
    return DigestLine(
        Figure(figure.metric, figure.unit, row.value, row.count),
        Figure(figure.metric, figure.unit, before, then.count if then else 0),
    )


def _splits(query: Query, words: FigureWords) -> tuple[Choice, ...]:
    """Buttons that split the figure just shown."""
    by = [name for name in dimensions(query.metric) if name not in ("week", "month")][:SPLITS]
    return tuple(
        Choice(
            label=words.say("figures.split", dimension=words.say(f"dimensions.{name}")), value=f"refine_query:{name}"
        )
        for name in by
    )


def not_by_text(error: NotMeasured, words: FigureWords) -> str:
    """By what a figure can be told instead."""
    dimension = words.say(f"dimensions.{error.wanted}")
    if not error.possible:
        return words.say("figures.not_by_any", metric=words.metric(error.metric), dimension=dimension)
    possible = wording.listed((words.say(f"dimensions.{name}") for name in error.possible), words.language)
    text = words.say("figures.not_by", metric=words.metric(error.metric), dimension=dimension, possible=possible)
    of_posts = error.wanted == "city" and "network" in error.possible
    return f"{words.say('figures.no_place')}\n{text}" if of_posts else text


def _team(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    """The figures of every agent, side by side."""
    lines = {metric: compared(turn, metric, query, "agent") for metric in TEAM_FIGURES}
    parts = {metric: dict(part_lines(line, query)) for metric, line in lines.items()}
    ids = list(dict.fromkeys(key for each in parts.values() for key in each))
    title = words.say("team.title", period=words.period(query.period), before=words.compared(query.compared))
    text = "\n".join([title, *narrowed_lines(query, words)])
    if not ids:
        return Reply(text=f"{text}\n{words.say('team.nothing')}")
    columns = (words.say("dimensions.agent").capitalize(), *(words.metric(metric) for metric in TEAM_FIGURES))
    rows = tuple(
        (words.part("agent", key), *(_cell(parts[metric].get(key), words) for metric in TEAM_FIGURES)) for key in ids
    )
    return Reply(text=text, table=Table(columns=columns, rows=rows, note=words.say("team.note")))


def _cell(line: DigestLine | None, words: FigureWords) -> str:
    if line is None:
        return words.value("count", None)
    told = words.value(line.figure.unit, line.figure.value)
    change = words.change(line)
    return f"{told} ({change.split(' (')[0]})" if line.change is not None else told


TEAM_FIGURES = ("taken", "first_response", "cases_closed", "resolution_time", "csat")
_ANSWERS = {OVERVIEW: _overview, TEAM: _team, **dict.fromkeys(FORMS, answer_form)}
