"""E-mail as a channel that only sends: one SMTP connection a message, its answer told apart by what it means."""

import asyncio
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from bot.channels.base import DeliveryFailed, Pace, ReadFile, Receive, Refused, RetryLater, Unclear
from bot.channels.email_format import InvalidAddress, Letterhead, composed
from bot.messages import IncomingAttachment, Outgoing
from config.settings import Smtp

AddressOf = Callable[[str], str]
"""Mailbox ("customer-7") to the address that is on record now; "" where there is none."""
ADDRESS = re.compile(r"\S+@\S+")
"""Servers repeat the receiver in their answers; what is kept of them names nobody."""
ANSWERS_WITHIN = 25.0
SOON = 60.0
OURS_TO_MEND = 600.0
"""Seconds to wait where the server refuses us and not the receiver: nothing is lost while somebody mends it."""


@dataclass(frozen=True)
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    user: str
    password: str
    implicit_tls: bool
    starttls: bool

    @classmethod
    def of(cls, settings: Smtp) -> "Server":
        """What `RAPPORT_SMTP__URL` says; the settings have checked its shape."""
        assert settings.url
        parts = urlsplit(settings.url.get_secret_value())
        secure = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (465 if secure else 587),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            implicit_tls=secure,
            starttls=settings.starttls and not secure,
        )


def connect(server: Server, context: ssl.SSLContext) -> smtplib.SMTP:
    """A connection on which mail may be handed in: encrypted and logged in, as the settings say.

    Raises:
        RetryLater: it cannot be had now; the text says why.
    """
    try:
        return _opened(server, context)
    except smtplib.SMTPAuthenticationError as error:
        raise RetryLater(f"the mail server refuses our user or password ({error.smtp_code})", OURS_TO_MEND) from None
    except smtplib.SMTPNotSupportedError:
        what = "STARTTLS" if server.starttls else "logging in"
        raise RetryLater(f"the mail server does not offer {what}: see RAPPORT_SMTP__STARTTLS", OURS_TO_MEND) from None
    except smtplib.SMTPResponseException as error:
        raise RetryLater(f"the mail server answers {_told(error.smtp_code, error.smtp_error)}", SOON) from None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason
        raise RetryLater(f"the mail server's encryption cannot be trusted: {reason}", OURS_TO_MEND) from None
    except (OSError, smtplib.SMTPException) as error:
        raise RetryLater(f"the mail server cannot be reached ({type(error).__name__})", SOON) from None


def _opened(server: Server, context: ssl.SSLContext) -> smtplib.SMTP:
    opened: smtplib.SMTP
    if server.implicit_tls:
        opened = smtplib.SMTP_SSL(server.host, server.port, timeout=ANSWERS_WITHIN, context=context)
    else:
        opened = smtplib.SMTP(server.host, server.port, timeout=ANSWERS_WITHIN)
    try:
        if server.starttls:
            opened.starttls(context=context)
        if server.user:
            opened.login(server.user, server.password)
        opened.ehlo_or_helo_if_needed()
    except BaseException:
        opened.close()
        raise
    return opened


class EmailChannel:
    """Hands letters to a mail server. Nobody writes to us here: answers go to the sender's own mailbox.

    Args:
        address_of: asked when a letter leaves, so that a changed or erased address counts at once.
        context: whom to trust; the system's own authorities unless given.
    """

    name: ClassVar[str] = "email"

    def __init__(
        self,
        settings: Smtp,
        letterhead: Letterhead,
        address_of: AddressOf,
        read_file: ReadFile,
        clock: Callable[[], datetime],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.account = "smtp"
        self.pace = Pace(overall=settings.seconds_between, per_chat=1.0)
        self._server = Server.of(settings)
        self._letterhead = letterhead
        self._address_of = address_of
        self._read_file = read_file
        self._clock = clock
        self._context = context or ssl.create_default_context()
        self._started = False
        self._last_error = ""

    async def start(self, receive: Receive) -> None:
        """Nothing is received; the server is asked first when there is a letter."""
        self._started = True

    async def stop(self) -> None:
        """Nothing to close."""
        self._started = False

    async def send(self, outgoing: Outgoing) -> str:
        """Hand in one letter; its Message-ID. Raises RetryLater, Refused or Unclear."""
        if outgoing.reply.mark:
            return outgoing.reply.target  # ticks are for staff in their threads
        try:
            said = await asyncio.to_thread(self._send, outgoing)
        except RetryLater as error:
            self._last_error = str(error)
            raise
        self._last_error = ""
        return said

    def _send(self, outgoing: Outgoing) -> str:
        address = self._address_of(outgoing.chat_id)
        if not address:
            raise Refused("there is no e-mail address on record (any more)")
        try:
            letter = composed(outgoing, address, self._letterhead, self._read_file, self._clock())
        except InvalidAddress as error:
            raise Refused(str(error)) from None
        connection = connect(self._server, self._context)
        try:
            _hand_in(connection, letter, self._letterhead.sender.addr_spec)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
        return str(letter["Message-ID"])

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """Nothing comes in by e-mail."""
        raise DeliveryFailed("No files come in by e-mail.")

    def health(self) -> dict[str, Any]:
        """Connected unless the last letter could not be handed in."""
        state = "stopped" if not self._started else "connecting" if self._last_error else "connected"
        return {"state": state, "last_received": None, "last_error": self._last_error or None}

    def queue_chat(self) -> str:
        """Staff do not work in e-mail."""
        return ""

    def groups_of(self, user: str) -> frozenset[str]:
        """No groups."""
        return frozenset()

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """No live views."""


def _hand_in(connection: smtplib.SMTP, letter: EmailMessage, sender: str) -> None:
    """Say who, to whom, and what. Until the letter itself was sent, nothing can have arrived."""
    receiver = str(letter["To"].addresses[0].addr_spec)
    wide = not receiver.isascii()
    if wide and not connection.has_extn("smtputf8"):
        raise Refused("the mail server takes no addresses in other scripts than Latin")
    content = letter.as_bytes(policy=SMTPUTF8 if wide else SMTP)
    options = [f"size={len(content)}"] if connection.has_extn("size") else []
    try:
        code, words = connection.mail(sender, [*options, "SMTPUTF8"] if wide else options)
        if code == 552:
            raise Refused(f"the letter is too large for the mail server: {_told(code, words)}")
        if code != 250:
            raise RetryLater(f"the mail server refuses us as the sender: {_told(code, words)}", OURS_TO_MEND)
        code, words = connection.rcpt(receiver)
        if code not in (250, 251):
            raise _refusal(code, words)
    except (OSError, smtplib.SMTPException) as error:
        raise RetryLater(f"the mail server went away ({type(error).__name__})", SOON) from None
    try:
        code, words = connection.data(content)
    except smtplib.SMTPDataError as error:  # it wants no letter: the answer to DATA itself
        raise _refusal(error.smtp_code, error.smtp_error) from None
    except (OSError, smtplib.SMTPException) as error:
        raise Unclear(f"the mail server went away while it took the letter ({type(error).__name__})") from None
    if code != 250:
        raise _refusal(code, words)


def _refusal(code: int, words: bytes | str) -> DeliveryFailed:
    """4xx passes, 5xx is for good."""
    said = f"the mail server answers {_told(code, words)}"
    return RetryLater(said, SOON) if 400 <= code < 500 else Refused(said)


def _told(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {ADDRESS.sub('…', ' '.join(said.split()))}"[:300]
