"""A network on loopback that tests own: what was posted there, how it fails, and what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conftest import NOW

PAGE = 20


@dataclass(frozen=True, slots=True)
class Said:
    """One post as the network keeps it."""

    number: int
    at: datetime
    text: str
    broken: bool = False
    """Told in a form that the network never promised."""


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: what a voice says, or a failure put in its place."""

    body: bytes | str | dict | list
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class Network:
    """Newest first. `voice` turns a part of it into the answer of one network's API."""

    def __init__(self, voice: Callable[["Network", Asked], Told]) -> None:
        self.said: Sequence[Said] = []
        self.asked: list[Asked] = []
        self.instead: dict[int, Told] = {}
        """Number of a question, from 0 → what is answered in place of the truth."""
        self.ahead = timedelta(0)
        self.voice = voice
        self.url = ""
        self.pictured = False
        """Whether each post carries a picture."""

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        return self.instead.pop(len(self.asked) - 1, None) or self.voice(self, asked)

    # --- what people do ---------------------------------------------------------------------------------------------
    def post(self, count: int, since: datetime = NOW) -> None:
        """So many posts, a minute apart, the newest at `since`."""
        first = max((each.number for each in self.said), default=0) + 1
        new = [
            Said(number, since - timedelta(minutes=first + count - 1 - number), f"Said number {number}")
            for number in range(first, first + count)
        ]
        self.said = [*reversed(new), *self.said]

    def change(self, number: int, **values: object) -> None:
        self.said = [replace(each, **values) if each.number == number else each for each in self.said]

    def delete(self, number: int) -> None:
        self.said = [each for each in self.said if each.number != number]

    # --- for voices -------------------------------------------------------------------------------------------------
    def after(self, number: int | None, count: int = PAGE) -> tuple[list[Said], int | None]:
        """Posts older than a number, and where the next page begins; None at the end."""
        older = [each for each in self.said if number is None or each.number < number]
        return older[:count], older[count - 1].number if len(older) > count else None

    def picture(self, said: Said) -> str:
        """The address of what a post carries."""
        return f"{self.url}/pictures/large/{said.number}.jpg?signature=a"

    def told_at(self, said: Said) -> datetime:
        """By the network's clock."""
        return said.at + self.ahead


@contextmanager
def served(network: Network) -> Iterator[Network]:
    """The network on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = network.answer(Asked(parts.path, dict(parse_qsl(parts.query)), headers, body))
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(told.content)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.content)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return (NOW + network.ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    network.url = f"http://127.0.0.1:{server.server_port}"
    yield network
    server.shutdown()
    server.server_close()
    thread.join()
