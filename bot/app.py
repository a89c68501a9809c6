"""The only composition root: `build_app` puts the product together from the settings, and nothing else does."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from bot.assistant import Assistant
from bot.channels import Bridges, build_channels
from bot.channels.base import Channel, ChannelUnavailable, RetryLater, Unclear
from bot.delivery import Delivery
from bot.dispatch import InMemoryDispatch
from bot.erasures import Erasures
from bot.files import Files
from bot.handover import Desk, Place
from bot.intake import Intake
from bot.messages import IncomingAttachment, IncomingMessage, Outgoing
from bot.names import KnownNames
from bot.phrases import Phrases
from bot.picture_reading import Pictures
from bot.staff import StaffRoll
from bot.templates import templates
from bot.turns import Services
from bot.unsubscribing import Unsubscribing
from bot.voice_reading import Voices
from config.settings import FOLDER, Settings, StaffEntry
from crm_core import mailboxes
from crm_core.database import Store, open_store
from crm_core.names import NameIndex
from crm_core.playbooks import playbooks
from crm_core.staff.roles import granted
from crm_core.voices.transcribing import Transcriber, missing
from nlu.gist import telling
from nlu.interpreter import Interpreter, build_interpreter
from nlu.knowledge import KnowledgeBase

log = structlog.get_logger(__name__)

SEND_SECONDS = 90


@dataclass
class Loop:
    """Bridge from the plain threads to the event loop that the channels live in."""

    running: asyncio.AbstractEventLoop | None = None

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the loop and wait for its result, from any other thread."""
        if self.running is None:
            work.close()
            raise RetryLater("The channels are not started yet.", 1.0)
        waiting = asyncio.run_coroutine_threadsafe(work, self.running)
        try:
            return waiting.result(SEND_SECONDS)
        except TimeoutError:
            waiting.cancel()
            raise Unclear(f"No answer within {SEND_SECONDS} s.") from None


@dataclass
class App:
    """Everything that runs in one process, put together and not started yet."""

    settings: Settings
    store: Store
    channels: Mapping[str, Channel]
    intake: Intake
    dispatch: InMemoryDispatch
    assistant: Assistant
    delivery: Delivery
    erasures: Erasures
    files: Files
    services: Services
    names: KnownNames
    loop: Loop
    clock: Callable[[], datetime]
    unsubscribing: Unsubscribing
    roll: StaffRoll
    unavailable: dict[str, str] = field(default_factory=dict)
    """Channels that could not start, with the reason and the fix."""

    async def start(self) -> None:
        """Connect the channels (who is staff is asked of them), then answer and deliver, first what was left over."""
        self.loop.running = asyncio.get_running_loop()
        await asyncio.gather(*(self._connect(name, channel) for name, channel in self.channels.items()))
        await asyncio.to_thread(self.start_work)

    async def _connect(self, name: str, channel: Channel) -> None:
        """Start one channel. One that fails does not stop the rest."""
        try:
            await channel.start(self.receive)
        except ChannelUnavailable as error:
            self.unavailable[name] = str(error)
            log.error("channel_unavailable", channel=name, reason=str(error))

    def start_work(self) -> None:
        """Start the threads that deliver and answer."""
        self.delivery.start()
        self.dispatch.start(self.assistant.unanswered(self.channels))

    async def stop(self) -> None:
        """Stop receiving, finish what is under way, close the store. What waits stays stored."""
        for name, channel in self.channels.items():
            if name not in self.unavailable:
                await channel.stop()
        await asyncio.to_thread(self.stop_work)

    def stop_work(self) -> None:
        """Stop the threads and close the store."""
        self.dispatch.stop()
        self.delivery.stop()
        self.store.close()

    async def receive(self, message: IncomingMessage) -> bool:
        """What channels call: returns once the message is stored."""
        return await asyncio.to_thread(self.intake.receive, message)

    def health(self) -> dict[str, Any]:
        """State of every part, with no personal data and no secret."""
        channels = {name: channel.health() for name, channel in self.channels.items()}
        for name, reason in self.unavailable.items():
            channels[name] = {"state": "unavailable", "last_error": reason}
        understanding = self.names.interpreter().health()
        rasa_well = all(each["breaker"] == "closed" for each in understanding.get("rasa", {}).values())
        return {
            "status": "degraded" if self.unavailable or not rasa_well else "ok",
            "channels": channels,
            "understanding": understanding,
            "conversations_waiting": self.dispatch.depth,
            "outbox_waiting": self.delivery.depth,
        }


@dataclass(frozen=True)
class Parts:
    """What tests and benchmarks replace: everything else is built from the settings."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    channels: Callable[[Settings, Bridges], Mapping[str, Channel]] | None = None
    interpreter: Interpreter | None = None
    knowledge: KnowledgeBase | None = None
    phrases: Phrases | None = None
    progress: Callable[[str], None] = lambda message: None
    workers: int = 4
    local_staff: Mapping[str, StaffEntry] = field(default_factory=dict)
    """External ids of staff in the playground and the console, which only these make."""


def build_app(settings: Settings, parts: Parts | None = None) -> App:  # long: the one place where all parts meet
    """Put the product together.

    Raises:
        KeyProblem, DatabaseUnavailable: it must not start; the text names the fix.
    """
    parts = parts or Parts()
    data_dir = Path(settings.data_dir)
    key = settings.master_key.get_secret_value() if settings.master_key else None
    store = open_store(settings.database_url, data_dir, key, settings.database.keys_url)
    interpreter = parts.interpreter or build_interpreter(
        FOLDER / "nlu",
        data_dir / "models",
        settings.nlu.engine,
        settings.nlu.rasa_urls,
        parts.progress,
        settings.nlu.encoder,
        settings.nlu.rasa_token.get_secret_value() if settings.nlu.rasa_token else "",
    )
    templates()  # a broken file is told now, not when the first one is sent
    playbooks()
    loop = Loop()
    channels: dict[str, Channel] = {}

    def download(channel: str, attachment: IncomingAttachment) -> bytes:
        if channel not in channels:
            raise RetryLater(f"The channel {channel} is not configured (any more).", 60.0)
        return bytes(loop.call(channels[channel].download(attachment)))

    def send(outgoing: Outgoing) -> str:
        if outgoing.channel not in channels:
            raise RetryLater(f"The channel {outgoing.channel} is not configured (any more).", 60.0)
        return str(loop.call(channels[outgoing.channel].send(outgoing)))

    files = Files(store, data_dir / "files", download, parts.clock)
    unsubscribing = Unsubscribing(store, settings.web.public_url, parts.clock)
    bridges = Bridges(files.read, store.vault.signing_key, parts.clock, _mail_address(store), unsubscribing.link)
    channels.update((parts.channels or build_channels)(settings, bridges))
    phrases = parts.phrases or Phrases()
    desk = Desk(lambda: _place(channels), phrases, settings.business.zone, partial(telling, interpreter.vectors))
    services = Services(
        phrases=phrases,
        knowledge=parts.knowledge or KnowledgeBase.load(FOLDER / "knowledge", interpreter, data_dir / "models"),
        desk=desk,
        files=files,
        names=NameIndex(store),
        settings=settings,
        health=lambda: app.health(),  # noqa: PLW0108 - the app is put together below
    )
    names = KnownNames(store, interpreter, settings, parts.clock)
    roll = StaffRoll(
        settings.staff, settings.business.zone, _groups_of(channels), dict(parts.local_staff), _granted(store)
    )
    paces = {name: channel.pace for name, channel in channels.items()}
    erasures = Erasures(store, files.folder, parts.clock, data_dir / "models")
    delivery = Delivery(
        store, send, paces, parts.clock, delivered=erasures.delivered, rules=settings.proactive,
        zone=settings.business.zone,
    )  # fmt: skip
    voices = Voices(store, files, parts.clock, _transcriber(settings, data_dir / "tmp" / "voices"))
    assistant = Assistant(
        store,
        names.interpreter,
        services,
        roll,
        delivery.submit,
        parts.clock,
        pictures=Pictures(store, files, data_dir / "tmp" / "pictures", parts.clock),
        voices=voices,
        answered=_show_meaning(channels),
    )
    dispatch = InMemoryDispatch(assistant.answer_all, parts.workers, takes_long=voices.awaited)
    intake = Intake(store, dispatch.submit, parts.clock)
    app = App(
        settings,
        store,
        channels,
        intake,
        dispatch,
        assistant,
        delivery,
        erasures,
        files,
        services,
        names,
        loop,
        parts.clock,
        unsubscribing,
        roll,
    )
    return app


def _transcriber(settings: Settings, folder: Path) -> Transcriber | None:
    """What writes recordings down; None without a model, and without what reads it."""
    if missing(settings.voice.model):
        return None
    return Transcriber(Path(settings.voice.model), settings.voice.most_seconds, folder)


def _place(channels: Mapping[str, Channel]) -> Place | None:
    """Where hand-over threads open: the first channel that has a queue."""
    for name, channel in channels.items():
        chat_id = channel.queue_chat()
        if chat_id:
            return Place(name, channel.account, chat_id)
    return None


def _mail_address(store: Store) -> Callable[[str], str]:
    """Addresses as they are on record when a letter leaves."""

    def address_of(mailbox: str) -> str:
        with store.read() as session:
            return mailboxes.address(session, mailbox)

    return address_of


def _granted(store: Store) -> Callable[[str], str | None]:
    """Roles given at run time, as they stand now."""

    def role_of(external_id: str) -> str | None:
        with store.read() as session:
            given = granted(session, external_id)
        return given.role if given else None

    return role_of


def _groups_of(channels: Mapping[str, Channel]) -> Callable[[str], frozenset[str]]:
    return lambda user: frozenset().union(*(channel.groups_of(user) for channel in channels.values()))


def _show_meaning(channels: Mapping[str, Channel]) -> Callable[[IncomingMessage], None]:
    """Tell live views that a message was understood, so that they may show its trace."""

    def show(message: IncomingMessage) -> None:
        channel = channels.get(message.channel)
        if channel is not None:
            channel.announce(message.chat_id, {"type": "trace", "message_id": message.message_id})
            channel.announce(message.chat_id, {"type": "typing", "thread_id": message.thread_id, "on": False})

    return show
