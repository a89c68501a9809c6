"""What managers ask in a form that leaves no doubt: the first of a ranking, another competitor, the value of all."""

import re

BEST = re.compile(
    r"(?<![a-z])(?:top|best|worst|bottom|biggest)(?:[- ](?:\d+|\w+))?[- ](?P<what>products|cities|categories)(?![a-z])"
    r"|(?<![a-z])(?:best|top|worst)[- ]?sell(?:ers|ing)(?![a-z])|畅销|热销|滞销|卖得?最[好差多少]"
)
"""Asks for the first of a ranking, and so for a split."""
ADDS_RIVAL = re.compile(
    r"\W*(?:please |can you |could you )*(?:add|watch|track|follow|include|remove|delete)"
    r"(?: an?| the| new| another| our)* (?:competitors?|rivals?)(?![a-z]).{0,60}"
    r"|\W*(?:请|帮我)?(?:添加|增加|加入|新增|加一?个|删除|去掉)(?:新的?|一个)?(?:竞争对手|竞品|对手).{0,40}"
)
"""Wants to change which competitors are known."""
_ASKING = (
    r"\W*(?:(?:please|show|give|list|tell|me|us|what|which|are|were|is|our|my|the)\W+"
    r"|请|给我|看看|列出|哪些|我们的?|是)*"
)
_BEST_ONES = re.compile(rf"{_ASKING}(?:\d+ )?(?:{BEST.pattern})(?P<rest>.{{0,40}})")
_NO_SALES = re.compile(
    r"complain|mention|post|topic|talk|say|said|return|refund|why|forecast|expect|predict|customer|buyer|alert|tell"
    r"|投诉|抱怨|提到|聊|说|退|为什么|预测|预计|客户|提醒|告诉"
)
_VALUE = re.compile(
    r"\W*(?:(?:please|show|me|the|our|customer)\W+)*(?:lifetime values?|clv|cltv|ltv)\W*"
    r"|\W*(?:客户)?(?:终身|生命周期)价值\W*"
)
_FORMS = (("competitor_compare", ADDS_RIVAL), ("metric_query", _VALUE))


def asked_for(text: str) -> str:
    """The intent of such a question; "" for everything else."""
    text = text.lower()
    best = _BEST_ONES.fullmatch(text)
    if best and not _NO_SALES.search(best["rest"]):
        return "metric_query"
    return next((intent for intent, form in _FORMS if form.fullmatch(text)), "")


def asks_for_value(text: str) -> bool:
    """Whether nothing but the value of customers is asked for, of none by name."""
    return _VALUE.fullmatch(text.lower()) is not None
