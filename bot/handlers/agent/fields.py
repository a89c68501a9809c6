"""Changing a field of a record: checked, kept in one form, shown old and new, and taken back by a button."""

from typing import Any

from babel import Locale

from bot import wording
from bot.handlers.agent import reading_fields
from bot.handlers.agent.asking import (
    Asked,
    StaffTurn,
    argument,
    asked,
    confirming,
    declined,
    hushed,
    in_words,
    keep_asked,
    label,
    undo,
    whom,
)
from bot.messages import Choice, Reply
from bot.query_words import spoken
from crm_core import record_fields
from crm_core.record_fields import FIELDS, PROOFS
from crm_core.staff.store import Brief


def update_field(turn: StaffTurn) -> Reply:
    """Change a field of the customer named, else of the one shown last."""
    undone = argument(turn, "undo")
    if undone is not None:
        return _taken_back(turn, undone)
    if declined(turn):
        return turn.reply("agent.nothing_done")
    wanted = asked(turn)
    return _answered(turn, wanted) if turn.slots.get("field") else _wished(turn, wanted)


def _wished(turn: StaffTurn, wanted: Asked) -> Reply:
    wish = reading_fields.wish(wanted.text, wanted.entities, command=turn.message.kind == "command")
    if wish.field not in FIELDS:
        key = "agent.fields.not_kept" if wish.field else "agent.fields.which"
        return turn.reply(key, fields=_names_of_fields(turn))
    who = whom(turn, Asked(wish.head, wish.entities, wanted.number), said=wish.head)
    if isinstance(who, Reply):
        keep_asked(turn, wanted, who)
        return who
    turn.memory.show("customer", who.customer_id)
    if wish.value is None:
        turn.ask("text", "update_field", number=who.number, field=wish.field)
        text = turn.say("agent.fields.what", who=label(turn, who), field=_field(turn, wish.field))
        return hushed(turn, Reply(text=text))
    return _checked(turn, who, wish.field, wish.value, wanted)


def _answered(turn: StaffTurn, wanted: Asked) -> Reply:
    """The value that was asked for, or a yes to the change that was shown."""
    field, number = str(turn.slots["field"]), turn.slots.get("number")
    who = turn.store.numbered(number) if isinstance(number, int) else None
    if who is None:
        return turn.reply("agent.too_late")
    if "value" in turn.slots:
        return _changed(turn, who, field, str(turn.slots["value"]))
    return _checked(turn, who, field, wanted.text, wanted)


def _checked(turn: StaffTurn, who: Brief, field: str, said: str, wanted: Asked) -> Reply:
    value = record_fields.normalised(field, _as_known(field, said, wanted), turn.services.settings.business.region)
    if value is None:
        text = turn.say(f"agent.fields.wrong.{field}", value=said[:80])
        return hushed(turn, Reply(text=text))
    old = record_fields.current(turn.store, who.customer_id, field)
    if old == value:
        text = turn.say(
            "agent.fields.same", who=label(turn, who), field=_field(turn, field), value=_value(turn, field, old)
        )
        return hushed(turn, Reply(text=text))
    accounts = record_fields.verified_accounts(turn.store, who.customer_id) if field in PROOFS and old else []
    if accounts:
        turn.ask("confirm", "update_field", number=who.number, field=field, value=value)
        where = wording.listed((in_words(turn, "channels", one) for one in accounts), turn.language)
        text = turn.say(
            "agent.fields.verified", who=label(turn, who), field=_field(turn, field), old=_value(turn, field, old),
            new=_value(turn, field, value), accounts=where,
        )  # fmt: skip
        return hushed(turn, Reply(text=text, choices=confirming(turn)))
    return _changed(turn, who, field, value)


def _as_known(field: str, said: str, wanted: Asked) -> str:
    """A place in the spelling the records know (上海 is Shanghai), wherever it stands in what was said."""
    if field not in ("city", "zone"):
        return said
    place = next((one for one in wanted.entities if one.name in ("location", "timezone") and one.text == said), None)
    return str(place.value) if place else said


def _changed(turn: StaffTurn, who: Brief, field: str, value: str) -> Reply:
    done = record_fields.change(turn.store, who.customer_id, field, value)
    turn.memory.show("customer", who.customer_id)
    turn.memory.show("field", {"number": who.number, "field": field, "old": done.old, "new": done.new})
    after = turn.store.numbered(who.number) or who
    text = turn.say(
        "agent.fields.changed", who=label(turn, after), field=_field(turn, field), old=_value(turn, field, done.old),
        new=_value(turn, field, done.new),
    )  # fmt: skip
    choices: tuple[Choice, ...] = undo(turn, f"update_field:undo:{who.number}")
    if done.same:
        others = wording.listed((label(turn, one) for one in done.same), turn.language)
        text += "\n" + turn.say("agent.fields.shared", others=others, number=done.same[0].number, own=who.number)
    return hushed(turn, Reply(text=text, choices=choices))


def _taken_back(turn: StaffTurn, number: str) -> Reply:
    """Take back the last change of this conversation, unless somebody changed the field since."""
    last: Any = turn.memory.shown("field")
    who = turn.store.numbered(int(number)) if number.isdigit() and len(number) < 12 else None
    if who is None or not isinstance(last, dict) or last["number"] != who.number:
        return turn.reply("agent.too_late")
    turn.memory.show("field", None)
    field = str(last["field"])
    if record_fields.current(turn.store, who.customer_id, field) != last["new"]:
        return turn.reply("agent.too_late")
    done = record_fields.change(turn.store, who.customer_id, field, str(last["old"]))
    text = turn.say(
        "agent.fields.undone", who=label(turn, who), field=_field(turn, field), value=_value(turn, field, done.new)
    )
    return hushed(turn, Reply(text=text))


def _field(turn: StaffTurn, field: str) -> str:
    return turn.say(f"agent.fields.names.{field}")


def _names_of_fields(turn: StaffTurn) -> str:
    return turn.say("agent.fields.and").join(_field(turn, field) for field in FIELDS)


def _value(turn: StaffTurn, field: str, value: str) -> str:
    """A value as people read it."""
    if not value:
        return turn.say("agent.fields.empty")
    if field in ("language", "tier"):
        return in_words(turn, f"{field}s", value)
    if field == "country":
        return str(Locale.parse(wording.LOCALES[turn.language]).territories.get(value, value))
    return spoken("places", value, turn.language) if field == "city" else value
