"""Roles given at run time. The settings' list stays the root: its admins cannot be changed here."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core import audit
from crm_core.models import Staff, StaffGrant
from crm_core.staff.store import StaffStore

NO_ACCESS = "none"
ROLES = ("agent", "manager", "admin", NO_ACCESS)


@dataclass(frozen=True, slots=True)
class Granted:
    """What was decided at run time about somebody: a role, or no access."""

    external_id: str
    role: str
    granted_at: datetime


def granted(session: Session, external_id: str) -> Granted | None:
    """What was decided about an account; None when nothing was, so that the settings' list alone counts."""
    row = session.execute(select(StaffGrant).where(StaffGrant.external_id == external_id)).scalar_one_or_none()
    return Granted(row.external_id, row.role, row.granted_at) if row else None


def change_role(store: StaffStore, external_id: str, role: str, before: str) -> None:
    """Give somebody a role, or take all access away; noted with what it was before.

    Raises:
        NotAllowed: the actor is no admin.
    """
    assert role in ROLES
    store.permit("staff.write", f"staff:{external_id}", ("role",))
    row = store.session.execute(select(StaffGrant).where(StaffGrant.external_id == external_id)).scalar_one_or_none()
    if row is None:
        row = StaffGrant(external_id=external_id)
        store.session.add(row)
    row.role, row.granted_by_id, row.granted_at = role, store.actor.staff_id, store.now
    audit.record(
        store.session, store.vault, actor=f"staff:{store.actor.staff_id}", action="staff.role", now=store.now,
        subject=f"staff:{external_id}", fields=("role",), reason=f"{before} -> {role}",
    )  # fmt: skip
    known = store.session.execute(select(Staff).where(Staff.external_id == external_id)).scalar_one_or_none()
    if known is not None:
        known.active = role != NO_ACCESS
        known.role = role if role != NO_ACCESS else known.role
    store.session.flush()
