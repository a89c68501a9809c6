"""What staff say that customers' messages meant: proposed by anybody at the desk, decided by managers, learnt at night.

The list to review holds what was proposed, and messages of which the assistant itself was not sure. A decision counts
for the figures at once; the lines themselves stay here, sealed with the customer's key, until training asks for them.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from crm_core.errors import NotFound, NotPossible
from crm_core.models import Correction, Customer, Interaction, JobRun, Staff

Kind = Literal["intent", "mood"]
Permit = Callable[[str, str, Sequence[str]], None]
"""(action, subject, fields): notes it in the audit log, or raises NotAllowed."""

UNSURE_FOR = timedelta(days=30)
"""How long a message of which nobody was sure stays on the list."""
MOST_UNSURE = 200
MOST_PER_CUSTOMER = 5
"""Lines of one customer that may teach one intent or mood, and that may stand on the list unasked."""
UNDO_WITHIN = timedelta(days=1)
MOOD_MILLI = {"positive": 600, "neutral": 0, "negative": -600}
"""What a corrected mood counts as in the figures."""
_SAID = (Interaction.direction == "in", Interaction.author == "customer", Interaction.kind.in_(("new", "edit")))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which messages are too unsure to be left alone, in thousandths of confidence."""

    below: int
    """Anything understood with less than this."""
    stranger_below: int
    """What was taken for none of our business with less than this."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list to review. `id` is the correction's, or the message's when nobody proposed anything."""

    id: int
    kind: Kind
    text: str
    language: str
    found: str
    confidence_milli: int | None
    label: str | None
    state: str
    alternatives: tuple[str, ...]
    customer: int
    """The customer's number."""
    proposed_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """An approved correction as training takes it."""

    id: int
    kind: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What may be learnt, and how many approved lines were left out because their customer has enough of them."""

    lines: tuple[Line, ...]
    over: int


class Corrections:
    """Corrections as one member of staff may make and decide them; asks `permit` first, each time.

    Args:
        staff_id: who acts; None on the command line.
    """

    def __init__(self, session: Session, permit: Permit, staff_id: int | None, now: datetime) -> None:
        self._session = session
        self._permit = permit
        self._staff_id = staff_id
        self._now = now

    # --- proposing --------------------------------------------------------------------------------------------------
    def message(self, interaction_id: int) -> Interaction:
        """The customer's message that is to be corrected.

        Raises:
            NotFound: no such message of a customer.
            NotPossible: nothing was written in it.
        """
        row = self._session.get(Interaction, interaction_id)
        if row is None or row.direction != "in" or row.author != "customer" or row.customer_id is None:
            raise NotFound("There is no such message of a customer (any more).")
        self._permit("correction.write", self._subject(row.customer_id), ("message",))
        if not (row.text or "").strip() or row.intent is None:
            raise NotPossible("Nothing was written in this message, so there is nothing to correct.")
        return row

    def propose(self, interaction_id: int, kind: Kind, label: str, found: str) -> Correction:
        """Say what a message meant; what was said before about it is replaced, and must be approved (again)."""
        message = self.message(interaction_id)
        row = self._kept(message, kind, found)
        if row.state == "approved":
            _write_back(self._session, row, row.found)
        row.label, row.state, row.proposed_by_id, row.proposed_at = label, "waiting", self._staff_id, self._now
        row.decided_by_id = row.decided_at = None
        self._session.flush()
        return row

    def take_back(self, correction_id: int) -> bool:
        """Take back one's own proposal of the last day; False when it is not there, not one's own, or decided."""
        row = self._session.get(Correction, correction_id)
        self._permit("correction.write", self._subject(row.customer_id if row else None), ("correction",))
        if row is None or row.state != "waiting" or row.proposed_by_id != self._staff_id:
            return False
        if row.proposed_at < self._now - UNDO_WITHIN:
            return False
        self._session.delete(row)
        self._session.flush()
        return True

    def _kept(self, message: Interaction, kind: str, found: str) -> Correction:
        query = select(Correction).where(Correction.interaction_id == message.id, Correction.kind == kind)
        row = self._session.execute(query).scalar_one_or_none()
        if row is None:
            row = Correction(interaction_id=message.id, customer_id=message.customer_id, kind=kind, text=message.text)
            row.found, row.language, row.state = found, message.language, "waiting"
            row.found_milli = message.confidence_milli if kind == "intent" else message.sentiment_milli
            row.proposed_at = self._now
            self._session.add(row)
        return row

    # --- deciding ---------------------------------------------------------------------------------------------------
    def waiting(self, doubt: Doubt) -> list[Item]:
        """What is to be decided, what staff proposed first, oldest first; then what was not understood for certain."""
        self._permit("correction.review", "corrections", ("messages",))
        query = select(Correction, Interaction).join(Interaction, Interaction.id == Correction.interaction_id)
        query = query.where(Correction.state == "waiting").order_by(Correction.proposed_at, Correction.id)
        proposed = self._session.execute(query).all()
        unsure = self._unsure(doubt)
        names = self._names({row.proposed_by_id for row, _ in proposed})
        numbers = self._numbers({row.customer_id for row, _ in proposed} | {m.customer_id or 0 for m in unsure})
        items = [
            _proposed(row, message, numbers[row.customer_id], names.get(row.proposed_by_id, ""))
            for row, message in proposed
        ]
        return items + [_unasked(message, numbers[message.customer_id or 0]) for message in unsure]

    def approve(self, item_id: int, label: str | None = None) -> Correction:
        """Let a line be learnt, with another label if one is given; the figures count it from now on.

        Raises:
            NotFound: nothing of this id is on the list or was.
            NotPossible: nobody has said yet what it means.
        """
        row = self._to_decide(item_id)
        wanted = label or row.label
        if wanted is None:
            raise NotPossible("Say what this message means: nothing is proposed for it.")
        self._decide(row, "approved", wanted)
        _write_back(self._session, row, wanted)
        return row

    def reject(self, item_id: int) -> Correction:
        """Learn nothing from a line; it leaves the list."""
        row = self._to_decide(item_id)
        if row.state == "approved":
            _write_back(self._session, row, row.found)
        self._decide(row, "rejected", row.label)
        return row

    def reopen(self, correction_id: int) -> Correction:
        """Put a decided line back onto the list."""
        row = self._to_decide(correction_id)
        if row.state == "approved":
            _write_back(self._session, row, row.found)
        row.state, row.decided_by_id, row.decided_at = "waiting", None, None
        self._session.flush()
        return row

    def item(self, item_id: int) -> Item:
        """One line of the list, decided or not."""
        found = self._reviewed(item_id)
        number = self._numbers({found.customer_id or 0})[found.customer_id or 0]
        if isinstance(found, Interaction):
            return _unasked(found, number)
        return _proposed(found, self._session.get_one(Interaction, found.interaction_id), number, "")

    def _to_decide(self, item_id: int) -> Correction:
        found = self._reviewed(item_id)
        return self._kept(found, "intent", found.intent or "") if isinstance(found, Interaction) else found

    def _reviewed(self, item_id: int) -> Correction | Interaction:
        found = self._session.get(Correction, item_id) or self._session.get(Interaction, item_id)
        self._permit("correction.review", self._subject(found.customer_id if found else None), ("message",))
        if found is None or found.customer_id is None:
            raise NotFound(f"Nothing to review has the number {item_id}.")
        if isinstance(found, Interaction) and (found.direction, found.author) != ("in", "customer"):
            raise NotFound(f"Nothing to review has the number {item_id}.")
        return found

    def _decide(self, row: Correction, state: str, label: str | None) -> None:
        row.state, row.label = state, label
        row.decided_by_id, row.decided_at = self._staff_id, self._now
        self._session.flush()

    # --- inside -----------------------------------------------------------------------------------------------------
    def _unsure(self, doubt: Doubt) -> list[Interaction]:
        """Newest first: few of each customer, and no line of theirs twice."""
        corrected = select(Correction.interaction_id)
        query = select(Interaction).where(
            *_SAID,
            Interaction.customer_id.is_not(None),
            Interaction.text_sealed.is_not(None),
            Interaction.occurred_at > self._now - UNSURE_FOR,
            _doubtful(doubt),
            Interaction.id.not_in(corrected),
        )
        seen: set[tuple[int | None, str]] = set()
        each: Counter[int | None] = Counter()
        found = []
        for row in self._session.execute(query.order_by(Interaction.id.desc()).limit(MOST_UNSURE)).scalars():
            key = (row.customer_id, _folded(row.text or ""))
            if key in seen or not key[1] or each[row.customer_id] >= MOST_PER_CUSTOMER:
                continue
            seen.add(key)
            each[row.customer_id] += 1
            found.append(row)
        return found

    def _names(self, staff_ids: Iterable[int | None]) -> dict[int | None, str]:
        query = select(Staff.id, Staff.name).where(Staff.id.in_([key for key in staff_ids if key]))
        return {row.id: row.name for row in self._session.execute(query)}

    def _numbers(self, customer_ids: Iterable[int]) -> dict[int, int]:
        query = select(Customer.id, Customer.number).where(Customer.id.in_(list(customer_ids)))
        return {row.id: row.number for row in self._session.execute(query)}

    def _subject(self, customer_id: int | None) -> str:
        number = self._numbers([customer_id]).get(customer_id) if customer_id else None
        return f"customer:{number if number is not None else 'unknown'}"


# --- for training ---------------------------------------------------------------------------------------------------
def lines_to_learn(session: Session) -> Lines:
    """The approved lines: of one customer at most five for each label, the newest decided; merged ones count as one."""
    owner = func.coalesce(Customer.merged_into_id, Customer.id)
    query = select(Correction, owner.label("owner")).join(Customer, Customer.id == Correction.customer_id)
    query = query.where(Correction.state == "approved", Correction.label.is_not(None))
    taken: Counter[tuple[int, str]] = Counter()
    lines, over = [], 0
    for row, customer_id in session.execute(query.order_by(Correction.decided_at.desc(), Correction.id.desc())):
        text = (row.text or "").strip()
        if not text or row.label is None:
            continue  # its key was destroyed
        taken[customer_id, row.label] += 1
        if taken[customer_id, row.label] > MOST_PER_CUSTOMER:
            over += 1
        else:
            lines.append(Line(row.id, row.kind, text, row.label))
    return Lines(tuple(lines), over)


def approved(session: Session) -> dict[int, str]:
    """Id → label of every approved correction: what a model may hold. No text is opened."""
    query = select(Correction.id, Correction.label).where(Correction.state == "approved")
    return {row.id: row.label or "" for row in session.execute(query)}


def counted(session: Session) -> dict[str, int]:
    """How many corrections there are of each state."""
    query = select(Correction.state, func.count()).group_by(Correction.state)
    found = {state: int(count) for state, count in session.execute(query)}
    return {state: found.get(state, 0) for state in ("waiting", "approved", "rejected")}


def last_learnt(session: Session) -> dict[str, Any] | None:
    """What the job said of the last training: corrections in, refused, and the scores `before` and `after`."""
    query = select(JobRun.result).where(JobRun.job == "retrain", JobRun.state == "done")
    for result in session.scalars(query.order_by(JobRun.due_at.desc()).limit(90)):
        if result and result.get("trained"):
            return dict(result)
    return None


def remove_learnt(models: Path) -> int:
    """Delete every model that learnt from corrections: after an erasure none may hold the person's lines.

    The service goes on with the model made from the files alone, and trains anew from what is left.
    """
    folders = [path for path in models.glob("learned-*") if path.is_dir()]
    for folder in folders:
        shutil.rmtree(folder)
    return len(folders)


def _doubtful(doubt: Doubt) -> ColumnElement[bool]:
    stranger = and_(Interaction.intent == "out_of_scope", Interaction.confidence_milli < doubt.stranger_below)
    return or_(Interaction.confidence_milli < doubt.below, stranger)


def _write_back(session: Session, row: Correction, label: str | None) -> None:
    """Let the figures count what was meant; with `found`, what was understood at first."""
    message = session.get_one(Interaction, row.interaction_id)
    if row.kind == "intent":
        message.intent = label
    elif label == row.found:
        message.sentiment_milli = row.found_milli
    else:
        message.sentiment_milli = MOOD_MILLI[label or "neutral"]


def _proposed(row: Correction, message: Interaction, number: int, by: str) -> Item:
    return Item(
        id=row.id, kind="mood" if row.kind == "mood" else "intent", text=row.text or "", language=row.language or "en",
        found=row.found or "", confidence_milli=message.confidence_milli if row.kind == "intent" else None,
        label=row.label, state=row.state, alternatives=_alternatives(message), customer=number, proposed_by=by,
        at=row.proposed_at,
    )  # fmt: skip


def _unasked(message: Interaction, number: int) -> Item:
    return Item(
        id=message.id, kind="intent", text=message.text or "", language=message.language or "en",
        found=message.intent or "", confidence_milli=message.confidence_milli, label=None, state="waiting",
        alternatives=_alternatives(message), customer=number, proposed_by="", at=message.occurred_at,
    )  # fmt: skip


def _alternatives(message: Interaction) -> tuple[str, ...]:
    return tuple(str(name) for name, _ in message.alternatives or ())


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
