"""What is said in public, in words: figures, then the loudest and the newest posts, each with a link to it."""

from collections.abc import Mapping, Sequence

from bot import wording
from bot.figures import FigureWords
from bot.messages import Choice, Reply, Table
from crm_core.reports.digest import DigestLine
from crm_core.reports.evidence import Row
from crm_core.reports.mentions import Mentions
from crm_core.reports.metrics import Values
from crm_core.reports.periods import Period

LONGEST = 300
PARTS = 5
LINKS = 3
ABOUT = ("brand", "product")
"""Dimensions that say what posts are about; the others narrow these."""


def mentions_reply(
    found: Mentions, period: Period, compared: Period, only: Values, without: Values, words: FigureWords
) -> Reply:
    """The answer to "what is said about …"."""
    told = words.say(
        "mentions.title", about=about(only, words), period=words.period(period), before=words.compared(compared),
        count=words.value("count", found.count.figure.value), change=words.change(found.count),
    )  # fmt: skip
    lines = [told, *_narrowed(only, without, words)]
    if not found.count.figure.value:
        return Reply(text="\n".join([*lines, words.say("mentions.nothing")]))
    lines.append(words.say("mentions.networks", told=_parts(found.networks, "network", words, changes=True)))
    if found.mood is not None and found.mood.figure.value is not None:
        feelings = _parts(found.feelings, "feeling", words)
        mood, before = (words.value("mood", each.value) for each in (found.mood.figure, found.mood.before))
        lines.append(words.say("mentions.mood", mood=mood, before=before, told=feelings))
    needs = _parts(found.needs, "need", words)
    lines += [words.say("mentions.needs", told=needs)] if needs else []
    lines += [words.say("mentions.repeats", count=found.repeats)] if found.repeats else []
    rows = [("loud", row) for row in found.loudest] + [("new", row) for row in found.newest]
    return Reply(
        text="\n".join(lines), table=posts_table(rows, period.zone, words), choices=links(found.loudest, words)
    )


def about(only: Values, words: FigureWords) -> str:
    """What posts are about, in words."""
    named = [words.part(name, value) for name in ABOUT for value in only.get(name, ())]
    return wording.listed(named, words.language) if named else words.say("mentions.anybody")


def posts_table(rows: Sequence[tuple[str, Row]], zone: str, words: FigureWords) -> Table:
    """Posts as a table; the first of each pair says why it is shown, "" for no reason."""
    names = ("when", "network", "author", "text")
    told = tuple(
        (
            wording.moment(row.at, words.language, zone), words.part("network", row.channel),
            row.customer, f"{_mark(why, row, words)}{said(row, words)}",
        )
        for why, row in rows
    )  # fmt: skip
    return Table(columns=tuple(words.say(f"evidence.columns.{name}") for name in names), rows=told)


def said(row: Row, words: FigureWords) -> str:
    """What a post or a message says and shows, cut where it is long, and how many more say or show the same."""
    parts = [words.say("mentions.transcribed")] if row.transcribed else []
    parts += [_cut(row.text) or "–"]
    parts += [words.say("mentions.in_picture", text=_cut(row.in_picture))] if row.in_picture else []
    parts += [words.say("mentions.same_picture", count=row.same_picture)] if row.same_picture else []
    parts += [words.say("mentions.alike", count=row.alike)] if row.alike else []
    return " ".join(parts)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text[:LONGEST] + ("…" if len(text) > LONGEST else "")


def links(rows: Sequence[Row], words: FigureWords) -> tuple[Choice, ...]:
    """Buttons that open posts."""
    return tuple(
        Choice(
            label=words.say("mentions.open", place=place, network=words.part("network", row.channel)),
            value="show_evidence", link=row.url,
        )
        for place, row in enumerate(rows[:LINKS], start=1) if row.url
    )  # fmt: skip


def _mark(why: str, row: Row, words: FigureWords) -> str:
    return words.say(f"mentions.{why}", loud=f"{row.loud:,}") + " " if why else ""


def _narrowed(only: Values, without: Values, words: FigureWords) -> list[str]:
    rest: Mapping[str, Sequence[str]] = {name: values for name, values in only.items() if name not in ABOUT}
    told = []
    for key, chosen in (("only", rest), ("without", without)):
        values = [words.part(dimension, value) for dimension, each in chosen.items() for value in each]
        told += [words.say(f"figures.{key}", values=words.say("figures.and").join(values))] if values else []
    return told


def _parts(line: DigestLine, dimension: str, words: FigureWords, *, changes: bool = False) -> str:
    """The greatest parts with their counts, and how much each changed."""
    then = {row.key: row.value or 0 for row in line.before.rows}
    told = []
    for row in [row for row in line.figure.rows if row.key is not None][:PARTS]:
        part = f"{words.part(dimension, row.key)} {words.value('count', row.value)}"
        change = (row.value or 0) - then.get(row.key, 0)
        told.append(f"{part} ({words.signed(change, 0) if change else '±0'})" if changes else part)
    return words.say("mentions.separator").join(told)
