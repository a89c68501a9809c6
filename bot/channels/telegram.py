"""Telegram: long polling or a webhook in, HTML messages out. Nothing is confirmed to Telegram before it is stored."""

import asyncio
import hmac
import json
import logging
import re
import traceback
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

import yaml
from pydantic import SecretStr
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import Updater

from bot.channels.base import ChannelUnavailable, Pace, ReadFile, Receive, RetryLater
from bot.channels.telegram_client import (
    UNKNOWN_BOT,
    IntakeQueue,
    PollingBot,
    Sleep,
    Update,
    poll_trouble,
    quieten,
    scrub,
)
from bot.channels.telegram_format import fixed
from bot.channels.telegram_sending import Sending
from bot.channels.telegram_updates import ALLOWED, Bot, translate
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing

log = logging.getLogger(__name__)

LARGEST_WEBHOOK = 1024 * 1024
DEEPEST_WEBHOOK = 50
SHORTEST_SECRET = 32
LONG_POLL_S = 25
SILENT_POLL = timedelta(seconds=90)
"""Without an answer to getUpdates for this long, polling counts as broken."""
LONGEST_BACKOFF_S = 30.0


class TelegramChannel:
    """One bot. Webhook mode when there are a secret and a public address, else long polling."""

    name: ClassVar[str] = "telegram"
    webhook_path: ClassVar[str] = "/telegram/webhook"

    def __init__(
        self,
        *,
        token: SecretStr,
        base_url: str,
        base_file_url: str,
        webhook_secret: SecretStr | None,
        public_url: str | None,
        clock: Callable[[], datetime],
        read_file: ReadFile,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        quieten()  # before PTB writes its first line
        self._token = token.get_secret_value().strip()
        self.account = self._token.partition(":")[0]
        self.pace = Pace(overall=1 / 25, per_chat=1.0, per_group=3.0)
        self._secret = webhook_secret.get_secret_value() if webhook_secret else ""
        self._public_url = (public_url or "").rstrip("/")
        self._addresses = {"RAPPORT_TELEGRAM__BASE_URL": base_url, "RAPPORT_TELEGRAM__BASE_FILE_URL": base_file_url}
        self._clock, self._sleep = clock, sleep
        self._bot = PollingBot(
            self._token or "none", base_url, base_file_url, polled=self._polled, failed=self._poll_failed, sleep=sleep
        )
        self._sending = Sending(self._bot, read_file, self.pace, sleep)
        self._us = Bot(self.account, "")
        self._updater: Updater | None = None
        self._receive: Receive | None = None
        self._state = "stopped"
        self._troubles: dict[str, str] = {}
        self._last_error = ""
        self._last_received: datetime | None = None
        self._last_poll: datetime | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def by_webhook(self) -> bool:
        """True where Telegram calls us; False where we poll."""
        return bool(self._secret and self._public_url)

    async def start(self, receive: Receive) -> None:
        """Connect and receive. Where Telegram cannot be reached, go on trying in the background and return."""
        self._receive, self._state = receive, "connecting"
        try:
            self._check_settings()
            if not await self._connected():
                self._spawn(self._connect_later())
        except ChannelUnavailable as error:
            self._receive, self._state = None, "degraded"
            self._note("start", str(error))
            await self._bot.shutdown()
            raise

    async def stop(self) -> None:
        """Stop receiving, then close. A webhook stays set: Telegram keeps what comes until we are back."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._updater and self._updater.running:
            await self._updater.stop()
        self._receive, self._updater, self._state = None, None, "stopped"
        self._troubles.clear()
        await self._bot.shutdown()

    async def send(self, outgoing: Outgoing) -> str:
        """Say a reply; Telegram's id of its last message. Raises RetryLater, Refused or Unclear."""
        if self._state == "degraded":
            raise RetryLater(f"Telegram is not connected: {self._last_error}", 60.0)
        return await self._sending.send(outgoing)

    async def typing(self, chat_id: str) -> None:
        """Show "typing…" in a chat."""
        await self._sending.typing(chat_id)

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """The bytes of a file, at most 20 MB. Raises Refused or RetryLater."""
        return await self._sending.download(attachment)

    def queue_chat(self) -> str:
        """No chat: staff do not work here."""
        return ""

    def groups_of(self, user: str) -> frozenset[str]:
        """None: Telegram has no user groups that give rights."""
        return frozenset()

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """Nothing: a chat has no live view."""

    def health(self) -> dict[str, Any]:
        """State, mode and times; see Channel.health. `degraded` means: started, but something needs a person."""
        state = self._state
        silent = not self.by_webhook and (not self._last_poll or self._clock() - self._last_poll > SILENT_POLL)
        if state == "connected" and (self._troubles or silent):
            state = "degraded"
        return {
            "state": state,
            "mode": "webhook" if self.by_webhook else "polling",
            "last_received": self._last_received.isoformat() if self._last_received else None,
            "last_poll": self._last_poll.isoformat() if self._last_poll else None,
            "last_error": next(iter(self._troubles.values()), self._last_error),
        }

    async def webhook(self, headers: Mapping[str, str], body: bytes) -> int:
        """Take one call of Telegram; the HTTP status to answer. 200 only once the update is stored."""
        given = {name.lower(): value for name, value in headers.items()}.get("x-telegram-bot-api-secret-token", "")
        known = hmac.compare_digest(given.encode("utf-8", "replace"), self._secret.encode("utf-8"))
        if not self.by_webhook or not known:
            return 403
        if len(body) > LARGEST_WEBHOOK:
            return 413
        update = _update_in(body)
        if update is None:
            return 400
        if self._receive is None:
            return 503
        try:
            await self._take(update)
        except Exception as error:  # noqa: BLE001 - border of the channel: Telegram is told to come again
            self._store_failed(error)
            return 503
        return 200

    def _check_settings(self) -> None:
        if not re.fullmatch(r"\d+:[\w-]{3,}", self._token):
            raise ChannelUnavailable(
                "RAPPORT_TELEGRAM__TOKEN is not a bot token: it looks like 123456789:AAE…; get it from @BotFather"
            )
        try:
            fixed()
        except yaml.YAMLError as error:
            raise ChannelUnavailable(f"a broken line in the channel's words: {error}") from None
        for setting, address in self._addresses.items():
            if not re.match(r"https?://[^/\s]", address):
                raise ChannelUnavailable(f"{setting} is not an address like https://api.telegram.org")
        if self.by_webhook and not re.fullmatch(rf"[\w-]{{{SHORTEST_SECRET},256}}", self._secret, re.ASCII):
            raise ChannelUnavailable(
                f"RAPPORT_TELEGRAM__WEBHOOK_SECRET needs {SHORTEST_SECRET} to 256 characters of A-Z a-z 0-9 _ and -; "
                "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )

    async def _connected(self) -> bool:
        """Try once; False where Telegram cannot be reached. Raises ChannelUnavailable for what will not mend itself."""
        try:
            await self._bot.initialize()
            self._us = Bot(self.account, self._bot.username or "")
            await (self._listen() if self.by_webhook else self._poll())
        except InvalidToken:
            raise ChannelUnavailable(UNKNOWN_BOT) from None
        except BadRequest as error:
            reason = scrub(str(error), self._token)
            fix = "check RAPPORT_WEB__PUBLIC_URL (https, port 443, 80, 88 or 8443, reachable from outside)"
            raise ChannelUnavailable(f"Telegram refused to start ({reason}): {fix}") from None
        except TelegramError as error:
            self._note("start", poll_trouble(error, self._token))
            return False
        except (KeyError, TypeError, ValueError):
            raise ChannelUnavailable("what RAPPORT_TELEGRAM__BASE_URL names does not answer as a Bot API") from None
        self._state = "connected"
        self._troubles.pop("start", None)
        self._spawn(self._publish_commands())
        return True

    async def _connect_later(self) -> None:
        pause = 1.0
        try:
            while True:
                await self._sleep(pause)
                if await self._connected():
                    return
                pause = min(LONGEST_BACKOFF_S, pause * 2)
        except ChannelUnavailable as error:
            self._state = "degraded"
            self._note("start", str(error))

    async def _listen(self) -> None:
        await self._bot.set_webhook(
            self._public_url + self.webhook_path, secret_token=self._secret, allowed_updates=list(ALLOWED)
        )

    async def _poll(self) -> None:
        self._last_poll = self._clock()
        self._updater = Updater(self._bot, IntakeQueue(self._store))
        await self._updater.initialize()
        await self._updater.start_polling(timeout=LONG_POLL_S, allowed_updates=list(ALLOWED))  # deletes a webhook first

    async def _publish_commands(self) -> None:
        """Fill the menu button; a bot without it works as well."""
        try:
            for language, code in (("en", None), ("zh", "zh")):
                told = [(entry["command"], entry[language]) for entry in fixed()["commands"]]
                await self._bot.set_my_commands(told, language_code=code)
        except TelegramError as error:
            log.warning("the list of commands was not set: %s", scrub(str(error), self._token))

    async def _store(self, update: Update) -> None:
        """Take one polled update, for as long as it needs: raising would end polling, returning early would lose it."""
        pause = 0.1
        while True:
            try:
                return await self._take(update)
            except Exception as error:  # noqa: BLE001 - border of the channel: nothing may pass that is not stored
                self._store_failed(error)
                pause = min(LONGEST_BACKOFF_S, pause * 2)
                await self._sleep(pause)

    async def _take(self, update: Update) -> None:
        assert self._receive is not None
        message = translate(update, self._us, self._clock())
        if message is None:
            log.info("an update that names nobody was left out: %s", ", ".join(sorted(map(str, update)))[:200])
            return
        if message.kind == "button":
            self._spawn(self._acknowledge(message))
        await self._receive(message)
        self._last_received = self._clock()
        self._troubles.pop("store", None)

    async def _acknowledge(self, message: IncomingMessage) -> None:
        with suppress(TelegramError):  # too old, or the network: the button turns a little longer
            await self._bot.answer_callback_query(message.message_id.removeprefix("cb-"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _polled(self) -> None:
        self._last_poll = self._clock()
        self._troubles.pop("poll", None)

    def _poll_failed(self, reason: str) -> None:
        self._note("poll", reason)

    def _store_failed(self, error: Exception) -> None:
        # Where, but not what: the texts of database errors quote the values, and those are people's words.
        frames = "".join(traceback.format_tb(error.__traceback__)[-4:])
        log.error("an update could not be stored and will be tried again: %s at\n%s", type(error).__name__, frames)
        self._note("store", f"received messages cannot be stored ({type(error).__name__}): check database and disk")

    def _note(self, what: str, reason: str) -> None:
        if self._troubles.get(what) != reason:
            log.warning("telegram: %s", reason)
        self._troubles[what] = self._last_error = reason


def _update_in(body: bytes) -> Update | None:
    """The update a webhook call carries; None for anything that is not one."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        return None
    named = isinstance(update, dict) and isinstance(update.get("update_id"), int)
    return update if named and not _deeper(update, DEEPEST_WEBHOOK) else None


def _deeper(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        level = [inner for item in level if isinstance(item, dict | list) for inner in _inside(item)]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def _inside(item: dict[str, object] | list[object]) -> list[object]:
    return list(item.values()) if isinstance(item, dict) else item
