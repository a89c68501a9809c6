"""How often a customer buys, and which day that lets expect for the next order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.customers import COUNTED
from crm_core.models import Order

FEWEST = 3
"""Days with orders, at least, of which a rhythm can be told."""
OUTER = 0.1
"""This share of the shortest and of the longest gaps is left out of what is usual."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The days on which a customer ordered, and the days between them; several orders of a day are one purchase."""

    orders: int
    days: tuple[date, ...]

    @property
    def gaps(self) -> list[int]:
        """Days between two purchases, the shortest first; none where they are too few for a rhythm."""
        if len(self.days) < FEWEST:
            return []
        return sorted((later - earlier).days for earlier, later in zip(self.days, self.days[1:], strict=False))

    def after(self, share: float) -> date:
        """The day up to which so large a share of the gaps so far would have ended, counted from the last purchase."""
        return self.days[-1] + timedelta(days=_quantile(self.gaps, share))

    @property
    def usual_days(self) -> int:
        """The gap in the middle."""
        return _quantile(self.gaps, 0.5)

    @property
    def between_days(self) -> tuple[int, int]:
        """Between what gaps lie, the outermost of many left out."""
        return _quantile(self.gaps, OUTER), _quantile(self.gaps, 1 - OUTER)


def rhythm_of(session: Session, customer_id: int, zone: str) -> Rhythm:
    """A customer's purchases so far, by local days."""
    query = select(Order.placed_at).where(Order.customer_id == customer_id, Order.status.in_(COUNTED))
    placed = session.scalars(query.order_by(Order.placed_at)).all()
    return Rhythm(len(placed), tuple(sorted({moment.astimezone(ZoneInfo(zone)).date() for moment in placed})))


def _quantile(ranked: Sequence[int], share: float) -> int:
    """Of few values the nearest one that there is."""
    return ranked[round(share * (len(ranked) - 1))]
