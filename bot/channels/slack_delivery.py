"""Sends replies to Slack and fetches files from it: which call, to which chat, and what to do when part of it fails."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.base import ReadFile, Refused, RetryLater, Unclear
from bot.channels.slack_errors import code_of, explained
from bot.channels.slack_format import FALLBACK, SlackMessage, cut, escape, render
from bot.channels.slack_people import People, Remembered
from bot.messages import IncomingAttachment, Outgoing, OutgoingFile, Reply

Step = Callable[[], Awaitable[str]]
Sleep = Callable[[float], Awaitable[object]]

MARKS = {"sent": "white_check_mark", "failed": "x"}
SIGNS = {"sent": "✅", "failed": "❌"}
REASON = 300
"""Longest reason of a failure, in characters: it stands in the thread for everybody."""
CANNOT_WHISPER = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel", "is_archived"})
LARGEST = 20 * 1024 * 1024
"""Bytes of the largest file taken in."""
TRIES, LONGEST_WAIT = 4, 40.0
DAY = timedelta(days=1)


class Delivery:
    """Carries out what an `Outgoing` asks for.

    `open_chats` are the channels in which staff may read everything. Anywhere else in Slack an answer to somebody is
    shown to them alone, and so is what answers a command, which nobody else saw.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        people: People,
        read_file: ReadFile,
        clock: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._people = people
        self._read_file = read_file
        self._sleep = sleep
        self._threads: Remembered[bool] = Remembered(clock)
        self.open_chats: frozenset[str] = frozenset()

    def saw_thread(self, chat: str, thread: str) -> None:
        """Remember that a thread has answers: Slack shows whispers only in such threads."""
        self._threads.put(f"{chat}:{thread}", True)

    async def send(self, outgoing: Outgoing) -> str:
        """Post, whisper, edit or mark; returns the timestamp of the last message (of a lone file: its id)."""
        if outgoing.reply.mark:
            return await self._mark(outgoing)
        chat = await self._people.chat_id(outgoing.chat_id)
        whisper = self._is_whisper(outgoing, chat)
        if whisper and not outgoing.recipient:
            raise Refused("a private answer for nobody: it is not shown in a channel")
        return await self._all(self._steps(outgoing, chat, whisper))

    def _is_whisper(self, outgoing: Outgoing, chat: str) -> bool:
        if chat.startswith("D"):
            return False
        if chat in self.open_chats:
            return bool(outgoing.recipient and (outgoing.reply.private or not outgoing.thread_id))
        return bool(outgoing.recipient or outgoing.reply.private)

    def _steps(self, outgoing: Outgoing, chat: str, whisper: bool) -> list[Step]:
        reply, thread, person = outgoing.reply, outgoing.thread_id, outgoing.recipient
        steps: list[Step] = []
        for number, message in enumerate(render(reply)):
            if whisper:
                steps.append(partial(self._whisper, chat, thread, person, message))
            elif reply.edit and reply.target and not number:
                steps.append(partial(self._edit, chat, reply.target, message))
            else:
                steps.append(partial(self._post, chat, thread, message))
        for file in reply.files:
            if whisper:
                steps.append(partial(self._upload_privately, person, file))
            else:
                steps.append(partial(self._upload, chat, thread, file))
        return steps

    async def _all(self, steps: list[Step]) -> str:
        """Do the steps in order. Once something was sent, waiting happens here: a retry would say it twice."""
        message_id = ""
        for number, step in enumerate(steps):
            done = await (self._insist(step, number, len(steps)) if number else step())
            message_id = message_id if done.startswith("F") and message_id else done
        return message_id

    async def _insist(self, step: Step, number: int, total: int) -> str:
        reason, waited = "", 0.0
        for _ in range(TRIES):
            try:
                return await step()
            except RetryLater as wait:
                reason, waited = str(wait), waited + wait.seconds
                if waited > LONGEST_WAIT:
                    break
                await self._sleep(wait.seconds)
            except Refused as refusal:
                raise Refused(f"only {number} of {total} parts were sent: {refusal}") from refusal
        raise Unclear(f"only {number} of {total} parts were sent: {reason}")

    async def _post(self, chat: str, thread: str, message: SlackMessage) -> str:
        with explained():
            answer = await self._client.chat_postMessage(
                channel=chat,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread or None,
                parse="none",
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
            )
        if thread:
            self.saw_thread(chat, thread)
        return str(answer["ts"])

    async def _whisper(self, chat: str, thread: str, person: str, message: SlackMessage) -> str:
        """Show a message to one person where they asked; where Slack cannot, in the direct message with them."""
        active = self._threads.get(f"{chat}:{thread}", DAY)
        with explained():
            try:
                answer = await self._client.chat_postEphemeral(
                    channel=chat,
                    user=person,
                    text=message.text,
                    blocks=message.blocks,
                    thread_ts=thread if active else None,
                    parse="none",
                    link_names=False,
                )
                return str(answer["message_ts"])
            except SlackApiError as error:
                if code_of(error) not in CANNOT_WHISPER:
                    raise
        return await self._post(await self._people.direct_chat(person), "", message)

    async def _edit(self, chat: str, target: str, message: SlackMessage) -> str:
        with explained():
            answer = await self._client.chat_update(
                channel=chat, ts=target, text=message.text, blocks=message.blocks, parse="none", link_names=False
            )
        return str(answer["ts"])

    async def _upload_privately(self, person: str, file: OutgoingFile) -> str:
        return await self._upload(await self._people.direct_chat(person), "", file)

    async def _upload(self, chat: str, thread: str, file: OutgoingFile) -> str:
        content = await asyncio.to_thread(self._read_file, file.attachment_id)
        with explained():
            answer = await self._client.files_upload_v2(
                channel=chat,
                thread_ts=thread or None,
                filename=file.name,
                title=file.name,
                content=content,
                alt_txt=file.caption or file.name if file.is_image else None,
                initial_comment=escape(cut(file.caption, FALLBACK)) or None,
            )
        return str((answer.get("file") or {}).get("id") or "")

    async def _mark(self, outgoing: Outgoing) -> str:
        """Tick or cross a message; a failure's reason goes under it even when the message takes no mark."""
        reply, under = outgoing.reply, outgoing.thread_id
        words = cut(reply.text, REASON) if reply.mark == "failed" else ""
        if re.fullmatch(r"\d+\.\d+", reply.target):
            under = under or reply.target
            try:
                await self._react(outgoing.chat_id, reply.target, MARKS[reply.mark])
            except Refused:
                if not words:
                    raise
        else:
            # What was pressed or commanded has no message of its own to mark: say it in the thread.
            words = f"{SIGNS[reply.mark]} {words}".strip()
        if words:
            # Asked again after a refusal to take it now, the mark is there already: nothing is said twice.
            changes = {"reply": Reply(text=words, private=reply.private), "thread_id": under}
            await self.send(outgoing.model_copy(update=changes))
        return reply.target

    async def _react(self, chat: str, target: str, name: str) -> None:
        with explained():
            try:
                await self._client.reactions_add(channel=chat, timestamp=target, name=name)
            except SlackApiError as error:
                if code_of(error) != "already_reacted":
                    raise

    async def download(self, attachment: IncomingAttachment, session: aiohttp.ClientSession) -> bytes:
        """The bytes of a file somebody sent. The token goes to Slack's own hosts only."""
        if attachment.size > LARGEST:
            raise Refused(f"{attachment.name or 'the file'} is larger than {LARGEST >> 20} MB")
        address = attachment.reference or await self._address(attachment)
        if not self._is_ours(address):
            raise Refused("the file is kept outside Slack: it must be opened there")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        with explained():
            # Redirects are not followed: Slack sends a browser without rights to its sign-in page that way.
            async with session.get(
                address, headers=headers, allow_redirects=False, proxy=self._client.proxy
            ) as response:
                _check(response, attachment)
                return await _read(response)

    async def _address(self, attachment: IncomingAttachment) -> str:
        """Ask for a file that came without an address, as those from connected workspaces do."""
        if "outside" in attachment.details or not attachment.details.get("id"):
            return ""
        with explained():
            answer = await self._client.files_info(file=attachment.details["id"])
        file = answer.get("file") or {}
        return "" if file.get("is_external") else str(file.get("url_private_download") or file.get("url_private") or "")

    def _is_ours(self, address: str) -> bool:
        try:
            parts, base = urlsplit(address), urlsplit(self._client.base_url)
            if (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port):
                return True
            host = parts.hostname or ""
            return parts.scheme == "https" and parts.port in (None, 443) and host.endswith(".slack.com")
        except ValueError:
            return False


def _check(response: aiohttp.ClientResponse, attachment: IncomingAttachment) -> None:
    if response.status == 429:
        raise RetryLater("Slack asks to wait before the next file", float(response.headers.get("Retry-After") or 30))
    if response.status >= 500:
        raise RetryLater(f"Slack could not give the file ({response.status})", 30.0)
    sign_in = response.content_type == "text/html" and attachment.media_type != "text/html"
    if response.status in (301, 302, 303, 307, 308, 401, 403) or sign_in:
        raise Refused("Slack did not hand out the file: the app needs the scope files:read and access to the chat")
    if response.status != 200:
        raise Refused(f"Slack no longer has the file ({response.status})")


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > LARGEST:
            raise Refused(f"the file is larger than {LARGEST >> 20} MB")
    return bytes(content)
