"""What agents are answered: one handler for every intent."""

from bot.turns import Handler

AGENT: dict[str, Handler] = {}
