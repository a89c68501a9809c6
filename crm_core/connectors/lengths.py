"""How long a text is, as each network counts it."""

import re

import regex  # type: ignore[import-untyped]

LINK = re.compile(r"https?://[^\s<>\"，。！？；：、（）《》]+(?<![.,;:!?)\]'\"])", re.IGNORECASE)
_REMOTE = re.compile(r"(?<![\w/@])@(\w+(?:[\w.-]*\w)?)@[\w.-]*\w")
_LINK_AS = 23
"""Characters that a link counts on Mastodon and X, whatever its length."""
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""What counts one on X; everything else counts two."""
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")
_WEIBO_LINK = 20


def graphemes(text: str) -> int:
    """What a reader takes for one character each: an emoji of several parts is one.

    >>> graphemes("👩‍👩‍👧 ok"), graphemes("e\\u0301")
    (4, 1)
    """
    return len(regex.findall(r"\X", text))


def mastodon(text: str) -> int:
    """Of links 23, of somebody elsewhere only the name.

    >>> mastodon("@mei@far.example https://shop.example/a/very/long/address")
    28
    """
    return graphemes(LINK.sub("x" * _LINK_AS, _REMOTE.sub(r"@\1", text)))


def x(text: str) -> int:
    """Chinese characters and emoji count two, links 23.

    >>> x("谢谢 👩‍👩‍👧"), x("see https://shop.example/a")
    (7, 27)
    """
    links = len(LINK.findall(text))
    return links * _LINK_AS + sum(_weight(each) for each in regex.findall(r"\X", LINK.sub("", text)))


def _weight(grapheme: str) -> int:
    if (grapheme > "\u10ff" and _EMOJI.search(grapheme)) or "\ufe0f" in grapheme:
        return 2
    return sum(1 if any(low <= ord(char) <= high for low, high in _LIGHT) else 2 for char in grapheme)


def weibo(text: str) -> int:
    """Two letters count as one Chinese character, a link as ten.

    >>> weibo("谢谢 ok"), weibo("https://shop.example/a/very/long/address")
    (4, 10)
    """
    links = len(LINK.findall(text))
    return -(-(links * _WEIBO_LINK + sum(1 if ord(char) < 256 else 2 for char in LINK.sub("", text))) // 2)
