"""What staff are told while the figures that an answer rests on are computed for the first time."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from bot.messages import Reply
from bot.turns import Handler, Turn
from crm_core.first_runs import minutes_left

RESTS_ON = {
    "get_score": "know_customers",
    "explain_score": "know_customers",
    "predict_need": "know_customers",
    "recommend_for_customer": "know_customers",
    "segment_size": "know_customers",
    "segment_compare": "know_customers",
    "top_topics": "find_topics",
    "social_mentions": "sense_posts",
    "market_trend": "sense_posts",
    "social_spike": "sense_posts",
    "competitor_compare": "sense_posts",
    "approve_suggestion": "suggest",
}
"""Intent -> the job without which its answer would be wrong or empty."""
BESIDE = {"list_tasks": "suggest"}
"""Intent -> the job that adds something to an answer which stands without it, too."""


def until_computed(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """The same handlers; while what they rest on is computed for the first time, they say so, and until when."""
    return {intent: _waiting(intent, handler) for intent, handler in handlers.items()}


def _waiting(intent: str, handler: Handler) -> Handler:
    job = RESTS_ON.get(intent) or BESIDE.get(intent)
    if job is None:
        return handler
    return _told_first(handler, job, instead=intent in RESTS_ON)


def _told_first(handler: Callable[[Turn[Any]], Reply], job: str, *, instead: bool) -> Handler:
    @wraps(handler)
    def answer(turn: Turn[Any]) -> Reply:
        minutes = minutes_left(turn.store.session, job, turn.now)
        if minutes is None:
            return handler(turn)
        told = turn.say("common.computing", what=turn.say(f"common.computed_by.{job}"), minutes=minutes)
        if instead:
            return Reply(text=told)
        reply = handler(turn)
        return reply.model_copy(update={"text": f"{reply.text}\n\n{told}" if reply.text else told})

    return answer
