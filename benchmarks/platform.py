"""A platform that takes every message at once and remembers when: what the benchmarks talk through."""

import itertools
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from bot.app import App, Parts, build_app
from bot.channels import Bridges
from bot.channels.base import Channel, Pace, Receive
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing, Sender
from config.settings import Settings
from crm_core.models import Product
from crm_core.sample.business import load_sample


class FakePlatform:
    """A channel without a network. `sent` holds (chat, answer's text, monotonic time)."""

    name: ClassVar[str] = "telegram"
    account = "1"
    pace = Pace(0.0, 0.0)

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, float]] = []
        self.outgoing: list[Outgoing] = []
        self._count = itertools.count(1)
        self._lock = threading.Lock()

    async def start(self, receive: Receive) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, outgoing: Outgoing) -> str:
        """Take it."""
        with self._lock:
            self.sent.append((outgoing.chat_id, outgoing.reply.text, time.monotonic()))
            self.outgoing.append(outgoing)
            return f"{self.name}-{next(self._count)}"

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """No files here."""
        return b""

    def health(self) -> dict[str, Any]:
        """Always well."""
        return {"state": "connected"}

    def queue_chat(self) -> str:
        """No staff here, so that the assistant answers everything itself."""
        return ""

    def groups_of(self, user: str) -> frozenset[str]:
        """No groups."""
        return frozenset()

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """No live views."""


def sample_app(folder: Path) -> tuple[App, FakePlatform]:
    """The whole product on the sample business in `folder`, with a fake platform as its only channel."""
    platform = FakePlatform()

    def channels(settings: Settings, bridges: Bridges) -> Mapping[str, Channel]:
        return {platform.name: platform}

    app = build_app(Settings(data_dir=folder), Parts(channels=channels))
    load_sample(app.store, today=datetime.now(UTC).date())
    return app, platform


def questions(app: App, count: int) -> list[str]:
    """Customers' questions in both languages, each naming a product so that its answer can be told from others."""
    with app.store.read() as session:
        products = session.query(Product).order_by(Product.sku).all()
    forms = ("is the {en} in stock?", "{zh}还有货吗", "how much is the {en}", "{zh}多少钱", "{zh} 有货吗 thanks")
    made = []
    for number in range(count):
        product = products[number % len(products)]
        made.append(forms[number % len(forms)].format(en=product.name_en, zh=product.name_zh))
    return made


def message(number: int, chat: str, text: str) -> IncomingMessage:
    """One private message."""
    return IncomingMessage(
        channel="telegram",
        account="1",
        delivery_id=str(number),
        chat_id=chat,
        message_id=str(number),
        sender=Sender(external_id=chat, name=f"Visitor {chat}"),
        sent_at=datetime.now(UTC),
        text=text,
    )
