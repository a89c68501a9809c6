"""Why a product is offered, in words; and how people ask for what belongs to something."""

import re

from crm_core.offers import Offer

GOES_WITH = re.compile(
    r"(?:goes?|going|match(?:es)?|pairs?) (?:well |best |nicely )?with|to go with|matches (?:the|her|his|their|my)"
    r"|complement|add-?on|accessor(?:y|ies)|bundle|in addition to"
    r"|搭配|搭什么|搭点什么|搭些什么|相配|配什么|配个|配套|般配|[和跟与].{1,20}(?:一起|搭|配)|组合"
)
"""Asks for what belongs to something, and not for something else to buy."""
ABOUT_ANOTHER = ("bought_with", "alike", "bundle", "fits", "together")
"""Reasons that name another product."""
FACTS = (*ABOUT_ANOTHER, "rhythm", "popular", "new")
WEEK = 7


def reason_of(offer: Offer, language: str) -> tuple[str, dict[str, object]]:
    """The reason of an offer: the name of its phrase among those of an audience, and what the phrase needs."""
    fact, value = offer.reason.fact, offer.reason.value
    name = (offer.because or {}).get(language, "")
    if fact not in FACTS or (fact in ABOUT_ANOTHER and not name):
        fact = "popular"
    count = value
    if fact == "rhythm" and isinstance(value, int) and value >= 2 * WEEK:
        fact, count = "rhythm_weeks", round(value / WEEK)
    share = f"{value / 10:.0f} %" if isinstance(value, int) else ""
    return fact, {"name": name, "count": count, "share": share}
