"""What staff see of the files that came along with a customer's message: the files, and what is known of them."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot import wording
from bot.messages import OutgoingFile
from crm_core.models import Attachment, Conversation, Customer, Interaction
from crm_core.pictures.likeness import earlier_alike
from crm_core.voices.transcribing import RECORDINGS

Say = Callable[..., str]
TEXT_SHOWN = 300
MOST_FILES = 6


def came_along(
    session: Session, message: Interaction, say: Say, language: str, zone: str
) -> tuple[tuple[OutgoingFile, ...], list[str]]:
    """The files of a message and a line for each that is no file, holds text, or looks like an earlier one."""
    query = select(Attachment).where(Attachment.interaction_id == message.id).order_by(Attachment.id)
    return _shown(session, list(session.scalars(query)), say, language, zone)


def came_before(
    session: Session, conversation: Conversation, since: datetime, say: Say, language: str, zone: str
) -> tuple[tuple[OutgoingFile, ...], list[str]]:
    """The same for what came while the bot had the conversation, and with the customer's last message: the newest."""
    last = (
        select(Interaction.id)
        .where(Interaction.conversation_id == conversation.id, Interaction.direction == "in")
        .order_by(Interaction.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Attachment)
        .join(Interaction, Interaction.id == Attachment.interaction_id)
        .where(
            Interaction.conversation_id == conversation.id,
            Interaction.direction == "in",
            or_(Interaction.received_at >= since, Interaction.id == last),
            Attachment.stored_at.is_not(None),
        )
        .order_by(Attachment.id.desc())
        .limit(MOST_FILES)
    )
    return _shown(session, list(session.scalars(query))[::-1], say, language, zone)


def _shown(
    session: Session, attachments: list[Attachment], say: Say, language: str, zone: str
) -> tuple[tuple[OutgoingFile, ...], list[str]]:
    files, notes = [], []
    for one in attachments:
        if not one.stored_at:
            notes.append(say("desk.came_along", kind=one.kind, note=one.error or one.details or ""))
            continue
        files.append(OutgoingFile(attachment_id=one.id, name=one.name or one.kind, media_type=one.media_type))
        text = " / ".join((one.text or "").splitlines())
        if text and one.kind in RECORDINGS:  # the words themselves stand above, as those of the message
            notes.append(say("desk.transcribed"))
        elif text:
            shown = text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
            notes.append(say("desk.in_picture", text=shown))
        notes += _alike(session, one, say, language, zone)
    return tuple(files), notes


def _alike(session: Session, picture: Attachment, say: Say, language: str, zone: str) -> list[str]:
    alike = earlier_alike(session, picture)
    if alike is None:
        return []
    day = wording.day(alike.at, language, zone)
    if alike.customer_id == picture.customer_id:
        return [say("desk.picture_again", day=day)]
    other = session.get(Customer, alike.customer_id) if alike.customer_id else None
    return [say("desk.picture_of_another", day=day, number=other.number if other else "–")]
