"""Which intents are answered with charts; and their answers again, changed by what is said next."""

import re
from typing import Any

from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.charted import Make, charted, show
from bot.handlers.manager.explaining import explain_change
from bot.handlers.manager.figure_forms import prepare_figures
from bot.handlers.manager.foretelling import forecast
from bot.handlers.manager.market import market_trend, social_spike
from bot.handlers.manager.mentions import of_whom, social_mentions, unless_of_somebody
from bot.handlers.manager.metrics import refined_figures
from bot.handlers.manager.moods import sentiment_trend
from bot.handlers.manager.needs import of_customer, unless_of_customer
from bot.handlers.manager.pictures import preparation
from bot.handlers.manager.queries import Spoken, read
from bot.handlers.manager.rivals import competitor_compare
from bot.handlers.manager.topics import if_found, or_intents, top_topics
from bot.messages import Reply
from bot.turns import Handler, Memory, Prepare, Preparing

DRAWN: dict[str, Make] = {
    "competitor_compare": competitor_compare,
    "explain_change": explain_change,
    "forecast": forecast,
    "market_trend": market_trend,
    "sentiment_trend": sentiment_trend,
    "social_mentions": social_mentions,
    "social_spike": social_spike,
    "top_topics": top_topics,
}
"""Intent -> what makes its answer; also what the answer is remembered as."""
OF_ALL_PARTS = ("market_trend", "social_spike")
"""Answers that look at every part anyway: "by network" asks for the figures behind them."""
_AROUND = re.compile(
    r"(?<![a-z])(?:in|for|and|the|of|during|what about|how about|then|now|instead)(?![a-z])|那|呢|的|看"
)
MAY_AS_WELL = 0.3
"""From this chance on, a sentence that sounds like a list of customers may as well narrow the answer before it."""


def _shows(kind: str, make: Make) -> Handler:
    return lambda turn: show(turn, kind, make)


DRAWN_HANDLERS: dict[str, Handler] = {kind: _shows(kind, make) for kind, make in DRAWN.items()}
DRAWN_PREPARATIONS: dict[str, Prepare] = {kind: preparation(charted(kind, make)) for kind, make in DRAWN.items()}
DRAWN_HANDLERS["forecast"] = of_customer(DRAWN_HANDLERS["forecast"])
DRAWN_HANDLERS["social_mentions"] = of_whom(DRAWN_HANDLERS["social_mentions"])
DRAWN_HANDLERS["top_topics"] = or_intents(DRAWN_HANDLERS["top_topics"])
DRAWN_PREPARATIONS["forecast"] = unless_of_customer(DRAWN_PREPARATIONS["forecast"])
DRAWN_PREPARATIONS["social_mentions"] = unless_of_somebody(DRAWN_PREPARATIONS["social_mentions"])
DRAWN_PREPARATIONS["top_topics"] = if_found(DRAWN_PREPARATIONS["top_topics"])


def prepare_refined(given: Preparing) -> Any:
    """The last answer again, if it was one with charts, or the figure with a picture that is asked for."""
    kind = str(given.memory.shown("answer"))
    whole = kind in DRAWN and not (kind in OF_ALL_PARTS and given.understanding.first("group_by"))
    prepare = preparation(charted(kind, DRAWN[kind], again=True)) if whole else prepare_figures
    return prepare(given)


def prepare_list(given: Preparing) -> Any:
    """The same, when what sounds like a list of customers narrows such an answer."""
    near = dict(given.understanding.alternatives).get("refine_query", 0.0) >= MAY_AS_WELL
    return prepare_refined(given) if near and given.message.kind != "button" else None


def only_a_period(spoken: Spoken, memory: Memory) -> bool:
    """Whether a period is all that is said, after an answer with charts."""
    said = spoken.understanding
    if spoken.message.kind == "button" or memory.shown("answer") not in DRAWN:
        return False
    if {one.name for one in said.entities} != {"date_range"}:
        return False
    rest = said.text.lower()
    for entity in said.entities:
        rest = rest.replace(entity.text.lower(), " ")
    return not _AROUND.sub(" ", rest).strip(" ?？!。.,，")


def prepare_period(given: Preparing) -> Any:
    """The last answer again when a period alone is said; else the figure with a picture that is asked for."""
    return (prepare_refined if only_a_period(given, given.memory) else prepare_figures)(given)


def refined(turn: ManagerTurn) -> Reply:
    """Show the last answer, changed."""
    kind = str(turn.memory.shown("answer"))
    if kind in OF_ALL_PARTS and read(turn, turn.store.session).group_by:
        return refined_figures(turn)
    return show(turn, kind, DRAWN[kind], again=True)
