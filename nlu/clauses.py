"""Finds the several wishes of one message ("cancel 8821, and when is the refund coming?"), in their order.

A text is cut where a new wish may begin; whether one does is for the engine to say of each piece. It is better to
answer one wish of two than to make two of one: pieces count only when they are long and sure enough, and what people
say of one and the same trouble stays together.
"""

import re
from collections.abc import Sequence

from nlu.cleaning import HAN, fold
from nlu.engines.base import Classification
from nlu.understanding import Audience

Span = tuple[int, int]
LONGEST_TEXT = 400
MOST_PIECES = 6
SURE = 0.85
"""Probability from which a piece counts as a wish of its own."""

_ENDS = r"(?:[!?。！？；;]|\.(?!\w))+[\s\"')”’）]*|\n+"
_TURNS = (
    r"\b(?:and|then|also|plus|btw|by the way|oh and|another thing|one more thing|on top of that|besides)\b,?"
    r"|另外|还有(?!货|吗|没|多少|几|什么|哪)|顺便|并且|而且|同时|然后|对了|以及|再(?=帮|给|查|问)"
)
_STAFF_CUT = re.compile(
    rf"(?:{_ENDS}|,?\s*\b(?:and then|then|also|plus|btw|and also)\b,?|[，,]?\s*(?:另外|顺便|然后|对了))"
)
_CUT = re.compile(rf"(?:{_ENDS}|[,，、]?\s*(?:{_TURNS})|[,，])")
_WORDS = re.compile(rf"[{HAN}]|[^\W_]+")
FEWEST_LETTERS = 6
"""A Chinese character counts as two letters."""

BESIDE = frozenset(
    [
        "greeting",
        "goodbye",
        "thanks",
        "help",
        "affirm",
        "deny",
        "praise",
        "csat_rating",
        "link_identity",
        "out_of_scope",
    ]
)
"""What is said beside a wish: small talk, and who one is."""
_TROUBLE = frozenset(
    ["delivery_problem", "return_request", "refund_status", "technical_problem", "warranty_check", "payment_problem"]
)
"""What is said about one trouble is one matter, whatever else the words look like."""
_OF_ONE_MATTER: tuple[frozenset[str], ...] = (
    frozenset(["order_status", "delivery_problem", "change_order", "cancel_order", "talk_to_human"]),
    frozenset(["product_recommend", "product_question", "price_question", "place_order", "stock_check", "faq"]),
    frozenset(["unsubscribe", "set_preferences", "data_erase"]),
    frozenset(["faq", "business_hours"]),
    frozenset(["find_customer", "show_customer", "show_timeline", "order_lookup", "list_customers"]),
    frozenset(["case_update", "case_assign", "case_snooze", "case_list"]),
    frozenset(["get_score", "explain_score"]),
    frozenset(["handoff_take", "handoff_return"]),
    frozenset(["metric_query", "agent_performance", "sla_report", "csat_report", "explain_change", "refine_query"]),
    frozenset(["top_topics", "sentiment_trend", "social_mentions", "social_spike", "market_trend"]),
    frozenset(["segment_create", "segment_size", "segment_compare", "list_customers"]),
    frozenset(["campaign_create", "campaign_preview", "campaign_stop", "campaign_report", "experiment_result"]),
    frozenset(["digest_now", "digest_schedule", "digest_change", "digest_pause", "set_notifications"]),
)
"""Intents that pieces of one and the same wish are taken for; they are never answered apart."""
_FREE_TEXT = frozenset(
    ["add_note", "add_task", "case_create", "suggest_reply", "send_canned_reply", "translate", "update_field"]
)
"""What follows these belongs to them: the words of a note are no wishes."""


def pieces(text: str, audience: Audience) -> list[Span]:
    """Cut a text where a new wish may begin; one piece where nothing else is likely."""
    whole = [(0, len(text))]
    if len(text) > LONGEST_TEXT:
        return whole
    cut = _CUT if audience == "customer" else _STAFF_CUT
    found: list[Span] = []
    start = 0
    for match in [*cut.finditer(fold(text)), None]:
        end = match.start() if match else len(text)
        if found and (_size(text[start:end]) < FEWEST_LETTERS or _size(text[slice(*found[-1])]) < FEWEST_LETTERS):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        start = match.end() if match else end
    return found if len(found) <= MOST_PIECES else whole


def wishes(said: Sequence[tuple[Span, Classification]]) -> list[Span]:
    """Return the places of the several wishes among classified pieces; none where there is but one.

    Pieces that say no wish for certain belong to the wish before them, those at the start to the first.
    """
    found: list[tuple[str, Span]] = []
    for (start, end), meant in said:
        wish = meant.intent if meant.intent not in BESIDE and meant.confidence >= SURE else ""
        if found and (not found[-1][0] or not wish or wish == found[-1][0] or found[-1][0] in _FREE_TEXT):
            found[-1] = (found[-1][0] or wish, (found[-1][1][0], end))
        else:
            found.append((wish, (start, end)))
    intents = [intent for intent, _ in found]
    if len(set(intents)) < max(2, len(intents)) or not all(intents) or _one_matter(intents):
        return []
    return [span for _, span in found]


def _one_matter(intents: Sequence[str]) -> bool:
    names = set(intents)
    if len(names & _TROUBLE) > 1 or "complaint" in names:
        return True
    return any(len(names & matter) > 1 for matter in _OF_ONE_MATTER)


def _size(text: str) -> int:
    return sum(2 if len(word) == 1 and not word.isascii() else len(word) for word in _WORDS.findall(text))
