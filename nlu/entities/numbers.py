"""Numbers as people write them: 1,500 · 1.5k · 三百二十 · 两千 · 1.5万 · half a dozen · twenty-five."""

import math
import re
from decimal import Decimal, InvalidOperation

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "仨": 3}
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_BIG = {"万": 10_000, "亿": 100_000_000}
_SUFFIX = {
    "k": 1_000, "m": 1_000_000, "mn": 1_000_000, "w": 10_000, "bn": 1_000_000_000, "十": 10, "百": 100, "千": 1_000,
    "万": 10_000, "亿": 100_000_000, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000,
}  # fmt: skip
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
_SCALE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "dozen": 12}
_FIXED: dict[str, Decimal | int] = {
    "a": 1, "an": 1, "half a dozen": 6, "a couple of": 2, "a couple": 2, "couple": 2, "a pair of": 2, "a dozen": 12,
    "half": Decimal("0.5"), "半": Decimal("0.5"), "half a million": 500_000, "a couple hundred": 200,
    "a couple thousand": 2_000,
}  # fmt: skip

CHINESE = "[零〇一二两俩仨三四五六七八九十百千万亿]"
_ENGLISH_WORD = "|".join(sorted((*_SMALL, *_TENS, *_SCALE), key=len, reverse=True))
ARABIC = (
    r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,12})(?:\.\d{1,4})?"
    r"(?: ?(?:(?:[kmw]|mn|bn|hundred|thousand|million|billion)(?![a-z])"
    r"|[百千万亿]{1,2}(?:\d[千百]?(?![\d.万千百十]))?))?"
)
ENGLISH = (
    rf"(?:half a dozen|half a million|a couple of|a couple(?: hundred| thousand)?|a few (?:hundred|thousand)"
    rf"|a pair of|a dozen"
    rf"|(?:a )?(?:{_ENGLISH_WORD})(?:(?:-| and a | and | )(?:{_ENGLISH_WORD})){{0,5}})(?![a-z])"
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
    if match := re.fullmatch(f"({CHINESE}{{1,6}})点([零〇一二三四五六七八九]{{1,4}})", plain):
        return _chinese(match[1]) + Decimal("0." + "".join(str(_DIGITS[char]) for char in match[2]))
    return _english(plain)


def whole(text: str) -> int | None:
    """Return the value if it is a whole number."""
    value = parse(text)
    return int(value) if value is not None and value == value.to_integral_value() else None


def tidy(value: Decimal) -> int | float:
    """Return an int where the value is whole, else a float: both go into JSON."""
    return int(value) if value == value.to_integral_value() else float(value)


def _arabic(text: str) -> Decimal | None:
    match = re.fullmatch(r"([\d.,]+)([a-z]+|[十百千万亿]{0,2})(?:(\d)([千百]?))?", text.replace(" ", ""))
    if not match:
        return None
    body, suffix, digit, small = match.groups()
    factors = [_SUFFIX.get(part) for part in ([suffix] if suffix.isascii() else suffix) if part]
    if None in factors:
        return None
    factor = math.prod(one for one in factors if one)
    try:
        value = Decimal(_with_point(body)) * factor
    except InvalidOperation:
        return None
    if digit:  # 1万2千 is 12,000 and 3千5 is 3,500
        value += int(digit) * (_SUFFIX[small] if small else factor // 10)
    return value


def _with_point(body: str) -> str:
    """1,299.50 and 1.299,50 and 49,90 alike."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){0,3},\d{1,2}|\d{1,9},\d{2}", body):
        return body.replace(".", "").replace(",", ".")
    return body.replace(",", "")


def spread(text: str) -> tuple[Decimal, Decimal] | None:
    """Return both ends of 三四百, 一两千, 七八十; None where it is one number.

    >>> spread("三四百"), spread("三百")
    ((Decimal('300'), Decimal('400')), None)
    """
    match = re.fullmatch(r"([一二两三四五六七八])([二两三四五六七八九])([十百千万]{0,2})", text)
    if not match or _DIGITS[match[2]] != _DIGITS[match[1]] + 1:
        return None
    factor = math.prod(_UNITS.get(unit) or _BIG[unit] for unit in match[3])
    return Decimal(_DIGITS[match[1]] * factor), Decimal(_DIGITS[match[2]] * factor)


def _chinese(text: str) -> Decimal:
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
