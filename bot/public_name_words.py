"""Reads by what name somebody says they go on a social network, and that it be forgotten, in both languages.

Only a message that says nothing else, and in English only a name with its @, or an address: "my weibo is down" is none.
"""

import re
from dataclasses import dataclass

_NAMES = {
    "mastodon": ("mastodon", "长毛象"), "bluesky": ("blue ?sky", "bsky", "蓝天"), "x": ("x", "twitter", "推特"),
    "facebook": ("facebook", "fb", "脸书"), "instagram": ("instagram", "insta", "ig", "ins"),
    "linkedin": ("linked ?in", "领英"), "weibo": ("sina weibo", "weibo", "新浪微博", "微博"),
}  # fmt: skip
_NETWORK = "|".join(name for names in _NAMES.values() for name in names)
_ACCOUNT = r"(?:'s|s)?(?: (?:account|handle|user ?name|name|nick(?:name)?|id|profile|page))?"
_SITES = r"(?:https?://)?(?:www\.|m\.)?[\w.-]{1,60}/(?:@|u/|in/|n/|profile/)?"
_NAME = rf"(?:{_SITES}|[@＠])(?P<name>[\w.-]{{1,60}}(?:@[\w.-]{{1,60}})?)"
_LEAD = r"(?:(?:hi|hello|hey|by the way|btw|fyi|also|and|ok|so|oh)[,!. ]+)*"
_TAIL = r"[\s.!,]*(?:by the way|btw|fyi|thanks|thank you)?[\s.!]*"
_SAID = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_LEAD}my (?P<network>{_NETWORK}){_ACCOUNT}(?: is|:| =|'s)? ?(?:called |named )?{_NAME}{_TAIL}",
        rf"{_LEAD}(?:i am|i'm|im|you (?:can )?find me|find me|i post as|i write as|my (?:handle|name|account)"
        rf" is)(?: as)? ?{_NAME} (?:on|at) (?P<network>{_NETWORK}){_TAIL}",
        rf"{_LEAD}(?:on|at) (?P<network>{_NETWORK}),? (?:i am|i'm|im|i go by|my (?:handle|name|account) is)"
        rf"(?: called| as)? ?{_NAME}{_TAIL}",
        rf"{_LEAD}(?:you (?:can )?)?find me (?:on|at) (?P<network>{_NETWORK})(?: as|:|,)? ?{_NAME}{_TAIL}",
        rf"(?:对了|顺便说(?:一下|下)?|你好|嗨)?[，,。！!\s]*(?:我的?|本人的?)\s*(?P<network>{_NETWORK})\s*"
        r"(?:上?的?(?:账号|帐号|账户|名字|昵称|用户名|号|主页|id))?\s*(?:就?是|叫做?|名叫|为|[:：])\s*"
        rf"(?:{_SITES}|[@＠])?(?P<name>[\w.-]{{2,60}}(?:@[\w.-]{{1,60}})?)[。！!~～\s]*",
        rf"(?:对了|顺便说(?:一下|下)?|你好|嗨)?[，,。！!\s]*我?在\s*(?P<network>{_NETWORK})\s*上?\s*我?的?"
        r"(?:账号|帐号|名字|昵称|用户名)?\s*(?:就?是|叫做?|名叫)\s*"
        r"[@＠]?(?P<name>[\w.-]{2,60}(?:@[\w.-]{1,60})?)[。！!~～\s]*",
    )
)
_FORGET = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:please |pls )?(?:forget|remove|delete|drop|unlink|disconnect)(?: about)? my (?P<network>{_NETWORK})"
        rf"{_ACCOUNT}(?: (?:again|please|pls))*[\s.!]*",
        r"(?:请|麻烦|帮我|请帮我)?(?:忘掉|忘记|忘了|删除|删掉|删了|移除|去掉|解绑|解除|不要再?记|别再?记(?:着|住)?|取消关联)\s*"
        rf"(?:我的?)?\s*(?P<network>{_NETWORK})\s*(?:上?的?(?:账号|帐号|账户|名字|昵称|用户名|号))?(?:吧|了)?[。！!\s]*",
        rf"(?:请|麻烦|帮我|请帮我)?把?我的?\s*(?P<network>{_NETWORK})\s*(?:账号|帐号|账户|名字|昵称|号)?"
        r"\s*(?:忘掉|忘了|删掉|删除|删了|移除|去掉|解绑)(?:吧|了)?[。！!\s]*",
    )
)
_NO_NAME = re.compile(r".*(?:的|了|吗|呢|啊|什么|多少|哪个)")
LONGEST = 160


@dataclass(frozen=True, slots=True)
class PublicName:
    """A network, and the name on it; "" is to be forgotten."""

    network: str
    name: str


def read(text: str) -> PublicName | None:
    """What a message says about a name in public; None for every other message.

    >>> read("My Weibo is @tea_lover"), read("忘掉我的微博吧")
    (PublicName(network='weibo', name='tea_lover'), PublicName(network='weibo', name=''))
    >>> read("my instagram is down"), read("我的微博是私密的")
    (None, None)
    """
    plain = " ".join(text.replace("’", "'").split())
    if len(plain) > LONGEST:
        return None
    for pattern in _FORGET:
        found = pattern.fullmatch(plain)
        if found:
            return PublicName(_network(found["network"]), "")
    for pattern in _SAID:
        found = pattern.fullmatch(plain)
        name = found["name"].rstrip(".-") if found else ""
        if found and name and not _NO_NAME.fullmatch(name):
            return PublicName(_network(found["network"]), name)
    return None


def _network(said: str) -> str:
    return next(key for key, names in _NAMES.items() if re.fullmatch("|".join(names), said, re.IGNORECASE))
