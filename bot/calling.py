"""Whether a customer asks for a person in so many words, whatever else the message is about."""

import re

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
    r"(?<!why )(?:\b(?:don['’]?t|do not|didn['’]?t|did not|no need to|never|rather not|without|instead of)"
    r"\s+(?:\w+\s+){0,2})$"
    r"|(?<![要能是么还])(?:不(?:用|要|想|需要|必)?|别|无需|没必要)(?:再|给我|帮我|去|要)?$",
    re.IGNORECASE,
)


def asks_for_person(text: str) -> bool:
    """Whether a person is asked for; "I don't want to talk to a human" and 不用转人工 say the contrary."""
    text = text[:READ_UP_TO]
    return any(not _NOT.search(text[: match.start()]) for match in _ASKED.finditer(text))
