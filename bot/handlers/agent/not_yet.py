"""What is understood and not there yet: said plainly."""

from bot.handlers.agent.asking import StaffTurn
from bot.messages import Choice, Reply


def not_yet(turn: StaffTurn) -> Reply:
    """Say what was understood, that it does not work yet, and that nothing was changed."""
    intent = turn.understanding.intent
    key = f"agent.not_yet.intents.{intent}"
    what = turn.say(key) if turn.services.phrases.has(key) else intent.replace("_", " ")
    text = turn.say("agent.not_yet.text", what=what)
    return Reply(text=text, choices=(Choice(label=turn.say("agent.talk.help_button"), value="help"),))
