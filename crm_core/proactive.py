"""Whether, and when, a customer may be written to unasked: consent, quiet hours of their own clock, caps.

Whoever sends such messages goes by this, when choosing and again right before sending. The rules are plain functions
of plain values; only `standings` reads what they look at. Answers, and what a customer asked for, are not concerned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from config.settings import Proactive
from crm_core import consent, preferences
from crm_core.models import Customer, OutboxMessage
from crm_core.preferences import ORDERS, Preferences
from crm_core.quiet_hours import DAY
from crm_core.reports.periods import local_moment

PASSING = ("quiet", "too_often")
"""Reasons that pass with time; the others stay until the customer says something else."""
WEEK = 7
GONE = ("sending", "sent", "unclear")
"""States of a message that reached the customer, or may have."""
AT_ONCE = 500
_STEPS = 100
"""How often a next moment is looked for; an answer that takes longer is never."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the rules look at. `wishes.kinds` is what counts on the channel that is meant.

    `written`: when messages that nobody asked for went to them on any channel, news of their orders left out.
    """

    wishes: Preferences
    zone: str
    written: tuple[datetime, ...] = ()


# --- the rules ------------------------------------------------------------------------------------------------------
def why_not(standing: Standing, kind: str, channel: str, now: datetime, rules: Proactive) -> str:
    """Why a message of a kind must not go to a customer on a channel now; "" when it may.

    "withdrawn" and "no_consent" are for good; "channel": another one is wished; "quiet" and "too_often" pass with time.

    >>> from datetime import UTC
    >>> mei = Standing(Preferences(kinds={"marketing": True}), "Asia/Shanghai")
    >>> why_not(mei, "marketing", "email", datetime(2026, 11, 23, 4, tzinfo=UTC), Proactive())
    ''
    >>> why_not(mei, "marketing", "email", datetime(2026, 11, 23, 14, tzinfo=UTC), Proactive())
    'quiet'
    """
    refusal = _refusal(standing.wishes.kinds, kind)
    if refusal:
        return refusal
    if standing.wishes.channel and standing.wishes.channel != channel:
        return "channel"
    if _hours(standing.wishes, rules).is_quiet(now.astimezone(ZoneInfo(standing.zone))):
        return "quiet"
    return "too_often" if kind != ORDERS and _too_often(standing, now, rules) else ""


def allowed_from(standing: Standing, kind: str, channel: str, now: datetime, rules: Proactive) -> datetime | None:
    """The first moment from now on at which nothing speaks against a message; None when no time helps.

    >>> from datetime import UTC
    >>> mei = Standing(Preferences(kinds={"marketing": True}), "Asia/Shanghai")
    >>> allowed_from(mei, "marketing", "email", datetime(2026, 11, 23, 14, tzinfo=UTC), Proactive())
    datetime.datetime(2026, 11, 24, 1, 0, tzinfo=datetime.timezone.utc)
    """
    moment = now
    for _ in range(_STEPS):
        reason = why_not(standing, kind, channel, moment, rules)
        if reason not in PASSING:
            return None if reason else moment
        later = _quiet_until(standing, moment, rules) if reason == "quiet" else _seldom_until(standing, moment)
        moment = max(later, moment + timedelta(minutes=1))  # an hour that the clocks repeat ends twice
    return None


def _refusal(kinds: Mapping[str, bool], kind: str) -> str:
    """What their words say against a kind: about itself first; a no to marketing ends all that is like it."""
    said, marketing = kinds.get(kind), kinds.get(consent.MARKETING)
    if said is False or (said is None and kind in consent.STOPPED and marketing is False):
        return "withdrawn"
    return "no_consent" if kind in consent.PROMOTIONAL and not (said or marketing) else ""


def _hours(wishes: Preferences, rules: Proactive) -> Preferences:
    """Their own quiet hours; the usual ones of those who never said."""
    if wishes.quiet_from is not None and wishes.quiet_until is not None:
        return wishes
    return replace(wishes, quiet_from=rules.quiet_from, quiet_until=rules.quiet_until)


def _too_often(standing: Standing, now: datetime, rules: Proactive) -> bool:
    """Whether one more would be too many: by their own wish, of this local day, of any seven that it belongs to."""
    every = standing.wishes.at_most_every_days
    if every and any(moment > now - timedelta(days=every) for moment in standing.written):
        return True
    zone = ZoneInfo(standing.zone)
    today = now.astimezone(zone).date()
    ago = [(today - moment.astimezone(zone).date()).days for moment in standing.written]
    return sum(days <= 0 for days in ago) >= rules.most_a_day or sum(days < WEEK for days in ago) >= rules.most_a_week


def _quiet_until(standing: Standing, now: datetime, rules: Proactive) -> datetime:
    """When the quiet that reigns may end: at its minute, or at the end of a day off."""
    local, wishes = now.astimezone(ZoneInfo(standing.zone)), _hours(standing.wishes, rules)
    if local.weekday() in wishes.quiet_days:
        return _next_midnight(standing, now)
    end = (wishes.quiet_until or 0) % DAY
    day = local.date() if local.hour * 60 + local.minute < end else local.date() + timedelta(days=1)
    return local_moment(day, time(end // 60, end % 60), standing.zone)


def _seldom_until(standing: Standing, now: datetime) -> datetime:
    """When one more may be no longer too many: their own pause is over, else the day is."""
    pause = timedelta(days=standing.wishes.at_most_every_days or 0)
    over = max((moment + pause for moment in standing.written), default=now)
    return over if over > now else _next_midnight(standing, now)


def _next_midnight(standing: Standing, now: datetime) -> datetime:
    day = now.astimezone(ZoneInfo(standing.zone)).date() + timedelta(days=1)
    return local_moment(day, time(), standing.zone)


# --- right before sending -------------------------------------------------------------------------------------------
def claim(session: Session, row_id: int, now: datetime, rules: Proactive, zone: str) -> bool:
    """Take a proactive message that is about to be sent. What forbids it since it was queued cancels it, what passes
    with time puts it off; then, and when it is not waiting any more, nothing may be sent (False).
    """
    customer_id = session.execute(select(OutboxMessage.customer_id).where(OutboxMessage.id == row_id)).scalar()
    if customer_id is not None:  # two messages to one customer, from two processes, count each other
        session.get(Customer, customer_id, with_for_update={"key_share": True})
    row = session.get(OutboxMessage, row_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != "queued":
        return False
    if row.customer_id is not None:
        kind = row.kind or consent.MARKETING
        standing = standing_of(session, row.customer_id, row.channel, now, zone, waiting=False)
        reason = why_not(standing, kind, row.channel, now, rules)
        if reason:
            _put_off(row, reason, allowed_from(standing, kind, row.channel, now, rules))
            return False
    row.state, row.sent_at = "sending", now
    return True


def release(session: Session, now: datetime) -> int:
    """Queue what was put off until now; returns how many."""
    due = (OutboxMessage.state == "postponed", OutboxMessage.not_before <= now)
    statement = update(OutboxMessage).where(*due).values(state="queued", not_before=None)
    return len(session.execute(statement.returning(OutboxMessage.id)).all())


def _put_off(row: OutboxMessage, reason: str, until: datetime | None) -> None:
    row.error = f"Not sent: {reason}."
    row.state, row.not_before = ("cancelled", None) if until is None else ("postponed", until)


# --- what they look at ----------------------------------------------------------------------------------------------
def standing_of(
    session: Session, customer_id: int, channel: str, now: datetime, zone: str, *, waiting: bool = True
) -> Standing:
    """What the rules look at of one customer; see `standings`."""
    return standings(session, [customer_id], channel, now, zone, waiting=waiting)[customer_id]


def standings(
    session: Session, customer_ids: Iterable[int], channel: str, now: datetime, zone: str, *, waiting: bool = True
) -> dict[int, Standing]:
    """What the rules look at, of many customers.

    Args:
        zone: of those whose own is not known.
        waiting: count what waits in the outbox, too, as if it went now; not where that waits to be sent itself.
    """
    wanted = list(customer_ids)
    found: dict[int, Standing] = {}
    for start in range(0, len(wanted), AT_ONCE):
        few = wanted[start : start + AT_ONCE]
        wishes = preferences.read_many(session, few, channel)
        longest = max((one.at_most_every_days or 0 for one in wishes.values()), default=0)
        written = _written(session, few, now - timedelta(days=max(longest, WEEK) + 1), now, waiting=waiting)
        query = select(Customer.id, Customer.zone).where(Customer.id.in_(few))
        zones = {row.id: row.zone for row in session.execute(query)}
        found |= {one: Standing(wishes[one], zones.get(one) or zone, tuple(written.get(one, ()))) for one in few}
    return found


def _written(
    session: Session, customer_ids: Sequence[int], since: datetime, now: datetime, *, waiting: bool
) -> dict[int, list[datetime]]:
    """When something went to customers that nobody asked for."""
    moment = func.coalesce(OutboxMessage.sent_at, OutboxMessage.queued_at)
    states = (*GONE, *consent.WAITING) if waiting else GONE
    query = select(OutboxMessage.customer_id, OutboxMessage.state, OutboxMessage.sent_at, OutboxMessage.queued_at)
    query = query.where(
        OutboxMessage.customer_id.in_(customer_ids),
        OutboxMessage.purpose == "proactive",
        OutboxMessage.kind != ORDERS,
        OutboxMessage.state.in_(states),
        (moment > since) | OutboxMessage.state.in_(consent.WAITING),
    )
    written: dict[int, list[datetime]] = {}
    for row in session.execute(query):
        went = now if row.state in consent.WAITING else row.sent_at or row.queued_at
        written.setdefault(row.customer_id, []).append(went)
    return written
