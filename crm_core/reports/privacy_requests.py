"""What customers asked of their own data - to see it, to have it erased - and when that was done.

Asked is what a message was understood as; done is what the audit log says. Of an erased customer nothing is left but
their number and, in the entry's reason, when they had asked.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import AuditEntry, Customer, Interaction

ASKED = {"data_access": "access", "data_erase": "erase"}
"""Intent -> kind of request."""
DONE = {"customer.export": "access", "customer.erase": "erase"}
"""Action -> the kind of request it settles."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
DEADLINE = timedelta(days=30)
ASKED_MARK = "asked "
"""How the reason of an erasure's entry begins; the moment of asking follows."""


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """One request. `asked_at` None: done without having been asked for in chat."""

    kind: str
    number: int
    asked_at: datetime | None
    done_at: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is open longer than the law allows."""
        return self.done_at is None and self.asked_at is not None and now - self.asked_at > DEADLINE

    @property
    def took(self) -> timedelta | None:
        """From asking to done."""
        return self.done_at - self.asked_at if self.asked_at and self.done_at else None


def privacy_requests(session: Session) -> list[PrivacyRequest]:
    """All requests, oldest first. Asking again while one is open is the same request."""
    events: dict[tuple[int, str], list[tuple[datetime, str, str]]] = defaultdict(list)
    asked = select(Customer.number, Interaction.intent, Interaction.occurred_at).join(
        Customer, Customer.id == Interaction.customer_id
    )
    for number, intent, at in session.execute(asked.where(_IS_ASKED)):
        events[number, ASKED[str(intent)]].append((at, "asked", ""))
    done = select(AuditEntry).where(AuditEntry.action.in_(list(DONE)), AuditEntry.allowed)
    for entry in session.execute(done).scalars():
        named = entry.subject.removeprefix("customer:")
        if named.isdigit():
            events[int(named), DONE[entry.action]].append((entry.occurred_at, "done", entry.reason or ""))
    found = [one for key, happened in events.items() for one in _folded(*key, sorted(happened))]
    return sorted(found, key=lambda one: (one.asked_at or one.done_at or BEGINNING, one.number, one.kind))


def first_asked(session: Session, customer_ids: list[int], kind: str) -> datetime | None:
    """When these customers first asked for something of that kind; None when they never did in chat."""
    intents = [intent for intent, asked in ASKED.items() if asked == kind]
    query = select(Interaction.occurred_at).where(
        Interaction.customer_id.in_(customer_ids), Interaction.intent.in_(intents), Interaction.direction == "in"
    )
    return session.execute(query.order_by(Interaction.occurred_at).limit(1)).scalar_one_or_none()


_IS_ASKED = (Interaction.direction == "in") & Interaction.intent.in_(list(ASKED)) & (Interaction.author == "customer")


def _folded(number: int, kind: str, happened: list[tuple[datetime, str, str]]) -> list[PrivacyRequest]:
    requests: list[PrivacyRequest] = []
    for at, what, reason in happened:
        is_open = bool(requests) and requests[-1].done_at is None
        if what == "asked":
            if not is_open:
                requests.append(PrivacyRequest(kind, number, at))
        elif is_open:
            requests[-1] = replace(requests[-1], done_at=at)
        else:
            requests.append(PrivacyRequest(kind, number, _asked_in(reason), at))
    return requests


def _asked_in(reason: str) -> datetime | None:
    if not reason.startswith(ASKED_MARK):
        return None
    try:
        return datetime.fromisoformat(reason.removeprefix(ASKED_MARK).split(";")[0].strip())
    except ValueError:
        return None
