"""How the Bot API is reached: without the token in any log, polling that outlives every error, errors in our words."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from telegram import Bot
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.base import DeliveryFailed, Refused, RetryLater, Unclear

log = logging.getLogger(__name__)

Update = dict[str, Any]
"""One update as Telegram wrote it in JSON: read by `telegram_updates`, so that a new kind can never block the queue."""
Sleep = Callable[[float], Awaitable[None]]

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
LONGEST_PAUSE_S = 30.0
UNKNOWN_BOT = (
    "Telegram does not know this bot token: copy it again from @BotFather into RAPPORT_TELEGRAM__TOKEN and restart"
)
OTHER_POLLER = "another program receives with the same bot token: stop it, or give each its own bot from @BotFather"


def quieten() -> None:
    """Keep the libraries below us from writing addresses: every address of the Bot API contains the token."""
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)


def scrub(text: str, token: str) -> str:
    """A short text for logs and people, without this token or anything that looks like one."""
    for secret in (token, token.replace(":", "%3A"), token.partition(":")[2]):
        if len(secret) > 3:
            text = text.replace(secret, "…")
    return re.sub(r"(?<!\d)\d{6,}(?::|%3A)[\w-]{20,}", "…", text)[:300]


def api_root(url: str, end: str) -> str:
    """The address PTB puts the token behind, from a bare host (https://api.telegram.org) or one ending in `/bot`."""
    root = url.strip().rstrip("/")
    for known in ("/file/bot", "/bot"):
        root = root.removesuffix(known)
    return root + end


class QuietRequest(HTTPXRequest):
    """PTB's own transport, except that an unreadable answer is not copied into the log: people's words may be in it."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as a dict; TelegramError when it is not one."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise TelegramError("Telegram's answer is not JSON: is a proxy or a login page in between?") from None
        if not isinstance(answer, dict) or not answer.keys() & {"result", "description", "error_code"}:
            raise TelegramError("Telegram's answer is JSON, but not of the Bot API")
        return answer


@dataclass(frozen=True)
class Fetched:
    """What the Updater carries from `get_updates` to its queue: it looks at `update_id` alone."""

    update_id: int
    update: Update


class PollingBot(Bot):
    """PTB's Bot, whose `get_updates` hands on raw updates and retries by itself.

    PTB's own loop ends for good on a refused token, spins without a pause on an update it cannot parse, and cannot be
    stopped during its pauses of up to 30 seconds.
    """

    def __init__(
        self,
        token: str,
        base_url: str,
        base_file_url: str,
        *,
        polled: Callable[[], None],
        failed: Callable[[str], None],
        sleep: Sleep,
    ) -> None:
        super().__init__(
            token,
            base_url=api_root(base_url, "/bot"),
            base_file_url=api_root(base_file_url, "/file/bot"),
            request=QuietRequest(connection_pool_size=16, read_timeout=20, write_timeout=20, connect_timeout=10),
            get_updates_request=QuietRequest(connection_pool_size=1, read_timeout=10, connect_timeout=10),
        )
        self._polled, self._failed, self._sleep = polled, failed, sleep

    async def get_updates(  # type: ignore[override] # the Updater needs no more of an update than its number
        self,
        offset: int | None = None,
        limit: int | None = None,
        timeout: int | timedelta | None = None,
        allowed_updates: Sequence[str] | None = None,
        **_options: Any,
    ) -> tuple[Fetched, ...]:
        """The next updates, however long the network takes to come back; empty when there are none."""
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout or 0)
        question = {"offset": offset, "limit": limit, "timeout": int(seconds), "allowed_updates": allowed_updates}
        pause = 0.5
        while True:
            try:
                fetched = _fetched(await self._post("getUpdates", question, read_timeout=seconds + 10))
            except (TelegramError, KeyError, TypeError) as error:
                self._failed(poll_trouble(error, self.token))
                if not seconds:
                    return ()  # the Updater's goodbye: what is not confirmed comes again and is known as a repeat
                pause = min(LONGEST_PAUSE_S, pause * 2)
                await self._sleep(_asked_pause(error) or pause)
            else:
                self._polled()
                return fetched


def _fetched(result: object) -> tuple[Fetched, ...]:
    if not isinstance(result, list):
        raise TelegramError("getUpdates did not answer with a list")
    updates = tuple(
        Fetched(item["update_id"], item)
        for item in result
        if isinstance(item, dict) and isinstance(item.get("update_id"), int)
    )
    if result and not updates:
        raise TelegramError("getUpdates answered with updates that have no number")
    return updates


def _asked_pause(error: Exception) -> float:
    return seconds_of(error) + 0.5 if isinstance(error, RetryAfter) else 0.0


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks to wait. The public property warns and changes its type, hence the private one."""
    return max(1.0, error._retry_after.total_seconds())


def poll_trouble(error: Exception, token: str) -> str:
    """Why polling does not work, and what to do about it."""
    if isinstance(error, InvalidToken):
        return UNKNOWN_BOT
    if isinstance(error, Conflict):
        return OTHER_POLLER
    return scrub(f"Telegram cannot be polled ({type(error).__name__}: {error}): check network and proxy", token)


class IntakeQueue(asyncio.Queue[object]):
    """The Updater's queue, except that nothing waits in it: `put` returns once the update is stored.

    The Updater moves its offset, which makes Telegram forget the updates, only after every `put` of a batch returned.
    """

    def __init__(self, store: Callable[[Update], Awaitable[None]]) -> None:
        super().__init__()
        self._store = store

    async def put(self, item: object) -> None:
        """Store one update; cancelled, never failed, when polling stops first."""
        if isinstance(item, Fetched):
            await self._store(item.update)


def meaning(error: TelegramError, token: str) -> DeliveryFailed:
    """Translate what a call of the Bot API raised into the channel contract."""
    text = scrub(str(error), token)
    if isinstance(error, RetryAfter):
        return RetryLater(f"Telegram asks to wait: {text}", seconds_of(error))
    if isinstance(error, InvalidToken):
        return RetryLater(UNKNOWN_BOT, 60.0)
    if isinstance(error, NetworkError) and not isinstance(error, BadRequest):  # BadRequest is one of them
        return _network(error, text)
    if type(error) is TelegramError:
        return Unclear(f"Telegram's answer could not be read ({text}); the message may have arrived")
    return Refused(f"Telegram refused: {text}")


def _network(error: NetworkError, text: str) -> DeliveryFailed:
    cause = error.__cause__
    if isinstance(cause, NOT_SENT):
        return RetryLater(f"Telegram cannot be reached ({type(cause).__name__}): check network and proxy", 5.0)
    if isinstance(cause, httpx.HTTPError):
        return Unclear(f"Telegram did not answer ({type(cause).__name__}); the message may have arrived")
    if re.search(r"\b50[24]\b|gateway", text, re.IGNORECASE):
        return Unclear(f"a gateway answered for Telegram ({text}); the message may have arrived")
    return RetryLater(f"Telegram has a fault of its own: {text}", 5.0)


@contextmanager
def explained(token: str) -> Iterator[None]:
    """Raise the contract's errors instead of PTB's, without their chain: it may quote addresses."""
    try:
        yield
    except TelegramError as error:
        raise meaning(error, token) from None
    except (KeyError, TypeError) as error:  # PTB builds objects of an answer that lacks what they need
        raise Unclear(
            f"Telegram's answer lacks something ({type(error).__name__}); the message may have arrived"
        ) from None
