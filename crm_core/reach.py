"""Whether and where somebody may be written to: their accounts, and every word of theirs about consent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from crm_core import preferences
from crm_core.listening.authors import PUBLIC
from crm_core.models import Consent, Customer, Identity
from crm_core.preferences import Preferences
from crm_core.staff.store import StaffStore


@dataclass(frozen=True, slots=True)
class Account:
    """Where they can be written to. `blocked_at`: since when they block us."""

    channel: str
    blocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Word:
    """What they said about a kind of message; `channel` "" means all channels."""

    kind: str
    channel: str
    granted: bool
    how: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """All of it, the words newest first. `zone` "" where it is not known."""

    accounts: tuple[Account, ...]
    words: tuple[Word, ...]
    zone: str
    wishes: Preferences

    def counts(self, kind: str, channel: str) -> Word | None:
        """The word that counts for a kind of message on a channel: the newest about it, or about all channels."""
        return next((word for word in self.words if word.kind == kind and word.channel in ("", channel)), None)


def reach(store: StaffStore, customer_id: int) -> Reach:
    """Look it up.

    Raises:
        NotAllowed: the role does not include it.
    """
    session = store.session
    customer = session.get_one(Customer, customer_id)
    store.permit("consent.read", f"customer:{customer.number}", ("consent", "accounts"))
    accounts: dict[str, Account] = {}
    theirs = select(Identity).where(Identity.customer_id == customer_id, Identity.account != PUBLIC)
    for row in session.execute(theirs.order_by(Identity.id)).scalars():
        known = accounts.get(row.channel)
        if known is None or known.blocked_at:  # one account that is not blocked is enough
            accounts[row.channel] = Account(row.channel, row.blocked_at)
    said = select(Consent).where(Consent.customer_id == customer_id)
    rows = session.execute(said.order_by(Consent.occurred_at.desc(), Consent.id.desc())).scalars()
    words = tuple(Word(row.kind, row.channel, row.granted, row.how, row.occurred_at) for row in rows)
    wishes = preferences.read(session, customer_id)
    return Reach(tuple(accounts.values()), words, customer.zone or "", wishes)
