"""Why a score is what it is: the strongest facts, their sum, what could change it, and the records that show them.

Nothing is computed anew here: the parts of a score were stored beside it by the model that made it. Only mood, the mean
of messages, is taken apart at the moment of asking. The serving process may import this.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.analytics.reasons import Reason, strongest
from crm_core.models import Interaction
from crm_core.scores import MoodView, ScoreView, mood_of

Wanted = Literal["lower", "raise"]
BETTER: Mapping[str, Wanted] = {"churn": "lower"}
"""Which way a score should go; all others are better the higher they are."""
CHANGED_BY: Mapping[str, str] = {
    "recency_days": "order",
    "last_gap_days": "order",
    "orders_90": "order",
    "spend_90_minor": "order",
    "orders": "order",
    "spend_minor": "order",
    "mean_order_minor": "larger_order",
    "categories": "other_category",
    "top_category_share_milli": "other_category",
    "complaints": "settled",
    "complaints_90": "settled",
    "cases": "settled",
    "mood_mean_milli": "good_talk",
    "mood_90_milli": "good_talk",
    "rating_mean_milli": "good_rating",
    "contact_recency_days": "contact",
    "messages_90": "contact",
    "contacts_delivery": "smooth_delivery",
    "campaigns_replied": "campaign",
    "campaigns_converted": "campaign",
    "post_mood_milli": "answered_posts",
}
"""Fact -> what would change it (a name below `agent.scores.changes` of the phrases). What is past stays as it is."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Change:
    """Something that can be done, and how far the facts that it changes move the score now: it can take back as much,
    not more."""

    what: str
    at_most_milli: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A score taken apart: `base_milli` and the effects of all `parts` sum to `value_milli`."""

    kind: str
    value_milli: int
    base_milli: int
    parts: tuple[Reason, ...]

    @property
    def strongest(self) -> tuple[Reason, ...]:
        """The three facts that matter most, whichever way they point."""
        return tuple(part for part in strongest(self.parts, SHOWN) if part.effect_milli)

    @property
    def wanted(self) -> Wanted:
        """Which way the score should go."""
        return BETTER.get(self.kind, "raise")

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would move it the right way, the largest effect first; facts that one act changes count together."""
        bad = 1 if self.wanted == "lower" else -1
        found: dict[str, int] = {}
        for part in self.parts:
            what = CHANGED_BY.get(part.fact)
            if what is not None and part.effect_milli * bad > 0:
                found[what] = found.get(what, 0) + abs(part.effect_milli)
        ranked = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
        return tuple(Change(what, effect) for what, effect in ranked[:SHOWN])


def explained(score: ScoreView) -> Explained:
    """A stored score in its parts."""
    return Explained(score.kind, score.value_milli, score.base_milli, score.reasons)


def explained_mood(session: Session, customer_id: int, since: datetime) -> tuple[MoodView, Explained | None]:
    """Mood in its parts: of a mean, each message adds its own mood divided by their number. None without messages."""
    mood = mood_of(session, customer_id, since)
    if mood.mean_milli is None:
        return mood, None
    query = select(Interaction.id, Interaction.sentiment_milli).where(
        Interaction.customer_id == customer_id,
        Interaction.direction == "in",
        Interaction.sentiment_milli.is_not(None),
        Interaction.occurred_at > since,
    )
    rows = session.execute(query.order_by(Interaction.occurred_at.desc(), Interaction.id.desc())).all()
    parts = _shares([(row.id, int(row.sentiment_milli)) for row in rows])
    total = sum(part.effect_milli for part in parts)
    return mood, Explained("mood", total, 0, parts)


def _shares(messages: Sequence[tuple[int, int]]) -> tuple[Reason, ...]:
    """Each message's share of the mean, in whole thousandths that sum to the rounded mean."""
    parts, told, so_far = [], 0, 0
    for interaction_id, milli in messages:
        so_far += milli
        share = round(so_far / len(messages)) - told
        told += share
        parts.append(Reason("message", milli, None, share, (f"interaction:{interaction_id}",)))
    return tuple(parts)
