"""Words that name topics, in both languages: products as the catalogue calls them, and `config/glossary.yml`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import FOLDER
from crm_core.analytics.topics.chinese_words import RUN
from crm_core.models import Product

SHORTEST = 2
"""Chinese characters that are looked for inside a longer word."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one says of a thing in each language."""

    en: str
    zh: str

    def said(self, language: str) -> str:
        """The term in a language."""
        return self.zh if language == "zh" else self.en


class Glossary:
    """Finds the term that a word of a text stands for."""

    def __init__(self, terms: Mapping[str, Term]) -> None:
        self._terms = terms
        self._longest = max((len(word) for word in terms if RUN.fullmatch(word)), default=0)

    def find(self, said: str) -> Term | None:
        """The term of a word or of a few; of a Chinese run that is none, the longest one in it."""
        plain = said.lower()
        if plain in self._terms:
            return self._terms[plain]
        if RUN.fullmatch(said):
            return next((self._terms[part] for part in self._parts(said) if part in self._terms), None)
        return self._terms.get(plain.removesuffix("s"))

    def _parts(self, run: str) -> Iterable[str]:
        for size in range(min(len(run) - 1, self._longest), SHORTEST - 1, -1):
            yield from (run[start : start + size] for start in range(len(run) - size + 1))


def glossary(session: Session) -> Glossary:
    """The glossary of this business; what two products are called alike is the name of neither."""
    terms = _common()
    products: dict[str, Term | None] = {}
    for row in session.execute(select(Product.name_en, Product.name_zh, Product.aliases)):
        term = _product(row.name_en, row.name_zh)
        for name in {name.lower() for name in (row.name_en, row.name_zh, *row.aliases)} - terms.keys():
            products[name] = None if products.get(name, term) != term else term
    return Glossary(terms | {name: term for name, term in products.items() if term})


def _product(english: str, chinese: str) -> Term:
    """A product without what tells its variants apart: of "T3 grinder, white" and "T3 磨豆机 白色", the colour."""
    name, comma, _ = english.partition(",")
    return Term(name, (comma and chinese.rpartition(" ")[0]) or chinese)


def _common() -> dict[str, Term]:
    """Words of any shop: `config/glossary.yml`."""
    listed: dict[str, str] = yaml.safe_load((FOLDER / "glossary.yml").read_text("utf-8"))
    found: dict[str, Term] = {}
    for english, chinese in listed.items():
        words = [word.strip() for word in english.split(",")]
        term = Term(words[0], chinese.split()[0])
        found |= {word.lower(): term for word in (*words, *chinese.split())}
    return found
