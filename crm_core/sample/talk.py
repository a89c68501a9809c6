"""What the sample's customers and staff say to each other, and what staff keep about them."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from crm_core.models import Case, Consent, Conversation, Interaction, Note, Rating, Task
from crm_core.sample.content import Catalogue, Dialogue, People, SaidLine
from crm_core.sample.people import ACCOUNT, Buyer
from crm_core.sample.rows import DAYS, Rows, Timeline, daytime, poisson
from crm_core.sample.shopping import Bought

CHAT_DAYS = 200
"""How long ago the shop began to answer by chat."""
CHANCES = {"placed": 0.06, "transit": 0.16, "late": 0.6, "delivered": 0.2, "refund": 0.55}
"""How often customers write about an order in this state."""
OUT_OF_THE_BLUE = 1.3
"""Dialogues a customer starts about nothing they bought, over all chat days."""
ON_DUTY = {"zh": {"mei": 5, "sam": 2, "jun": 1}, "en": {"sam": 4, "jun": 4, "mei": 1}}
TARGET_HOURS = {"low": 72, "normal": 48, "high": 24, "urgent": 8}
FIRST_CASE = 3001
STILL_OPEN = timedelta(hours=72)
"""How far back some hand-overs are still open; there are more of them then, so that the desk has work."""
REASONS = ("complaint", "delivery_problem", "return_request", "cancel_order")
"""Intents that are themselves the reason of a hand-over; after others the customer asked for a person."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose conversation it is, and where."""

    customer_id: int
    identity_id: int
    channel: str
    chat_id: str
    language: str
    zone: str


class Thread:
    """One conversation while it is being written; what would be said after the timeline's end is left out."""

    def __init__(self, rows: Rows, line: Timeline, speaker: Speaker, started: datetime) -> None:
        self._rows = rows
        self._line = line
        self._speaker = speaker
        self._count = 0
        self._unanswered: list[dict[str, Any]] = []
        self._with_people = False
        self._wish = ""
        self.last = started
        self.id = rows.add(
            Conversation, started, channel=speaker.channel, account=ACCOUNT, chat_id=speaker.chat_id,
            customer_id=speaker.customer_id, identity_id=speaker.identity_id, state="bot", state_since=started,
            language=speaker.language, started_at=started, last_message_at=started,
        )  # fmt: skip
        self._row = rows.rows(Conversation)[-1]

    def say(self, at: datetime, line: SaidLine, text: str, *, topic: str, staff_id: int | None = None,
            mixed: bool = False, confidence: int = 900) -> bool:  # fmt: skip
        """Add one line; False (and nothing added) when its time has not come."""
        at = max(at, self.last + timedelta(seconds=1))
        if at > self._line.until:
            return False
        if staff_id:
            self._ask_for_person()
        self._count += 1
        inbound = line.by == "customer"
        values: dict[str, Any] = {}
        if inbound:
            self._wish = line.intent or self._wish
            values = {
                "intent": line.intent, "confidence_milli": confidence, "sentiment_milli": line.mood, "topic": topic,
                "strong": line.strong, "mixed": mixed, "entities": _entities(text),
            }  # fmt: skip
        self._rows.add(
            Interaction, at, conversation_id=self.id, customer_id=self._speaker.customer_id, staff_id=staff_id,
            direction="in" if inbound else "out", author="staff" if staff_id else line.by,
            channel=self._speaker.channel, account=ACCOUNT, chat_id=self._speaker.chat_id,
            message_id=f"s{self._count}", text=text, occurred_at=at, received_at=at,
            language=self._speaker.language, **values,
        )  # fmt: skip
        self._note_answers(inbound, at)
        self.last = self._row["last_message_at"] = at
        return True

    def _note_answers(self, inbound: bool, at: datetime) -> None:
        if inbound:
            self._unanswered.append(self._rows.rows(Interaction)[-1])
            return
        for row in self._unanswered:
            row["answered_at"] = at
        self._unanswered.clear()

    def enter(self, state: str, at: datetime, staff_id: int | None = None) -> None:
        """Put the conversation into a state."""
        self._row.update(state=state, state_since=at, assignee_id=staff_id)
        if state in ("waiting", "person"):
            self._ask_for_person()
        self._with_people = state not in ("bot", "resolved")

    def _ask_for_person(self) -> None:
        """Note in the timeline that a person was called, right after what was said last."""
        if self._with_people:
            return
        self._with_people = True
        self._count += 1
        why = self._wish if self._wish in REASONS else "asked"
        self._rows.add(
            Interaction, self.last, conversation_id=self.id, customer_id=self._speaker.customer_id,
            direction="internal", author="system", kind="state", channel=self._speaker.channel, account=ACCOUNT,
            chat_id=self._speaker.chat_id, message_id=f"state-{self._count}", text=f"waiting: {why} (bot)", topic=why,
            status="waiting", occurred_at=self.last, received_at=self.last, language=self._speaker.language,
        )  # fmt: skip


class Talk:
    """Writes the dialogues of one customer after the other."""

    def __init__(self, dialogues: list[Dialogue], catalogue: Catalogue, line: Timeline, staff: dict[str, int],
                 staff_names: dict[str, tuple[str, str]]) -> None:  # fmt: skip
        self._line = line
        self._catalogue = catalogue
        self._staff = staff
        self._staff_names = staff_names
        self._turn = count()
        self._by_need: dict[tuple[str, str], list[Dialogue]] = defaultdict(list)
        for dialogue in dialogues:
            self._by_need[dialogue.lang, dialogue.needs].append(dialogue)

    def write(self, rng: random.Random, rows: Rows, buyer: Buyer, orders: list[Bought]) -> None:
        """Add everything this customer said and was told."""
        planned = sorted(self._plan(rng, buyer, orders), key=lambda each: each[0])
        thread = None
        for position, needs, order in planned:
            at = self._line.at(position)
            if at >= self._line.until:
                continue
            if thread is None:
                speaker = Speaker(
                    buyer.id, buyer.identity_id, buyer.channel, buyer.chat_id, buyer.language, buyer.city.zone
                )
                thread = Thread(rows, self._line, speaker, at)
            options = [each for each in self._by_need[buyer.language, needs] if _fits(each, order)]
            recent = at > self._line.until - STILL_OPEN
            weights = [option.weight * (3 if recent and option.handover else 1) for option in options]
            dialogue = rng.choices(options, weights=weights)[0]
            self._play(rng, rows, thread, max(at, thread.last + timedelta(hours=1)), dialogue, buyer, order)

    def _plan(self, rng: random.Random, buyer: Buyer, orders: list[Bought]) -> list[tuple[float, str, Bought | None]]:
        """When the customer writes, in what state of which order."""
        first: float = DAYS - CHAT_DAYS
        planned: list[tuple[float, str, Bought | None]] = []
        for order in orders:
            for needs, begin, end in _windows(order, self._line.end):
                moment = rng.uniform(begin, end)
                fresh = 1.6 if moment > self._line.end - 14 else 1.0
                if rng.random() < CHANCES[needs] * fresh and moment > first:
                    planned.append((moment, needs, order))
        begin = max(first, buyer.since)
        for _ in range(poisson(rng, OUT_OF_THE_BLUE * (self._line.end - begin) / CHAT_DAYS)):
            day = self._line.end - (self._line.end - begin) * rng.random() ** 1.25
            planned.append((daytime(rng, day, buyer.city.zone), "none", None))
        return [plan for plan in planned if plan[0] > begin]

    def _play(self, rng: random.Random, rows: Rows, thread: Thread, at: datetime, dialogue: Dialogue, buyer: Buyer,
              order: Bought | None) -> None:  # fmt: skip
        duty = ON_DUTY[buyer.language]
        agent = rng.choices(list(duty), weights=list(duty.values()))[0]
        filling = self._filling(rng, buyer, order, agent, dialogue.categories)
        opened, finished, person = at, True, False
        said_so_far = self._happened(at, dialogue)
        for index, line in enumerate(dialogue.lines):
            at += self._pause(rng, line, first=index == 0)
            staff_id = self._staff[agent] if line.by == "agent" else None
            text = line.say.format_map(filling)
            said = index < said_so_far and thread.say(
                at, line, text, topic=dialogue.topic, staff_id=staff_id, mixed=dialogue.mixed,
                confidence=rng.randrange(640, 985),
            )  # fmt: skip
            if not said:
                finished = False
                break
            person = person or staff_id is not None
        if dialogue.handover and thread.last > opened:
            state = "resolved" if finished else "person" if person else "waiting"
            thread.enter(state, thread.last, self._staff[agent] if person else None)
            if finished:
                self._ask_rating(rng, rows, thread, dialogue, buyer, self._staff[agent])
        elif dialogue.csat and finished:
            self._ask_rating(rng, rows, thread, dialogue, buyer, None)
        if dialogue.case and opened <= self._line.until:
            self._open_case(rng, rows, thread, opened, dialogue, buyer, order, self._staff[agent])
        if dialogue.optout and finished:
            rows.add(
                Consent, thread.last, customer_id=buyer.id, kind="marketing", granted=False, how="chat",
                occurred_at=thread.last,
            )  # fmt: skip

    def _happened(self, at: datetime, dialogue: Dialogue) -> int:
        """How many lines are said by now: of the last days' hand-overs some still wait for a person, or have one."""
        answers = [index for index, line in enumerate(dialogue.lines) if line.by == "agent"]
        if not answers or at < self._line.until - STILL_OPEN:
            return len(dialogue.lines)
        return (answers[0], answers[0] + 1, answers[0], len(dialogue.lines))[next(self._turn) % 4]

    def _filling(
        self, rng: random.Random, buyer: Buyer, order: Bought | None, agent: str, categories: list[str]
    ) -> dict[str, str]:
        ordered = [each for each in order.products if not categories or each.category in categories] if order else []
        product = rng.choice(ordered or self._catalogue.products)
        filling = {
            "name": buyer.name, "product": product.name(buyer.language),
            "staff": self._staff_names[agent][buyer.language == "zh"],
        }  # fmt: skip
        if order:
            expected = self._line.day(order.expected if order.expected is not None else order.placed + 3)
            chinese = f"{expected.month}月{expected.day}日"
            filling |= {
                "order": order.number, "courier": order.courier, "tracking": order.tracking,
                "eta": chinese if buyer.language == "zh" else f"{expected:%b} {expected.day}",
                "amount": f"{order.total / 100:.2f} {'元' if buyer.language == 'zh' else 'yuan'}",
            }  # fmt: skip
        return filling

    def _pause(self, rng: random.Random, line: SaidLine, *, first: bool) -> timedelta:
        if first:
            return timedelta(0)
        if line.by == "bot":
            return timedelta(seconds=rng.uniform(1, 3))
        if line.by == "customer":
            return timedelta(seconds=rng.uniform(15, 400))
        minutes = rng.lognormvariate(2.2, 0.9)  # nine minutes, and now and then far more
        return timedelta(minutes=min(minutes, 600))

    def _ask_rating(self, rng: random.Random, rows: Rows, thread: Thread, dialogue: Dialogue, buyer: Buyer,
                    staff_id: int | None) -> None:  # fmt: skip
        asked = thread.last + timedelta(minutes=2)
        given = asked + timedelta(minutes=rng.uniform(0.5, 90))
        if not dialogue.csat or asked > self._line.until:
            return
        answered = rng.random() < 0.6 and given <= self._line.until
        rows.add(
            Rating, asked, conversation_id=thread.id, customer_id=buyer.id, staff_id=staff_id,
            score=rng.choice(dialogue.csat) if answered else None, asked_at=asked, given_at=given if answered else None,
        )  # fmt: skip

    def _open_case(self, rng: random.Random, rows: Rows, thread: Thread, opened: datetime, dialogue: Dialogue,
                   buyer: Buyer, order: Bought | None, owner: int) -> None:  # fmt: skip
        assert dialogue.case
        title, priority = dialogue.case
        due = opened + timedelta(hours=TARGET_HOURS[priority])
        closed = opened + timedelta(hours=TARGET_HOURS[priority] * rng.lognormvariate(-0.8, 0.8))
        done = closed <= self._line.until and rng.random() < 0.92
        resolution = ("已处理" if buyer.language == "zh" else "Sorted out with the customer") if done else None
        rows.add(
            Case, opened, number=0, customer_id=buyer.id, conversation_id=thread.id,
            order_id=order.id if order else None, title=f"{title} · {order.number}" if order else title,
            topic=dialogue.topic, status="closed" if done else rng.choice(["open", "open", "waiting"]),
            priority=priority, owner_id=owner, opened_at=opened, due_at=due, closed_at=closed if done else None,
            resolution=resolution,
        )  # fmt: skip


class CaseNumbers:
    """Numbers the cases of each batch, oldest first."""

    def __init__(self, reserved: frozenset[int]) -> None:
        self._reserved = reserved
        self.last = FIRST_CASE - 1

    def give(self, rows: Rows) -> None:
        """Number the cases that have no number yet."""
        waiting = [row for row in rows.rows(Case) if row["number"] == 0]
        for row in sorted(waiting, key=lambda case: (case["opened_at"], case["id"])):
            self.last += 1
            while self.last in self._reserved:
                self.last += 1
            row["number"] = self.last


class Desk:
    """Notes and tasks that staff keep about customers."""

    def __init__(self, people: People, catalogue: Catalogue, line: Timeline, staff: dict[str, int]) -> None:
        self._people = people
        self._products = catalogue.products
        self._line = line
        self._agents = [staff[key] for key in ("mei", "sam", "jun")]

    def write(self, rng: random.Random, rows: Rows, buyer: Buyer) -> None:
        """Add a note to every eighth customer and a task to every twentieth."""
        span = self._line.end - buyer.since
        text = rng.choice(self._people.notes[buyer.language]).format(product=self._product(rng, buyer))
        title = rng.choice(self._people.tasks[buyer.language]).format(product=self._product(rng, buyer))
        noted = self._line.at(self._line.end - span * rng.random() ** 2)
        if rng.random() < 0.12:
            rows.add(Note, noted, customer_id=buyer.id, staff_id=rng.choice(self._agents), text=text, created_at=noted)
        made = self._line.at(self._line.end - min(span, 45) * rng.random())
        due = made + timedelta(days=rng.randrange(1, 12), hours=rng.randrange(0, 6))
        if rng.random() < 0.06:
            done = due < self._line.until and rng.random() < 0.75
            rows.add(
                Task, made, customer_id=buyer.id, owner_id=rng.choice(self._agents), title=title, created_at=made,
                due_at=due, done_at=due - timedelta(hours=2) if done else None,
            )  # fmt: skip

    def _product(self, rng: random.Random, buyer: Buyer) -> str:
        return rng.choice(self._products).name(buyer.language)


def _fits(dialogue: Dialogue, order: Bought | None) -> bool:
    bought = {product.category for product in order.products} if order else set()
    return not dialogue.categories or bool(bought & set(dialogue.categories))


def _windows(order: Bought, end: float) -> list[tuple[str, float, float]]:
    """The states an order was in, with the positions from and to which it was."""
    windows = []
    if order.status != "cancelled":
        windows.append(("placed", order.placed + 0.01, order.shipped or end))
    if order.shipped is not None and order.expected is not None:
        arrived = order.delivered if order.delivered is not None else end
        windows.append(("transit", order.shipped, min(arrived, order.expected)))
        if arrived > order.expected + 1:
            windows.append(("late", order.expected + 1, arrived))
    if order.delivered is not None:
        windows.append(("delivered", order.delivered + 0.02, order.delivered + 9))
    if order.refund:
        windows.append(("refund", order.refund.at + 0.5, order.refund.paid or end))
    return [window for window in windows if window[2] > window[1]]


def _entities(text: str) -> str | None:
    """The order number in a text, as the understanding of the text would have it."""
    start = text.find("SO-")
    if start < 0:
        return None
    end = start + 3
    while end < len(text) and text[end].isdigit():
        end += 1
    number = text[start:end]
    return json.dumps([{"name": "order_id", "value": number, "text": number, "start": start, "end": end}])
