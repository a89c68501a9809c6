"""Numbers as people write them: 1,500 · 1.5k · 三百二十 · 两千 · 1.5万 · half a dozen · twenty-five."""

import re
from decimal import Decimal, InvalidOperation

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_BIG = {"万": 10_000, "亿": 100_000_000}
_SUFFIX = {"k": 1_000, "m": 1_000_000, "w": 10_000, "千": 1_000, "百": 100, "万": 10_000, "亿": 100_000_000}
_SMALL = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "dozen": 12}
_FIXED: dict[str, Decimal | int] = {
    "a": 1, "an": 1, "half a dozen": 6, "a couple of": 2, "a couple": 2, "couple": 2, "a pair of": 2, "a dozen": 12,
    "half": Decimal("0.5"), "半": Decimal("0.5"),
}  # fmt: skip

CHINESE = "[零〇一二两俩仨三四五六七八九十百千万亿]"
_ENGLISH_WORD = "|".join(sorted((*_SMALL, *_TENS, *_SCALE), key=len, reverse=True))
ARABIC = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,4})?(?: ?(?:[kmw](?![a-z])|[百千万亿]))?"
ENGLISH = (
    rf"(?:half a dozen|a couple of|a couple|a pair of|a dozen|(?:a )?(?:{_ENGLISH_WORD})"
    rf"(?:(?:-| and | )(?:{_ENGLISH_WORD})){{0,5}})(?![a-z])"
)
NUMBER = rf"(?:(?<![\w.]){ARABIC}|(?<![a-z]){ENGLISH}|{CHINESE}{{1,12}}|(?<!\d){ARABIC})"
"""A number in any of these forms, in folded text."""


def parse(text: str) -> Decimal | None:
    """Return the value of a folded number, or None when it is none.

    >>> parse("1.5万"), parse("三百二"), parse("twenty-five"), parse("half a dozen")
    (Decimal('15000.0'), Decimal('320'), Decimal('25'), Decimal('6'))
    """
    plain = text.strip().lower()
    if plain in _FIXED:
        return Decimal(_FIXED[plain])
    if plain and plain[0].isdigit():
        return _arabic(plain)
    if re.fullmatch(f"{CHINESE}{{1,20}}", plain):
        return _chinese(plain)
    return _english(plain)


def whole(text: str) -> int | None:
    """Return the value if it is a whole number."""
    value = parse(text)
    return int(value) if value is not None and value == value.to_integral_value() else None


def tidy(value: Decimal) -> int | float:
    """Return an int where the value is whole, else a float: both go into JSON."""
    return int(value) if value == value.to_integral_value() else float(value)


def _arabic(text: str) -> Decimal | None:
    factor = 1
    body = text.replace(",", "").replace(" ", "")
    while body and body[-1] in _SUFFIX:
        factor *= _SUFFIX[body[-1]]
        body = body[:-1]
    try:
        return Decimal(body) * factor
    except InvalidOperation:
        return None


def _chinese(text: str) -> Decimal | None:
    if not any(char in _UNITS or char in _BIG for char in text):
        return Decimal("".join(str(_DIGITS[char]) for char in text))
    total, section, digit, last = 0, 0, 0, 1
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
            if not digit:
                last = 1  # 一千零五 is 1,005, not 1,500
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit, last = 0, _UNITS[char]
        else:
            total += (section + digit or 1) * _BIG[char]
            section, digit, last = 0, 0, _BIG[char]
    if digit and last >= 100 and text[-2] != "零":
        digit *= last // 10  # 三百二 is 320, 两万五 is 25,000
    return Decimal(total + section + digit)


def _english(text: str) -> Decimal | None:
    total, current, seen = 0, 0, False
    for word in re.split(r"[\s-]+", text):
        if word in {"and", "a"}:
            continue
        if word in _SMALL or word in _TENS:
            current += _SMALL.get(word, _TENS.get(word, 0))
        elif word in {"hundred", "dozen"}:
            current = (current or 1) * _SCALE[word]
        elif word in _SCALE:
            total += (current or 1) * _SCALE[word]
            current = 0
        else:
            return None
        seen = True
    return Decimal(total + current) if seen else None
