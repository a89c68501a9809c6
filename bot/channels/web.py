"""The web as a channel: visitors' chats, and on the sample business an agent's and a manager's pane.

HTTP lives in `bot.web`; this module turns what a page posted into messages and replies into events for pages.
"""

import asyncio
import hashlib
import logging
import re
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from bot.channels.base import DeliveryFailed, Pace, Receive, Refused
from bot.channels.web_events import Event, EventBoard, Ids, Watcher
from bot.channels.web_files import Upload, attachment_of, shown_name
from bot.channels.web_sessions import Sessions, is_visitor
from bot.channels.web_spool import NotInSpool, Spool
from bot.messages import IncomingAttachment, IncomingMessage, MessageKind, Outgoing, Reply, Sender

log = logging.getLogger(__name__)

Pane = Literal["customer", "agent", "manager"]

AGENT, MANAGER, QUEUE = "agent", "manager", "queue"
STAFF_SENDERS = {AGENT: "playground-agent", MANAGER: "playground-manager"}
STAFF_CHATS = (AGENT, MANAGER, QUEUE)
MAX_TEXT_BYTES = 64 * 1024
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_FILES = 5

_MENTION = re.compile(r"\s*@(?:crm|rapport)(?![A-Za-z0-9_])[\s:,，：]*", re.IGNORECASE)
_COMMAND = re.compile(r"/(?P<word>[A-Za-z][A-Za-z0-9_]{0,31})(?:\s+(?P<rest>.*))?\s*", re.DOTALL)
_THREAD = re.compile(r"[0-9]{1,20}", re.ASCII)
_BUTTON = re.compile(r"[\x20-\x7e]{1,64}", re.ASCII)
_UNSTORABLE = re.compile("[\ud800-\udfff]")


class BadPost(ValueError):
    """What the page posted cannot be a message; names the field, the problem and what to do."""

    def __init__(self, field: str, problem: str, fix: str, *, too_large: bool = False) -> None:
        super().__init__(problem)
        self.field, self.problem, self.fix, self.too_large = field, problem, fix, too_large

    def as_dict(self) -> dict[str, str]:
        """Return the three parts as JSON would have them."""
        return {"field": self.field, "problem": self.problem, "fix": self.fix}


class NotStored(Exception):
    """The message could not be persisted, so it was not accepted: the page tries again with the same client id."""


@dataclass(frozen=True)
class Posted:
    """What a page sent: a text, an edit of an own one, or the press of a button. `client_id` makes a retry a repeat."""

    client_id: str
    kind: Literal["text", "edit", "button"] = "text"
    text: str = ""
    target: str = ""
    """Edit: the client id of the text. Button: the message that carries it."""
    value: str = ""
    thread_id: str = ""
    language: str = ""
    uploads: tuple[Upload, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """The answer to a post that was persisted."""

    message_id: str
    new: bool


class WebChannel:
    """Pages in browsers. `key` signs session cookies and seals waiting files; keep it over restarts."""

    name: ClassVar[str] = "web"
    pace = Pace(overall=0.0, per_chat=0.0)

    def __init__(
        self,
        *,
        key: bytes,
        spool: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        account: str = "web",
        playground: bool = False,
    ) -> None:
        self.account = account
        self.playground = playground
        self.sessions = Sessions(key)
        self._clock = clock
        self._spool = Spool(spool, key)
        self._ids = Ids(lambda: clock().timestamp())
        self._board = EventBoard(self._ids)
        self._receive: Receive | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._last_received: datetime | None = None
        self._last_error = ""

    async def start(self, receive: Receive) -> None:
        """Begin to accept posts; call it on the event loop that serves the pages."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._receive = receive

    async def stop(self) -> None:
        """Accept nothing more and end the open streams, so that the server can close."""
        self._receive = None
        self._board.close()

    def close_streams(self) -> None:
        """End the open streams: pages connect again."""
        self._board.close()

    def health(self) -> dict[str, Any]:
        """State, time of the last message, last error, open streams."""
        return {
            "state": "connected" if self._receive else "stopped",
            "last_received": self._last_received.isoformat() if self._last_received else None,
            "last_error": self._last_error,
            "streams": self._board.watching,
        }

    def queue_chat(self) -> str:
        """Hand-over threads open in the agent's pane, where there is one."""
        return QUEUE if self.playground else ""

    def groups_of(self, user: str) -> frozenset[str]:
        """Pages know no user groups."""
        return frozenset()

    # In: from a page to intake

    def chats_of(self, pane: Pane, session_chat: str) -> tuple[str, ...]:
        """Return the chats that a pane shows; the customer's is that of the session."""
        if pane == "customer":
            return (session_chat,)
        return (AGENT, QUEUE) if pane == "agent" else (MANAGER,)

    async def post(self, pane: Pane, session_chat: str, posted: Posted) -> Accepted:
        """Persist what a page sent, show it in the chat's other pages, and return its id.

        Raises:
            BadPost: it cannot be a message.
            NotStored: intake failed or is not running; nothing was accepted.
            SpoolFull: no room for the files.
        """
        if self._receive is None:
            raise NotStored("The channel is not running.")
        message = self._message(pane, session_chat, posted)
        for attachment, upload in zip(message.attachments, posted.uploads, strict=True):
            await asyncio.to_thread(self._spool.put, attachment.reference, upload.content)
        try:
            new = await self._receive(message)
        except Exception as error:
            self._last_error = f"{type(error).__name__} while storing a message"
            # only the name of the error: a database driver's text may quote the message
            log.error("Web: a message was refused because it could not be stored (%s)", type(error).__name__)
            raise NotStored from error
        self._last_received = self._clock()
        self._echo(message, posted)
        return Accepted(message.message_id, new)

    def _message(self, pane: Pane, session_chat: str, posted: Posted) -> IncomingMessage:
        chat_id = session_chat if pane == "customer" else pane
        if posted.thread_id:
            if pane != "agent" or not _THREAD.fullmatch(posted.thread_id):
                raise BadPost("thread_id", "There is no such thread in this pane.", "Leave thread_id empty.")
            chat_id = QUEUE
        _check_ids(posted)
        now = self._clock()
        is_edit = posted.kind == "edit"
        message_id = posted.target if is_edit else posted.client_id
        kind, text, command, addressed = _read(posted, in_thread=chat_id == QUEUE)
        name = pane.capitalize() if pane != "customer" else ""
        return IncomingMessage(
            channel=self.name,
            account=self.account,
            delivery_id=_digest(chat_id, posted.client_id),
            chat_id=chat_id,
            message_id=message_id,
            sender=Sender(
                external_id=STAFF_SENDERS.get(pane, session_chat),
                name=name,
                language=posted.language,
                team="playground" if name else "",
            ),
            sent_at=now,
            side="customer" if pane == "customer" else "staff",
            kind=kind,
            revision=int(now.timestamp() * 1000) if is_edit else 0,
            text=text,
            attachments=tuple(
                attachment_of(upload, _digest(chat_id, posted.client_id, str(place)))
                for place, upload in enumerate(posted.uploads)
            ),
            thread_id=posted.thread_id,
            reply_to=posted.target if posted.kind == "button" else "",
            direct=chat_id != QUEUE,
            addressed=addressed,
            command=command,
            button=posted.value if posted.kind == "button" else "",
        )

    def _echo(self, message: IncomingMessage, posted: Posted) -> None:
        """Show an accepted post in every page of the chat, once."""
        if posted.kind == "button":
            event: Event = {"type": "pressed", "target": posted.target, "value": posted.value, "id": message.message_id}
        elif posted.kind == "edit":
            event = {"type": "edited", "target": posted.target, "text": posted.text, "revision": message.revision}
        else:
            event = {
                "type": "message",
                "from": "you",
                "id": message.message_id,
                "text": posted.text,
                "addressed": message.addressed,
                "attachments": [_attachment_event(attachment) for attachment in message.attachments],
            }
        event |= {"at": message.sent_at.isoformat(), "thread_id": message.thread_id, "delivery": message.delivery_id}
        known = {kept.get("delivery") for kept in self._board.kept(message.chat_id)}
        if message.delivery_id not in known:
            self._board.publish(message.chat_id, event)

    # Out: from the outbox to pages

    async def send(self, outgoing: Outgoing) -> str:
        """Show a reply in its chat and return its id; a message to the queue without a thread opens one."""
        chat_id = self._chat_for(outgoing)
        reply = outgoing.reply
        event: Event = {"at": self._clock().isoformat(), "thread_id": outgoing.thread_id, "language": outgoing.language}
        if reply.mark:
            event |= {"type": "mark", "target": reply.target, "mark": reply.mark, "reason": reply.text}
            self._board.publish(chat_id, event)
            return reply.target
        message_id = reply.target if reply.edit and reply.target else str(self._ids())
        if chat_id == QUEUE and not outgoing.thread_id:
            event["thread_id"] = message_id
        event |= {
            "type": "replaced" if reply.edit and reply.target else "message",
            "from": "bot",
            "id": message_id,
            "ephemeral": reply.private and bool(outgoing.recipient) and not is_visitor(chat_id),
            "reply": _reply_event(reply),
        }
        self._board.publish(chat_id, event)
        return message_id

    def _chat_for(self, outgoing: Outgoing) -> str:
        """Return where to show it: a private reply about the queue goes to the pane of the person who asked."""
        chat_id = outgoing.chat_id
        if is_visitor(chat_id):
            return chat_id
        if not self.playground or chat_id not in STAFF_CHATS:
            raise Refused("There is no such web chat: a visitor's session, or a staff pane of the playground.")
        if outgoing.reply.private and chat_id == QUEUE and outgoing.recipient == STAFF_SENDERS[MANAGER]:
            return MANAGER
        return chat_id

    def announce(self, chat_id: str, event: Event) -> None:
        """Push something of the moment to the pages of a chat, from any thread; it is not kept.

        Known to the pages: {"type": "trace", "message_id"}, {"type": "typing", "thread_id", "on"},
        {"type": "thread", "thread_id", "state"} with the state of a hand-over.
        """
        if self._loop is None:
            return
        if threading.get_ident() == self._thread:
            self._board.publish(chat_id, event, keep=False)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._board.publish(chat_id, event, keep=False))

    def now(self) -> datetime:
        """The channel's clock, for the routes."""
        return self._clock()

    def kept(self, *chats: str) -> list[Event]:
        """Return what is kept of these chats, oldest first."""
        return self._board.kept(*chats)

    def watch(self, chats: tuple[str, ...], after: int = 0) -> Watcher:
        """Open a stream on chats, to be given back with `leave`; raises TooManyWatchers."""
        return self._board.watch(chats, after)

    def leave(self, watcher: Watcher) -> None:
        """Give a stream back."""
        self._board.leave(watcher)

    async def events(self, *chats: str, after: int = 0) -> AsyncIterator[Event]:
        """Yield what is kept of these chats after event `after`, then {"type": "ready"}, then what comes."""
        watcher = self.watch(chats, after)
        try:
            while (event := await watcher.next()) is not None:
                yield event
        finally:
            self.leave(watcher)

    # Files

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """Return a file that a visitor sent; it is forgotten an hour after the first time."""
        try:
            return await asyncio.to_thread(self._spool.get, attachment.reference, taken=True)
        except NotInSpool as error:
            raise DeliveryFailed("The uploaded file is no longer kept: ask for it to be sent again.") from error

    async def uploaded(self, chats: tuple[str, ...], reference: str) -> tuple[str, str, bytes] | None:
        """Return (name, media type, content) of a file that was posted in one of these chats, if still there."""
        for event in self._board.kept(*chats):
            for attachment in event.get("attachments", ()):
                if attachment["reference"] == reference:
                    try:
                        content = await asyncio.to_thread(self._spool.get, reference, taken=False)
                    except NotInSpool:
                        return None
                    return attachment["name"], attachment["media_type"], content
        return None

    def was_sent(self, chats: tuple[str, ...], attachment_id: int) -> bool:
        """Say whether a stored attachment was sent into one of these chats and is still shown there."""
        wanted = str(attachment_id)
        return any(
            file["attachment_id"] == wanted
            for event in self._board.kept(*chats)
            for file in event.get("reply", {}).get("files", ())
        )


def _check_ids(posted: Posted) -> None:
    if not _is_uuid(posted.client_id):
        raise BadPost("client_id", "client_id is not a UUID.", "Send a fresh UUID with each message.")
    if posted.kind == "edit" and not _is_uuid(posted.target):
        raise BadPost("target", "Only an own message can be edited.", "Give its client_id as target.")
    if posted.kind == "button" and not _BUTTON.fullmatch(posted.value):
        raise BadPost("value", "The button's value is not 1 to 64 ASCII characters.", "Send the value of the choice.")
    if len(posted.text.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
        raise BadPost("text", "The text is longer than 64 KB.", "Shorten it or send it as a file.", too_large=True)
    if posted.kind != "button" and not posted.text.strip() and not posted.uploads:
        raise BadPost("text", "There is nothing in the message.", "Write a text or add a file.")


def _read(posted: Posted, *, in_thread: bool) -> tuple[MessageKind, str, str, bool]:
    """Return (kind, text, command word, addressed) of what was typed or pressed."""
    text = _UNSTORABLE.sub("\ufffd", posted.text).replace("\x00", "")
    if posted.kind == "button":
        return "button", text, "", True
    mention = _MENTION.match(text)
    addressed = not in_thread or mention is not None
    text = text[mention.end() :] if mention else text
    if posted.kind == "edit":
        return "edit", text, "", addressed
    command = _COMMAND.fullmatch(text) if not in_thread else None
    if command:
        return "command", (command["rest"] or "").strip(), command["word"].lower(), True
    return "new", text, "", addressed


def _reply_event(reply: Reply) -> dict[str, Any]:
    """Return the reply as JSON for a page: ids as text (JavaScript's numbers are too short), safe links and names."""
    shown = reply.model_dump(mode="json")
    for file in shown["files"]:
        file["attachment_id"] = str(file["attachment_id"])
        file["url"] = f"/files/{file['attachment_id']}"
        file["image"] = file["media_type"].startswith("image/")
        file["name"] = shown_name(file["name"])
    for choice in [*shown["choices"], *(choice for card in shown["cards"] for choice in card["choices"])]:
        if not choice["link"].startswith(("https://", "http://")):
            choice["link"] = ""
    return shown


def _attachment_event(attachment: IncomingAttachment) -> dict[str, Any]:
    return {
        "kind": attachment.kind,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "reference": attachment.reference,
        "url": f"/uploads/{attachment.reference}",
    }


def _digest(*parts: str) -> str:
    """Return an id of 160 bits: the same for the repeat of a request, different from any other chat's."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
