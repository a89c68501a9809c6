"""What managers are answered: one handler for every intent."""

from bot.turns import Handler

MANAGER: dict[str, Handler] = {}
