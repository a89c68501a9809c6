"""Segments made by managers: conditions kept under a name after a yes, renamed, retired, and each of it taken back."""

from collections.abc import Callable

from bot import wording
from bot.handlers.agent.asking import confirming, declined, undo
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.segment_reading import in_words, meaning, wish
from bot.messages import Choice, Reply
from crm_core.analytics.segments.store import NameTaken, NotRetirable, tidy_name
from crm_core.query.conditions import Conditions
from crm_core.staff.segments import SegmentView, is_in

INTENT = "segment_create"


def segment_create(turn: ManagerTurn) -> Reply:
    """Keep customers by conditions under a name; also the buttons below a segment."""
    if turn.message.kind == "button" and turn.argument:
        return _pressed(turn)
    if declined(turn):
        return turn.reply("agent.nothing_done")
    if turn.question:
        return _answered(turn)
    said = wish(turn)
    shown = turn.memory.shown("segment")
    if said.name and not said.conditions.all and said.last and turn.memory.shown("answer") == "segments" and shown:
        return _renamed(turn, int(shown), said.name)
    conditions = said.conditions
    if not conditions.all and said.last and turn.memory.shown("answer") == "customers":
        conditions = Conditions.load(turn.memory.shown("query") or conditions.dump())
    return _understood(turn, said.name, conditions)


def _understood(turn: ManagerTurn, name: str, conditions: Conditions) -> Reply:
    """Ask for what is missing, else whether to save it."""
    if not conditions.all:
        turn.ask("text", INTENT, name=name)
        if conditions.unused:
            words = turn.say("agent.query.quoted").join(conditions.unused)
            return turn.reply("segments.not_understood", words=words)
        return turn.reply("segments.which")
    if not name:
        turn.ask("text", INTENT, conditions=conditions.dump())
        lines = [turn.say("segments.called", conditions=in_words(turn, conditions)), *_unused(turn, conditions)]
        return Reply(text="\n".join(lines))
    count = turn.store.segments.count(conditions)
    turn.ask("confirm", INTENT, name=name, conditions=conditions.dump())
    lines = [turn.say("segments.confirm", name=name, conditions=in_words(turn, conditions), count=count)]
    if any(one.moves for one in conditions.all):
        lines.append(turn.say("segments.moves"))
    if conditions.limit:
        lines.append(turn.say("segments.no_limit"))
    lines += _unused(turn, conditions)
    return Reply(text="\n".join(lines), choices=confirming(turn))


def _unused(turn: ManagerTurn, conditions: Conditions) -> list[str]:
    """What was said and is no condition, said at once."""
    if not conditions.unused:
        return []
    return [turn.say("agent.query.unused", words=turn.say("agent.query.quoted").join(conditions.unused))]


def _answered(turn: ManagerTurn) -> Reply:
    """A yes to what was asked, or the name or the conditions that were missing."""
    slots, confirmed = turn.slots, turn.understanding.first("confirmed")
    if "retire" in slots:
        return _retired(turn, int(slots["retire"])) if confirmed else turn.reply("agent.nothing_done")
    if "rename" in slots:
        return _renamed(turn, int(slots["rename"]), wish(turn).name or tidy_name(turn.understanding.text))
    if "conditions" not in slots:
        said = wish(turn)
        return _understood(turn, str(slots.get("name", "")) or said.name, said.conditions)
    conditions = Conditions.load(slots["conditions"])
    if not slots.get("name"):
        return _understood(turn, wish(turn).name or tidy_name(turn.understanding.text), conditions)
    return _saved(turn, str(slots["name"]), conditions) if confirmed else turn.reply("agent.nothing_done")


def _saved(turn: ManagerTurn, name: str, conditions: Conditions) -> Reply:
    try:
        segment = turn.store.segments.save(name, conditions)
    except NameTaken as error:
        turn.ask("text", INTENT, conditions=conditions.dump())
        return _taken(turn, name, error)
    show(turn, segment)
    size = turn.store.segments.size(segment.segment_id)
    moment = wording.moment(turn.now, turn.language, turn.speaker.zone)
    text = turn.say("segments.saved", name=segment.called(turn.language), count=size.count, moment=moment)
    if segment.computed_at is None:
        text += "\n" + turn.say("segments.stored_tonight")
    choices = undo(turn, f"{INTENT}:drop:{segment.segment_id}")
    return Reply(text=text, choices=(*choices, *buttons(turn, segment)))


def _taken(turn: ManagerTurn, name: str, error: NameTaken) -> Reply:
    key = "segments.taken_retired" if error.retired else "segments.taken"
    back = Choice(label=turn.say("segments.bring_back"), value=f"{INTENT}:restore:{error.segment_id}")
    return Reply(text=turn.say(key, name=tidy_name(name)), choices=(back,) if error.retired else ())


# --- buttons --------------------------------------------------------------------------------------------------------
def buttons(turn: ManagerTurn, segment: SegmentView) -> tuple[Choice, ...]:
    """What can be done with a segment that is shown."""
    key = segment.segment_id
    choices = [
        Choice(label=turn.say("segments.list"), value="list_customers:more:0"),
        Choice(label=turn.say("segments.rename"), value=f"{INTENT}:rename:{key}"),
    ]
    if segment.kind == "rule":
        choices.append(Choice(label=turn.say("segments.retire"), value=f"{INTENT}:retire:{key}", style="danger"))
    return tuple(choices)


def show(turn: ManagerTurn, segment: SegmentView) -> None:
    """Remember the segment that is shown, so that "it", "list them" and the buttons mean it."""
    turn.memory.show("segment", segment.segment_id)
    turn.memory.show("answer", "segments")
    turn.memory.show("query", is_in(segment).dump())


def _pressed(turn: ManagerTurn) -> Reply:
    action, _, digits = turn.argument.partition(":")
    act = _ACTIONS.get(action)
    if act is None or not digits.isdecimal() or len(digits) > 19:
        return turn.reply("agent.too_late")
    return act(turn, int(digits))


def _ask_to_retire(turn: ManagerTurn, segment_id: int) -> Reply:
    segment = turn.store.segments.with_id(segment_id)
    if segment is None:
        return turn.reply("segments.gone")
    turn.ask("confirm", INTENT, retire=segment_id)
    text = turn.say("segments.confirm_retire", name=segment.called(turn.language), conditions=meaning(turn, segment))
    return Reply(text=text, choices=confirming(turn, danger=True))


def _retired(turn: ManagerTurn, segment_id: int) -> Reply:
    try:
        segment = turn.store.segments.retire(segment_id)
    except NotRetirable as error:
        return turn.reply("segments.not_retirable", used_by=wording.listed(error.used_by, turn.language) or "–")
    turn.memory.forget("segment")
    text = turn.say("segments.retired", name=segment.called(turn.language))
    return Reply(text=text, choices=undo(turn, f"{INTENT}:restore:{segment_id}"))


def _restored(turn: ManagerTurn, segment_id: int) -> Reply:
    segment = turn.store.segments.restore(segment_id)
    show(turn, segment)
    count = turn.store.segments.size(segment_id).count
    text = turn.say("segments.restored", name=segment.called(turn.language), count=count)
    return Reply(text=text, choices=buttons(turn, segment))


def _ask_name(turn: ManagerTurn, segment_id: int) -> Reply:
    segment = turn.store.segments.with_id(segment_id)
    if segment is None:
        return turn.reply("segments.gone")
    turn.ask("text", INTENT, rename=segment_id)
    return turn.reply("segments.new_name", name=segment.called(turn.language))


def _renamed(turn: ManagerTurn, segment_id: int, name: str) -> Reply:
    before = turn.store.segments.with_id(segment_id)
    if before is None or not name:
        return turn.reply("segments.gone" if before is None else "agent.nothing_done")
    try:
        segment = turn.store.segments.rename(segment_id, name)
    except NameTaken as error:
        turn.ask("text", INTENT, rename=segment_id)
        return _taken(turn, name, error)
    show(turn, segment)
    turn.memory.show("renamed", {"segment": segment_id, "old": before.called(turn.language), "new": segment.name})
    text = turn.say("segments.renamed", old=before.called(turn.language), new=segment.called(turn.language))
    return Reply(text=text, choices=undo(turn, f"{INTENT}:unname:{segment_id}"))


def _named_back(turn: ManagerTurn, segment_id: int) -> Reply:
    """The name before, unless somebody gave it another one since."""
    last, segment = turn.memory.shown("renamed"), turn.store.segments.with_id(segment_id)
    if not isinstance(last, dict) or segment is None or (last["segment"], last["new"]) != (segment_id, segment.name):
        return turn.reply("agent.too_late")
    turn.memory.forget("renamed")
    return _renamed(turn, segment_id, str(last["old"]))


_ACTIONS: dict[str, Callable[[ManagerTurn, int], Reply]] = {
    "drop": _retired,
    "retire": _ask_to_retire,
    "restore": _restored,
    "rename": _ask_name,
    "unname": _named_back,
}
