"""Greetings, thanks, help, and what was not understood."""

from bot import wording
from bot.commands import CHINESE_COMMANDS, STAFF_COMMANDS
from bot.handlers.agent.asking import StaffTurn, desk_conversation, hushed, label
from bot.messages import Choice, Reply
from nlu.shortcuts import asks_what_we_are

WORKING = ("find", "show", "timeline", "list", "order", "note", "tag", "task", "tasks", "done",
           "case", "cases", "close", "reopen", "priority", "assign", "snooze", "undo", "take", "release", "reply",
           "suggest", "next", "score", "why", "needs", "link", "trace", "set", "merge", "unmerge",
           "consent", "export", "translate", "template", "notify")  # fmt: skip
"""Sub-commands of /crm that do something already."""


def greeting(turn: StaffTurn) -> Reply:
    """A short hello, with where to start."""
    return turn.reply("agent.talk.greeting", name=turn.speaker.name)


def thanks(turn: StaffTurn) -> Reply:
    """You are welcome."""
    return turn.reply("agent.talk.thanks")


def affirm(turn: StaffTurn) -> Reply:
    """A yes to nothing that is open."""
    return turn.reply("agent.talk.affirm")


def deny(turn: StaffTurn) -> Reply:
    """A no to nothing that is open."""
    return turn.reply("agent.talk.deny")


def help_(turn: StaffTurn) -> Reply:
    """What can be said, with examples, and the /crm words in both languages."""
    if asks_what_we_are(turn.understanding.text):
        return turn.reply("common.what_i_am")
    chinese = {english: word for word, english in CHINESE_COMMANDS.items()}
    known = [word for word in WORKING if word in STAFF_COMMANDS]
    words = wording.listed((f"{word} / {chinese[word]}" if word in chinese else word for word in known), turn.language)
    parts = [turn.say("agent.talk.help"), turn.say("agent.talk.commands", words=words)]
    if desk_conversation(turn) is not None:
        parts.append(turn.say("desk.how_to_send"))
    return Reply(text="\n\n".join(parts), private=not turn.message.direct)


def out_of_scope(turn: StaffTurn) -> Reply:
    """Not understood. If a customer's name stands in it, offer their card."""
    if turn.message.kind == "button":
        return turn.reply("agent.too_late")
    text = turn.understanding.text[:300]
    found = turn.store.mentioned(text, turn.services.names) if text else []
    choices = tuple(Choice(label=label(turn, one), value=f"show_customer:{one.number}") for one in found[:3])
    choices += (Choice(label=turn.say("agent.talk.help_button"), value="help"),)
    return hushed(turn, Reply(text=turn.say("agent.talk.not_understood"), choices=choices))
