"""What managers are told besides what agents are: help, and what is not there yet."""

from dataclasses import replace

from bot.handlers.agent import AGENT
from bot.handlers.agent.small_talk import group_buttons, group_help
from bot.handlers.manager.asking import ManagerTurn, offers, words_of
from bot.helping import AGENTS, Helping, group_in
from bot.messages import Reply
from nlu.shortcuts import asks_what_we_are


def help_(turn: ManagerTurn) -> Reply:
    """What only managers can say, in short or of one group; what agents can is one of the groups."""
    group = group_in(turn.argument, "manager")
    if asks_what_we_are(turn.understanding.text) or group == AGENTS:
        return AGENT["help"](replace(turn, argument=""))
    if group:
        return group_help(turn, "manager", group)
    helping = Helping(turn.services.phrases, turn.language)
    text = f"{helping.overview('manager')}\n\n{helping.more('manager')}"
    return Reply(text=text, choices=group_buttons(helping, "manager"), private=not turn.message.direct)


def not_yet(turn: ManagerTurn) -> Reply:
    """Say what was understood and that it does not work yet; offer what does. Nothing was changed."""
    intent, words = turn.understanding.intent, words_of(turn)
    if not turn.services.phrases.has(f"manager.not_yet.{intent}"):
        return AGENT["not_yet"](turn)
    wish = words.say(f"not_yet.{intent}")
    return Reply(text=words.say("not_yet.say", wish=wish), choices=offers(words))
