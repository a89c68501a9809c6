"""The digest as a message: what stands out with what to do next, every figure with its change, charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from bot import drawing
from bot.digest_parts import PARTS, Line, Scope, Section
from bot.figures import FigureWords
from bot.files import Files
from bot.messages import Choice, Reply, Table
from crm_core.analytics.child import ChildFailed
from crm_core.reports.digest import Digest, build_digest
from crm_core.reports.periods import Period

OFFERED = ("yesterday", "today", "7d", "30d")
"""Periods that the buttons below a digest offer."""
MOST_NOTABLE = 6
MARKS = "①②③④⑤⑥"
"""What ties a line to its button."""
WITH_BUTTONS = ("slack", "web", "console")
"""Where staff work: there buttons are pressed, and customers are called by name."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A digest in words; its charts are not drawn yet."""

    digest: Digest
    sections: tuple[Section, ...]

    @property
    def notable(self) -> tuple[Line, ...]:
        """What stands out, of all parts."""
        return tuple(line for section in self.sections for line in section.notable)[:MOST_NOTABLE]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A digest with its charts (title and PNG), or with the reason why there are none."""

    gathered: Gathered
    charts: tuple[tuple[str, bytes], ...] = ()
    problem: ChildFailed | None = None


def gather(
    session: Session,
    period: Period,
    compared: Period | None,
    words: FigureWords,
    *,
    parts: Sequence[str] = (),
    names: bool = True,
) -> Gathered:
    """Ask the database for everything that a digest of these parts (all, if none is named) says."""
    digest = build_digest(session, period, compared)
    scope = Scope(session, digest, words.rounded(), names)
    wanted = [part for name, part in PARTS.items() if not parts or name in parts]
    return Gathered(digest, tuple(part.make(scope) for part in wanted))


def draw(gathered: Gathered, data_dir: Path) -> Drawn:
    """Draw the charts of a digest. Takes a second or two in a child process: call it outside of any transaction."""
    specs = [chart for section in gathered.sections for chart in section.charts]
    pictures = drawing.drawn(specs, data_dir)
    titles = (spec.title for spec in specs)
    return Drawn(gathered, tuple(zip(titles, pictures.images, strict=False)), pictures.problem)


def digest_reply(
    session: Session,
    drawn: Drawn,
    files: Files,
    words: FigureWords,
    *,
    offer: bool = True,
    private: bool = False,
    channel: str = "slack",
    foot: str = "",
) -> Reply:
    """The whole message; the charts are kept as files within the transaction of `session`.

    Args:
        channel: where it goes; without buttons there, what they would do is said in words.
        foot: why it came, and how to change that.
    """
    gathered, words = drawn.gathered, words.rounded()
    buttons = channel in WITH_BUTTONS
    pictures = tuple(files.save(session, picture, f"{title}.png", "image/png") for title, picture in drawn.charts)
    title = words.say("digest.title", period=words.period(gathered.digest.period))
    lines = [title, words.say("digest.compared", before=words.compared(gathered.digest.compared))]
    lines += ["", *_notable(gathered, words, buttons=buttons)]
    lines += [line for section in gathered.sections if section.told for line in ("", *section.told)]
    if drawn.problem:
        lines.append(words.say("digest.no_charts", reason=words.failed(drawn.problem)))
    lines += ["", foot] if foot else []
    periods = tuple(Choice(label=words.say(f"digest.offers.{o}"), value=f"digest_now:{o}") for o in OFFERED)
    return Reply(
        text="\n".join(lines),
        subject=title,
        table=_table(gathered, words),
        files=pictures,
        choices=(_actions(gathered) + (periods if offer else ())) if buttons else (),
        private=private,
    )


def _notable(gathered: Gathered, words: FigureWords, *, buttons: bool) -> list[str]:
    told = []
    for mark, line in zip(MARKS, gathered.notable, strict=False):
        told.append(f"{mark} {line.text}")
        if line.action and not buttons:
            told.append("   " + words.say("digest.ask", ask=line.action.ask))
    if told:
        return [words.say("digest.notable"), *told]
    return [_nothing(gathered, words)]


def _nothing(gathered: Gathered, words: FigureWords) -> str:
    """That nothing stands out, and why: what came nearest to it."""
    figures = [figure for section in gathered.sections for figure in section.figures]
    nearest = max(figures, key=lambda line: line.surprise, default=None)
    if nearest is None or not nearest.surprise:
        return words.say("digest.nothing_notable")
    return words.say(
        "digest.nearest",
        metric=words.metric(nearest.figure.metric),
        value=words.value(nearest.figure.unit, nearest.figure.value),
        change=words.change(nearest),
        usual=words.amount(nearest.figure.unit, nearest.usual),
    )


def _actions(gathered: Gathered) -> tuple[Choice, ...]:
    return tuple(
        Choice(label=f"{mark} {line.action.label}", value=line.action.value, style="primary")
        for mark, line in zip(MARKS, gathered.notable, strict=False)
        if line.action
    )


def _table(gathered: Gathered, words: FigureWords) -> Table | None:
    rows = tuple(
        (
            words.metric(line.figure.metric),
            words.value(line.figure.unit, line.figure.value),
            words.value(line.before.unit or line.figure.unit, line.before.value),
            words.change(line),
        )
        for section in gathered.sections
        for line in section.figures
    )
    if not rows:
        return None
    columns = tuple(words.say(f"digest.columns.{name}") for name in ("figure", "now", "before", "change"))
    return Table(columns=columns, rows=rows, note=words.say("digest.note", zone=gathered.digest.period.zone))
