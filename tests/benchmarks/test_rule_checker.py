"""The checker of rules counts each kind of break, knows all clocks, and sees a rule that is switched off."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from benchmarks.campaign_job import BEGINS, weeks
from benchmarks.campaign_rules import OFF, rules
from benchmarks.rule_checker import ZONES, Event, breaks, local
from benchmarks.rule_world import Message, StoredDesk
from crm_core.database import Store

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Monday noon in Shanghai."""
HOME = {1: "Asia/Shanghai"}


@pytest.mark.parametrize("zone", ZONES)
def test_its_clocks_are_those_of_the_zones(zone: str):
    moment = datetime(2024, 1, 1, 0, 7, tzinfo=UTC)
    while moment.year < 2028:
        assert local(moment, zone) == moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        moment += timedelta(minutes=113)


def at(hours: float, what: str, **more: object) -> Event:
    return Event(NOON + timedelta(hours=hours), 1, what, **more)  # type: ignore[arg-type]


YES = at(-50, "said", kind="marketing", yes=True)


@pytest.mark.parametrize(
    ("events", "counted"),
    [
        ([YES, at(0, "sent", kind="tips", channel="email")], {}),
        ([at(0, "sent", kind="marketing", channel="email")], {"consent": 1}),
        ([at(0, "sent", kind="orders", channel="email"), at(1, "sent", kind="surveys", channel="email")], {}),
        ([YES, at(-1, "stopped"), at(0, "sent", kind="marketing", channel="email")], {"consent": 1}),
        ([YES, at(-1, "stopped"), at(0, "sent", kind="surveys", channel="email")], {"consent": 1}),
        ([at(-2, "stopped"), YES.__class__(NOON, 1, "said", "marketing", yes=True),
          at(1, "sent", kind="prices", channel="email")], {}),
        ([YES, at(-1, "said", kind="tips", channel="email", yes=False), at(0, "sent", kind="tips", channel="telegram"),
          at(24, "sent", kind="tips", channel="email")], {"consent": 1}),
        ([YES, at(9, "sent", kind="tips", channel="email")], {"quiet": 1}),
        ([YES, at(-9, "wished", quiet=(11 * 60, 13 * 60)), at(0, "sent", kind="orders", channel="email")],
         {"quiet": 1}),
        ([YES, at(-9, "wished", days_off=(0,), channel="telegram"), at(0, "sent", kind="tips", channel="email")],
         {"day_off": 1, "channel": 1}),
        ([YES, at(0, "sent", kind="tips", channel="email"), at(2, "sent", kind="prices", channel="telegram")],
         {"day_cap": 1}),
        ([YES, *(at(24 * day, "sent", kind="tips", channel="email") for day in (0, 2, 4, 6, 8))], {"week_cap": 2}),
        ([YES, *(at(24 * day, "sent", kind="tips", channel="email") for day in (0, 2, 4, 7))], {}),
        ([YES, at(-9, "wished", every_days=7), at(0, "sent", kind="tips", channel="email"),
          at(7 * 24 - 1, "sent", kind="tips", channel="email")], {"own_cap": 1}),
    ],
)  # fmt: skip
def test_it_counts_every_kind_of_break(events: list[Event], counted: dict[str, int]):
    assert breaks(events, HOME) == counted


def test_rules_hold_and_one_that_is_switched_off_is_seen():
    figures = rules(120, 8, 0, seed=3)
    assert figures["rule_breaks"] == 0
    assert figures["rules.sent"] > 100
    assert figures["rules.stored_sent"] > 5
    assert all(figures[f"rules.breaks_without_{name}"] > 20 for name in OFF)


def test_the_job_itself_is_watched_and_a_rule_that_is_switched_off_is_seen():
    kept, lax = (weeks("5", BEGINS[0], 6, off) for off in ((), OFF["quiet"]))
    assert kept.written
    assert kept.breaks().total() == 0
    assert lax.breaks()["quiet"] > 0
    lax.written.append(lax.written[0])
    assert lax.breaks()["twice"] == 1


def test_a_no_that_was_said_before_undoes_a_yes_about_one_channel(store: Store):
    desk = StoredDesk(HOME, store, NOON)
    for hours, channel, yes in ((0, "", False), (1, "email", True), (2, "", False)):
        desk.hear(at(hours, "said", kind="tips", channel=channel, yes=yes))
    message = Message(1, "tips", "email")
    desk.queue(message, NOON + timedelta(hours=3))
    assert message.due is None
