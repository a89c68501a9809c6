"""Figures on demand: one for a period, split by something, narrowed to something, against the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, asked_periods, default_period, offers, words_of
from bot.messages import Choice, Reply, Table
from bot.turns import Handler
from crm_core.reports.digest import LINES, DigestLine, compare
from crm_core.reports.metrics import METRICS, UNITS, Figure, FigureRow, NotMeasured, dimensions, measure
from crm_core.reports.periods import Period, add_months

SHOWN_PARTS = 12
SHOWN_TIMES = 31
SPLITS = 4
NARROWING = {"location": "city", "channel": "channel", "language": "language", "category": "category"}
"""Entity -> the dimension that it narrows."""
OVERVIEW = "overview"


@dataclass(frozen=True, slots=True)
class Query:
    """One question about figures, complete: it can be kept in the memory and narrowed down later."""

    metric: str
    period: Period
    compared: Period
    group_by: str | None
    only: Mapping[str, Sequence[str]]

    def kept(self) -> dict[str, Any]:
        """As JSON for the memory."""
        return {
            "metric": self.metric, "group_by": self.group_by, "only": dict(self.only),
            "period": _kept(self.period), "compared": _kept(self.compared),
        }  # fmt: skip

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Query":
        """Read it back."""
        return cls(
            kept["metric"], _period(kept["period"]), _period(kept["compared"]), kept["group_by"], kept["only"]
        )  # fmt: skip


def metric_query(turn: ManagerTurn) -> Reply:
    """The figure that was asked for, or all of them when none was recognised."""
    return _answer(turn, _query(turn, _argument(turn) or turn.understanding.first("metric") or OVERVIEW))


def always(metric: str, group_by: str | None = None) -> Handler:
    """The handler of an intent that is about one figure."""

    def handle(turn: ManagerTurn) -> Reply:
        query = _query(turn, metric)
        if group_by and not query.group_by:
            unit = "week" if query.period.days > SHOWN_TIMES else group_by
            query = Query(metric, query.period, query.compared, unit, query.only)
        return _answer(turn, query)

    return handle


def refine_query(turn: ManagerTurn) -> Reply:
    """The last figure again, narrowed or split as said now."""
    kept = turn.memory.shown("figures")
    if not isinstance(kept, dict):
        words = words_of(turn)
        return Reply(text=words.say("figures.no_last"), choices=offers(words))
    last, said = Query.of(kept), turn.understanding
    fresh = _query(turn, said.first("metric") or last.metric)
    names_period = bool(said.all("date_range"))
    query = Query(
        fresh.metric,
        fresh.period if names_period else last.period,
        fresh.compared if names_period else last.compared,
        _split_button(turn, fresh.metric) or fresh.group_by or last.group_by,
        {**last.only, **fresh.only},
    )
    return _answer(turn, query)


def _split_button(turn: ManagerTurn, metric: str) -> str | None:
    if turn.message.kind != "button" or metric not in METRICS:
        return None
    return turn.argument if turn.argument in dimensions(metric) else None


# --- what is asked --------------------------------------------------------------------------------------------------
def _query(turn: ManagerTurn, metric: str) -> Query:
    said, zone = turn.understanding, turn.services.settings.business.zone
    asked = asked_periods(said, turn.now, zone)
    period = asked.period or _usual_period(turn, zone)
    only = {
        dimension: values
        for entity, dimension in NARROWING.items()
        if (values := [str(value) for value in said.all(entity)])
    }
    return Query(metric, period, asked.compared or period.before(), said.first("group_by"), only)


def _usual_period(turn: ManagerTurn, zone: str) -> Period:
    usual = default_period(turn.now, zone)
    if _argument(turn) != "revenue":
        return usual
    first = (usual.last - timedelta(days=1)).replace(day=1)  # its button says "this month"
    return Period(first, add_months(first, 1), zone, turn.now)


def _argument(turn: ManagerTurn) -> str:
    name = turn.argument.strip() if turn.message.kind == "button" else ""
    return name if name in METRICS or name == OVERVIEW else ""


# --- answers --------------------------------------------------------------------------------------------------------
def _answer(turn: ManagerTurn, query: Query) -> Reply:
    turn.store.permit("metric.read", "figures", (query.metric,))
    words = words_of(turn)
    if query.period.start >= turn.now:
        return Reply(text=words.say("figures.ahead", period=words.period(query.period)))
    if query.metric != OVERVIEW and query.metric not in METRICS:
        query = Query(OVERVIEW, query.period, query.compared, None, query.only)
    try:
        reply = _overview(turn, query, words) if query.metric == OVERVIEW else _figure(turn, query, words)
    except NotMeasured as error:
        return _not_by(error, words)
    turn.memory.show("figures", query.kept())
    return reply


def _overview(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    shown = [metric for metric in LINES if set(query.only) <= set(dimensions(metric))]
    lines = [_compared(turn, metric, query) for metric in shown]
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
    text = "\n".join([title, *_narrowed(query, words)])
    if not _argument(turn):
        text += "\n" + words.say("figures.known", metrics=", ".join(words.metric(name) for name in METRICS))
    note = words.say("digest.note", zone=query.period.zone)
    return Reply(text=text, table=Table(columns=columns, rows=rows, note=note), choices=offers(words)[:1])


def _compared(turn: ManagerTurn, metric: str, query: Query) -> DigestLine:
    session = turn.store.session
    if not query.only:
        return compare(session, metric, query.period, query.compared)
    return DigestLine(
        measure(session, metric, query.period, only=query.only),
        measure(session, metric, query.compared, only=query.only),
    )


def _figure(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    session = turn.store.session
    group_by = query.group_by or ("intent" if query.metric == "top_intents" else None)
    line = DigestLine(
        measure(session, query.metric, query.period, group_by, only=query.only),
        measure(session, query.metric, query.compared, None if group_by in UNITS else group_by, only=query.only),
    )
    text = "\n".join(
        [*_headline(line, query, group_by, words), *_narrowed(query, words), *_elsewhere(line.figure, words)]
    )
    explained = words.say(f"explained.{query.metric}")
    if group_by is None:
        return Reply(text=f"{text}\n{explained}", choices=_splits(query, words))
    table = _by_time(line, group_by, words) if group_by in UNITS else _by_part(line, group_by, words)
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


def _narrowed(query: Query, words: FigureWords) -> list[str]:
    if not query.only:
        return []
    values = ", ".join(words.part(dimension, value) for dimension, each in query.only.items() for value in each)
    return [words.say("figures.only", values=values)]


def _elsewhere(figure: Figure, words: FigureWords) -> list[str]:
    if not figure.elsewhere:
        return []
    return [
        words.say("figures.also", amounts=", ".join(words.value(unit, amount) for unit, amount in figure.elsewhere))
    ]


def _by_time(line: DigestLine, unit: str, words: FigureWords) -> Table:
    rows = line.figure.rows[-SHOWN_TIMES:]
    cut = words.say("figures.cut", count=SHOWN_TIMES) if len(line.figure.rows) > SHOWN_TIMES else ""
    columns = (words.say(f"dimensions.{unit}").capitalize(), words.metric(line.figure.metric))
    told = tuple((words.part(unit, row.key), words.value(line.figure.unit, row.value)) for row in rows)
    return Table(columns=columns, rows=told, note=cut)


def _by_part(line: DigestLine, dimension: str, words: FigureWords) -> Table:
    then = {row.key: row for row in line.before.rows}
    shown = line.figure.rows[:SHOWN_PARTS]
    more = len(line.figure.rows) - len(shown)
    columns = (
        words.say(f"dimensions.{dimension}").capitalize(),
        words.metric(line.figure.metric),
        words.say("digest.columns.before"),
        words.say("digest.columns.change"),
    )
    told = tuple(_part_row(line.figure, row, then.get(row.key), dimension, words) for row in shown)
    return Table(columns=columns, rows=told, note=words.say("figures.more", count=more) if more else "")


def _part_row(
    figure: Figure, row: FigureRow, then: FigureRow | None, dimension: str, words: FigureWords
) -> tuple[str, ...]:
    adds_up = figure.unit not in ("mood", "rating", "seconds")
    before = then.value if then else (0 if adds_up else None)
    line = DigestLine(
        Figure(figure.metric, figure.unit, row.value, row.count),
        Figure(figure.metric, figure.unit, before, then.count if then else 0),
    )
    return (
        words.part(dimension, row.key),
        words.value(figure.unit, row.value),
        words.value(figure.unit, before),
        words.change(line),
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


def _not_by(error: NotMeasured, words: FigureWords) -> Reply:
    if error.wanted == "agent":
        return Reply(text=words.say("figures.by_agent"))
    possible = ", ".join(words.say(f"dimensions.{name}") for name in error.possible)
    dimension = words.say(f"dimensions.{error.wanted}")
    return Reply(
        text=words.say("figures.not_by", metric=words.metric(error.metric), dimension=dimension, possible=possible)
    )


def _kept(period: Period) -> dict[str, str | None]:
    until = period.until.isoformat() if period.until else None
    return {"first": period.first.isoformat(), "last": period.last.isoformat(), "zone": period.zone, "until": until}


def _period(kept: Mapping[str, Any]) -> Period:
    until = datetime.fromisoformat(kept["until"]) if kept["until"] else None
    return Period(date.fromisoformat(kept["first"]), date.fromisoformat(kept["last"]), kept["zone"], until)
