"""Over a real socket: streams, their ends, and a server that stops although pages are open."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from bot.channels.web import WebChannel
from bot.messages import IncomingMessage, Outgoing, Reply
from bot.web.app import create_app
from bot.web.services import WebServices
from tests.bot.web.conftest import SAME_SITE
from tests.bot.web.live import serving


@pytest.fixture
def url(web: WebChannel, services: WebServices) -> Iterator[str]:
    async def echo(message: IncomingMessage) -> bool:
        reply = Reply(text=f"You said: {message.text}\nand more")
        await web.send(Outgoing(channel="web", account="web", chat_id=message.chat_id, reply=reply))
        return True

    with serving(create_app(services), web, echo) as address:
        yield address


@contextmanager
def stream(client: httpx.Client, pane: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    with client.stream("GET", f"/api/panes/{pane}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield (json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: "))


def say(client: httpx.Client, text: str) -> None:
    body = {"client_id": str(uuid.uuid4()), "text": text}
    client.post("/api/panes/customer/messages", json=body, headers=SAME_SITE).raise_for_status()


def test_all_tabs_of_a_visitor_see_the_same(url: str) -> None:
    with httpx.Client(base_url=url, timeout=10) as client:
        client.get("/api/session")
        with stream(client, "customer") as one, stream(client, "all") as two:
            assert next(one)["type"] == next(two)["type"] == "ready"
            say(client, "hello 你好")
            seen = [[next(tab), next(tab)] for tab in (one, two)]
        assert seen[0] == seen[1]
        texts = {event.get("text") or event["reply"]["text"] for event in seen[0]}
        assert texts == {"hello 你好", "You said: hello 你好\nand more"}


def test_a_reloaded_page_gets_what_was_kept_and_a_lost_one_what_it_missed(url: str) -> None:
    with httpx.Client(base_url=url, timeout=10) as client:
        client.get("/api/session")
        say(client, "first")
        with stream(client, "customer") as reloaded:
            kept = [next(reloaded), next(reloaded), next(reloaded)]
        assert [event["type"] for event in kept] == ["message", "message", "ready"]
        say(client, "second")
        with stream(client, "customer", **{"Last-Event-ID": kept[1]["event_id"]}) as resumed:
            missed = [next(resumed), next(resumed), next(resumed)]
        assert [event["type"] for event in missed] == ["message", "message", "ready"]
        assert "second" in json.dumps(missed)
        assert "first" not in json.dumps(missed)


def test_another_visitor_sees_nothing_of_it(url: str) -> None:
    with httpx.Client(base_url=url, timeout=10) as mine, httpx.Client(base_url=url, timeout=10) as other:
        mine.get("/api/session")
        other.get("/api/session")
        with stream(other, "customer") as watched:
            assert next(watched)["type"] == "ready"
            say(mine, "CANARY")
            say(other, "mine")
            assert "CANARY" not in json.dumps([next(watched), next(watched)])


def test_streams_are_bounded_and_given_back(url: str, web: WebChannel) -> None:
    with httpx.Client(base_url=url, timeout=10) as client:
        client.get("/api/session")
        opened = [
            client.send(client.build_request("GET", "/api/panes/customer/events"), stream=True) for _ in range(13)
        ]
        assert [answer.status_code for answer in opened] == [200] * 12 + [429]
        assert opened[-1].headers["Retry-After"] == "10"
        for answer in opened:
            answer.close()
        for _ in range(200):
            if web.health()["streams"] == 0:
                break
            client.get("/healthz")
        assert web.health()["streams"] == 0


def test_the_server_stops_although_a_page_is_open(web: WebChannel, services: WebServices) -> None:
    async def receive(message: IncomingMessage) -> bool:
        return True

    with httpx.Client(timeout=10) as client:
        with serving(create_app(services), web, receive) as url:
            client.get(f"{url}/api/session")
            answer = client.send(client.build_request("GET", f"{url}/api/panes/customer/events"), stream=True)
            assert answer.status_code == 200
        answer.read()  # the stream was ended, not cut
