"""What is understood and not there yet: said plainly, with what comes nearest."""

from bot.handlers.agent.asking import StaffTurn
from bot.messages import Choice, Reply

INSTEAD = {
    "get_score": "show_customer",
    "explain_score": "show_customer",
}
"""What helps until then: the name of a phrase below `agent.not_yet.instead`."""


def not_yet(turn: StaffTurn) -> Reply:
    """Say what was understood, that it does not work yet, and that nothing was changed."""
    intent = turn.understanding.intent
    key = f"agent.not_yet.intents.{intent}"
    what = turn.say(key) if turn.services.phrases.has(key) else intent.replace("_", " ")
    text = turn.say("agent.not_yet.text", what=what)
    if intent in INSTEAD:
        text += " " + turn.say(f"agent.not_yet.instead.{INSTEAD[intent]}")
    return Reply(text=text, choices=(Choice(label=turn.say("agent.talk.help_button"), value="help"),))
