"""Messages that need no classifier: a bare score, a bare number, an emoji, whether we are a robot."""

import re
import unicodedata

from nlu.cleaning import fold
from nlu.engines.base import Classification
from nlu.understanding import Audience

LONGEST_ASKED = 60
_SCORE = re.compile(r"\W{0,3}(?:[1-5]|[一二三四五])\s?(?:分|星|颗星|stars?|/ ?5|out of 5)?\W{0,3}|(?:⭐️?|★|🌟){1,5}")
_ORDER = re.compile(r"\W{0,2}(?:order |订单)?#? ?(?:[a-z]{2,4}-)?\d{4,12}\W{0,2}")
_WHO = (
    r"(?:an? |the )?(?:real |actual |live )?"
    r"(?:robot|bot|chat ?bot|human(?: being)?|person|machine|computer|program|a\.?i\.?|chatgpt|llm)"
)
_WHO_ZH = r"(?:一?[个位])?(?:机器人|真人|人工|活人|人类|人|ai|智能客服|电脑|程序)"
_WHAT_ARE_YOU = re.compile(
    rf"\W*(?:(?:hi|hello|hey|wait|so|sorry|excuse me)\W+)?"
    rf"(?:are (?:you|u)|(?:am i|is this) (?:talking|speaking|chatting|writing) (?:to|with)|is (?:this|that|it)|r u)"
    rf" {_WHO}(?: or (?:just )?{_WHO})?\W*"
    rf"|\W*(?:你|您|那你)(?:到底|究竟)?(?:是不是|是){_WHO_ZH}(?:还是{_WHO_ZH})?(?:吗|么|吧|啊|呀|呢)?\W*"
    rf"|\W*我(?:是|现在)?在?(?:和|跟)(?:一?[个位])?{_WHO_ZH}(?:聊天|说话|聊|对话)(?:吗|么)?\W*"
)
_ANGRY = frozenset("😡🤬😠😤💩👎")
_YES = frozenset("👍👌✅🆗")
_THANKS = frozenset("🙏💐")
_JOY = frozenset("❤😍🥰😘💕💖💯🎉🤩😻")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f\u200d\\s!！~]")


def asks_what_we_are(text: str) -> bool:
    """Whether somebody asks if they talk to a machine: "are you a robot?", 你是真人吗."""
    return len(text) <= LONGEST_ASKED and _WHAT_ARE_YOU.fullmatch(fold(text)) is not None


def recognise(text: str, audience: Audience) -> Classification | None:
    """Return the intent of a text that is nothing but one of these; None for all others."""
    if asks_what_we_are(text):
        return Classification("help", 1.0)
    plain = fold(text)
    if len(plain) > 24:
        return None
    if audience == "customer" and _SCORE.fullmatch(plain):
        return Classification("csat_rating", 0.9)
    if _ORDER.fullmatch(plain):
        return Classification("order_status" if audience == "customer" else "find_customer", 0.6)
    return _of_signs(set(_SKIN.sub("", text)), audience)


def _of_signs(signs: set[str], audience: Audience) -> Classification | None:
    for known, intent in ((_ANGRY, "complaint"), (_YES, "affirm"), (_THANKS, "thanks"), (_JOY, "praise")):
        if signs and signs <= known and (audience == "customer" or intent in {"affirm", "thanks"}):
            return Classification(intent, 0.8)
    if signs and all(unicodedata.category(one) == "So" for one in signs):
        return Classification("out_of_scope", 0.8)  # 🤷 is no yes, whatever a classifier makes of a text without words
    return None
