"""What a question names besides its figure: products, brands, topics, people; figures narrow to it if they can."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.models import Topic
from crm_core.query.patterns import NOT, folded
from crm_core.query.reading import NEAR
from nlu.entities.date_readings import DAY_NAMES, MONTH_NAMES
from nlu.understanding import Entity, Understanding

SUBJECTS = {
    "product": "product", "competitor": "brand", "topic": "topic", "person_name": "customer", "company": "customer",
    "customer_id": "customer", "email": "customer", "phone": "customer", "handle": "customer",
}  # fmt: skip
"""Entity -> the dimension of figures that it is a value of."""
_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_NAME = re.compile(r"(?<![\w'’-])[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*")
_OF = re.compile(r"(?<![a-z])(?:by|from|of|about|for|to|with|customer|client|named|called)\s+$", re.IGNORECASE)
_NO_PRODUCT = re.compile(r"(?:the )?(?:month|season|festival|week|day)s?|处理|季节|节日", re.IGNORECASE)
"""Words of products' names that, alone, mean something else in a question about figures."""
_NO_NAME = {
    "i", "english", "chinese", "mandarin", "china", "asia", "europe", "christmas", "easter", "ramadan", "eid", "spring",
    "festival", "double", "eleven", "black", "cyber", "day", "week", "slack", "telegram", "web", "wechat", "weibo",
    "facebook", "instagram", "twitter", "bluesky", "mastodon", "linkedin", "reddit", "bot", "ai", "excel",
    *DAY_NAMES, *MONTH_NAMES,
}  # fmt: skip
"""Words that are written with a large letter, and are nobody's name."""
_PEOPLE = re.compile(
    r"(?<![a-z])(?:returning|repeat|loyal|long-?time|existing|male|female) (?:customers?|buyers?|clients?)(?![a-z])"
    r"|(?<![a-z])(?:older|younger) than \d+|(?<![a-z])aged? (?:over|under|above|below)? ?\d+"
    r"|\d+岁(?:以[上下]|到\d+岁)|(?:老|熟|回头|忠实|男|女)(?:性?客户|顾客|客|用户|性)"
)
"""Kinds of customers by which no figure is told apart."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is named, as it was said. `known`: there are records that may be about it."""

    dimension: str
    value: str
    text: str
    excluded: bool = False
    known: bool = True


def subjects_of(said: Understanding, session: Session) -> tuple[Subject, ...]:
    """What is named, each once; names that nothing recognised come last."""
    named = [one for one in said.entities if one.name in SUBJECTS and not _NO_PRODUCT.fullmatch(one.text)]
    found = [_subject(said, entity, SUBJECTS[entity.name], session) for entity in named]
    found += [Subject("name", word, word, known=False) for word in strange_names(said.text[:600], said.entities)]
    found += [Subject("name", word, word, known=False) for word in _kinds_of_people(said)]
    return tuple({(one.dimension, one.value): one for one in found}.values())


def _kinds_of_people(said: Understanding) -> Iterator[str]:
    """Kinds of customers that no record tells apart: returning ones, those older than 40."""
    taken = [(one.start, one.end) for one in said.entities if one.name in ("metric", "group_by", "segment")]
    for found in _PEOPLE.finditer(said.text.lower()[:600]):
        if not any(start < found.end() and found.start() < end for start, end in taken):
            yield found.group()


def _subject(said: Understanding, entity: Entity, dimension: str, session: Session) -> Subject:
    value, known = str(entity.value), True
    if dimension == "topic":
        query = select(Topic.name).where(func.lower(Topic.name).in_([value.lower(), entity.text.lower()])).limit(1)
        stored = session.scalar(query)
        value, known = stored or value, stored is not None
    return Subject(dimension, value, entity.text or value, negated(said.text, entity.start), known)


def negated(text: str, start: int) -> bool:
    """Whether "without", "except" or 不 stands right before this place."""
    before = folded(text[:start]) if start > 0 else ""
    return any(0 <= len(before) - match.end() <= NEAR for match in NOT.finditer(before))


def strange_names(text: str, entities: Sequence[Entity]) -> Iterator[str]:
    """Words that are written like names, after "by", "of" or "customer", and that nothing explains."""
    words = list(_WORD.finditer(text))
    if sum(word.group()[0].isupper() for word in words) > len(words) / 2:
        return  # where most words are written so, it says nothing
    yield from capitalised(text, entities, after=_OF)


def capitalised(text: str, entities: Sequence[Entity], after: re.Pattern[str] | None = None) -> Iterator[str]:
    """Names of one word or several that begin with large letters, are no usual ones that do, and are in no entity."""
    taken = [(one.start, one.end) for one in entities]
    end = -1
    for word in _NAME.finditer(text):
        name = re.sub(r"['’]s$", "", word.group())
        inside = any(start < word.end() and word.start() < last for start, last in taken)
        placed = after is None or after.search(text[: word.start()])
        usual = all(part.lower() in _NO_NAME or part.isupper() for part in name.split())
        if word.start() > end and not inside and placed and not usual:
            end = word.end()
            yield name
