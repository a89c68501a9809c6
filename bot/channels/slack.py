"""Slack over Socket Mode: what is said is stored before it is acknowledged; sending is in `slack_delivery`."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import aiohttp
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import ChannelUnavailable, DeliveryFailed, Pace, ReadFile, Receive, Refused
from bot.channels.slack_delivery import Delivery, Sleep
from bot.channels.slack_errors import UNASKABLE, code_of, meaning
from bot.channels.slack_events import Events
from bot.channels.slack_people import SHARED, People
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing

log = logging.getLogger(__name__)

DEFAULT_URL = "https://slack.com/api/"
SCOPES = frozenset(
    [
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "reactions:write",
        "usergroups:read",
        "users:read",
    ]
)
"""What slack-manifest.yml asks for."""
STRANGE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What a payload of unknown shape may raise while it is read."""
GRACE, LONGEST_PAUSE = 5.0, 60.0


class Unreachable(ChannelUnavailable):
    """Slack did not answer: worth another try."""


class Brief(logging.Filter):
    """Keeps the libraries' records short: no traceback, no quoted answer, no ticket."""

    def filter(self, record: logging.LogRecord) -> bool:
        # The address of a socket lets anybody connect in our place.
        text = re.sub(r"(ticket=)[^\s'\"&]+", r"\1…", record.getMessage())
        record.msg, record.args = text.partition("\n")[0][:300], ()
        record.exc_info = record.exc_text = None
        return True


def quiet_logger() -> logging.Logger:
    """A logger for Bolt and the SDK: below WARNING they write whole messages, signatures and answers."""
    logger = logging.getLogger("bot.channels.slack.sdk")
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(Brief())
    return logger


class SlackChannel:
    """One app in one workspace. `groups` are ids of user groups whose members `member_of` can tell."""

    name: ClassVar[str] = "slack"

    def __init__(
        self,
        *,
        bot_token: SecretStr,
        app_token: SecretStr | None,
        read_file: ReadFile,
        clock: Callable[[], datetime],
        signing_secret: SecretStr | None = None,
        base_url: str = DEFAULT_URL,
        support_channel: str = "",
        groups: tuple[str, ...] = (),
        customers: bool = False,
        sleep: Sleep = asyncio.sleep,
        timeout_seconds: float = 20.0,
        ping_seconds: float = 10.0,
    ) -> None:
        self.account = ""
        self.pace = Pace(overall=0.05, per_chat=1.0)
        self._support_channel = support_channel
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._clock = clock
        self._timeout = timeout_seconds
        self._ping = ping_seconds
        # No retries inside the SDK: its own would hide 429 from the outbox, or say something twice.
        self._client = AsyncWebClient(
            token=bot_token.get_secret_value(), base_url=base_url, logger=quiet_logger(), retry_handlers=[]
        )
        self._people = People(self._client, clock, groups)
        self._events = Events(self._people, clock, customers=customers)
        self._delivery = Delivery(self._client, self._people, read_file, clock, sleep)
        self._handler: AsyncSocketModeHandler | None = None
        self._watch: asyncio.Task[None] | None = None
        self._receive: Receive | None = None
        self._order: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._missing_scopes: tuple[str, ...] = ()
        self._last_received = ""
        self._last_error = ""

    async def start(self, receive: Receive) -> None:
        """Sign in and open the socket; where Slack cannot be reached yet, go on trying in the background.

        Raises:
            ChannelUnavailable: a setting is wrong; the text names it and the fix.
        """
        self._receive = receive
        try:
            await self._open()
        except Unreachable as error:
            self._failed(str(error))
            log.warning("%s; trying again", error)
            self._watch = asyncio.create_task(self._open_later())
        except ChannelUnavailable:
            await self.stop()
            raise

    async def _open(self) -> None:
        await self._sign_in()
        await self._find_support_channel()
        await self._people.refresh_groups()
        await self._connect()

    async def _open_later(self) -> None:
        pause = self._ping
        while True:
            await asyncio.sleep(pause)
            try:
                await self._open()
            except Unreachable as error:
                self._failed(str(error))
                pause = min(pause * 2, LONGEST_PAUSE)
            except ChannelUnavailable as error:
                self._receive = None
                self._failed(str(error))
                log.error("Slack channel stopped: %s", error)
                return
            else:
                return

    async def stop(self) -> None:
        """Take in nothing more, finish what is being stored, close."""
        self._receive = None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), GRACE)
        if self._watch:
            self._watch.cancel()
        if self._handler:
            await self._handler.close_async()  # type: ignore[no-untyped-call]
        self._handler = self._watch = None
        if self._client.session:
            await self._client.session.close()

    async def send(self, outgoing: Outgoing) -> str:
        """Send one reply; returns the timestamp of its last message. Raises `DeliveryFailed`."""
        self._session()
        try:
            return await self._delivery.send(outgoing)
        except DeliveryFailed as failure:
            self._failed(f"sending: {failure}")
            raise

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """The bytes of a file somebody sent, at most 20 MB. Raises `DeliveryFailed`."""
        return await self._delivery.download(attachment, self._session())

    async def group_members(self, group: str) -> frozenset[str]:
        """Ids of the people in a user group, at most five minutes old."""
        self._session()
        return await self._people.group_members(group)

    def groups_of(self, user: str) -> frozenset[str]:
        """Which of `groups` somebody belongs to, as Slack said in the last five minutes."""
        return self._people.member_of(user)

    def queue_chat(self) -> str:
        """The id of the support channel; empty until it was found."""
        return next(iter(self._delivery.open_chats), "")

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """Slack has no live view to tell."""

    def health(self) -> dict[str, Any]:
        """State, times and what is missing; never a token or a text."""
        return {
            "state": self._state(),
            "last_received": self._last_received,
            "last_error": self._last_error,
            "missing_scopes": list(self._missing_scopes),
            "support_channel": self.queue_chat(),
        }

    def _state(self) -> str:
        if self._handler is None:
            return "connecting" if self._receive else "stopped"
        socket = self._handler.client.current_session
        return "connected" if socket is not None and not socket.closed else "connecting"

    def _failed(self, reason: str) -> None:
        self._last_error = f"{self._clock().isoformat()} {reason}"

    def _session(self) -> aiohttp.ClientSession:
        if self._client.session is None or self._client.session.closed:
            limits = aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(5.0, self._timeout))
            # Connections are let go before Slack closes them: a broken one leaves open whether a message arrived.
            connector = aiohttp.TCPConnector(keepalive_timeout=10)
            self._client.session = aiohttp.ClientSession(timeout=limits, connector=connector)
        return self._client.session

    async def _sign_in(self) -> None:
        token = self._client.token or ""
        if not token.startswith("xoxb-"):
            raise ChannelUnavailable(
                "RAPPORT_SLACK__BOT_TOKEN must be the Bot User OAuth Token, which begins with xoxb-"
            )
        if self._app_token is None or not self._app_token.get_secret_value().startswith("xapp-"):
            raise ChannelUnavailable(
                "RAPPORT_SLACK__APP_TOKEN must be an app-level token with the scope connections:write, which begins "
                "with xapp- (Basic Information, App-Level Tokens)"
            )
        self._session()
        try:
            answer = await self._client.auth_test()
        except UNASKABLE as error:
            raise _unavailable(
                error, "RAPPORT_SLACK__BOT_TOKEN: copy it anew from OAuth & Permissions after installing the app"
            ) from None
        self.account = self._events.account = self._people.team = str(answer["team_id"])
        self._events.bot_user = str(answer["user_id"])
        granted = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        if granted:
            self._missing_scopes = tuple(sorted(SCOPES - {scope.strip() for scope in granted.split(",")}))
        if self._missing_scopes:
            log.warning(
                "Slack app lacks the scopes %s: update it from slack-manifest.yml", ", ".join(self._missing_scopes)
            )

    async def _find_support_channel(self) -> None:
        wanted = self._support_channel
        if not wanted:
            return
        try:
            found = await self._people.find_chat(wanted)
        except UNASKABLE as error:
            raise _unavailable(error, "RAPPORT_SLACK__SUPPORT_CHANNEL: check the channel's name or id") from None
        if not found or found.get("is_archived"):
            raise ChannelUnavailable(
                f"RAPPORT_SLACK__SUPPORT_CHANNEL: no channel {wanted} that the app can see: create it, or write "
                "/invite @rapport in it"
            )
        if any(found.get(flag) for flag in SHARED):
            raise ChannelUnavailable(
                f"RAPPORT_SLACK__SUPPORT_CHANNEL: {wanted} is shared with another organisation; choose one of your own"
            )
        if not found.get("is_member", True):
            self._failed(f"the app is not in {wanted}: write /invite @rapport there")
            log.warning("Slack app is not in the support channel %s: write /invite @rapport there", wanted)
        self._delivery.open_chats = frozenset({str(found["id"])})

    async def _connect(self) -> None:
        assert self._app_token is not None
        token = self._app_token.get_secret_value()
        try:
            answer = await self._client.apps_connections_open(app_token=token)
        except UNASKABLE as error:
            raise _unavailable(
                error, "RAPPORT_SLACK__APP_TOKEN: make a new app-level token with the scope connections:write"
            ) from None
        handler = AsyncSocketModeHandler(
            self._app(), token, logger=quiet_logger(), web_client=self._client, ping_interval=self._ping
        )
        handler.client.wss_uri = str(answer["url"])
        self._handler = handler
        try:
            async with asyncio.timeout(self._timeout):
                await handler.connect_async()  # type: ignore[no-untyped-call]
        except TimeoutError:
            await handler.close_async()  # type: ignore[no-untyped-call]
            self._handler = None
            raise Unreachable("Slack's WebSocket cannot be opened: check network, proxy and firewall") from None
        self._watch = asyncio.create_task(self._renew(handler))

    async def _renew(self, handler: AsyncSocketModeHandler) -> None:
        """The SDK tries one address for ever, but Slack's addresses soon expire: make it ask for a new one."""
        while True:
            await asyncio.sleep(self._ping * 2)
            if self._state() == "connecting":
                handler.client.wss_uri = None

    def _app(self) -> AsyncApp:
        secret = self._signing_secret.get_secret_value() if self._signing_secret else ""
        app = AsyncApp(
            name="rapport",
            client=self._client,
            logger=quiet_logger(),
            signing_secret=secret,
            # Ahead of Bolt's own steps, one of which acknowledges unseen when its question to Slack fails.
            before_authorize=self._take_in,
        )

        @app.error
        async def not_stored(error: Exception) -> None:
            self._failed(f"storing a message: {type(error).__name__}")
            log.error("a message from Slack could not be stored and will come again: %s", type(error).__name__)

        return app

    async def _take_in(self, body: dict[str, Any]) -> BoltResponse:
        """Store one delivery; only a return acknowledges it. Raising makes Slack send it again."""
        if self._receive is None:
            raise ConnectionAbortedError("stopping")
        self._busy += 1
        self._idle.clear()
        try:
            chat = _chat_of(body)
            order = self._order.get(chat) or self._order.setdefault(chat, asyncio.Lock())
            async with order:
                message, _ = await asyncio.gather(self._translated(body), self._people.refresh_groups())
                if message is not None:
                    if message.thread_id and message.kind in ("new", "edit"):
                        self._delivery.saw_thread(message.chat_id, message.thread_id)
                    await self._receive(message)
                    self._last_received = self._clock().isoformat()
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
        return BoltResponse(status=200, body="")

    async def _translated(self, body: dict[str, Any]) -> IncomingMessage | None:
        try:
            return await self._events.translate(body)
        except STRANGE as error:
            # It would be as strange the next time: acknowledged, so that it does not come for ever.
            kind = str((body.get("event") or {}).get("type") or body.get("type"))[:40]
            self._failed(f"reading {kind}: {type(error).__name__}")
            log.warning("a delivery from Slack of kind %s could not be read: %s", kind, type(error).__name__)
            return None


def _chat_of(body: Mapping[str, Any]) -> str:
    event, channel = body.get("event") or {}, body.get("channel") or {}
    for found in (event.get("channel"), channel, body.get("channel_id")):
        if isinstance(found, str) and found:
            return found
        if isinstance(found, dict) and found.get("id"):
            return str(found["id"])
    return ""


def _unavailable(error: Exception, setting: str) -> ChannelUnavailable:
    """Why a start failed: what Slack refused names its setting, all else may pass."""
    if isinstance(error, SlackApiError) and isinstance(meaning(error), Refused):
        return ChannelUnavailable(f"Slack refused ({code_of(error)}). {setting}")
    return Unreachable(
        f"Slack cannot be reached ({type(error).__name__}): check network, proxy, RAPPORT_SLACK__BASE_URL"
    )
