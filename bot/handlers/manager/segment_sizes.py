"""How many are in a segment: now, against a week and a month ago, and who came and left; or of all segments."""

from collections.abc import Sequence
from dataclasses import replace

from bot import wording
from bot.handlers.agent.asking import argument
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.pictures import Picture, illustrated, preparation, shown
from bot.handlers.manager.segment_reading import (
    in_words,
    meaning,
    mentioned,
    said_conditions,
    shortened,
    unknown,
)
from bot.handlers.manager.segments import buttons, show
from bot.messages import Choice, Reply, Table
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.query.conditions import Conditions
from crm_core.staff.segments import SIZES_RIGHT, SegmentSize, SegmentView, is_in

MOST_ROWS = 20
KINDS = ("rfm", "cluster", "rule")
"""The order in which kinds of segments are told."""
Ids = tuple[int, ...]


def segment_size(turn: ManagerTurn) -> Reply:
    """The size of the segment that is named or was shown last, of whoever fits some conditions, or of all segments."""
    asked = argument(turn, "show")
    if asked is not None:
        segment = turn.store.segments.with_id(int(asked)) if asked.isdecimal() and len(asked) < 20 else None
        return _one(turn, segment) if segment else turn.reply("segments.gone")
    meant = _meant(turn)
    if isinstance(meant, Conditions):
        return _fitting(turn, meant)
    if isinstance(meant, SegmentView):
        return _one(turn, meant)
    reply = _table(turn, meant)
    strange = unknown(said_conditions(turn)) if not mentioned(turn) else ()
    if strange:
        words = turn.say("agent.query.quoted").join(strange)
        reply = reply.model_copy(update={"text": turn.say("segments.unknown", words=words) + "\n" + reply.text})
    return reply


def _meant(turn: ManagerTurn) -> Conditions | SegmentView | tuple[SegmentView, ...]:
    """Whose number is asked for: of who fits conditions, of one segment, or of several."""
    named, said = mentioned(turn), said_conditions(turn)
    if said.all:
        segments = tuple(one for segment in named for one in is_in(segment).all)
        return replace(said, all=(*segments, *said.all))
    if named:
        return named[0] if len(named) == 1 else tuple(named)
    last, shown_last = turn.memory.shown("segment"), turn.memory.shown("answer")
    refers = turn.understanding.first("reference") is not None or not said.unused
    if refers and isinstance(last, int) and shown_last == "segments":
        segment = turn.store.segments.with_id(last)
        if segment is not None:
            return segment
    if refers and shown_last == "customers":
        return Conditions.load(turn.memory.shown("query") or said.dump())
    return tuple(turn.store.segments.all())


def _fitting(turn: ManagerTurn, conditions: Conditions) -> Reply:
    """How many fit conditions that are no segment yet."""
    count, everybody = turn.store.segments.count(conditions), turn.store.segments.count(Conditions())
    turn.memory.show("query", conditions.dump())
    turn.memory.show("answer", "customers")
    text = turn.say(
        "segments.fitting", conditions=in_words(turn, conditions), count=count, share=_share(count, everybody)
    )
    left = unknown(conditions)
    if left:
        text += "\n" + turn.say("agent.query.unused", words=turn.say("agent.query.quoted").join(left))
    choices = (
        Choice(label=turn.say("segments.list"), value="list_customers:more:0"),
        Choice(label=turn.say("segments.save"), value="segment_create"),
    )
    return Reply(text=text, choices=choices)


def _one(turn: ManagerTurn, segment: SegmentView) -> Reply:
    size = turn.store.segments.size(segment.segment_id)
    show(turn, segment)
    zone, language = turn.speaker.zone, turn.language
    live = segment.kind == "rule"
    moment = turn.now if live or segment.computed_at is None else segment.computed_at
    lines = [
        turn.say(
            "segments.size", name=segment.called(language), count=size.count, share=_share(size.count, size.everybody),
            moment=wording.moment(moment, language, zone),
        ),
        turn.say("segments.means", meaning=meaning(turn, segment)),
        *_before(turn, size),
    ]  # fmt: skip
    if live and segment.computed_at is not None:
        stored = wording.moment(segment.computed_at, language, zone)
        lines.append(turn.say("segments.live", moment=stored))
    return Reply(text="\n".join(lines), choices=buttons(turn, segment))


def _before(turn: ManagerTurn, size: SegmentSize) -> list[str]:
    if not size.before:
        return [turn.say("segments.no_history")]
    return [
        turn.say(
            "segments.before", days=one.days, count=one.count, change=_change(size.count - one.count),
            joined=one.moves.joined, left=one.moves.left,
        )
        for one in size.before
    ]  # fmt: skip


# --- several --------------------------------------------------------------------------------------------------------
def _listed(turn: ManagerTurn) -> Ids | None:
    """The segments of which a table is asked; None when it is about one alone, or about conditions."""
    meant = () if turn.message.kind == "button" and turn.argument else _meant(turn)
    return _ids(meant) or None if isinstance(meant, tuple) else None


def _ids(segments: Sequence[SegmentView]) -> Ids:
    return tuple(one.segment_id for one in segments[:MOST_ROWS])


def _counted(turn: ManagerTurn, ids: Ids) -> list[SegmentSize]:
    """Their sizes, kind by kind, the largest first."""
    return sorted(turn.store.segments.sizes(ids), key=lambda one: (KINDS.index(one.segment.kind), -one.count))


def _drawn(turn: ManagerTurn, ids: Ids, sizes: Sequence[SegmentSize]) -> list[ChartSpec]:
    chart = ChartSpec(
        kind="bars",
        title=turn.say("segments.picture"),
        subtitle=wording.moment(turn.now, turn.language, turn.speaker.zone),
        labels=[shortened(one.segment.called(turn.language)) for one in sizes],
        values=[one.count for one in sizes],
        notes=[f"{_share(one.count, one.everybody)} %" for one in sizes],
        groups=[_heading(turn, one.segment.kind) for one in sizes],
    )
    return [chart]


def _heading(turn: ManagerTurn, kind: str) -> str:
    word = turn.say(f"segments.kinds.{kind}")
    return word[:1].upper() + word[1:]


def _table(turn: ManagerTurn, segments: Sequence[SegmentView]) -> Reply:
    if not segments:
        return turn.reply("segments.none")
    made = shown(turn, _PICTURE, _ids(segments))
    sizes = made.found
    turn.memory.forget("segment")
    turn.memory.show("answer", "segments")
    turn.memory.show("segments", list(made.question))
    names = ("segment", "kind", "now", "share", "week", "month")
    columns = tuple(turn.say(f"segments.columns.{name}") for name in names)
    rows = tuple(
        (
            size.segment.called(turn.language), turn.say(f"segments.kinds.{size.segment.kind}"), f"{size.count:,}",
            f"{_share(size.count, size.everybody)} %", *_changes(size),
        )
        for size in sizes
    )  # fmt: skip
    more = len(segments) - len(sizes)
    note = words_of(turn).say("figures.more", count=more) if more else ""
    moment = wording.moment(turn.now, turn.language, turn.speaker.zone)
    reply = Reply(text=turn.say("segments.all", moment=moment), table=Table(columns=columns, rows=rows, note=note))
    return illustrated(turn, reply, made, [turn.say("segments.picture")])


def sizes_sheet(turn: ManagerTurn) -> Sheet:
    """The sizes shown last, of one segment or of several, counted anew."""
    last, listed = turn.memory.shown("segment"), turn.memory.shown("segments") or []
    ids = (last,) if isinstance(last, int) else tuple(listed)
    there = [one for one in ids if turn.store.segments.with_id(one)]
    names = ("segment", "kind", "now", "share", "week", "month")
    columns = [turn.say(f"segments.columns.{name}") for name in names]
    rows = [
        (
            one.segment.called(turn.language), turn.say(f"segments.kinds.{one.segment.kind}"), one.count,
            round(100 * one.count / one.everybody, 1) if one.everybody else None, *_numbers(one),
        )
        for one in _counted(turn, tuple(there))
    ]  # fmt: skip
    columns[3] = f"{columns[3]} (%)"
    about = [turn.say("segments.all", moment=wording.moment(turn.now, turn.language, turn.speaker.zone))]
    return Sheet(turn.say("segments.picture"), columns, rows, about)


def _numbers(size: SegmentSize) -> tuple[int | None, int | None]:
    """The change against a week and a month ago."""
    by_days = {one.days: size.count - one.count for one in size.before}
    return by_days.get(7), by_days.get(30)


def _changes(size: SegmentSize) -> tuple[str, str]:
    week, month = _numbers(size)
    return "–" if week is None else _change(week), "–" if month is None else _change(month)


def _change(change: int) -> str:
    return "±0" if not change else f"{change:+,}".replace("-", "−")


def _share(count: int, everybody: int) -> int:
    return round(100 * count / everybody) if everybody else 0


_PICTURE: Picture[Ids, list[SegmentSize]] = Picture(_listed, _counted, _drawn, SIZES_RIGHT)
prepare_sizes = preparation(_PICTURE)
