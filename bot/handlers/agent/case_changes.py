"""Changing cases: closing, reopening, priority, whose it is, until when it sleeps. Every answer says how to undo it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot import wording
from bot.commands import CHINESE_COMMANDS
from bot.handlers.agent import case_reading
from bot.handlers.agent.asking import READ_UP_TO, Asked, StaffTurn, hushed, undo
from bot.handlers.agent.case_meant import cases_meant, keep, short, wanted_now
from bot.handlers.agent.snooze_times import until
from bot.messages import Choice, Reply
from bot.telling import own_chat, tell
from bot.turns import Handler
from crm_core.cases import PRIORITIES
from crm_core.errors import NotAllowed
from crm_core.models import Staff
from crm_core.staff.cases import Changed, Colleague, StaffCase
from crm_core.staff.notifications import may_ping

MOST_NAMED = 12


# --- what is asked for ----------------------------------------------------------------------------------------------
def case_update(turn: StaffTurn) -> Reply:
    """Close a case with the reason, reopen it, change its priority, status, title or topic."""
    pressed = _pressed(turn)
    if pressed is not None:
        return pressed
    wanted = wanted_now(turn)
    if isinstance(wanted, Reply):
        return wanted
    command = CHINESE_COMMANDS.get(turn.message.command, turn.message.command)
    wish = case_reading.wish(wanted.text, wanted.entities, command)
    if _is_given_away(wanted.text):
        return _given(turn, wanted, wish)
    if wish.empty:
        return turn.reply("agent.cases.what_change")
    return _each(turn, wanted, wish, {})


def case_assign(turn: StaffTurn) -> Reply:
    """Give a case to a colleague or to oneself, or take its owner away; a priority said along is set, too."""
    pressed = _pressed(turn)
    if pressed is not None:
        return pressed
    wanted = wanted_now(turn)
    if isinstance(wanted, Reply):
        return wanted
    wish = case_reading.wish(wanted.text, wanted.entities)
    values = {name: value for name, value in wish.values.items() if name == "priority"}
    return _given(turn, wanted, case_reading.Wish(values, wish.steps))


def case_snooze(turn: StaffTurn) -> Reply:
    """Let a case sleep until a moment in the speaker's zone, or wake it now."""
    pressed = _pressed(turn)
    if pressed is not None:
        return pressed
    wanted = wanted_now(turn)
    if isinstance(wanted, Reply):
        return wanted
    meant = cases_meant(turn, wanted)
    if isinstance(meant, Reply):
        return meant
    when = until(wanted, turn.now, turn.speaker.zone, meant[0].snoozed_until)
    if when == "now":
        return _done(turn, wanted, meant, case_reading.Wish({"status": "open"}), {})
    if not isinstance(when, datetime):
        keep(turn, wanted, meant[0].number if len(meant) == 1 else None)
        turn.ask("text", "case_snooze", **{"for": "until"})
        return turn.reply(f"agent.cases.until.{when}")
    values = {"status": "snoozed", "snoozed_until": when}
    return _done(turn, wanted, meant, case_reading.Wish(values), {})


# --- buttons --------------------------------------------------------------------------------------------------------
def _pressed(turn: StaffTurn) -> Reply | None:
    """What a button below a case says: undo, close, reopen, take, to, day or priority; None when none was pressed."""
    if turn.message.kind != "button" or turn.argument.startswith("pick:"):
        return None
    word, _, rest = turn.argument.partition(":")
    if word == "undo":
        return _taken_back(turn, rest)
    digits, _, more = rest.partition(":")
    number = int(digits) if digits.isdigit() and len(digits) < 10 else 0
    values = _button_values(turn, word, more)
    case = turn.store.cases.get(number) if number and values else None
    if case is None or not values:
        return turn.reply("agent.too_late")
    return _done(turn, Asked("", (), number), [case], case_reading.Wish(values), {})


def _button_values(turn: StaffTurn, word: str, more: str) -> dict[str, Any]:
    if word == "day":
        return {"status": "snoozed", "snoozed_until": turn.now + timedelta(days=1)}
    if word == "to" and more.isdigit():
        known = {one.staff_id for one in turn.store.cases.colleagues()}
        return {"owner_id": int(more)} if int(more) in known else {}
    if word == "priority" and more in PRIORITIES:
        return {"priority": more}
    values: dict[str, dict[str, Any]] = {
        "close": {"status": "closed"},
        "reopen": {"status": "open"},
        "take": {"owner_id": turn.speaker.staff_id},
    }
    return values.get(word, {})


def _taken_back(turn: StaffTurn, digits: str) -> Reply:
    key = int(digits) if digits.isdigit() and len(digits) < 20 else 0
    undone = turn.store.cases.take_back(min(key, 2**63 - 1))
    if undone is None:
        return turn.reply("agent.too_late")
    turn.memory.show("case", undone.case.number)
    return hushed(turn, turn.reply("agent.cases.undone", case=short(turn, undone.case), changes=in_words(turn, undone)))


# --- doing it -------------------------------------------------------------------------------------------------------
def _is_given_away(text: str) -> bool:
    """Whether a change says, too, who is to have the case: "... and give it to Sam"."""
    return bool(case_reading.GIVES.search(text))


def _given(turn: StaffTurn, wanted: Asked, wish: case_reading.Wish) -> Reply:
    colleagues = turn.store.cases.colleagues()
    answer = turn.question is not None and turn.slots.get("for") == "whom"
    said = turn.understanding.text if answer else wanted.text
    customers = [one.name for one in turn.store.mentioned(said[:READ_UP_TO], turn.services.names)]
    owner = case_reading.owner(case_reading.without_customers(said, customers, colleagues), colleagues, whole=answer)
    owner_id = turn.speaker.staff_id if owner.me else owner.candidates[0].staff_id if owner.candidates else None
    if len(owner.candidates) == 1 or owner.me or owner.nobody:
        plain = wanted if owner.nobody or owner.me else _without_names(wanted, owner.candidates[0])
        return _each(turn, plain, wish, {"owner_id": owner_id})
    return _ask_whom(turn, wanted, owner, colleagues)


def _ask_whom(turn: StaffTurn, wanted: Asked, owner: case_reading.Owner, colleagues: list[Colleague]) -> Reply:
    """Several fit, or nobody does: the buttons name those who do, or everybody."""
    meant = cases_meant(turn, wanted)
    if isinstance(meant, Reply):
        return meant
    number = meant[0].number
    keep(turn, wanted, number)
    turn.ask("text", turn.understanding.intent, **{"for": "whom"})
    offered = owner.candidates or tuple(colleagues)
    choices = tuple(
        Choice(label=one.name, value=f"case_assign:to:{number}:{one.staff_id}") for one in offered[:MOST_NAMED]
    )
    key = "several" if owner.candidates else "unknown" if owner.said else "nobody"
    names = wording.listed((one.name for one in offered), turn.language)
    return Reply(text=turn.say(f"agent.cases.whom.{key}", said=owner.said, names=names), choices=choices)


def _without_names(wanted: Asked, colleague: Colleague) -> Asked:
    """The words without the new owner's name, which may be a customer's, too."""
    text = wanted.text
    for name in sorted((colleague.name, *colleague.aliases, colleague.name.split()[0]), key=len, reverse=True):
        at = case_reading.find_name(text, name)
        if at is not None:
            text = text[:at] + " " * len(name) + text[at + len(name) :]
    kept = tuple(e for e in wanted.entities if e.name not in ("person_name", "agent_name") or e.text in text)
    return Asked(text, kept, wanted.number)


def _each(turn: StaffTurn, wanted: Asked, wish: case_reading.Wish, more: Mapping[str, Any]) -> Reply:
    reopens = wish.values.get("status") == "open"
    meant = cases_meant(turn, wanted, closed=reopens)
    return meant if isinstance(meant, Reply) else _done(turn, wanted, meant, wish, more)


def _done(
    turn: StaffTurn, wanted: Asked, meant: list[StaffCase], wish: case_reading.Wish, more: Mapping[str, Any]
) -> Reply:
    """Change each case that is meant; a colleague's is offered to be taken over first."""
    confirmed = turn.question is not None and turn.slots.get("for") == "takeover"
    lines, undone = [], list[str]()
    for case in meant:
        values = _values(case, wish, more)
        if not values:
            lines.append(turn.say("agent.cases.as_it_was", case=short(turn, case)))
            continue
        try:
            taking_over = confirmed and case.owner_id not in (None, turn.speaker.staff_id)
            changed = turn.store.cases.change(case.number, values, wish.reason, taking_over=taking_over)
        except NotAllowed:
            return _of_a_colleague(turn, wanted, case)
        turn.memory.show("case", case.number)
        _tell_owner(turn, case, changed)
        told = {"case": short(turn, changed.case), "changes": in_words(turn, changed)}
        if wish.reason:
            lines.append(turn.say("agent.cases.changed_because", **told, reason=wish.reason.rstrip(".。")))
        else:
            lines.append(turn.say("agent.cases.changed", **told))
        undone.append(f"case_update:undo:{changed.change_id}")
    return hushed(turn, Reply(text="\n".join(lines), choices=undo(turn, *undone)))


def _values(case: StaffCase, wish: case_reading.Wish, more: Mapping[str, Any]) -> dict[str, Any]:
    """What is really different from what the case is now."""
    values = {**wish.values, **more}
    if wish.steps:
        place = PRIORITIES.index(case.priority) + wish.steps
        values["priority"] = PRIORITIES[min(max(place, 0), len(PRIORITIES) - 1)]
    if values.get("status") == "closed" and wish.reason:
        values["resolution"] = wish.reason
    if values.get("status") == "closed" == case.status:
        return {}
    return {name: value for name, value in values.items() if getattr(case, name) != value}


def _of_a_colleague(turn: StaffTurn, wanted: Asked, case: StaffCase) -> Reply:
    """Not allowed as long as it is a colleague's; a yes takes it over and goes on."""
    if turn.message.kind == "button":
        choice = Choice(label=turn.say("agent.cases.buttons.take"), value=f"case_assign:take:{case.number}")
        return Reply(text=turn.say("agent.cases.not_yours", number=case.number, name=case.owner), choices=(choice,))
    keep(turn, wanted, case.number)
    turn.ask("confirm", turn.understanding.intent, **{"for": "takeover"})
    choices = (
        Choice(label=turn.say("common.yes"), value="affirm", style="primary"),
        Choice(label=turn.say("common.no"), value="deny"),
    )
    return Reply(text=turn.say("agent.cases.take_over", number=case.number, name=case.owner), choices=choices)


def _tell_owner(turn: StaffTurn, before: StaffCase, changed: Changed) -> None:
    """Whoever gets or loses a case without having done it themselves hears of it in their own chat."""
    if "owner_id" not in changed.fields:
        return
    for staff_id, key in ((changed.case.owner_id, "given_to_you"), (before.owner_id, "taken_from_you")):
        if not staff_id or staff_id == turn.speaker.staff_id:
            continue
        ping = may_ping(turn.store.session.get_one(Staff, staff_id), "case", turn.now, urgent=_is_urgent(changed))
        if ping == "later" and staff_id == changed.case.owner_id:
            turn.store.cases.tell_later(changed.change_id)
        chat = own_chat(turn.store.session, staff_id) if ping == "now" else None
        if chat is None:
            continue
        language = chat.language or "en"
        phrases = turn.services.phrases
        text = phrases(f"agent.cases.{key}", language, case=short(turn, changed.case), name=turn.speaker.name)
        choice = Choice(label=phrases("agent.cases.buttons.show", language), value=f"case_list:show:{before.number}")
        tell(turn.store.session, chat, Reply(text=text, choices=(choice,)), turn.now)


def _is_urgent(changed: Changed) -> bool:
    return changed.case.priority == "urgent"


# --- words ----------------------------------------------------------------------------------------------------------
def in_words(turn: StaffTurn, changed: Changed) -> str:
    """What was changed, from a change's own record."""
    fields = dict(changed.fields)
    if "owner_id" in fields:
        fields["owner_id"] = [None, changed.case.owner]
    return change_words(turn, fields)


def change_words(turn: StaffTurn, fields: Mapping[str, list[Any]]) -> str:
    """Changes as people read them; owners by name. What merely follows from something else is left out."""
    parts = []
    if "status" in fields:
        before, after = fields["status"]
        reopened = before == "closed" and after == "open"
        woken = before == "snoozed" and after == "open"
        word = "reopened" if reopened else "woken" if woken else after
        parts.append(turn.say(f"agent.cases.now.{word}"))
    if fields.get("snoozed_until", [None, None])[1]:
        when = datetime.fromisoformat(fields["snoozed_until"][1])
        parts.append(turn.say("agent.cases.now.until", when=wording.moment(when, turn.language, turn.speaker.zone)))
    if "priority" in fields:
        parts.append(turn.say(f"agent.cases.priorities.{fields['priority'][1]}"))
    if "owner_id" in fields:
        name = fields["owner_id"][1]
        parts.append(turn.say("agent.cases.now.owner", name=name) if name else turn.say("agent.cases.now.no_owner"))
    for name in ("title", "topic"):
        if name in fields:
            parts.append(turn.say(f"agent.cases.now.{name}", value=fields[name][1] or "–"))
    return turn.say("agent.cases.comma").join(parts)


CASE_CHANGES: dict[str, Handler] = {
    "case_update": case_update,
    "case_assign": case_assign,
    "case_snooze": case_snooze,
}
