"""Which pictures look alike: the same one sent again, smaller, brighter or saved anew."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm_core.models import Attachment, Interaction

FAR = 10
"""Of 64 bits, so many differ at most."""
COMPARED = 20_000
"""The newest pictures, which are compared one by one in some milliseconds."""
_NUMBER = re.compile(r"\d{3,}")


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier picture that looks the same."""

    attachment_id: int
    customer_id: int | None
    at: datetime


def earlier_alike(session: Session, picture: Attachment) -> Alike | None:
    """The nearest earlier picture that looks like this one, of another message.

    Two receipts look alike whatever is on them: where both could be read, they have to show the same numbers.
    """
    if picture.looks is None or picture.interaction_id is None:
        return None
    own = session.get_one(Interaction, picture.interaction_id)
    others = (
        select(Attachment.id, Attachment.looks)
        .join(Interaction, Interaction.id == Attachment.interaction_id)
        .where(
            Attachment.looks.is_not(None),
            Attachment.id < picture.id,
            or_(Interaction.chat_id != own.chat_id, Interaction.message_id != own.message_id),
        )
        .order_by(Attachment.id.desc())
        .limit(COMPARED)
    )
    near = [
        (far, other)
        for other, looks in session.execute(others)
        if looks is not None and (far := apart(looks, picture.looks)) <= FAR
    ]
    for _, other in sorted(near, key=lambda one: one[0]):
        row = session.get_one(Attachment, other)
        if same_numbers(row.text, picture.text):
            return Alike(row.id, row.customer_id, row.created_at)
    return None


def apart(one: int, other: int) -> int:
    """In how many of their bits the looks of two pictures differ.

    >>> apart(-1, 0), apart(5, 4)
    (64, 1)
    """
    return ((one ^ other) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def same_numbers(one: str | None, other: str | None) -> bool:
    """Whether two pictures show the same numbers, as far as both could be read."""
    if one is None or other is None:
        return True
    return sorted(_NUMBER.findall(one)) == sorted(_NUMBER.findall(other))
