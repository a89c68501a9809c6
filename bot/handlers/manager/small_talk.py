"""What managers are told besides what agents are: help, and what is not there yet."""

from bot.handlers.agent import AGENT
from bot.handlers.manager.asking import ManagerTurn, offers, words_of
from bot.messages import Reply


def help_(turn: ManagerTurn) -> Reply:
    """What agents can do, then what only managers can, with buttons to try."""
    reply = AGENT["help"](turn)
    words = words_of(turn)
    text = f"{reply.text}\n\n{words.say('help')}"
    return reply.model_copy(update={"text": text, "choices": (*reply.choices, *offers(words))})


def not_yet(turn: ManagerTurn) -> Reply:
    """Say what was understood and that it does not work yet; offer what does. Nothing was changed."""
    intent, words = turn.understanding.intent, words_of(turn)
    if not turn.services.phrases.has(f"manager.not_yet.{intent}"):
        return AGENT["not_yet"](turn)
    wish = words.say(f"not_yet.{intent}")
    return Reply(text=words.say("not_yet.say", wish=wish), choices=offers(words))
