"""What recordings add to a message: what is said in them counts as if the customer had typed it."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select

from bot.files import Files
from bot.messages import IncomingMessage
from crm_core.database import DatabaseUnavailable, Store
from crm_core.errors import NotFound
from crm_core.models import Attachment, Interaction
from crm_core.voices.transcribing import RECORDINGS, NotHeard

log = structlog.get_logger(__name__)

MOST_RECORDINGS = 2
"""Of one message; the others are kept, but not listened to."""
_ONE_AT_A_TIME = threading.Lock()
"""Listening takes all the memory that its model needs."""


class Voices:
    """Listens to recordings that customers sent.

    Args:
        transcribe: the words of a recording; raises `NotHeard`. None where nothing is installed that listens.
    """

    def __init__(
        self,
        store: Store,
        files: Files,
        clock: Callable[[], datetime],
        transcribe: Callable[[bytes], str] | None,
    ) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self.transcribe = transcribe

    def awaited(self, conversation_id: int) -> bool:
        """Whether something has to be listened to before a conversation goes on, which takes its time."""
        if self.transcribe is None:
            return False
        query = (
            select(Attachment.id)
            .join(Interaction, Interaction.id == Attachment.interaction_id)
            .where(
                Interaction.conversation_id == conversation_id,
                Interaction.status == "received",
                Interaction.author == "customer",
                Attachment.kind.in_(RECORDINGS),
                Attachment.looked_at.is_(None),
            )
        )
        try:
            with self._store.read() as session:
                return session.execute(query.limit(1)).first() is not None
        except DatabaseUnavailable:
            return False  # whoever answers will say so

    def with_words(self, interaction_id: int, message: IncomingMessage) -> IncomingMessage:
        """A message with what is said in its recordings, below what was written; each is listened to once."""
        if self.transcribe is None or message.side != "customer" or message.kind not in ("new", "edit"):
            return message
        with self._store.read() as session:
            query = select(Attachment).where(
                Attachment.interaction_id == interaction_id,
                Attachment.kind.in_(RECORDINGS),
                Attachment.stored_at.is_not(None),
            )
            rows = list(session.scalars(query.order_by(Attachment.id).limit(MOST_RECORDINGS)))
            known = {row.id: row.text or "" for row in rows if row.looked_at}
        said = [known[row.id] if row.id in known else self._listen(row, self.transcribe) for row in rows]
        return message.model_copy(update={"text": "\n".join(text for text in (message.text, *said) if text)})

    def _listen(self, recording: Attachment, transcribe: Callable[[bytes], str]) -> str:
        text = ""
        try:
            content = self._files.read(recording.id)
            with _ONE_AT_A_TIME:
                text = transcribe(content)
        except (NotHeard, NotFound) as problem:
            log.warning("recording_not_heard", attachment_id=recording.id, reason=str(problem)[:300])
        with self._store.write() as session:
            row = session.get_one(Attachment, recording.id)
            row.looked_at, row.text = self._clock(), text or None
        return text
