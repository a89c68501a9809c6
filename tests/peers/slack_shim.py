"""Slack on loopback: the Web API (in memory, or passed on to `emulate`), Socket Mode, faults, and people who act.

Stand-alone: `python -m tests.peers.slack_shim PORT [EMULATE_URL]`; then `POST /_test/envelope`, `POST /_test/fault`,
`GET /_test/calls`. In a test: `async with SlackShim() as slack: …`.
"""

import asyncio
import contextlib
import itertools
import json
import sys
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import ClientSession, WSMsgType, web

from tests.peers.slack_memory import APP_TOKEN, BOT_TOKEN, BOT_USER, TEAM, MemorySlack, Refusal

Kind = Literal["limit", "error", "status", "silence", "late", "reset"]
"""limit: 429. error: `ok: false`. status: an HTTP error. silence: not done, no answer. late: done, no answer.
reset: done, connection cut."""


@dataclass
class Fault:
    """What goes wrong, how often: `times` calls of a method."""

    kind: Kind
    times: int = 1
    retry_after: int = 1
    code: str = "internal_error"
    status: int = 502


@dataclass
class Call:
    """One call as it came in."""

    method: str
    args: dict[str, Any]
    token: str


@dataclass
class SlackShim:
    """A server for one workspace. `upstream` empty: everything is answered from `memory`."""

    upstream: str = ""
    upstream_tokens: dict[str, str] = field(default_factory=dict)
    """Our token -> the token of the same person at the upstream."""
    memory: MemorySlack = field(default_factory=MemorySlack)
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    """User or channel id -> what to add to the upstream's answer about it."""
    bot_user: str = BOT_USER
    team: str = TEAM
    calls: list[Call] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    refused_sockets: int = 0
    """How many coming WebSocket connections are turned away, their tickets spent."""
    url: str = ""

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._tickets: set[str] = set()
        self._sockets: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._runner: web.AppRunner | None = None
        self.connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link/", self._link)
        app.router.add_post("/upload/v1/{key}", self._upload)
        app.router.add_get("/files-pri/{key}/{name}", self._file)
        app.router.add_post("/_test/envelope", self._test_envelope)
        app.router.add_post("/_test/fault", self._test_fault)
        app.router.add_get("/_test/calls", self._test_calls)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.memory.base = self.url

    async def stop(self) -> None:
        for socket in list(self._sockets):
            await socket.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def api(self) -> str:
        """The base URL of the Web API."""
        return self.url + "/api/"

    def named(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    # What people do

    async def say(self, person: str, chat: str, text: str, thread_ts: str = "", **more: Any) -> dict[str, Any]:
        """Somebody writes; the app gets the `message` and, where it is mentioned, the `app_mention`, as from Slack."""
        message = self.memory.post(chat, person, text, thread_ts, **more)
        await self.deliver(message)
        return message

    async def deliver(self, message: dict[str, Any]) -> list[dict[str, Any] | None]:
        """Deliver the events of a message; returns their acknowledgements."""
        kind = "im" if message["channel"].startswith("D") else "channel"
        known = ("type", "subtype", "user", "text", "ts", "thread_ts", "files", "channel", "bot_id")
        event = {key: message[key] for key in known if message.get(key)} | {"event_ts": message["ts"]}
        events = [{**event, "channel_type": kind}]
        if f"<@{self.bot_user}>" in message["text"] and kind != "im":
            events.append({**event, "type": "app_mention"})
        return [await self.event(each) for each in events]

    async def event(self, event: dict[str, Any], event_id: str = "", **more: Any) -> dict[str, Any] | None:
        """Deliver one event; returns its acknowledgement, None when there was none."""
        payload = {
            "type": "event_callback",
            "team_id": self.team,
            "api_app_id": "A0RAPPORT1",
            "event": event,
            "event_id": event_id or f"Ev{next(self._ids):09}",
            "event_time": int(float(event.get("event_ts") or 0)),
            "authorizations": [{"team_id": self.team, "user_id": self.bot_user, "is_bot": True}],
            "is_ext_shared_channel": False,
        }
        return await self.push("events_api", payload, **more)

    async def command(self, person: str, chat: str, text: str) -> dict[str, Any] | None:
        """Somebody types /crm."""
        payload = {
            "command": "/crm",
            "text": text,
            "user_id": person,
            "channel_id": chat,
            "team_id": self.team,
            "trigger_id": f"{next(self._ids)}.77.command",
            "response_url": f"{self.url}/respond",
        }
        return await self.push("slash_commands", payload)

    async def press(self, person: str, chat: str, ts: str, value: str) -> dict[str, Any] | None:
        """Somebody presses the button of this value; raises `LookupError` when the message has no such button."""
        shown = self.memory.find(chat, ts) or {}
        elements = [each for block in shown.get("blocks") or () for each in block.get("elements") or ()]
        button = next((each for each in elements if each.get("value") == value), None)
        if button is None:
            raise LookupError(f"no button {value} in {chat} {ts}")
        return await self.press_raw(person, chat, shown, button)

    async def press_raw(
        self, person: str, chat: str, shown: dict[str, Any], button: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Somebody presses a button of a message that is given whole."""
        payload = {
            "type": "block_actions",
            "user": {"id": person, "team_id": self.team},
            "team": {"id": self.team},
            "channel": {"id": chat},
            "container": {"type": "message", "message_ts": shown["ts"], "channel_id": chat, "is_ephemeral": False},
            "message": shown,
            "trigger_id": f"{next(self._ids)}.77.press",
            "actions": [{**button, "action_ts": self.memory.ts(), "type": "button"}],
        }
        return await self.push("interactive", payload)

    async def push(
        self, kind: str, payload: dict[str, Any], patience: float = 3.0, retry: int = 0
    ) -> dict[str, Any] | None:
        """Send one envelope on the newest socket and wait for its acknowledgement; None when it does not come."""
        await asyncio.wait_for(self.connected.wait(), 5)
        envelope_id = f"envelope-{next(self._ids)}"
        future = self._acks[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {
            "type": kind,
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        await self._sockets[-1].send_json(envelope)
        try:
            return await asyncio.wait_for(future, patience)
        except TimeoutError:
            return None
        finally:
            self._acks.pop(envelope_id, None)

    async def drop_sockets(self, warn: bool = True) -> None:
        """End the connections: announced, as Slack does every few hours, or abruptly."""
        self.connected.clear()
        for socket in list(self._sockets):
            if warn:
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
            else:
                await socket.close()

    # What the server answers

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method, args = request.match_info["method"], await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.calls.append(Call(method, args, token))
        fault = self.faults.get(method)
        if fault and fault.times > 0:
            fault.times -= 1
            return await self._fail(request, fault, method, args, token)
        return web.json_response(await self._answer(method, args, token))

    async def _fail(
        self, request: web.Request, fault: Fault, method: str, args: dict[str, Any], token: str
    ) -> web.StreamResponse:
        if fault.kind == "limit":
            answer = {"ok": False, "error": "ratelimited"}
            return web.json_response(answer, status=429, headers={"Retry-After": str(fault.retry_after)})
        if fault.kind == "error":
            return web.json_response({"ok": False, "error": fault.code})
        if fault.kind == "status":
            return web.Response(text="<html>upstream</html>", content_type="text/html", status=fault.status)
        if fault.kind in ("late", "reset"):
            await self._answer(method, args, token)
        if fault.kind == "reset":
            assert request.transport is not None
            request.transport.abort()
        else:
            await asyncio.sleep(30)
        return web.Response()

    async def _answer(self, method: str, args: dict[str, Any], token: str) -> dict[str, Any]:
        if method == "apps.connections.open" and token == APP_TOKEN:
            ticket = f"ticket-{next(self._ids)}"
            self._tickets.add(ticket)
            return {"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}/link/?ticket={ticket}"}
        if self.upstream and method not in ("usergroups.users.list", "apps.connections.open"):
            return await self.ask_upstream(method, args, self.upstream_tokens.get(token, token))
        try:
            return self.memory.call(method, args, token)
        except Refusal as refusal:
            return refusal.answer

    async def ask_upstream(self, method: str, args: dict[str, Any], token: str) -> dict[str, Any]:
        """emulate knows POST with a body only, where the SDK sends GET or a query; JSON suits all its methods."""
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            ClientSession() as session,
            session.post(f"{self.upstream}/api/{method}", json=args, headers=headers) as answer,
        ):
            found: dict[str, Any] = await answer.json(content_type=None)
        for kind in ("user", "channel"):
            if isinstance(found.get(kind), dict) and found[kind].get("id") in self.flags:
                found[kind].update(self.flags[found[kind]["id"]])
        return found

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        if not known or self.refused_sockets > 0:
            self.refused_sockets -= known
            return web.Response(status=404)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": len(self._sockets), "debug_info": {}})
        self.connected.set()
        async for message in socket:
            if message.type == WSMsgType.TEXT and message.data.startswith("{"):
                self._acknowledged(json.loads(message.data))
        self._sockets.remove(socket)
        return socket

    def _acknowledged(self, ack: dict[str, Any]) -> None:
        future = self._acks.get(ack.get("envelope_id", ""))
        if future and not future.done():
            future.set_result(ack)

    async def _upload(self, request: web.Request) -> web.Response:
        self.memory.contents[request.match_info["key"]] = await request.read()
        return web.Response(text="OK")

    async def _file(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return web.Response(status=302, headers={"Location": "https://slack.com/signin"})
        content = self.memory.contents.get(request.match_info["key"])
        return web.Response(status=404) if content is None else web.Response(body=content, content_type="image/png")

    async def _test_envelope(self, request: web.Request) -> web.Response:
        asked = await request.json()
        ack = await self.push(asked["type"], asked["payload"], retry=asked.get("retry", 0))
        return web.json_response(ack or {"error": "no acknowledgement in 3 s"}, status=200 if ack else 504)

    async def _test_fault(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.faults[asked.pop("method")] = Fault(**asked)
        return web.json_response({})

    async def _test_calls(self, request: web.Request) -> web.Response:
        return web.json_response([{"method": call.method, "args": call.args} for call in self.calls])


async def _arguments(request: web.Request) -> dict[str, Any]:
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and await request.read():
        args |= await request.json()
    else:
        args |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    for key in ("blocks", "files"):
        if isinstance(args.get(key), str):
            args[key] = json.loads(args[key])
    return args


async def _serve(port: int, upstream: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        shim = SlackShim(upstream=upstream.rstrip("/"))
        await shim.start(port)
        stack.push_async_callback(shim.stop)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
