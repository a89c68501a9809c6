""" "Only Shanghai", "by channel", "and last month?": the last answer again, with what is said now."""

from collections.abc import Callable

from bot.handlers.agent.lists import list_customers, refined_list
from bot.handlers.manager.asking import ManagerTurn, offers, words_of
from bot.handlers.manager.drawn import DRAWN, MAY_AS_WELL, only_a_period, refined
from bot.handlers.manager.evidence import refined_evidence
from bot.handlers.manager.metrics import metric_query, refined_figures
from bot.handlers.manager.queries import read
from bot.handlers.manager.ratings import refined_ratings
from bot.messages import Reply


def refine_query(turn: ManagerTurn) -> Reply:
    """Change the last answer; without one, say what can be asked for."""
    kind = turn.memory.shown("answer")
    again = REFINED.get(str(kind))
    if again is not None:
        return again(turn)
    if read(turn, turn.store.session).metric is not None:  # a whole question, although it sounds like the rest of one
        return metric_query(turn)
    words = words_of(turn)
    return Reply(text=words.say("refine.nothing_yet" if kind is None else "refine.not_this"), choices=offers(words))


def list_or_refine(turn: ManagerTurn) -> Reply:
    """A list of customers; a sentence that may as well narrow the answer before it does so (只看杭州的)."""
    near = dict(turn.understanding.alternatives).get("refine_query", 0.0) >= MAY_AS_WELL
    if near and turn.message.kind != "button" and turn.memory.shown("answer") in REFINED:
        return refine_query(turn)
    return list_customers(turn)


def figures_or_refine(turn: ManagerTurn) -> Reply:
    """Figures; a period alone ("in October") asks for the last answer of that time."""
    return refine_query(turn) if only_a_period(turn, turn.memory) else metric_query(turn)


REFINED: dict[str, Callable[[ManagerTurn], Reply]] = {
    "figures": refined_figures,
    "customers": refined_list,
    "ratings": refined_ratings,
    "evidence": refined_evidence,
    **dict.fromkeys(DRAWN, refined),
}
"""What the last answer was -> what changes it."""
