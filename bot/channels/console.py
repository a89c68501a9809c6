"""The terminal as a channel: one line is one message, answers are printed. For trying things and for scripts."""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TextIO

from bot.channels.base import DeliveryFailed, Pace, Receive
from bot.messages import IncomingAttachment, IncomingMessage, MessageKind, Outgoing, Reply, Sender
from bot.outbox import readable

USER = "console"


class ConsoleChannel:
    """A conversation with whoever sits at the terminal, as a customer, an agent or a manager."""

    name: ClassVar[str] = "console"
    pace = Pace(overall=0.0, per_chat=0.0)

    def __init__(self, audience: str, clock: Callable[[], datetime], out: TextIO = sys.stdout) -> None:
        self.account = "console"
        self._audience = audience
        self._clock = clock
        self._out = out
        self._receive: Receive | None = None
        self._run = time.time_ns() // 1_000_000
        self._count = itertools.count(1)
        self._shown: dict[int, str] = {}
        """What the numbered buttons of the last reply stand for."""
        self._answered = asyncio.Event()

    async def start(self, receive: Receive) -> None:
        """Be ready for `say`."""
        self._receive = receive

    async def stop(self) -> None:
        """Nothing to close."""
        self._receive = None

    async def say(self, line: str, timeout: float = 30.0) -> None:
        """Hand in one line and wait until it was answered; "/word rest" is a command, a number presses a button."""
        assert self._receive is not None, "start the channel first"
        self._answered.clear()
        await self._receive(self._message(line))
        try:
            await asyncio.wait_for(self._answered.wait(), timeout)
        except TimeoutError:
            self._out.write("(no answer)\n")

    def _message(self, line: str) -> IncomingMessage:
        kind: MessageKind = "new"
        text, command, button = line, "", ""
        if line.startswith("/"):
            kind = "command"
            command, _, text = line[1:].partition(" ")
        elif line.strip().isdigit() and int(line) in self._shown:
            kind, text, button = "button", "", self._shown[int(line)]
        number = f"{self._run}-{next(self._count)}"
        return IncomingMessage(
            channel=self.name,
            account=self.account,
            delivery_id=number,
            chat_id=f"{USER}-{self._audience}",
            message_id=number,
            sender=Sender(external_id=f"{USER}-{self._audience}", name=USER),
            sent_at=self._clock(),
            kind=kind,
            text=text,
            command=command,
            button=button,
            side="customer" if self._audience == "customer" else "staff",
        )

    async def send(self, outgoing: Outgoing) -> str:
        """Print a reply."""
        self._out.write(self._rendered(outgoing.reply) + "\n")
        self._out.flush()
        self._answered.set()
        return f"{self._run}-out-{next(self._count)}"

    def _rendered(self, reply: Reply) -> str:
        choices = [*reply.choices, *(choice for card in reply.cards for choice in card.choices)]
        self._shown = {number: choice.value for number, choice in enumerate(choices, 1)}
        buttons = "  ".join(f"[{number}] {choice.label}" for number, choice in enumerate(choices, 1))
        return "\n".join(part for part in (readable(reply), buttons) if part)

    async def download(self, attachment: IncomingAttachment) -> bytes:
        """A terminal has no files."""
        raise DeliveryFailed("The console cannot carry files.")

    def health(self) -> dict[str, Any]:
        """Connected once started."""
        return {"state": "connected" if self._receive else "stopped", "last_received": None, "last_error": None}

    def queue_chat(self) -> str:
        """Staff do not take over in a terminal."""
        return ""

    def groups_of(self, user: str) -> frozenset[str]:
        """No groups."""
        return frozenset()

    def announce(self, chat_id: str, event: dict[str, Any]) -> None:
        """No live views."""
