"""What is understood and not there yet: said plainly."""

from bot.handlers.agent.asking import StaffTurn
from bot.messages import Choice, Reply


def not_yet(turn: StaffTurn) -> Reply:
    """Say what was understood, that it does not work yet, and that nothing was changed."""
    text = turn.say("agent.not_yet.text", what=turn.understanding.intent.replace("_", " "))
    return Reply(text=text, choices=(Choice(label=turn.say("agent.talk.help_button"), value="help"),))
