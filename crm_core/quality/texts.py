"""Texts that were damaged on their way: repaired where it is certain what was meant, else only found."""

import re
from functools import lru_cache

import ftfy
from ftfy.badness import is_bad

from crm_core.csv_cells import INVISIBLE

ROUNDS = 5
LONGEST = 20_000
"""Longer texts fit no field; they are not looked into."""
_SPACES = dict.fromkeys([0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_WIDE = {code: chr(code - 0xFEE0) for code in [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]}
_LOST = re.compile("\ufffd|[\x80-\x9f]|锟斤拷|烫烫烫|屯屯屯")
"""What is left when bytes were thrown away: no rule brings them back."""
_HAN = re.compile("[\u3400-\u9fff]")


@lru_cache(maxsize=4096)
def repaired(text: str) -> tuple[str, tuple[str, ...]]:
    """The text as it was meant, and what was repaired in it: encoding, invisible, width, spaces.

    >>> repaired("CafÃ©"), repaired("ＡＢ１２ "), repaired("鐜嬭姵")
    (('Café', ('encoding',)), ('AB12', ('width', 'spaces')), ('王芳', ('encoding',)))
    >>> repaired("Müller")
    ('Müller', ())
    """
    if len(text) > LONGEST:
        return text, ()
    now, done = text, dict.fromkeys([""])
    for _ in range(ROUNDS):
        before = now
        for what, repair in _REPAIRS.items():
            better = repair(now)
            if better != now:
                now, done[what] = better, None
        if now == before:
            return now, tuple(filter(None, done))
    return text, ()


def is_damaged(text: str) -> bool:
    """True when something was lost or garbled that `repaired` cannot bring back."""
    return (
        not text.isascii()
        and len(text) <= LONGEST
        and (bool(_LOST.search(text)) or is_bad(text) or _as_utf8(text) is not None)
    )


def _encoding(text: str) -> str:
    if text.isascii():
        return text
    meant = ftfy.fix_encoding(text)
    if meant == text:
        meant = _read_as_gbk(text) or text
    return text if _LOST.search(meant) or is_bad(meant) else meant


def _read_as_gbk(text: str) -> str | None:
    """UTF-8 that was read as GBK. Certain when rare characters become common Chinese ones, and nothing is left over."""
    if all(character.isascii() or _is_common(character) for character in text):
        return None
    meant = _as_utf8(text)
    return meant if meant and all(character.isascii() or _is_common(character) for character in meant) else None


def _as_utf8(text: str) -> str | None:
    """Chinese text whose GBK bytes are UTF-8 of Chinese text: no real text is, but a short one may be by chance."""
    if not _HAN.search(text):
        return None
    try:
        meant = text.encode("gb18030").decode("utf-8")
    except UnicodeError:
        return None
    return meant if _HAN.search(meant) and not _LOST.search(meant) else None


def _is_common(character: str) -> bool:
    """Among the 7,445 characters of GB 2312."""
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeError:
        return False


def _invisible(text: str) -> str:
    return text.translate(INVISIBLE)


def _width(text: str) -> str:
    return text if is_damaged(text) else text.translate(_WIDE)


def _spaces(text: str) -> str:
    return text.translate(_SPACES).strip()


_REPAIRS = {"encoding": _encoding, "invisible": _invisible, "width": _width, "spaces": _spaces}
