"""Where people talk: one file a channel, one line in `CHANNELS`. Nothing outside this package knows a platform."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.channels.base import Channel, ReadFile
from config.settings import Settings


@dataclass(frozen=True)
class Bridges:
    """What a channel may need of the rest of the product."""

    read_file: ReadFile
    signing_key: bytes
    clock: Callable[[], datetime]
    mail_address: Callable[[str], str]
    """Mailbox to the address on record; see `crm_core.mailboxes`."""
    unsubscribe_link: Callable[[str], str]
    """Mailbox to where its owner stops promotional letters; "" where nothing is reached from outside."""


def _telegram(settings: Settings, bridges: Bridges) -> Channel | None:
    from bot.channels.telegram import TelegramChannel

    given = settings.telegram
    if given.token is None:
        return None
    return TelegramChannel(
        token=given.token,
        base_url=given.base_url,
        base_file_url=given.base_file_url,
        webhook_secret=given.webhook_secret,
        public_url=settings.web.public_url or None,
        clock=bridges.clock,
        read_file=bridges.read_file,
    )


def _slack(settings: Settings, bridges: Bridges) -> Channel | None:
    from bot.channels.slack import SlackChannel

    given = settings.slack
    if given.bot_token is None:
        return None
    return SlackChannel(
        bot_token=given.bot_token,
        app_token=given.app_token,
        signing_secret=given.signing_secret,
        base_url=given.base_url,
        support_channel=given.support_channel,
        groups=tuple(entry.slack_group for entry in settings.staff if entry.slack_group),
        customers=given.customers,
        read_file=bridges.read_file,
        clock=bridges.clock,
    )


def _web(settings: Settings, bridges: Bridges) -> Channel | None:
    from bot.channels.web import WebChannel

    if settings.has_tokens and not settings.web.chat:
        return None
    return WebChannel(
        key=bridges.signing_key,
        spool=settings.data_dir / "spool",
        clock=bridges.clock,
        playground=not settings.has_tokens,
    )


def _email(settings: Settings, bridges: Bridges) -> Channel | None:
    if settings.smtp.url is None:
        return None
    from bot.channels.email import EmailChannel
    from bot.channels.email_format import Letterhead, address_of

    given, business = settings.smtp, settings.business
    sender = address_of(given.sender, business.name_en)
    return EmailChannel(
        given,
        Letterhead(sender, given.reply_to, bridges.unsubscribe_link),
        bridges.mail_address,
        bridges.read_file,
        bridges.clock,
    )


CHANNELS: dict[str, Callable[[Settings, Bridges], Channel | None]] = {
    "telegram": _telegram,
    "slack": _slack,
    "web": _web,
    "email": _email,
}
"""Name to what builds the channel; None where its tokens are not set. The console is started by its own command."""


def build_channels(settings: Settings, bridges: Bridges) -> dict[str, Channel]:
    """All channels that the settings ask for and that have what they need."""
    built = {name: build(settings, bridges) for name, build in CHANNELS.items() if settings.channels.get(name, True)}
    return {name: channel for name, channel in built.items() if channel is not None}
