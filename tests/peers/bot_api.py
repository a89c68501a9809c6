"""A Bot API on loopback that keeps Telegram's promises: updates stay until an offset passes them, bad HTML is refused.

In a test: `with BotApi() as api:` (a thread of its own). By itself: `python -m tests.peers.bot_api PORT [TOKEN]`,
driven through `/_test/push`, `/_test/sent`, `/_test/fault`, `/_test/file`, `/_test/state` and `/_test/reset`.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.peers.bot_api_rules import LONGEST_CAPTION, LONGEST_TEXT, Refusal, bad, check_markup, said
from tests.peers.bot_api_state import TOKEN, Fault, Json, Platform, Sent

__all__ = ["TOKEN", "BotApi"]

BOT = {
    "id": 123456789,
    "is_bot": True,
    "first_name": "Shop",
    "username": "shop_test_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
}
LARGEST_FILE = 20 * 1024 * 1024


class BotApi(Platform):
    """The server around it."""

    def __init__(self, token: str = TOKEN, *, strict_rates: bool = False) -> None:
        super().__init__(token, strict_rates=strict_rates)
        self._thread: threading.Thread | None = None
        self._closing = asyncio.Event()

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._loop
        assert self._thread
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self.serve(0, ready))

    async def serve(self, port: int, ready: threading.Event | None = None) -> None:
        """Serve until closed."""
        self._loop, self._closing, self._arrived = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._hand_out)
        app.router.add_route("*", "/_test/{what}", self._control)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        assert site._server
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
        deliveries = asyncio.create_task(self._deliver())
        if ready:
            ready.set()
        await self._closing.wait()
        deliveries.cancel()
        await runner.cleanup()

    # -- answering -------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method, params = request.match_info["method"], await _params(request)
        fault = self._fault_for(method, params)
        try:
            if fault and (early := await self._early(fault, request, params)):
                return early
            if request.match_info["token"] != self.token:
                raise Refusal(401, "Unauthorized")
            handle = self._methods().get(method.lower())
            if handle is None:
                raise Refusal(404, "Not Found: method not found")
            result = await handle(params)
            self.calls.append((method, 200))
            if fault:
                await self._late(fault, request)
            return web.json_response({"ok": True, "result": result})
        except Refusal as refusal:
            self.calls.append((method, refusal.code))
            told: Json = {"ok": False, "error_code": refusal.code, "description": refusal.description}
            if refusal.parameters:
                told["parameters"] = refusal.parameters
            return web.json_response(told, status=refusal.code)
        finally:
            self._note()

    def _methods(self) -> dict[str, Callable[[Json], Awaitable[Any]]]:
        return {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._webhook_info,
            "sendmessage": self._send_message,
            "sendphoto": lambda params: self._send_file("sendPhoto", "photo", params),
            "senddocument": lambda params: self._send_file("sendDocument", "document", params),
            "editmessagetext": self._edit_text,
            "answercallbackquery": self._answer_query,
            "setmycommands": self._set_commands,
            "sendchataction": self._chat_action,
            "getfile": self._get_file,
        }

    def _fault_for(self, method: str, params: Json) -> Fault | None:
        for fault in self.faults:
            chat_fits = fault.chat_id is None or str(fault.chat_id) == str(params.get("chat_id"))
            if fault.method in {"*", method} and chat_fits and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _early(self, fault: Fault, request: web.Request, params: Json) -> web.StreamResponse | None:
        if fault.kind == "garbage":
            return web.Response(text="<html>Bad Gateway</html>", content_type="text/html")
        if fault.kind in {"drop", "hang"}:
            await self._late(Fault(f"accept_{fault.kind}", seconds=fault.seconds), request)
        if fault.kind == "429":
            self._wait_until[_chat(params)] = time.monotonic() + fault.retry_after
            raise Refusal(429, f"Too Many Requests: retry after {fault.retry_after}", retry_after=fault.retry_after)
        if fault.kind.isdecimal():
            raise Refusal(int(fault.kind), fault.description or f"Injected {fault.kind}")
        return None

    async def _late(self, fault: Fault, request: web.Request) -> None:
        self._note()
        if fault.kind == "accept_hang":
            await asyncio.sleep(fault.seconds)
        if fault.kind in {"accept_drop", "accept_hang"}:
            if request.transport:
                request.transport.abort()
            raise asyncio.CancelledError

    async def _get_me(self, _params: Json) -> Json:
        return BOT | {"id": int(self.token.partition(":")[0])}

    async def _get_updates(self, params: Json) -> list[Json]:
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first")
        self._poller.set()  # a second poller ends the first one's call
        self._poller = mine = asyncio.Event()
        offset, limit = int(params.get("offset") or 0), int(params.get("limit") or 100)
        if params.get("allowed_updates"):
            self._allowed = _json(params["allowed_updates"])
        self.polls.append(offset)
        if offset > 0:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]
        elif offset < 0:
            self.updates = self.updates[offset:]
        self._note()
        deadline = time.monotonic() + min(50.0, float(params.get("timeout") or 0))
        while not self.updates and (left := deadline - time.monotonic()) > 0 and not mine.is_set():
            self._arrived.clear()
            waits = [asyncio.ensure_future(event.wait()) for event in (self._arrived, mine)]
            try:
                await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if mine.is_set():
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return self.updates[:limit]

    async def _set_webhook(self, params: Json) -> bool:
        url = str(params.get("url") or "")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = {"url": url, "secret_token": str(params.get("secret_token") or "")} if url else {}
        if params.get("allowed_updates"):
            self._allowed = _json(params["allowed_updates"])
        return True

    async def _delete_webhook(self, params: Json) -> bool:
        self.webhook = {}
        if str(params.get("drop_pending_updates")).lower() == "true":
            self.updates.clear()
        return True

    async def _webhook_info(self, _params: Json) -> Json:
        url = self.webhook.get("url", "")
        return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self.updates)}

    async def _deliver(self) -> None:
        """Post to the webhook, one update at a time, each until it is taken."""
        pause = 0.05
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                if not (self.webhook and self.updates):
                    self._arrived.clear()
                    await self._arrived.wait()
                    continue
                update, target = self.updates[0], self.webhook
                headers = {"X-Telegram-Bot-Api-Secret-Token": target["secret_token"]} if target["secret_token"] else {}
                try:
                    async with session.post(target["url"], json=update, headers=headers) as answer:
                        status = answer.status
                except (aiohttp.ClientError, TimeoutError):
                    status = 0
                self.webhook_statuses.append(status)
                if 200 <= status < 300:
                    self.updates = [waiting for waiting in self.updates if waiting is not update]
                    pause = 0.05
                self._note()
                if not 200 <= status < 300:
                    await asyncio.sleep(pause)
                    pause = min(1.0, pause * 2)

    # -- sending ---------------------------------------------------------------------------------------------------

    def _check_chat(self, params: Json) -> int | str:
        chat = _chat(params)
        now = time.monotonic()
        if now < self._wait_until.get(chat, 0):
            self.violations["in_retry_after"] += 1
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        if chat in self.missing or chat == "":
            raise bad("chat not found")
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def _count_rate(self, chat: int | str) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - 1:
            self._recent.popleft()
        broken = ["per_chat"] if now - self._last_sent.get(chat, -9.0) < 0.95 else []
        if len(self._recent) >= 30:
            broken.append("overall")
        self.violations.update(broken)
        if broken and self.strict_rates:
            raise Refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        self._recent.append(now)
        self._last_sent[chat] = now

    def _record(self, method: str, chat: int | str, message: Json, params: Json, **more: Any) -> Json:
        self.messages[chat, message["message_id"]] = message
        kept = {key: value for key, value in params.items() if not isinstance(value, web.FileField)}
        text, markup = str(message.get("text", message.get("caption", ""))), message.get("reply_markup")
        number, now = message["message_id"], time.monotonic()
        self.sent.append(Sent(method, chat, number, now, text=text, markup=markup, params=kept, **more))
        return message

    def _message(self, chat: int | str, params: Json) -> Json:
        private = isinstance(chat, int) and chat > 0
        markup = check_markup(params.get("reply_markup"), private=private)
        kind = "private" if private else "supergroup"
        message: Json = {"message_id": 0, "from": BOT, "chat": {"id": chat, "type": kind}, "date": int(time.time())}
        if markup and "inline_keyboard" in markup:
            message["reply_markup"] = markup
        message["message_id"] = self._next_id()
        return message

    async def _send_message(self, params: Json) -> Json:
        chat = self._check_chat(params)
        mode = str(params.get("parse_mode") or "")
        text, entities = said(str(params.get("text") or ""), mode, LONGEST_TEXT, "message is too long", required=True)
        message = self._message(chat, params) | {"text": text.strip(), "entities": entities}
        self._count_rate(chat)
        keyboard = check_markup(params.get("reply_markup"), private=True)
        self._record("sendMessage", chat, message, params, entities=entities)
        self.sent[-1].markup = keyboard
        return message

    async def _send_file(self, method: str, key: str, params: Json) -> Json:
        chat = self._check_chat(params)
        file = params.get(key)
        if isinstance(file, str) and file.startswith("attach://"):
            file = params.get(file.removeprefix("attach://"))
        if not isinstance(file, web.FileField):
            raise bad(f"there is no {key} in the request")
        content = file.file.read()
        if not content:
            raise bad("file must be non-empty")
        if key == "photo" and (
            len(content) > 10 * 1024 * 1024 or not content.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF"))
        ):
            raise bad("IMAGE_PROCESS_FAILED")
        caption, mode = str(params.get("caption") or ""), str(params.get("parse_mode") or "")
        text, entities = said(caption, mode, LONGEST_CAPTION, "message caption is too long", required=False)
        held = {
            "file_id": self.add_file(content, file.filename),
            "file_unique_id": f"u{self._ids}",
            "file_size": len(content),
        }
        size = held | {"width": 1, "height": 1}
        message = self._message(chat, params) | {"caption": text, key: [size] if key == "photo" else held}
        self._count_rate(chat)
        return self._record(
            method,
            chat,
            message,
            params,
            entities=entities,
            file_name=file.filename,
            file_type=file.content_type,
            file_size=len(content),
        )

    async def _edit_text(self, params: Json) -> Json:
        chat = self._check_chat(params)
        before = self.messages.get((chat, int(params.get("message_id") or 0)))
        if before is None:
            raise bad("message to edit not found")
        if "text" not in before:
            raise bad("there is no text in the message to edit")
        mode = str(params.get("parse_mode") or "")
        text, entities = said(str(params.get("text") or ""), mode, LONGEST_TEXT, "message is too long", required=True)
        markup = check_markup(params.get("reply_markup"), private=True)
        if (text, markup) == (before["text"], before.get("reply_markup")):
            raise bad("message is not modified: specified new message content and reply markup are exactly the same")
        message = before | {"text": text, "entities": entities, "edit_date": int(time.time()), "reply_markup": markup}
        if not markup:
            del message["reply_markup"]
        return self._record("editMessageText", chat, message, params, entities=entities)

    async def _answer_query(self, params: Json) -> bool:
        query = str(params.get("callback_query_id"))
        if query not in self._queries:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.answered.append(query)
        return True

    async def _set_commands(self, params: Json) -> bool:
        commands = _json(params.get("commands") or "[]")
        if any(not 1 <= len(entry["description"]) <= 256 for entry in commands):
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[str(params.get("language_code") or "")] = commands
        return True

    async def _chat_action(self, params: Json) -> bool:
        self._check_chat(params)
        return True

    # -- files -----------------------------------------------------------------------------------------------------

    async def _get_file(self, params: Json) -> Json:
        file_id = str(params.get("file_id"))
        if file_id not in self.files:
            raise bad("wrong file_id or the file is temporarily unavailable")
        name, content = self.files[file_id]
        if len(content) > LARGEST_FILE:
            raise bad("file is too big")
        path = f"documents/{file_id}/{name}"
        return {"file_id": file_id, "file_unique_id": file_id[-8:], "file_size": len(content), "file_path": path}

    async def _hand_out(self, request: web.Request) -> web.Response:
        file_id = request.match_info["path"].split("/")[1]
        if request.match_info["token"] != self.token or file_id not in self.files:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        return web.Response(body=self.files[file_id][1])

    # -- control from another process ------------------------------------------------------------------------------

    async def _control(self, request: web.Request) -> web.Response:
        what, query = request.match_info["what"], request.query
        if what == "sent":
            return web.json_response([asdict(sent) for sent in self.sent[int(query.get("after", 0)) :]])
        if what == "state":
            pending = [update["update_id"] for update in self.updates]
            told = {"pending": pending, "polls": len(self.polls), "offset": max(self.polls, default=0)}
            return web.json_response(told | {"violations": self.violations, "webhook_statuses": self.webhook_statuses})
        if what == "file":
            return web.json_response({"file_id": self.add_file(await request.read(), query.get("name", "file"))})
        if what == "reset":
            self.reset()
            return web.json_response({})
        given = await request.json()
        if what == "fault":
            self.fault(**given)
            return web.json_response({})
        if what == "push":
            pushed = [self.push(update) for update in given.get("updates", [])]
            pushed += [self.say(**saying) for saying in given.get("say", [])]
            pushed += [self.press(**pressing) for pressing in given.get("press", [])]
            return web.json_response(pushed)
        raise web.HTTPNotFound


async def _params(request: web.Request) -> Json:
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        return {**params, **await request.json()}
    return params | dict(await request.post())


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _chat(params: Json) -> int | str:
    given = str(params.get("chat_id", ""))
    return int(given) if given.removeprefix("-").isdecimal() else given


if __name__ == "__main__":
    asyncio.run(BotApi(*sys.argv[2:3]).serve(int(sys.argv[1])))
