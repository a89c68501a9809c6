"""Networks on loopback that are written to, in the shapes that their documents show; they keep what they were told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.contracts.networks import Told


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a network was told or asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Hearing:
    """A network that listens. `instead`: answers to the next tellings, in place of the truth; `posts`: what it has."""

    answer: Callable[["Hearing", Heard], Told]
    heard: list[Heard] = field(default_factory=list)
    instead: list[Told] = field(default_factory=list)
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    @property
    def told(self) -> list[Heard]:
        """What was said, without asking for what is needed to say it."""
        return [each for each in self.heard if each.method == "POST" and "createSession" not in each.path]

    def hear(self, heard: Heard) -> Told:
        self.heard.append(heard)
        if heard in self.told and self.instead:
            return self.instead.pop(0)
        return self.answer(self, heard)


def mastodon(network: Hearing, heard: Heard) -> Told:
    if heard.path == "/api/v2/search":
        found = [{"id": "900", "uri": heard.query["q"]}] if "gone" not in heard.query["q"] else []
        return Told({"statuses": found, "accounts": [], "hashtags": []})
    key = heard.headers["idempotency-key"]
    status = network.posts.setdefault(key, {"id": str(1000 + len(network.posts)), **heard.body})
    uri = f"https://social.example/users/shop/statuses/{status['id']}"
    return Told({"id": status["id"], "uri": uri, "url": f"https://social.example/@shop/{status['id']}"})


def bluesky(network: Hearing, heard: Heard) -> Told:
    name = heard.path.rpartition("/")[2]
    if name == "com.atproto.server.createSession":
        if heard.body != {"identifier": "shop.example", "password": "write-secret"}:
            return Told({"error": "AuthenticationRequired"}, 401)
        return Told({"accessJwt": "jwt", "refreshJwt": "r", "did": "did:plc:shop", "handle": "shop.example"})
    if heard.headers.get("authorization") != "Bearer jwt":
        return Told({"error": "AuthMissing"}, 401)
    if name == "com.atproto.identity.resolveHandle":
        known = heard.query["handle"] == "mei.example"
        return Told({"did": "did:plc:mei"}) if known else Told({"error": "InvalidRequest"}, 400)
    if name == "com.atproto.repo.getRecord":
        uri = f"at://{heard.query['repo']}/{heard.query['collection']}/{heard.query['rkey']}"
        if heard.query["rkey"] == "gone":
            return Told({"error": "RecordNotFound"}, 400)
        return Told({"uri": uri, "cid": "bafyparent", "value": {"text": "said", "reply": None}})
    uri = f"at://{heard.body['repo']}/{heard.body['collection']}/{heard.body['rkey']}"
    network.posts[uri] = heard.body["record"]
    return Told({"uri": uri, "cid": "bafymade"})


def facebook(network: Hearing, heard: Heard) -> Told:
    number = f"1_{len(network.posts)}"
    network.posts[number] = heard.body
    return Told({"id": number})


def x(network: Hearing, heard: Heard) -> Told:
    number = str(5000 + len(network.posts))
    network.posts[number] = heard.body
    return Told({"data": {"id": number, "text": heard.body["text"], "edit_history_tweet_ids": [number]}}, 201)


def linkedin(network: Hearing, heard: Heard) -> Told:
    number = f"urn:li:share:{len(network.posts)}"
    network.posts[number] = heard.body
    if heard.path.startswith("/rest/socialActions/"):
        root = heard.body["object"]
        return Told({"id": "77", "commentUrn": f"urn:li:comment:({root},77)", "actor": heard.body["actor"]}, 201)
    return Told(b"", 201, {"x-restli-id": number})


def weibo(network: Hearing, heard: Heard) -> Told:
    number = 4400 + len(network.posts)
    network.posts[str(number)] = heard.body
    return Told({"id": number, "idstr": str(number), "text": "…", "user": {"id": 12, "screen_name": "shop"}})


HEARERS = {
    "mastodon": mastodon, "bluesky": bluesky, "facebook": facebook, "x": x, "linkedin": linkedin, "weibo": weibo,
}  # fmt: skip


@contextmanager
def hearing(name: str) -> Iterator[Hearing]:
    """A network that listens on a free port of this machine."""
    network = Hearing(HEARERS[name])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
            self._answer(dict(parse_qsl(content)) if form else json.loads(content))

        def _answer(self, body: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)
            told = network.hear(heard)
            self.send_response(told.status)
            for key, value in {"Content-Length": str(len(told.content)), **told.headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(told.content)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    network.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield network
    server.shutdown()
    server.server_close()
    thread.join()
