"""Who answers what: for each audience, the handler of every intent. A new intent is a line in one of these tables."""

from bot.handlers.agent import AGENT
from bot.handlers.computing import until_computed
from bot.handlers.customer import CUSTOMER
from bot.handlers.manager import MANAGER, MANAGER_PREPARATIONS
from bot.turns import Handler, Prepare

HANDLERS: dict[str, dict[str, Handler]] = {
    "customer": CUSTOMER,
    "agent": until_computed(AGENT),
    "manager": until_computed(MANAGER),
}

PREPARATIONS: dict[str, dict[str, Prepare]] = {"manager": MANAGER_PREPARATIONS}
"""For each audience, what must be made before an answer's transaction begins, because it takes seconds."""
