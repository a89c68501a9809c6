"""What a word in a cell means: a country, a currency, a status, a language, a zone, an address, a telephone number.

Each function takes the text and the name of its column, and says in English what is wrong with a value (`BadCell`).
"""

from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from babel import Locale

import config
from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.importing.columns import plain
from crm_core.importing.values import CODES, BadCell, is_currency, shown

WORDS_FILE = Path(config.__file__).parent / "import_words.yml"


@lru_cache
def meanings(what: str) -> dict[str, str]:
    """For a kind of word (order_status, country …): what each folded word means."""
    words: dict[str, dict[str, list[str]]] = yaml.safe_load(WORDS_FILE.read_text("utf-8"))
    known = {plain(word): meaning for meaning, names in words[what].items() for word in (meaning, *names)}
    if what == "country":
        for locale in (Locale("zh"), Locale("en")):
            for code, name in locale.territories.items():
                if len(code) == 2:
                    known.setdefault(plain(name), code)
                    known.setdefault(code.lower(), code)
    return known


def known_word(text: str, name: str, what: str) -> str:
    """The meaning of a word of a kind that `meanings` knows."""
    meaning = meanings(what).get(plain(text))
    if meaning is None:
        raise BadCell(f"{name} {shown(text)} is not known; name it in config/{WORDS_FILE.name}", "unknown")
    return meaning


def language_code(text: str, name: str) -> str:
    """A language by its code or name: "zh-CN" and "中文" are zh."""
    known = meanings("language")
    code = known.get(plain(text)) or known.get(plain(text).split(" ")[0], plain(text).split(" ")[0])
    if len(code) != 2 or not code.isascii():
        raise BadCell(f"{name} {shown(text)} is not a language; write en, zh …", "unknown")
    return code


def zone_name(text: str, name: str) -> str:
    """A time zone that exists."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCell(f"{name} {shown(text)} is not a time zone; write Asia/Shanghai …", "unknown") from None


def currency_code(text: str, name: str) -> str:
    """A currency by its code, sign or name."""
    code = CODES.get(text.upper(), text.upper())
    if not is_currency(code):
        raise BadCell(f"{name} {shown(text)} is not a currency; write CNY, USD …", "unknown")
    return code


def email_address(text: str, name: str) -> str:
    """An e-mail address in its one form."""
    email = normalised_email(text)
    if email is None:
        raise BadCell(f"{name} {shown(text)} is not an e-mail address")
    return email


def telephone(text: str, name: str, region: str) -> str:
    """A telephone number with its country's prefix."""
    phone = normalised_phone(text, region)
    if phone is None:
        mangled = " (a spreadsheet has rounded it: format the column as text)" if "E+" in text.upper() else ""
        raise BadCell(f"{name} {shown(text)} is not a telephone number{mangled}")
    return phone
