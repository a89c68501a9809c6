"""What customers will want: totals over all of them, or over those that were named."""

import re
from dataclasses import replace
from typing import Any

from bot import wording
from bot.handlers.agent.asking import HERSELF, Asked, asked, hushed, label, named, not_found, whom
from bot.handlers.agent.needs import contact_word, next_of
from bot.handlers.agent.next_purchase import WHEN, next_purchase
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.subjects import capitalised
from bot.messages import Reply, Table
from bot.query_words import Wording, spoken
from bot.turns import Handler, Prepare, Preparing
from crm_core.needs import Expectation, NeedKind
from crm_core.query.conditions import Conditions
from crm_core.query.reading import conditions_from
from crm_core.scores import JOB
from crm_core.staff.store import Brief

WHO = ("place", "tier", "tag", "segment", "language", "kind")
"""Conditions that say of whom it is asked; the rest of the sentence is about what they may want, and when."""
NAMES = ("person_name", "company", "customer_id", "email", "phone", "handle")
"""Entities that name one customer."""
_NAMED_ZH = re.compile(
    r"(?:客户|顾客)?([\u4e00-\u9fff]{2,4}?)(?:女士|先生|小姐)?(?:下一?次|什么时候|啥时候|多久|还会|哪天|何时)"
)
_NOBODY_ZH = re.compile(r"客|顾|大家|他们|她们|谁|哪|用户|会员|人|预|测|我们|一般|平均|都|会|能|再")
CONTACTS_TOLD = 3
_WHO = re.compile(
    r"(?<![a-z])(?:who(?!le)|which (?:customers|clients|people)|find customers)(?![a-z])|谁|哪些(?:客户|人)|找出"
)
"""Asks for people, not for what they want."""


def predict_need(turn: ManagerTurn) -> Reply:
    """The five categories that are wanted most, with the customers to be expected; one customer has an answer alone."""
    wanted = asked(turn)
    one = _one(turn, wanted)
    if one is not None:
        return one if isinstance(one, Reply) else next_of(turn, wanted, one)
    among = _among(turn)
    found = turn.store.scores.expected("category", among)
    words = words_of(turn)
    if found is None:
        if among.all:
            return Reply(text=words.say("needs.nobody", conditions=_said(turn, among)))
        return Reply(text=words.say("needs.none", job=JOB))
    if _WHO.search(turn.understanding.text.lower()):
        return _who(turn, among)
    title = words.say("needs.title", days=found.horizon_days, customers=f"{found.customers:,}")
    lines = [title, *([words.say("needs.among", conditions=_said(turn, among))] if among.all else [])]
    lines += _contacts(turn, among)
    computed = wording.moment(found.computed_at, turn.language, turn.speaker.zone)
    until = wording.day(found.data_until, turn.language, "UTC")
    note = words.say("needs.from", computed=computed, until=until)
    return Reply(text="\n".join(lines), table=_table(turn, found, note))


def of_customer(handler: Handler) -> Handler:
    """The handler of what is foretold of the whole business, unless a customer is named: then it is asked of them."""

    def handle(turn: ManagerTurn) -> Reply:
        wanted = asked(turn)
        one = _one(turn, wanted) if turn.message.kind != "button" or not turn.argument else None
        if one is None:
            return handler(turn)
        return one if isinstance(one, Reply) else next_purchase(turn, one)

    return handle


def unless_of_customer(prepare: Prepare) -> Prepare:
    """What prepares it, unless somebody is named."""

    def made(given: Preparing) -> Any:
        return None if any(given.understanding.first(name) for name in NAMES) else prepare(given)

    return made


def _one(turn: ManagerTurn, wanted: Asked) -> Brief | Reply | None:
    """The customer who is named, or meant by "her"; which of several is meant; None where nobody is."""
    known = named(turn, wanted, wanted.text)
    text = wanted.text.lower()
    about_one = HERSELF.search(text) or (WHEN.search(text) and any(wanted.all(name) for name in NAMES))
    if not known and not about_one:
        unknown = _unknown_name(wanted.text) if WHEN.search(text) else ""
        return not_found(turn, unknown) if unknown else None
    return known[0] if len(known) == 1 else whom(turn, wanted, guess=False)


def _unknown_name(text: str) -> str:
    """Who is asked for by a name that no customer has; "" where nobody is."""
    chinese = _NAMED_ZH.match(text)
    if chinese and not _NOBODY_ZH.search(chinese[1]):
        return chinese[1]
    first = text.split(maxsplit=1)[1:]  # the first word of a sentence is written large anyway
    return " ".join(capitalised(first[0], ())) if first else ""


def _who(turn: ManagerTurn, among: Conditions) -> Reply:
    """The ten customers who are most likely to want what was named, or anything."""
    category = turn.understanding.first("category")
    what = str(category) if category else None
    found = turn.store.scores.likeliest("category", what, among)
    words, language = words_of(turn), turn.language
    people = {one.customer_id: label(turn, one) for one in turn.store.briefs([row[0] for row in found])}
    if not people:
        return Reply(text=words.say("needs.who_nobody"))
    turn.memory.show("list", list(people))
    rows = tuple(
        (people[customer_id], spoken("categories", wanted, language), f"{chance / 10:.0f} %")
        for customer_id, wanted, chance in found
        if customer_id in people
    )
    columns = tuple(words.say(f"needs.columns.{name}") for name in ("customer", "what", "chance"))
    title = words.say("needs.who_of" if what else "needs.who", what=spoken("categories", what or "", language))
    lines = [title, *([words.say("needs.among", conditions=_said(turn, among))] if among.all else [])]
    return hushed(turn, Reply(text="\n".join(lines), table=Table(columns=columns, rows=rows)))


def _among(turn: ManagerTurn) -> Conditions:
    said, currency = turn.understanding, turn.services.settings.business.currency
    read = conditions_from(said.text, said.entities, now=turn.now, zone=turn.speaker.zone, currency=currency)
    return replace(Conditions(currency=currency), all=tuple(one for one in read.all if one.field in WHO))


def _said(turn: ManagerTurn, among: Conditions) -> str:
    currency = turn.services.settings.business.currency
    words = Wording(turn.services.phrases, turn.language, turn.speaker.zone, {}, currency)
    return words.say("and").join(words.one(condition, currency) for condition in among.all)


def _table(turn: ManagerTurn, found: Expectation, note: str) -> Table:
    words = words_of(turn)
    rows = tuple(
        (
            spoken("categories", row.what, turn.language),
            f"{row.customers_milli / 1000:,.1f}",
            f"{row.customers_milli / 10 / found.customers:.1f} %",
        )
        for row in found.rows
    )
    columns = tuple(words.say(f"needs.columns.{name}") for name in ("what", "expected", "share"))
    return Table(columns=columns, rows=rows, note=note)


def _contacts(turn: ManagerTurn, among: Conditions) -> list[str]:
    kind: NeedKind = "contact"
    found = turn.store.scores.expected(kind, among)
    if found is None or not found.rows:
        return []
    words = words_of(turn)
    told = [
        words.say("needs.contact", what=contact_word(turn, row.what), count=f"{row.customers_milli / 1000:,.1f}")
        for row in found.rows[:CONTACTS_TOLD]
    ]
    return [words.say("needs.contacts", told=" · ".join(told))]
