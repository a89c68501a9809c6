"""From an update of the Bot API, as JSON, to an IncomingMessage. Total: whatever comes, nothing raises."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.messages import AttachmentKind, IncomingAttachment, IncomingMessage, MessageKind, Sender

Json = dict[str, Any]

ALLOWED = ("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member")
"""What we ask Telegram for; other kinds that come all the same are kept too."""

# What stands in a message beside its content; any other key is content, known to us or not.
_ENVELOPE_KEYS = """
message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot sender_tag
date business_connection_id chat forward_origin forward_from forward_from_chat forward_from_message_id
forward_signature forward_sender_name forward_date is_topic_message is_automatic_forward reply_to_message
external_reply quote reply_to_story reply_to_checklist_task_id via_bot edit_date has_protected_content
is_from_offline is_paid_post media_group_id author_signature paid_star_count text entities link_preview_options
suggested_post_info effect_id caption caption_entities show_caption_above_media has_media_spoiler reply_markup
new_chat_participant left_chat_participant new_chat_member
"""
ENVELOPE = frozenset(_ENVELOPE_KEYS.split())
FORWARDED = ("forward_origin", "forward_date", "forward_from", "forward_sender_name")

# Kind, name and media type where the message names none.
FILES: dict[str, tuple[AttachmentKind, str, str]] = {
    "animation": ("video", "animation.mp4", "video/mp4"),
    "audio": ("audio", "audio.mp3", "audio/mpeg"),
    "document": ("document", "document", "application/octet-stream"),
    "video": ("video", "video.mp4", "video/mp4"),
    "video_note": ("video", "video.mp4", "video/mp4"),
    "voice": ("voice", "voice.ogg", "audio/ogg"),
}
FILE_DETAILS = ("file_unique_id", "duration", "width", "height", "title", "performer")

COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@(\w{1,64}))?(?=\s|$)\s*")
TRICKY = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Invisible characters that turn or hide what follows: they have no place in a name shown to staff."""


@dataclass(frozen=True)
class Bot:
    """Ourselves, as Telegram's getMe says."""

    external_id: str
    username: str


def translate(update: Json, bot: Bot, now: datetime) -> IncomingMessage | None:
    """What an update says to us; None where it names nobody or no chat, so that nothing could be answered."""
    for key, read in READERS.items():
        content = update.get(key)
        if isinstance(content, dict):
            return read(content, _Frame(_identifier(update.get("update_id")), key, bot, now))
    for key, content in update.items():
        if isinstance(content, dict):
            return _unknown(content, _Frame(_identifier(update.get("update_id")), key, bot, now))
    return None


@dataclass(frozen=True)
class _Frame:
    """What goes into every message of one update."""

    delivery_id: str
    key: str
    bot: Bot
    now: datetime

    def message(self, **fields: Any) -> IncomingMessage | None:
        if not fields["chat_id"] or not fields["sender"].external_id:
            return None
        fields["message_id"] = fields["message_id"] or f"update-{self.delivery_id}"
        return IncomingMessage(channel="telegram", account=self.bot.external_id, delivery_id=self.delivery_id, **fields)


def _said(raw: Json, frame: _Frame) -> IncomingMessage | None:
    chat, edited = _mapping(raw.get("chat")), frame.key.startswith("edited_")
    text = clean(raw.get("text")) or clean(raw.get("caption"))
    kind: MessageKind = "edit" if edited else "new"
    command = ""
    found = COMMAND.match(text)
    ours = found is not None and (found[2] or frame.bot.username).lower() == frame.bot.username.lower()
    if found and ours and not edited:
        kind, command, text = "command", found[1].lower(), text[found.end() :]
    direct, in_channel = _is_direct(chat), "channel_post" in frame.key
    asked = not in_channel and (direct or ours or _replies_to(raw, frame.bot) or _mentions(text, frame.bot))
    return frame.message(
        chat_id=_identifier(chat.get("id")),
        message_id=_identifier(raw.get("message_id")),
        sender=_sender(raw),
        sent_at=_instant(raw.get("edit_date" if edited else "date"), frame.now),
        kind=kind,
        revision=(_number(raw.get("edit_date")) or _number(raw.get("date"))) if edited else 0,
        text=text if direct else _without_mention(text, frame.bot),
        attachments=_attachments(raw),
        thread_id=_thread(raw),
        reply_to=_reply_to(raw),
        direct=direct,
        addressed=asked,
        command=command,
    )


def _pressed(raw: Json, frame: _Frame) -> IncomingMessage | None:
    message, sender = _mapping(raw.get("message")), _person(_mapping(raw.get("from")))
    chat = _mapping(message.get("chat"))
    value = clean(raw.get("data"))
    return frame.message(
        # A button under a message sent "via" us has no chat here: the person's own is the one we can answer in.
        chat_id=_identifier(chat.get("id")) or sender.external_id,
        message_id=f"cb-{_identifier(raw.get('id'))}",
        sender=sender,
        sent_at=frame.now,
        kind="button",
        text=_label_of(message, value),
        button=value,
        thread_id=_thread(message),
        reply_to=_identifier(message.get("message_id")),
        direct=_is_direct(chat) if chat else True,
    )


def _membership(raw: Json, frame: _Frame) -> IncomingMessage | None:
    chat = _mapping(raw.get("chat"))
    status = clean(_mapping(raw.get("new_chat_member")).get("status"))
    before = clean(_mapping(raw.get("old_chat_member")).get("status"))
    direct = _is_direct(chat)
    told: Json = {"kind": "command", "command": "blocked" if status == "kicked" else "unblocked"}
    if not direct:
        details = {"was": before, "is": status}
        told = {"attachments": (IncomingAttachment(kind="other", name="my_chat_member", details=details),)}
    return frame.message(
        chat_id=_identifier(chat.get("id")),
        message_id=f"member-{frame.delivery_id}",
        sender=_person(_mapping(raw.get("from"))),
        sent_at=_instant(raw.get("date"), frame.now),
        direct=direct,
        addressed=direct,
        **told,
    )


def _unknown(raw: Json, frame: _Frame) -> IncomingMessage | None:
    chat, sender = _mapping(raw.get("chat")), _person(_mapping(raw.get("from")) or _mapping(raw.get("user")))
    return frame.message(
        chat_id=_identifier(chat.get("id")) or sender.external_id,
        message_id=f"update-{frame.delivery_id}",
        sender=sender,
        sent_at=_instant(raw.get("date"), frame.now),
        attachments=(IncomingAttachment(kind="other", name=clean(frame.key), details=_mapping(_plain(raw))),),
        direct=_is_direct(chat) if chat else True,
        addressed=False,
    )


READERS: dict[str, Callable[[Json, _Frame], IncomingMessage | None]] = {
    "message": _said,
    "edited_message": _said,
    "channel_post": _said,
    "edited_channel_post": _said,
    "callback_query": _pressed,
    "my_chat_member": _membership,
}


def _sender(raw: Json) -> Sender:
    # Who speaks as a chat (a channel, a group's hidden administrator) has a stand-in as `from`, the same for everybody.
    chat = _mapping(raw.get("sender_chat"))
    person = _mapping(raw.get("from"))
    if person and not chat:
        return _person(person)
    chat = chat or _mapping(raw.get("chat"))
    return Sender(
        external_id=_identifier(chat.get("id")),
        name=_name(chat.get("title"), chat.get("first_name"), chat.get("last_name")),
        handle=clean(chat.get("username")),
    )


def _person(raw: Json) -> Sender:
    return Sender(
        external_id=_identifier(raw.get("id")),
        name=_name(raw.get("first_name"), raw.get("last_name")),
        handle=clean(raw.get("username")),
        language=clean(raw.get("language_code")),
        is_bot=raw.get("is_bot") is True,
    )


def _name(*parts: object) -> str:
    return " ".join(TRICKY.sub("", " ".join(filter(None, map(clean, parts)))).split())


def _is_direct(chat: Json) -> bool:
    kind = chat.get("type")
    return kind == "private" if isinstance(kind, str) else _number(chat.get("id")) > 0


def _thread(raw: Json) -> str:
    # Replies in a group without topics carry a message_thread_id too, which sendMessage would refuse.
    return _identifier(raw.get("message_thread_id")) if raw.get("is_topic_message") is True else ""


def _reply_to(raw: Json) -> str:
    replied = _identifier(_mapping(raw.get("reply_to_message")).get("message_id"))
    return "" if replied == _thread(raw) else replied  # in a topic, "no reply" is a reply to its first message


def _replies_to(raw: Json, bot: Bot) -> bool:
    author = _mapping(_mapping(raw.get("reply_to_message")).get("from"))
    return bool(_reply_to(raw)) and _identifier(author.get("id")) == bot.external_id


def _mention(bot: Bot) -> str:
    return rf"(?<![\w@])@{re.escape(bot.username)}(?!\w)"


def _mentions(text: str, bot: Bot) -> bool:
    return bool(bot.username) and re.search(_mention(bot), text, re.IGNORECASE) is not None


def _without_mention(text: str, bot: Bot) -> str:
    if not bot.username:
        return text
    opening = re.compile(rf"\s*{_mention(bot)}[\s,:，：]*", re.IGNORECASE)
    return re.sub(rf"\s*{_mention(bot)}\s*$", "", opening.sub("", text, count=1) if opening.match(text) else text)


def _label_of(message: Json, value: str) -> str:
    for row in _sequence(_mapping(message.get("reply_markup")).get("inline_keyboard")):
        for button in _sequence(row):
            if value and clean(_mapping(button).get("callback_data")) == value:
                return clean(_mapping(button).get("text"))
    return ""


def _attachments(raw: Json) -> tuple[IncomingAttachment, ...]:
    content = [key for key in raw if key not in ENVELOPE]
    # The same thing twice, for old bots: an animation is a document too, a venue a location too.
    twice = {"document": "animation", "location": "venue"}
    return tuple(_attachment(key, raw) for key in content if twice.get(key) not in content)


def _attachment(key: str, raw: Json) -> IncomingAttachment:
    if key in FILES:
        return _file(_mapping(raw.get(key)), *FILES[key])
    if key in SPECIAL:
        return SPECIAL[key](raw)
    value = _plain(raw.get(key))
    return IncomingAttachment(
        kind="other", name=clean(key)[:100], details=value if isinstance(value, dict) else {"value": value}
    )


def _file(raw: Json, kind: AttachmentKind, name: str, media_type: str) -> IncomingAttachment:
    return IncomingAttachment(
        kind=kind,
        name=_file_name(raw.get("file_name")) or name,
        media_type=clean(raw.get("mime_type")) or media_type,
        size=max(0, _number(raw.get("file_size"))),
        reference=clean(raw.get("file_id")),
        details=_some(raw, FILE_DETAILS),
    )


def _file_name(value: object) -> str:
    name = TRICKY.sub("", clean(value)).replace("\\", "/").rpartition("/")[2].strip(". ")
    return "".join(letter for letter in name if unicodedata.category(letter) != "Cc")[-120:]


def _photo(raw: Json) -> IncomingAttachment:
    sizes = [_mapping(size) for size in _sequence(raw.get("photo"))]
    largest = max(sizes, key=lambda size: _number(size.get("width")) * _number(size.get("height")), default={})
    return _file(largest, "photo", "photo.jpg", "image/jpeg")


def _sticker(raw: Json) -> IncomingAttachment:
    sticker = _mapping(raw.get("sticker"))
    media_type, name = "image/webp", "sticker.webp"
    if sticker.get("is_animated") is True:
        media_type, name = "application/x-tgsticker", "sticker.tgs"
    elif sticker.get("is_video") is True:
        media_type, name = "video/webm", "sticker.webm"
    read = _file(sticker, "sticker", name, media_type)
    return read.model_copy(update={"details": _some(sticker, ("emoji", "set_name", "file_unique_id"))})


def _location(raw: Json) -> IncomingAttachment:
    venue = _mapping(raw.get("venue"))
    place = _mapping(venue.get("location")) or _mapping(raw.get("location"))
    details = {"latitude": _degrees(place.get("latitude")), "longitude": _degrees(place.get("longitude"))}
    details |= _some(venue, ("title", "address")) | _some(place, ("live_period", "horizontal_accuracy"))
    return IncomingAttachment(kind="location", name=clean(venue.get("title")), details=details)


def _contact(raw: Json) -> IncomingAttachment:
    contact = _mapping(raw.get("contact"))
    details = {"phone": clean(contact.get("phone_number")), "first_name": clean(contact.get("first_name"))}
    details |= _some(contact, ("last_name",))
    # A forwarded contact says nothing about who sends it: without the id it can never link anybody.
    if contact.get("user_id") and not any(key in raw for key in FORWARDED):
        details["user_id"] = _identifier(contact.get("user_id"))
    return IncomingAttachment(kind="contact", name=_name(contact.get("first_name")), details=details)


SPECIAL: dict[str, Callable[[Json], IncomingAttachment]] = {
    "photo": _photo,
    "sticker": _sticker,
    "location": _location,
    "venue": _location,
    "contact": _contact,
}


def clean(value: object) -> str:
    """A text the store can hold: no NUL (PostgreSQL), no lone surrogate (neither database); empty for no text."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "ignore").decode()


def _identifier(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 2**63 else ""
    return clean(value)[:100]


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else 0


def _degrees(value: object) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 180
    return float(value) if fits and isinstance(value, int | float) else 0.0


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _instant(value: object, otherwise: datetime) -> datetime:
    seconds = _number(value)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**33 else otherwise


def _some(raw: Json, keys: tuple[str, ...]) -> Json:
    return {key: _plain(raw[key]) for key in keys if key in raw}


def _plain(value: object, depth: int = 0) -> Any:
    """A copy of JSON that both databases can hold, cut to what staff would look at."""
    if isinstance(value, dict | list) and depth > 5:
        return "…"
    if isinstance(value, dict):
        return {clean(key)[:100]: _plain(item, depth + 1) for key, item in list(value.items())[:40]}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value[:20]]
    if isinstance(value, str):
        return clean(value)[:1000]
    fits = isinstance(value, bool | int | float) and abs(value) < 2**63  # not so for NaN and infinity
    return value if fits else None
