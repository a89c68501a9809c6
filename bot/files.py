"""Files that come and go along with messages: fetched from the channel once, sealed in the data folder."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.base import DeliveryFailed
from bot.messages import IncomingAttachment, OutgoingFile
from crm_core.crypto import WORKSPACE, Vault
from crm_core.database import Store
from crm_core.errors import NotFound
from crm_core.models import Attachment, Interaction

log = structlog.get_logger(__name__)

Download = Callable[[str, IncomingAttachment], bytes]
FETCHED = ("photo", "document", "voice", "audio", "video", "sticker")


class Files:
    """Keeps the bytes of attachments.

    Args:
        folder: where sealed files lie, one per attachment id.
        download: fetches the bytes of an attachment from a channel (by name); raises `DeliveryFailed`.
    """

    def __init__(self, store: Store, folder: Path, download: Download, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._folder = folder
        self._download = download
        self._clock = clock

    def fetch(self, interaction_id: int) -> None:
        """Fetch what came along with a message. A file that cannot be had is noted and shown as such to staff."""
        with self._store.read() as session:
            waiting = session.execute(
                select(Attachment, Interaction.channel)
                .join(Interaction, Interaction.id == Attachment.interaction_id)
                .where(Attachment.interaction_id == interaction_id, Attachment.stored_at.is_(None))
            ).all()
        for attachment, channel in waiting:
            if attachment.kind in FETCHED and attachment.reference:
                self._fetch_one(attachment, channel)

    def _fetch_one(self, attachment: Attachment, channel: str) -> None:
        wanted = IncomingAttachment(
            kind=attachment.kind,
            name=attachment.name or "",
            media_type=attachment.media_type,
            size=attachment.size,
            reference=attachment.reference,
        )
        try:
            content, error = self._download(channel, wanted), None
        except DeliveryFailed as failure:
            content, error = b"", str(failure)[:300]
            log.warning("attachment_not_fetched", channel=channel, attachment_id=attachment.id, reason=error)
        if content:
            self._write(attachment.id, attachment.customer_id, content)
        with self._store.write() as session:
            row = session.get_one(Attachment, attachment.id)
            row.stored_at, row.size, row.error = (self._clock() if content else None), len(content), error

    def save(
        self, session: Session, content: bytes, name: str, media_type: str, customer_id: int | None = None
    ) -> OutgoingFile:
        """Keep bytes that we made (a chart, a CSV file), ready to go out with a reply."""
        now = self._clock()
        kind = "photo" if media_type.startswith("image/") else "document"
        row = Attachment(kind=kind, name=name, media_type=media_type, size=len(content), customer_id=customer_id)
        row.created_at = row.stored_at = now
        session.add(row)
        session.flush()
        self._write(row.id, customer_id, content)
        return OutgoingFile(attachment_id=row.id, name=name, media_type=media_type)

    def read(self, attachment_id: int) -> bytes:
        """The bytes of a stored attachment.

        Raises:
            NotFound: there is no such file (any more).
        """
        path = self._path(attachment_id)
        if not path.exists():
            raise NotFound(f"File {attachment_id} is not kept (any more).")
        return self._vault.open_bytes(path.read_bytes(), f"files|content|{attachment_id}")

    @property
    def folder(self) -> Path:
        """Where sealed files lie."""
        return self._folder

    @property
    def _vault(self) -> Vault:
        return self._store.vault

    def _write(self, attachment_id: int, customer_id: int | None, content: bytes) -> None:
        path = self._path(attachment_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        sealed = self._vault.seal_bytes(content, customer_id or WORKSPACE, f"files|content|{attachment_id}")
        partial = path.with_suffix(".part")
        partial.write_bytes(sealed)
        partial.replace(path)

    def _path(self, attachment_id: int) -> Path:
        return self._folder / str(attachment_id % 100) / str(attachment_id)
