"""Suggestions as one member of staff may see and decide on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.analytics.score_evidence import Evidence, evidence
from crm_core.models import Customer, Staff, Suggestion, SuggestionWish, Task
from crm_core.suggestions import reading
from crm_core.suggestions.making import Rules, make
from crm_core.suggestions.outcomes import KindReport, report
from crm_core.suggestions.reading import SuggestionView, for_person, note_shown, views

Permit = Callable[[str, str, Sequence[str]], None]
DRAFT_FOR = "next:"
"""In front of the id of a suggestion, as the topic of the draft that was made for it."""
MOST_LESS = 4
"""At most one in 56 days."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left when nothing is shown. `used_up`: as many were decided on today as are shown in a day; `waiting`
    for another day; `ever`: whether any was made before."""

    used_up: bool
    decided: int
    waiting: int
    ever: bool


class StaffSuggestions:
    """What somebody is to do next; `permit` lets each act through and notes it."""

    def __init__(self, session: Session, permit: Permit, actor: Actor, now: datetime) -> None:
        self._session = session
        self._permit = permit
        self._actor = actor
        self._now = now

    # --- reading ----------------------------------------------------------------------------------------------------
    def today(self, most: int) -> list[SuggestionView]:
        """What the one who asks may be shown today."""
        self._permit("suggestion.read", "customers", ("name", "reasons", "value"))
        me = self._session.get_one(Staff, self._actor.staff_id)
        found = for_person(self._session, me, self._now, most)
        note_shown(self._session, me.id, {one.kind for one in found}, self._now)
        return found

    def left(self, most: int) -> Left:
        """Why today's list is empty: it was all decided on, or there is nothing. Counts alone, nothing personal."""
        me = self._session.get_one(Staff, self._actor.staff_id)
        decided = reading.decided_today(self._session, me, self._now)
        ever = self._session.execute(select(Suggestion.id).limit(1)).first() is not None
        return Left(decided >= most > 0, decided, reading.waiting(self._session, me, self._now), ever)

    def make_first(self, rules: Rules) -> int:
        """What has happened lately gives reason for, at once, where the job has not made any yet; how many."""
        if self._session.execute(select(Suggestion.id).limit(1)).first() is not None:
            return 0
        return make(self._session, self._now, rules, nightly=False)

    def get(self, suggestion_id: int) -> SuggestionView | None:
        """One suggestion, decided or not; None when it is gone, or somebody else's."""
        row = self._row(suggestion_id)
        self._permit("suggestion.read", self._subject(row), ("name", "reasons", "value"))
        return next(iter(views(self._session, [row])), None) if row is not None else None

    def state(self, suggestion_id: int) -> str:
        """Its state; "" when it is gone. Nothing personal."""
        row = self._row(suggestion_id)
        return row.state if row is not None else ""

    def evidence(self, view: SuggestionView) -> list[Evidence]:
        """The records behind its reasons, each once."""
        self._permit("score.read", f"customer:{view.customer_number}", ("orders", "messages", "cases"))
        found = [
            each for one in view.reasons for each in evidence(self._session, view.customer_id, one, self._now)
        ]  # fmt: skip
        return list({(each.kind, each.key): each for each in found}.values())

    def report(self, days: int) -> list[KindReport]:
        """How the suggestions of the last days fared."""
        self._permit("metric.read", "suggestions", ("outcomes",))
        return report(self._session, self._now - timedelta(days=days))

    # --- deciding ---------------------------------------------------------------------------------------------------
    def approve(self, suggestion_id: int) -> SuggestionView | None:
        """Take it on; None when it is not open (any more)."""
        return self._decide(suggestion_id, "approved")

    def skip(self, suggestion_id: int) -> SuggestionView | None:
        """Not this one; None when it is not open (any more)."""
        return self._decide(suggestion_id, "skipped")

    def reopen(self, suggestion_id: int) -> SuggestionView | None:
        """Take back one's own decision, unless it was done or its deadline passed; a task made for it goes, too."""
        row = self._row(suggestion_id, lock=True)
        self._permit("suggestion.write", self._subject(row), ("state",))
        mine = row is not None and row.decided_by_id == self._actor.staff_id
        if row is None or not mine or row.state not in ("approved", "skipped") or row.lapses_at <= self._now:
            return None
        if row.open_kind is None and self._is_open(row.customer_id, row.kind):
            return None
        task = self._session.get(Task, row.task_id) if row.task_id else None
        if task is not None:
            row.task_id = None
            self._session.delete(task)
        row.state, row.open_kind, row.decided_by_id, row.decided_at = "proposed", row.kind, None, None
        self._session.flush()
        return next(iter(views(self._session, [row])), None)

    def note_task(self, suggestion_id: int, task_id: int) -> None:
        """The task by which it is done."""
        self._session.get_one(Suggestion, suggestion_id).task_id = task_id

    def sent_after_all(self, topic: str) -> None:
        """A draft made for a suggestion goes out: one that was skipped, or taken back, since then is taken on again, so
        that it does not count as declined."""
        digits = topic.removeprefix(DRAFT_FOR)
        row = self._row(int(digits), lock=True) if topic.startswith(DRAFT_FOR) and digits.isdecimal() else None
        if row is None or row.state not in ("proposed", "skipped"):
            return
        self._permit("suggestion.write", self._subject(row), ("state",))
        row.state, row.decided_by_id, row.decided_at = "approved", self._actor.staff_id, self._now
        if row.open_kind is None and not self._is_open(row.customer_id, row.kind):
            row.open_kind = row.kind
        self._session.flush()

    def less(self, kind: str, step: int) -> int:
        """Show this kind less often to the one who asks (`step` 1), or as before (-1, a step at a time).

        Returns in how many days at most one comes; 0: as often as there is one.
        """
        self._permit("notifications.write", f"staff:{self._actor.staff_id}", ("suggestions",))
        query = select(SuggestionWish).where(
            SuggestionWish.staff_id == self._actor.staff_id, SuggestionWish.kind == kind
        )
        wish = self._session.execute(query.with_for_update()).scalar_one_or_none()
        if wish is None:
            wish = SuggestionWish(staff_id=self._actor.staff_id, kind=kind, less=0)
            self._session.add(wish)
        wish.less = min(MOST_LESS, max(0, wish.less + step))
        wish.shown_at = self._now if wish.less else None
        self._session.flush()
        return reading.LESS_STEP.days * 2 ** (wish.less - 1) if wish.less else 0

    # --- inside -----------------------------------------------------------------------------------------------------
    def _decide(self, suggestion_id: int, state: str) -> SuggestionView | None:
        row = self._row(suggestion_id, lock=True)
        self._permit("suggestion.write", self._subject(row), ("state",))
        if row is None or row.state != "proposed" or row.lapses_at <= self._now:
            return None
        row.state, row.decided_by_id, row.decided_at = state, self._actor.staff_id, self._now
        row.open_kind = row.kind if state == "approved" else None
        self._session.flush()
        return next(iter(views(self._session, [row])), None)

    def _row(self, suggestion_id: int, *, lock: bool = False) -> Suggestion | None:
        """What this person may see: nothing that is held back, nothing of managers' where they are none."""
        row = self._session.get(Suggestion, suggestion_id, with_for_update=lock or None)
        if row is None or row.state == "held":
            return None
        theirs = row.owner_id == self._actor.staff_id or row.for_role == "agent" or self._actor.role != "agent"
        return row if theirs else None

    def _is_open(self, customer_id: int, kind: str) -> bool:
        query = select(Suggestion.id).where(Suggestion.customer_id == customer_id, Suggestion.open_kind == kind)
        return self._session.execute(query.limit(1)).first() is not None

    def _subject(self, row: Suggestion | None) -> str:
        query = select(Customer.number).where(Customer.id == (row.customer_id if row else None))
        number = self._session.execute(query).scalar_one_or_none()
        return f"customer:{number if number is not None else 'unknown'}"
