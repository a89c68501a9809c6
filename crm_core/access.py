"""Who may do what. Every read and change of personal data by staff goes through `authorize`, where the data is read."""

from dataclasses import dataclass
from typing import Literal

from crm_core.errors import NotAllowed

Role = Literal["customer", "agent", "manager", "admin"]

AGENT_ACTIONS = frozenset(
    {
        "customer.find",
        "customer.read",
        "customer.write",
        "customer.merge",
        "consent.read",
        "customer.list",
        "customer.export_list",
        "timeline.read",
        "order.read",
        "order.write",
        "note.write",
        "tag.write",
        "task.write",
        "case.read",
        "case.write",
        "task.read",
        "conversation.take",
        "conversation.answer",
        "identity.link",
        "public.read",
        "public.reply",
        "reply.suggest",
        "recommendation.read",
        "score.read",
        "suggestion.read",
        "suggestion.write",
        "trace.read",
        "correction.write",
        "notifications.write",
    }
)
MANAGER_ACTIONS = AGENT_ACTIONS | {
    "case.write_others",
    "metric.read",
    "digest.read",
    "segment.read",
    "segment.write",
    "campaign.read",
    "campaign.write",
    "audit.read",
    "evidence.read",
    "report.export",
    "privacy.read",
    "consent.read",
    "system.read",
    "correction.review",
    "public.write",
    "topic.write",
    "public.erase",
}
ADMIN_ACTIONS = MANAGER_ACTIONS | {"customer.export", "customer.erase", "staff.write"}
ALLOWED: dict[str, frozenset[str]] = {
    "customer": frozenset(),
    "agent": AGENT_ACTIONS,
    "manager": MANAGER_ACTIONS,
    "admin": ADMIN_ACTIONS,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A staff member acting: id of the `staff` row, role, name, and "<channel>:<user id>"."""

    staff_id: int
    role: str
    name: str
    external_id: str


def may(actor: Actor, action: str) -> bool:
    """Whether the actor's role includes an action."""
    return action in ALLOWED.get(actor.role, frozenset())


def authorize(actor: Actor, action: str) -> None:
    """Refuse what the actor's role does not include.

    Raises:
        NotAllowed: always for customers and unknown roles.
    """
    if not may(actor, action):
        raise NotAllowed(f"{actor.role}: {action} needs another role. Ask an administrator.", action)
