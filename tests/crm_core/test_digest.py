"""The digest's figures, what counts as notable, and who is unhappy."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from crm_core.database import Store
from crm_core.reports.digest import LINES, DigestLine, build_digest, yesterday
from crm_core.reports.metrics import Figure
from crm_core.reports.periods import one_day
from tests.crm_core import figures as make

ZONE = "Asia/Shanghai"
DAY = one_day(date(2026, 11, 22), ZONE)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def line(now: float | None, before: float | None, unit: str = "count", count: int = 20) -> DigestLine:
    figure = Figure("messages", unit, now, count)
    return DigestLine(figure, replace(figure, value=before))


def test_yesterday_is_the_day_of_the_zone() -> None:
    assert yesterday(datetime(2026, 11, 22, 16, 30, tzinfo=UTC), ZONE).first == date(2026, 11, 22)
    assert yesterday(datetime(2026, 11, 22, 15, 30, tzinfo=UTC), ZONE).first == date(2026, 11, 21)


def test_an_empty_business_has_a_digest_with_nothing_notable(store: Store) -> None:
    with store.read() as session:
        digest = build_digest(session, DAY)
    assert [one.figure.metric for one in digest.lines] == list(LINES)
    assert (digest.notable, digest.unhappy, digest.intents) == ((), (), ())
    assert len(digest.days) == 14
    assert digest.days[-1].day == DAY.first


def test_changes_are_absolute_and_in_per_cent() -> None:
    assert (line(15, 10).change, line(15, 10).percent) == (5, 50)
    assert (line(5, 10).change, line(5, 10).percent) == (-5, -50)
    assert (line(5, 0).change, line(5, 0).percent) == (5, None)
    assert line(None, 10).change is None
    assert line(-300, -100, "mood").percent is None


def test_chance_is_not_notable_and_a_jump_is() -> None:
    assert not line(12, 10).notable
    assert not line(2, 0).notable
    assert line(30, 10).notable
    assert line(0, 12).notable
    assert line(-200, 100, "mood").notable
    assert not line(-200, 100, "mood", count=3).notable
    assert line(600, 300, "seconds").notable
    assert not line(0.5, 0.2, "seconds").notable
    assert line(2_000_00, 9_000_00, "CNY").notable


def test_a_jump_names_what_drives_it(store: Store) -> None:
    with store.write() as session:
        who = make.customer(session, NOON - timedelta(days=300))
        where = make.chat(session, who, NOON - timedelta(days=300))
        for minute in range(20):
            make.said(session, where, NOON + timedelta(minutes=minute), intent="complaint")
        for day, intent in ((0, "faq"), (1, "faq"), (1, "complaint")):
            make.said(session, where, NOON - timedelta(days=day, hours=1), intent=intent)
    with store.read() as session:
        digest = build_digest(session, DAY)
    driver = digest.line("messages").driver
    assert driver is not None
    assert (driver.dimension, driver.key, driver.share) == ("intent", "complaint", 1.0)
    assert [(one.intent, one.count, one.before) for one in digest.intents] == [("complaint", 20, 1), ("faq", 1, 1)]


def test_unhappy_are_top_spenders_in_a_bad_mood_this_week(store: Store) -> None:
    with store.write() as session:
        for place, (spend, mood, days) in enumerate(
            [(900, -500, 0), (800, -500, 3), (700, 100, 0), (600, -500, 9), (5, -900, 0), *[(1, 0, 0)] * 15]
        ):
            who = make.customer(session, NOON - timedelta(days=90), name=f"Customer {place}")
            make.bought(session, who, NOON - timedelta(days=60), spend)
            where = make.chat(session, who, NOON - timedelta(days=90))
            make.said(session, where, NOON - timedelta(days=days), sentiment_milli=mood)
        make.said(session, where, NOON, sentiment_milli=-1000, kind="edit")
    with store.read() as session:
        digest = build_digest(session, DAY)
    assert [(one.name, one.spend_minor, one.mood_milli) for one in digest.unhappy] == [
        ("Customer 0", 900, -500), ("Customer 1", 800, -500),
    ]  # fmt: skip
    assert digest.mood_period.first == date(2026, 11, 16)
