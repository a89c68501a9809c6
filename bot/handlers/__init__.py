"""Who answers what: for each audience, the handler of every intent. A new intent is a line in one of these tables."""

from bot.handlers.agent import AGENT
from bot.handlers.customer import CUSTOMER
from bot.handlers.manager import MANAGER
from bot.turns import Handler

HANDLERS: dict[str, dict[str, Handler]] = {"customer": CUSTOMER, "agent": AGENT, "manager": MANAGER}
