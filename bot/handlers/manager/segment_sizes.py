"""How many are in a segment: now, against a week and a month ago, and who came and left; or of all segments."""

from dataclasses import replace

from bot import wording
from bot.handlers.agent.asking import argument
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.segment_reading import in_words, meaning, mentioned, said_conditions, unknown
from bot.handlers.manager.segments import buttons, show
from bot.messages import Choice, Reply, Table
from crm_core.query import Conditions
from crm_core.staff_segments import SegmentSize, SegmentView, is_in

MOST_ROWS = 30


def segment_size(turn: ManagerTurn) -> Reply:
    """The size of the segment that is named or was shown last, of whoever fits some conditions, or of all segments."""
    asked = argument(turn, "show")
    if asked is not None:
        segment = turn.store.segments.with_id(int(asked)) if asked.isdecimal() and len(asked) < 20 else None
        return _one(turn, segment) if segment else turn.reply("segments.gone")
    named, said = mentioned(turn), said_conditions(turn)
    if said.all:
        segments = tuple(one for segment in named for one in is_in(segment).all)
        return _fitting(turn, replace(said, all=(*segments, *said.all)))
    if len(named) == 1:
        return _one(turn, named[0])
    last = turn.memory.shown("segment")
    refers = turn.understanding.first("reference") is not None or not said.unused
    if not named and refers and isinstance(last, int) and turn.memory.shown("answer") == "segments":
        segment = turn.store.segments.with_id(last)
        if segment is not None:
            return _one(turn, segment)
    if not named and refers and turn.memory.shown("answer") == "customers":
        return _fitting(turn, Conditions.load(turn.memory.shown("query") or said.dump()))
    reply = _table(turn, named or turn.store.segments.all())
    strange = unknown(said) if not named else ()
    if strange:
        words = turn.say("agent.query.quoted").join(strange)
        reply = reply.model_copy(update={"text": turn.say("segments.unknown", words=words) + "\n" + reply.text})
    return reply


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


def _table(turn: ManagerTurn, segments: list[SegmentView]) -> Reply:
    if not segments:
        return turn.reply("segments.none")
    sizes = [turn.store.segments.size(one.segment_id) for one in segments[:MOST_ROWS]]
    turn.memory.forget("segment")
    turn.memory.show("answer", "segments")
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
    return Reply(text=turn.say("segments.all", moment=moment), table=Table(columns=columns, rows=rows, note=note))


def _changes(size: SegmentSize) -> tuple[str, str]:
    by_days = {one.days: _change(size.count - one.count) for one in size.before}
    return by_days.get(7, "–"), by_days.get(30, "–")


def _change(change: int) -> str:
    return "±0" if not change else f"{change:+,}".replace("-", "−")


def _share(count: int, everybody: int) -> int:
    return round(100 * count / everybody) if everybody else 0
