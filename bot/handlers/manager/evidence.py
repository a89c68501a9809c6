"""The messages, orders, cases or ratings behind the last answer, newest first."""

import re
from dataclasses import replace

from bot import wording
from bot.figures import FigureWords
from bot.handlers.agent.asking import argument, hushed
from bot.handlers.agent.lists import list_again
from bot.handlers.manager.asking import ManagerTurn, offers, words_of
from bot.handlers.manager.drawn import DRAWN
from bot.handlers.manager.metrics import not_by_text, shown_metric
from bot.handlers.manager.queries import OVERVIEW, RETENTION, TEAM, VALUE_SPREAD, Query, narrowed_lines, read
from bot.mention_words import said
from bot.messages import Choice, Reply, Table
from crm_core.reports.evidence import Behind, Row, behind
from crm_core.reports.metrics import METRICS, NotMeasured, measure
from crm_core.staff.posts import FIELDS as FIELDS_OF_POSTS

PAGE = 10
_PICTURED = re.compile(r"(?<![a-z])(?:pictures?|photos?|images?|pics?)(?![a-z])|图|照片")
BEHIND_OVERVIEWS = {OVERVIEW: "messages", TEAM: "taken", RETENTION: "orders"}
"""Of an answer with many figures, the one whose records are shown."""
RECORDS = ("messages", "conversations", "orders", "csat")
"""Figures that are called like records: "show the messages" asks for records, not for another figure."""
BEHIND_FIGURES = ("figures", "evidence", "ratings", *DRAWN)
"""Answers that remember which figures they are about."""
FIELDS = {
    "messages": ("name", "messages"), "orders": ("name", "orders"), "customers": ("name", "city"),
    "ratings": ("name", "ratings", "comment"), "cases": ("name", "cases"), "posts": FIELDS_OF_POSTS,
}  # fmt: skip


def show_evidence(turn: ManagerTurn) -> Reply:
    """Show the records that the last answer counted; the button below gives the next ones."""
    kind = turn.memory.shown("answer")
    if kind == "customers":
        return list_again(turn)
    query = asked_for(turn)
    if query is None:
        words = words_of(turn)
        return Reply(text=words.say("evidence.itself" if kind else "evidence.nothing_yet"), choices=offers(words))
    offset = argument(turn, "more") or ""
    return _page(turn, query, int(offset) if offset.isdigit() and len(offset) < 7 else 0)


def refined_evidence(turn: ManagerTurn) -> Reply:
    """The records again, of what is said now."""
    query = asked_for(turn)
    return _page(turn, query, 0) if query else show_evidence(turn)


def asked_for(turn: ManagerTurn) -> Query | None:
    """The question whose records are wanted: the last one, with what is said now; None when there is none."""
    kind = turn.memory.shown("answer")
    kept = turn.memory.shown("ratings") if kind == "ratings" else turn.memory.shown("figures")
    if kind not in BEHIND_FIGURES or not isinstance(kept, dict):
        return None
    last = Query.of(kept["query"] if kind == "ratings" else kept)
    if last.metric == VALUE_SPREAD:
        return None  # it is no count of records
    if turn.message.kind == "button":
        return last
    said = read(turn, turn.store.session)
    return replace(said, metric=None if said.metric in RECORDS else said.metric).applied(last)


def records(turn: ManagerTurn, query: Query, offset: int, limit: int) -> Behind:
    """The records behind a question, as far as the asker may read them; noted in the audit log."""
    metric = BEHIND_OVERVIEWS.get(query.metric, query.metric)
    kind = METRICS[metric].source.record.__tablename__
    right = "public.read" if kind == "posts" else "evidence.read"
    turn.store.permit(right, f"figure:{metric}", FIELDS["messages" if kind == "interactions" else kind])
    return behind(
        turn.store.session, metric, query.period, query.only, query.without, offset=offset, limit=limit
    )  # fmt: skip


def _page(turn: ManagerTurn, query: Query, offset: int) -> Reply:
    words = words_of(turn)
    try:
        found = records(turn, query, offset, PAGE)
    except NotMeasured as error:
        return Reply(text=not_by_text(error, words))
    turn.memory.show("figures", query.kept())
    turn.memory.show("answer", "evidence")
    title = words.say(
        f"evidence.titles.{found.kind}", metric=shown_metric(query.metric, words), period=words.period(query.period)
    )
    text = "\n".join([title, *narrowed_lines(query, words), *_folded(turn, query, found, words)])
    if found.kind == "posts" and turn.message.kind != "button" and _PICTURED.search(turn.understanding.text.lower()):
        text += f"\n{words.say('evidence.no_pictures_only')}"
    if not found.rows:
        return Reply(text=f"{text}\n{words.say('evidence.none')}")
    last = offset + len(found.rows)
    note = words.say("evidence.note", first=offset + 1, last=last, total=found.total)
    more = (
        (Choice(label=turn.say("agent.lists.more"), value=f"show_evidence:more:{last}"),) if last < found.total else ()
    )
    return hushed(turn, Reply(text=text, table=evidence_table(turn, found, words, note), choices=more))


def _folded(turn: ManagerTurn, query: Query, found: Behind, words: FigureWords) -> list[str]:
    """How many posts there are with those that repeat others, if these are folded into what they repeat."""
    if found.kind != "posts" or METRICS[query.metric].kind != "distinct":
        return []
    counted = measure(turn.store.session, query.metric, query.period, only=query.only, without=query.without)
    volume = int(counted.value or 0)
    return [words.say("evidence.folded", count=found.total, all=f"{volume:,}")] if volume > found.total else []


def evidence_table(turn: ManagerTurn, found: Behind, words: FigureWords, note: str = "") -> Table:
    """The records as a table; long texts are cut."""
    who = "author" if found.kind == "posts" else "customer"
    columns = ("when", who, *COLUMNS[found.kind])
    zone = turn.services.settings.business.zone
    told = tuple(
        (
            wording.moment(row.at, turn.language, zone),
            row.customer if who == "author" else f"{row.customer or turn.say('cards.visitor')} #{row.number or '–'}",
            *(_cell(turn, row, name, words) for name in COLUMNS[found.kind]),
        )
        for row in found.rows
    )
    return Table(columns=tuple(words.say(f"evidence.columns.{name}") for name in columns), rows=told, note=note)


COLUMNS = {
    "messages": ("channel", "text"),
    "posts": ("network", "text", "link"),
    "orders": ("order", "status", "amount"),
    "customers": ("city", "tier"),
    "ratings": ("score", "agent", "text"),
    "cases": ("case", "agent", "text"),
}


def _cell(turn: ManagerTurn, row: Row, name: str, words: FigureWords) -> str:
    values = {
        "channel": lambda: words.part("channel", row.channel),
        "network": lambda: words.part("network", row.channel),
        "text": lambda: said(row, words),
        "link": lambda: row.url or "–",
        "order": lambda: row.text,
        "status": lambda: (
            turn.say(f"order_states.{row.label}")
            if turn.services.phrases.has(f"order_states.{row.label}")
            else row.label
        ),
        "amount": lambda: wording.money(row.amount_minor or 0, row.currency, turn.language),
        "city": lambda: words.part("city", row.text) if row.text else "–",
        "tier": lambda: words.part("tier", row.label) if row.label else "–",
        "score": lambda: f"{row.score}★",
        "agent": lambda: words.part("agent", str(row.staff_id)) if row.staff_id else "–",
        "case": lambda: f"#{row.label}",
    }
    return values[name]()
