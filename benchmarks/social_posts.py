"""Made-up public posts for the benchmark: both languages, typos, emoji, links, tags, reposts and spam."""

import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from config.settings import FOLDER
from crm_core.connectors.base import Post
from crm_core.sample.content import read_content
from nlu.language import detect
from nlu.post_models import NEEDS
from nlu.spam import SPAM
from nlu.training import read_examples

START = datetime(2026, 9, 1, tzinfo=UTC)
SPAM_SHARE, REPOST_SHARE, TYPO_SHARE = 0.05, 0.1, 0.3
_JOINS = {"en": (" - ", ". ", ", ", " and "), "zh": ("，", "。", " ", "！")}
_NAMED = {
    "en": ("{} from Juniper & Crane:", "about my {}:", "@juniperandcrane {},", "BrightBrew's {}:", "{}?"),
    "zh": ("鹤与杜松的{}，", "说说{}：", "亮泡的{}，", "@juniperandcrane {} ", "{}？"),
}
_TAILS = ("", "", "", " ☕", " 😍", " 😡", " #coffee", " #喝茶#", " https://pics.example/{}", " 😂😂", "!!", "…")


def posts(count: int, seed: int = 7) -> Iterator[Post]:
    """So many posts in the order in which they were written, one a minute."""
    dice, recent = random.Random(seed), deque[str](maxlen=500)
    lines: dict[str, list[str]] = {"en": [], "zh": []}
    for example in read_examples(FOLDER / "nlu" / "needs.yml", NEEDS):
        lines[detect(example.text)[0]].append(example.text)
    spam = [example.text for example in read_examples(FOLDER / "nlu" / "spam.yml", (SPAM,))]
    names = {lang: [product.name(lang) for product in read_content().catalogue.products] for lang in lines}
    for number in range(count):
        text = _text(dice, recent, lines, spam, names)
        at = START + timedelta(minutes=number)
        yield Post(f"p{number}", "post", f"@reader{dice.randrange(9_000)}", text, at, likes=dice.randrange(40))


def _text(
    dice: random.Random, recent: deque[str], lines: dict[str, list[str]], spam: list[str], names: dict[str, list[str]]
) -> str:
    chance = dice.random()
    if chance < SPAM_SHARE:
        return f"{dice.choice(spam)} {dice.randrange(10_000)} https://spam.example/{dice.randrange(10**6)}"
    if recent and chance < SPAM_SHARE + REPOST_SHARE:
        return f"RT @reader{dice.randrange(9_000)}: {dice.choice(recent)}"
    language = dice.choice(("en", "zh"))
    named = dice.choice(_NAMED[language]).format(dice.choice(names[language])) if dice.random() < 0.5 else ""
    said = dice.choice(_JOINS[language]).join(dice.sample(lines[language], dice.choice((1, 2, 2, 3))))
    text = f"{named} {said}".strip() + dice.choice(_TAILS).format(dice.randrange(10**6))
    if dice.random() < TYPO_SHARE:
        place = dice.randrange(len(text))
        text = text[:place] + text[place + 1 :]
    recent.append(text)
    return text
