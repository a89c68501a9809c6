"""E-mail addresses and handles, written out, spoken ("li.mei at example dot com") and in links to a profile."""

import re
from collections.abc import Set

from nlu.entities.spans import Passage

_LETTER = "a-z0-9\u00e0-\u024f"
_LABEL = rf"[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?"
_LOCAL = rf"(?<![{_LETTER}.+_%'-])[{_LETTER}][{_LETTER}.+_%'-]{{0,63}}"
_EMAIL = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>(?:{_LABEL}\.){{1,8}}[a-z]{{2,24}})(?![{_LETTER}])")
_AT = r"(?P<at> ?[\[(]at[\])] ?| at | @ ?| ?@ )"
_DOT = r"(?:\.| dot | ?[\[(]dot[\])] ?)"
_SPOKEN = re.compile(
    rf"(?P<local>{_LOCAL}){_AT}(?P<domain>(?:[a-z0-9-]{{1,40}}{_DOT}){{1,4}}"
    r"(?:com|org|net|edu|gov|io|co|cn|uk|de|fr|hk|tw|sg|jp|kr|in|au|ca|example|info|me|app|shop))(?![a-z0-9-])"
)
_MAIL_CUE = re.compile(r"(?:mail|邮箱|邮件|address)[^\n]{0,12}$")
_LINK = re.compile(r"https?://[^\s<>\"]{1,500}")
_PROFILE = re.compile(
    r"(?<![a-z0-9.-])(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|instagram\.com|twitter\.com|x\.com"
    r"|weibo\.com|facebook\.com"
    r"|fb\.com|tiktok\.com|threads\.net|linkedin\.com/in|bsky\.app/profile|youtube\.com)/@?"
    r"(?P<name>[a-z0-9_][a-z0-9_.-]{2,31})(?=$|[\s/?),。，）])/?(?!\w)"
)
_MENTION = re.compile(r"(?<![a-z0-9_.@/])@(?P<name>[a-z0-9_][a-z0-9_.]{1,31}(?<!\.)|[\u4e00-\u9fff]{2,8}(?=$|[^\w.]))")
_PLACE = (
    r"(?:telegram|tg|instagram|insta|ig|ins|twitter|wechat|weixin|wx|weibo|tiktok|douyin|whatsapp|line|discord|skype|qq"
    r"|微信|微博|抖音|小红书|电报|推特|快手|领英|b站)"
)
_NAMED = re.compile(
    rf"(?:(?<![a-z])(?:{_PLACE} ?(?P<word>id|handle|username|user|name|account|号码?|账号|用户名|昵称)?"
    r"|(?:my |our )?(?:user ?name|handle|nickname)|用户名|昵称))"
    r"(?P<link> ?[:：=] ?| is | ?是 ?|叫| )(?P<name>[a-z][a-z0-9_.-]{3,31})(?![a-z0-9_@-]|\.[a-z])"
)
_OF_SOMEBODY = frozenset({"link_identity", "find_customer", "social_mentions"})
"""Where @王芳 is an account; elsewhere it calls a colleague."""
_NO_NAME = frozenset({"the", "and", "for", "please", "message", "account", "chat", "connected", "update", "updates"})


def find_emails(passage: Passage) -> None:
    """Claim e-mail addresses in lower case."""
    for match in _EMAIL.finditer(passage.folded):
        if passage.free(*match.span()):
            passage.claim("email", match.group(), *match.span())
    for match in _SPOKEN.finditer(passage.folded):
        if not passage.free(*match.span()):
            continue
        sure = re.search(r"[\d._-]", match["local"]) or "(" in match["at"] or "[" in match["at"]
        if not sure and not _MAIL_CUE.search(passage.folded[max(0, match.start() - 24) : match.start()]):
            continue
        domain = re.sub(_DOT, ".", match["domain"])
        passage.claim("email", f"{match['local']}@{domain}", *match.span())


def find_handles(passage: Passage, colleagues: Set[str]) -> None:
    """Claim @names, profiles' links and names said after a network's; other links are passed over."""
    for match in _PROFILE.finditer(passage.folded):
        if passage.free(*match.span("name")) and match["name"] not in {"share", "watch", "status", "posts"}:
            passage.claim("handle", f"@{match['name']}", *match.span())
    for match in _LINK.finditer(passage.folded):
        passage.block(*match.span())
    for match in _MENTION.finditer(passage.folded):
        called = match["name"].isascii() or passage.intent in _OF_SOMEBODY
        if called and passage.free(*match.span()) and match["name"] not in colleagues:
            passage.claim("handle", f"@{match['name']}", *match.span())
    for match in _NAMED.finditer(passage.folded):
        marked = re.search(r"[\d_.]", match["name"])
        sure = marked or (match["word"] and match["link"].strip())
        if sure and match["name"] not in _NO_NAME and passage.free(*match.span("name")):
            passage.claim("handle", f"@{match['name']}", *match.span("name"))
