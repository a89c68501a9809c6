"""The whole process is killed, again and again, while messages arrive: nothing is lost, doubled or out of order."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.settings import PROJECT
from crm_core.database import open_store
from crm_core.models import Case, Delivery, Interaction, Product
from nlu.interpreter import Interpreter
from tests.peers.bot_api import BotApi
from tests.peers.bot_api_state import TOKEN

KILLS, CHATS, ROUNDS = 20, 30, 10
COMPLAINT = ROUNDS // 2
"""In this round everybody complains: each complaint opens exactly one case."""
SEED = 20261123


class Bot:
    """The product as its operator runs it, in a process of its own."""

    def __init__(self, folder: Path, api: BotApi) -> None:
        settings = {
            "RAPPORT_DATA_DIR": str(folder),
            "RAPPORT_TELEGRAM__TOKEN": TOKEN,
            "RAPPORT_TELEGRAM__BASE_URL": api.url,
            "RAPPORT_TELEGRAM__BASE_FILE_URL": api.url,
            "RAPPORT_WEB__PORT": "0",
            "PYTHONPATH": str(PROJECT),
        }
        with (folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot"], cwd=folder, env={**os.environ, **settings}, stderr=log
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(60) == 0


@pytest.mark.kill
@pytest.mark.timeout(900)
def test_killed_twenty_times_while_messages_arrive(
    sample_sqlite: Path, interpreter: Interpreter, models_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(sample_sqlite, folder)
    shutil.copytree(models_dir, folder / "models")
    dice = random.Random(SEED)
    names = product_names(folder)
    with BotApi() as api:
        expected = {chat: say_lines(dice, names) for chat in range(9001, 9001 + CHATS)}
        waiting = [(chat, position) for position in range(ROUNDS) for chat in expected]
        for kill in range(KILLS):
            share = len(waiting) // (KILLS - kill) if kill < KILLS - 1 else len(waiting)
            bot = Bot(folder, api)
            before = len(api.sent)
            arriving, waiting = waiting[:share], waiting[share:]
            later = set(waiting)
            for chat, position in arriving:
                arrive_twice(api, chat, position, expected[chat][position])
            woke = until_it_works(api, before, expected, later)
            time.sleep(dice.uniform(0.0, 0.8))  # the moment of the crash is meant to fall anywhere
            bot.kill()
            assert woke, f"start {kill}: nothing was sent\n{(folder / 'log.txt').read_text()[-3000:]}"
        bot = Bot(folder, api)
        done = api.until(lambda: not unsaid(api, expected, set()), 120)
        bot.stop()
        lost = unsaid(api, expected, set())
        repeats, disordered = compare(api, expected)
    figures = {"kills": KILLS, "messages": CHATS * ROUNDS, "lost": len(lost), "out_of_order": len(disordered)}
    figures |= {"repeated_replies": sum(repeats.values()), "most_in_one_chat": max(repeats.values(), default=0)}
    sys.stdout.write(f"\n{figures}\n")
    assert done, f"unanswered: {lost[:5]}\n{(folder / 'log.txt').read_text()[-3000:]}"
    assert disordered == []
    assert max(repeats.values(), default=0) <= KILLS
    check_store(folder)


def product_names(folder: Path) -> list[str]:
    """Names of plain words: what is tested here is not understanding. Each answer repeats its product's name."""
    store = open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)
    with store.read() as session:
        names = [product.name_en for product in session.execute(select(Product)).scalars() if product.stock > 5]
    store.close()
    return [name for name in names if name.replace(" ", "").isalpha()]


def say_lines(dice: random.Random, names: list[str]) -> list[str]:
    """What one person will ask about: a product a line, all different; "" is the complaint."""
    lines = dice.sample(names, ROUNDS)
    lines[COMPLAINT] = ""
    return lines


def arrive_twice(api: BotApi, chat: int, position: int, product: str) -> None:
    text = f"is the {product} in stock?" if product else "this is a complaint, I am very unhappy with your service"
    update = api.say(chat, text, message_id=10_000 + position)
    api.push({"message": update["message"]})  # the same message under another update
    api.updates.append(update)  # and the same update once more


def answers(api: BotApi, chat: int) -> list[str]:
    return [text for text in api.texts(chat) if text]


def until_it_works(api: BotApi, before: int, expected: dict[int, list[str]], later: set[tuple[int, int]]) -> bool:
    """Wait until the process that was just started has sent something, or owes nobody anything."""
    return api.until(lambda: len(api.sent) > before or not unsaid(api, expected, later), 60)


def unsaid(api: BotApi, expected: dict[int, list[str]], later: set[tuple[int, int]]) -> list[tuple[int, str]]:
    """Who is still owed an answer to what they have asked; `later` was not asked yet."""
    owed = []
    for chat, products in expected.items():
        told = "\n".join(answers(api, chat))
        asked = [product for position, product in enumerate(products) if (chat, position) not in later]
        owed.extend((chat, product) for product in asked if product and product not in told)
        if "" in asked and len(marks(api, chat, products)) < 1 + sum(product in told for product in asked if product):
            owed.append((chat, "complaint"))
    return owed


def marks(api: BotApi, chat: int, products: list[str]) -> list[str]:
    """The answers of a chat, each as the product it is about; "" for the answer to the complaint."""
    found = []
    for text in answers(api, chat):
        named = [product for product in products if product and product in text]
        found.append(min(named, key=lambda name, text=text: (text.index(name), -len(name)), default=""))
    return [mark for mark, _ in itertools.groupby(found)]


def compare(api: BotApi, expected: dict[int, list[str]]) -> tuple[Counter[int], list[tuple[list[str], list[str]]]]:
    """Repeated answers by chat, and what was asked and answered where the order is not the same."""
    repeats: Counter[int] = Counter()
    disordered = []
    for chat, products in expected.items():
        repeats[chat] = len(answers(api, chat)) - len(marks(api, chat, products))
        if marks(api, chat, products) != products:
            disordered.append((products, answers(api, chat)))
    return repeats, disordered


def check_store(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)
    with store.read() as session:
        mine = Interaction.chat_id.in_([str(chat) for chat in range(9001, 9001 + CHATS)])
        stored = select(func.count()).where(mine, Interaction.direction == "in")
        assert session.execute(stored).scalar_one() == CHATS * ROUNDS
        assert session.execute(stored.where(Interaction.status != "answered")).scalar_one() == 0
        asked = select(Interaction.customer_id).where(mine)
        cases = session.execute(select(func.count(Case.id)).where(Case.customer_id.in_(asked))).scalar_one()
        assert cases == CHATS, "each complaint opens one case"
        assert session.execute(select(func.count(Delivery.id))).scalar_one() >= 2 * CHATS * ROUNDS
    store.close()
