"""What a campaign would bring: extra orders less discounts and sending, against writing to nobody.

Discounts also go to who would have bought anyway; the gain counts that. A customer may get several messages, one a
week, until they buy; what their number does follows from the response model, which knows fatigue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crm_core.analytics.campaigns.response import Design, Weights
from crm_core.analytics.prediction.snapshots import Array, Frame

Levels = NDArray[np.intp]
AUDIENCE = ("silent_days", "seen_within_days", "least_orders", "least_spend_minor")
MESSAGE = ("hour", "channel", "discount", "messages")
BOUNDS = {
    "silent_days": ("recency_days", 1), "seen_within_days": ("recency_days", -1), "least_orders": ("orders", 1),
    "least_spend_minor": ("spend_minor", 1),
}  # fmt: skip
"""Bound of an audience -> the column it is of, and whether customers above it (1) or below it (-1) are meant."""


@dataclass(frozen=True)
class Terms:
    """What is given: money in minor units.

    `margin`: what is left of an order before its discount, as a share. `budget_minor`: for discounts and sending.
    """

    budget_minor: int
    most_messages: int
    margin: float = 1.0
    message_minor: Mapping[str, float] = field(default_factory=dict)
    least_audience: int = 20


@dataclass(frozen=True)
class Space:
    """Everything that may be chosen: of each part its values, numbers rising."""

    values: Mapping[str, tuple[float | str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts, in the order of levels."""
        return tuple(self.values)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each part has."""
        return tuple(len(values) for values in self.values.values())

    @property
    def points(self) -> int:
        """How many plans there are."""
        return int(np.prod([float(size) for size in self.sizes]))

    def plan(self, levels: Sequence[int]) -> dict[str, float | str]:
        """The values at these levels."""
        return {name: self.values[name][int(level)] for name, level in zip(self.names, levels, strict=True)}

    def levels(self, plan: Mapping[str, float | str]) -> list[int]:
        """Where the values of a plan are."""
        return [self.values[name].index(plan[name]) for name in self.names]


@dataclass(frozen=True)
class Outcome:
    """Of plans: gain and spending by draw, shape (plans, draws); messages at most and people, shape (plans,)."""

    gain: Array
    spent: Array
    messages: Array
    people: Array


class Market:
    """Who may be written to, and, by draws of the response model, how they would answer.

    `reached`: by channel, whom it reaches at all; a channel that is not named reaches everybody. `scale`: how many
    customers each of these stands for, where they are a sample.
    """

    def __init__(self, space: Space, terms: Terms, design: Design, weights: Weights, known: Frame, before: Array,
                 *, order_minor: Array, reached: Mapping[str, NDArray[np.bool_]] | None = None,
                 scale: float = 1.0) -> None:  # fmt: skip
        self.space, self.terms, self._design, self._weights = space, terms, design, weights
        self._reached = reached or {}
        self._scale, self._order, self._before = scale, order_minor, before
        self._columns = {
            name: known[name].to_numpy(dtype=np.float64, na_value=np.nan)
            for name in {column for column, _ in BOUNDS.values()}
        }
        whose = design.customer(known)
        self._unsent = weights.usual[:, 0] + whose @ weights.customer.T
        self._sent = self._unsent + whose @ weights.sent_to.T
        self._by_discount = whose @ weights.discount_to.T / 10

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each part of a plan has."""
        return self.space.sizes

    def measure(self, levels: Levels) -> tuple[Array, Array]:
        """The mean gain of plans, and by how much each breaks each limit (at most 0: it keeps it), as shares of it."""
        found = self.outcomes(levels)
        terms = self.terms
        over = (
            found.spent.mean(axis=1) / max(terms.budget_minor, 1) - 1,
            found.messages / max(terms.most_messages, 1) - 1,
            1 - found.people / max(terms.least_audience, 1),
        )
        return found.gain.mean(axis=1), np.column_stack(over)

    def outcomes(self, levels: Levels) -> Outcome:
        """What plans would bring, by draw."""
        found = [self._outcome(self.space.plan(row)) for row in np.atleast_2d(levels)]
        gain, spent, messages, people = zip(*found, strict=True)
        return Outcome(np.array(gain), np.array(spent), np.array(messages), np.array(people))

    def audience(self, plan: Mapping[str, float | str]) -> NDArray[np.bool_]:
        """Who is meant and reached; who never bought is outside of every bound."""
        everybody = np.ones(len(self._order), dtype=np.bool_)
        chosen = self._reached.get(str(plan["channel"]), everybody).copy()
        for name, (column, side) in BOUNDS.items():
            if name in plan and (bound := float(plan[name])) != (0 if side > 0 else np.inf):
                values = self._columns[column]
                chosen &= values >= bound if side > 0 else values <= bound
        return chosen

    def _outcome(self, plan: Mapping[str, float | str]) -> tuple[Array, Array, float, float]:
        who = self.audience(plan)
        discount, channel, count = float(plan["discount"]), str(plan["channel"]), int(plan["messages"])
        order = self._order[who, None]
        unsent, base = self._unsent[who], self._sent[who] + discount * self._by_discount[who]
        silent, wrote = np.ones_like(base), np.zeros_like(base)
        for number in range(count):
            wrote += silent  # who has bought gets no further message
            before = self._before[who] + number
            same = self._design.message([channel], *[np.array([float(each)]) for each in (plan["hour"], discount, 0)])
            eta = base + (self._weights.message @ same[0]) + np.outer(np.log1p(before), self._weights.message[:, -1])
            silent = silent * expit(-eta)
        bought, anyway = 1 - silent, 1 - expit(-unsent) ** count
        terms = self.terms
        cost = wrote * terms.message_minor.get(channel, 0.0)
        given = bought * order * discount / 100
        gain = (terms.margin * order * (bought - anyway) - given - cost).sum(axis=0)
        people = float(who.sum()) * self._scale
        return gain * self._scale, (given + cost).sum(axis=0) * self._scale, people * count, people
