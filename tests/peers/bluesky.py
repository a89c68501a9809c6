"""Starts a whole Bluesky, of its own programs, and plays the people who write there."""

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.peers import node_programs

PROGRAM = Path(__file__).with_name("bluesky.mjs")
PASSWORD = "a-password-of-tests"
POST, LIKE = "app.bsky.feed.post", "app.bsky.feed.like"


def missing() -> str:
    """What prevents starting it, in words for a skipped test; empty when nothing does."""
    return node_programs.missing("@atproto/bsky", "@atproto/crypto", "@atproto/pds", "@did-plc/server", "pg")


@dataclass
class Bluesky:
    """`pds`: where accounts live and are written to; `app`: where they are read."""

    pds: str
    app: str
    process: "subprocess.Popen[str]"

    def settle(self) -> None:
        """Until everything that was written can be read."""
        assert self.process.stdin
        assert self.process.stdout
        print(file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "settled\n"

    def join(self, name: str) -> "Person":
        """A new account, `<name>.test`."""
        given = {"handle": f"{name}.test", "email": f"{name}@example.com", "password": PASSWORD}
        answer = _asked(self.pds, "com.atproto.server.createAccount", given)
        return Person(self.pds, answer["did"], answer["handle"], {"Authorization": f"Bearer {answer['accessJwt']}"})


@dataclass
class Person:
    """Somebody with an account. What is written gets back the address and the exact version of it."""

    pds: str
    did: str
    handle: str
    headers: dict[str, str] = field(repr=False)

    def say(self, text: str, at: datetime, below: dict[str, str] | None = None) -> dict[str, str]:
        """A post, or an answer; the one at the top of the thread is taken to be what is answered."""
        record = _post(text, at)
        if below:
            record["reply"] = {"root": below.get("root", below), "parent": _ref(below)}
        made = self._ask("createRecord", collection=POST, record=record)
        return {"uri": made["uri"], "cid": made["cid"], "root": record["reply"]["root"]} if below else _ref(made)

    def say_much(self, texts: list[str], times: list[datetime]) -> None:
        """Many posts at once."""
        writes = [
            {"$type": "com.atproto.repo.applyWrites#create", "collection": POST, "value": _post(text, at)}
            for text, at in zip(texts, times, strict=True)
        ]
        self._ask("applyWrites", writes=writes)

    def like(self, what: dict[str, str], at: datetime) -> None:
        record = {"$type": LIKE, "subject": _ref(what), "createdAt": _iso(at)}
        self._ask("createRecord", collection=LIKE, record=record)

    def change(self, what: dict[str, str], text: str, at: datetime) -> None:
        self._ask("putRecord", collection=POST, rkey=_key(what), record=_post(text, at))

    def delete(self, what: dict[str, str]) -> None:
        self._ask("deleteRecord", collection=POST, rkey=_key(what))

    def record(self, uri: str) -> dict[str, Any]:
        """What the account's own server holds."""
        query = {"repo": self.did, "collection": POST, "rkey": uri.rpartition("/")[2]}
        answer = httpx.get(f"{self.pds}/xrpc/com.atproto.repo.getRecord", params=query, timeout=20)
        answer.raise_for_status()
        return dict(answer.json()["value"])

    def records(self) -> list[dict[str, Any]]:
        """All posts and answers, as the account's own server holds them."""
        query = {"repo": self.did, "collection": POST}
        answer = httpx.get(f"{self.pds}/xrpc/com.atproto.repo.listRecords", params=query, timeout=20)
        answer.raise_for_status()
        return list(answer.json()["records"])

    def app_password(self) -> str:
        """A password for programs."""
        made = _asked(self.pds, "com.atproto.server.createAppPassword", {"name": "rapport"}, self.headers)
        return str(made["password"])

    def _ask(self, method: str, **given: Any) -> Any:
        return _asked(self.pds, f"com.atproto.repo.{method}", {"repo": self.did, **given}, self.headers)


def _asked(server: str, method: str, given: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    answer = httpx.post(f"{server}/xrpc/{method}", json=given, headers=headers, timeout=20)
    assert answer.is_success, answer.text
    return answer.json()


def _post(text: str, at: datetime) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": _iso(at), "langs": ["en"]}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ref(what: dict[str, str]) -> dict[str, str]:
    return {"uri": what["uri"], "cid": what["cid"]}


def _key(what: dict[str, str]) -> str:
    return what["uri"].rpartition("/")[2]


@contextlib.contextmanager
def running(postgres: str) -> Iterator[Bluesky]:
    """All of it, until the block ends, on an empty database."""
    folder = tempfile.mkdtemp(prefix="rapport-bluesky-")
    process = subprocess.Popen(
        ["node", str(PROGRAM), str(node_programs.MODULES), folder, postgres],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PATH": _path(), "LOG_ENABLED": "0", "NODE_NO_WARNINGS": "1"},
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    try:
        said = process.stdout.readline()
        if not said:
            raise RuntimeError(f"Bluesky did not start: {process.stderr.read()[-2000:]}")
        where = json.loads(said)
        yield Bluesky(where["pds"], where["app"], process)
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)


def _path() -> str:
    node = shutil.which("node")
    assert node, missing()
    return str(Path(node).parent)
