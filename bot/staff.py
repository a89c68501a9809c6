"""Who of those who write to us works here: listed user ids and groups, each with a role. All others are refused."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.messages import IncomingMessage
from bot.turns import Speaker
from config.settings import StaffEntry
from crm_core.models import Staff

RANK = {"agent": 1, "manager": 2, "admin": 3}
GroupsOf = Callable[[str], frozenset[str]]


def listed_role(entries: Iterable[StaffEntry], user: str) -> str | None:
    """The highest role that the settings give a user id by itself."""
    roles = [entry.role for entry in entries if entry.slack_user == user]
    return max(roles, key=lambda role: RANK[role], default=None)


def listed_entry(entries: Iterable[StaffEntry], external_id: str) -> StaffEntry | None:
    """What the settings say of an account ("slack:U…") by itself: its own addresses; None for members of groups."""
    user = external_id.partition(":")[2]
    fitting = [entry for entry in entries if entry.slack_user == user]
    return max(fitting, key=lambda entry: RANK[entry.role], default=None)


class StaffRoll:
    """The list of staff.

    Args:
        entries: from the settings.
        groups_of: the user groups a user id is in, as the platform said lately (empty when it cannot be asked).
        granted: the role given to an account ("slack:U…") at run time, "none" for no access; None when nothing was.
        local: external ids of the playground's and console's own staff chats, with their roles; only where these run.
    """

    def __init__(
        self,
        entries: Iterable[StaffEntry],
        zone: str,
        groups_of: GroupsOf = lambda user: frozenset(),
        local: dict[str, StaffEntry] | None = None,
        granted: Callable[[str], str | None] = lambda external_id: None,
    ) -> None:
        self._entries = tuple(entries)
        self._zone = zone
        self._groups_of = groups_of
        self._local = local or {}
        self._granted = granted

    def entry(self, message: IncomingMessage) -> StaffEntry | None:
        """The highest entry that fits the sender, with the role given at run time if there is one.

        None for everybody who has no role, guests and shared chats. Admins of the settings' list stay what they are.
        """
        sender = message.sender
        if message.side != "staff" or sender.restricted or sender.is_bot or message.shared:
            return None
        return self.entry_of(f"{message.channel}:{sender.external_id}")

    def entry_of(self, external_id: str) -> StaffEntry | None:
        """The entry of an account ("slack:U…") as it stands now; None for who has no role (any more)."""
        channel, _, user = external_id.partition(":")
        if channel in ("web", "console"):
            return self._local.get(user)
        groups = self._groups_of(user)
        fitting = [e for e in self._entries if e.slack_user == user or e.slack_group in groups]
        listed = max(fitting, key=lambda entry: RANK[entry.role], default=None)
        if listed and listed.role == "admin":
            return listed
        role = self._granted(external_id)
        if role is None:
            return listed
        base = listed or StaffEntry(slack_user=user)
        return base.model_copy(update={"role": role}) if role in RANK else None

    def speaker(self, session: Session, message: IncomingMessage, now: datetime) -> Speaker | None:
        """The staff member who wrote, their row kept up to date; None when they may not see anything."""
        entry = self.entry(message)
        if entry is None:
            return None
        external_id = f"{message.channel}:{message.sender.external_id}"
        staff = session.execute(select(Staff).where(Staff.external_id == external_id)).scalar_one_or_none()
        name = entry.name or message.sender.name or message.sender.external_id
        if staff is None:
            staff = Staff(external_id=external_id, name=name, role=entry.role)
            staff.language, staff.zone, staff.active = entry.language, entry.zone or self._zone, True
            staff.aliases = list(entry.aliases)
            session.add(staff)
            session.flush()
        elif (staff.role, staff.name, staff.aliases) != (entry.role, name, list(entry.aliases)):
            staff.role, staff.name, staff.aliases = entry.role, name, list(entry.aliases)
        staff.email = entry.email or None
        return Speaker(
            audience="manager" if entry.role in ("manager", "admin") else "agent",
            role=entry.role,
            name=staff.name,
            external_id=external_id,
            zone=staff.zone,
            staff_id=staff.id,
        )
