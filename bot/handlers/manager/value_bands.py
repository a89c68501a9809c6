"""The spread of expected value in words, as a table, as a histogram and as a file."""

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.queries import Query
from bot.messages import Reply, Table
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.value.spread import Band, ValueSpread, value_spread
from crm_core.scores import JOB

MANY = 10_000
"""Money from which edges of bands are shortened: 20k, 2万."""


def find(turn: ManagerTurn, query: Query) -> ValueSpread | None:
    """How expected value is spread."""
    return value_spread(turn.store.session)


def tell(turn: ManagerTurn, query: Query, found: ValueSpread | None, words: FigureWords) -> Reply:
    """How much it is, how it is spread, and as of when."""
    if found is None:
        return Reply(text=words.say("value_spread.none", job=JOB))
    lines = [
        words.say(
            "value_spread.title", customers=f"{found.customers:,}", days=found.horizon_days,
            total=_money(turn, found.total_milli),
        ),
        words.say("value_spread.median", median=_money(turn, found.median_milli)),
        words.say(
            "value_spread.top", top=found.top, least=_money(turn, found.top_from_milli),
            share=round(100 * found.top_share),
        ),
        _as_of(turn, found, words),
    ]  # fmt: skip
    columns = tuple(words.say(f"value_spread.columns.{name}") for name in ("value", "customers", "share"))
    rows = tuple(
        (_band(turn, band, words), f"{band.customers:,}", f"{100 * band.customers / found.customers:.0f} %")
        for band in found.bands
    )
    return Reply(
        text="\n".join(lines), table=Table(columns=columns, rows=rows, note=words.say("explained.value_distribution"))
    )


def draw(turn: ManagerTurn, query: Query, found: ValueSpread | None, words: FigureWords) -> list[ChartSpec]:
    """The bands as columns, the median as a line."""
    if found is None:
        return []
    currency = turn.services.settings.business.currency
    median = found.median_milli / found.width_milli
    open_ended = found.bands[-1].high_milli is None
    chart = ChartSpec(
        kind="histogram",
        title=words.metric(query.metric),
        subtitle=words.say(
            "value_spread.picture", days=found.horizon_days, currency=currency,
            moment=wording.day(found.data_until, words.language, turn.speaker.zone),
        ),
        labels=[_edge(band.low_milli, words.language) + "+" * (band.high_milli is None) for band in found.bands],
        values=[band.customers for band in found.bands],
        line=[min(median, len(found.bands) - (0.5 if open_ended else 0))],
        line_title=words.say("value_spread.picture_median", median=_money(turn, found.median_milli)),
    )  # fmt: skip
    return [chart]


def sheet(turn: ManagerTurn, query: Query, found: ValueSpread | None, words: FigureWords) -> Sheet:
    """The bands with their limits as numbers."""
    names = ("from", "below", "customers", "share")
    currency = turn.services.settings.business.currency
    columns = tuple(words.say(f"value_spread.columns.{name}", currency=currency) for name in names)
    if found is None:
        return Sheet(words.metric(query.metric), columns, [])
    rows = [
        (
            band.low_milli // 1000, None if band.high_milli is None else band.high_milli // 1000, band.customers,
            round(100 * band.customers / found.customers, 1),
        )
        for band in found.bands
    ]  # fmt: skip
    return Sheet(words.metric(query.metric), columns, rows, [_as_of(turn, found, words)])


def _as_of(turn: ManagerTurn, found: ValueSpread, words: FigureWords) -> str:
    computed, until, oldest = (
        wording.moment(at, words.language, turn.speaker.zone)
        for at in (found.computed_at, found.data_until, found.oldest_at)
    )
    told = words.say("value_spread.as_of", computed=computed, until=until)
    if not found.older:
        return told
    return f"{told} {words.say('value_spread.older', count=found.older, oldest=oldest)}"


def _money(turn: ManagerTurn, milli: int) -> str:
    return wording.whole_money(round(milli / 10), turn.services.settings.business.currency, turn.language)


def _band(turn: ManagerTurn, band: Band, words: FigureWords) -> str:
    if band.high_milli is None:
        return words.say("value_spread.from", low=_money(turn, band.low_milli))
    return words.say("value_spread.band", low=_money(turn, band.low_milli), high=_money(turn, band.high_milli))


def _edge(milli: int, language: str) -> str:
    """A short round number: 500, 2,000, 20k, 2万."""
    value = milli // 1000
    if value < MANY:
        return f"{value:,}"
    return f"{value / 10_000:g}万" if language == "zh" else f"{value / 1000:g}k"
