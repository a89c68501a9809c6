"""When, how often, where and about what a customer wants to be written to unasked. Whoever sends such messages asks
`why_not` first. Answers, and what a customer asked for, are not concerned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import consent
from crm_core.models import Consent, ContactPreference, Customer, OutboxMessage
from crm_core.quiet_hours import DAY, is_quiet

KINDS = ("orders", consent.MARKETING, "restock", "prices", "surveys", "tips")
"""What may be sent unasked. Only what is sold by it needs a yes beforehand; all can be stopped."""
NEEDS_CONSENT = (consent.MARKETING, "restock", "prices", "tips")
Hours = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Preferences:
    """A customer's wishes. Minutes are of their own day; Monday is 0; `kinds` holds what they said yes or no to."""

    quiet_from: int | None = None
    quiet_until: int | None = None
    quiet_days: tuple[int, ...] = ()
    channel: str | None = None
    at_most_every_days: int | None = None
    kinds: dict[str, bool] = field(default_factory=dict)

    def is_quiet(self, local: datetime) -> bool:
        """Whether nothing may be sent at this moment of the customer's own time."""
        return is_quiet(local, self.quiet_from, self.quiet_until, self.quiet_days)


def read(session: Session, customer_id: int, channel: str = "") -> Preferences:
    """What a customer wants; nothing is set for somebody who never said. With `channel`: what counts there.

    Where records were joined, each of which had said something, the stricter word of all counts.
    """
    kinds = {kind: consent.allowed(session, customer_id, kind, channel) for kind in KINDS}
    said = {kind: granted for kind, granted in kinds.items() if granted is not None}
    wishes = Preferences(kinds=said)
    for row in _rows(session, customer_id):
        wishes = stricter(wishes, row)
    return wishes


def change(session: Session, customer_id: int, changes: Mapping[str, Any], how: str, now: datetime) -> Preferences:
    """Set what is named: fields of `Preferences`; of `kinds` those that are given. All else stays."""
    kinds: dict[str, bool] = dict(changes.get("kinds", {}))
    if kinds.pop(consent.MARKETING, True) is False:
        consent.withdraw_marketing(session, customer_id, how, now)
    elif changes.get("kinds", {}).get(consent.MARKETING):
        kinds[consent.MARKETING] = True
    for kind, granted in kinds.items():
        if consent.allowed(session, customer_id, kind) is not granted:
            session.add(Consent(customer_id=customer_id, kind=kind, granted=granted, how=how, occurred_at=now))
    plain = {name: value for name, value in changes.items() if name != "kinds"}
    if plain:
        rows = _rows(session, customer_id)
        if not rows:
            rows = [ContactPreference(customer_id=customer_id, quiet_days=[], updated_at=now)]
            session.add_all(rows)
        for row in rows:
            for name, value in plain.items():
                setattr(row, name, list(value) if name == "quiet_days" else value)
            row.updated_at = now
    session.flush()
    return read(session, customer_id)


def why_not(session: Session, customer_id: int, kind: str, channel: str, zone: str, now: datetime) -> str:
    """Why a message of a kind must not go to a customer on a channel now; "" when it may.

    "withdrawn" and "no_consent" are for good; "channel": another one is wished; "quiet" and "too_often" pass with time.
    """
    wishes = read(session, customer_id, channel)
    if wishes.kinds.get(kind) is False or (
        kind in NEEDS_CONSENT and kind not in wishes.kinds and wishes.kinds.get(consent.MARKETING) is False
    ):
        return "withdrawn"
    if kind in NEEDS_CONSENT and not (wishes.kinds.get(kind) or wishes.kinds.get(consent.MARKETING)):
        return "no_consent"
    if wishes.channel and wishes.channel != channel:
        return "channel"
    if wishes.is_quiet(now.astimezone(ZoneInfo(zone))):
        return "quiet"
    if wishes.at_most_every_days and kind != "orders":
        since = now - timedelta(days=wishes.at_most_every_days)
        lately = select(OutboxMessage.id).where(
            OutboxMessage.customer_id == customer_id,
            OutboxMessage.purpose == "proactive",
            OutboxMessage.state != "cancelled",
            OutboxMessage.queued_at > since,
        )
        return "too_often" if session.execute(lately.limit(1)).first() else ""
    return ""


def _rows(session: Session, customer_id: int) -> list[ContactPreference]:
    """What was said to this record, and to those that were joined into it."""
    ids = joined = [customer_id]
    while joined:
        joined = list(session.execute(select(Customer.id).where(Customer.merged_into_id.in_(joined))).scalars())
        ids = [*ids, *joined]
    query = select(ContactPreference).where(ContactPreference.customer_id.in_(ids))
    return sorted(session.execute(query).scalars(), key=lambda row: ids.index(row.customer_id))


def stricter(wishes: Preferences, row: ContactPreference) -> Preferences:
    """Quiet whenever either is, as seldom as either wants; of two only channels the first stays."""
    days = {*wishes.quiet_days, *(int(day) for day in row.quiet_days)}
    often = [each for each in (wishes.at_most_every_days, row.at_most_every_days) if each]
    start, end = _both_quiet((wishes.quiet_from, wishes.quiet_until), (row.quiet_from, row.quiet_until))
    return Preferences(
        start, end, tuple(sorted(days)), wishes.channel or row.channel, max(often, default=None), wishes.kinds
    )


def _both_quiet(one: Hours, other: Hours) -> Hours:
    """The shortest time of the day that holds both; 22:00-07:00 and 21:00-06:00 make 21:00-07:00."""
    (start, end), (first, last) = one, other
    if start is None or end is None:
        return other
    if first is None or last is None:
        return one
    fits = [
        (begin, (stop - begin) % DAY)
        for begin, stop in ((start, end), (first, last), (start, last), (first, end))
        if all(
            (since - begin) % DAY + (until - since) % DAY <= (stop - begin) % DAY
            for since, until in ((start, end), (first, last))
        )
    ]
    begin, length = min(fits, key=lambda fit: fit[1], default=(start, DAY - 1))
    return begin, (begin + length) % DAY
