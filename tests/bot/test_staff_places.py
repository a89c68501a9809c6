"""Where staff can be told later what they asked to be told."""

from pathlib import Path

import pytest

from bot.phrases import Phrases
from bot.staff_places import missing
from config.settings import Settings


@pytest.mark.parametrize(
    ("speaker", "channel", "problem"),
    [
        ("slack:U-MANAGER", "slack", ""),
        ("web:manager", "web", ""),
        ("console:console-manager", "console", "console"),
        ("slack:U-MANAGER", "email", "smtp"),
        ("slack:U-MANAGER", "console", "channel"),
    ],
)
def test_nobody_is_promised_what_could_not_reach_them(tmp_path: Path, speaker: str, channel: str, problem: str):
    assert missing(Settings(_env_file=None, data_dir=tmp_path), None, speaker, channel) == problem
    assert not problem or Phrases().has(f"digests.missing.{problem}")
