"""A real server on loopback in a thread: what streams and browsers need, and a test client cannot do."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from bot.channels.base import Receive
from bot.channels.web import WebChannel
from bot.web.server import create_server


@contextmanager
def serving(app: FastAPI, web: WebChannel, receive: Receive) -> Iterator[str]:
    """Yield the address of the app, served on a free port, with the channel started on the server's loop."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = create_server(app, host="127.0.0.1", port=0, web=web)
    ready = threading.Event()

    async def run() -> None:
        await web.start(receive)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        ready.set()
        await task
        await web.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"
