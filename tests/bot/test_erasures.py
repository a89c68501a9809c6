"""Who asked to be erased is erased once their last answer went out, also when the process stopped in between."""

from pathlib import Path

from bot.erasures import Erasures
from bot.outbox import FAREWELL
from crm_core.database import Store
from crm_core.models import Customer, OutboxMessage
from tests.conftest import NOW, Clock


def farewell(store: Store, number: int, state: str) -> OutboxMessage:
    with store.write() as session:
        customer = Customer(number=number, name="Ada", first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        row = OutboxMessage(
            customer_id=customer.id, purpose=FAREWELL, channel="telegram", account="1", chat_id="1", queued_at=NOW
        )
        row.state = state
        session.add(row)
        return row


def is_there(store: Store, row: OutboxMessage) -> bool:
    with store.read() as session:
        return session.get(Customer, row.customer_id) is not None


def test_what_a_crash_left_over_is_done_once(store: Store, tmp_path: Path, clock: Clock) -> None:
    sent, waiting = farewell(store, 1, "sent"), farewell(store, 2, "queued")
    erasures = Erasures(store, tmp_path, clock)
    assert erasures.run() == 1
    assert not is_there(store, sent)
    assert is_there(store, waiting)
    assert erasures.run() == 0


def test_a_farewell_that_cannot_be_sent_keeps_nobody(store: Store, tmp_path: Path, clock: Clock) -> None:
    row = farewell(store, 1, "failed")
    Erasures(store, tmp_path, clock).delivered(row)
    assert not is_there(store, row)


def test_other_answers_erase_nobody(store: Store, tmp_path: Path, clock: Clock) -> None:
    row = farewell(store, 1, "sent")
    row.purpose = "reply"
    Erasures(store, tmp_path, clock).delivered(row)
    assert is_there(store, row)
