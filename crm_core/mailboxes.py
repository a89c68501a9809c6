"""Whom a letter is for, without saying their address: it is looked up when the letter leaves.

Outbox and conversations hold "customer-7" or "staff-3". So no address stands there unencrypted, a corrected one counts
for what waits already, and nothing goes to somebody who was erased meanwhile.
"""

import re

from sqlalchemy.orm import Session

from crm_core.models import Customer, Staff

MAILBOX = re.compile(r"(customer|staff)-(\d+)", re.ASCII)


def of_customer(customer_id: int) -> str:
    """The mailbox of a customer: the chat of a conversation on the channel "email"."""
    return f"customer-{customer_id}"


def of_staff(staff_id: int) -> str:
    """The mailbox of somebody who works here."""
    return f"staff-{staff_id}"


def address(session: Session, mailbox: str) -> str:
    """The address on record now; "" for who is gone, has none, or does not work here any more."""
    named = MAILBOX.fullmatch(mailbox)
    if named is None:
        return ""
    if named[1] == "staff":
        member = session.get(Staff, int(named[2]))
        return (member.email or "") if member and member.active else ""
    customer = current(session, int(named[2]))
    return (customer.email or "") if customer else ""


def current(session: Session, customer_id: int) -> Customer | None:
    """The customer, or whom the record was joined into."""
    customer = session.get(Customer, customer_id)
    while customer is not None and customer.merged_into_id is not None:
        customer = session.get(Customer, customer.merged_into_id)
    return customer
