"""The people and companies of the sample business that demonstrations and tests know by name: the same for any seed."""

import math
from datetime import datetime, timedelta

from crm_core.crypto import Vault
from crm_core.models import (
    Case,
    Company,
    Consent,
    Conversation,
    Customer,
    CustomerTag,
    Identity,
    Note,
    Order,
    OrderLine,
    Rating,
    Refund,
    Score,
    Shipment,
)
from crm_core.sample.content import Catalogue, Character, Characters, FixedDialogue, FixedOrder, People
from crm_core.sample.people import ACCOUNT
from crm_core.sample.rows import Rows, Timeline
from crm_core.sample.shopping import CURRENCY, WHOLESALE_DISCOUNT
from crm_core.sample.talk import TARGET_HOURS, Speaker, Thread

HORIZON_DAYS = 90
"""Days ahead that the given scores are about."""


class Cast:
    """Writes the known characters."""

    def __init__(self, known: Characters, people: People, catalogue: Catalogue, line: Timeline, vault: Vault,
                 product_ids: dict[str, int], staff: dict[str, int]) -> None:  # fmt: skip
        self._known = known
        self._people = people
        self._catalogue = catalogue
        self._line = line
        self._vault = vault
        self._product_ids = product_ids
        self._staff = staff

    def write(self, rows: Rows) -> None:
        """Add all characters with their companies, orders, talk and cases."""
        long_ago = self._line.start
        company_ids = {
            key: rows.add(Company, long_ago, **entry.model_dump()) for key, entry in self._known.companies.items()
        }
        for character in self._known.characters:
            customer_id = self._customer(rows, character, company_ids.get(character.company))
            orders = {order.number: self._order(rows, character, customer_id, order) for order in character.orders}
            conversation_id = self._conversation(rows, character, customer_id)
            self._case(rows, character, customer_id, conversation_id, orders)
            self._extras(rows, character, customer_id)

    def _customer(self, rows: Rows, character: Character, company_id: int | None) -> int:
        city = self._people.by_city[character.city]
        at = self._line.ago(character.since)
        newest = min((order.age for order in character.orders), default=character.since)
        return rows.add(
            Customer, at, number=character.number, kind=character.kind, company_id=company_id,
            name=character.full_name, email=character.email, phone=character.phone,
            email_index=self._vault.blind_index("email", character.email),
            phone_index=self._vault.blind_index("phone", character.phone), city=city.en, country=city.country,
            language=character.language, zone=city.zone, tier=character.tier, first_seen_at=at,
            updated_at=self._line.ago(newest),
        )  # fmt: skip

    def _order(self, rows: Rows, character: Character, customer_id: int, order: FixedOrder) -> int:
        line = self._line
        placed = _placed(line, order)
        goods = sum(self._catalogue.by_sku[sku].price * 100 * quantity for sku, quantity in order.lines)
        country = self._people.countries[self._people.by_city[character.city].country]
        discount = goods * WHOLESALE_DISCOUNT // 100 if character.tier == "wholesale" else 0
        shipping = 0 if goods - discount >= country.free_from * 100 else country.shipping * 100
        back = order.refund and order.refund.status in ("received", "paid")
        order_id = rows.add(
            Order, placed, number=order.number, customer_id=customer_id, status="returned" if back else order.state,
            placed_at=placed, updated_at=placed, currency=CURRENCY, total_minor=goods - discount + shipping,
            discount_minor=discount, shipping_minor=shipping, source="shop", address=character.address,
        )  # fmt: skip
        for position, (sku, quantity) in enumerate(order.lines, start=1):
            rows.add(
                OrderLine, placed, order_id=order_id, position=position, product_id=self._product_ids[sku],
                quantity=quantity, unit_minor=self._catalogue.by_sku[sku].price * 100,
            )  # fmt: skip
        if order.courier:
            self._shipment(rows, order, order_id, country.days)
        if order.refund:
            amount = sum(
                self._catalogue.by_sku[sku].price * 100 * quantity
                for sku, quantity in order.lines
                if sku in order.refund.lines
            )
            asked = line.ago(order.refund.age)
            rows.add(
                Refund, asked, order_id=order_id, status=order.refund.status, amount_minor=amount, currency=CURRENCY,
                reason=order.refund.reason, requested_at=asked,
                paid_at=asked + timedelta(days=3) if order.refund.status == "paid" else None,
            )  # fmt: skip
        return order_id

    def _shipment(self, rows: Rows, order: FixedOrder, order_id: int, days: tuple[int, int]) -> None:
        shipped = _placed(self._line, order) + timedelta(hours=14)
        expected = self._line.today + timedelta(days=order.expected_in)
        delivered = None
        if order.state == "delivered":
            on_time = shipped + timedelta(days=days[1] - 0.5)
            delivered = min(on_time + timedelta(days=order.late), self._line.until - timedelta(hours=1))
            expected = (on_time + timedelta(hours=12)).date()
        rows.add(
            Shipment, shipped, order_id=order_id, carrier=order.courier, tracking_no=order.tracking,
            status="delivered" if delivered else "in_transit", shipped_at=shipped, expected_on=expected,
            delivered_at=delivered,
        )  # fmt: skip

    def _conversation(self, rows: Rows, character: Character, customer_id: int) -> int | None:
        if not character.telegram:
            return None
        at = self._line.ago(character.since)
        identity_id = rows.add(
            Identity, at, customer_id=customer_id, channel=character.channel, account=ACCOUNT,
            external_id=character.telegram, handle=character.handle, display_name=character.full_name,
            first_seen_at=at, verified_at=at, verified_how="order",
        )  # fmt: skip
        if not character.dialogues:
            return None
        zone = self._people.by_city[character.city].zone
        speaker = Speaker(customer_id, identity_id, character.channel, character.telegram, character.language, zone)
        thread = Thread(rows, self._line, speaker, self._line.ago(character.dialogues[0].age))
        for dialogue in character.dialogues:
            self._play(rows, thread, dialogue, customer_id)
        return thread.id

    def _play(self, rows: Rows, thread: Thread, dialogue: FixedDialogue, customer_id: int) -> None:
        at = self._line.ago(dialogue.age)
        staff_id = None
        for line in dialogue.lines:
            person = self._staff.get(line.by)
            staff_id = person or staff_id
            topic = next(each.intent for each in dialogue.lines if each.intent) or ""
            thread.say(at, line, line.say, topic=topic.split("_")[0], staff_id=person)
            at = thread.last + (timedelta(seconds=2) if line.by == "customer" else timedelta(minutes=6))
        if dialogue.handover:
            thread.enter("person" if dialogue.open else "resolved", thread.last, staff_id)
        elif rows.rows(Conversation)[-1]["state"] == "resolved":
            thread.enter("bot", thread.last)
        if dialogue.csat:
            given = thread.last + timedelta(minutes=20)
            rows.add(
                Rating, thread.last, conversation_id=thread.id, customer_id=customer_id, staff_id=staff_id,
                score=dialogue.csat, asked_at=thread.last, given_at=given,
            )  # fmt: skip

    def _case(self, rows: Rows, character: Character, customer_id: int, conversation_id: int | None,
              orders: dict[str, int]) -> None:  # fmt: skip
        case = character.case
        if case is None:
            return
        at = self._line.ago(case.age)
        rows.add(
            Case, at, number=case.number, customer_id=customer_id, conversation_id=conversation_id,
            order_id=orders[case.order], title=case.title, topic=case.topic, status="open", priority=case.priority,
            owner_id=self._staff[case.owner], opened_at=at, due_at=at + timedelta(hours=TARGET_HOURS[case.priority]),
        )  # fmt: skip

    def _extras(self, rows: Rows, character: Character, customer_id: int) -> None:
        at = self._line.ago(character.since)
        for tag in character.tags:
            rows.add(CustomerTag, at, customer_id=customer_id, tag=tag, created_at=at)
        if character.consent is not None:
            rows.add(
                Consent, at, customer_id=customer_id, kind="marketing", granted=character.consent, how="checkout",
                occurred_at=at,
            )  # fmt: skip
        if character.note:
            noted = self._line.ago(character.note.age)
            rows.add(
                Note, noted, customer_id=customer_id, staff_id=self._staff[character.note.by],
                text=character.note.text, created_at=noted,
            )  # fmt: skip
        for kind, (value, reasons) in character.scores.items():
            now = self._line.until
            rows.add(
                Score, now, customer_id=customer_id, kind=kind, value_milli=value, horizon_days=HORIZON_DAYS,
                model="sample", reasons=[reason.model_dump() for reason in reasons], computed_at=now, data_until=now,
            )  # fmt: skip


def _placed(line: Timeline, order: FixedOrder) -> datetime:
    """When a fixed order was placed: at some hour of the shop's day, or today, however early it is."""
    if order.age == 0:
        return line.until - min(timedelta(hours=2), (line.until - line.midnight) / 2)
    turn = int(order.number.removeprefix("SO-"))
    return line.midnight - timedelta(days=math.ceil(order.age)) + timedelta(hours=9 + turn % 12, minutes=turn % 60)
