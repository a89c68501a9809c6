"""Files that web visitors sent and the application has not fetched yet: encrypted, in one folder, bounded."""

import hmac
import os
import re
import secrets
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OVERALL_BYTES = 512 * 1024 * 1024
KEEP_TAKEN_SECONDS = 3600
"""A file stays this long after its first download, in case the process dies before it has stored it."""
KEEP_WAITING_SECONDS = 14 * 24 * 3600

_REFERENCE = re.compile(r"[0-9a-f]{40}", re.ASCII)
_NONCE_BYTES = 12


class SpoolFull(Exception):
    """The folder holds as much as it may."""


class NotInSpool(Exception):
    """No such file, or no longer."""


class Spool:
    """Puts, gives and forgets files by their reference. Blocking: call it in a thread."""

    def __init__(self, folder: Path, key: bytes, *, overall_bytes: int = OVERALL_BYTES) -> None:
        self._folder = folder
        self._cipher = AESGCM(hmac.digest(key, b"rapport web spool 1", "sha256"))
        self._overall_bytes = overall_bytes

    def put(self, reference: str, content: bytes) -> None:
        """Write the file durably; one that is there already (the repeat of a request) stays as it is."""
        path = self._path(reference)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() or path.with_suffix(".taken").exists():
            return
        self.sweep()
        if self._held() + len(content) > self._overall_bytes:
            raise SpoolFull
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content, reference.encode())
        draft = path.with_suffix(f".{secrets.token_hex(4)}.new")
        with draft.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def get(self, reference: str, *, taken: bool) -> bytes:
        """Return the content; `taken` starts the time after which the file is forgotten."""
        waiting = self._path(reference)
        done = waiting.with_suffix(".taken")
        try:
            sealed = (done if done.exists() else waiting).read_bytes()
            content = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], reference.encode())
            if taken and not done.exists():
                waiting.replace(done)
                os.utime(done)
        except (FileNotFoundError, InvalidTag) as error:
            raise NotInSpool from error
        return content

    def sweep(self) -> None:
        """Remove what was taken a while ago, what nobody fetched for two weeks, and drafts left by a crash."""
        now = time.time()
        for path in self._folder.glob("*.*"):
            keep = KEEP_WAITING_SECONDS if path.suffix == ".waiting" else KEEP_TAKEN_SECONDS
            try:
                if now - path.stat().st_mtime > keep:
                    path.unlink()
            except FileNotFoundError:
                continue

    def _held(self) -> int:
        return sum(path.stat().st_size for path in self._folder.glob("*.*") if path.exists())

    def _path(self, reference: str) -> Path:
        if not _REFERENCE.fullmatch(reference):
            raise NotInSpool
        return self._folder / f"{reference}.waiting"
