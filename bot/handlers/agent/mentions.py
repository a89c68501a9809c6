"""What is said in public: about us, a competitor or a product; or by a customer, as far as posts are tied to them."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from bot.figures import FigureWords
from bot.handlers.agent.asking import StaffTurn, asked, hushed, label, named, present, whom
from bot.handlers.agent.public_posts import post_card
from bot.mention_words import mentions_reply, said
from bot.messages import Card, Choice, Reply
from crm_core.access import may
from crm_core.catalogue import product_name
from crm_core.models import Post
from crm_core.reports.evidence import Row
from crm_core.reports.metrics import US
from crm_core.reports.periods import Period, last_days
from crm_core.staff.store import Brief
from nlu.understanding import Understanding

DAYS = 7
PAGE = 5
SAID_BY = ("person_name", "company", "customer_id", "handle")
"""Entities that say by whom, not about what."""
FEELINGS = ("positive", "neutral", "negative")
_THEM = re.compile(r"(?<![a-z])(?:s?he|him|her)(?![a-z])|(?<!其)[她他](?!们)", re.IGNORECASE)
_MORE = re.compile(r"more:(\d{1,6}):(?:(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d))?:\d{1,12}")


def social_mentions(turn: StaffTurn) -> Reply:
    """Figures and the posts most worth reading; of a person who is named, only what they posted themselves."""
    who = author(turn)
    if who is not None:
        return who if isinstance(who, Reply) else posts_by(turn, who)
    words = words_of(turn)
    period, only = _period(turn) or _usual(turn), said_about(turn.understanding)
    found = turn.store.posts.mentions(period, period.before(), only)
    return hushed(turn, mentions_reply(found, period, period.before(), only, {}, words))


def words_of(turn: StaffTurn) -> FigureWords:
    """Figures in the language of the turn, with the names of products."""
    product = partial(product_name, turn.store.session, language=turn.language)
    return FigureWords(turn.services.phrases, turn.language, product=product)


def said_about(said: Understanding) -> dict[str, list[str]]:
    """What it is about, and what else narrows it; about us, if nothing is named."""
    products, rivals = (_all(said, name) for name in ("product", "competitor"))
    only = {"product": products, "brand": rivals, "network": _all(said, "channel"), "language": _all(said, "language")}
    if not products and not rivals:
        only["brand"] = [US]
    return {name: values for name, values in {**only, "feeling": feelings(said)}.items() if values}


def feelings(said: Understanding) -> list[str]:
    """ "Only negative", 负面的: the moods that are named."""
    return [mood for mood in _all(said, "mood") if mood in FEELINGS]


def author(turn: StaffTurn) -> Brief | Reply | None:
    """The customer whose posts are asked for; None when it is asked what is said about something."""
    wanted = asked(turn)
    known = named(turn, wanted, wanted.text)
    if known or any(wanted.first(name) for name in SAID_BY) or (_THEM.search(wanted.text) and present(turn)):
        return whom(turn, wanted, guess=False)
    return None


def posts_by(turn: StaffTurn, who: Brief) -> Reply:
    """What a customer said in public, the newest first."""
    turn.memory.show("customer", who.customer_id)
    words = words_of(turn)
    period, offset = _page(turn)
    found = turn.store.posts.of_customer(who.customer_id, period, offset=offset, limit=PAGE)
    if not found.rows:
        return hushed(turn, Reply(text=words.say("mentions.by_nothing", who=label(turn, who))))
    last = offset + len(found.rows)
    note = words.say("evidence.note", first=offset + 1, last=last, total=found.total)
    more = Choice(label=turn.say("agent.lists.more"), value=f"social_mentions:more:{last}:{_days(period)}:{who.number}")
    erase = Choice(label=turn.say("public.buttons.erase"), value=f"public_erase:{who.number}", style="danger")
    return hushed(turn, Reply(
        text=f"{words.say('mentions.by', who=label(turn, who), count=found.total)}\n{note}",
        cards=tuple(_cards(turn, found.rows, words)),
        choices=(*([more] if last < found.total else []), *([erase] if may(turn.store.actor, "public.erase") else [])),
    ))  # fmt: skip


def _cards(turn: StaffTurn, rows: Sequence[Row], words: FigureWords) -> Iterator[Card]:
    """A card for each post; the one at the top is meant by "reply: …"."""
    for place, row in enumerate(rows):
        post = turn.store.session.get(Post, row.post_id)
        if post is not None:
            if not place:
                turn.memory.show("post", post.id)
            yield post_card(turn, post, said(row, words))


def _all(said: Understanding, name: str) -> list[str]:
    return list(dict.fromkeys(str(value) for value in said.all(name)))


def _period(turn: StaffTurn) -> Period | None:
    """The days that were named; open at its start, such a span reaches back a year."""
    value = turn.understanding.first("date_range")
    if turn.message.kind == "button" or not isinstance(value, dict):
        return None
    zone = turn.services.settings.business.zone
    last = date.fromisoformat(value["end"]) if value.get("end") else _today(turn) + timedelta(days=1)
    first = date.fromisoformat(value["start"]) if value.get("start") else last - timedelta(days=365)
    return Period(first, last, zone, turn.now) if first < last else None


def _page(turn: StaffTurn) -> tuple[Period | None, int]:
    """The days, and where to go on; a button says both: `more:10:2026-11-23/2026-11-30:10203`."""
    said = _MORE.fullmatch(turn.argument) if turn.message.kind == "button" else None
    if said is None:
        return _period(turn), 0
    zone = turn.services.settings.business.zone
    days = [date.fromisoformat(day) for day in said.group(2, 3) if day]
    return (Period(days[0], days[1], zone, turn.now) if len(days) == 2 else None), int(said[1])


def _days(period: Period | None) -> str:
    return f"{period.first}/{period.last}" if period else ""


def _usual(turn: StaffTurn) -> Period:
    return last_days(_today(turn), DAYS, turn.services.settings.business.zone, turn.now)


def _today(turn: StaffTurn) -> date:
    return turn.now.astimezone(ZoneInfo(turn.services.settings.business.zone)).date()
