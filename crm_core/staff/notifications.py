"""When and about what a member of staff wants to be pinged; asked by whatever is about to ping them."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from crm_core.models import Staff
from crm_core.quiet_hours import is_quiet
from crm_core.staff.store import StaffStore

KINDS = ("task", "case", "suggestion")
"""What people are pinged about: their tasks that fall due, their snoozed cases that wake up, what is
suggested to them."""

Ping = Literal["now", "later", "never"]


@dataclass(frozen=True, slots=True)
class Notifications:
    """One person's wishes. Quiet hours are minutes of their own day and may pass midnight; Monday is 0."""

    quiet_from: int | None = None
    quiet_until: int | None = None
    days_off: tuple[int, ...] = ()
    muted_from: str = ""
    muted_until: str = ""
    muted: bool = False
    """Until they say otherwise."""
    urgent_only: bool = False
    off: tuple[str, ...] = ()
    """Kinds that are switched off."""

    @classmethod
    def load(cls, stored: dict[str, Any] | None) -> "Notifications":
        """From what the record holds; names nobody knows (any more) are left out."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in (stored or {}).items()
        }
        return cls(**{name: value for name, value in values.items() if name in known})

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def ping(self, kind: str, now: datetime, zone: str, *, urgent: bool = False) -> Ping:
        """Whether to ping about something now, later when it is not quiet any more, or not at all."""
        if self.muted or kind in self.off or (self.urgent_only and not urgent):
            return "never"
        return "later" if self._quiet(now, zone) else "now"

    def _quiet(self, now: datetime, zone: str) -> bool:
        begun = not self.muted_from or now >= datetime.fromisoformat(self.muted_from)
        if begun and self.muted_until and now < datetime.fromisoformat(self.muted_until):
            return True
        return is_quiet(now.astimezone(ZoneInfo(zone)), self.quiet_from, self.quiet_until, self.days_off)


def wished(store: StaffStore) -> Notifications:
    """What the one who speaks wishes."""
    return Notifications.load(_own(store).notifications)


def wish(store: StaffStore, wanted: Notifications) -> None:
    """Keep it.

    Raises:
        NotAllowed: nobody of the staff.
    """
    store.permit("notifications.write", f"staff:{store.actor.staff_id}", ("notifications",))
    _own(store).notifications = wanted.dump()


def _own(store: StaffStore) -> Staff:
    """Locked: two changes at once would lose what the first one kept."""
    return store.session.get_one(Staff, store.actor.staff_id, with_for_update=True)


def may_ping(staff: Staff, kind: str, now: datetime, *, urgent: bool = False) -> Ping:
    """For whatever pings staff."""
    return Notifications.load(staff.notifications).ping(kind, now, staff.zone, urgent=urgent)
