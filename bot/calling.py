"""Whether a customer asks for a person in so many words, whatever else the message is about, and what is said then."""

import re
from typing import Any

from bot.messages import Reply
from bot.turns import Turn

TROUBLES = frozenset(
    {"complaint", "delivery_problem", "payment_problem", "refund_status", "return_request", "technical_problem"}
)
"""What brings in a person at once when it is said in anger."""
SMALL_TALK = frozenset({"greeting", "goodbye", "thanks", "help", "affirm", "deny"})
READ_UP_TO = 600
"""Characters that are looked at, as everywhere where single words are looked for."""
_PERSON = (
    r"(?:person|human(?: being)?|manager|supervisor|boss|human agent|live agent|representative|colleague|employee)"
)
_ANYBODY = rf"(?:{_PERSON}|someone|somebody|agent|people|staff)"
_SOME = r"(?:an? |the |your |some |any )?(?:real |actual |live |human )*"
_ASKED = re.compile(
    rf"(?<![a-z])(?:talk|speak|chat) (?:to|with) {_SOME}{_ANYBODY}(?![\w'’-])"
    rf"|(?<![a-z])(?:connect|transfer|put) me (?:through )?(?:to|with) {_SOME}{_ANYBODY}(?![\w'’-])"
    rf"|(?<![a-z])(?:want|need|demand|get me|give me|bring me) {_SOME}{_PERSON}(?![\w'’-])"
    r"|转(?:接)?(?:给)?(?:人工|真人|客服)"
    r"|(?:找|叫|换|要|接)(?:一下|一个|个|你们?的?)*(?:真人|人工|活人|老板|经理|主管|领导|负责人|店长)(?!费|智能|成本)"
    r"|[和跟](?:一个|个|你们?的?)*(?:真人|人工|活人|老板|经理|主管|领导|负责人|店长)(?:说|谈|聊|沟通|讲|对话|通话)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?<!why )(?:(?:\b(?:i|we) )?"
    r"\b(?:don['’]?t|do not|didn['’]?t|did not|no need to|never|rather not|without|instead of)\s+(?:\w+\s+){0,2})$"
    r"|(?<![要能是么还])(?:我们?)?(?:不(?:用|要|想|需要|必)?|别|无需|没必要)(?:再|给我|帮我|去|要)?$",
    re.IGNORECASE,
)


_REST = re.compile(r"[^,.;:!?\n，。；：！？]*[,.;:!?\s，。；：！？]*")


def asks_for_person(text: str) -> bool:
    """Whether a person is asked for; "I don't want to talk to a human" and 不用转人工 say the contrary."""
    text = text[:READ_UP_TO]
    return any(not _NOT.search(text[: match.start()]) for match in _ASKED.finditer(text))


def without_refusal(text: str) -> str:
    """What is left of a text that says that no person is wanted: of 不用转人工，订单到哪了 the question alone."""
    for match in _ASKED.finditer(text[:READ_UP_TO]):
        refused = _NOT.search(text[: match.start()])
        if refused:
            rest = _REST.match(text, match.end())
            return text[: refused.start()] + text[rest.end() if rest else match.end() :]
    return text


def wanted_besides(turn: Turn[Any], *, angry: bool) -> str:
    """Why a message that is about something else needs a person as well; "" when it does not."""
    if turn.understanding.engine == "command" or turn.message.kind == "button" or not turn.message.direct:
        return ""
    if asks_for_person(turn.understanding.text):
        return "asked"
    return "angry" if angry and turn.understanding.intent in TROUBLES else ""


def besides(turn: Turn[Any], reply: Reply, *, angry: bool) -> Reply:
    """The answer beside the person: without what only asks on, and with an apology where there is anger."""
    intent = turn.understanding.intent
    asks_on = bool(turn.outcome.question or reply.choices)
    said = "" if intent in SMALL_TALK or (intent in TROUBLES and asks_on) else reply.text
    lines = [turn.say("desk.sorry_for_this")] if angry or intent in TROUBLES else []
    return reply.model_copy(update={"text": "\n".join([*lines, said]).strip()})
