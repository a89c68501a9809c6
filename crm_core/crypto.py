"""Encryption at rest: a data key per customer, wrapped by a master key that lives outside the database.

Sealed value: `0x01 | key id (8 bytes) | nonce (12) | AES-256-GCM ciphertext`; table, column and row id are bound in as
associated data, so that a value copied to another place does not open. Forgetting a customer's data key makes
everything sealed with it unreadable, in backups too.
"""

import base64
import hashlib
import hmac
import os
import secrets
import struct
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, MetaData, String, Table, delete, insert, select, update
from sqlalchemy import Column as Col

from crm_core.errors import KeyProblem, Tampered
from crm_core.ids import new_id

VERSION = b"\x01"
WORKSPACE = 0
"""Customer id of the key for what belongs to no customer."""
CACHED_KEYS = 20_000

keystore_tables = MetaData()
data_keys = Table(
    "data_keys",
    keystore_tables,
    Col("id", BigInteger, primary_key=True, autoincrement=False),
    Col("customer_id", BigInteger, nullable=False, index=True),
    Col("wrapped", LargeBinary, nullable=False),
)
key_check = Table(
    "key_check",
    keystore_tables,
    Col("id", Integer, primary_key=True),
    Col("name", String(20), nullable=False),
    Col("proof", LargeBinary, nullable=False),
)
erased = Table(
    "erased",
    keystore_tables,
    Col("id", BigInteger, primary_key=True, autoincrement=False),
    Col("kind", String(20), nullable=False),
    Col("fingerprint", LargeBinary, nullable=False, index=True),
    Col("customer_number", BigInteger, nullable=False),
    Col("erased_at", BigInteger, nullable=False),
)
"""Fingerprints of erased people (seconds since 1970), kept apart from the data: a restored backup is purged by them."""


def read_master_key(given: str | None, data_dir: Path) -> bytes:
    """Return the 32-byte master key: from the setting (base64), or from `master.key`, made at first run.

    Raises:
        KeyProblem: malformed, too weak, or a key file that others can read.
    """
    if given:
        return _decoded(given, "RAPPORT_MASTER_KEY")
    path = data_dir / "master.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
    if path.stat().st_mode & 0o077:
        raise KeyProblem(f"{path} can be read by other users of this machine. Run: chmod 600 {path}")
    return _decoded(path.read_text("ascii"), str(path))


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32 or len(set(key)) < 8:
        raise KeyProblem(
            f"{where} must hold 32 random bytes in base64. Make one with: "
            "python -c 'import base64,os;print(base64.b64encode(os.urandom(32)).decode())'"
        )
    return key


class Vault:
    """Seals and opens values, and makes blind indexes. Safe to use from many threads.

    Args:
        engine: where the wrapped data keys are kept; never in the same backup as the data.
        master: 32 bytes.
    """

    def __init__(self, engine: Engine, master: bytes) -> None:
        self._engine = engine
        self._wrapper = AESGCM(_derived(master, b"wrap data keys"))
        self._index_keys = {
            kind: _derived(master, b"blind index " + kind.encode()) for kind in ("email", "phone", "author")
        }
        self._audit_key = _derived(master, b"audit chain")
        self._signing_key = _derived(master, b"web sessions")
        self._mark_key = _derived(master, b"erased marks")
        self._compare_key = _derived(master, b"comparing posts")
        self._transport_key = _derived(master, b"keystore backup")
        self._ciphers: OrderedDict[int, AESGCM] = OrderedDict()
        self._current: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.Lock()
        keystore_tables.create_all(engine)
        self._check(master)

    @property
    def audit_key(self) -> bytes:
        """Key of the audit log's hash chain."""
        return self._audit_key

    @property
    def signing_key(self) -> bytes:
        """Key that signs the cookies of the web chat."""
        return self._signing_key

    @property
    def compare_key(self) -> bytes:
        """Key of the hashes by which posts that say the same are found."""
        return self._compare_key

    @property
    def transport_key(self) -> bytes:
        """Key that seals the backup of the keystore."""
        return self._transport_key

    @property
    def keystore(self) -> Engine:
        """Where the wrapped data keys and the fingerprints of erased people are kept."""
        return self._engine

    def close(self) -> None:
        """Close the keystore's connections."""
        self._engine.dispose()

    def _check(self, master: bytes) -> None:
        proof = hmac.digest(master, b"key check", "sha256")
        with self._engine.begin() as connection:
            stored = connection.execute(select(key_check.c.proof).where(key_check.c.id == 1)).scalar_one_or_none()
            if stored is None:
                connection.execute(insert(key_check).values(id=1, name="master", proof=proof))
            elif not hmac.compare_digest(bytes(stored), proof):
                raise KeyProblem(
                    "The master key is not the one this data was written with. Put the right key into "
                    "RAPPORT_MASTER_KEY or into master.key of the data folder (docs/operations.md). Nothing was changed"
                )

    def make_keys(self, customer_ids: list[int]) -> None:
        """Create data keys for many new customers in one transaction."""
        rows, fresh = [], {}
        for customer_id in customer_ids:
            key_id, key = new_id(), AESGCM.generate_key(256)
            rows.append({"id": key_id, "customer_id": customer_id, "wrapped": self._wrapped(key_id, key)})
            fresh[customer_id] = (key_id, AESGCM(key))
        if not rows:
            return
        with self._engine.begin() as connection:
            connection.execute(insert(data_keys), rows)
        with self._lock:
            for customer_id, (key_id, cipher) in fresh.items():
                self._remember(customer_id, key_id, cipher)

    def seal(self, text: str, customer_id: int, place: str) -> bytes:
        """Encrypt text with the customer's key; `place` is "table|column|row id"."""
        key_id = self._key_of(customer_id)
        nonce = os.urandom(12)
        body = self._cipher(key_id).encrypt(nonce, text.encode("utf-8", "replace"), place.encode())
        return VERSION + struct.pack(">q", key_id) + nonce + body

    def open(self, sealed: bytes, place: str) -> str:
        """Decrypt what `seal` made. Returns "" when the key was forgotten (the customer was erased).

        Raises:
            Tampered: the value was changed or stands in another place than it was written to.
        """
        return self.open_bytes(sealed, place).decode("utf-8")

    def seal_bytes(self, content: bytes, customer_id: int, place: str) -> bytes:
        """Encrypt the content of a file."""
        key_id = self._key_of(customer_id)
        nonce = os.urandom(12)
        return (
            VERSION + struct.pack(">q", key_id) + nonce + self._cipher(key_id).encrypt(nonce, content, place.encode())
        )

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Decrypt the content of a file; b"" when the key was forgotten."""
        if sealed[:1] != VERSION or len(sealed) < 37:
            raise Tampered(f"{place}: not a sealed value of this version. Restore this row from a backup.")
        try:
            cipher = self._cipher(key_id_of(sealed))
        except KeyError:
            return b""
        try:
            return cipher.decrypt(sealed[9:21], sealed[21:], place.encode())
        except InvalidTag:
            raise Tampered(f"{place}: the stored value was changed or moved. Restore this row from a backup.") from None

    def blind_index(self, kind: str, normalised: str) -> bytes:
        """Keyed 128-bit fingerprint of an e-mail address, telephone number or author, for equality search only."""
        folded = unicodedata.normalize("NFKC", normalised).casefold().strip()
        return hmac.digest(self._index_keys[kind], folded.encode(), "sha256")[:16]

    def fingerprint(self, kind: str, value: str) -> bytes:
        """Keyed 128-bit fingerprint by which an erased person's identifier is known again, and nothing else."""
        return hmac.digest(self._mark_key, f"{kind}|{value}".encode("utf-8", "replace"), "sha256")[:16]

    def load_keys(self, customer_ids: Iterable[int]) -> None:
        """Fetch the data keys of many customers at once, so that reading them does not ask for one after the other."""
        with self._lock:
            missing = [customer_id for customer_id in customer_ids if customer_id not in self._current]
        with self._engine.connect() as connection:
            for few in _batches(missing):
                rows = connection.execute(
                    select(data_keys).where(data_keys.c.customer_id.in_(few)).order_by(data_keys.c.id.desc())
                ).all()
                for row in rows:
                    cipher = self._unwrapped(row.id, bytes(row.wrapped))
                    with self._lock:
                        self._remember(row.customer_id, row.id, cipher)

    def move_keys(self, from_customer: int, to_customer: int) -> None:
        """After a merge: what was sealed for one customer is erased together with the other."""
        statement = update(data_keys).where(data_keys.c.customer_id == from_customer).values(customer_id=to_customer)
        with self._engine.begin() as connection:
            connection.execute(statement)
        with self._lock:
            self._current.pop(from_customer, None)

    def key_ids(self, customer_id: int) -> set[int]:
        """The ids of a customer's data keys."""
        with self._engine.connect() as connection:
            query = select(data_keys.c.id).where(data_keys.c.customer_id == customer_id)
            return set(connection.execute(query).scalars())

    def forget(self, customer_id: int) -> int:
        """Destroy all data keys of a customer; returns how many there were."""
        with self._engine.begin() as connection:
            ids = (
                connection.execute(select(data_keys.c.id).where(data_keys.c.customer_id == customer_id)).scalars().all()
            )
            connection.execute(delete(data_keys).where(data_keys.c.customer_id == customer_id))
        with self._lock:
            self._current.pop(customer_id, None)
            for key_id in ids:
                self._ciphers.pop(key_id, None)
        return len(ids)

    def _key_of(self, customer_id: int) -> int:
        with self._lock:
            if customer_id in self._current:
                return self._current[customer_id]
        query = select(data_keys.c.id).where(data_keys.c.customer_id == customer_id).order_by(data_keys.c.id).limit(1)
        with self._engine.connect() as connection:
            key_id = connection.execute(query).scalar_one_or_none()
        if key_id is None:
            self.make_keys([customer_id])
            return self._key_of(customer_id)
        with self._lock:
            self._current[customer_id] = key_id
        return int(key_id)

    def _cipher(self, key_id: int) -> AESGCM:
        with self._lock:
            cached = self._ciphers.get(key_id)
            if cached is not None:
                self._ciphers.move_to_end(key_id)
                return cached
        with self._engine.connect() as connection:
            row = connection.execute(
                select(data_keys.c.wrapped, data_keys.c.customer_id).where(data_keys.c.id == key_id)
            ).one_or_none()
        if row is None:
            raise KeyError(key_id)
        cipher = self._unwrapped(key_id, bytes(row.wrapped))
        with self._lock:
            self._remember(None, key_id, cipher)
        return cipher

    def _unwrapped(self, key_id: int, wrapped: bytes) -> AESGCM:
        try:
            return AESGCM(self._wrapper.decrypt(wrapped[:12], wrapped[12:], struct.pack(">q", key_id)))
        except InvalidTag:
            raise KeyProblem(f"Data key {key_id} does not open with this master key. Restore the keystore.") from None

    def _wrapped(self, key_id: int, key: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._wrapper.encrypt(nonce, key, struct.pack(">q", key_id))

    def _remember(self, customer_id: int | None, key_id: int, cipher: AESGCM) -> None:
        self._ciphers[key_id] = cipher
        if customer_id is not None:
            self._current[customer_id] = key_id
        for cache in (self._ciphers, self._current):
            while len(cache) > CACHED_KEYS:
                cache.popitem(last=False)


def key_id_of(sealed: bytes) -> int:
    """The id of the data key that a value was sealed with."""
    return int(struct.unpack(">q", sealed[1:9])[0])


def _batches(ids: list[int], size: int = 500) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _derived(master: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=master, digest_size=32, person=b"rapport").digest()
