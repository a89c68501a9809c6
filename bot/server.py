"""Serves the whole product from one process: channels, answers, the web, the schedule."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
import uvicorn
import yaml
from sqlalchemy import func, select

from bot.app import App
from bot.channels.web import QUEUE, WebChannel
from bot.meanings import menu
from bot.metrics import Metrics
from bot.playground import correct
from bot.trace import trace
from bot.web.app import create_app
from bot.web.server import create_server
from bot.web.services import StoredFile, WebServices
from config.settings import FOLDER
from crm_core.errors import NotFound
from crm_core.models import Attachment, Conversation, Customer
from crm_core.shop import apply_shop_update

log = structlog.get_logger(__name__)


def web_services(app: App, metrics: Metrics) -> WebServices:
    """What the web routes get of the product."""
    settings = app.settings
    web = app.channels.get("web")
    telegram = app.channels.get("telegram")
    return WebServices(
        health=app.health,
        metrics=metrics.text,
        business_name=settings.business.name_en,
        public_url=settings.web.public_url,
        embed_origins=settings.web.embed_origins,
        web=web if isinstance(web, WebChannel) else None,
        playground=not settings.has_tokens and isinstance(web, WebChannel),
        playground_info=lambda: _playground_info(app),
        trace=lambda channel, chat_id, message_id: trace(app.store, channel, chat_id, message_id),
        correct=(lambda *given: correct(app, web, *given)) if isinstance(web, WebChannel) else None,
        thread_states=lambda threads: _thread_states(app, threads),
        read_file=lambda attachment_id: _stored_file(app, attachment_id),
        shop_update=lambda payload: _shop(app, payload),
        shop_token=settings.web.shop_token,
        unsubscribe=app.unsubscribing.stop,
        telegram_webhook=getattr(telegram, "webhook", None),
    )


async def serve(app: App, ready: Callable[[str], None], background: Sequence[Callable[[], None]] = ()) -> None:
    """Run until asked to stop. `ready` is told the address once everything answers.

    Args:
        background: closed at the end (the schedule).
    """
    web = app.channels.get("web")
    server = create_server(
        create_app(web_services(app, Metrics(app))),
        host=app.settings.web.host,
        port=app.settings.web.port,
        web=web if isinstance(web, WebChannel) else None,
    )
    stopping = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await app.start()
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        ready(_address(server, app.settings.web.host))
        await asyncio.wait([serving, asyncio.create_task(stopping.wait())], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    for close in background:
        await asyncio.to_thread(close)
    await app.stop()


def _address(server: uvicorn.Server, host: str) -> str:
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://{'localhost' if host in ('127.0.0.1', '::1') else host}:{port}/"


def _shop(app: App, payload: dict[str, Any]) -> dict[str, Any]:
    business = app.settings.business
    return apply_shop_update(
        app.store, payload, clock=app.clock, region=business.region, zone=business.zone, currency=business.currency
    )


def _stored_file(app: App, attachment_id: int) -> StoredFile | None:
    with app.store.read() as session:
        row = session.get(Attachment, attachment_id)
        if row is None:
            return None
        name, media_type = row.name or row.kind, row.media_type
    try:
        return StoredFile(name, media_type, app.files.read(attachment_id))
    except NotFound:
        return None


def _thread_states(app: App, threads: Sequence[str]) -> Mapping[str, str]:
    with app.store.read() as session:
        query = select(Conversation.desk_thread_id, Conversation.state).where(
            Conversation.desk_channel == "web",
            Conversation.desk_chat_id == QUEUE,
            Conversation.desk_thread_id.in_(list(threads)),
        )
        return {thread: state for thread, state in session.execute(query) if thread}


def _playground_info(app: App) -> dict[str, Any]:
    business = app.settings.business
    info: dict[str, Any] = yaml.safe_load((FOLDER / "sample" / "playground.yml").read_text("utf-8"))
    return {
        "business": {"name_en": business.name_en, "name_zh": business.name_zh},
        "meanings": menu(app.services.phrases),
        **info,
    }


def is_empty(app: App) -> bool:
    """Whether no customer is stored yet."""
    with app.store.read() as session:
        return session.execute(select(func.count(Customer.id))).scalar_one() == 0
