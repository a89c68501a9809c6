"""A web channel that remembers what it received, and clients in front of its application."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.channels.web import WebChannel
from bot.messages import IncomingMessage
from bot.web.app import create_app
from bot.web.services import CannotCorrect, StoredFile, WebServices

KEY = b"a test key of 32 bytes, no secret"
LOCAL = "http://localhost:8080"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Intake:
    """Stands for the intake: keeps messages, recognises repeats by delivery id, fails when told to."""

    messages: list[IncomingMessage] = field(default_factory=list)
    failure: Exception | None = None

    async def receive(self, message: IncomingMessage) -> bool:
        if self.failure:
            raise self.failure
        if message.delivery_id in {each.delivery_id for each in self.messages}:
            return False
        self.messages.append(message)
        return True


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def web(tmp_path: Path, clock: Clock) -> WebChannel:
    return WebChannel(key=KEY, spool=tmp_path / "spool", clock=clock, playground=True)


def _correct(chat_id: str, message_id: str, label: str) -> dict[str, str]:
    if message_id != "m1" or label not in ("complaint", ""):
        raise CannotCorrect("There is no such message of a customer (any more).")
    return {"label": label}


@pytest.fixture
def services(web: WebChannel) -> WebServices:
    files = {7: StoredFile("chart.png", "image/png", b"\x89PNG\r\n\x1a\n...")}
    return WebServices(
        health=lambda: {"ok": True, "channels": {"web": web.health()}},
        metrics=lambda: b"rapport_messages_total 3\n",
        business_name="Juniper & Crane",
        web=web,
        playground=True,
        playground_info=lambda: {"try": {"customer": ["hello"]}},
        trace=lambda channel, chat_id, message_id: (
            {"understood": {"intent": "greeting"}} if message_id == "m1" else None
        ),
        correct=_correct,
        read_file=files.get,
    )


Open = Callable[..., TestClient]


@pytest.fixture
def open_client(intake: Intake) -> Iterator[Open]:
    """Return a function that opens a started client: of this machine's browser, unless told otherwise."""
    opened: list[TestClient] = []

    def open_one(services: WebServices, base_url: str = LOCAL, peer: str = "127.0.0.1") -> TestClient:
        client = TestClient(
            create_app(services), base_url=base_url, client=(peer, 50000), raise_server_exceptions=False
        )
        client.__enter__()
        opened.append(client)
        assert services.web is None or client.portal is not None
        if services.web is not None and client.portal is not None:
            client.portal.call(services.web.start, intake.receive)
        return client

    yield open_one
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(open_client: Open, services: WebServices) -> TestClient:
    return open_client(services)


def begin(client: TestClient) -> str:
    """Open a session and return its chat."""
    return str(client.get("/api/session").json()["chat_id"])


def say(client: TestClient, text: str = "hello", pane: str = "customer", **more: Any) -> Any:
    """Post a message as the page does."""
    body = {"client_id": str(uuid.uuid4()), "kind": "text", "text": text, **more}
    return client.post(f"/api/panes/{pane}/messages", json=body, headers=SAME_SITE)
