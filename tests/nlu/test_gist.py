"""A thread's key phrases and the sentences that say most of it, in both languages."""

import numpy as np
import pytest

from nlu.gist import key_phrases, sentences, summary
from nlu.interpreter import Interpreter

THREAD = [
    "The battery of my grinder melted. It was a birthday present.",
    "@first same here, battery melted on the second day! https://x.example/1",
    "mine too. the battery melted while charging",
    "nice weather today",
]
CHINESE = ["磨豆机电池又烫又鼓", "我的磨豆机电池也鼓了。", "今天天气好", "磨豆机电池召回吗"]


@pytest.mark.parametrize(("texts", "first"), [(THREAD, "battery melted"), (CHINESE, "豆机电池")])
def test_key_phrases_are_what_several_name(texts: list[str], first: str) -> None:
    found = key_phrases(texts)
    assert first in found
    assert not any("weather" in phrase or "天气" in phrase for phrase in found)


def test_a_summary_is_of_sentences_that_were_said_and_repeats_none(interpreter: Interpreter) -> None:
    found = sentences([*THREAD, THREAD[2]])
    short = summary(found, interpreter.vectors(found), 2)
    assert len(short) == 2
    assert set(short) <= set(found)
    assert any("melted" in one for one in short)
    assert "nice weather today" not in short


def test_a_thread_without_words_has_neither() -> None:
    assert (sentences(["", "🎉", "https://x.example"]), key_phrases([""])) == ([], [])
    assert summary([], np.empty((0, 512), dtype=np.float32)) == []
