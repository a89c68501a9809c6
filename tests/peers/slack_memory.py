"""A workspace in memory that answers the Web API calls we use, strictly, and keeps what was posted."""

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from tests.peers.slack_blocks import problems

TEAM, BOT_USER, BOT_ID = "T0RAPPORT", "U0RAPPORT1", "B0RAPPORT1"
BOT_TOKEN, APP_TOKEN = "xoxb-rapport-test-token", "xapp-1-rapport-test-token"
AGENT, MANAGER, GUEST, STRANGER, FORMER = "U0AGENT001", "U0MANAGER1", "U0GUEST001", "U0STRANGE1", "U0FORMER01"
SUPPORT, QUIET, PARTNER, ARCHIVE = "C0SUPPORT1", "C0QUIET001", "C0PARTNER1", "C0ARCHIVE1"
GROUP = "S0AGENTS01"
RINGS = re.compile(r"<(?:![a-z]|@[UW]|!subteam)[^>]*>")


class Refusal(Exception):
    """An answer that is not ok; the text is Slack's error code."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


def user(name: str, **flags: Any) -> dict[str, Any]:
    """A user object as `users.info` gives it."""
    profile = {"display_name": name, "real_name": f"{name} Example"}
    return {"name": name.lower(), "team_id": TEAM, "locale": "en-GB", "profile": profile, **flags}


def channel(name: str, **flags: Any) -> dict[str, Any]:
    """A conversation object as `conversations.info` gives it."""
    return {"name": name, "is_channel": True, "is_member": True, "members": [AGENT, MANAGER, BOT_USER], **flags}


def _users() -> dict[str, dict[str, Any]]:
    return {
        BOT_USER: user("Rapport", is_bot=True),
        AGENT: user("Mei"),
        MANAGER: user("Ada", locale="zh-CN"),
        GUEST: user("Guest", is_restricted=True),
        STRANGER: user("Stranger", is_stranger=True, team_id="T0ELSEWHERE"),
        FORMER: user("Former", deleted=True),
    }


def _channels() -> dict[str, dict[str, Any]]:
    return {
        SUPPORT: channel("support"),
        QUIET: channel("quiet", is_member=False, members=[AGENT]),
        PARTNER: channel("partner", is_ext_shared=True, is_shared=True),
        ARCHIVE: channel("archive", is_archived=True),
    }


@dataclass
class MemorySlack:
    """State and Web API of one workspace. `messages` holds what was posted by anybody, oldest first."""

    users: dict[str, dict[str, Any]] = field(default_factory=_users)
    channels: dict[str, dict[str, Any]] = field(default_factory=_channels)
    groups: dict[str, list[str]] = field(default_factory=lambda: {GROUP: [AGENT]})
    messages: list[dict[str, Any]] = field(default_factory=list)
    whispers: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    base: str = ""
    """Where the shim listens; in addresses of files."""

    def __post_init__(self) -> None:
        self._clock = itertools.count(1_700_000_000)

    def ts(self) -> str:
        """A new timestamp, later than all before."""
        return f"{next(self._clock)}.000100"

    def call(self, method: str, args: dict[str, Any], token: str) -> dict[str, Any]:
        """Answer one call; raises `Refusal` where Slack would say `ok: false`."""
        expected = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if token != expected:
            raise Refusal("not_allowed_token_type" if token[:5] != expected[:5] and token else "invalid_auth")
        handler = getattr(self, "_" + re.sub(r"[.]", "_", method), None)
        if handler is None:
            raise Refusal("unknown_method")
        return {"ok": True, **handler(args)}

    def post(self, chat: str, author: str, text: str, thread_ts: str = "", **more: Any) -> dict[str, Any]:
        """Keep a message; raises `Refusal` for a thread that is not there."""
        parent = self.find(chat, thread_ts) if thread_ts else None
        if thread_ts and (parent is None or parent.get("thread_ts", thread_ts) != thread_ts):
            raise Refusal("cannot_reply_to_message")
        message = {"type": "message", "channel": chat, "user": author, "text": text, "ts": self.ts(), **more}
        if parent is not None:
            message["thread_ts"] = parent["thread_ts"] = thread_ts
            parent["reply_count"] = parent.get("reply_count", 0) + 1
        self.messages.append(message)
        return message

    def find(self, chat: str, ts: str) -> dict[str, Any] | None:
        """The message of this timestamp."""
        return next((each for each in self.messages if (each["channel"], each["ts"]) == (chat, ts)), None)

    def rings(self) -> list[str]:
        """Mentions in what the bot said: those that would make somebody's telephone ring."""
        said = [each for each in self.messages if each["user"] == BOT_USER]
        return RINGS.findall(str([(each["text"], each.get("blocks")) for each in [*said, *self.whispers]]))

    def _auth_test(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT_ID, "user": "rapport", "url": self.base}

    def _users_info(self, args: dict[str, Any]) -> dict[str, Any]:
        record = self.users.get(args.get("user", ""))
        if record is None:
            raise Refusal("user_not_found")
        return {"user": {"id": args["user"], **record}}

    def _conversations_info(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": args.get("channel"), **self._channel(args)}}

    def _conversations_list(self, args: dict[str, Any]) -> dict[str, Any]:
        # One at a time, so that nobody forgets the cursor.
        place = int(args.get("cursor") or 0)
        every = [{"id": key, **each} for key, each in self.channels.items() if key[0] == "C"]
        following = str(place + 1) if place + 1 < len(every) else ""
        return {"channels": every[place : place + 1], "response_metadata": {"next_cursor": following}}

    def _conversations_open(self, args: dict[str, Any]) -> dict[str, Any]:
        person = args.get("users", "")
        if person not in self.users:
            raise Refusal("user_not_found" if person else "users_list_not_supplied")
        chat = "D" + person[1:]
        self.channels.setdefault(chat, channel("", is_im=True, is_channel=False, members=[person, BOT_USER]))
        return {"channel": {"id": chat}}

    def _usergroups_users_list(self, args: dict[str, Any]) -> dict[str, Any]:
        if args.get("usergroup") not in self.groups:
            raise Refusal("no_such_subteam")
        return {"users": self.groups[args["usergroup"]]}

    def _chat_postMessage(self, args: dict[str, Any]) -> dict[str, Any]:
        chat = self._writable(args)
        message = self.post(
            chat, BOT_USER, args["text"], args.get("thread_ts") or "", blocks=args.get("blocks") or [], bot_id=BOT_ID
        )
        return {"channel": chat, "ts": message["ts"], "message": message}

    def _chat_postEphemeral(self, args: dict[str, Any]) -> dict[str, Any]:
        chat = self._writable(args)
        if args.get("user") not in self.channels[chat]["members"]:
            raise Refusal("user_not_in_channel")
        self.whispers.append({**args, "ts": self.ts()})
        return {"message_ts": self.whispers[-1]["ts"]}

    def _chat_update(self, args: dict[str, Any]) -> dict[str, Any]:
        chat = self._writable(args)
        message = self.find(chat, args.get("ts", ""))
        if message is None:
            raise Refusal("message_not_found")
        if message["user"] != BOT_USER:
            raise Refusal("cant_update_message")
        message.update(text=args["text"], blocks=args.get("blocks") or [], edited={"user": BOT_USER, "ts": self.ts()})
        return {"channel": chat, "ts": message["ts"], "text": args["text"]}

    def _reactions_add(self, args: dict[str, Any]) -> dict[str, Any]:
        message = self.find(args.get("channel", ""), args.get("timestamp", ""))
        if message is None:
            raise Refusal("message_not_found")
        marks = message.setdefault("reactions", [])
        if args.get("name") in marks:
            raise Refusal("already_reacted")
        marks.append(args["name"])
        return {}

    def _files_getUploadURLExternal(self, args: dict[str, Any]) -> dict[str, Any]:
        if not args.get("filename") or int(args.get("length") or 0) < 1:
            raise Refusal("invalid_arguments")
        key = f"F0FILE{len(self.files):04}"
        self.files[key] = {"id": key, "name": args["filename"], "size": int(args["length"])}
        return {"upload_url": f"{self.base}/upload/v1/{key}", "file_id": key}

    def _files_completeUploadExternal(self, args: dict[str, Any]) -> dict[str, Any]:
        chat = args.get("channel_id", "")
        if not re.fullmatch(r"[CDG][A-Z0-9]{6,}", chat):
            raise Refusal("invalid_channel")
        self._member(chat)
        done = [self.files[each["id"]] for each in args.get("files") or ()]
        if not done or any(len(self.contents.get(each["id"], b"")) != each["size"] for each in done):
            raise Refusal("file_not_found")
        comment = args.get("initial_comment") or ""
        self.post(chat, BOT_USER, comment, args.get("thread_ts") or "", files=done, bot_id=BOT_ID, subtype="file_share")
        return {"files": done}

    def _files_info(self, args: dict[str, Any]) -> dict[str, Any]:
        if args.get("file") not in self.files:
            raise Refusal("file_not_found")
        return {"file": self.files[args["file"]]}

    def _channel(self, args: dict[str, Any]) -> dict[str, Any]:
        record = self.channels.get(args.get("channel", ""))
        if record is None:
            raise Refusal("channel_not_found")
        return record

    def _member(self, chat: str) -> None:
        record = self._channel({"channel": chat})
        if record.get("is_archived"):
            raise Refusal("is_archived")
        if BOT_USER not in record["members"]:
            raise Refusal("not_in_channel")

    def _writable(self, args: dict[str, Any]) -> str:
        chat = str(args.get("channel", ""))
        self._member(chat)
        if not isinstance(args.get("text"), str) or not args["text"]:
            raise Refusal("no_text")
        if (
            args.get("unfurl_links")
            or args.get("unfurl_media")
            or args.get("link_names")
            or args.get("parse") != "none"
        ):
            raise Refusal("careless_arguments")
        wrong = problems(args["text"], args.get("blocks") or [])
        if wrong:
            raise Refusal("invalid_blocks", response_metadata={"messages": wrong})
        return chat
