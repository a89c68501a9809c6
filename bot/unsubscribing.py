"""The link in a letter that stops promotional messages: it names one customer, signed, and does nothing else."""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from crm_core import consent, mailboxes
from crm_core.database import Store

PATH = "/unsubscribe/"
HOW = "link in an e-mail"
_SIGNED = 16


class Unsubscribing:
    """Makes such links and does what they ask.

    Args:
        public_url: where the web server is reached from outside; without https there is no link.
    """

    def __init__(self, store: Store, public_url: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._base = public_url.rstrip("/") if public_url.startswith("https://") else ""
        self._clock = clock

    def link(self, mailbox: str) -> str:
        """Where the owner of a customer's mailbox stops such letters; "" where nobody could open it."""
        named = mailboxes.MAILBOX.fullmatch(mailbox)
        if not self._base or named is None or named[1] != "customer":
            return ""
        return f"{self._base}{PATH}{self.token(int(named[2]))}"

    def token(self, customer_id: int) -> str:
        """What names a customer and cannot be guessed."""
        number = customer_id.to_bytes(8, "big")
        return base64.urlsafe_b64encode(number + self._signature(number)).decode().rstrip("=")

    def stop(self, token: str) -> bool:
        """No more promotional messages on any channel, at once. False for a token that is not ours."""
        customer_id = self._named(token)
        if customer_id is None:
            return False
        with self._store.write() as session:
            customer = mailboxes.current(session, customer_id)
            if customer is not None:  # of somebody erased nothing is left to stop
                consent.stop(session, customer.id, HOW, self._clock())
        return True

    def _named(self, token: str) -> int | None:
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            return None
        number, signature = raw[:8], raw[8:]
        if len(number) != 8 or not hmac.compare_digest(signature, self._signature(number)):
            return None
        return int.from_bytes(number, "big")

    def _signature(self, number: bytes) -> bytes:
        key = self._store.vault.signing_key
        return hmac.new(key, b"unsubscribe\0" + number, sha256).digest()[:_SIGNED]
