"""Starts telemelya, a Bot API that nobody on this project wrote (webhook only), and plays the people who use it.

It lives in an environment of its own, `.venv-peers`, made from `requirements/peers.txt`. It never sends the secret
header that Telegram sends: `secret_proxy` stands in front of the bot and adds it.
"""

import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from aiohttp import web

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
TOKEN = "123456789:telemelya-takes-any-token"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
READY_S = 60


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Telemelya:
    """A running server, and one person who talks with the bot through it."""

    def __init__(self, url: str, session: str, chat_id: int) -> None:
        self.url, self.session, self.chat_id = url, session, chat_id
        self._web = httpx.AsyncClient(
            base_url=f"{url}/api/v1/test",
            headers={"X-Test-Session": session, "Authorization": "Bearer any"},
            timeout=20,
        )

    async def update(self, **said: Any) -> int:
        """Let the person say or press something; the HTTP status the bot's webhook answered."""
        answer = await self._web.post(
            "/send_update", params={"bot_token": TOKEN}, json={"chat_id": self.chat_id, **said}
        )
        answer.raise_for_status()
        # Whatever the bot answered, telemelya calls it delivered: only the status tells.
        return int(answer.json()["delivery"]["status_code"])

    async def upload(self, content: bytes, name: str, media_type: str) -> str:
        """Upload a file for a later update; its file_id."""
        answer = await self._web.post(
            "/upload_media", params={"session_id": self.session}, files={"file": (name, content, media_type)}
        )
        answer.raise_for_status()
        return str(answer.json()["file_id"])

    async def responses(self) -> list[dict[str, Any]]:
        """What the bot did in this session, in order."""
        answer = await self._web.get("/responses", params={"session_id": self.session})
        answer.raise_for_status()
        return list(answer.json()["responses"])

    async def close(self) -> None:
        await self._web.aclose()


@contextmanager
def running() -> Iterator[str]:
    """Stores and server, until the block ends; the server's address."""
    redis, s3, port = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MOCK_SERVER_HOST": "127.0.0.1",
        "MOCK_SERVER_PORT": str(port),
        "MOCK_SERVER_URL": url,
        "REDIS_URL": f"redis://127.0.0.1:{redis}/0",
        "MINIO_ENDPOINT": f"127.0.0.1:{s3}",
    }
    stores = subprocess.Popen(
        [str(PYTHON), str(Path(__file__).with_name("telemelya_stores.py")), str(redis), str(s3)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert stores.stdout
    try:
        assert b"ready\n" in stores.stdout, "telemelya's stores did not start"  # reads line by line until it comes
        server = subprocess.Popen(
            [str(PYTHON), "-m", "telemelya.server.app"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(url, server)
            yield url
        finally:
            server.terminate()
            server.wait(10)
    finally:
        stores.terminate()
        stores.communicate(timeout=10)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"telemelya ended with {server.returncode} before it was ready")
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"telemelya was not ready after {READY_S} s")


@asynccontextmanager
async def secret_proxy(target: str, secret: str) -> AsyncIterator[str]:
    """An address that hands every POST on to `target` with the secret header, as Telegram would send it."""

    async def hand_on(request: web.Request) -> web.Response:
        headers = {HEADER: secret, "Content-Type": request.content_type}
        async with aiohttp.ClientSession() as session:
            body = await request.read()
            async with session.post(target + request.path, data=body, headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read())

    app = web.Application()
    app.router.add_post("/{path:.*}", hand_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()
