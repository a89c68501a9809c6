"""The digest as a message: what stands out, every figure with its change, two charts."""

from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from bot import wording
from bot.figures import FigureWords
from bot.files import Files
from bot.messages import Choice, Reply, Table
from crm_core.analytics.charts import ChartsFailed, ChartSpec, render
from crm_core.reports.digest import Digest, DigestLine

log = structlog.get_logger(__name__)

OFFERED = ("yesterday", "today", "7d", "30d")
"""Periods that the buttons below a digest offer."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A digest with its charts (PNG), or with the reason why there are none."""

    digest: Digest
    charts: tuple[bytes, ...] = ()
    problem: str = ""


def draw(digest: Digest, words: FigureWords, data_dir: Path) -> Drawn:
    """Draw the charts of a digest. Takes a second or two in a child process: call it outside of any transaction."""
    try:
        return Drawn(digest, tuple(render(chart_specs(digest, words), data_dir / "tmp" / "charts")))
    except ChartsFailed as error:
        log.error("charts_failed", reason=str(error))
        return Drawn(digest, problem=str(error))


def digest_reply(
    session: Session, drawn: Drawn, files: Files, words: FigureWords, *, offer: bool = True, private: bool = False
) -> Reply:
    """The whole message; the charts are kept as files within the transaction of `session`."""
    digest = drawn.digest
    names = (words.say("digest.volume_file"), words.say("digest.intents_file"))
    pictures = tuple(
        files.save(session, picture, f"{name}.png", "image/png")
        for picture, name in zip(drawn.charts, names, strict=False)
    )
    lines = _lines(digest, words)
    if drawn.problem:
        lines.append(words.say("digest.no_charts", reason=drawn.problem))
    choices = tuple(Choice(label=words.say(f"digest.offers.{o}"), value=f"digest_now:{o}") for o in OFFERED)
    return Reply(
        text="\n".join(lines),
        table=_table(digest, words),
        files=pictures,
        choices=choices if offer else (),
        private=private,
    )


# --- text -----------------------------------------------------------------------------------------------------------
def _lines(digest: Digest, words: FigureWords) -> list[str]:
    title = words.say("digest.title", period=words.period(digest.period), before=words.compared(digest.compared))
    return [title, *_notable(digest, words), *_wanted(digest, words), *_unhappy(digest, words)]


def _notable(digest: Digest, words: FigureWords) -> list[str]:
    told = [f"• {_told(line, words)}" for line in digest.notable]
    if told:
        return [words.say("digest.notable"), *told]
    if not digest.unhappy:
        return [words.say("digest.nothing_notable")]
    return [words.say("digest.usual_figures")]


def _told(line: DigestLine, words: FigureWords) -> str:
    figure = line.figure
    told = words.say(
        "digest.moved",
        metric=words.metric(figure.metric),
        value=words.value(figure.unit, figure.value),
        change=words.change(line),
    )
    if line.driver is None:
        return told
    part = words.part(line.driver.dimension, line.driver.key)
    return told + words.say("digest.driver", part=part, share=round(line.driver.share * 100))


def _wanted(digest: Digest, words: FigureWords) -> list[str]:
    if not digest.intents:
        return []
    parts = [
        f"{words.part('intent', line.intent)} {line.count} ({_difference(line.count, line.before)})"
        for line in digest.intents
    ]
    return [words.say("digest.wanted", intents=" · ".join(parts))]


def _unhappy(digest: Digest, words: FigureWords) -> list[str]:
    if not digest.unhappy:
        return [words.say("digest.nobody_unhappy", period=words.period(digest.mood_period))]
    told = [
        words.say(
            "digest.unhappy_one",
            name=one.name,
            number=one.number,
            spend=wording.money(one.spend_minor, one.currency, words.language),
            mood=words.value("mood", one.mood_milli),
            messages=one.messages,
        )
        for one in digest.unhappy
    ]
    return [words.say("digest.unhappy", period=words.period(digest.mood_period)), *(f"• {line}" for line in told)]


def _table(digest: Digest, words: FigureWords) -> Table:
    rows = tuple(
        (
            words.metric(line.figure.metric),
            words.value(line.figure.unit, line.figure.value),
            words.value(line.before.unit or line.figure.unit, line.before.value),
            words.change(line),
        )
        for line in digest.lines
    )
    columns = tuple(words.say(f"digest.columns.{name}") for name in ("figure", "now", "before", "change"))
    return Table(columns=columns, rows=rows, note=words.say("digest.note", zone=digest.period.zone))


# --- charts ---------------------------------------------------------------------------------------------------------
def chart_specs(digest: Digest, words: FigureWords) -> list[ChartSpec]:
    """Messages and mood by day; what was wanted. The second is left out when nothing was."""
    charts = [_volume(digest, words)]
    if digest.intents:
        charts.append(_intents(digest, words))
    return charts


def _volume(digest: Digest, words: FigureWords) -> ChartSpec:
    line = digest.line("messages")
    return ChartSpec(
        kind="days",
        title=words.say("digest.volume_title", days=len(digest.days)),
        subtitle=words.say(
            "digest.volume_subtitle",
            period=words.period(digest.period),
            value=words.value("count", line.figure.value),
            change=words.change(line),
        ),
        labels=[words.short_day(point.day) for point in digest.days],
        values=[point.messages for point in digest.days],
        line=[None if point.mood_milli is None else point.mood_milli / 1000 for point in digest.days],
        line_title=words.say("digest.mood_title"),
        ends=(words.say("digest.low"), words.say("digest.high")),
        marked=len(digest.days) - 1 if digest.period.days == 1 else None,
    )


def _intents(digest: Digest, words: FigureWords) -> ChartSpec:
    return ChartSpec(
        kind="bars",
        title=words.say("digest.intents_title"),
        subtitle=words.say(
            "digest.intents_subtitle", period=words.period(digest.period), before=words.compared(digest.compared)
        ),
        labels=[words.part("intent", line.intent) for line in digest.intents],
        values=[line.count for line in digest.intents],
        notes=[_difference(line.count, line.before) for line in digest.intents],
        marked=0,
    )


def _difference(now: int, before: int) -> str:
    return "±0" if now == before else f"{now - before:+,d}".replace("-", "−")
