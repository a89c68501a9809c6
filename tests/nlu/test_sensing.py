"""Public posts: taken apart, what they want and how they feel measured on lines nobody trained on, names, spam."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import FOLDER
from nlu.entities import Gazetteer
from nlu.interpreter import Interpreter
from nlu.post_models import NEEDS, PostModels
from nlu.post_text import take_apart
from nlu.sensing import Sense, Sensing
from nlu.sentiment import mood_name
from nlu.spam import SPAM, signs
from nlu.training import MOODS, Example, clashes, read_examples

HELD_OUT: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("posts_held_out.yml").read_text("utf-8"))
MORE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("posts_held_out_more.yml").read_text("utf-8"))
POSTS = [*HELD_OUT["posts"], *MORE["posts"]]
NAMES = Gazetteer(
    products=(("T3 grinder", "T3"), ("T3", "T3"), ("青瓷杯", "CUP1")),
    brands=tuple((name, "Juniper & Crane") for name in ("Juniper & Crane", "鹤与杜松", "juniperandcrane")),
    competitors=(("BrightBrew", "BrightBrew"), ("亮泡", "BrightBrew"), ("Copper Kettle Co", "Copper Kettle Co")),
)  # fmt: skip


@pytest.fixture(scope="module")
def sensing(interpreter: Interpreter, post_models: PostModels) -> Sensing:
    return Sensing(interpreter.with_gazetteer(NAMES), post_models)


def share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_needs_and_moods_of_lines_that_were_held_out(sensing: Sensing, language: str) -> None:
    """The bar is somewhat below what was measured (docs/listening.md), so that it tells of a fall."""
    posts = [(need, mood, text) for said, need, mood, text in POSTS if said == language]
    senses = sensing.read([text for _, _, text in posts])
    assert share([sense.need == need for sense, (need, _, _) in zip(senses, posts, strict=True)]) >= 0.78
    moods = [mood_name(sense.sentiment or 0.0) for sense in senses]
    assert share([found == mood for found, (_, mood, _) in zip(moods, posts, strict=True)]) >= 0.74
    assert share([sense.language == language for sense in senses]) >= 0.99
    assert share([bool(sense.spam) for sense in senses]) <= 0.01


def test_spam_that_was_held_out(sensing: Sensing) -> None:
    found = sensing.read([text for _, text in HELD_OUT["spam"]])
    assert share([bool(sense.spam) for sense in found]) >= 0.7


def test_training_lines_of_posts_are_many_and_held_out_ones_are_not_among_them() -> None:
    lines = read_examples(FOLDER / "nlu" / "needs.yml", NEEDS)
    spam = read_examples(FOLDER / "nlu" / "spam.yml", (SPAM,))
    assert clashes([*lines, *spam]) == []
    for need in NEEDS:
        chinese = [one for one in lines if one.intent == need and any(char >= "\u4e00" for char in one.text)]
        assert min(len(chinese), sum(one.intent == need for one in lines) - len(chinese)) >= 60, need
    held_out = [Example(text, need, 0) for _, need, _, text in POSTS]
    held_out += [Example(text, SPAM, 0) for _, text in HELD_OUT["spam"]]
    assert clashes([*lines, *spam, *held_out]) == []
    assert {mood for _, _, mood, _ in POSTS} == set(MOODS)


@pytest.mark.parametrize(
    ("text", "own", "plain", "counted"),
    [
        ("Best coffee!! https://x.example/a?b=1 #slow @shop ☕", "Best coffee!! slow ☕", "best coffee", (1, 1, 1)),
        ("RT @fan_1: The T3 is back", "The T3 is back", "the t3 is back", (0, 0, 1)),
        ("#咖啡日常#好喝//@小王：亮泡的豆子真香", "咖啡日常 好喝", "好喝", (0, 1, 1)),
        ("转发微博//@小王：亮泡的豆子真香", "", "亮泡的豆子真香", (0, 0, 1)),
        ("@客服 你们怎么回事", "你们怎么回事", "你们怎么回事", (0, 0, 1)),
        ("   ", "", "", (0, 0, 0)),
    ],
)  # fmt: skip
def test_a_post_taken_apart(text: str, own: str, plain: str, counted: tuple[int, int, int]) -> None:
    post = take_apart(text)
    assert (post.own, post.plain, (post.links, post.tags, post.mentions)) == (own, plain, counted)


def read(sensing: Sensing, text: str) -> Sense:
    return sensing.read([text])[0]


def test_products_brand_and_competitors_by_any_of_their_names(sensing: Sensing) -> None:
    english = read(sensing, "torn between the T3 from @juniperandcrane and whatever brightbrew sells")
    assert (english.products, english.brand, english.competitors) == (("T3",), True, ("BrightBrew",))
    chinese = read(sensing, "亮泡的杯子不如鹤与杜松的青瓷杯")
    assert (chinese.products, chinese.brand, chinese.competitors) == (("CUP1",), True, ("BrightBrew",))
    nobody = read(sensing, "good morning")
    assert (nobody.products, nobody.brand, nobody.competitors) == ((), False, ())


def test_who_says_nothing_wants_and_feels_nothing(sensing: Sensing) -> None:
    for text in ("", "https://x.example/1", "转发微博//@小王：亮泡的豆子太难喝了"):
        sense = read(sensing, text)
        assert (sense.need, sense.sentiment, sense.spam) == ("other", None, ())


def test_spam_has_its_reasons(sensing: Sensing) -> None:
    found = read(sensing, "EARN $900 a day from home!! whatsapp me now, link in bio")
    assert {"promises_money", "asks_for_contact"} <= set(found.spam)
    assert signs(take_apart("#a #b #c #d #e #f #g #h wow")) == ("many_tags",)


def test_a_sign_alone_makes_no_spam(sensing: Sensing) -> None:
    for text in (
        "dm me the price please",
        "我私信你们客服了，三天没人回",
        "great beans https://a.example https://b.example",
    ):
        assert read(sensing, text).spam == ()
