"""Orders that somebody opened in a chat with number and e-mail address: the proof of it, and whose they are.

What proves it is a keyed fingerprint of conversation, account, order, address and deadline, checked each time.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import consent
from crm_core.crypto import Vault
from crm_core.models import Customer, Order

OPENED_FOR = timedelta(hours=24)
MOST_OPENED = 5

Pass = dict[str, Any]
"""Proof that one order may be shown here: id, until, proof. JSON, kept in the conversation's memory."""


class OpenedOrders:
    """The orders opened in one conversation by one account."""

    def __init__(self, session: Session, vault: Vault, conversation_id: int, identity_id: int, now: datetime) -> None:
        self._session = session
        self._vault = vault
        self._chat = f"{conversation_id}|{identity_id}"
        self._now = now

    def opened(self, order_id: int) -> Pass:
        """The proof that this order was opened now."""
        until = (self._now + OPENED_FOR).isoformat()
        return {"id": order_id, "until": until, "proof": self._proof(order_id, until, self._addresses([order_id]))}

    def visible(self, passes: Sequence[Pass]) -> list[int]:
        """Row ids of the orders whose passes hold: made here, not lapsed, the address still the same."""
        return self._proven([one for one in passes[-MOST_OPENED:] if str(one.get("until", "")) > self._now.isoformat()])

    def refuse(
        self, passes: Sequence[Pass], how: str, kinds: Sequence[str] = (), since: datetime | None = None
    ) -> None:
        """A no said here counts for those whose orders were opened here, too, however long ago: a no to all that is
        sold, or to `kinds`. One that was said before the order was opened, `since`, gives way to their later word.

        A yes has no such way: number and address are too little to agree for somebody.
        """
        proven = self._proven(passes[-MOST_OPENED:])
        rows = self._session.execute(select(Order.customer_id, Order.number).where(Order.id.in_(proven)))
        for customer_id, number in rows.all():
            last = consent.newest(self._session, customer_id)
            if since is not None and last is not None and last.occurred_at > since:
                continue
            where = f"{how}, order {number}"
            if not kinds:
                consent.stop(self._session, customer_id, where, self._now)
            elif consent.MARKETING in kinds:
                consent.withdraw_marketing(self._session, customer_id, where, self._now)
            for kind in kinds:
                consent.say(self._session, customer_id, kind, False, where, self._now)

    def _proven(self, passes: Sequence[Pass]) -> list[int]:
        addresses = self._addresses([int(one["id"]) for one in passes])
        return [
            int(one["id"])
            for one in passes
            if int(one["id"]) in addresses
            and hmac.compare_digest(str(one.get("proof")), self._proof(int(one["id"]), one["until"], addresses))
        ]

    def _addresses(self, order_ids: Sequence[int]) -> dict[int, bytes | None]:
        if not order_ids:
            return {}
        query = (
            select(Order.id, Customer.email_index)
            .join(Customer, Customer.id == Order.customer_id)
            .where(Order.id.in_(order_ids))
        )
        return {row.id: row.email_index for row in self._session.execute(query)}

    def _proof(self, order_id: int, until: str, addresses: dict[int, bytes | None]) -> str:
        said = f"{self._chat}|{order_id}|{until}|{(addresses[order_id] or b'').hex()}"
        return self._vault.fingerprint("opened order", said).hex()
