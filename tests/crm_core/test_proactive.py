"""The rules of what nobody asked for: never without a yes, never at night, never too often, never after a no."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import Proactive
from crm_core import consent, preferences, proactive
from crm_core.database import Store
from crm_core.models import Consent, Customer, OutboxMessage
from crm_core.preferences import KINDS, Preferences
from crm_core.proactive import PASSING, Standing, allowed_from, why_not
from crm_core.quiet_hours import DAY
from tests.conftest import NOW

RULES = Proactive()
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Apia")
MINUTES = st.none() | st.integers(0, DAY - 1)
WISHES = st.builds(
    Preferences,
    quiet_from=MINUTES,
    quiet_until=MINUTES,
    quiet_days=st.lists(st.integers(0, 6), max_size=3, unique=True).map(tuple),
    channel=st.none() | st.sampled_from(("telegram", "email")),
    at_most_every_days=st.none() | st.integers(1, 30),
    kinds=st.dictionaries(st.sampled_from(KINDS), st.booleans()),
)
CHANGES = [
    datetime(2026, 3, 28, 12, tzinfo=UTC),  # Berlin and Cairo change within these days, New York before
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 3, 7, 12, tzinfo=UTC),
    datetime(2026, 4, 4, 12, tzinfo=UTC),  # Lord Howe, by half an hour
]


def broken(standing: Standing, kind: str, channel: str, sent: datetime, before: list[datetime]) -> list[str]:
    """What a message breaks, counted by hand and not by the rules themselves."""
    wishes, local = standing.wishes, sent.astimezone(ZoneInfo(standing.zone))
    minute = local.hour * 60 + local.minute
    own = wishes.quiet_from is not None and wishes.quiet_until is not None
    first, last = (wishes.quiet_from, wishes.quiet_until) if own else (21 * 60, 9 * 60)
    assert first is not None
    assert last is not None
    night = first <= minute < last if first <= last else minute >= first or minute < last
    days = Counter(moment.astimezone(ZoneInfo(standing.zone)).date() for moment in before)
    week = sum(count for day, count in days.items() if local.date() - day < timedelta(days=7))
    yes = wishes.kinds.get(kind, wishes.kinds.get("marketing", kind in ("orders", "surveys")) or kind == "orders")
    capped = kind != "orders"
    every = wishes.at_most_every_days
    checks = {
        "consent": not yes,
        "channel": wishes.channel not in (None, channel),
        "quiet": night or local.weekday() in wishes.quiet_days,
        "day": capped and days[local.date()] >= 1,
        "week": capped and week >= 3,
        "wish": capped and every is not None and any(sent - moment < timedelta(days=every) for moment in before),
    }
    return [name for name, holds in checks.items() if holds]


@settings(max_examples=120, deadline=None)
@given(
    WISHES, st.sampled_from(ZONES), st.sampled_from(KINDS), st.sampled_from(CHANGES),
    st.lists(st.integers(1, 40 * 60), min_size=20, max_size=60),
)  # fmt: skip
def test_no_walk_of_the_clock_breaks_a_rule(
    wishes: Preferences, zone: str, kind: str, start: datetime, steps: list[int]
) -> None:
    """Whoever sends whenever the rules allow breaks none; the rules allow whatever breaks none."""
    sent: list[datetime] = []
    now = start
    for minutes in steps:
        now += timedelta(minutes=minutes)
        standing = Standing(wishes, zone, tuple(sent))
        reason = why_not(standing, kind, "email", now, RULES)
        assert bool(reason) == bool(broken(standing, kind, "email", now, sent))
        if not reason:
            sent.append(now)


@settings(max_examples=150, deadline=None)
@given(WISHES, st.sampled_from(ZONES), st.sampled_from(KINDS), st.sampled_from(CHANGES), st.integers(0, 60 * 48))
def test_the_next_moment_is_allowed_and_none_before_it_is(
    wishes: Preferences, zone: str, kind: str, start: datetime, minutes: int
) -> None:
    now = start + timedelta(minutes=minutes)
    standing = Standing(wishes, zone, (now - timedelta(hours=30), now - timedelta(hours=5)))
    moment = allowed_from(standing, kind, "email", now, RULES)
    reason = why_not(standing, kind, "email", now, RULES)
    if moment is None:
        assert reason not in PASSING
        return
    assert moment >= now
    assert why_not(standing, kind, "email", moment, RULES) == ""
    if moment > now:
        assert reason in PASSING
        assert why_not(standing, kind, "email", moment - timedelta(minutes=1), RULES) in PASSING


def test_whoever_is_never_to_be_disturbed_is_never_written_to() -> None:
    wishes = Preferences(quiet_days=tuple(range(7)), kinds={"marketing": True})
    assert allowed_from(Standing(wishes, "UTC"), "marketing", "email", NOW, RULES) is None


# --- in the store ---------------------------------------------------------------------------------------------------
def customer_of(store: Store, *words: tuple[str, str, bool], number: int = 1) -> int:
    with store.write() as session:
        customer = Customer(number=number, zone="Asia/Shanghai", first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        for position, (kind, channel, granted) in enumerate(words):
            said_at = NOW - timedelta(days=9, minutes=-position)
            session.add(
                Consent(
                    customer_id=customer.id, kind=kind, channel=channel, granted=granted, how="test",
                    occurred_at=said_at,
                )
            )  # fmt: skip
        return customer.id


def queued(store: Store, customer_id: int, *, kind: str = "", channel: str = "telegram") -> int:
    with store.write() as session:
        row = OutboxMessage(
            customer_id=customer_id, purpose="proactive", kind=kind, channel=channel, account="1", chat_id="1",
            queued_at=NOW,
        )  # fmt: skip
        session.add(row)
        return row.id


def claimed(store: Store, row_id: int, now: datetime = NOW) -> str:
    with store.write() as session:
        proactive.claim(session, row_id, now, RULES, "UTC")
        row = session.get_one(OutboxMessage, row_id)
        return row.state


def test_a_message_is_claimed_once(store: Store) -> None:
    row = queued(store, customer_of(store, ("marketing", "", True)))
    with store.write() as session:
        assert proactive.claim(session, row, NOW, RULES, "UTC")
    with store.write() as session:
        assert not proactive.claim(session, row, NOW, RULES, "UTC")


def test_what_is_queued_without_a_yes_or_after_a_no_is_cancelled(store: Store) -> None:
    assert claimed(store, queued(store, customer_of(store))) == "cancelled"
    yes = customer_of(store, ("marketing", "", True), number=2)
    row = queued(store, yes)
    with store.write() as session:  # a no on this channel alone, which cancels nothing by itself
        session.add(
            Consent(
                customer_id=yes, kind="marketing", channel="telegram", granted=False, how="test", occurred_at=NOW
            )
        )  # fmt: skip
    assert claimed(store, row) == "cancelled"
    assert claimed(store, queued(store, yes, channel="email")) == "sending"


def test_the_night_puts_off_until_the_morning(store: Store) -> None:
    row = queued(store, customer_of(store, ("marketing", "", True)))
    night, morning = NOW.replace(hour=14), NOW.replace(hour=1) + timedelta(days=1)
    assert claimed(store, row, night) == "postponed"
    with store.write() as session:
        assert session.get_one(OutboxMessage, row).not_before == morning
        assert proactive.release(session, morning - timedelta(seconds=1)) == 0
    with store.write() as session:
        assert proactive.release(session, morning) == 1
    assert claimed(store, row, morning) == "sending"


def test_of_two_that_wait_for_one_day_the_second_waits_on(store: Store) -> None:
    customer_id = customer_of(store, ("marketing", "", True))
    first, second, order = queued(store, customer_id), queued(store, customer_id), queued(store, customer_id)
    with store.write() as session:
        session.get_one(OutboxMessage, order).kind = "orders"
    assert [claimed(store, row) for row in (first, second, order)] == ["sending", "postponed", "sending"]


def test_stop_ends_every_yes_and_what_waits(store: Store) -> None:
    customer_id = customer_of(store, ("marketing", "", True), ("restock", "", True), ("tips", "email", True))
    rows = [queued(store, customer_id, kind=kind) for kind in ("marketing", "restock", "surveys")]
    with store.write() as session:
        session.get_one(OutboxMessage, rows[1]).state = "postponed"
        assert consent.stop(session, customer_id, "test", NOW) == NOW
    with store.read() as session:
        assert {session.get_one(OutboxMessage, row).state for row in rows} == {"cancelled"}
        for channel in ("", "email", "telegram"):
            standing = proactive.standing_of(session, customer_id, channel, NOW, "UTC")
            refused = {kind for kind in KINDS if why_not(standing, kind, channel, NOW, RULES) == "withdrawn"}
            assert refused == set(KINDS) - {"orders"}
    with store.write() as session:
        assert consent.stop(session, customer_id, "test", NOW + timedelta(days=1)) == NOW
        preferences.change(session, customer_id, {"kinds": {"restock": True}}, "test", NOW + timedelta(days=2))
        standing = proactive.standing_of(session, customer_id, "email", NOW, "UTC")
    assert why_not(standing, "restock", "email", NOW, RULES) == ""
    assert why_not(standing, "marketing", "email", NOW, RULES) == "withdrawn"


def test_a_no_on_one_channel_does_not_hide_a_yes_elsewhere_from_stop(store: Store) -> None:
    customer_id = customer_of(store, ("marketing", "", True), ("marketing", "telegram", False))
    with store.write() as session:
        consent.stop(session, customer_id, "test", NOW)
        standing = proactive.standing_of(session, customer_id, "email", NOW, "UTC")
    assert why_not(standing, "marketing", "email", NOW, RULES) == "withdrawn"


@pytest.mark.parametrize("state", ["sent", "unclear", "sending", "queued", "failed", "cancelled"])
def test_what_may_have_arrived_counts_and_what_did_not_does_not(store: Store, state: str) -> None:
    customer_id = customer_of(store, ("marketing", "", True))
    row = queued(store, customer_id)
    with store.write() as session:
        session.get_one(OutboxMessage, row).state = state
    with store.read() as session:
        standing = proactive.standing_of(session, customer_id, "telegram", NOW, "UTC")
    assert bool(standing.written) == (state not in ("failed", "cancelled"))
