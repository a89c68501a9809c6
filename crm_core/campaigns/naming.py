"""Which campaigns a text means by their names: written out, or by words that only some of them have."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_SAYS_NOTHING = frozenset(
    re.findall(
        r"\w+",
        "a an and any are as at b be been beat better by can campaign campaigns could did do does done draft drafts for"
        " from get go goes has have how i in is it its last launch mailing me message my now of off offer on one or our"
        " out pause paused please promo promotion resume run running send sending sent show start started stop test"
        " than that the them then there these this those to up us was we week weekly well what when which who will with"
        " work would you",
    )
)
"""Words by which alone no campaign is meant."""
_SAYS_NOTHING_ZH = re.compile(
    "营销活动|活动|草稿|营销|推广|促销|推送|群发|邮件|短信|文案|效果|结果|表现|怎么样|如何|客户|上次|这次|那次|这个|那个"
    "|[的了吗呢吧是在有把将]|暂停|停止|停掉|恢复|继续|开始|启动|预览|多少|我们|全部|所有"
)
LEAST_ZH = 2
"""Characters in a row that a Chinese name and a text have in common where the name is meant."""


def meant(text: str, names: Sequence[str]) -> list[str]:
    """The names that a text means: those written out in it, else those of which most words stand in it.

    >>> meant("how did Tea two do", ["Tea one", "Tea two", "Tea two reloaded"])
    ['Tea two']
    >>> meant("how did the tea campaign do", ["Tea one", "Tea two", "Mugs"])
    ['Tea one', 'Tea two']
    >>> meant("暂停春茶活动", ["春茶上新", "冬季杯子"])
    ['春茶上新']
    """
    written = _written_out(text, names)
    if written:
        return written
    shares = {name: _shared(text, name) for name in names}
    best = max(shares.values(), default=(0, 0))
    return [name for name, share in shares.items() if share == best] if best[0] else []


def wholly_meant(text: str, names: Sequence[str]) -> list[str]:
    """The names that hold every word of a text; where it is nothing but whole names, those.

    >>> wholly_meant("tea two", ["Tea one", "Tea two", "Tea two reloaded"])
    ['Tea two']
    >>> wholly_meant("the mugs campaign", ["Winter mugs", "Tea two"]), wholly_meant("mugs in Berlin", ["Winter mugs"])
    (['Winter mugs'], [])
    """
    written = _written_out(text, names)
    if written and not _rest(text, written):
        return written
    said = [word for word in _words(text) if word not in _SAYS_NOTHING]
    return [name for name in names if said and all(_stands_in(word, name) for word in said)]


def _written_out(text: str, names: Iterable[str]) -> list[str]:
    """Names that stand in a text and are no part of a longer one that does."""
    folded = _plain(text)
    places: list[tuple[int, int, str]] = []
    for name in sorted(names, key=len, reverse=True):
        plain = _plain(name)
        edges = (r"(?<![a-z0-9])" if plain[:1].isascii() else "", r"(?![a-z0-9])" if plain[-1:].isascii() else "")
        for match in re.finditer(edges[0] + re.escape(plain) + edges[1], folded) if plain.strip() else ():
            if not any(start < match.end() and match.start() < end for start, end, _ in places):
                places.append((match.start(), match.end(), name))
    return list(dict.fromkeys(name for _, _, name in sorted(places)))


def _rest(text: str, names: Iterable[str]) -> list[str]:
    """What a text says besides names."""
    rest = _plain(text)
    for name in names:
        rest = rest.replace(_plain(name), " ")
    return [word for word in _words(rest) if word not in _SAYS_NOTHING]


def _shared(text: str, name: str) -> tuple[int, int]:
    """How much of a name stands in a text: what says something, and all."""
    words, said = dict.fromkeys(_words(name)), _words(text)
    latin = [word for word in words if word.isascii() and word in said]
    telling = [word for word in latin if word not in _SAYS_NOTHING and (len(word) > 1 or word.isdigit())]
    runs = [run for run in words if not run.isascii()]
    spoken = [other for other in said if not other.isascii()]
    common = max((_in_a_row(run, other) for run in runs for other in spoken), default=0)
    common = common if common >= LEAST_ZH or any(other in run for run in runs for other in spoken) else 0
    return len(telling) + common, len(latin) + common


def _stands_in(word: str, name: str) -> bool:
    words = _words(name)
    return word in words if word.isascii() else any(word in run for run in words)


def _words(text: str) -> list[str]:
    return _WORD.findall(_SAYS_NOTHING_ZH.sub(" ", _plain(text)))


def _in_a_row(one: str, other: str) -> int:
    """How many characters in a row two texts have in common, at most."""
    lengths = (length for length in range(min(len(one), len(other)), 0, -1))
    return next((n for n in lengths if any(one[i : i + n] in other for i in range(len(one) - n + 1))), 0)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
