"""Which suggestions are made: found by triggers, allowed by customers' words and budgets, ranked, a share held back."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.settings import Proactive, Suggestions
from crm_core.database import insert_once
from crm_core.models import Case, Conversation, Interaction, Staff, Suggestion
from crm_core.playbooks import service_of
from crm_core.proactive import standing_of, why_not
from crm_core.scores import refuses_profiling
from crm_core.suggestions import worth
from crm_core.suggestions.kinds import KINDS
from crm_core.suggestions.triggers import EVENTS, NIGHTLY, Found, real_customers

FOR_GOOD = ("withdrawn", "no_consent")
UPSET_FOR = timedelta(days=30)
"""After a complaint nothing is sold, nobody is asked for a review."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator says about suggestions, and the zone of customers whose own is not known."""

    suggestions: Suggestions
    proactive: Proactive
    zone: str


@dataclass(frozen=True, slots=True)
class Valued:
    """Something found with what acting on it is worth; None where the customer's value is not known."""

    found: Found
    value_minor: int | None
    gain_milli: int

    @property
    def expected_minor(self) -> int | None:
        return None if self.value_minor is None else round(self.value_minor * self.gain_milli / 1000)

    @property
    def rank(self) -> tuple[bool, int, timedelta, int]:
        """Matters of service first, then what is worth most, then what is due soonest."""
        found = self.found
        return not KINDS[found.kind].is_service, -(self.expected_minor or 0), found.within, found.customer_id


def make(session: Session, now: datetime, rules: Rules, *, nightly: bool) -> int:
    """Find what is to be suggested and keep it; returns how many are new, those held back left out.

    Of what is no matter of service at most as many are kept as the staff here may be shown in a day.
    """
    if not rules.suggestions.most_a_day:
        return 0
    found = [one for trigger in (*EVENTS, *(NIGHTLY if nightly else ())) for one in trigger(session, now)]
    ranked = _ranked(session, found)
    places = rules.suggestions.most_a_day * max(1, _staff_here(session))
    made = 0
    for one in ranked:
        service = KINDS[one.found.kind].is_service
        if (not service and places <= 0) or not _may(session, one.found, now, rules):
            continue
        held = not service and is_held(one.found.customer_id, now, rules.suggestions.held_percent)
        if _keep(session, one, now, held=held):
            places -= not service
            made += not held
    return made


def _ranked(session: Session, found: Sequence[Found]) -> list[Valued]:
    known = real_customers(session, (one.customer_id for one in found))
    values = worth.values(session, known)
    gains = worth.gains(session)
    valued = [Valued(one, values.get(one.customer_id), gains[one.kind]) for one in found if one.customer_id in known]
    return sorted(valued, key=lambda one: one.rank)


def _staff_here(session: Session) -> int:
    return session.execute(select(func.count(Staff.id)).where(Staff.active)).scalar_one()


def is_held(customer_id: int, now: datetime, percent: int) -> bool:
    """Whether a customer is one of those about whom nothing that sells is suggested in this quarter of a year.

    >>> sum(is_held(one, datetime(2026, 11, 26), 10) for one in range(1000))
    107
    """
    drawn = hashlib.sha256(f"{customer_id}:{now.year}:{(now.month - 1) // 3}".encode()).digest()
    return int.from_bytes(drawn[:4]) % 100 < percent


# --- what speaks against it -----------------------------------------------------------------------------------------
def _may(session: Session, found: Found, now: datetime, rules: Rules) -> bool:
    kind = KINDS[found.kind]
    if _suggested_lately(session, found, now - kind.again):
        return False
    if kind.is_service:
        return found.trigger != "at_risk" or not refuses_profiling(session, found.customer_id)
    if found.trigger in {one.__name__ for one in NIGHTLY} and refuses_profiling(session, found.customer_id):
        return False
    standing = standing_of(session, found.customer_id, "", now, rules.zone)
    if why_not(standing, kind.asks, "", now, rules.proactive) in FOR_GOOD:
        return False
    over = _about(session, found.customer_id, now - timedelta(days=7)) >= rules.suggestions.most_a_week
    return not over and not _upset(session, found.customer_id, now)


def _suggested_lately(session: Session, found: Found, since: datetime) -> bool:
    query = select(Suggestion.id).where(
        Suggestion.customer_id == found.customer_id, Suggestion.kind == found.kind, Suggestion.created_at > since
    )
    return session.execute(query.limit(1)).first() is not None


def _about(session: Session, customer_id: int, since: datetime) -> int:
    query = select(func.count(Suggestion.id)).where(
        Suggestion.customer_id == customer_id, Suggestion.created_at > since, Suggestion.state != "held"
    )
    return session.execute(query).scalar_one()


def _upset(session: Session, customer_id: int, now: datetime) -> bool:
    """Whether they complained lately, or a matter of theirs is not settled."""
    complained = select(Interaction.id).where(
        Interaction.customer_id == customer_id, Interaction.intent == "complaint", Interaction.direction == "in",
        Interaction.occurred_at > now - UPSET_FOR,
    )  # fmt: skip
    pending = select(Case.id).where(Case.customer_id == customer_id, Case.status != "closed")
    return any(session.execute(query.limit(1)).first() for query in (complained, pending))


# --- keeping --------------------------------------------------------------------------------------------------------
def _keep(session: Session, one: Valued, now: datetime, *, held: bool) -> bool:
    """Keep it unless one of this kind is open for the customer."""
    found = one.found
    playbook = service_of(session, found.customer_id).playbook
    within = found.within
    if KINDS[found.kind].is_service and playbook.resolution_hours:
        within = min(within, timedelta(hours=playbook.resolution_hours))
    kept = insert_once(
        session, Suggestion,
        customer_id=found.customer_id, kind=found.kind, open_kind=found.kind, trigger=found.trigger,
        reasons=[reason.as_json() for reason in found.reasons], value_minor=one.value_minor,
        gain_milli=one.gain_milli, expected_minor=one.expected_minor, for_role=playbook.answered_by,
        owner_id=None if held else owner_of(session, found.customer_id, playbook.answered_by),
        state="held" if held else "proposed", created_at=now, lapses_at=now + within,
    )  # fmt: skip
    return kept is not None


def owner_of(session: Session, customer_id: int, role: str) -> int | None:
    """Who looks after a customer: whose open case they have, else who last had a conversation of theirs.

    Where managers are to answer, an agent is nobody's owner.
    """
    cases = (
        select(Case.owner_id)
        .join(Staff, Staff.id == Case.owner_id)
        .where(Case.customer_id == customer_id, Case.status != "closed", Staff.active)
        .order_by(Case.opened_at.desc(), Case.id.desc())
    )
    chats = (
        select(Conversation.assignee_id)
        .join(Staff, Staff.id == Conversation.assignee_id)
        .where(Conversation.customer_id == customer_id, Staff.active)
        .order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    )
    if role != "agent":
        cases, chats = (query.where(Staff.role != "agent") for query in (cases, chats))
    first = (session.execute(query.limit(1)).scalar_one_or_none() for query in (cases, chats))
    return next((owner for owner in first if owner is not None), None)
