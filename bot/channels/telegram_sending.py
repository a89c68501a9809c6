"""Replies out to Telegram, and files in from it. What is too long or refused in its best form goes in a plainer one."""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    LinkPreviewOptions,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, InvalidToken, TelegramError

from bot.channels.base import Pace, ReadFile, Refused, RetryLater, Unclear
from bot.channels.telegram_client import Sleep, explained
from bot.channels.telegram_format import Part, parts
from bot.messages import Choice, IncomingAttachment, Outgoing, OutgoingFile

log = logging.getLogger(__name__)

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove

LARGEST_DOWNLOAD = 20 * 1024 * 1024
LARGEST_UPLOAD = 50 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024
PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
UNFINISHED_KEPT = 256
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Sending:
    """Says replies with one bot, part by part; remembers where a reply broke off, so that its start is not repeated."""

    def __init__(self, bot: Bot, read_file: ReadFile, pace: Pace, sleep: Sleep) -> None:
        self._bot, self._read_file, self._pace, self._sleep = bot, read_file, pace, sleep
        self._unfinished: OrderedDict[Outgoing, tuple[int, str]] = OrderedDict()
        self._asked_contact: set[str] = set()

    async def send(self, outgoing: Outgoing) -> str:
        """Say a reply; the id of its last message. Raises RetryLater, Refused or Unclear."""
        reply = outgoing.reply
        if reply.mark:
            return reply.target  # ticks are for staff; a customer sees nothing
        to = _addressed(outgoing)
        said = parts(to)
        if not said:
            raise Refused("the reply is empty: nothing was sent")
        done, last = self._unfinished.pop(outgoing, (0, ""))
        for place in range(done, len(said)):
            if place > done:
                await self._sleep(self._pace.per_group if to.chat_id.startswith("-") else self._pace.per_chat)
            try:
                last = await self._say(said[place], to, reply.target if reply.edit and place == 0 else "")
            except (RetryLater, Unclear):
                self._remember(outgoing, place, last)
                raise
        return last

    def _remember(self, outgoing: Outgoing, place: int, last: str) -> None:
        self._unfinished[outgoing] = (place, last)
        while len(self._unfinished) > UNFINISHED_KEPT:
            self._unfinished.popitem(last=False)

    async def _say(self, part: Part, to: Outgoing, target: str) -> str:
        with explained(self._bot.token):
            try:
                return await self._in_best_form(part, to, target)
            except ChatMigrated as moved:  # the group became a supergroup: same people, new id
                there = to.model_copy(update={"chat_id": str(moved.new_chat_id)})
                return await self._in_best_form(part, there, "")

    async def _in_best_form(self, part: Part, to: Outgoing, target: str) -> str:
        try:
            return await self._post(part, to, target, ParseMode.HTML)
        except BadRequest as error:
            if "parse entities" not in str(error).lower():
                raise
            log.warning("Telegram could not read our HTML: sending the same as plain text")
            return await self._post(part, to, target, None)

    async def _post(self, part: Part, to: Outgoing, target: str, mode: ParseMode | None) -> str:
        text = part.html if mode else part.text
        if part.file:
            return await self._post_file(part.file, text, to, mode)
        if target.isdecimal() and await self._edited(part, text, to, int(target), mode):
            return target
        markup = self._markup(part, to.chat_id)
        sent = await self._bot.send_message(
            chat_id=_chat(to),
            text=text,
            parse_mode=mode,
            reply_markup=markup,
            message_thread_id=_thread(to),
            link_preview_options=NO_PREVIEW,
        )
        if part.request_contact:
            self._asked_contact.add(to.chat_id)
        elif isinstance(markup, ReplyKeyboardRemove):
            self._asked_contact.discard(to.chat_id)
        return str(sent.message_id)

    async def _edited(self, part: Part, text: str, to: Outgoing, target: int, mode: ParseMode | None) -> bool:
        """True once the message says `text`; False where it cannot be changed any more and has to be said anew."""
        try:
            await self._bot.edit_message_text(
                text,
                chat_id=_chat(to),
                message_id=target,
                parse_mode=mode,
                reply_markup=_inline(part),
                link_preview_options=NO_PREVIEW,
            )
        except BadRequest as error:
            reason = str(error).lower()
            if "not modified" in reason:
                return True
            if "to edit" in reason or "can't be edited" in reason or "message_id_invalid" in reason:
                return False
            raise
        return True

    def _markup(self, part: Part, chat_id: str) -> Markup | None:
        if part.buttons:
            return _inline(part)
        if part.request_contact:
            button = KeyboardButton(part.request_contact, request_contact=True)
            return ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
        return ReplyKeyboardRemove() if chat_id in self._asked_contact else None

    async def _post_file(self, file: OutgoingFile, caption: str, to: Outgoing, mode: ParseMode | None) -> str:
        content = await asyncio.to_thread(self._read_file, file.attachment_id)
        if len(content) > LARGEST_UPLOAD:
            raise Refused(f"{file.name} is larger than the 50 MB Telegram takes from a bot: send a link instead")
        if file.media_type in PHOTOS and len(content) <= LARGEST_PHOTO:
            try:
                return str((await self._post_photo(content, file.name, caption, to, mode)).message_id)
            except BadRequest as error:
                # Too long or too thin for a picture, or not one: the document shows it all the same.
                if not any(hint in str(error).lower() for hint in ("photo", "image")):
                    raise
        sent = await self._bot.send_document(
            chat_id=_chat(to),
            document=content,
            filename=file.name,
            caption=caption or None,
            parse_mode=mode,
            message_thread_id=_thread(to),
            write_timeout=120,
            read_timeout=60,
        )
        return str(sent.message_id)

    async def _post_photo(
        self, content: bytes, name: str, caption: str, to: Outgoing, mode: ParseMode | None
    ) -> Message:
        return await self._bot.send_photo(
            chat_id=_chat(to),
            photo=content,
            filename=name,
            caption=caption or None,
            parse_mode=mode,
            message_thread_id=_thread(to),
            write_timeout=60,
            read_timeout=60,
        )

    async def typing(self, chat_id: str) -> None:
        """Show "typing…" for some seconds. Of no consequence: its failures are forgotten."""
        with suppress(TelegramError):
            await self._bot.send_chat_action(_number_or_name(chat_id), ChatAction.TYPING)

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """The bytes of a file somebody sent. Raises Refused (too large, gone) or RetryLater."""
        if not attachment.reference:
            raise Refused(f"{attachment.name or attachment.kind} has no file to download")
        if attachment.size > LARGEST_DOWNLOAD:
            raise Refused(_too_large(attachment, attachment.size))
        try:
            with explained(self._bot.token):
                return await self._fetch(attachment)
        except Unclear as error:
            raise RetryLater(f"the file did not arrive: {error}", 5.0) from None

    async def _fetch(self, attachment: IncomingAttachment) -> bytes:
        file = await self._bot.get_file(attachment.reference)
        if (file.file_size or 0) > LARGEST_DOWNLOAD:
            raise Refused(_too_large(attachment, file.file_size or 0))
        if not file.file_path:
            raise Refused(f"Telegram does not hand out {attachment.name or attachment.kind} any more")
        try:
            return bytes(await file.download_as_bytearray(read_timeout=60))
        except InvalidToken:  # a 404, which PTB takes for a wrong token; getFile has just accepted it
            raise Refused(f"Telegram does not have {attachment.name or attachment.kind} any more") from None


def _too_large(attachment: IncomingAttachment, size: int) -> str:
    name = attachment.name or attachment.kind
    return f"{name} has {size / 1024 / 1024:.0f} MB, Telegram hands bots 20 MB at most: ask for it another way"


def _addressed(outgoing: Outgoing) -> Outgoing:
    """The reply with the chat it may be shown in: what is private never goes into a group."""
    if not (outgoing.reply.private and outgoing.chat_id.startswith("-")):
        return outgoing
    if not outgoing.recipient:
        raise Refused("a private answer cannot be shown in a group, and it names nobody to write to directly")
    return outgoing.model_copy(update={"chat_id": outgoing.recipient, "thread_id": ""})


def _number_or_name(chat_id: str) -> int | str:
    return int(chat_id) if chat_id.removeprefix("-").isdecimal() else chat_id


def _chat(to: Outgoing) -> int | str:
    return _number_or_name(to.chat_id)


def _thread(to: Outgoing) -> int | None:
    return int(to.thread_id) if to.thread_id.isdecimal() else None


def _inline(part: Part) -> InlineKeyboardMarkup | None:
    return InlineKeyboardMarkup([[_button(choice) for choice in row] for row in part.buttons]) if part.buttons else None


def _button(choice: Choice) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        choice.label.strip() or choice.value or choice.link,
        url=choice.link or None,
        callback_data=None if choice.link else choice.value,
        style=None if choice.style == "plain" else choice.style,
    )
