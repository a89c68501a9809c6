"""uvicorn with what this application needs: bounded headers, no trust in proxies' words, an end that does not hang."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from bot.channels.web import WebChannel

SHUTDOWN_SECONDS = 10


class WebServer(uvicorn.Server):
    """Ends the open event streams first: otherwise uvicorn would wait for pages that never leave by themselves."""

    def __init__(self, config: uvicorn.Config, web: WebChannel | None) -> None:
        super().__init__(config)
        self._web = web

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the application: it stops more than this server."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close listeners and streams, then let what is being answered finish."""
        if self._web is not None:
            self._web.close_streams()
        await super().shutdown(sockets=sockets)


def create_server(app: FastAPI, *, host: str, port: int, web: WebChannel | None) -> WebServer:
    """Return a server to be awaited with `serve()`. Who asks is the socket's peer, never a forwarded header."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        h11_max_incomplete_event_size=32 * 1024,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return WebServer(config, web)
