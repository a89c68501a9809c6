"""A server on loopback that answers as a real Rasa did: from the recordings in tests/payloads/rasa/."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.peers.rasa import PAYLOADS, RECORDED, TOKEN


def recorded(name: str) -> dict[str, Any]:
    """One answer: status, content type, body."""
    loaded: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    return loaded


class Replay(ThreadingHTTPServer):
    """What it is told to do next, and what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        self.model: str | None = None
        """Set: the file it says is loaded."""
        self.refuses_models = False
        self.mute = threading.Event()
        """Set: connections are taken, and nothing is ever said."""
        self.stopping = threading.Event()

    def answer_to(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        """Choose the recording as Rasa would."""
        if path == "/version":
            return recorded("version")
        if query.get("token") != [TOKEN]:
            return recorded("refused")
        if self.refuses_models:
            return recorded("no_model")
        if path == "/status":
            told = recorded("status")
            if self.model:
                told["body"]["model_file"] = self.model
            return told
        try:
            text = json.loads(body)["text"]
        except (ValueError, KeyError):
            return recorded("bad_request")
        self.asked.append({"method": method, "path": path, "text": text})
        names = {asked: name for name, asked in RECORDED.items()}
        return recorded(f"parse_{names.get(text, 'outside')}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replay

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.server.mute.is_set():
            self.server.stopping.wait()
            return
        address = urlsplit(self.path)
        told = self.server.answer_to(self.command, address.path, parse_qs(address.query), body)
        content = json.dumps(told["body"]).encode()
        self.send_response(told["status"])
        self.send_header("content-type", told["content_type"])
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer


@contextmanager
def replaying() -> Iterator[Replay]:
    """A server for the length of a block."""
    server = Replay()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
