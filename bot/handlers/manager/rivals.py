"""We and our competitors in public: share of voice, the gap between moods, and what each is better at."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.figure_phrases import ADDS_RIVAL
from bot.figures import FigureWords
from bot.handlers.manager.charted import Answer, Asking
from bot.handlers.manager.market import brand_word, days_asked, end_of, posts_asked, posts_in_words
from bot.handlers.manager.queries import Query, narrowed_lines
from bot.messages import Choice, Reply, Table
from bot.sheets import Cell, Sheet, number
from crm_core.analytics.charts import ChartSpec
from crm_core.analytics.public.competitors import Comparison, Field, Rival, compare_brands
from crm_core.analytics.public.trends import Gap
from crm_core.analytics.public.voice import cells
from crm_core.reports.metrics import US

USUAL_DAYS, LEAST_DAYS, MOST_DAYS = 30, 7, 180
WEEKS = 8
COLUMNS = ("brand", "count", "share", "change", "mood", "gap")
SHORT_COLUMNS = ("brand", "counts", "shares", "moods")
"""In an answer, which a chat has little room for; a file has all columns."""
SHOWN = 4
"""Fields on each side that are told."""


def competitor_compare(asking: Asking) -> Answer:
    """All competitors, or those named, against us, over the last 30 days or as many as the period named has."""
    words, asked = asking.words, posts_asked(asking, USUAL_DAYS, MOST_DAYS)
    if ADDS_RIVAL.fullmatch(asking.text):
        return Answer(Reply(text=words.say("rivals.in_settings")))
    days, end = max(LEAST_DAYS, min(MOST_DAYS, days_asked(asking, asked))), end_of(asking, asked)
    rest = {name: values for name, values in asked.only.items() if name != "brand"}
    found = cells(asking.session, end, max(2 * days, 7 * WEEKS), rest, asked.without)
    brands = {brand for cell in found for brand in cell.brands} - {US}
    narrowed = narrowed_lines(replace(asked, only=rest), words)
    if not brands:
        key = "rivals.none_there" if rest or asked.without else "rivals.nobody"
        return Answer(Reply(text="\n".join([words.say(key), *narrowed])), query=asked, used=("brand",))
    named = _named(asking, brands, asked.only.get("brand", ()))
    query = replace(asked, only={**rest, **({"brand": [US, *named]} if named else {})})
    compared = compare_brands(found, days, named, WEEKS)
    lines = [_title(asking, query, days), *narrowed, *(_voice(rival, words) for rival in compared.rivals)]
    lines += [line for rival in compared.rivals if rival.brand != US for line in [_feeling(rival, words)]]
    lines += _fields(compared.fields, words) or [words.say("rivals.no_fields")]
    charts = [(words.say("rivals.voice_file"), _voice_chart(compared, words))]
    if any(rival.gap for rival in compared.rivals):
        charts.append((words.say("rivals.mood_file"), _mood_chart(compared, words)))
    offers = tuple(Choice(label=words.say(f"market.offers.{n}"), value=n) for n in ("market_trend", "show_evidence"))
    reply = Reply(text="\n".join(lines), table=_table(compared, words), choices=offers)
    sheet = _sheet(compared, lines[0], words)
    return Answer(reply, tuple(charts), query, ("posts",), sheet=sheet, asked=asked.kept(), used=("brand",))


def _title(asking: Asking, query: Query, days: int) -> str:
    """Of the last days, or of the period that was named."""
    if query.period.last > asking.today and query.period.days == days:
        return asking.words.say("rivals.title", days=days)
    return asking.words.say("rivals.title_of", period=asking.words.period(query.period))


def _named(asking: Asking, brands: set[str], said: Sequence[str]) -> list[str]:
    """The competitors that are named, by their names or as the question says."""
    return [
        brand
        for brand in sorted(brands)
        if brand in said or re.search(rf"(?<!\w){re.escape(brand.lower())}(?!\w)", asking.text)
    ]


def _voice(rival: Rival, words: FigureWords) -> str:
    return words.say(
        "rivals.voice", brand=brand_word(words, rival.brand), share=f"{100 * rival.share:.0f}",
        count=posts_in_words(rival.voices, rival.count, words),
        change=words.signed(100 * (rival.share - rival.share_before), 0),
    )  # fmt: skip


def _feeling(rival: Rival, words: FigureWords) -> str:
    if rival.gap is None:
        return words.say("rivals.few", brand=rival.brand)
    kind = ("ahead" if rival.gap.value > 0 else "behind") if rival.gap.clear else "alike"
    return words.say(
        f"rivals.{kind}", brand=rival.brand, gap=words.signed(rival.gap.value / 1000, 2),
        low=words.signed(rival.gap.low / 1000, 2), high=words.signed(rival.gap.high / 1000, 2),
    )  # fmt: skip


def _fields(found: Sequence[Field], words: FigureWords) -> list[str]:
    told = []
    for key, better in (("wins", True), ("losses", False)):
        parts = [_field(field, words) for field in found if (field.gap.value > 0) == better]
        told += [words.say(f"rivals.{key}", told=words.say("next").join(parts[:SHOWN]))] if parts else []
    return told


def _field(field: Field, words: FigureWords) -> str:
    return words.say(
        "rivals.field", part=words.part(field.dimension, field.key), brand=field.brand,
        ours=words.value("mood", field.ours.mean), theirs=words.value("mood", field.theirs.mean),
    )  # fmt: skip


def _table(compared: Comparison, words: FigureWords) -> Table:
    rows = tuple(
        (
            brand_word(words, rival.brand), f"{rival.voices:,} ({rival.count:,})",
            f"{100 * rival.share:.0f} % ({words.signed(100 * (rival.share - rival.share_before), 0)})",
            words.value("mood", rival.mood.mean)
            + (f" ({words.signed(rival.gap.value / 1000, 2)})" if rival.gap else ""),
        )
        for rival in compared.rivals
    )  # fmt: skip
    columns = tuple(words.say(f"rivals.columns.{name}") for name in SHORT_COLUMNS)
    return Table(columns=columns, rows=rows, note=words.say("rivals.note"))


def _sheet(compared: Comparison, about: str, words: FigureWords) -> Sheet:
    """Each brand, then each field on which one is clearly better, as numbers."""
    heads = [words.say(f"rivals.columns.{name}") for name in ("brand", "field", *COLUMNS[1:], "low", "high")]
    rows: list[tuple[Cell, ...]] = [
        (
            brand_word(words, rival.brand), None, rival.count, round(100 * rival.share, 1),
            round(100 * (rival.share - rival.share_before), 1), number("mood", rival.mood.mean), *_bounds(rival.gap),
        )
        for rival in compared.rivals
    ]  # fmt: skip
    rows += [
        (
            field.brand, words.part(field.dimension, field.key), field.theirs.count, None, None,
            number("mood", field.theirs.mean), *_bounds(field.gap),
        )
        for field in compared.fields
    ]  # fmt: skip
    heads[3] = f"{heads[3]} (%)"
    return Sheet(words.say("rivals.voice_file"), heads, rows, [about, words.say("rivals.note")])


def _bounds(gap: Gap | None) -> tuple[Cell, Cell, Cell]:
    if gap is None:
        return None, None, None
    return number("mood", gap.value), number("mood", gap.low), number("mood", gap.high)


def _voice_chart(compared: Comparison, words: FigureWords) -> ChartSpec:
    brands = [US, *(rival.brand for rival in compared.rivals if rival.brand != US)][:6]
    labels = [words.say("rivals.weeks_ago", count=WEEKS - 1 - at) for at in range(WEEKS - 1)]
    return ChartSpec(
        kind="lines", title=words.say("rivals.voice_chart"), subtitle=words.say("rivals.voice_note"),
        labels=[*labels, words.say("rivals.now")], values=(), names=[brand_word(words, brand) for brand in brands],
        lines=[[None if each is None else 100 * each for each in compared.weeks[brand]] for brand in brands],
    )  # fmt: skip


def _mood_chart(compared: Comparison, words: FigureWords) -> ChartSpec:
    """Our mood less theirs: of all posts, then field by field; green is where we are better."""
    bars = [
        (words.say("rivals.all_of", brand=rival.brand), rival.gap) for rival in compared.rivals if rival.gap is not None
    ]
    bars += [
        (words.say("rivals.field_of", brand=field.brand, part=words.part(field.dimension, field.key)), field.gap)
        for field in compared.fields[: 2 * SHOWN]
    ]
    return ChartSpec(
        kind="gaps", title=words.say("rivals.mood_chart"), subtitle=words.say("rivals.mood_note"),
        labels=[name for name, _ in bars], values=[gap.value / 1000 for _, gap in bars],
        low=[gap.low / 1000 for _, gap in bars], high=[gap.high / 1000 for _, gap in bars],
        notes=[words.signed(gap.value / 1000, 2) for _, gap in bars],
    )  # fmt: skip
