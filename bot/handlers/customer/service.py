"""Complaints and praise, a person instead of us, and how they liked it."""

import re

from bot.calling import without_refusal
from bot.handlers.customer.common import CustomerTurn, argument, choice, choices, offer_person, passes, words
from bot.messages import Choice, Reply

BEST, WORST, POOR = 5, 1, 2
FURIOUS = -0.75
_ASKED = re.compile(
    r"\b(?:manager|supervisor|human|real person|somebody|someone|call me|boss)\b"
    r"|经理|主管|领导|真人|人工|负责人|给我打电话"
)
_TOPICS = {
    "service": re.compile(r"service|rude|staff|agent|support|reply|answer|ignor|客服|态度|服务|不理|没人"),
    "delivery": re.compile(r"deliver|shipp|courier|parcel|late|快递|物流|配送|发货|送货"),
    "refund": re.compile(r"refund|money back|退款|退钱"),
    "quality": re.compile(r"quality|broke|broken|cheap|fell apart|defect|质量|坏|劣质|品控"),
    "price": re.compile(r"price|expensive|rip.?off|overcharg|贵|涨价|坑"),
}

_NO_IDEA_YET = re.compile(
    r"\W*(?:i(?: have|'ve| got|'ve got| have got) (?:a|an|one) (?:suggestion|idea|proposal)s?(?: for you)?"
    r"|suggestion|idea|(?:我|给你们)?(?:想)?(?:有|提)(?:一?个|点)?(?:建议|想法|意见))\W*",
    re.IGNORECASE,
)
_AREAS = {
    "website": re.compile(
        r"\bapp\b|website|\bsite\b|dark mode|search|wish ?list|log ?in|calendar|网站|小程序|页面|夜间模式|搜索|收藏"
    ),
    "delivery": re.compile(r"deliver|shipp|courier|parcel|pick ?up|配送|快递|物流|发货|送货|自提|周配"),
    "packaging": re.compile(r"packag|plastic|\bbox(?:es)?\b|wrapp|label|包装|塑料|盒子|标签|印"),
    "payment": re.compile(r"pay|instal?ment|invoice|points|loyalty|付款|支付|分期|发票|积分"),
    "service": re.compile(
        r"opening|hours|store|shop in|staff|support|chat|workshop|tasting|营业|门店|开店|客服|品鉴|课程"
    ),
    "subscriptions": re.compile(r"subscri|weekly|monthly|订阅|每周|按周|每月|包月"),
}
"""What an idea may be about; all others are about the products themselves."""


def complaint(turn: CustomerTurn) -> Reply:
    """Apologise, open a case, and bring in a person when it is strong, wanted, or said again."""
    upset = turn.understanding.strong or turn.understanding.sentiment <= FURIOUS
    said = words(turn)
    topic = next((name for name, pattern in _TOPICS.items() if pattern.search(said)), "complaint")
    case = turn.store.open_case(
        "complaint",
        turn.understanding.text or turn.say("customer.complaint.title"),
        "high" if upset else "normal",
        str(turn.understanding.first("order_id") or ""),
        passes(turn),
    )
    if upset or case.repeated or _ASKED.search(said):
        turn.outcome.hand_over = "complaint"
        return turn.reply("customer.complaint.person", case=case.number)
    about = turn.say(f"customer.complaint.about.{topic}")
    return offer_person(turn, "customer.complaint.noted", case=case.number, about=about)


def praise(turn: CustomerTurn) -> Reply:
    """Thank them, and pass it on."""
    return turn.reply("customer.praise")


def feature_suggestion(turn: CustomerTurn) -> Reply:
    """Keep an idea with what it is about, so that managers can count and read them; thanks."""
    said = words(turn)
    if turn.message.kind == "button" or _NO_IDEA_YET.fullmatch(said):
        turn.ask("prose", "feature_suggestion")
        return turn.reply("customer.suggestion.what")
    area = next((name for name, pattern in _AREAS.items() if pattern.search(said)), "products")
    turn.store.note_topic(turn.interaction_id, f"suggestion: {area}")
    return turn.reply("customer.suggestion.kept", about=turn.say(f"customer.suggestion.areas.{area}"))


def talk_to_human(turn: CustomerTurn) -> Reply:
    """Bring in a person. The button below a failed identification says why ("link")."""
    left = without_refusal(words(turn))
    if left != words(turn) and not any(map(str.isalpha, left)):
        return turn.reply("customer.no_person")
    turn.outcome.hand_over = "link" if argument(turn) == "link" else "asked"
    return turn.reply("customer.person")


def csat_rating(turn: CustomerTurn) -> Reply:
    """Keep a score once; after a poor one ask what went wrong."""
    if turn.question is not None and turn.question.wants == "prose" and turn.message.kind != "button":
        turn.store.explain_rating(turn.understanding.text)
        return offer_person(turn, "customer.rating.explained")
    score = _score(turn)
    if score is None:
        turn.ask("rating", "csat_rating", **turn.slots)
        return Reply(text=turn.say("desk.rate_us"), choices=_stars(turn))
    rating = turn.store.rate(score)
    if rating.repeated:
        return turn.reply("customer.rating.again", score=rating.score)
    if score <= POOR:
        turn.ask("prose", "csat_rating")
        return turn.reply("customer.rating.poor")
    return turn.reply("customer.rating.good" if score >= 4 else "customer.rating.fair")


def _score(turn: CustomerTurn) -> int | None:
    """The score that was pressed or said; of ten is brought to five."""
    given = argument(turn) or turn.understanding.first("rating")
    try:
        score = round(float(str(given)))
    except (ValueError, OverflowError):
        return None
    if BEST < score <= 2 * BEST:
        return (score + 1) // 2
    return max(score, WORST) if 0 <= score <= BEST else None


def _stars(turn: CustomerTurn) -> tuple[Choice, ...]:
    made = (choice(turn, "csat_rating", str(score), "★" * score) for score in range(WORST, BEST + 1))
    return tuple(button for button in made if button)


def affirm(turn: CustomerTurn) -> Reply:
    """A yes to nothing that we asked: good news, most of the time."""
    return turn.reply("customer.affirm")


def deny(turn: CustomerTurn) -> Reply:
    """A no to nothing that we asked: often "it still does not work"."""
    return Reply(text=turn.say("customer.deny"), choices=choices(turn, "help", "talk_to_human"))
