"""When, how often, where and about what a customer wants to be written to unasked; `proactive.py` goes by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import consent
from crm_core.models import ContactPreference, Customer
from crm_core.quiet_hours import DAY, is_quiet

ORDERS = "orders"
KINDS = (ORDERS, consent.MARKETING, "restock", "prices", "surveys", "tips")
"""What may be sent unasked. Only what is sold by it needs a yes beforehand; all can be stopped."""
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
    return read_many(session, [customer_id], channel)[customer_id]


def read_many(session: Session, customer_ids: Sequence[int], channel: str = "") -> dict[int, Preferences]:
    """The same for many customers at once."""
    said = consent.words(session, customer_ids, channel)
    kinds = {one: {kind: said[one][kind] for kind in KINDS if kind in said[one]} for one in customer_ids}
    wishes = {one: Preferences(kinds=kinds[one]) for one in customer_ids}
    for customer_id, row in _rows(session, customer_ids):
        wishes[customer_id] = stricter(wishes[customer_id], row)
    return wishes


def change(session: Session, customer_id: int, changes: Mapping[str, Any], how: str, now: datetime) -> Preferences:
    """Set what is named: fields of `Preferences`; of `kinds` those that are given. All else stays.

    With `on`, a yes to a kind is given for that channel alone; a no ends it on all.
    """
    kinds: dict[str, bool] = dict(changes.get("kinds", {}))
    if kinds.pop(consent.MARKETING, True) is False:
        consent.withdraw_marketing(session, customer_id, how, now)
    elif changes.get("kinds", {}).get(consent.MARKETING):
        kinds[consent.MARKETING] = True
    for kind, granted in kinds.items():
        consent.say(session, customer_id, kind, granted, how, now, channel=changes.get("on", "") if granted else "")
    plain = {name: value for name, value in changes.items() if name not in ("kinds", "on")}
    if plain:
        rows = [row for _, row in _rows(session, [customer_id])]
        if not rows:
            rows = [ContactPreference(customer_id=customer_id, quiet_days=[], updated_at=now)]
            session.add_all(rows)
        for row in rows:
            for name, value in plain.items():
                setattr(row, name, list(value) if name == "quiet_days" else value)
            row.updated_at = now
    session.flush()
    return read(session, customer_id)


def join(session: Session, from_id: int, into_id: int, now: datetime) -> None:
    """Before a record becomes part of another for good: what both wish goes to the other, where both said something."""
    query = select(ContactPreference).where(ContactPreference.customer_id.in_([from_id, into_id]))
    said = {row.customer_id: row for row in session.execute(query).scalars()}
    ours, theirs = said.get(from_id), said.get(into_id)
    if ours is None or theirs is None:
        return
    wishes = stricter(stricter(Preferences(), theirs), ours)
    theirs.quiet_from, theirs.quiet_until = wishes.quiet_from, wishes.quiet_until
    theirs.quiet_days, theirs.channel = list(wishes.quiet_days), wishes.channel
    theirs.at_most_every_days, theirs.updated_at = wishes.at_most_every_days, now
    session.flush()


def _rows(session: Session, customer_ids: Sequence[int]) -> list[tuple[int, ContactPreference]]:
    """Whose wishes, and what was said to their record, or to one that was joined into it."""
    owners = {one: one for one in customer_ids}
    joined = list(customer_ids)
    while joined:
        query = select(Customer.id, Customer.merged_into_id).where(Customer.merged_into_id.in_(joined))
        found = {row.id: owners[row.merged_into_id] for row in session.execute(query)}
        owners, joined = {**owners, **found}, list(found)
    order = {one: position for position, one in enumerate(owners)}
    rows = session.execute(select(ContactPreference).where(ContactPreference.customer_id.in_(owners))).scalars()
    return [(owners[row.customer_id], row) for row in sorted(rows, key=lambda row: order[row.customer_id])]


def stricter(wishes: Preferences, row: ContactPreference) -> Preferences:
    """Quiet whenever either is, as seldom as either wants; of two only channels the first stays."""
    days = {*wishes.quiet_days, *(int(day) for day in row.quiet_days)}
    often = [each for each in (wishes.at_most_every_days, row.at_most_every_days) if each]
    start, end = _both_quiet((wishes.quiet_from, wishes.quiet_until), (row.quiet_from, row.quiet_until))
    return replace(
        wishes, quiet_from=start, quiet_until=end, quiet_days=tuple(sorted(days)),
        channel=wishes.channel or row.channel, at_most_every_days=max(often, default=None),
    )  # fmt: skip


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
