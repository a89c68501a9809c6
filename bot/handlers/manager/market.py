"""What rises in the market, and what is blowing up now, by what is said in public."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.figures import FigureWords
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.queries import Query
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.public.spikes import DAYS as SPIKE_DAYS
from crm_core.analytics.public.spikes import Spike, spikes
from crm_core.analytics.public.trends import BEFORE, DAYS, RECENT, Move, moves
from crm_core.analytics.public.voice import DAY, Cell, by_age, cells, of_brand, rolling
from crm_core.reports.metrics import US
from crm_core.reports.periods import Period, last_days

SHOWN = 10
CHART_DAYS = 28
MOST_SPIKES = 5
MOVE_COLUMNS = ("what", "kind", "week", "usual", "times")


def brand_word(words: FigureWords, brand: str) -> str:
    """What a brand is called: we are "us"."""
    return words.say("market.us") if brand == US else brand


def voice(period: Period, brands: Sequence[str] = ()) -> Query:
    """The posts of a period: what "show me" shows, and "by network" splits."""
    return Query("voice", period, period.before(), only={"brand": list(brands)} if brands else {})


# --- what rises -----------------------------------------------------------------------------------------------------
def market_trend(asking: Asking) -> Answer:
    """Topics, products, needs and networks that people talk about more, or less, than in the four weeks before."""
    words = asking.words
    found = cells(asking.session, asking.now, DAYS)
    count = sum(cell.volume for cell in found if cell.age < RECENT)
    query = voice(last_days(asking.today, RECENT, asking.zone, asking.now))
    if not found:
        return Answer(Reply(text=words.say("market.nothing")), query=query)
    all_moves = moves(found)
    rising, falling = ([move for move in all_moves if (move.surprise > 0) == up] for up in (True, False))
    lines = [words.say("market.title", days=RECENT, before=BEFORE // 7, count=f"{count:,}")]
    lines += [words.say("market.rising", told="; ".join(_move(move, words) for move in rising[:3]))] if rising else []
    lines += (
        [words.say("market.falling", told="; ".join(_move(move, words) for move in falling[:3]))] if falling else []
    )
    lines += [] if all_moves else [words.say("market.even")]
    shown = [*rising[:SHOWN], *falling[: max(0, SHOWN - len(rising))]]
    reply = Reply(text="\n".join(lines), table=_moves_table(shown, words) if shown else None, choices=_choices(words))
    charts = ((words.say("market.file"), _moves_chart(shown, words)),) if shown else ()
    return Answer(reply, charts, query, ("posts",), sheet=_moves_sheet(all_moves, lines[0], words))


def _move(move: Move, words: FigureWords) -> str:
    return words.say("market.move", part=words.part(move.dimension, move.key), change=_times(move, words))


def _times(move: Move, words: FigureWords) -> str:
    if move.times is None:
        return words.say("market.new")
    return f"×{move.times:.1f}" if move.times < 100 else f"×{move.times:,.0f}"


def _moves_table(found: Sequence[Move], words: FigureWords) -> Table:
    rows = tuple(
        (
            words.part(move.dimension, move.key), words.say(f"dimensions.{move.dimension}"), str(move.count),
            f"{move.usual:.1f}", _times(move, words),
        )
        for move in found
    )  # fmt: skip
    return Table(
        columns=tuple(words.say(f"market.columns.{n}") for n in MOVE_COLUMNS), rows=rows, note=words.say("market.note")
    )


def _moves_sheet(found: Sequence[Move], about: str, words: FigureWords) -> Sheet:
    """All that rises or falls, as numbers."""
    rows = [
        (
            words.part(move.dimension, move.key), words.say(f"dimensions.{move.dimension}"), move.count,
            round(move.usual, 2), None if move.times is None else round(move.times, 2),
        )
        for move in found
    ]  # fmt: skip
    columns = [words.say(f"market.columns.{name}") for name in MOVE_COLUMNS]
    return Sheet(words.say("market.file"), columns, rows, [about])


def _moves_chart(found: Sequence[Move], words: FigureWords) -> ChartSpec:
    return ChartSpec(
        kind="gaps", title=words.say("market.chart"), subtitle=words.say("market.chart_note", before=BEFORE // 7),
        labels=[words.part(move.dimension, move.key) for move in found],
        values=[move.count - move.usual for move in found],
        notes=[f"{words.signed(move.count - move.usual, 0)} ({_times(move, words)})" for move in found],
    )  # fmt: skip


def _choices(words: FigureWords) -> tuple[Choice, ...]:
    names = ("social_spike", "competitor_compare", "show_evidence")
    return tuple(Choice(label=words.say(f"market.offers.{name}"), value=name) for name in names)


# --- what is blowing up ---------------------------------------------------------------------------------------------
def social_spike(asking: Asking) -> Answer:
    """What is said far more often than on the same weekday usually, today or yesterday, and what made it."""
    words = asking.words
    found = cells(asking.session, asking.now, SPIKE_DAYS)
    if not found:
        return Answer(Reply(text=words.say("market.nothing")))
    spotted = _newest(spikes(asking.session, asking.now))
    today = by_age(of_brand(found, US), SPIKE_DAYS)
    lines = [line for spike in spotted[:MOST_SPIKES] for line in _spike(spike, words)]
    if not any(spike.brand == US for spike in spotted):
        usual = sum(today[1:]) / (SPIKE_DAYS - 1)
        lines.insert(0, words.say("market.quiet", count=today[0], usual=f"{usual:.1f}"))
    brand = spotted[0].brand if spotted else US
    query = voice(last_days(asking.today, 2, asking.zone, asking.now), [brand])
    reply = Reply(text="\n".join([words.say("market.spike_title"), *lines]), choices=_spike_choices(words))
    days = _days(asking, list(of_brand(found, brand)))
    sheet = _days_sheet(days, reply.text, brand, words)
    return Answer(
        reply, ((words.say("market.spike_file"), _days_chart(days, brand, words)),), query, ("posts",), sheet=sheet
    )


def _newest(found: Sequence[Spike]) -> list[Spike]:
    """One spike a brand: today's, if there is one."""
    first: dict[str, Spike] = {}
    for spike in found:
        first.setdefault(spike.brand, spike)
    return list(first.values())


def _spike(spike: Spike, words: FigureWords) -> list[str]:
    told = words.say(
        "market.spike", brand=brand_word(words, spike.brand), when=words.say(f"market.ages.{min(spike.age, 1)}"),
        count=spike.count, usual=f"{spike.usual:.1f}", mood=words.value("mood", spike.mood_milli),
    )  # fmt: skip
    lines = [f"🔥 {told}"]
    if spike.reasons:
        reasons = [
            words.say(
                "market.reason", dimension=words.say(f"dimensions.{each.dimension}"),
                part=words.part(each.dimension, each.key), share=round(100 * each.share), count=each.count,
            )
            for each in spike.reasons
        ]  # fmt: skip
        lines.append(words.say("market.reasons", told="; ".join(reasons)))
    return [*lines, *([words.say("market.repeats", count=spike.repeats)] if spike.repeats else [])]


@dataclass(frozen=True, slots=True)
class _Day:
    """The posts of 24 hours that end at this time of day, and the mood of the week that ends with them."""

    day: date
    count: int
    mood: float | None


def _days(asking: Asking, found: Sequence[Cell]) -> list[_Day]:
    """Four weeks of them."""
    counts = by_age(found, CHART_DAYS)[::-1]
    moods = by_age(found, CHART_DAYS, lambda cell: cell.mood_total)[::-1]
    rated = by_age(found, CHART_DAYS, lambda cell: cell.moods)[::-1]
    week = zip(rolling(moods), rolling(rated), strict=True)
    means = [mood / count / 1000 if count else None for mood, count in week]
    dates = [(asking.today - age * DAY) for age in range(CHART_DAYS)][::-1]
    return [_Day(*each) for each in zip(dates, counts, means, strict=True)]


def _days_chart(days: Sequence[_Day], brand: str, words: FigureWords) -> ChartSpec:
    return ChartSpec(
        kind="days", title=words.say("market.days_chart", brand=brand_word(words, brand)),
        subtitle=words.say("market.days_note"), labels=[words.short_day(each.day) for each in days],
        values=[each.count for each in days], line=[each.mood for each in days],
        line_title=words.say("market.rolling_mood"), ends=(words.say("digest.low"), words.say("digest.high")),
        marked=CHART_DAYS - 1,
    )  # fmt: skip


def _days_sheet(days: Sequence[_Day], about: str, brand: str, words: FigureWords) -> Sheet:
    columns = (
        words.say("dimensions.day").capitalize(), words.say("market.days_chart", brand=brand_word(words, brand)),
        words.say("market.rolling_mood"),
    )  # fmt: skip
    rows = [(each.day.isoformat(), each.count, None if each.mood is None else round(each.mood, 3)) for each in days]
    return Sheet(words.say("market.spike_file"), columns, rows, [*about.splitlines(), words.say("market.days_note")])


def _spike_choices(words: FigureWords) -> tuple[Choice, ...]:
    names = ("market_trend", "show_evidence")
    return tuple(Choice(label=words.say(f"market.offers.{name}"), value=name) for name in names)
