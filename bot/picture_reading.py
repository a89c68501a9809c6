"""What pictures add to a message: the text in them is kept, and order numbers and products in it belong to what was
understood. It is never taken for words of the customer: a photographed "cancel my order" cancels nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select

from bot.files import Files
from crm_core.database import Store
from crm_core.errors import NotFound
from crm_core.models import Attachment
from crm_core.pictures.looking import NotSeen, Seen, look
from crm_core.pictures.named_orders import known_numbers, with_numbers_mended
from nlu.intents import OUT_OF_SCOPE
from nlu.interpreter import Interpreter
from nlu.understanding import Entity, Understanding

log = structlog.get_logger(__name__)

KINDS = ("photo", "document")
MOST_PICTURES = 4
"""Of one message; the others are kept, but not looked at."""


class Pictures:
    """Looks at pictures that customers sent.

    Args:
        folder: where what looks at them may keep caches.
        look_at: what is in a picture; raises `NotSeen`.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        folder: Path,
        clock: Callable[[], datetime],
        look_at: Callable[[bytes, Path], Seen] = look,
    ) -> None:
        self._store = store
        self._files = files
        self._folder = folder
        self._clock = clock
        self._look_at = look_at

    def added(self, interaction_id: int, understanding: Understanding, interpreter: Interpreter) -> Understanding:
        """What was understood, with what the message's pictures show of our records."""
        text = self._text(interaction_id)
        if not text:
            return understanding
        found = [one for each in dict.fromkeys((text, with_numbers_mended(text))) for one in interpreter.records(each)]
        with self._store.read() as session:
            orders = known_numbers(session, [str(one.value) for one in found if one.name == "order_id"])
        ours = [one for one in found if one.name != "order_id" or one.value in orders]
        shown = tuple(one.model_copy(update={"start": -1, "end": -1}) for one in _once(ours))
        return _with(understanding, shown)

    def _text(self, interaction_id: int) -> str:
        """What is written in the pictures of a message; each is looked at once."""
        with self._store.read() as session:
            query = select(Attachment).where(
                Attachment.interaction_id == interaction_id, Attachment.stored_at.is_not(None)
            )
            rows = [row for row in session.scalars(query.order_by(Attachment.id)) if _is_picture(row)]
            known = [row.text or "" for row in rows if row.looked_at]
        read = [self._read(row) for row in rows[:MOST_PICTURES] if row.looked_at is None]
        return "\n".join(text for text in [*known, *read] if text)

    def _read(self, picture: Attachment) -> str:
        seen: Seen | None = None
        try:
            content = self._files.read(picture.id)
            seen = self._look_at(content, self._folder)
        except (NotSeen, NotFound) as problem:
            log.warning("picture_not_seen", attachment_id=picture.id, reason=str(problem)[:300])
        with self._store.write() as session:
            row = session.get_one(Attachment, picture.id)
            row.looked_at = self._clock()
            row.looks, row.text = (seen.looks, seen.text) if seen else (None, None)
        return (seen.text if seen else None) or ""


def _is_picture(row: Attachment) -> bool:
    return row.kind == "photo" or (row.kind in KINDS and row.media_type.startswith("image/"))


def _once(found: list[Entity]) -> list[Entity]:
    """Each value once, however often it is printed."""
    return list({(one.name, str(one.value)): one for one in found}.values())


def _with(understanding: Understanding, shown: tuple[Entity, ...]) -> Understanding:
    """What was written goes first: a picture only names what the words leave open. A number alone asks where it is."""
    said = {entity.name for entity in understanding.entities}
    more = tuple(one for one in shown if one.name not in said)
    wishes = tuple(_with(wish, shown) for wish in understanding.wishes)
    changes: dict[str, Any] = {"entities": (*understanding.entities, *more), "wishes": wishes}
    numbers = [one for one in more if one.name == "order_id"]
    if not understanding.text and understanding.intent == OUT_OF_SCOPE and len(numbers) == 1:
        changes |= {"intent": "order_status", "confidence": 1.0, "engine": "picture"}
    return understanding.model_copy(update=changes)
