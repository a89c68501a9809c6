"""Slack's events, commands, buttons and shortcuts as `IncomingMessage`; None for what is none of our business."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.channels.base import DeliveryFailed
from bot.channels.slack_format import clean, mentioned, plain
from bot.channels.slack_people import People
from bot.messages import AttachmentKind, IncomingAttachment, IncomingMessage, Sender, Side

Payload = Mapping[str, Any]

SHORTCUTS = {"create_case": "case", "send_to_customer": "send"}
"""Callback id in slack-manifest.yml -> the command it stands for."""
SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote; all others are notices of Slack's."""
SAID_BY_CUSTOMERS = ("new", "edit", "button")
"""Kinds of message that customers can send; commands and shortcuts are for staff."""
NAMES = 5
"""Mentions whose names are asked for, at most, in one text."""
VOICES: dict[str, AttachmentKind] = {"slack_audio": "voice", "slack_video": "video"}


class Events:
    """Translates what comes in for one app in one workspace.

    Args:
        customers: guests and people of other workspaces are customers in their direct messages; else nobody here is.
    """

    def __init__(self, people: People, clock: Callable[[], datetime], *, customers: bool = False) -> None:
        self._people = people
        self._clock = clock
        self._customers = customers
        self.account = ""
        self.bot_user = ""

    async def translate(self, body: Payload) -> IncomingMessage | None:
        """Turn the body of one delivery into a message, asking Slack who wrote it."""
        kind = body.get("type")
        if kind == "event_callback":
            return await self._event(body)
        if kind == "block_actions":
            return await self._button(body)
        if kind in ("message_action", "shortcut"):
            return await self._shortcut(body)
        if "command" in body:
            return await self._command(body)
        return None

    async def _event(self, body: Payload) -> IncomingMessage | None:
        event = body.get("event") or {}
        subtype, changed = event.get("subtype") or "", event.get("message") or {}
        is_message = event.get("type") == "message"
        if event.get("type") == "app_mention" or (is_message and subtype in SPOKEN):
            return await self._said(body, event, event)
        # A tombstone is what is left of a deleted message that had answers.
        if is_message and (subtype == "message_deleted" or changed.get("subtype") == "tombstone"):
            return await self._deleted(body, event)
        if is_message and subtype == "message_changed" and _is_edit(event):
            return await self._said(body, event, changed)
        return None

    async def _said(self, body: Payload, event: Payload, said: Payload) -> IncomingMessage | None:
        """`said` is the message itself: the event, or inside it for an edit. Alike for `app_mention` and `message`."""
        user, chat, ts, text = said.get("user"), event.get("channel"), said.get("ts"), str(said.get("text") or "")
        if not (user and chat and ts) or said.get("bot_id") or user == self.bot_user:
            return None
        edited = (said.get("edited") or {}).get("ts")
        direct = _is_direct(chat, event)
        named = mentioned(text)
        names = await self._names(named)
        return await self._message(
            body,
            user,
            chat,
            delivery_id=str(body.get("event_id") or f"{chat}:{ts}:{edited or ''}"),
            message_id=ts,
            sent_at=_time(edited or ts),
            kind="edit" if edited else "new",
            revision=int(float(edited)) if edited else 0,
            text=plain(text, self.bot_user, names),
            mentions=tuple(sorted(names.items())),
            attachments=tuple(_attachments(said.get("files") or ())),
            thread_id=_thread(said),
            direct=direct,
            addressed=direct or event.get("type") == "app_mention" or self.bot_user in named,
        )

    async def _deleted(self, body: Payload, event: Payload) -> IncomingMessage | None:
        gone = event.get("previous_message") or {}
        user, chat = gone.get("user"), event.get("channel")
        ts = event.get("deleted_ts") or gone.get("ts")
        happened = event.get("ts") or event.get("event_ts")
        if not (user and chat and ts and happened) or gone.get("bot_id") or user == self.bot_user:
            return None
        return await self._message(
            body,
            user,
            chat,
            delivery_id=str(body.get("event_id") or f"{chat}:{ts}:deleted"),
            message_id=f"{ts}-deleted",
            sent_at=_time(happened),
            kind="command",
            command="deleted",
            text=ts,
            reply_to=ts,
            thread_id=_thread(gone),
            direct=_is_direct(chat, event),
            addressed=False,
        )

    async def _button(self, body: Payload) -> IncomingMessage | None:
        pressed = next((each for each in body.get("actions") or () if _pressed(each).get("value")), None)
        where, shown = body.get("container") or {}, body.get("message") or {}
        user = (body.get("user") or {}).get("id")
        chat = (body.get("channel") or {}).get("id") or where.get("channel_id")
        if not (pressed and user and chat) or pressed.get("url"):
            # A link opens by itself; pressing it says nothing to us.
            return None
        ts = shown.get("ts") or where.get("message_ts") or ""
        whispered = bool(where.get("is_ephemeral"))
        direct = chat.startswith("D")
        # What is pressed on a channel's own message is answered in the thread under it.
        own = "" if direct or whispered else ts
        return await self._message(
            body,
            user,
            chat,
            delivery_id=str(body.get("trigger_id") or f"{pressed.get('action_ts')}-{user}"),
            message_id=f"{pressed.get('action_ts')}-{user}",
            sent_at=_time(pressed.get("action_ts")) or self._clock(),
            kind="button",
            button=str(_pressed(pressed)["value"]),
            text=str((_pressed(pressed).get("text") or {}).get("text") or ""),
            thread_id=str(shown.get("thread_ts") or where.get("thread_ts") or own),
            reply_to=ts,
            direct=direct or whispered,
        )

    async def _shortcut(self, body: Payload) -> IncomingMessage | None:
        on, user = body.get("message") or {}, (body.get("user") or {}).get("id")
        callback, trigger = str(body.get("callback_id") or ""), str(body.get("trigger_id") or "")
        if not (user and callback and trigger):
            return None
        chat = (body.get("channel") or {}).get("id") or await self._people.direct_chat(user)
        text = str(on.get("text") or "")
        names = await self._names(mentioned(text))
        return await self._message(
            body,
            user,
            chat,
            delivery_id=trigger,
            message_id=trigger,
            sent_at=_time(body.get("action_ts")) or self._clock(),
            kind="command",
            command=SHORTCUTS.get(callback, callback),
            text=plain(text, self.bot_user, names),
            attachments=tuple(_attachments(on.get("files") or ())),
            thread_id=str(on.get("thread_ts") or on.get("ts") or ""),
            reply_to=str(on.get("ts") or ""),
            direct=chat.startswith("D"),
        )

    async def _command(self, body: Payload) -> IncomingMessage | None:
        user, chat, trigger = body.get("user_id"), body.get("channel_id"), body.get("trigger_id")
        if not (user and chat and trigger):
            return None
        if chat.startswith("D") or not (await self._people.chat(chat)).visible:
            # Typed where the app cannot write (between two people, in a private channel): answered in its own chat.
            with suppress(DeliveryFailed):
                chat = await self._people.direct_chat(user)
        typed = str(body.get("text") or "")
        names = await self._names(mentioned(typed))
        word, rest = [*plain(typed, self.bot_user, names).split(maxsplit=1), "", ""][:2]
        return await self._message(
            body,
            user,
            chat,
            delivery_id=trigger,
            message_id=trigger,
            sent_at=self._clock(),
            kind="command",
            command=word.lower() or "help",
            text=rest.strip(),
        )

    async def _message(self, body: Payload, user: str, chat: str, **rest: Any) -> IncomingMessage:
        sender, place = await asyncio.gather(self._people.sender(user), self._people.chat(chat))
        shared = place.shared or bool(body.get("is_ext_shared_channel"))
        rest["sent_at"] = rest["sent_at"] or self._clock()
        side: Side = "customer" if self._is_customer(sender, chat, rest.get("kind", "new")) else "staff"
        if side == "customer":
            rest["thread_id"] = ""  # one direct message is one conversation, whatever they answer to
        return IncomingMessage(
            channel="slack", account=self.account, chat_id=chat, sender=sender, side=side, shared=shared, **rest
        )

    def _is_customer(self, sender: Sender, chat: str, kind: str) -> bool:
        """Whether this is somebody from outside in a direct message; of whom Slack tells nothing, nobody can say so."""
        known = bool(sender.team and self._people.team) and not sender.is_bot
        return self._customers and known and sender.restricted and chat.startswith("D") and kind in SAID_BY_CUSTOMERS

    async def _names(self, users: tuple[str, ...]) -> dict[str, str]:
        asked = [user for user in users if user != self.bot_user][:NAMES]
        found = await asyncio.gather(*(self._people.sender(user) for user in asked))
        return {sender.external_id: sender.name for sender in found if sender.name}


def _is_edit(event: Payload) -> bool:
    """True for a person's edit; Slack says `message_changed` also when a link's preview or an answer is added."""
    now, before = event.get("message") or {}, event.get("previous_message") or {}
    edited = now.get("edited")
    return bool(edited) and (edited != before.get("edited") or now.get("text") != before.get("text"))


def _is_direct(chat: str, event: Payload) -> bool:
    return chat.startswith("D") or event.get("channel_type") == "im"


def _pressed(action: Payload) -> Payload:
    """What says value and text of an action: a button itself, or what was picked from a menu."""
    picked = action.get("selected_option")
    return picked if isinstance(picked, dict) else action


def _thread(said: Payload) -> str:
    """The thread a message stands in; empty for the message that began one, as it was when it arrived."""
    thread = str(said.get("thread_ts") or "")
    return "" if thread == said.get("ts") else thread


def _time(ts: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(str(ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _attachments(files: Iterable[Payload]) -> list[IncomingAttachment]:
    return [_attachment(file) for file in files if file.get("mode") not in ("tombstone", "hidden_by_limit")]


def _attachment(file: Payload) -> IncomingAttachment:
    media_type = str(file.get("mimetype") or "")
    family = media_type.partition("/")[0]
    kinds: dict[str, AttachmentKind] = {"image": "photo", "audio": "audio", "video": "video"}
    outside = bool(file.get("is_external")) or file.get("mode") == "external"
    address = str(file.get("url_private_download") or file.get("url_private") or "")
    details = {name: str(file[name]) for name in ("id", "permalink", "duration_ms") if file.get(name)}
    return IncomingAttachment(
        kind=VOICES.get(str(file.get("subtype")), kinds.get(family, "document")),
        name=clean(str(file.get("name") or file.get("title") or "")),
        media_type=media_type,
        size=int(file.get("size") or 0),
        reference="" if outside else address,
        details=details | ({"outside": address} if outside else {}),
    )
