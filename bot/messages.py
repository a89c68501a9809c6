"""What channels hand in and take out: plain, frozen values that know no platform."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Side = Literal["customer", "staff"]
MessageKind = Literal["new", "edit", "button", "command"]
AttachmentKind = Literal["photo", "document", "voice", "audio", "video", "location", "contact", "sticker", "other"]


class Message(BaseModel):
    """Frozen base of everything that crosses the border of a channel."""

    model_config = ConfigDict(frozen=True)


class IncomingAttachment(Message):
    """Something that came along with a text. `reference` is what the channel's `download` needs to fetch it."""

    kind: AttachmentKind
    name: str = ""
    media_type: str = ""
    size: int = 0
    reference: str = ""
    details: dict[str, Any] = {}
    """Location: latitude, longitude. Contact: phone, first_name, user_id (the platform's, when it says whose it is)."""


class Sender(Message):
    """Who wrote, as the platform says. Never trust `name` or `handle` for rights: only `external_id` counts."""

    external_id: str
    name: str = ""
    handle: str = ""
    language: str = ""
    is_bot: bool = False
    team: str = ""
    restricted: bool = False
    """A guest, or somebody of another workspace."""


class IncomingMessage(Message):
    """One thing said to us. Unique on (channel, account, chat_id, message_id, revision); repeats on delivery_id."""

    channel: str
    account: str
    delivery_id: str
    chat_id: str
    message_id: str
    sender: Sender
    sent_at: datetime
    kind: MessageKind = "new"
    revision: int = 0
    """0 for the first text, then something that grows with each edit (an edit's Unix time)."""
    text: str = ""
    mentions: tuple[tuple[str, str], ...] = ()
    """People whom the text mentions by account: (id, name). The text itself holds their names."""
    attachments: tuple[IncomingAttachment, ...] = ()
    thread_id: str = ""
    """The platform's thread inside the chat; empty outside threads."""
    reply_to: str = ""
    direct: bool = True
    """A private chat or a direct message; False in a channel or group."""
    addressed: bool = True
    """Said to the assistant itself (direct message, mention, command, button); False for a plain line in a thread."""
    command: str = ""
    """For kind=command: the word without its slash ("order"); `text` holds what followed."""
    button: str = ""
    """For kind=button: the `value` of the `Choice` that was pressed."""
    side: Side = "customer"
    """Which side of the counter the chat is on; the channel knows, and rights are checked on top."""
    shared: bool = False
    """The chat is shared with another organisation: no data may be shown."""


class Choice(Message):
    """A button. `value` is `intent` or `intent:argument`, at most 64 bytes of ASCII (Telegram's limit)."""

    label: str
    value: str
    style: Literal["plain", "primary", "danger"] = "plain"
    link: str = ""


class Card(Message):
    """A titled list of facts: a customer, an order, a product."""

    title: str
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    choices: tuple[Choice, ...] = ()


class Table(Message):
    """Rows under named columns; `note` says what was left out or applied."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class OutgoingFile(Message):
    """A file or picture: `attachment_id` names a stored attachment, whose bytes the outbox reads when it sends."""

    attachment_id: int
    name: str
    media_type: str
    caption: str = ""

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")


class Reply(Message):
    """What we say, channel-neutral. Each channel renders it in its own best form and degrades what it cannot show.

    Text is plain text: channels escape it. `mark` and `edit` act on an earlier message instead of sending a new one.
    """

    text: str = ""
    subject: str = ""
    """What an e-mail is called; other channels show none."""
    promotional: bool = False
    """Nobody asked for it and it sells something: an e-mail then carries the way to stop such letters."""
    cards: tuple[Card, ...] = ()
    table: Table | None = None
    choices: tuple[Choice, ...] = ()
    files: tuple[OutgoingFile, ...] = ()
    request_contact: str = ""
    """Label of a button with which a Telegram user shares their own phone number."""
    private: bool = False
    """Personal data: goes to a direct message or an ephemeral answer unless the chat may show it."""
    mark: Literal["", "sent", "failed"] = ""
    """Tick or cross the message `target` (the platform's id); with `text` as the reason of a failure."""
    edit: bool = False
    """Replace the text of the message `target`."""
    target: str = ""


def joined(first: Reply, second: Reply) -> Reply:
    """Both replies to a customer as one message, in order; tables are for staff, who get message after message."""
    return first.model_copy(
        update={
            "text": "\n\n".join(text for text in (first.text, second.text) if text),
            "cards": first.cards + second.cards,
            "choices": first.choices + second.choices,
            "files": first.files + second.files,
            "request_contact": second.request_contact or first.request_contact,
            "private": first.private or second.private,
        }
    )


class Outgoing(Message):
    """One reply on its way to one chat; what `Channel.send` gets."""

    channel: str
    account: str
    chat_id: str
    thread_id: str = ""
    recipient: str = ""
    """The person asked, for answers only they may see (Slack ephemeral)."""
    language: str = "en"
    outbox_id: int = 0
    """The row it comes from: what a repeat is recognised by."""
    reply: Reply
