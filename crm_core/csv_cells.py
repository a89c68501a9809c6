"""Cells of CSV files: what goes out is never taken for a formula, what comes in is clean text."""

import re
import unicodedata

_FORMULA = "=+-@"
_BREAKS = ("\t", "\r", "\n")
_HARMLESS = re.compile(r"-?\d{1,15}([.,]\d{1,6})?|\+\d{6,15}")
INVISIBLE = dict.fromkeys(
    [
        *(*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFEFF),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), *range(0xD800, 0xE000)),
    ]
)
"""Control, zero-width and direction characters, halves of surrogate pairs: databases refuse some, all mislead."""


def safe_cell(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula; plain numbers stay as they are.

    >>> safe_cell("=1+1"), safe_cell("＝1+1"), safe_cell("-12.50"), safe_cell("+8613800138000")
    ("'=1+1", "'＝1+1", '-12.50', '+8613800138000')
    """
    if _HARMLESS.fullmatch(text):
        return text
    seen = unicodedata.normalize("NFKC", text).translate(INVISIBLE).strip()
    return "'" + text if text[:1] in _BREAKS or seen[:1] in tuple(_FORMULA) else text


def clean_cell(text: str) -> str:
    """The text of a cell without what nobody sees, and without the apostrophe that `safe_cell` put there."""
    seen = text.translate(INVISIBLE).lstrip(" ")
    rest = seen[1:]
    if seen[:1] == "'" and (rest[:1] in _BREAKS or unicodedata.normalize("NFKC", rest).strip()[:1] in tuple(_FORMULA)):
        seen = rest
    return seen.strip()
