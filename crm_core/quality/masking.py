"""Examples without personal data: enough is left to see what is wrong with a value, not to know whose it is."""

import re

LONGEST = 40
PERSONAL = ("id", "email", "phone", "name", "address")
PLAIN = ("country", "language", "zone", "customer_kind", "order_status", "shipment_status", "yes", "currency")


def masked(text: str, holds: str) -> str:
    """A cell as a report may show it; `holds` is what its column is for.

    >>> masked("Wang.Fang@example.com", "email"), masked("+86 138 0013 8000", "phone"), masked("王芳", "name")
    ('W***@e***', '+86***00', '王***')
    >>> masked("2026-02-30", "moment"), masked("call 13800138000", "moment"), masked("12.50", "money")
    ('2026-02-30', 'c*** 1***', '12.50')
    >>> masked("York\u00a0\x1b", "text")
    'York··'
    """
    text = "".join(character if character.isprintable() else "·" for character in text[: 2 * LONGEST])
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    if "@" in text:
        return "@".join(_first(part) for part in text.split("@")[:2])
    if holds == "phone":
        digits = re.sub(r"\D", "", text)
        return f"{'+' if text.startswith('+') else ''}{digits[:2]}***{digits[-2:]}" if len(digits) > 6 else _words(text)
    if holds in PERSONAL or (holds not in PLAIN and re.search(r"\d{9}", text)):
        return _words(text)
    return short


def _words(text: str) -> str:
    return " ".join(_first(word) for word in text.split()[:3])


def _first(text: str) -> str:
    return text[:1] + "***" if text else ""
