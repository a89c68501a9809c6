"""What is computed about customers, as one member of staff may see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm_core.analytics.explanations import Explained, explained, explained_mood
from crm_core.analytics.reasons import Reason
from crm_core.analytics.score_evidence import Evidence, evidence
from crm_core.analytics.segments.store import customers
from crm_core.catalogue import Wish
from crm_core.customers import MOOD_WINDOW
from crm_core.models import Customer, Interaction
from crm_core.needs import Expectation, NeedKind, NeedView, expected, likeliest, needs_of
from crm_core.offers import Offer, Offers, goes_with, offers_for
from crm_core.query.conditions import Conditions
from crm_core.rhythm import Rhythm, rhythm_of
from crm_core.scores import MoodView, ScoreView, computed, mood_of, refuses_profiling, rfm_name, scores_of

Permit = Callable[[str, str, Sequence[str]], None]
"""Lets an action (second: on what, third: which fields) through and notes it; raises NotAllowed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All scores of a customer. `refused`: they do not want to be profiled."""

    scores: Mapping[str, ScoreView]
    mood: MoodView
    rfm: tuple[str, str] | None
    refused: bool


@dataclass(frozen=True, slots=True)
class Why:
    """A score with its parts, and the records behind the strongest of them (by fact)."""

    score: ScoreView | None
    mood: MoodView | None
    explained: Explained
    evidence: tuple[tuple[Reason, tuple[Evidence, ...]], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a customer."""

    customer_id: int
    text: str
    at: datetime
    channel: str
    message_id: str
    mood_milli: int | None


class StaffScores:
    """Scores, their reasons and what lies behind them."""

    def __init__(self, session: Session, permit: Permit, now: datetime, zone: str) -> None:
        self._session = session
        self._permit = permit
        self._now = now
        self._zone = zone

    def standing(self, customer_id: int) -> Standing:
        """Every score of a customer."""
        self._permit("score.read", self._subject(customer_id), ("scores", "mood"))
        return Standing(
            scores=scores_of(self._session, customer_id),
            mood=mood_of(self._session, customer_id, self._now - MOOD_WINDOW),
            rfm=rfm_name(self._session, customer_id),
            refused=refuses_profiling(self._session, customer_id),
        )

    def why(self, customer_id: int, kind: str) -> Why | None:
        """A score taken apart, with its evidence; None when there is no such score."""
        self._permit("score.read", self._subject(customer_id), ("reasons", "orders", "messages", "cases"))
        if kind == "mood":
            mood, parts = explained_mood(self._session, customer_id, self._now - MOOD_WINDOW)
            return Why(None, mood, parts, self._behind(customer_id, parts, self._now)) if parts else None
        score = scores_of(self._session, customer_id).get(kind)
        if score is None:
            return None
        parts = explained(score)
        return Why(score, None, parts, self._behind(customer_id, parts, score.data_until))

    def refuses(self, customer_id: int) -> bool:
        """Whether a customer does not want to be profiled."""
        return refuses_profiling(self._session, customer_id)

    def any_computed(self, kind: str) -> bool:
        """Whether anybody has a score of this kind; nothing personal."""
        return computed(self._session, kind)

    def message(self, interaction_id: int) -> Said | None:
        """One message that a customer wrote."""
        row = self._session.get(Interaction, interaction_id)
        known = row if row is not None and row.author == "customer" and row.customer_id else None
        self._permit("timeline.read", self._subject(known.customer_id if known else None), ("message",))
        if known is None or known.customer_id is None:
            return None
        return Said(
            known.customer_id, known.text or "", known.occurred_at, known.channel, known.message_id,
            known.sentiment_milli,
        )  # fmt: skip

    # --- what they may want -----------------------------------------------------------------------------------------
    def needs(self, customer_id: int, kind: NeedKind) -> list[NeedView]:
        """What a customer is likely to want next, the likeliest first."""
        self._permit("score.read", self._subject(customer_id), ("needs",))
        return needs_of(self._session, customer_id, kind)

    def rhythm(self, customer_id: int) -> Rhythm:
        """When a customer bought so far."""
        self._permit("score.read", self._subject(customer_id), ("orders",))
        return rhythm_of(self._session, customer_id, self._zone)

    def expected(self, kind: NeedKind, among: Conditions) -> Expectation | None:
        """What customers that fit are likely to want, counted; names nobody."""
        self._permit("metric.read", "needs", ("needs",))
        return expected(self._session, kind, self._ids(among))

    def likeliest(self, kind: NeedKind, what: str | None, among: Conditions) -> list[tuple[int, str, int]]:
        """Who is most likely to want something: customer, what, chance in thousandths."""
        self._permit("customer.list", "customers", ("name", "needs"))
        return likeliest(self._session, kind, what, self._ids(among))

    def offers(self, customer_id: int, wish: Wish) -> tuple[Offers, bool]:
        """What to offer a customer, new and again; and whether they refuse to be profiled."""
        self._permit("recommendation.read", self._subject(customer_id), ("orders",))
        return offers_for(self._session, customer_id, wish, self._now), refuses_profiling(self._session, customer_id)

    def goes_with(self, skus: Sequence[str], wish: Wish) -> tuple[Offer, ...]:
        """What goes with products; nothing personal."""
        return goes_with(self._session, skus, wish, self._now)

    # --- inside -----------------------------------------------------------------------------------------------------
    def _ids(self, among: Conditions) -> Select[Any] | None:
        """A query of the customers that fit; None: all of them."""
        if not among.all:
            return None
        fitting = customers(self._session, among, self._now, self._zone)
        return fitting.order_by(None).with_only_columns(Customer.id)

    def _behind(
        self, customer_id: int, parts: Explained, until: datetime
    ) -> tuple[tuple[Reason, tuple[Evidence, ...]], ...]:
        return tuple((part, evidence(self._session, customer_id, part, until)) for part in parts.strongest)

    def _subject(self, customer_id: int | None) -> str:
        number = self._session.execute(select(Customer.number).where(Customer.id == customer_id)).scalar_one_or_none()
        return f"customer:{number if number is not None else 'unknown'}"
