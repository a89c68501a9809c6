"""Greetings, thanks, help, and what was not understood."""

from bot import wording
from bot.commands import CHINESE_COMMANDS, STAFF_COMMANDS
from bot.handlers.agent.asking import StaffTurn, desk_conversation, hushed, label
from bot.helping import COMMANDS, GROUPS, Helping, group_in
from bot.messages import Choice, Reply
from nlu.shortcuts import asks_what_we_are
from nlu.understanding import Audience

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
    """What can be said, with examples: of one group if one is named, else of all in short."""
    if asks_what_we_are(turn.understanding.text):
        return turn.reply("common.what_i_am")
    group = group_in(turn.argument, "agent")
    if group:
        return group_help(turn, "agent", group)
    helping = Helping(turn.services.phrases, turn.language)
    parts = [helping.overview("agent"), helping.more("agent")]
    if desk_conversation(turn) is not None:
        parts.append(turn.say("desk.how_to_send"))
    buttons = group_buttons(helping, "agent")
    return Reply(text="\n\n".join(parts), choices=buttons, private=not turn.message.direct)


def group_help(turn: StaffTurn, audience: Audience, group: str) -> Reply:
    """All examples of one group; of the commands, the words in both languages."""
    helping = Helping(turn.services.phrases, turn.language)
    if group == COMMANDS:
        chinese = {english: word for word, english in CHINESE_COMMANDS.items()}
        known = [word for word in WORKING if word in STAFF_COMMANDS]
        named = (f"{word} / {chinese[word]}" if word in chinese else word for word in known)
        text = helping.commands(wording.listed(named, turn.language))
    else:
        text = helping.group(audience, group)
    back = Choice(label=helping.say("all"), value="help")
    return Reply(text=text, choices=(back,), private=not turn.message.direct)


def group_buttons(helping: Helping, audience: Audience) -> tuple[Choice, ...]:
    """One for each group of an audience."""
    return tuple(Choice(label=helping.title(audience, group), value=f"help:{group}") for group in GROUPS[audience])


def out_of_scope(turn: StaffTurn) -> Reply:
    """Not understood. If a customer's name stands in it, offer their card."""
    if turn.message.kind == "button":
        return turn.reply("agent.too_late")
    text = turn.understanding.text[:300]
    found = turn.store.mentioned(text, turn.services.names) if text else []
    choices = tuple(Choice(label=label(turn, one), value=f"show_customer:{one.number}") for one in found[:3])
    choices += (Choice(label=turn.say("agent.talk.help_button"), value="help"),)
    return hushed(turn, Reply(text=turn.say("agent.talk.not_understood"), choices=choices))
