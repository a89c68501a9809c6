"""The whole way from a text to an Understanding."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nlu.entities import Gazetteer
from nlu.intents import OUT_OF_SCOPE
from nlu.understanding import Understanding
from tests.nlu.conftest import NOW

AUDIENCES = ["customer", "agent", "manager"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("has my parcel been sent yet?", "order_status"),
        ("帮我查一下 order #8821 到哪了", "order_status"),
        ("the courier says delivered but there is nothing here", "delivery_problem"),
        ("收到的杯子碎了", "delivery_problem"),
        ("這單不要了幫我取消", "cancel_order"),
        ("i'd like to send this kettle back", "return_request"),
        ("钱怎么还没退给我", "refund_status"),
        ("叫人工来", "talk_to_human"),
        ("take me off your mailing list", "unsubscribe"),
        ("请说英文", "switch_language"),
        ("5分", "csat_rating"),
        ("4", "csat_rating"),
        ("😡😡", "complaint"),
        ("👍🏽", "affirm"),
        ("SO-20931", "order_status"),
        ("write me a poem about the sea", OUT_OF_SCOPE),
        ("今天股市怎么样", OUT_OF_SCOPE),
        ("asdf qwer zxcv", OUT_OF_SCOPE),
    ],
)
def test_customers_are_understood(understand, text, intent):
    assert understand(text).intent == intent


@pytest.mark.parametrize(
    ("text", "audience", "intent"),
    [
        ("look up anna schmidt", "agent", "find_customer"),
        ("上海消费超过两千的客户", "agent", "list_customers"),
        ("remind me on friday to call her back", "agent", "add_task"),
        ("这个客户我来跟", "agent", "handoff_take"),
        ("how many orders did we get yesterday", "manager", "metric_query"),
        ("现在发日报给我", "manager", "digest_now"),
        ("look up anna schmidt", "manager", "find_customer"),
        ("🤷", "manager", OUT_OF_SCOPE),
        ("🐱🙃", "customer", OUT_OF_SCOPE),
    ],
)
def test_staff_are_understood(understand, text, audience, intent):
    assert understand(text, audience).intent == intent


def test_the_audience_decides(understand):
    """The same words: a customer wants their own data, an agent exports a customer's."""
    assert understand("export everything you have on me").intent == "data_access"
    assert understand("export everything we have on her", "agent").intent == "data_export"


def test_traditional_and_full_width_mean_the_same(understand):
    simple, traditional = understand("我的订单8821到哪了"), understand("我的訂單８８２１到哪了")
    assert (simple.intent, simple.first("order_id")) == (traditional.intent, traditional.first("order_id"))


def test_mixed_text_has_a_language_and_says_that_it_is_mixed(understand):
    found = understand("帮我查一下 order #8821 到哪了")
    assert (found.language, found.mixed, found.first("order_id")) == ("zh", True, "8821")


def test_invisible_characters_change_nothing(understand):
    plain, hidden = understand("where is my order"), understand("where\u200b is\x00 my\u202e order\ud800")
    assert plain == hidden


def test_alternatives_are_others_and_less_sure(understand):
    found = understand("the thing is late and i want my money back")
    assert found.alternatives
    assert found.intent not in dict(found.alternatives)
    assert all(0 <= confidence <= 1 for _, confidence in found.alternatives)


def test_nothing_is_out_of_scope_without_confidence(understand):
    for text in ("", "   ", "\x00", "\u200b"):
        assert (understand(text).intent, understand(text).confidence) == (OUT_OF_SCOPE, 0.0)


HOSTILE = [
    "a" * 65_536,
    "啊" * 65_536,
    " " * 65_536,
    "@" * 65_536,
    "1" * 65_536,
    "(" * 65_536,
    "a@" * 32_768,
    "1." * 32_768,
    "三" * 65_536,
    "前" * 65_536,
    "块" * 65_536,
    "most " * 13_000,
    "1,000" * 13_000,
    "+1 (2" * 13_000,
    "to 1 " * 13_000,
    "😡" * 65_536,
    "a" + "\u0301" * 65_535,
    "\u202e" * 65_536,
    "\ud800" * 1_000,
    "\x00" * 1_000,
    "https://" + "a" * 65_000,
    "a." * 32_000 + "@b",
    "every " * 10_000,
    "-" * 65_536,
    "last 1 " * 9_000,
    "third time " * 6_000,
    "i will " * 9_000,
    "ﷺ" * 20_000,
    "ß" * 60_000,
    "ﬁ" * 60_000,
    "1月" * 30_000,
    "周一" * 30_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("audience", AUDIENCES)
def test_hostile_texts_are_understood_quickly(interpreter, text, audience):
    started = time.thread_time()
    found = interpreter.understand(text, audience, now=NOW)
    spent = time.thread_time() - started
    assert isinstance(found, Understanding)
    assert spent < 0.05 * max(4, len(text.encode("utf-8", "replace")) / 1024)


def test_one_encoding_serves_intent_mood_and_search(interpreter, monkeypatch):
    encoder, calls = interpreter._encoder, []
    encode = encoder._encode
    monkeypatch.setattr(encoder, "_encode", lambda texts: calls.append(texts) or encode(texts))
    interpreter.understand("a sentence nobody has said before", "customer", now=NOW)
    interpreter.vector("a sentence nobody has said before")
    assert len(calls) == 1


def test_vectors_are_unit_length_and_cannot_be_changed(interpreter):
    vector = interpreter.vector("hello")
    assert vector.shape == (512,)
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-3)
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


def test_memory_of_vectors_is_bounded(interpreter):
    for number in range(300):
        interpreter.vector(f"text {number}")
    assert len(interpreter._encoder._recent) <= 256


def test_other_names_make_another_interpreter(interpreter):
    other = interpreter.with_gazetteer(Gazetteer(products=(("zorblax", "Z"),)))
    assert other.understand("is the zorblax in stock", "customer", now=NOW).first("product") == "Z"
    assert interpreter.understand("is the zorblax in stock", "customer", now=NOW).first("product") is None


def test_threads_agree_while_names_change(interpreter):
    texts = [f"where is order {number}" for number in range(8821, 8861)]
    alone = [interpreter.understand(text, "customer", now=NOW) for text in texts]
    stop = threading.Event()

    def rename():
        while not stop.is_set():
            interpreter.with_gazetteer(Gazetteer(products=(("zorblax", "Z"),)))

    renaming = threading.Thread(target=rename)
    renaming.start()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: interpreter.understand(text, "customer", now=NOW), texts))
    stop.set()
    renaming.join()
    assert together == alone


def test_serving_does_not_load_what_only_training_needs(models_dir):
    """In a process of its own: this one has imported everything already."""
    import subprocess

    program = (
        "import sys\nfrom datetime import UTC, datetime\nfrom pathlib import Path\n"
        "from nlu.interpreter import build_interpreter\n"
        f"it = build_interpreter(Path('config/nlu'), Path({str(models_dir)!r}))\n"
        "it.understand('where is my order 8821, call +49 30 901820', 'customer', now=datetime.now(UTC))\n"
        "print([name for name in ('sklearn', 'scipy', 'pandas', 'spacy', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.strip() == "[]"
