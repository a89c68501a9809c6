"""Retention in words, as a table, as a map and as a file: who orders again, by the month of the first order."""

from dataclasses import dataclass

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.queries import Query, cohort_period, narrowed_lines
from bot.messages import Reply, Table
from bot.sheets import Cell, Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.value.retention import Cohort, Retention, retention

TOLD = (1, 2, 3, 6, 12)
"""Months after the first order that the text and the table tell; the picture and the file tell all."""


@dataclass(frozen=True, slots=True)
class Cohorts:
    """What was found. `usual`: nothing of the period asked for can be told yet, so it is of the usual one."""

    found: Retention
    usual: bool


def find(turn: ManagerTurn, query: Query) -> Cohorts:
    """The cohorts of the period asked for, else of the usual one."""
    session = turn.store.session
    asked = retention(session, query.period, turn.now, query.only, query.without)
    if asked.cohorts:
        return Cohorts(asked, usual=False)
    return Cohorts(retention(session, cohort_period(turn), turn.now, query.only, query.without), usual=True)


def tell(turn: ManagerTurn, query: Query, made: Cohorts, words: FigureWords) -> Reply:
    """What stands out, and the shares of some months."""
    found = made.found
    if not found.cohorts:
        lines = [words.say("retention.none"), *narrowed_lines(query, words)]
        return Reply(text="\n".join(lines))
    first, last = (wording.month(found.cohorts[place].month, words.language) for place in (0, -1))
    size = sum(cohort.size for cohort in found.cohorts)
    lines = [words.say("retention.title", first=first, last=last, customers=f"{size:,}")]
    lines += narrowed_lines(query, words)
    if made.usual and query.period != cohort_period(turn):
        lines.append(words.say("retention.usual", period=words.period(query.period)))
    lines += [*_rates(found, words), *_outstanding(found, words)]
    if found.left_out:
        lines.append(words.say("retention.cut", count=len(found.cohorts)))
    return Reply(text="\n".join(lines), table=_table(found, words))


def draw(turn: ManagerTurn, query: Query, made: Cohorts, words: FigureWords) -> list[ChartSpec]:
    """The whole map."""
    found = made.found
    if not found.cohorts:
        return []
    chart = ChartSpec(
        kind="heat",
        title=words.say("retention.picture"),
        subtitle=" ".join([words.say("retention.picture_note"), *narrowed_lines(query, words)]),
        labels=[wording.month(cohort.month, words.language) for cohort in found.cohorts],
        values=[],
        notes=[f"{cohort.size:,}" for cohort in found.cohorts],
        cells=[[_share(cohort, month) for month in range(1, found.months + 1)] for cohort in found.cohorts],
        columns=[str(month) for month in range(1, found.months + 1)],
        line_title=words.say("retention.months_after"),
    )
    return [chart]


def sheet(turn: ManagerTurn, query: Query, made: Cohorts, words: FigureWords) -> Sheet:
    """Every share of the map, in per cent."""
    found = made.found
    months = range(1, found.months + 1)
    columns = (
        words.say("retention.columns.first"), words.say("retention.columns.customers"),
        *(words.say("retention.columns.share", month=month) for month in months),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            cohort.month.isoformat()[:7], cohort.size,
            *(None if (share := _share(cohort, month)) is None else round(100 * share, 1) for month in months),
        )
        for cohort in found.cohorts
    ]  # fmt: skip
    return Sheet(words.metric(query.metric), columns, rows, [words.say("explained.retention")])


def _share(cohort: Cohort, month: int) -> float | None:
    """The share of a cohort who ordered in a month; None while that month is not over."""
    return cohort.active[month - 1] / cohort.size if month <= len(cohort.active) else None


def _rates(found: Retention, words: FigureWords) -> list[str]:
    told = []
    for month in TOLD:
        share = found.active(month)
        if share is not None:
            told.append(words.say("retention.rate", month=month, share=_percent(share)))
    return [words.say("retention.rates", rates=wording.listed(told, words.language))] if told else []


def _outstanding(found: Retention, words: FigureWords) -> list[str]:
    """Months that differ from the others by more than chance, the farthest off first."""
    told = sorted(found.outstanding(), key=lambda each: -abs(each[1] - each[2]))
    back = found.back_soon
    soon = [words.say("retention.back", months=found.soon, share=_percent(back))] if back is not None else []
    if not told:
        return [*soon, words.say("retention.alike")]
    return soon + [
        words.say(
            "retention.better" if mine > others else "retention.worse", months=found.soon, share=_percent(mine),
            month=wording.month(cohort.month, words.language), others=_percent(others),
        )
        for cohort, mine, others in told
    ]  # fmt: skip


def _table(found: Retention, words: FigureWords) -> Table:
    months = [month for month in TOLD if month <= found.months]
    columns = (
        words.say("retention.columns.first"), words.say("retention.columns.customers"),
        *(words.say("retention.columns.month", month=month) for month in months),
    )  # fmt: skip
    rows = tuple(
        (
            wording.month(cohort.month, words.language), f"{cohort.size:,}",
            *("–" if (share := _share(cohort, month)) is None else _percent(share) for month in months),
        )
        for cohort in found.cohorts
    )  # fmt: skip
    return Table(columns=columns, rows=rows, note=words.say("explained.retention"))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
