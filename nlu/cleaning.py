"""Text made safe and comparable before anything reads it. Folding keeps every character in its place."""

import re
import unicodedata
from functools import lru_cache

from nlu.chinese import TRADITIONAL

MAX_CHARACTERS = 4_000
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

_UNSAFE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # zero width and direction
    "\ud800-\udfff\U000e0000-\U000e007f]"  # lone surrogates, tags
)


def clean(text: str) -> str:
    """Drop what nobody can see (NUL, lone surrogates, zero width, direction marks) and cut to 4,000 characters."""
    return _UNSAFE.sub("", text[: 4 * MAX_CHARACTERS])[:MAX_CHARACTERS].strip()


def _folded(character: str) -> str:
    """One character's comparable form: half width, lower case, Simplified; itself where that would be longer."""
    compatible = unicodedata.normalize("NFKC", character)
    if len(compatible) != 1:
        compatible = character
    lower = compatible.lower()
    if len(lower) != 1:
        lower = compatible
    return TRADITIONAL.get(lower, lower)


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    table = {}
    for code in range(0x10000):
        if 0xAC00 <= code < 0xE000:  # Hangul needs no folding, surrogates were dropped
            continue
        character = chr(code)
        folded = _folded(character)
        if folded != character:
            table[code] = folded
    return table


def fold(text: str) -> str:
    """Return the text in half width, lower case and Simplified Chinese, the same length as before."""
    return text.translate(_table())
