"""What happened with one customer, over all channels and kinds, newest first."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.listening.pictures import words_of
from crm_core.models import Attachment, Case, CaseChange, Interaction, Note, Order, Post, Rating, Staff, Task
from crm_core.voices.spoken import spoken
from crm_core.voices.transcribing import RECORDINGS

KINDS = ("message", "note", "order", "case", "rating", "task", "state", "public")
DEFAULT_KINDS = ("message", "note", "order", "case", "rating", "public")
TOPICS: dict[str, tuple[str, ...]] = {
    "complaint": ("complaint",),
    "delivery": ("order_status", "delivery_problem"),
    "refund": ("refund_status",),
    "return": ("return_request",),
    "price": ("price_question",),
    "payment": ("payment_problem",),
    "warranty": ("warranty_check",),
    "invoice": ("invoice_request",),
    "suggestion": ("feature_suggestion",),
    "technical": ("technical_problem",),
    "praise": ("praise",),
}
"""Topic -> what a message about it was understood as."""
MOST_READ = 400


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events: `topic` is a key of TOPICS or a case's topic; `until` is not included; kinds () means the usual."""

    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    topic: str = ""
    channel: str = ""
    words: str = ""
    """What has to stand in the text, or in a picture that came along, however it is written (capitals, width)."""
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `who`: customer, bot, system or a colleague's name; `detail` by kind, see `events`."""

    at: datetime
    kind: str
    who: str
    text: str
    channel: str = ""
    detail: str = ""
    amount_minor: int | None = None
    currency: str = ""
    in_picture: str = ""
    """What is written in the pictures of a message."""
    transcribed: bool = False
    """Its text, or a part of it, was said in a recording and written down by a machine."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Of a change of a case: what was changed, [before, after] each; owners by name."""


def events(session: Session, customer_id: int, wanted: Filter) -> list[Event]:
    """The newest events that fit. `detail` holds an order's or case's number, the direction of a message, a score."""
    kinds = wanted.kinds or DEFAULT_KINDS
    if wanted.topic:
        kinds = tuple(kind for kind in kinds if kind in ("message", "case"))
    if wanted.channel:
        kinds = tuple(kind for kind in kinds if kind in ("message", "state"))
    staff = {row.id: row.name for row in session.execute(select(Staff)).scalars()}
    found: list[Event] = []
    for kind in kinds:
        found += _READERS[kind](session, customer_id, wanted, staff)
    if wanted.words:
        words = _folded(wanted.words)
        found = [event for event in found if words in _folded(f"{event.text} {event.detail} {event.in_picture}")]
    found.sort(key=lambda event: event.at, reverse=True)
    return found[: wanted.limit]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _messages(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    conditions: list[Any] = [Interaction.direction.in_(("in", "out"))]
    if wanted.topic:
        conditions = [Interaction.direction == "in", Interaction.intent.in_(TOPICS.get(wanted.topic, ()))]
    return _interactions(session, customer_id, wanted, staff, "message", conditions)


def _states(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    conditions = [Interaction.direction == "internal", Interaction.kind.in_(("state", "link"))]
    return _interactions(session, customer_id, wanted, staff, "state", conditions)


def _interactions(
    session: Session, customer_id: int, wanted: Filter, staff: dict[int, str], kind: str, conditions: list[Any]
) -> list[Event]:
    query = select(Interaction).where(Interaction.customer_id == customer_id, *conditions)
    query = query.where(*_when(Interaction.occurred_at, wanted))
    if wanted.channel:
        query = query.where(Interaction.channel == wanted.channel)
    newest = query.order_by(Interaction.occurred_at.desc(), Interaction.id.desc()).limit(_most(wanted))
    rows = list(session.execute(newest).scalars())
    ids = [row.id for row in rows]
    pictures, said = _in_pictures(session, ids), spoken(session, ids)
    return [
        Event(
            at=row.occurred_at,
            kind=kind,
            who=staff.get(row.staff_id or 0, row.author),
            text=row.text or "",
            channel=row.channel,
            detail=row.direction,
            in_picture=pictures.get(row.id, ""),
            transcribed=row.id in said,
        )
        for row in rows
    ]


def _in_pictures(session: Session, interaction_ids: Sequence[int]) -> dict[int, str]:
    """Message -> what is written in its pictures."""
    query = select(Attachment).where(
        Attachment.interaction_id.in_(interaction_ids),
        Attachment.text_sealed.is_not(None),
        Attachment.kind.not_in(RECORDINGS),
    )
    found: dict[int, str] = {}
    for row in session.scalars(query.order_by(Attachment.id)):
        found[row.interaction_id or 0] = f"{found.get(row.interaction_id or 0, '')} {row.text}".strip()
    return found


def _notes(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    query = select(Note).where(Note.customer_id == customer_id, *_when(Note.created_at, wanted))
    rows = session.execute(query.order_by(Note.created_at.desc()).limit(_most(wanted))).scalars()
    return [Event(row.created_at, "note", staff.get(row.staff_id or 0, "system"), row.text or "") for row in rows]


def _orders(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    query = select(Order).where(Order.customer_id == customer_id, *_when(Order.placed_at, wanted))
    rows = session.execute(query.order_by(Order.placed_at.desc()).limit(_most(wanted))).scalars()
    return [
        Event(row.placed_at, "order", "customer", row.status, "", row.number, row.total_minor, row.currency)
        for row in rows
    ]


def _cases(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    query = select(Case).where(Case.customer_id == customer_id, *_when(Case.opened_at, wanted))
    if wanted.topic:
        query = query.where(Case.topic.in_((wanted.topic, *TOPICS.get(wanted.topic, ()))))
    rows = session.execute(query.order_by(Case.opened_at.desc()).limit(_most(wanted))).scalars()
    opened = [
        Event(row.opened_at, "case", staff.get(row.owner_id or 0, "bot"), row.title or "", "", str(row.number))
        for row in rows
    ]
    return opened + _case_changes(session, customer_id, wanted, staff)


def _case_changes(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    """Who changed a case and why; the clock is "system"."""
    query = select(CaseChange, Case.number).join(Case, Case.id == CaseChange.case_id)
    query = query.where(CaseChange.customer_id == customer_id, *_when(CaseChange.occurred_at, wanted))
    if wanted.topic:
        query = query.where(Case.topic.in_((wanted.topic, *TOPICS.get(wanted.topic, ()))))
    rows = session.execute(query.order_by(CaseChange.occurred_at.desc()).limit(_most(wanted)))
    return [
        Event(
            at=change.occurred_at,
            kind="case",
            who=staff.get(change.staff_id or 0, "system"),
            text=change.reason or "",
            detail=str(number),
            changes=_named_owners(change.fields | json.loads(change.texts or "{}"), staff),
        )
        for change, number in rows
    ]


def _named_owners(fields: dict[str, Any], staff: dict[int, str]) -> dict[str, Any]:
    owners = fields.get("owner_id")
    return fields if owners is None else {**fields, "owner_id": [staff.get(owner or 0, "") for owner in owners]}


def _ratings(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    given = Rating.given_at
    query = select(Rating).where(Rating.customer_id == customer_id, given.is_not(None), *_when(given, wanted))
    rows = session.execute(query.order_by(given.desc()).limit(_most(wanted))).scalars()
    return [
        Event(row.given_at, "rating", "customer", row.comment or "", "", str(row.score or ""))
        for row in rows
        if row.given_at
    ]


def _tasks(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    query = select(Task).where(Task.customer_id == customer_id, *_when(Task.created_at, wanted))
    rows = session.execute(query.order_by(Task.created_at.desc()).limit(_most(wanted))).scalars()
    return [Event(row.created_at, "task", staff.get(row.owner_id or 0, "system"), row.title or "") for row in rows]


def _public(session: Session, customer_id: int, wanted: Filter, staff: dict[int, str]) -> list[Event]:
    """What they said in public; never taken for what they wrote to us."""
    query = select(Post).where(Post.customer_id == customer_id, *_when(Post.occurred_at, wanted))
    rows = list(session.execute(query.order_by(Post.occurred_at.desc()).limit(_most(wanted))).scalars())
    words = words_of(session, [row.id for row in rows])
    return [
        Event(row.occurred_at, "public", "customer", row.text or "", row.connector, in_picture=words.get(row.id, ""))
        for row in rows
    ]


def _when(column: Any, wanted: Filter) -> Sequence[Any]:
    bounds = []
    if wanted.since is not None:
        bounds.append(column >= wanted.since)
    if wanted.until is not None:
        bounds.append(column < wanted.until)
    return bounds


def _most(wanted: Filter) -> int:
    return MOST_READ if wanted.words else min(wanted.limit, MOST_READ)


_READERS: dict[str, Callable[[Session, int, Filter, dict[int, str]], list[Event]]] = {
    "message": _messages,
    "note": _notes,
    "order": _orders,
    "case": _cases,
    "rating": _ratings,
    "task": _tasks,
    "state": _states,
    "public": _public,
}
