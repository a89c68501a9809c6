"""What staff write to a record: notes, tags and tasks. Each answer says what was kept and offers to take it back."""

from datetime import datetime, timedelta

from bot import wording
from bot.handlers.agent import reading
from bot.handlers.agent.asking import (
    Asked,
    StaffTurn,
    argument,
    asked,
    declined,
    hushed,
    label,
    named,
    present,
    several,
    undo,
    whom,
)
from bot.handlers.agent.customers import show_timeline
from bot.messages import Reply
from crm_core.staff.store import Brief
from nlu.entities.impossible_days import impossible_day

HIGHEST_ID = 2**63 - 1


def add_note(turn: StaffTurn) -> Reply:
    """Keep a note on a customer: the one named before the note, else the one shown last."""
    if argument(turn, "undo") is not None:
        return _taken_back(turn, turn.store.remove_note(_id(turn)), "agent.notes.removed")
    if declined(turn):
        return turn.reply("agent.nothing_done")
    wanted = asked(turn)
    if reading.wants_to_see_notes(wanted.text):
        return show_timeline(turn)
    answer = turn.question is not None
    head, body = ("", wanted.text) if answer else reading.note(wanted.text, turn.message.kind == "command")
    who = _meant(turn, wanted, head, body)
    if isinstance(who, Reply):
        return who
    if not body.strip():
        turn.ask("prose", "add_note", number=who.number)
        return turn.reply("agent.notes.what", who=label(turn, who))
    note_id = turn.store.add_note(who.customer_id, body)
    turn.memory.show("customer", who.customer_id)
    text = turn.say("agent.notes.kept", who=label(turn, who), text=body.strip())
    return hushed(turn, Reply(text=text, choices=undo(turn, f"add_note:undo:{note_id}")))


def tag_customer(turn: StaffTurn) -> Reply:
    """Put tags on a customer, or take them off."""
    undone = argument(turn, "undo")
    if undone is not None:
        return _untagged(turn, undone)
    if declined(turn):
        return turn.reply("agent.nothing_done")
    wanted = asked(turn)
    asked_for = turn.question is not None
    tags, remove = reading.tags(wanted.text, wanted.entities, answer=asked_for, command=turn.message.kind == "command")
    remove = remove or bool(turn.slots.get("remove"))
    who = _meant(turn, wanted, reading.without(wanted.text, tags))
    if isinstance(who, Reply):
        return who
    if not tags:
        turn.ask("text", "tag_customer", number=who.number, remove=remove)
        return turn.reply("agent.tags.which", who=label(turn, who))
    turn.memory.show("customer", who.customer_id)
    return _tagged(turn, who, tags, remove)


def _tagged(turn: StaffTurn, who: Brief, tags: list[str], remove: bool) -> Reply:
    change = turn.store.remove_tags if remove else turn.store.add_tags
    changed = change(who.customer_id, tags)
    said = wording.listed(changed or tags, turn.language)
    if not changed:
        key = "agent.tags.not_there" if remove else "agent.tags.known"
        return hushed(turn, turn.reply(key, who=label(turn, who), tags=said))
    turn.memory.show("tags", {"number": who.number, "tags": changed, "removed": remove})
    text = turn.say("agent.tags.removed" if remove else "agent.tags.added", who=label(turn, who), tags=said)
    return hushed(turn, Reply(text=text, choices=undo(turn, f"tag_customer:undo:{who.number}")))


def _untagged(turn: StaffTurn, number: str) -> Reply:
    """Take back the last change of tags of this customer in this conversation."""
    last = turn.memory.shown("tags")
    who = turn.store.numbered(int(number)) if number.isdigit() and len(number) < 12 else None
    if who is None or not isinstance(last, dict) or last["number"] != who.number:
        return turn.reply("agent.too_late")
    turn.memory.show("tags", None)
    change = turn.store.add_tags if last["removed"] else turn.store.remove_tags
    said = wording.listed(change(who.customer_id, last["tags"]), turn.language)
    return hushed(turn, turn.reply("agent.tags.undone", who=label(turn, who), tags=said))


def add_task(turn: StaffTurn) -> Reply:
    """Give oneself a task, with a due time if one was said and a customer if one is meant."""
    if argument(turn, "undo") is not None:
        return _taken_back(turn, turn.store.tasks.remove(_id(turn)), "agent.tasks.removed")
    if declined(turn):
        return turn.reply("agent.nothing_done")
    wanted = asked(turn)
    who = _concerned(turn, wanted)
    if isinstance(who, Reply):
        return who
    impossible = impossible_day(wanted.text)
    if impossible:
        return turn.reply("common.no_such_day", day=impossible)
    due = due_at(wanted, turn.now, turn.speaker.zone)
    title = reading.task(wanted.text, wanted.entities)
    if not title:
        turn.ask("prose", "add_task", **({"number": who.number} if who else {}))
        return turn.reply("agent.tasks.what")
    task_id = turn.store.tasks.add(title, due, who.customer_id if who else None)
    when = wording.moment(due, turn.language, turn.speaker.zone) if due else turn.say("agent.tasks.no_date")
    about = turn.say("agent.tasks.about", who=label(turn, who)) if who else ""
    text = turn.say("agent.tasks.kept", title=title, when=when, about=about).strip()
    return hushed(turn, Reply(text=text, choices=undo(turn, f"add_task:undo:{task_id}")))


def due_at(wanted: Asked, now: datetime, zone: str) -> datetime | None:
    """When a task is due: the moment said, nine in the morning of the day said, or so much later."""
    moment, later = wanted.first("datetime"), wanted.first("duration")
    if isinstance(moment, str):
        return datetime.fromisoformat(moment)
    if isinstance(later, dict) and later:
        return now + timedelta(**later)
    said = wanted.first("date_range")
    if isinstance(said, dict) and (said.get("start") or said.get("end")):
        return reading.working_hour(str(said.get("start") or said["end"]), now, zone)
    return None


def _concerned(turn: StaffTurn, wanted: Asked) -> Brief | Reply | None:
    """The customer a task is about, if one is named or referred to."""
    who = whom(turn, wanted, guess=False)
    if not isinstance(who, Reply):
        if wanted.number or wanted.first("reference") or _is_named(turn, wanted):
            return who
        return None
    return who if who.choices else None


def _is_named(turn: StaffTurn, wanted: Asked) -> bool:
    known = present(turn)
    found = turn.store.mentioned(wanted.text, turn.services.names)
    hinted = any(wanted.all(name) for name in ("person_name", "company", "customer_id", "phone", "email", "handle"))
    return bool(found) or known is None or hinted


def _meant(turn: StaffTurn, wanted: Asked, head: str, body: str = "") -> Brief | Reply:
    """The customer named in the head of the request, else in what is to be kept, else the one shown last."""
    if body and wanted.first("reference") != "person" and not named(turn, wanted, head):
        found = turn.store.mentioned(body, turn.services.names)
        if found:
            return found[0] if len(found) == 1 else several(turn, wanted, found)
    return whom(turn, wanted, said=head, guess=bool(head.strip()))


def _id(turn: StaffTurn) -> int:
    digits = turn.argument.rpartition(":")[2]
    return min(int(digits), HIGHEST_ID) if digits.isdigit() and len(digits) < 20 else 0


def _taken_back(turn: StaffTurn, done: bool, key: str) -> Reply:
    return turn.reply(key if done else "agent.too_late")
