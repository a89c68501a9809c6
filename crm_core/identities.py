"""Whose account it is: joining a visitor to the customer they turn out to be, and the guard against guessing.

Rights come from `Identity.verified_at` alone: set when somebody shared their own telephone number on a platform that
vouches for it, or when a member of staff confirmed it. Never from what somebody says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Table, UniqueConstraint, delete, event, func, literal, select, union_all, update
from sqlalchemy.orm import Session

from crm_core import audit, consent, preferences
from crm_core.access import Actor, authorize
from crm_core.contact_details import normalised_phone
from crm_core.crypto import Vault
from crm_core.errors import NotFound, NotPossible
from crm_core.models import Base, Customer, Identity, Interaction, LinkAttempt

MOST_WRONG_TRIES = 5
TRIES_COUNT_FOR = timedelta(hours=24)
MOST_AT_ONCE = 500
"""Rows named in one statement: databases take only so many values."""

WEB_VISITOR = "visitor-"
"""How the chats of those begin who write from a browser."""

LINKED = "link: the stricter word of both"
"""How a withdrawal came about that only one of the two had said."""

LinkResult = Literal["linked", "already", "unknown", "several", "other_record"]


@dataclass(frozen=True, slots=True)
class Place:
    """The conversation in which it happened: for the note in the timeline."""

    conversation_id: int
    channel: str
    account: str
    chat_id: str


# --- guessing -------------------------------------------------------------------------------------------------------
def wrong_tries(session: Session, identity_id: int, now: datetime) -> int:
    """How often this account named a wrong order or address in the last 24 hours."""
    query = select(func.count()).where(
        LinkAttempt.identity_id == identity_id, LinkAttempt.occurred_at > now - TRIES_COUNT_FOR
    )
    return int(session.execute(query).scalar_one())


def count_wrong_try(session: Session, identity: Identity, now: datetime) -> None:
    """Note a wrong try, in the transaction of the answer that tells of it."""
    session.add(LinkAttempt(identity_id=identity.id, customer_id=identity.customer_id, occurred_at=now))
    session.flush()


# --- linking --------------------------------------------------------------------------------------------------------
def link_by_phone(
    session: Session, vault: Vault, identity: Identity, phone: str, region: str, now: datetime
) -> LinkResult:
    """Join an account to the one customer with this telephone number. The caller vouches that the number is theirs."""
    number = normalised_phone(phone, region)
    if number is None:
        return "unknown"
    query = select(Customer.id).where(
        Customer.phone_index == vault.blind_index("phone", number),
        Customer.merged_into_id.is_(None),
        Customer.kind != "visitor",
    )
    owners = list(session.execute(query.limit(2)).scalars())
    if not owners:
        return "unknown"
    if len(owners) > 1:
        return "several"
    if identity.customer_id == owners[0] and identity.verified_at:
        return "already"
    if identity.customer_id != owners[0] and not _is_visitor(session, identity):
        return "other_record"
    _link(session, vault, identity, owners[0], "own contact", now)
    _audit(session, vault, identity, f"identity:{identity.id}", "own contact", now)
    return "linked"


def link_by_staff(
    session: Session, vault: Vault, identity: Identity, customer_id: int, *, actor: Actor, now: datetime
) -> LinkResult:
    """Join an account to a customer because a member of staff confirmed who it is.

    Raises:
        NotAllowed: the role does not permit it.
        NotFound: no such customer.
        NotPossible("other_record"): the account belongs to another customer's record already; merge the two instead.
    """
    authorize(actor, "identity.link")
    customer = session.get(Customer, customer_id)
    if customer is None or customer.merged_into_id is not None or customer.kind == "visitor":
        raise NotFound("There is no such customer to link to.")
    if identity.customer_id == customer_id and identity.verified_at:
        return "already"
    if identity.customer_id != customer_id and not _is_visitor(session, identity):
        raise NotPossible("other_record")
    _link(session, vault, identity, customer_id, "staff", now, staff_id=actor.staff_id)
    _audit(session, vault, identity, f"staff:{actor.staff_id}", "confirmed by staff", now)
    return "linked"


def note_link(session: Session, identity: Identity, place: Place, how: str, now: datetime) -> None:
    """Leave a line about a link in the timeline of its conversation."""
    line = Interaction(
        conversation_id=place.conversation_id,
        customer_id=identity.customer_id,
        direction="internal",
        author="system",
        kind="link",
        channel=place.channel,
        account=place.account,
        chat_id=place.chat_id,
        message_id="",
        text=f"linked: {how}",
        topic="link",
        occurred_at=now,
        received_at=now,
    )
    line.message_id = f"link-{line.id}"
    session.add(line)


def _is_visitor(session: Session, identity: Identity) -> bool:
    return session.get_one(Customer, identity.customer_id).kind == "visitor"


def _link(
    session: Session,
    vault: Vault,
    identity: Identity,
    customer_id: int,
    how: str,
    now: datetime,
    staff_id: int | None = None,
) -> None:
    visitor_id = identity.customer_id
    identity.verified_at, identity.verified_how = now, how
    if visitor_id != customer_id:
        session.flush()
        session.get(
            Customer, visitor_id, with_for_update=True
        )  # what is being stored for them waits, and finds the other
        refused = consent.refused(session, (visitor_id, customer_id))
        preferences.join(session, visitor_id, customer_id, now)
        move_everything(session, visitor_id, customer_id)
        consent.stricter(session, customer_id, refused, LINKED, now)
        session.execute(delete(Customer).where(Customer.id == visitor_id))
        # the keystore is a database of its own: it must not move what is rolled back here
        event.listen(session, "after_commit", lambda _: vault.move_keys(visitor_id, customer_id), once=True)
    session.execute(update(Customer).where(Customer.id == customer_id).values(updated_at=now))
    session.flush()


def move_everything(session: Session, from_id: int, to_id: int) -> dict[str, list[int]]:
    """Give every row of one customer to another; returns the ids by table, for taking it back.

    The tables are found in the models: none can be forgotten. Where the other has one already that must stay the only
    one (a tag, a score), theirs counts and the row stays where it is.
    """
    tables = {table.name: table for table in customers_tables()}
    used = union_all(
        *(
            select(literal(name)).where(select(table.c.id).where(table.c.customer_id == from_id).exists())
            for name, table in tables.items()
        )
    )
    moved: dict[str, list[int]] = {}
    for (name,) in session.execute(used).all():
        theirs = select(tables[name].c.id).where(tables[name].c.customer_id == from_id)
        kept = set(_conflicting(session, tables[name], from_id, to_id))
        moved[name] = [row_id for row_id in session.execute(theirs).scalars() if row_id not in kept]
        give(session, tables[name], moved[name], to_id)
    return {name: ids for name, ids in moved.items() if ids}


def give(session: Session, table: Table, row_ids: Sequence[int], customer_id: int) -> None:
    """Make these rows a customer's."""
    mapped = next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is table)
    for start in range(0, len(row_ids), MOST_AT_ONCE):
        few = list(row_ids[start : start + MOST_AT_ONCE])
        statement = update(mapped).where(mapped.id.in_(few)).values(customer_id=customer_id)
        session.execute(statement.execution_options(synchronize_session="fetch"))


def customers_tables() -> list[Table]:
    """The tables whose rows belong to a customer, parents first; without what is computed anew anyway."""
    return [
        table for table in Base.metadata.sorted_tables if _points_to_customers(table) and not table.info.get("derived")
    ]


def _points_to_customers(table: Table) -> bool:
    column = table.c.get("customer_id")
    return column is not None and any(key.column.table.name == "customers" for key in column.foreign_keys)


def _conflicting(session: Session, table: Table, visitor_id: int, customer_id: int) -> list[int]:
    """Ids of the visitor's rows for which the customer has one that must stay the only one (a tag, a score)."""
    found: list[int] = []
    for constraint in table.constraints:
        if not isinstance(constraint, UniqueConstraint) or "customer_id" not in constraint.columns:
            continue
        theirs = table.alias()
        others = [column.name for column in constraint.columns if column.name != "customer_id"]
        same: list[Any] = [table.c[name] == theirs.c[name] for name in others]
        query = select(table.c.id).where(
            table.c.customer_id == visitor_id,
            select(theirs.c.id).where(theirs.c.customer_id == customer_id, *same).exists(),
        )
        found += session.execute(query).scalars()
    return found


def _audit(session: Session, vault: Vault, identity: Identity, actor: str, reason: str, now: datetime) -> None:
    number = session.execute(select(Customer.number).where(Customer.id == identity.customer_id)).scalar_one()
    audit.record(
        session,
        vault,
        actor=actor,
        action="identity.link",
        subject=f"customer:{number}",
        fields=("identity",),
        reason=reason,
        now=now,
    )
