"""Other ways in which a name is said: turned round, in pinyin, glued together, without its legal form, by one word."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from nlu.cleaning import fold
from nlu.entities.common_words import COMMON

_PINYIN = Path(__file__).with_name("pinyin.tsv")
COMPOUND = "欧阳|司马|诸葛|上官|司徒|东方|皇甫|尉迟|公孙|慕容|夏侯|端木|令狐|宇文|长孙|轩辕|钟离|闻人|南宫|百里|西门"
"""Surnames of two characters."""
_COMPOUND = re.compile(COMPOUND)
_HAN = re.compile("[\u4e00-\u9fff]{2,4}")
_HAN_ONLY = re.compile("[\u4e00-\u9fff]+")
_LEGAL = re.compile(
    r"[ ,]+(?:ltd|limited|inc|incorporated|llc|llp|gmbh|ag|corp|corporation|co|company|plc|pty ltd|pte ltd|bv"
    r"|sa|srl|group"
    r"|holdings?)\.?$|(?:股份|有限|责任|集团)*公司$|(?:有限)?责任公司$|集团$"
)
_SHORTEST_WORD = 6
_GENERIC = frozenset(
    ("套装", "礼盒", "组合", "系列", "服务", "会员", "礼品", "产品", "商品", "配件", "礼包", "单品", "体验", "课程",
     "客户", "订单", "套餐", "礼券", "现货", "新品", "正品", "全套")
)  # fmt: skip
"""How many a product's name ends; never what one of them is called."""


@lru_cache(maxsize=1)
def _syllables() -> dict[str, str]:
    lines = (line.split("\t") for line in _PINYIN.read_text(encoding="utf-8").splitlines())
    return {char: syllable for syllable, chars in lines for char in chars}


def pinyin(name: str) -> tuple[str, str] | None:
    """Return surname and given name in pinyin; None when it is no Chinese name of two to four known characters.

    >>> pinyin("王小芳"), pinyin("欧阳娜")
    (('wang', 'xiaofang'), ('ouyang', 'na'))
    """
    plain = fold(name).strip()
    if not _HAN.fullmatch(plain):
        return None
    said = [_syllables().get(char, "") for char in plain]
    if not all(said):
        return None
    place = 2 if len(plain) > 2 and _COMPOUND.match(plain) else 1
    return "".join(said[:place]), "".join(said[place:])


def of_person(name: str) -> Iterator[str]:
    """Yield the other orders and the pinyin of a name."""
    parts = fold(name).replace(",", " ").split()
    if len(parts) == 2 and all(part[0] < "\u3400" for part in parts):
        yield f"{parts[1]} {parts[0]}"
    elif len(parts) > 2 and parts[0][0] < "\u3400":
        yield " ".join([parts[-1], *parts[:-1]])
    spelt = pinyin(name)
    if spelt:
        yield " ".join(spelt)
        yield f"{spelt[1]} {spelt[0]}"


def of_company(name: str) -> str | None:
    """Return the name without its legal form, where it has one."""
    short = _LEGAL.sub("", fold(name).strip()).strip()
    return short if short != fold(name).strip() and len(short) > 2 else None


def of_products(names: Iterable[tuple[str, str]], taken: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (word, product) of words that stand in the names of one product only: "aeropress", V60, 无线耳机."""
    owners: dict[str, set[str]] = {}
    for name, value in names:
        words = fold(name).split()
        for word in set(words) if len(words) > 1 else ():
            owners.setdefault(word, set()).add(value)
    for word, values in owners.items():
        if len(values) == 1 and word not in taken and _distinctive(word):
            yield word, next(iter(values))


def _distinctive(word: str) -> bool:
    if not word.isascii():
        return len(word) > 2
    if re.fullmatch(r"[a-z]{1,3}\d{1,4}|\d{1,4}[a-z]{1,3}", word):
        return not re.fullmatch(r"\d+(?:g|kg|ml|l|cm|mm|w|v|oz|pcs|in|m|k)", word)
    return len(word) >= _SHORTEST_WORD and word.isalpha() and word not in COMMON and word.rstrip("s") not in COMMON


def first_words(companies: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (first word, company) where one company begins so, and the word is no everyday one."""
    pairs = {(fold(name).split()[0], value) for name, value in companies if len(fold(name).split()) > 1}
    times = Counter(word for word, _ in pairs)
    for word, value in sorted(pairs):
        if times[word] == 1 and len(word) > 3 and word.isalpha() and word not in COMMON:
            yield word, value


def shortened(products: Iterable[tuple[str, str]], categories: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (short name, "product", value) for products that alone are called by their last word or characters."""
    taken = {fold(name) for name in categories}
    owners: dict[str, set[str]] = {}
    for name, value in products:
        for short in _last_words(fold(name).strip()):
            owners.setdefault(short, set()).add(value)
    for short, values in owners.items():
        if len(values) == 1 and short not in taken and short not in COMMON:
            yield short, "product", next(iter(values))


def _last_words(name: str) -> Iterator[str]:
    if name.isascii():
        words = name.split()
        if len(words) > 1 and words[-1].isalpha() and len(words[-1]) > _SHORTEST_WORD - 1:
            yield words[-1]
        if len(words) > 2 and words[-2].isalpha():
            yield " ".join(words[-2:])
        return
    if len(name) > 3 and _HAN_ONLY.fullmatch(name):
        yield name[-3:]
    *before, last = name.split()
    if (before or len(name) > 3) and _HAN_ONLY.fullmatch(last) and last[-2:] not in _GENERIC:
        yield last[-2:]
