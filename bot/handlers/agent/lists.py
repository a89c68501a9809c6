"""Customers by conditions: a page of ten with the total and the conditions in words, more of it, or all as a file."""

from collections.abc import Sequence

from bot import wording
from bot.following import NARROWS, READ_UP_TO
from bot.handlers.agent.asking import StaffTurn, argument, asked, hushed
from bot.handlers.agent.score_words import facts_of
from bot.messages import Choice, Reply, Table
from bot.query_parsing import conditions_of
from bot.query_words import Wording, spoken
from bot.sheets import Sheet, written
from crm_core.query.conditions import Conditions
from crm_core.query.reading import conditions_from
from crm_core.query.refining import refined
from crm_core.scores import JOB
from crm_core.staff.store import MOST_EXPORTED, Listed, Row

PAGE = 10
CONDITIONS_LINE = ("filter:", "条件：")
"""How the line of conditions begins that an answer shows."""
CSV_TYPE = "text/csv"
COLUMNS = (
    "number", "name", "company", "city", "country", "language", "tier", "email", "phone", "orders", "spend",
    "currency", "last_order", "mood",
)  # fmt: skip


def list_customers(turn: StaffTurn) -> Reply:
    """Customers that fit what was said; the buttons below give the next page, or everything as CSV."""
    kept = turn.memory.shown("query")
    offset = argument(turn, "more")
    if turn.message.kind == "button":
        if not isinstance(kept, dict):
            return turn.reply("agent.lists.forgotten")
        conditions = Conditions.load(kept)
        if turn.argument == "csv":
            return list_file(turn)
        return _page(turn, conditions, int(offset) if offset and offset.isdigit() and len(offset) < 7 else 0)
    if turn.memory.shown("answer") == "customers" and NARROWS.search(turn.understanding.text[:READ_UP_TO]):
        return refined_list(turn)
    conditions = _understood(turn)
    if conditions.unused and not conditions.all and conditions.limit is None:
        words = turn.say("agent.query.quoted").join(conditions.unused)
        return turn.reply("agent.lists.not_understood", words=words)
    return _shown(turn, conditions)


def refined_list(turn: StaffTurn) -> Reply:
    """The list shown last, with the conditions, the order or the number as said now."""
    business, said = turn.services.settings.business, turn.understanding
    last = Conditions.load(turn.memory.shown("query") or Conditions(currency=business.currency).dump())
    now = refined(last, said.text, said.entities, now=turn.now, zone=turn.speaker.zone)
    if not now.changed:
        words = turn.say("agent.query.quoted").join(now.conditions.unused) or said.text
        return turn.reply("agent.lists.not_refined", words=words)
    return _shown(turn, now.conditions)


def _shown(turn: StaffTurn, conditions: Conditions) -> Reply:
    turn.memory.show("query", conditions.dump())
    turn.memory.show("answer", "customers")
    return _page(turn, conditions, 0)


def _understood(turn: StaffTurn) -> Conditions:
    wanted = asked(turn)
    zone, currency = turn.speaker.zone, turn.services.settings.business.currency
    if wanted.text.lstrip()[:9].lower().startswith(CONDITIONS_LINE):  # our own line, copied and perhaps changed
        names = turn.store.product_names(None, turn.language)
        written = conditions_of(wanted.text, Wording(turn.services.phrases, turn.language, zone, names, currency))
        if written is not None:
            return written
    return conditions_from(wanted.text, wanted.entities, now=turn.now, zone=zone, currency=currency)


def list_again(turn: StaffTurn) -> Reply:
    """The list shown last, from its beginning."""
    return _shown(turn, Conditions.load(turn.memory.shown("query") or {}))


def list_sheet(turn: StaffTurn) -> Sheet:
    """All customers of the list shown last, with contact details, and the conditions in words."""
    conditions = Conditions.load(turn.memory.shown("query") or {})
    rows = turn.store.export_list(conditions).rows
    return _sheet(conditions, rows, [_in_words(turn, conditions)])


def _sheet(conditions: Conditions, rows: Sequence[Row], about: Sequence[str] = ()) -> Sheet:
    return Sheet("customers", (*COLUMNS, *conditions.scores), [_record(row, conditions) for row in rows], about)


def _page(turn: StaffTurn, conditions: Conditions, offset: int) -> Reply:
    for kind in conditions.scores:
        if not turn.store.scores.any_computed(kind):
            name = turn.say(f"agent.scores.names.{kind}")
            return turn.reply("agent.lists.not_computed", name=name, job=JOB)
    found = turn.store.listed(conditions, offset=offset, limit=PAGE)
    said = _in_words(turn, conditions)
    if not found.rows:
        return hushed(turn, Reply(text=turn.say("agent.lists.none", conditions=said)))
    turn.memory.show("list", [row.customer_id for row in found.rows])
    first, last = offset + 1, offset + len(found.rows)
    note = turn.say("agent.lists.note", first=first, last=last, total=found.total)
    columns = tuple(
        turn.say(f"agent.lists.columns.{name}")
        for name in ("customer", *conditions.scores, "city", "orders", "spend", "last", "mood")
    )
    rows = tuple(_cells(turn, row, conditions) for row in found.rows)
    table = Table(columns=columns, rows=rows, note=note)
    return hushed(turn, Reply(text=said, table=table, choices=_more(turn, found, last)))


def _in_words(turn: StaffTurn, conditions: Conditions) -> str:
    return wording_of(turn, conditions).all(conditions)


def wording_of(turn: StaffTurn, conditions: Conditions) -> Wording:
    """What says these conditions to whoever reads them here."""
    skus = [
        sku for one in conditions.all if one.field == "bought" and isinstance(one.value, tuple) for sku in one.value
    ]
    names = turn.store.product_names(skus, turn.language)
    currency, known = turn.services.settings.business.currency, {}
    if any(one.field == "segment" for one in conditions.all):
        known = {segment.name: segment.called(turn.language) for segment in turn.store.segments.all()}
    return Wording(turn.services.phrases, turn.language, turn.speaker.zone, names, currency, known)


def _cells(turn: StaffTurn, row: Row, conditions: Conditions) -> tuple[str, ...]:
    language, zone, currency = turn.language, turn.speaker.zone, conditions.currency
    return (
        f"{row.name or turn.say('cards.visitor')} #{row.number}",
        *(_score(turn, row, kind) for kind in conditions.scores),
        spoken("places", row.city, language),
        str(row.orders),
        wording.money(row.spend_minor, currency, language),
        wording.day(row.last_order_at, language, zone) if row.last_order_at else "–",
        turn.say(f"moods.{wording.mood_key(row.mood_milli)}"),
    )


def _score(turn: StaffTurn, row: Row, kind: str) -> str:
    milli = row.scores.get(kind)
    return "–" if milli is None else facts_of(turn).score(kind, milli)


def _more(turn: StaffTurn, found: Listed, last: int) -> tuple[Choice, ...]:
    choices = []
    if last < found.total:
        choices.append(Choice(label=turn.say("agent.lists.more"), value=f"list_customers:more:{last}"))
    choices.append(Choice(label=turn.say("agent.lists.csv"), value="list_customers:csv"))
    return tuple(choices)


def list_file(turn: StaffTurn) -> Reply:
    """All of the list shown last, as a file only the asker gets."""
    conditions = Conditions.load(turn.memory.shown("query") or {})
    found = turn.store.export_list(conditions)
    content = written(_sheet(conditions, found.rows), "csv")
    name = f"customers-{turn.now:%Y-%m-%d}.csv"
    file = turn.services.files.save(turn.store.session, content, name, CSV_TYPE)
    key = "agent.lists.file" if len(found.rows) >= found.total else "agent.lists.file_cut"
    said = _in_words(turn, conditions)
    text = turn.say(key, count=len(found.rows), total=found.total, most=MOST_EXPORTED, conditions=said)
    return Reply(text=text, files=(file,), private=not turn.message.direct)


def _record(row: Row, conditions: Conditions) -> tuple[str, ...]:
    last = row.last_order_at.date().isoformat() if row.last_order_at else ""
    mood = "" if row.mood_milli is None else f"{row.mood_milli / 1000:.2f}"
    spend = f"{row.spend_minor // 100}.{row.spend_minor % 100:02d}"
    told = (row.name, row.company, row.city, row.country, row.language, row.tier, row.email, row.phone)
    scores = ("" if (milli := row.scores.get(kind)) is None else f"{milli / 1000:g}" for kind in conditions.scores)
    return (str(row.number), *told, str(row.orders), spend, conditions.currency, last, mood, *scores)
