"""Every dialogue of tests/conversations, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dialogues import Stage
from tests.playing import load_dialogues, play

DIALOGUES = load_dialogues(Path(__file__).parent / "conversations")


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda d: f"{d['file']}-{d['name']}".replace(" ", "_"))
def test_dialogue(dialogue: dict[str, Any], stage: Stage, character: Callable[[str], int]) -> None:
    play(stage, dialogue, character)


def test_there_are_enough_dialogues_in_each_language() -> None:
    spoken = ["".join(str(turn.get("said", "")) for turn in dialogue["turns"]) for dialogue in DIALOGUES]
    chinese = sum(any("一" <= c <= "鿿" for c in text) for text in spoken)
    handed_over = sum(any("staff" in t or "staff_presses" in t for t in d["turns"]) for d in DIALOGUES)
    assert len(DIALOGUES) >= 60
    assert chinese >= len(DIALOGUES) // 2
    assert handed_over >= 10
