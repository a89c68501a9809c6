""" "Undo" in words: takes back what was changed last in this chat, as its button would."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.handlers.agent.asking import StaffTurn
from bot.messages import Reply
from bot.turns import QUESTION_LAPSES, Handler


def undoing(handlers: Mapping[str, Handler]) -> Handler:
    """The handler of "undo", which goes on with the handler that made the change."""

    def undo_last(turn: StaffTurn) -> Reply:
        kept = turn.memory.shown("undo")
        if not isinstance(kept, dict) or datetime.fromisoformat(kept["at"]) < turn.now - QUESTION_LAPSES:
            return turn.reply("agent.nothing_to_undo")
        turn.memory.show("undo", None)
        replies = [_pressed(turn, value) for value in kept["values"]]
        text = "\n".join(reply.text for reply in replies)
        return Reply(text=text, private=any(reply.private for reply in replies))

    def _pressed(turn: StaffTurn, value: str) -> Reply:
        intent, _, argument = value.partition(":")
        message = turn.message.model_copy(update={"kind": "button", "button": value})
        understanding = turn.understanding.model_copy(update={"intent": intent})
        return handlers[intent](replace(turn, message=message, understanding=understanding, argument=argument))

    return undo_last
