"""By what names customers go in public, as they gave them themselves: kept in fields of their own record.

A field is called as the network is. Staff may write it, too, when a customer tells them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import audit
from crm_core.crypto import Vault
from crm_core.listening import authors
from crm_core.models import AuthorTie, Customer

NETWORKS = {
    "mastodon": "mastodon", "bluesky": "bluesky", "x": "x", "twitter": "x", "facebook": "facebook",
    "instagram": "instagram", "weibo": "weibo", "微博": "weibo", "linkedin": "linkedin", "wechat": "wechat",
    "wechat openid": "wechat", "openid": "wechat",
}  # fmt: skip
"""What a field may be called → the connector it speaks of."""
LONGEST = 100


def given(custom: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """(connector, name) of all that a record has, without the @."""
    for field, value in (custom or {}).items():
        network, name = _network(field), str(value or "").strip().removeprefix("@")
        if network and name:
            yield network, name


def written(name: str) -> tuple[str, str]:
    """The ways in which networks tell a name."""
    return f"@{name}", name


def remember(session: Session, vault: Vault, customer_id: int, network: str, name: str, now: datetime) -> None:
    """Keep a name that a customer gave; one they gave before for this network is forgotten, with what it tied.

    Their word counts anew where they took it back before, but not where a member of staff did.
    """
    forget(session, vault, customer_id, network, now)
    customer = session.get_one(Customer, customer_id)
    customer.custom = {**customer.custom, network: f"@{name[:LONGEST]}"}
    indexes = [authors.index_of(vault, network, each) for each in written(name[:LONGEST])]
    undone = select(AuthorTie).where(
        AuthorTie.customer_id == customer_id, AuthorTie.author_index.in_(indexes), AuthorTie.state == "undone",
        AuthorTie.staff_id.is_(None),
    )  # fmt: skip
    for tie in session.scalars(undone):
        session.delete(tie)
    _audit(session, vault, customer, "identity.link", network, now)


def forget(session: Session, vault: Vault, customer_id: int, network: str, now: datetime) -> bool:
    """Forget by what name a customer goes there, and whose posts are theirs; False when nothing was known."""
    customer = session.get_one(Customer, customer_id)
    kept = {field: value for field, value in customer.custom.items() if _network(field) != network}
    tied = select(AuthorTie).where(
        AuthorTie.customer_id == customer_id, AuthorTie.connector == network, AuthorTie.state.in_(("tied", "suggested"))
    )
    ties = list(session.scalars(tied))
    if len(kept) == len(customer.custom) and not ties:
        return False
    customer.custom = kept
    for tie in ties:
        authors.undo(session, tie, None, now)
    _audit(session, vault, customer, "identity.unlink", network, now)
    return True


def _network(field: object) -> str:
    plain = str(field).casefold().replace("_", " ").removesuffix(" handle").strip()
    return NETWORKS.get(plain, "")


def _audit(session: Session, vault: Vault, customer: Customer, action: str, network: str, now: datetime) -> None:
    who = f"customer:{customer.number}"
    audit.record(
        session, vault, actor=who, action=action, subject=who, fields=("author",), reason=f"said in chat: {network}",
        now=now,
    )  # fmt: skip
