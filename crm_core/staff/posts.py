"""What is said in public, as one member of staff may read it: posts name people who need not be customers."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import Customer
from crm_core.reports.evidence import Behind, posts_of
from crm_core.reports.mentions import Mentions, mentions
from crm_core.reports.metrics import Values
from crm_core.reports.periods import Period

FIELDS = ("author", "text", "link")
POSTS_RIGHT = ("public.read", "posts", FIELDS)
"""What has to be permitted before posts are given out."""
Permit = Callable[[str, str, Sequence[str]], None]


class StaffPosts:
    """Posts, and who wrote them."""

    def __init__(self, session: Session, permit: Permit) -> None:
        self._session = session
        self._permit = permit

    def mentions(self, period: Period, compared: Period, only: Values) -> Mentions:
        """What is said about something in a period."""
        self._permit(*POSTS_RIGHT)
        return mentions(self._session, period, compared, only, {})

    def of_customer(self, customer_id: int, period: Period | None, *, offset: int = 0, limit: int = 10) -> Behind:
        """What a customer said in public: only posts that are tied to them."""
        number = self._session.scalar(select(Customer.number).where(Customer.id == customer_id))
        self._permit("public.read", f"customer:{number if number is not None else 'unknown'}", FIELDS)
        return posts_of(self._session, customer_id, period, offset=offset, limit=limit)
