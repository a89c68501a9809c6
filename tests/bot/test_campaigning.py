"""Campaigns by the clock: under every rule, nobody twice whatever dies, what is stopped comes back."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.campaigning import Office, called, composed, problem, run
from bot.phrases import Phrases
from config.settings import Proactive, Settings
from crm_core import consent, proactive
from crm_core.campaigns import audience, outcomes, report, running
from crm_core.database import Store
from crm_core.errors import NotPossible
from crm_core.models import (
    Campaign,
    CampaignContact,
    Consent,
    Conversation,
    Customer,
    Identity,
    Interaction,
    Order,
    OutboxMessage,
)
from crm_core.query.conditions import Conditions
from tests.conftest import NOW
from tests.crm_core.test_proactive import broken

PHRASES = Phrases()
SETTINGS = Settings(_env_file=None)
ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York", "Pacific/Apia", None)
TEXTS = [
    {"key": "A", "en": "Hello {name}, tea week at {business}!", "zh": "{name}，{business}茶周开始了！"},
    {"key": "B", "en": "{name}: ten percent off.", "zh": "{name}，九折。"},
]


class Sent:
    """What the platform took: customer, moment."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.taken: list[tuple[int, datetime]] = []

    def deliver(self, now: datetime) -> None:
        """What delivery does, one row after the other."""
        with self.store.write() as session:
            proactive.release(session, now)
        with self.store.read() as session:
            query = select(OutboxMessage.id).where(OutboxMessage.state == "queued").order_by(OutboxMessage.id)
            rows = session.execute(query).scalars().all()
        for row_id in rows:
            with self.store.write() as session:
                if proactive.claim(session, row_id, now, Proactive(), "Asia/Shanghai"):
                    row = session.get_one(OutboxMessage, row_id)
                    row.state, row.sent_at = "sent", now
                    self.taken.append((int(row.customer_id or 0), now))


def office(store: Store, queued: list[OutboxMessage] | None = None) -> Office:
    kept: list[OutboxMessage] = [] if queued is None else queued
    return Office(store, PHRASES, SETTINGS, ("telegram", "email"), kept.extend)


def people(store: Store, count: int, random: Random | None = None) -> list[int]:
    """Customers with a chat, all of whom said yes; with `random` of all kinds."""
    ids = []
    with store.write() as session:
        for number in range(1, count + 1):
            customer = Customer(
                id=number, number=number, name="Wang Fang 王芳", first_seen_at=NOW, updated_at=NOW, language="zh"
            )
            customer.zone = random.choice(ZONES) if random else "Asia/Shanghai"
            session.add(customer)
            session.flush()
            if random and random.random() < 0.3:
                customer.email = f"c{number}@home.example"
            if not random or random.random() < 0.8:
                blocked = NOW if random and random.random() < 0.1 else None
                chat(session, customer.id, blocked)
            if not random or random.random() < 0.8:
                granted = not random or random.random() < 0.8
                session.add(
                    Consent(
                        customer_id=customer.id, kind="marketing", granted=granted, how="shop",
                        occurred_at=NOW - timedelta(days=90),
                    )
                )  # fmt: skip
            ids.append(customer.id)
    return ids


def chat(session: Session, customer_id: int, blocked: datetime | None = None) -> None:
    identity = Identity(customer_id=customer_id, channel="telegram", account="1", external_id=str(customer_id))
    identity.first_seen_at, identity.blocked_at = NOW, blocked
    session.add(identity)
    session.flush()
    talk = Conversation(channel="telegram", account="1", chat_id=str(customer_id), customer_id=customer_id)
    talk.identity_id, talk.state_since, talk.started_at = identity.id, NOW, NOW
    session.add(talk)
    session.flush()


def begun(store: Store, *, variants: int = 2, held_out: int = 100, now: datetime = NOW) -> int:
    """A campaign to everybody. Its id, like those of `people`, is a plain number: who is held out follows from both."""
    with store.write() as session:
        campaign = Campaign(
            id=session.execute(select(func.count(Campaign.id))).scalar_one() + 1,
            name=f"tea {variants} {held_out} {now}", variants=TEXTS[:variants], channels=["telegram", "email"],
            conditions=[{**Conditions().dump(), "said_at": now.isoformat()}], created_at=now,
            held_out_milli=held_out, response_days=7,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        size = len(audience.audience(session, campaign, now, "Asia/Shanghai"))
        running.start(session, campaign, 1, now, size)
        campaign.approved_by_id = None
        return campaign.id


def contacts(store: Store, campaign_id: int) -> list[CampaignContact]:
    with store.read() as session:
        query = select(CampaignContact).where(CampaignContact.campaign_id == campaign_id)
        return list(session.execute(query).scalars())


@pytest.mark.parametrize("seed", range(2))
def test_no_rule_is_broken_whatever_the_clock_and_the_customers_do(store: Store, seed: int) -> None:
    random, sent = Random(seed), Sent(store)
    ids = people(store, 30, random)
    now = datetime(2026, 10, 23, 3, 0, tzinfo=NOW.tzinfo)  # London changes its clocks two days later
    first, second = begun(store, held_out=0, now=now), begun(store, variants=1, held_out=200, now=now)
    stopped: dict[int, datetime] = {}
    for _ in range(60):
        now += timedelta(minutes=random.randint(20, 300))
        run(office(store), now)
        if random.random() < 0.3:
            one = random.choice(ids)
            with store.write() as session:
                consent.stop(session, one, "said", now)
            stopped.setdefault(one, now)
        sent.deliver(now)
    with store.read() as session:
        standings = proactive.standings(session, ids, "telegram", now, "Asia/Shanghai")
        held_out = {row.customer_id for row in contacts(store, second) if row.held_out}
    assert len(sent.taken) > 10
    before: dict[int, list[datetime]] = {}
    for customer_id, moment in sent.taken:
        standing = standings[customer_id]
        rules = broken(standing, "marketing", "telegram", moment, before.setdefault(customer_id, []))
        assert set(rules) <= ({"consent"} if customer_id in stopped else set())  # their yes held until they stopped
        assert moment <= stopped.get(customer_id, moment)
        before[customer_id].append(moment)
    assert max(Counter(customer for customer, _ in sent.taken).values()) <= 2
    assert {row.state for row in contacts(store, first)} <= {"chosen", "sent", "cancelled"}
    assert all(row.outbox_id is None for row in contacts(store, second) if row.held_out)
    assert held_out


def test_a_crash_between_choosing_and_queueing_leaves_neither(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    people(store, 6)
    campaign = begun(store, held_out=0)
    monkeypatch.setattr("bot.campaigning.composed", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(office(store), NOW)
    assert contacts(store, campaign) == []
    monkeypatch.undo()
    assert run(office(store), NOW)["queued"] == 6
    assert run(office(store), NOW + timedelta(hours=2))["queued"] == 0
    sent = Sent(store)
    sent.deliver(NOW)
    run(office(store), NOW + timedelta(hours=3))
    with store.read() as session:
        assert session.get_one(Campaign, campaign).state == "done"
        assert session.execute(select(func.count(OutboxMessage.id))).scalar_one() == 6


def test_stopping_takes_back_what_waits_and_pausing_holds_it(store: Store) -> None:
    people(store, 8)
    queued: list[OutboxMessage] = []
    campaign_id = begun(store, held_out=0)
    run(office(store, queued), NOW)
    with store.write() as session:
        session.get_one(OutboxMessage, queued[0].id).state = "sending"
        session.get_one(OutboxMessage, queued[1].id).state = "postponed"
    with store.write() as session:
        assert running.pause(session, session.get_one(Campaign, campaign_id)) == 7
    assert run(office(store), NOW + timedelta(hours=2))["queued"] == 0
    with store.write() as session:
        campaign = session.get_one(Campaign, campaign_id)
        assert len(running.resume(session, campaign, NOW)) == 7
        with pytest.raises(NotPossible):
            running.resume(session, campaign, NOW)
        assert running.stop(session, campaign, NOW) == 7
    sent = Sent(store)
    sent.deliver(NOW + timedelta(hours=1))
    assert sent.taken == []
    assert Counter(row.state for row in contacts(store, campaign_id)) == {"taken_back": 7, "chosen": 1}
    assert run(office(store), NOW + timedelta(days=1))["queued"] == 0


def test_preview_says_why_who_is_left_out(store: Store) -> None:
    ids = people(store, 10)
    with store.write() as session:
        consent.withdraw_marketing(session, ids[0], "test", NOW)
        session.execute(select(Identity).where(Identity.customer_id == ids[1])).scalar_one().blocked_at = NOW
        session.execute(select(Conversation).where(Conversation.customer_id == ids[2])).scalar_one().state = "person"
        session.get_one(Customer, ids[3]).zone = "America/New_York"
        nobody = Customer(number=99, first_seen_at=NOW, updated_at=NOW, email="x@home.example")
        session.add(nobody)
    campaign_id = begun(store, held_out=0)
    rules = office(store).rules
    with store.read() as session:
        seen = audience.preview(session, session.get_one(Campaign, campaign_id), NOW, rules)
    wanted = {"withdrawn": 1, "unreachable": 1, "with_person": 1, "quiet": 1, "no_consent": 1}
    assert (seen.audience, seen.reached, seen.reasons) == (11, 6, wanted)
    assert seen.by_channel == {"telegram": 6}


def test_the_same_customers_are_held_out_each_time(store: Store) -> None:
    ids = people(store, 60)
    campaign_id = begun(store, held_out=300)
    with store.read() as session:
        campaign = session.get_one(Campaign, campaign_id)
        held = [one for one in ids if audience.is_held_out(campaign, one)]
        assert held == [one for one in ids if audience.is_held_out(campaign, one)]
    for hour in range(12):
        run(office(store), NOW + timedelta(hours=hour))
    assert {row.customer_id for row in contacts(store, campaign_id) if row.held_out} <= set(held)
    assert 5 < len(held) < 35


def test_answers_orders_and_opt_outs_are_noted_and_told(store: Store) -> None:
    ids = people(store, 6)
    campaign_id = begun(store, held_out=0)
    sent = Sent(store)
    run(office(store), NOW)
    sent.deliver(NOW)
    later = NOW + timedelta(hours=3)
    with store.write() as session:
        for one in ids[:2]:
            talk = session.execute(select(Conversation).where(Conversation.customer_id == one)).scalar_one()
            session.add(
                Interaction(
                    conversation_id=talk.id, customer_id=one, direction="in", author="customer", channel="telegram",
                    account="1", chat_id=talk.chat_id, message_id="9", occurred_at=later, received_at=later,
                    intent="product_question" if one == ids[0] else "unsubscribe",
                )
            )  # fmt: skip
        consent.stop(session, ids[1], "said", later)
        for number, (one, days) in enumerate(((ids[2], 1), (ids[3], 9))):
            session.add(
                Order(
                    customer_id=one, number=f"SO-{number}", status="paid", total_minor=5000, currency="CNY",
                    placed_at=NOW + timedelta(days=days), updated_at=NOW,
                )
            )  # fmt: skip
    run(office(store), NOW + timedelta(days=2))
    with store.write() as session:
        campaign = session.get_one(Campaign, campaign_id)
        outcomes.record(session, campaign, NOW + timedelta(days=2), "CNY")
        told = report.report(session, campaign, NOW + timedelta(days=2))
    sums = [sum(getattr(one, name) for one in told.variants) for name in ("sent", "replied", "converted", "opted_out")]
    assert sums == [6, 1, 1, 1]
    assert sum(one.revenue_minor for one in told.variants) == 5000
    assert told.effect is None
    assert told.experiment is not None
    assert told.experiment.winner == ""


def test_a_message_says_why_it_came_and_how_to_stop() -> None:
    agreed = Consent(customer_id=1, kind="marketing", granted=True, how="shop", occurred_at=NOW)
    english = composed(PHRASES, SETTINGS, TEXTS[0], "en", called("Wang Fang 王芳", "person", "en"), agreed)
    chinese = composed(PHRASES, SETTINGS, TEXTS[0], "zh", called("Wang Fang 王芳", "person", "zh"), agreed)
    assert english.text.startswith("Hello Wang, tea week at Juniper & Crane!")
    assert "23 Nov 2026" in english.text
    assert "STOP" in english.text
    assert chinese.text.startswith("王芳，鹤与杜松茶周开始了！")
    assert "退订" in chinese.text
    assert english.promotional
    assert [choice.value for choice in english.choices] == ["unsubscribe"]
    assert composed(PHRASES, SETTINGS, TEXTS[1], "en", "", None).text.startswith("there: ten")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("Hi {name} of {business}", ""), ("", "empty"), ("x" * 2001, "long"), ("{phone}", "braces"), ("{name", "braces"),
     ("{}", "braces"), ("{email}", "braces"), ("{name.upper}", "braces"), ("100 % {{sure}}", "braces"),
     ("您好｛邮箱｝", "braces")],
)  # fmt: skip
def test_texts_are_checked_when_they_are_given(text: str, wrong: str) -> None:
    assert problem(text) == wrong
