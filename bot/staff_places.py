"""Where somebody who works here is told what they asked to be told: their own chat, their own address."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from bot.channels.web import MANAGER, STAFF_SENDERS
from bot.telling import chat_at, own_chat
from config.settings import Settings, StaffEntry
from crm_core import mailboxes
from crm_core.models import Conversation, Staff

WITH_NAMES = ("slack", "web")
"""Where staff work: there customers are called by name; what leaves by e-mail or Telegram names numbers alone."""


def own_channel(external_id: str) -> str:
    """The channel that somebody works in."""
    return external_id.partition(":")[0]


def missing(settings: Settings, entry: StaffEntry | None, external_id: str, channel: str) -> str:
    """What keeps somebody from being told on a channel: a key below `digests.missing` of the phrases; "" if nothing."""
    if channel == own_channel(external_id):
        return "console" if channel == "console" else ""  # a terminal hears nothing once it is closed
    if channel == "email":
        if settings.smtp.url is None:
            return "smtp"
        return "" if entry and entry.email else "email"
    if channel == "telegram":
        if settings.telegram.token is None:
            return "telegram_bot"
        return "" if entry and entry.telegram else "telegram"
    return "channel"


def chat_of(
    session: Session, staff: Staff, entry: StaffEntry, channel: str, account: str, now: datetime
) -> Conversation:
    """The chat itself: where they talk to us, else the one that begins with this. Ask `missing` before."""
    if channel == own_channel(staff.external_id):
        known = own_chat(session, staff.id)
        if known is not None and known.channel == channel:
            return known
    user = staff.external_id.partition(":")[2]
    chats = {"email": mailboxes.of_staff(staff.id), "telegram": entry.telegram}
    chat = MANAGER if user == STAFF_SENDERS[MANAGER] else chats.get(channel, user)
    return chat_at(session, channel, account, chat, now)


def masked(address: str) -> str:
    """An address as one may say it in a chat that others see: m***@shop.example."""
    return re.sub(r"^(.)[^@]*", r"\1***", address)
