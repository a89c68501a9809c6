"""The job that sends campaigns, as it runs by the clock, in weeks in which clocks change: does it break a rule?

The job is the real one (`jobs/run_campaigns.py`), on SQLite with a clock of its own; what is queued is taken as
delivery takes it (`proactive.claim`), often late. Meanwhile customers change their minds, and managers begin, pause,
resume and stop campaigns. What left is counted by the checker of `rule_checker.py`, and besides: whether a campaign
wrote to somebody twice, to somebody held out, or after it was stopped.
"""

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

from sqlalchemy import select

from benchmarks.rule_checker import Event, breaks
from benchmarks.rule_world import A_DAY, CHANNELS, RULES, StoredDesk, event_of, zones_of
from bot.phrases import Phrases
from config.settings import Settings
from crm_core import proactive
from crm_core.campaigns import audience, running
from crm_core.consent import MARKETING, STOPPED
from crm_core.database import Store, open_store
from crm_core.models import Campaign, CampaignContact, Conversation, Customer, Identity, OutboxMessage
from crm_core.query.conditions import Conditions
from jobs.run_campaigns import run_campaigns

BEGINS = (datetime(2025, 3, 8, tzinfo=UTC), datetime(2025, 10, 4, tzinfo=UTC))
"""Within 30 days of one or both of these the clocks of all zones change that have a summer time."""
EVERY = (1.0, 6.0)
"""Hours between two runs of the job: more seldom than in use, so that weeks take seconds."""
NEW_A_DAY = 0.45
TEXTS = [{"key": key, "en": "Hello {name}!", "zh": "{name}您好！"} for key in "AB"]


@dataclass
class Weeks:
    """What happened in a stretch of days."""

    zones: dict[int, str]
    log: list[Event] = field(default_factory=list)
    written: list[tuple[int, int]] = field(default_factory=list)
    """Campaign and customer of each message that left."""
    after_stop: int = 0
    held_out: int = 0
    runs: int = 0

    def breaks(self) -> Counter[str]:
        """Rules that were broken."""
        twice = len(self.written) - len(set(self.written))
        own = Counter({"twice": twice, "after_stop": self.after_stop, "held_out": self.held_out})
        return breaks(self.log, self.zones) + own


def weeks(seed: str, begins: datetime, days: float, off: Collection[str] = ()) -> Weeks:
    """Run the job over some days; `off`: reasons that are not obeyed, to see whether the checker sees it."""
    with tempfile.TemporaryDirectory() as folder, _without(off):
        store = open_store(f"sqlite:///{folder}/job.sqlite", Path(folder), None)
        try:
            return _Stretch(store, seed, begins, Path(folder)).run(begins + timedelta(days=days))
        finally:
            store.close()


@contextmanager
def _without(off: Collection[str]) -> Iterator[None]:
    """The rules, some of their reasons left out, wherever they are asked."""
    obeyed = proactive.why_not

    def why_not(*given: Any) -> str:
        reason = obeyed(*given)
        return "" if reason in off else reason

    with ExitStack() as stack:
        for module in (proactive, audience) if off else ():
            stack.enter_context(mock.patch.object(module, "why_not", why_not))
        yield


class _Stretch:
    """One database, its customers, what they say and what managers do, tick by tick."""

    def __init__(self, store: Store, seed: str, begins: datetime, folder: Path) -> None:
        self._store, self._random, self._now = store, Random(f"{seed} job"), begins
        self._zones = zones_of(seed)
        self._desk = StoredDesk(self._zones, store, begins)
        self._lived = Weeks(self._zones)
        self._stopped: dict[int, datetime] = {}
        self._app: Any = SimpleNamespace(
            store=store, services=SimpleNamespace(phrases=Phrases()), clock=lambda: self._now,
            settings=Settings(_env_file=None, data_dir=folder), channels=dict.fromkeys(CHANNELS),
            delivery=SimpleNamespace(submit=lambda rows: None),
        )  # fmt: skip
        with store.write() as session:
            for person in self._zones:
                customer = session.get_one(Customer, person)
                customer.email = f"c{person}@home.example"
                session.add(_chat(session, person, begins))
        for person in self._zones:  # most agreed when they first bought; all else follows
            if self._random.random() < 0.8:
                self._hear(Event(begins, person, "said", MARKETING, yes=True))

    def run(self, ends: datetime) -> Weeks:
        """Live until then."""
        while self._now < ends:
            before, self._now = self._now, self._now + timedelta(hours=self._random.uniform(*EVERY))
            self._people_speak(before)
            self._managers_act(before)
            run_campaigns(self._app, self._now)
            self._lived.runs += 1
            if self._random.random() < 0.8:  # else the queue is late
                self._deliver()
        self._look_at_held_out()
        return self._lived

    def _people_speak(self, before: datetime) -> None:
        """What was said since the last run, each at a moment of its own."""
        passed = self._now - before
        chances = {what: 3 * often * passed / timedelta(days=1) for what, often in A_DAY.items() if what != "offered"}
        said = [
            event_of(what, person, before + passed * self._random.random(), self._random)
            for person in self._zones
            for what, chance in chances.items()
            if self._random.random() < chance
        ]
        for event in sorted(said, key=lambda one: one.moment):
            self._hear(event)

    def _hear(self, event: Event) -> None:
        self._desk.hear(event)
        self._lived.log.append(event)

    def _managers_act(self, before: datetime) -> None:
        with self._store.write() as session:
            if self._random.random() < NEW_A_DAY * ((self._now - before) / timedelta(days=1)):
                session.add(_campaign(self._random, self._now))
                session.flush()
            for campaign in session.execute(select(Campaign).order_by(Campaign.created_at)).scalars():
                if campaign.state == "draft":
                    running.start(session, campaign, 0, self._now, len(self._zones))
                    campaign.approved_by_id = None
                    continue
                dice = self._random.random()
                if dice < 0.01 and campaign.state in (*running.OPEN, "paused"):
                    running.stop(session, campaign, self._now)
                    self._stopped[campaign.id] = self._now
                elif dice < 0.03 and campaign.state in running.OPEN:
                    running.pause(session, campaign)
                elif dice < 0.2 and campaign.state == "paused":
                    running.resume(session, campaign, self._now)

    def _deliver(self) -> None:
        """Take what is due, one row after the other, as delivery does."""
        with self._store.write() as session:
            proactive.release(session, self._now)
        with self._store.read() as session:
            query = select(OutboxMessage.id).where(OutboxMessage.state == "queued").order_by(OutboxMessage.id)
            waiting = session.execute(query).scalars().all()
        for row_id in waiting:
            with self._store.write() as session:
                if proactive.claim(session, row_id, self._now, RULES, self._app.settings.business.zone):
                    row = session.get_one(OutboxMessage, row_id)
                    row.state = "sent"
                    self._note(session, row)

    def _note(self, session: Any, row: OutboxMessage) -> None:
        query = select(CampaignContact.campaign_id).where(CampaignContact.outbox_id == row.id)
        campaign_id = session.execute(query).scalar_one()
        person = row.customer_id or 0
        self._lived.log.append(Event(self._now, person, "sent", row.kind, row.channel))
        self._lived.written.append((campaign_id, person))
        self._lived.after_stop += self._stopped.get(campaign_id, self._now) < self._now

    def _look_at_held_out(self) -> None:
        with self._store.read() as session:
            query = select(CampaignContact.campaign_id, CampaignContact.customer_id).where(CampaignContact.held_out)
            held_out = {(row.campaign_id, row.customer_id) for row in session.execute(query)}
        self._lived.held_out = len(held_out & set(self._lived.written))


def _campaign(random: Random, now: datetime) -> Campaign:
    """A campaign to everybody, of a kind that is sold by or asked by, on one channel or both."""
    channels = random.choice((["telegram", "email"], ["email", "telegram"], ["telegram"], ["email"]))
    return Campaign(
        name=f"{now.isoformat()} {random.random()}", kind=random.choice(STOPPED), channels=channels,
        variants=TEXTS[: random.choice((1, 2))], conditions=[{**Conditions().dump(), "said_at": now.isoformat()}],
        held_out_milli=100, response_days=7, created_at=now,
    )  # fmt: skip


def _chat(session: Any, person: int, now: datetime) -> Conversation:
    identity = Identity(
        customer_id=person, channel="telegram", account="1", external_id=str(person), first_seen_at=now
    )  # fmt: skip
    session.add(identity)
    session.flush()
    return Conversation(
        channel="telegram", account="1", chat_id=str(person), customer_id=person, identity_id=identity.id,
        state_since=now, started_at=now,
    )  # fmt: skip
