"""Messages too short for a classifier: a bare score, a bare number, an emoji."""

import re

from nlu.cleaning import fold
from nlu.engines.base import Classification
from nlu.understanding import Audience

_SCORE = re.compile(r"\W{0,3}(?:[1-5]|[一二三四五])\s?(?:分|星|颗星|stars?|/ ?5|out of 5)?\W{0,3}|(?:⭐️?|★|🌟){1,5}")
_ORDER = re.compile(r"\W{0,2}(?:order |订单)?#? ?(?:[a-z]{2,4}-)?\d{4,12}\W{0,2}")
_ANGRY = frozenset("😡🤬😠😤💩👎")
_YES = frozenset("👍👌✅🆗")
_THANKS = frozenset("🙏💐")
_JOY = frozenset("❤😍🥰😘💕💖💯🎉🤩😻")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f\u200d\\s!！~]")


def recognise(text: str, audience: Audience) -> Classification | None:
    """Return the intent of a text that is nothing but a score, a number or an emoji; None for all others."""
    plain = fold(text)
    if len(plain) > 24:
        return None
    if audience == "customer" and _SCORE.fullmatch(plain):
        return Classification("csat_rating", 0.9)
    if _ORDER.fullmatch(plain):
        return Classification("order_status" if audience == "customer" else "find_customer", 0.6)
    signs = set(_SKIN.sub("", text))
    if not signs:
        return None
    for known, intent in ((_ANGRY, "complaint"), (_YES, "affirm"), (_THANKS, "thanks"), (_JOY, "praise")):
        if signs <= known and (audience == "customer" or intent in {"affirm", "thanks"}):
            return Classification(intent, 0.8)
    return None
