"""Reasons of failures in the reader's language: what kind it is, and the words of whoever said so."""

import re

import pytest

from bot.failure_words import child_words, failure_words
from bot.phrases import Phrases
from crm_core.analytics.child import ChildFailed

PHRASES = Phrases()


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("Telegram refused: Forbidden: bot was blocked by the user", "对方屏蔽了我们"),
        ("there is no e-mail address on record (any more)", "没有可送达的地址"),
        ("Slack cannot be reached (ConnectError): check network and proxy", "连不上渠道"),
        ("Slack did not answer in time", "没有回音"),
        ("the letter is too large for the mail server: 552", "太大"),
        ("Slack refused the bot token (invalid_auth): reinstall the app", "凭据"),
        ("Telegram refused: something new", "拒收"),
    ],
)
def test_a_channels_reason_is_told_in_chinese_with_its_words(reason: str, told: str):
    chinese = failure_words(PHRASES, "zh", reason)
    assert told in chinese
    assert reason in chinese
    assert failure_words(PHRASES, "en", reason) == reason
    assert failure_words(PHRASES, "zh", "对方拒绝") == "对方拒绝"


@pytest.mark.parametrize("kind", ["slow", "failed", "unusable"])
def test_a_child_process_fails_in_both_languages(kind: str):
    problem = ChildFailed("It took longer than 60 s.", kind, "60")
    assert "60" in child_words(PHRASES, "en", problem)
    assert re.search(r"[\u4e00-\u9fff]", child_words(PHRASES, "zh", problem))
