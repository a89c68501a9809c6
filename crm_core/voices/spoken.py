"""Which messages were said and not written: their text is what a machine made of a recording."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.models import Attachment
from crm_core.voices.transcribing import RECORDINGS


def spoken(session: Session, interaction_ids: Sequence[int]) -> set[int]:
    """Those of these messages whose text, or a part of it, was said in a recording."""
    query = select(Attachment.interaction_id).where(
        Attachment.interaction_id.in_(list(interaction_ids)),
        Attachment.kind.in_(RECORDINGS),
        Attachment.text_sealed.is_not(None),
    )
    return {key for key in session.scalars(query) if key is not None}
