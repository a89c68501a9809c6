"""Messages through intake, understanding, handler and outbox to a fake platform, on SQLite.

First a backlog (CPU per message, messages a second), then at a steady rate (time from arrival to sent).
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from sqlalchemy import select

from benchmarks.platform import FakePlatform, message, questions, sample_app
from bot.app import App
from crm_core.models import Interaction, OutboxMessage


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second in the second part")
    parser.add_argument("--steady", type=int, default=400, help="messages in the second part")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app, platform = sample_app(Path(folder))
        with running(app):
            figures = measure(app, platform, options)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>24}  {value}")


class running:
    """The app with its channels' loop in a thread of its own."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> App:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._app.start(), self._loop).result()
        return self._app

    def __exit__(self, *failure: object) -> None:
        asyncio.run_coroutine_threadsafe(self._app.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def measure(app: App, platform: FakePlatform, options: argparse.Namespace) -> dict[str, float | int]:
    """Warm up, then both parts."""
    texts = questions(app, options.messages + options.steady + options.conversations)
    number = 0
    for person in range(options.conversations):  # everybody has written once before: no first-contact cost below
        app.intake.receive(message(number, f"c{person}", texts[number]))
        number += 1
    settle(app)
    platform.sent.clear()

    arrived: dict[str, list[str]] = defaultdict(list)
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(options.messages):
        chat = f"c{number % options.conversations}"
        arrived[chat].append(texts[number])
        app.intake.receive(message(number, chat, texts[number]))
        number += 1
    settle(app)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    lost, disordered = compare(app, arrived, platform)

    platform.sent.clear()
    waits = steadily(app, platform, texts, number, options)
    return {
        "messages": options.messages,
        "conversations": options.conversations,
        "messages_per_s": round(options.messages / wall, 1),
        "cpu_ms_per_message": round(1000 * cpu / options.messages, 2),
        "p50_ms": round(1000 * statistics.median(waits), 1),
        "p95_ms": round(1000 * statistics.quantiles(waits, n=20)[-1], 1),
        "rate": options.rate,
        "lost": lost + options.steady - len(waits),
        "out_of_order": disordered,
    }


def settle(app: App) -> None:
    """Wait until everything that arrived is answered and sent."""
    assert app.dispatch.idle(600)
    assert app.delivery.idle(600)


def compare(app: App, arrived: dict[str, list[str]], platform: FakePlatform) -> tuple[int, int]:
    """How many answers are missing, and how many came in another order than their questions."""
    got: dict[str, list[str]] = defaultdict(list)
    for chat, text, _ in platform.sent:
        got[chat].append(text)
    lost = disordered = 0
    for chat, asked in arrived.items():
        lost += max(0, len(asked) - len(got[chat]))
        with app.store.read() as session:
            rows = session.execute(
                select(Interaction.text_sealed, Interaction.id, OutboxMessage)
                .join(OutboxMessage, OutboxMessage.answers_id == Interaction.id)
                .where(OutboxMessage.chat_id == chat)
                .order_by(Interaction.id)
            ).all()
            wanted = [json.loads(row.OutboxMessage.reply or "{}").get("text", "") for row in rows][-len(asked) :]
        disordered += sum(a != b for a, b in zip(wanted, got[chat], strict=False))
    return lost, disordered


def steadily(
    app: App, platform: FakePlatform, texts: list[str], number: int, options: argparse.Namespace
) -> list[float]:
    """Seconds from arrival to sent, of messages arriving one by one at the given rate."""
    started: dict[str, list[float]] = defaultdict(list)
    begin = time.monotonic()
    for step in range(options.steady):
        due = begin + step / options.rate
        while (left := due - time.monotonic()) > 0:
            time.sleep(left)
        chat = f"c{number % options.conversations}"
        started[chat].append(time.monotonic())
        app.intake.receive(message(number, chat, texts[number]))
        number += 1
    settle(app)
    ended: dict[str, list[float]] = defaultdict(list)
    for chat, _, at in platform.sent:
        ended[chat].append(at)
    return [after - before for chat in started for before, after in zip(started[chat], ended[chat], strict=False)]


if __name__ == "__main__":
    main()
