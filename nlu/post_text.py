"""What a public post says in its author's own words, without links, handles, tags and signs of repeating."""

import re
from dataclasses import dataclass

from nlu.cleaning import HAN, clean, fold

_LINK = re.compile(r"(?:https?://|www\.)[^\s\u4e00-\u9fff，。！？、]+", re.IGNORECASE)
_MENTION = re.compile(r"@(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|[\w·-]{1,20}(?=[\s:：,，]|$))[:：]?")
_TOPIC = re.compile(r"[#＃]([^#＃\s]{1,40})[#＃]")
"""#咖啡日常#: a tag as it is written in Chinese networks, with a sign at both ends."""
_TAG = re.compile(r"[#＃](\w{1,60})")
_REPEATING = re.compile(
    r"^\s*(?:RT\b\s*(?=@)|(?:re)?posted from\s*(?=@)|repost(?:ing)?\s*(?=@|:)"
    r"|转发微博|转发(?=[:：\s/]|$)|转(?=[:：]))[:：]?",
    re.IGNORECASE,
)
_CHAIN = re.compile(r"//\s*@[^:：\s]{1,40}\s*[:：]")
"""Where a Chinese repost goes on with what it repeats."""
_SPACE = re.compile(r"\s+")
_NO_WORD = re.compile(rf"[^a-z0-9{HAN}\u00c0-\u024f\u3040-\u30ff\uac00-\ud7af]+")


@dataclass(frozen=True)
class PostText:
    """One post taken apart.

    Args:
        whole: the text, cleaned, with everything in it.
        own: the author's words; tags are words, links and handles are gone.
        plain: what is compared to find posts that say the same: words alone, of the repeated post in a bare repost.
    """

    whole: str
    own: str
    plain: str
    links: int = 0
    tags: int = 0
    mentions: int = 0


def take_apart(text: str) -> PostText:
    """Take a post apart; never raises because of what it says."""
    whole = clean(text)
    said, *repeated = _CHAIN.split(whole)
    said = _REPEATING.sub("", said)
    bare = repeated[-1] if repeated and not _words(said) else said
    untagged = _TOPIC.sub(r" \1 ", _plain_links(said))
    return PostText(
        whole=whole,
        own=_SPACE.sub(" ", _TAG.sub(r"\1", untagged)).strip(),
        plain=_words(bare),
        links=len(_LINK.findall(whole)),
        tags=len(_TOPIC.findall(whole)) + len(_TAG.findall(_TOPIC.sub(" ", whole))),
        mentions=len(_MENTION.findall(whole)),
    )


def comparable(text: str) -> str:
    """The words of a post that are compared with those of others.

    >>> comparable("RT @fan: Best Coffee!! https://x.example/1 #coffee")
    'best coffee'
    """
    return take_apart(text).plain


def _plain_links(text: str) -> str:
    return _MENTION.sub(" ", _LINK.sub(" ", text))


def _words(text: str) -> str:
    return _NO_WORD.sub(" ", fold(_TAG.sub(" ", _TOPIC.sub(" ", _plain_links(text))))).strip()
