"""E-mail addresses and telephone numbers in the one form they are stored, indexed and compared in."""

import re
import unicodedata

import phonenumbers

_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@<>(),;:\"\\\[\]]{1,189}")
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)")
_NOT_A_NUMBER = re.compile(r"[^\d\s+().\-/·]")
LONGEST_PHONE = 40


def normalised_email(text: str) -> str | None:
    """The address lower-cased, or None when it cannot be one.

    >>> normalised_email(" Wang.Fang@Example.COM ")
    'wang.fang@example.com'
    >>> normalised_email("wang.fang@localhost") is None
    True
    """
    folded = unicodedata.normalize("NFKC", text[:400]).strip().removeprefix("mailto:").lower()
    if not _ADDRESS.fullmatch(folded):
        return None
    local, _, domain = folded.rpartition("@")
    labels = domain.split(".")
    if local.startswith(".") or local.endswith(".") or ".." in local or len(labels) < 2 or len(labels[-1]) < 2:
        return None
    return folded if all(_LABEL.fullmatch(label) for label in labels) else None


def normalised_phone(text: str, region: str) -> str | None:
    """The number with its country's prefix ("+8613800138000"), or None when it cannot be one.

    `region`: whose numbers may be written without a prefix. Only the length is checked: which numbers are given out
    changes faster than any table.
    """
    folded = unicodedata.normalize("NFKC", text[: LONGEST_PHONE + 1]).strip().removeprefix("tel:")
    if len(folded) > LONGEST_PHONE or _NOT_A_NUMBER.search(folded):
        return None
    if folded.startswith("00"):
        folded = "+" + folded[2:]
    try:
        number = phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
