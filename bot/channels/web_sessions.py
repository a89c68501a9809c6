"""Signed visitor sessions: who a browser is, without a password and without a table."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

from crm_core.identities import WEB_VISITOR

LIFETIME = timedelta(days=180)
RENEW_AFTER = timedelta(days=1)

_COOKIE = re.compile(r"(?P<visitor>[0-9a-f]{32})\.(?P<issued>[0-9]{1,12})\.(?P<signature>[0-9a-f]{64})", re.ASCII)
_CHAT = re.compile(WEB_VISITOR + r"[0-9a-f]{32}", re.ASCII)


def is_visitor(chat_id: str) -> bool:
    """Say whether this is the chat of a visitor.

    >>> is_visitor("visitor-" + "0" * 32), is_visitor("agent")
    (True, False)
    """
    return _CHAT.fullmatch(chat_id) is not None


class Sessions:
    """Issues and checks the value of the session cookie: visitor, time of issue, HMAC-SHA256 over both."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError(
                "The web session key has less than 128 bits: give the web channel at least 16 random bytes."
            )
        self._key = hmac.digest(key, b"rapport web session 1", "sha256")

    def issue(self, now: datetime, chat_id: str = "") -> tuple[str, str]:
        """Return (cookie value, chat id): of a new visitor, or renewed for the one given."""
        visitor = chat_id.removeprefix(WEB_VISITOR) if is_visitor(chat_id) else secrets.token_hex(16)
        signed = f"{visitor}.{int(now.timestamp())}"
        return f"{signed}.{self._sign(signed)}", WEB_VISITOR + visitor

    def chat_of(self, cookie: str, now: datetime) -> str:
        """Return the chat id that a cookie proves, or "" for one that is forged, broken or too old."""
        found = _COOKIE.fullmatch(cookie)
        if not found:
            return ""
        signed = f"{found['visitor']}.{found['issued']}"
        genuine = hmac.compare_digest(self._sign(signed), found["signature"])
        age = now.timestamp() - int(found["issued"])
        fresh = -timedelta(days=1).total_seconds() <= age <= LIFETIME.total_seconds()
        return WEB_VISITOR + found["visitor"] if genuine and fresh else ""

    def due(self, cookie: str, now: datetime) -> bool:
        """Say whether a valid cookie is old enough to be renewed."""
        found = _COOKIE.fullmatch(cookie)
        return found is None or now.timestamp() - int(found["issued"]) > RENEW_AFTER.total_seconds()

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
