"""One trained interpreter for the whole session; a tiny one for tests of training itself."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nlu.entities import Gazetteer
from nlu.interpreter import Interpreter
from nlu.understanding import Understanding

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # a Monday; 18:00 in Shanghai
NAMES = Gazetteer(
    products=(("T2 phone case", "T2"), ("T2", "T2"), ("T3", "T3"), ("Ceramic teapot", "TP1"), ("陶瓷茶壶", "TP1")),
    categories=(("teapot", "teaware"), ("茶具", "teaware")),
    people=(("Wang Fang", "王芳"), ("王芳", "王芳"), ("Li Mei", "李梅"), ("李梅", "李梅"), ("Zhang Wei", "张伟")),
    companies=(("Lotus Trading", "Lotus Trading"), ("莲花贸易", "Lotus Trading")),
    segments=(("VIP", "VIP"), ("Champions", "Champions")),
    tags=(("wholesale", "wholesale"), ("批发", "wholesale")),
    agents=(("Sam", "sam"), ("小山", "sam")),
    locations=(("上海", "上海"), ("Shanghai", "上海")),
)
SMALL = {
    "customer": {
        "greeting": ["hi", "hello", "hey there", "你好", "您好", "哈喽"],
        "order_status": [
            "where is my order",
            "has it shipped",
            "track my parcel",
            "我的订单到哪了",
            "发货了吗",
            "查物流",
        ],
    },
    "agent": {
        "find_customer": ["find anna", "look up li mei", "search for acme", "查一下王芳", "找客户李梅", "搜一下张伟"],
        "add_note": ["note that she called", "add a note", "记一下", "加个备注"],
    },
    "manager": {
        "metric_query": ["orders last week", "how many chats", "上周订单量", "昨天多少会话"],
        "digest_now": ["send the digest", "digest please", "发日报", "现在发简报"],
    },
    "mood": {
        "positive": ["love it", "great, thanks", "太好了", "很喜欢"],
        "neutral": ["where is it", "how much", "多少钱", "几点开门"],
        "negative": ["this is awful", "it is broken", "太差了", "坏了"],
    },
}


def write_training_files(folder: Path) -> Path:
    """Write a handful of lines for each model: enough to train in a second."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, intents in SMALL.items():
        groups = [
            f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {line}\n" for line in lines)
            for intent, lines in intents.items()
        ]
        (folder / f"{name}.yml").write_text('version: "3.1"\nnlu:\n' + "".join(groups), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def interpreter(interpreter: Interpreter) -> Interpreter:
    """The real thing, trained once for the whole session, with some names."""
    return interpreter.with_gazetteer(NAMES)


@pytest.fixture(scope="session")
def understand(interpreter: Interpreter) -> Callable[..., Understanding]:
    """Understand a text on a fixed Monday in Shanghai."""

    def ask(text: str, audience: str = "customer") -> Understanding:
        return interpreter.understand(text, audience, now=NOW, zone="Asia/Shanghai")  # type: ignore[arg-type]

    return ask
