"""What understanding a text costs: CPU on one thread, and memory, with the names of a busy shop.

Language, intent, entities and mood of realistic texts in both languages and of all audiences, with 10,000 customers
and 2,000 products known by name. No text comes twice, so nothing is remembered from an earlier one.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
TEXTS = Path(__file__).with_name("texts.tsv")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Pairs = tuple[tuple[str, str], ...]

_MAKES = "Harbour Nimbus Aurora Cedar Breeze Lotus Maple Orchid Willow Falcon Juniper Saffron Cobalt Ember Granite"
_KINDS = "kettle backpack lamp mat purifier mug blanket scooter charger teapot grinder pillow jacket serum keyboard"
_MAKES_ZH = "港湾 云朵 极光 雪松 清风 莲花 枫叶 兰花 杨柳 猎鹰 杜松 藏红 钴蓝 余烬 花岗"
_KINDS_ZH = "水壶 双肩包 台灯 瑜伽垫 净化器 马克杯 毛毯 滑板车 充电器 茶壶 磨豆机 枕套 外套 精华 键盘"
_SURNAMES = "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Smith Jones Garcia Müller Rossi Okafor Nair Kim Novak Dubois"
_GIVEN = "Fang Wei Min Jing Haoran Mei Emily Tom Sofia David Priya Anna Lucas Marta Ivan Chloe Omar Hana Noah Elena"
_ENDINGS = ("son", "ova", "man", "field", "er", "stein", "ley")
_SURNAMES_ZH = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN_ZH = "芳伟敏静浩然梅丽华强军洋勇艳杰涛明超秀霞平刚桂英文玉兰建国晓东思宇"


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=8, help="how often the set is gone through, with other fillings")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # Training needs libraries that serving does not: where it must be done, it is done in another process.
    subprocess.run([sys.executable, "-m", "nlu", "train"], check=True, stdout=subprocess.DEVNULL)
    figures = measure(options.customers, options.products, options.rounds)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>24}  {value}")


def measure(customers: int, products: int, rounds: int) -> dict[str, float | int]:
    """Build the interpreter in this bare process, understand everything, and return the figures."""
    people, goods = list(people_names(customers)), list(product_names(products))
    memory = psutil.Process().memory_info
    bare = memory().rss
    from nlu.entities import Gazetteer
    from nlu.interpreter import build_interpreter

    interpreter = build_interpreter(ROOT / "config" / "nlu", ROOT / "data" / "models")
    begin = time.thread_time()
    interpreter = interpreter.with_gazetteer(Gazetteer(people=tuple(people), products=tuple(goods)))
    building = time.thread_time() - begin
    spent: dict[str, list[float]] = {"customer": [], "agent": [], "manager": []}
    texts = list(filled(people, goods, rounds + 1))
    ahead = len(texts) // (rounds + 1)
    for place, (audience, text) in enumerate(texts):
        begin = time.thread_time()
        interpreter.understand(text, audience, now=NOW, zone="Asia/Shanghai")  # type: ignore[arg-type]
        if place >= ahead:  # the first round loads what is loaded at first use
            spent[audience].append(1000 * (time.thread_time() - begin))
    every = [one for each in spent.values() for one in each]
    return {
        "texts": len(every),
        "cpu_ms_p50": round(statistics.median(every), 2),
        "cpu_ms_p99": round(statistics.quantiles(every, n=100)[-1], 2),
        "cpu_ms_max": round(max(every), 2),
        **{f"cpu_ms_p50_{audience}": round(statistics.median(each), 2) for audience, each in spent.items()},
        "names_ms": round(1000 * building),
        "rss_mb": round((memory().rss - bare) / 2**20, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def people_names(count: int) -> Iterator[tuple[str, str]]:
    """Names of customers, half of them Chinese; as in life, some people are called the same."""
    dice = random.Random(1)
    surnames, given = _SURNAMES.split(), _GIVEN.split()
    for number in range(count):
        if number % 2:
            name = dice.choice(_SURNAMES_ZH) + "".join(dice.choices(_GIVEN_ZH, k=dice.choice((1, 2, 2))))
        else:
            second = dice.choice(given).lower() if dice.random() < 0.3 else ""
            ending = dice.choice(_ENDINGS) if dice.random() < 0.7 else ""
            name = f"{dice.choice(given)}{second} {dice.choice(surnames)}{ending}"
        yield name, str(number + 1)


def product_names(count: int) -> Iterator[tuple[str, str]]:
    """Products by their English name, their Chinese one and their number: three names each."""
    dice = random.Random(2)
    for number in range(count):
        make, kind, model = dice.randrange(15), dice.randrange(15), f"{dice.choice('ABCDX')}{number}"
        sku = f"SKU-{number:05}"
        yield f"{_MAKES.split()[make]} {_KINDS.split()[kind]} {model}", sku
        yield f"{_MAKES_ZH.split()[make]}{_KINDS_ZH.split()[kind]}{model}", sku
        yield sku, sku


def filled(people: list[tuple[str, str]], goods: list[tuple[str, str]], rounds: int) -> Iterator[tuple[str, str]]:
    """(audience, text) with other people, products and numbers in every round."""
    dice = random.Random(3)
    english = [name for name, _ in people if name.isascii()]
    chinese = [name for name, _ in people if "\u4e00" <= name[0] <= "\u9fff"]
    lines = [line.split("\t") for line in TEXTS.read_text(encoding="utf-8").splitlines()]
    for turn in range(rounds):
        for audience, text in lines:
            person, one, other = dice.choice(english), 3 * dice.randrange(len(goods) // 3), 3 * dice.randrange(10)
            words = {
                "number": f"SO-{dice.randrange(10_000, 99_999)}",
                "person": person,
                "typo": person[:2] + person[3:],
                "person_zh": dice.choice(chinese),
                "product": goods[one][0],
                "product2": goods[other][0],
                "product_zh": goods[one + 1][0],
                "product2_zh": goods[other + 1][0],
            }
            said = text.format(**words)
            yield audience, said if "{" in text else said + " " * (turn % 2) + "." * (turn // 2)


if __name__ == "__main__":
    main()
