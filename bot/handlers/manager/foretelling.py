"""What a figure will be: the next days, weeks or months with an interval, the model, and how it did when tried."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.explaining import OF_POSTS, PUBLIC
from bot.handlers.manager.horizons import Ahead, fitting, span_of
from bot.handlers.manager.queries import Query, narrowed_lines, read, unkept_lines
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet, number
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.child import ChildFailed
from crm_core.analytics.forecasts.forecast import Forecast, foretell
from crm_core.analytics.forecasts.kept import FORETOLD, USUAL_DAYS, WEEK, Figure, kept, least_for, series_of
from crm_core.reports.metrics import METRICS, FigureRow, measure
from crm_core.reports.periods import ONE_DAY, Period, Unit, add_months, last_days

DRAWN: dict[Unit, int] = {"day": 56, "week": 30, "month": 24}
"""Steps of the past in the chart."""
SHOWN = 12


def forecast(asking: Asking) -> Answer:
    """The forecast of a figure that is counted or added up; of orders when none was named."""
    words, query = asking.words, _query(asking)
    metric = words.metric(query.metric)
    if METRICS[query.metric].kind not in ("distinct", "sum") or query.metric == "top_intents":
        return Answer(Reply(text=words.say("forecast.not_this", metric=metric), choices=_offers(words)))
    span = span_of(asking)
    ahead, past = fitting(asking, Figure(query.metric, query.only, query.without), span)
    if ahead is None:
        text = words.say("forecast.too_short", metric=metric, count=len(past), needed=least_for("day", WEEK))
        return Answer(Reply(text=text, choices=_offers(words)))
    series = series_of(past, ahead.unit, ahead.steps, ahead.skipped)
    try:
        found = kept(asking.session, series) or foretell(series, asking.folder)
    except ChildFailed as problem:
        return Answer(Reply(text=words.say("forecast.failed", reason=words.failed(problem))))
    unit = measure(asking.session, query.metric, query.period, only=query.only, without=query.without).unit
    told = Told(words, query, ahead, found, past, unit, series.season)
    choices = (Choice(label=words.say("changes.why"), value=f"explain_change:{query.metric}"),)
    lines = [*unkept_lines(asking.spoken, query.metric, words), *told.lines(), *narrowed_lines(query, words)]
    reply = Reply(text="\n".join(lines), table=told.table(), choices=choices)
    chart = (words.say("forecast.file"), told.chart())
    return Answer(reply, (chart,), query, (query.metric,), sheet=told.sheet(), asked=span.kept())


def _offers(words: FigureWords) -> tuple[Choice, ...]:
    return tuple(Choice(label=words.metric(name), value=f"forecast:{name}") for name in FORETOLD)


def _query(asking: Asking) -> Query:
    """The figure and what it is narrowed to; its period is of the records that are shown as evidence."""
    said = read(asking.spoken, asking.session)
    last = asking.memory.shown("figures")
    metric = said.metric or (str(last["metric"]) if asking.again and isinstance(last, dict) else "orders")
    if PUBLIC.search(asking.text):
        metric = OF_POSTS.get(metric, "mentions")
    metric = metric if metric in METRICS else "orders"
    query = asking.query(metric, replace(said, metric=metric, period=None, compared=None, group_by=None))
    today = asking.today
    period = last_days(today - ONE_DAY, USUAL_DAYS, asking.zone)
    return replace(query, metric=metric, period=period, compared=period.before(), group_by=None)


# --- words and chart ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Told:
    """A forecast in words, as a table and as a chart."""

    words: FigureWords
    query: Query
    ahead: Ahead
    found: Forecast
    past: tuple[FigureRow, ...]
    unit: str
    season: int

    def lines(self) -> list[str]:
        """The sum with its interval, what it is held against, and how far to trust it."""
        words, found, say = self.words, self.found, self.words.say
        wanted = len(found.values) - self.ahead.skipped
        last = dates_from(self._first(self.ahead.skipped), self.ahead.unit, wanted)[-1]
        until = _following(last, self.ahead.unit)
        period = words.period(Period(self._first(self.ahead.skipped), until, self.query.period.zone))
        total = say(
            "forecast.total", metric=words.metric(self.query.metric), period=period, value=self._value(found.total),
            low=self._value(found.total_low), high=self._value(found.total_high),
        )  # fmt: skip
        before = sum(row.value or 0 for row in self.past[-wanted:])
        lines = [total, say(f"forecast.before.{self.ahead.unit}", count=wanted, value=self._value(before))]
        return [*lines, *self._limits(), self._trust()]

    def _limits(self) -> list[str]:
        """What was asked for and cannot be told, and why."""
        ahead, say, language, told = self.ahead, self.words.say, self.words.language, []
        if ahead.instead_of:
            given = {"needed": least_for(ahead.instead_of, 1), "unit": say(f"forecast.by.{ahead.unit}")}
            told.append(say(f"forecast.instead.{ahead.instead_of}", **given))
        if ahead.asked:
            since = wording.day(date.fromisoformat(self.past[0].key or ""), language, "UTC")
            given = {"since": since, "count": len(self.past), "steps": ahead.steps}
            told.append(say(f"forecast.further.{ahead.unit}", asked=wording.day(ahead.asked, language, "UTC"), **given))
        return told

    def _trust(self) -> str:
        found, say = self.found, self.words.say
        season = say(f"forecast.seasons.{'year' if self.season > WEEK else self.ahead.unit}")
        if found.model == "naive":
            return say("forecast.naive", season=season, origins=found.origins)
        model = f"{say(f'forecast.models.{found.model}')} {found.detail or ''}".strip()
        return say("forecast.model", model=model, origins=found.origins, better=found.better_by, season=season)

    def table(self) -> Table:
        """The steps one by one, those that are asked for."""
        found, skipped = self.found, self.ahead.skipped
        dates = dates_from(self._first(0), self.ahead.unit, len(found.values))
        steps = list(zip(dates, found.values, found.low, found.high, strict=True))[skipped:]
        rows = tuple(
            (self.words.bucket(self.ahead.unit, day), self._value(value), f"{self._value(low)} – {self._value(high)}")
            for day, value, low, high in steps[:SHOWN]
        )
        columns = (
            self.words.say(f"dimensions.{self.ahead.unit}").capitalize(), self.words.metric(self.query.metric),
            self.words.say("forecast.interval"),
        )  # fmt: skip
        note = self.words.say("forecast.cut", count=SHOWN, all=len(steps)) if len(steps) > SHOWN else ""
        return Table(columns=columns, rows=rows, note=note)

    def sheet(self) -> Sheet:
        """What was, as far as the chart shows it, and all steps ahead with their bounds."""
        say, found, unit = self.words.say, self.found, self.unit
        was = [(str(row.key), number(unit, row.value or 0), None, None, None) for row in self._drawn_past()]
        dates = dates_from(self._first(0), self.ahead.unit, len(found.values))
        steps = zip(dates, found.values, found.low, found.high, strict=True)
        will_be = [(day.isoformat(), None, *(number(unit, round(each)) for each in said)) for day, *said in steps]
        metric = self.words.metric(self.query.metric)
        columns = (
            say(f"dimensions.{self.ahead.unit}").capitalize(), metric,
            *(f"{say(f'forecast.columns.{name}')}" for name in ("expected", "low", "high")),
        )  # fmt: skip
        about = [*self.lines(), *narrowed_lines(self.query, self.words)]
        return Sheet(say("forecast.file"), columns, [*was, *will_be], about)

    def _drawn_past(self) -> tuple[FigureRow, ...]:
        return self.past[-DRAWN[self.ahead.unit] :]

    def chart(self) -> ChartSpec:
        """The past, and the way ahead with its band."""
        words, found = self.words, self.found
        past = self._drawn_past()
        dates = [date.fromisoformat(row.key or "") for row in past]
        dates += dates_from(self._first(0), self.ahead.unit, len(found.values))
        gap: list[float | None] = [None] * (len(past) - 1)
        here = past[-1].value or 0
        return ChartSpec(
            kind="lines", title=words.say("forecast.title", metric=words.metric(self.query.metric)),
            subtitle=words.say("forecast.note", unit=words.say(f"dimensions.{self.ahead.unit}")),
            labels=[self._below(day) for day in dates],
            values=(), names=(words.metric(self.query.metric),),
            lines=([self._scaled(row.value or 0) for row in past] + [self._scaled(each) for each in found.values],),
            low=[*gap, *map(self._scaled, (here, *found.low))], high=[*gap, *map(self._scaled, (here, *found.high))],
            ahead=len(found.values),
        )  # fmt: skip

    def _below(self, day: date) -> str:
        """What stands below a point of the chart."""
        return self.words.bucket("month", day) if self.ahead.unit == "month" else self.words.short_day(day)

    def _first(self, skipped: int) -> date:
        last = date.fromisoformat(self.past[-1].key or "")
        return dates_from(_following(last, self.ahead.unit), self.ahead.unit, skipped + 1)[-1]

    def _value(self, value: float) -> str:
        return self.words.rounded().value(self.unit, round(value))

    def _scaled(self, value: float) -> float:
        """Money in its major unit."""
        return value if self.unit == "count" else value / 100


def dates_from(first: date, unit: Unit, count: int) -> list[date]:
    """The first days of so many days, weeks or months."""
    found = [first]
    while len(found) < count:
        found.append(_following(found[-1], unit))
    return found


def _following(day: date, unit: Unit) -> date:
    return add_months(day, 1) if unit == "month" else day + timedelta(days=7 if unit == "week" else 1)
