"""Years in which customers change their minds, stop at odd moments and live by clocks that are put forward and back,
while somebody eager writes to them: does anything leave that the rules forbid?

What decides are the rules themselves (`crm_core/proactive.py`), asked when a message is queued and again right before
it is sent; queues are late, sometimes by days. `Desk` keeps what the rules look at in memory, `StoredDesk` in a
database, where messages are rows of the outbox, taken as delivery takes them.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from benchmarks.rule_checker import ZONES, Event, breaks
from config.settings import Proactive
from crm_core import consent, preferences, proactive
from crm_core.database import Store
from crm_core.models import Consent, Customer, OutboxMessage
from crm_core.preferences import KINDS, Preferences
from crm_core.proactive import PASSING, Standing

CHANNELS = ("telegram", "email")
PEOPLE = 12
A_DAY = {"offered": 1.2, "said": 0.08, "wished": 0.04, "stopped": 0.012}
"""How often something happens to a customer in a day, in the mean."""
RULES = Proactive()


@dataclass
class Message:
    """One on its way: `due` is when it is tried next; None once it was sent or dropped."""

    person: int
    kind: str
    channel: str
    due: datetime | None = None
    row: int = 0
    sent: bool = False


class Sending(Protocol):
    """Keeps what customers say, and sends what may be sent."""

    def hear(self, event: Event) -> None:
        """Something said, wished, or a stop."""

    def queue(self, message: Message, now: datetime) -> None:
        """Put it where it waits; it stays without `due` when nothing but another word would help."""

    def deliver(self, message: Message, now: datetime) -> None:
        """Send it, put it off, or drop it."""


def zones_of(seed: str, people: int = PEOPLE) -> dict[int, str]:
    """Where each of some customers lives."""
    random = Random(f"{seed} zones")
    return {person: random.choice(sorted(ZONES)) for person in range(1, people + 1)}


def live(sending: Sending, zones: dict[int, str], seed: str, begins: datetime, days: float) -> "Lived":
    """Some customers over some days; everything follows from the seed."""
    random, order = Random(seed), itertools.count()
    lived, ends = Lived(zones), begins + timedelta(days=days)
    coming: list[tuple[datetime, int, str, int, Message | None]] = []

    def happens(what: str, person: int, after: datetime) -> None:
        when = after + timedelta(days=random.expovariate(A_DAY[what]))
        heapq.heappush(coming, (when, next(order), what, person, None))

    def waits(message: Message) -> None:
        if message.due is not None:
            heapq.heappush(coming, (message.due + _lag(random), next(order), "due", message.person, message))

    for person, what in itertools.product(zones, A_DAY):
        happens(what, person, begins)
    while coming and coming[0][0] < ends:
        now, _, what, person, message = heapq.heappop(coming)
        if message is not None:
            sending.deliver(message, now)
            lived.tried(message, now)
            waits(message)
            continue
        happens(what, person, now)
        if what == "offered":
            message = Message(person, random.choice(KINDS), random.choice(CHANNELS))
            sending.queue(message, now)
            lived.refused += message.due is None
            waits(message)
        else:
            event = event_of(what, person, now, random)
            sending.hear(event)
            lived.log.append(event)
    return lived


@dataclass
class Lived:
    """What happened."""

    zones: dict[int, str]
    log: list[Event] = field(default_factory=list)
    sent: int = 0
    refused: int = 0
    put_off: int = 0

    def tried(self, message: Message, now: datetime) -> None:
        """A message was sent, put off or dropped."""
        self.put_off += message.due is not None
        self.refused += message.due is None and not message.sent
        if message.sent:
            self.sent += 1
            self.log.append(Event(now, message.person, "sent", message.kind, message.channel))

    def breaks(self) -> Counter[str]:
        """The rules that were broken, as the checker counts."""
        return breaks(self.log, self.zones)


def _lag(random: Random) -> timedelta:
    """How late a queue is: often not at all, mostly by minutes, sometimes by days."""
    dice = random.random()
    if dice < 0.4:
        return timedelta()
    return timedelta(minutes=random.uniform(0, 90)) if dice < 0.95 else timedelta(hours=random.uniform(2, 80))


def event_of(what: str, person: int, now: datetime, random: Random) -> Event:
    if what == "stopped":
        return Event(now, person, "stopped")
    if what == "said":
        kind = random.choice(("marketing", "marketing", *KINDS))
        return Event(now, person, "said", kind, random.choice(("", "", *CHANNELS)), random.random() < 0.75)
    start, end = random.randrange(17 * 60, 24 * 60), random.randrange(5 * 60, 12 * 60)
    return Event(
        now, person, "wished", channel=random.choice(("", "", *CHANNELS)),
        quiet=random.choice((None, (start, end), (end, start), (0, 3 * 60))),
        days_off=tuple(sorted(random.sample(range(7), random.choice((0, 0, 1, 2))))),
        every_days=random.choice((0, 0, 2, 7, 30)),
    )  # fmt: skip


def wishes_of(event: Event) -> Preferences:
    """What was wished, as the rules read it."""
    start, end = event.quiet or (None, None)
    return Preferences(start, end, event.days_off, event.channel or None, event.every_days or None)


class Desk:
    """Keeps everything in memory. `off`: reasons that are not obeyed, to see whether the checker sees it."""

    def __init__(self, zones: dict[int, str], off: Collection[str] = ()) -> None:
        self._zones, self._off = zones, off
        self._words: dict[int, dict[tuple[str, str], tuple[datetime, bool]]] = {}
        self._wishes: dict[int, Preferences] = {}
        self._written: dict[int, list[datetime]] = {}

    def hear(self, event: Event) -> None:
        words = self._words.setdefault(event.person, {})
        if event.what == "wished":
            self._wishes[event.person] = wishes_of(event)
        elif event.what == "said":
            words[event.kind, event.channel] = (event.moment, event.yes)
        else:
            agreed = {kind for (kind, _), (_, yes) in words.items() if yes and kind in consent.STOPPED}
            words |= {(kind, ""): (event.moment, False) for kind in (consent.MARKETING, *agreed)}

    def queue(self, message: Message, now: datetime) -> None:
        message.due = self._when(message, now)

    def deliver(self, message: Message, now: datetime) -> None:
        message.due = self._when(message, now)
        if message.due == now:
            message.due, message.sent = None, True
            if message.kind != preferences.ORDERS:
                self._written.setdefault(message.person, []).append(now)

    def _when(self, message: Message, now: datetime) -> datetime | None:
        """The rules' answer: now, later, or never."""
        standing = self._standing(message)
        reason = proactive.why_not(standing, message.kind, message.channel, now, RULES)
        if reason in ("", *self._off):
            return now
        if reason not in PASSING:
            return None
        return proactive.allowed_from(standing, message.kind, message.channel, now, RULES)

    def _standing(self, message: Message) -> Standing:
        said = sorted(
            (moment, kind, yes)
            for (kind, channel), (moment, yes) in self._words.get(message.person, {}).items()
            if channel in ("", message.channel)
        )
        wishes = replace(self._wishes.get(message.person, Preferences()), kinds={kind: yes for _, kind, yes in said})
        return Standing(wishes, self._zones[message.person], tuple(self._written.get(message.person, ())))


class StoredDesk:
    """Keeps everything in a database, as the application does."""

    def __init__(self, zones: dict[int, str], store: Store, now: datetime) -> None:
        self._store = store
        rows = [
            Customer(id=person, number=person, kind="person", name="", zone=zone, first_seen_at=now, updated_at=now)
            for person, zone in zones.items()
        ]
        with store.write() as session:
            session.add_all(rows)

    def hear(self, event: Event) -> None:
        with self._store.write() as session:
            if event.what == "stopped":
                consent.stop(session, event.person, "said in telegram", event.moment)
            elif event.what == "wished":
                wishes = wishes_of(event)
                named = ("quiet_from", "quiet_until", "quiet_days", "channel", "at_most_every_days")
                changes = {name: getattr(wishes, name) for name in named}
                preferences.change(session, event.person, changes, "said", event.moment)
            elif event.channel:
                session.add(Consent(customer_id=event.person, kind=event.kind, channel=event.channel,
                                    granted=event.yes, how="said", occurred_at=event.moment))  # fmt: skip
            else:
                changes = {"kinds": {event.kind: event.yes}}
                preferences.change(session, event.person, changes, "said", event.moment)

    def queue(self, message: Message, now: datetime) -> None:
        with self._store.write() as session:
            standing = proactive.standing_of(session, message.person, message.channel, now, "UTC")
            message.due = proactive.allowed_from(standing, message.kind, message.channel, now, RULES)
            if message.due is not None:
                row = OutboxMessage(
                    customer_id=message.person, purpose="proactive", kind=message.kind, channel=message.channel,
                    account="", chat_id=str(message.person), queued_at=now,
                    state="queued" if message.due == now else "postponed", not_before=message.due,
                )  # fmt: skip
                session.add(row)
                session.flush()
                message.row = row.id

    def deliver(self, message: Message, now: datetime) -> None:
        with self._store.write() as session:
            proactive.release(session, now)
            message.due = None
            message.sent = proactive.claim(session, message.row, now, RULES, "UTC")
            row = session.get_one(OutboxMessage, message.row)
            if message.sent:
                row.state = "sent"
            elif row.state == "postponed":
                message.due = row.not_before
