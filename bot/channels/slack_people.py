"""Who somebody is and what a chat is, as Slack says: kept for five minutes, denied when Slack cannot be asked."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import Refused
from bot.channels.slack_errors import UNASKABLE, code_of, explained
from bot.channels.slack_format import clean
from bot.messages import Sender

log = logging.getLogger(__name__)

Value = TypeVar("Value")

LIFETIME = timedelta(minutes=5)
PAUSE = timedelta(seconds=15)
"""How long a group is not asked for again on its own after Slack gave no answer: twenty a minute are allowed."""
PATIENCE = 1.8
"""Seconds for a question on the way in: an interaction must be acknowledged within three."""
CAPACITY = 5_000
SHARED = ("is_ext_shared", "is_shared", "is_org_shared", "is_pending_ext_shared")
HIDDEN = frozenset({"channel_not_found", "missing_scope", "not_in_channel", "method_not_supported_for_channel_type"})
"""Answers that mean: this chat exists for others, the app cannot see or write there."""


class Remembered(Generic[Value]):
    """Values by key, forgotten after their lifetime; the oldest goes when there are too many."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[datetime, Value]] = {}

    def get(self, key: str, within: timedelta = LIFETIME) -> Value | None:
        """The value, or None once it is older than that."""
        kept = self._kept.get(key)
        return kept[1] if kept and self._clock() - kept[0] < within else None

    def put(self, key: str, value: Value) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= CAPACITY:
            self._kept.pop(next(iter(self._kept)))
        self._kept[key] = (self._clock(), value)


@dataclass(frozen=True)
class Chat:
    """What matters about a conversation. `visible` is False where the app could not answer at all."""

    shared: bool = False
    visible: bool = True


class People:
    """Questions to Slack about people, chats and user groups."""

    def __init__(self, client: AsyncWebClient, clock: Callable[[], datetime], groups: tuple[str, ...] = ()) -> None:
        self._client = client
        self._senders: Remembered[Sender] = Remembered(clock)
        self._chats: Remembered[Chat] = Remembered(clock)
        self._direct: Remembered[str] = Remembered(clock)
        self._named: Remembered[str] = Remembered(clock)
        self._members: Remembered[frozenset[str]] = Remembered(clock)
        self._silent: Remembered[bool] = Remembered(clock)
        self._refreshing = asyncio.Lock()
        self._groups = groups
        self.team = ""

    async def sender(self, user: str) -> Sender:
        """The person as Slack knows them; `restricted` when Slack does not say otherwise."""
        known = self._senders.get(user)
        if known:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.users_info(user=user, include_locale=True)
        except UNASKABLE as error:
            log.warning("Slack did not say who %s is (%s): treated as a stranger", user, _reason(error))
            return Sender(external_id=user, restricted=True)
        sender = sender_of(user, answer.get("user") or {}, self.team)
        self._senders.put(user, sender)
        return sender

    async def chat(self, chat_id: str) -> Chat:
        """Whether a chat is shared with another organisation; taken as shared when Slack does not say."""
        if chat_id.startswith("D"):
            # A direct message has two people, and the person is looked at anyway; asking would need one more scope.
            return Chat()
        known = self._chats.get(chat_id)
        if known:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.conversations_info(channel=chat_id)
        except UNASKABLE as error:
            log.warning("Slack did not say what chat %s is (%s): treated as shared", chat_id, _reason(error))
            return Chat(shared=True, visible=_reason(error) not in HIDDEN)
        chat = chat_of(answer.get("channel") or {})
        self._chats.put(chat_id, chat)
        return chat

    async def direct_chat(self, user: str) -> str:
        """The id of the app's direct message with a person, opened when there is none. Raises `DeliveryFailed`."""
        known = self._direct.get(user)
        if known:
            return known
        with explained():
            answer = await self._client.conversations_open(users=user)
        chat_id = str((answer.get("channel") or {})["id"])
        self._direct.put(user, chat_id)
        return chat_id

    async def find_chat(self, wanted: str) -> dict[str, Any] | None:
        """The conversation object of a channel, by id or name; None when the app sees none. Raises as the SDK."""
        wanted = wanted.lstrip("#")
        if is_id(wanted):
            try:
                answer = await self._client.conversations_info(channel=wanted)
            except SlackApiError as error:
                if code_of(error) == "channel_not_found":
                    return None
                raise
            return dict(answer.get("channel") or {})
        kinds, cursor = "public_channel,private_channel", ""
        while True:
            answer = await self._client.conversations_list(
                types=kinds, exclude_archived=True, limit=200, cursor=cursor or None
            )
            for channel in answer.get("channels") or ():
                if channel.get("name") == wanted:
                    return dict(channel)
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None

    async def chat_id(self, wanted: str) -> str:
        """The id behind what a setting or a reply names: an id, a person (their direct message) or a channel's name."""
        if is_id(wanted):
            return await self.direct_chat(wanted) if wanted[0] in "UW" else wanted
        known = self._named.get(wanted)
        if known:
            return known
        with explained():
            found = await self.find_chat(wanted)
        if found is None:
            raise Refused(f"no channel {wanted} that the app can see: write /invite @rapport in it")
        self._named.put(wanted, str(found["id"]))
        return str(found["id"])

    async def group_members(self, group: str) -> frozenset[str]:
        """Ids of the people in a user group, at most five minutes old; empty when Slack does not say."""
        known = self._members.get(group)
        return await self._ask_members(group) if known is None else known

    async def refresh_groups(self) -> None:
        """Renew what is half-way to being forgotten, so that it is still known when the message is answered."""
        async with self._refreshing:
            old = [group for group in self._groups if self._members.get(group, LIFETIME / 2) is None]
            await asyncio.gather(*(self._ask_members(group) for group in old if not self._silent.get(group, PAUSE)))

    async def _ask_members(self, group: str) -> frozenset[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._client.usergroups_users_list(usergroup=group)
        except UNASKABLE as error:
            log.warning("Slack did not say who is in group %s (%s): treated as empty", group, _reason(error))
            self._silent.put(group, True)
            return frozenset()
        members = frozenset(answer.get("users") or ())
        self._members.put(group, members)
        return members

    def member_of(self, user: str) -> frozenset[str]:
        """The groups somebody was in when last asked, at most five minutes ago."""
        return frozenset(group for group in self._groups if user in (self._members.get(group) or ()))


def is_id(text: str) -> bool:
    """True for an id of Slack's: a channel, direct message or person."""
    return re.fullmatch(r"[CDGUW][A-Z0-9]{6,20}", text) is not None


def sender_of(user: str, record: dict[str, Any], team: str) -> Sender:
    """Read a user object of Slack; `team` is our workspace."""
    profile = record.get("profile") or {}
    # On Enterprise Grid the home team may differ while the person is a member of this workspace too.
    teams = {record.get("team_id"), *((record.get("enterprise_user") or {}).get("teams") or ())}
    is_bot = bool(record.get("is_bot")) or user == "USLACKBOT"
    outside = any(record.get(flag) for flag in ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted"))
    return Sender(
        external_id=user,
        name=clean(str(profile.get("display_name") or record.get("real_name") or profile.get("real_name") or "")),
        handle=str(record.get("name") or ""),
        language=str(record.get("locale") or "").partition("-")[0],
        is_bot=is_bot,
        team=str(record.get("team_id") or ""),
        restricted=outside or is_bot or not team or team not in teams,
    )


def chat_of(record: dict[str, Any]) -> Chat:
    """Read a conversation object of Slack."""
    return Chat(shared=not record or any(record.get(flag) for flag in SHARED))


def _reason(error: Exception) -> str:
    return (code_of(error) if isinstance(error, SlackApiError) else "") or type(error).__name__
