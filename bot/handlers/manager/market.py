"""What rises in the market, and what is blowing up now, by what is said in public."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.queries import Query, narrowed_lines, read
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.public.spikes import DAYS as SPIKE_DAYS
from crm_core.analytics.public.spikes import Spike, spikes
from crm_core.analytics.public.trends import RECENT, TIMES_BEFORE, Move, days_of, moves
from crm_core.analytics.public.voice import (
    DAY,
    DIMENSIONS,
    Cell,
    Dimension,
    by_age,
    cells,
    known_since,
    of_brand,
    rolling,
    split,
    volume,
)
from crm_core.reports.metrics import US, Values
from crm_core.reports.periods import Period, last_days, local_moment
from crm_core.reports.topics import first_week

SHOWN = 10
CHART_DAYS = 28
MOST_SPIKES = 5
NEW_DAYS = 2
"""What blew up longer ago is no news."""
FEWEST_DAYS = 28
"""Days that have to be known before a day of the past, to say what was usual."""
MOST_DAYS = 62
"""Of a longer period, its last days."""
MOVE_COLUMNS = ("what", "kind", "week", "usual", "times")


def brand_word(words: FigureWords, brand: str) -> str:
    """What a brand is called: we are "us"."""
    return words.say("market.us") if brand == US else brand


def voice(period: Period, brands: Sequence[str] = ()) -> Query:
    """The posts of a period: what "show me" shows, and "by network" splits."""
    return Query("voice", period, period.before(), only={"brand": list(brands)} if brands else {})


def posts_asked(asking: Asking, usual: int, most: int = MOST_DAYS) -> Query:
    """The posts that are asked about: of the last days, unless a period is named; narrowed as it is said."""
    said = read(asking.spoken, asking.session)
    if said.period is None and not asking.again:
        said = replace(said, period=last_days(asking.today, usual, asking.zone, asking.now))
    said, asked = replace(said, metric="voice"), asking.memory.shown("asked")
    again = said.applied(Query.of(asked)) if asking.again and isinstance(asked, dict) else None
    query = replace(again or asking.query("voice", said), group_by=None)
    first = max(query.period.first, query.period.last - timedelta(days=most))
    return replace(query, period=replace(query.period, first=first))


def end_of(asking: Asking, query: Query) -> datetime:
    """When what is asked about ends: now, at the latest."""
    return min(query.period.end, asking.now)


def days_asked(asking: Asking, query: Query) -> int:
    """How many days the period has, as they are counted here: spans of 24 hours up to its end."""
    return max(1, -(-(end_of(asking, query) - query.period.start) // DAY))


# --- what rises -----------------------------------------------------------------------------------------------------
def market_trend(asking: Asking) -> Answer:
    """Topics, products, needs and networks that people talk about more, or less, than in four times as long before."""
    words, query = asking.words, posts_asked(asking, RECENT)
    recent = RECENT if not _named(asking, query) else days_asked(asking, query)
    found = cells(asking.session, end_of(asking, query), days_of(recent), query.only, query.without)
    if not found:
        return Answer(Reply(text="\n".join([_nothing(asking), *narrowed_lines(query, words)])), query=query)
    before = _known_before(asking, query, recent)
    if before < recent:
        lines = [_title(asking, query, recent, found), *narrowed_lines(query, words), _too_new(asking)]
        return Answer(Reply(text="\n".join(lines), choices=_choices(words)), query=query, asked=query.kept())
    by, beside = _dimensions(asking, end_of(asking, query) - (recent + before) * DAY)
    all_moves = moves(found, by, recent, before)
    rising, falling = ([move for move in all_moves if (move.surprise > 0) == up] for up in (True, False))
    lines = [_title(asking, query, recent, found), *narrowed_lines(query, words)]
    for key, some in (("rising", rising), ("falling", falling)):
        lines += (
            [words.say(f"market.{key}", told=words.say("next").join(_move(move, words) for move in some[:3]))]
            if some
            else []
        )
    lines += [] if all_moves else [words.say("market.even")]
    lines += _spreading(found, words, all_moves, recent, before) if "topic" in by else []
    lines += [*beside, *([_too_new(asking)] if before < TIMES_BEFORE * recent else [])]
    shown = [*rising[:SHOWN], *falling[: max(0, SHOWN - len(rising))]]
    table = _moves_table(shown, recent, words) if shown else None
    reply = Reply(text="\n".join(lines), table=table, choices=_choices(words))
    charts = ((words.say("market.file"), _moves_chart(shown, recent, words)),) if shown else ()
    return Answer(
        reply, charts, query, ("posts",), sheet=_moves_sheet(all_moves, recent, lines[0], words), asked=query.kept()
    )


def _named(asking: Asking, query: Query) -> bool:
    """Whether another period than the usual one is asked about."""
    return query.period.last <= asking.today or query.period.days != RECENT


def _nothing(asking: Asking) -> str:
    """Nothing was read at all, or nothing that fits."""
    some = cells(asking.session, asking.now, SPIKE_DAYS)
    return asking.words.say("market.none" if some else "market.nothing")


def _known_before(asking: Asking, query: Query, recent: int) -> int:
    """How many days before are known, of four times as many as the last ones."""
    since = known_since(asking.session)
    known = (end_of(asking, query) - since) // DAY - recent if since else 0
    return max(0, min(TIMES_BEFORE * recent, known))


def _dimensions(asking: Asking, start: datetime) -> tuple[tuple[Dimension, ...], list[str]]:
    """What is looked at; topics only where they are known for the whole time, else why not."""
    since = first_week(asking.session, "posts")
    if since is None or local_moment(since, time(), asking.zone) <= start:
        return DIMENSIONS, []
    day = wording.day(since, asking.words.language, asking.zone)
    others: tuple[Dimension, ...] = tuple(each for each in DIMENSIONS if each != "topic")
    return others, [asking.words.say("market.no_topics", since=day)]


def _too_new(asking: Asking) -> str:
    """Since when posts are known, where that is too late for what is asked."""
    since = known_since(asking.session)
    day = wording.day(since, asking.words.language, asking.zone) if since else "–"
    return asking.words.say("market.too_new", since=day)


def _title(asking: Asking, query: Query, recent: int, found: Sequence[Cell]) -> str:
    words, posts = asking.words, [cell for cell in found if cell.age < recent]
    count = posts_in_words(sum(cell.voices for cell in posts), sum(cell.volume for cell in posts), words)
    if not _named(asking, query):
        return words.say("market.title", days=recent, before=TIMES_BEFORE, count=count)
    before = recent * TIMES_BEFORE
    return words.say("market.title_of", period=words.period(query.period), days=recent, before=before, count=count)


def posts_in_words(voices: int, volume: int, words: FigureWords) -> str:
    """How many posts there are: those that repeat others are named beside, as lists fold them."""
    told = words.say("market.posts", count=voices)
    return told if volume == voices else words.say("market.with_reposts", posts=told, all=f"{volume:,}")


def _move(move: Move, words: FigureWords) -> str:
    return words.say("market.move", part=words.part(move.dimension, move.key), change=_times(move, words))


def _times(move: Move, words: FigureWords) -> str:
    if move.times is None:
        return words.say("market.new")
    return f"×{move.times:.1f}" if move.times < 100 else f"×{move.times:,.0f}"


def _columns(recent: int, words: FigureWords) -> tuple[str, ...]:
    names = MOVE_COLUMNS if recent == RECENT else ("what", "kind", "then", "usual_then", "times")
    return tuple(words.say(f"market.columns.{name}") for name in names)


def _moves_table(found: Sequence[Move], recent: int, words: FigureWords) -> Table:
    rows = tuple(
        (
            words.part(move.dimension, move.key), words.say(f"dimensions.{move.dimension}"), str(move.count),
            f"{move.usual:.1f}", _times(move, words),
        )
        for move in found
    )  # fmt: skip
    return Table(columns=_columns(recent, words), rows=rows, note=words.say("market.note"))


def _moves_sheet(found: Sequence[Move], recent: int, about: str, words: FigureWords) -> Sheet:
    """All that rises or falls, as numbers."""
    rows = [
        (
            words.part(move.dimension, move.key), words.say(f"dimensions.{move.dimension}"), move.count,
            round(move.usual, 2), None if move.times is None else round(move.times, 2),
        )
        for move in found
    ]  # fmt: skip
    return Sheet(words.say("market.file"), _columns(recent, words), rows, [about])


def _moves_chart(found: Sequence[Move], recent: int, words: FigureWords) -> ChartSpec:
    return ChartSpec(
        kind="gaps", title=words.say("market.chart"),
        subtitle=words.say("market.chart_note", days=recent, before=TIMES_BEFORE * recent),
        labels=[words.part(move.dimension, move.key) for move in found],
        values=[move.count - move.usual for move in found],
        notes=[f"{words.signed(move.count - move.usual, 0)} ({_times(move, words)})" for move in found],
    )  # fmt: skip


def _choices(words: FigureWords) -> tuple[Choice, ...]:
    names = ("social_spike", "competitor_compare", "show_evidence")
    return tuple(Choice(label=words.say(f"market.offers.{name}"), value=name) for name in names)


# --- what is blowing up ---------------------------------------------------------------------------------------------
def social_spike(asking: Asking) -> Answer:
    """What is said far more often than on the same weekday usually, today or yesterday, and what made it.

    Where nothing is, what rose in the week is told; of a period that is named, its spikes.
    """
    words, query = asking.words, posts_asked(asking, NEW_DAYS)
    end, named = end_of(asking, query), query.period.last <= asking.today or query.period.days > NEW_DAYS
    brands = query.only.get("brand", ())
    rest = {name: values for name, values in query.only.items() if name != "brand"}
    found = cells(asking.session, end, SPIKE_DAYS, rest, query.without)
    if not found:
        return Answer(Reply(text="\n".join([_nothing(asking), *narrowed_lines(query, words)])), query=query)
    looked = _Looked(asking, end, brands, rest, query.without)
    spotted = looked.spikes(range(days_asked(asking, query)) if named else range(NEW_DAYS))
    lines = [line for spike in spotted[:MOST_SPIKES] for line in _spike(spike, _when(spike, end, named, asking), words)]
    lines = lines if named else [*_quiet(found, spotted, brands, words), *lines]
    older = [] if spotted or named else looked.spikes(range(NEW_DAYS, RECENT))
    if not spotted:
        lines += [words.say("market.no_spike")] if named else _lately(asking, older, end, brands)
        lines += [] if named else _spreading(cells(asking.session, end, days_of(), query.only, query.without), words)
    brand = next((spike.brand for spike in (*spotted, *older)), brands[0] if brands else US)
    shown = replace(query, only={**rest, "brand": [brand]})
    if older:
        shown = replace(shown, period=last_days(asking.today, RECENT, asking.zone, asking.now))
    title = words.say("market.spike_title_of" if named else "market.spike_title", period=words.period(query.period))
    text = "\n".join([title, *narrowed_lines(replace(query, only=rest), words), *lines])
    days = _days(end, asking, list(of_brand(found, brand)))
    chart = (words.say("market.spike_file"), _days_chart(days, brand, words))
    reply, sheet = Reply(text=text, choices=_spike_choices(words)), _days_sheet(days, text, brand, words)
    return Answer(reply, (chart,), shown, ("posts",), sheet=sheet, asked=query.kept())


@dataclass(frozen=True)
class _Looked:
    """Where spikes are looked for."""

    asking: Asking
    end: datetime
    brands: Sequence[str]
    only: Values
    without: Values

    def spikes(self, ages: range) -> list[Spike]:
        """One a brand: the newest, or of a long time the clearest."""
        since = known_since(self.asking.session)
        known = (self.end - since) // DAY - FEWEST_DAYS if since else 0  # so early on, nothing is usual yet
        if not (ages := range(ages.start, min(ages.stop, max(known, NEW_DAYS)))):
            return []
        given = (self.asking.session, self.end, self.brands, tuple(ages), self.only, self.without)
        found = spikes(*given)
        if len(ages) > RECENT:
            found.sort(key=lambda spike: (spike.brand != US, spike.chance))
        first: dict[str, Spike] = {}
        for spike in found:
            first.setdefault(spike.brand, spike)
        return list(first.values())


def _quiet(found: Sequence[Cell], spotted: Sequence[Spike], brands: Sequence[str], words: FigureWords) -> list[str]:
    """That nothing is unusual about us, or about those who are named."""
    quiet = [brand for brand in brands or (US,) if all(spike.brand != brand for spike in spotted)]
    told = []
    for brand in quiet:
        counts = by_age(of_brand(found, brand), SPIKE_DAYS)
        usual = f"{sum(counts[1:]) / (SPIKE_DAYS - 1):.1f}"
        told.append(words.say("market.quiet", brand=brand_word(words, brand), count=counts[0], usual=usual))
    return told


def _lately(asking: Asking, older: Sequence[Spike], end: datetime, brands: Sequence[str]) -> list[str]:
    """Nothing new; what blew up within the week."""
    words = asking.words
    if not older:
        return [words.say("market.not_lately" if brands else "market.no_other")]
    told = [line for spike in older[:MOST_SPIKES] for line in _spike(spike, _when(spike, end, True, asking), words)]
    return [words.say("market.lately"), *told]


def _spreading(
    found: Sequence[Cell],
    words: FigureWords,
    beside: Sequence[Move] = (),
    recent: int = RECENT,
    before: int | None = None,
) -> list[str]:
    """What is repeated far more than usual, and about whom that is; what rises without reposts is told elsewhere."""
    known = {(move.dimension, move.key) for move in beside}
    spread = [
        move
        for move in moves(found, ("topic", "product"), recent, before, volume)
        if move.surprise > 0 and (move.dimension, move.key) not in known
    ]
    told = []
    for move in spread[:3]:
        part = [cell for cell in split(found, move.dimension)[move.key] if cell.age < recent]
        brands = sorted({brand for cell in part for brand in cell.brands})
        most = max(brands, key=lambda brand: sum(cell.volume for cell in of_brand(part, brand)))
        count = posts_in_words(sum(cell.voices for cell in part), sum(cell.volume for cell in part), words)
        told.append(words.say("market.spread", move=_move(move, words), count=count, brand=brand_word(words, most)))
    return [words.say("market.spreading", told=words.say("next").join(told))] if told else []


def _when(spike: Spike, end: datetime, named: bool, asking: Asking) -> str:
    """On which day it was; the last two have names."""
    words = asking.words
    if not named:
        return words.say(f"market.ages.{min(spike.age, 1)}")
    day = ((end - spike.age * DAY) - timedelta(microseconds=1)).astimezone(ZoneInfo(asking.zone)).date()
    return words.say("market.on_day", day=words.bucket("day", day))


def _spike(spike: Spike, when: str, words: FigureWords) -> list[str]:
    told = words.say(
        "market.spike", brand=brand_word(words, spike.brand), when=when,
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
        lines.append(words.say("market.reasons", told=words.say("next").join(reasons)))
    return [*lines, *([words.say("market.repeats", count=spike.repeats)] if spike.repeats else [])]


@dataclass(frozen=True, slots=True)
class _Day:
    """The posts of 24 hours that end at this time of day, and the mood of the week that ends with them."""

    day: date
    count: int
    mood: float | None


def _days(end: datetime, asking: Asking, found: Sequence[Cell]) -> list[_Day]:
    """Four weeks of them."""
    counts = by_age(found, CHART_DAYS)[::-1]
    moods = by_age(found, CHART_DAYS, lambda cell: cell.mood_total)[::-1]
    rated = by_age(found, CHART_DAYS, lambda cell: cell.moods)[::-1]
    week = zip(rolling(moods), rolling(rated), strict=True)
    means = [mood / count / 1000 if count else None for mood, count in week]
    last = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(asking.zone)).date()
    dates = [last - age * DAY for age in range(CHART_DAYS)][::-1]
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
