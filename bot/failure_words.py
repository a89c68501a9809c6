"""Why something failed, in the reader's language: what is known by kind, and the words of whoever said so beside it."""

import re

from bot.phrases import Phrases
from crm_core.analytics.child import ChildFailed

_KINDS = (
    ("blocked", r"blocked by the user|user is deactivated|bot was kicked|user_disabled|is_archived"),
    ("no_address", r"no e-mail address|chat not found|no such web chat|channel_not_found|user_not_found"),
    ("token", r"bot token|user or password|sender"),
    ("wait", r"asks to wait|too many requests"),
    ("unreachable", r"cannot be reached|not available|not connected|went away|connection .* broke|fault of its own"),
    ("no_answer", r"did not answer|could not be read|gateway answered|failed half-way"),
    ("too_large", r"larger than|too large"),
    ("refused", r"refuse"),
)
"""What a failure of delivery is, by the words of the channel."""


def failure_words(phrases: Phrases, language: str, reason: str) -> str:
    """A reason that a channel gave; in English as it is."""
    if language == "en" or not reason.isascii():
        return reason
    kind = next((kind for kind, pattern in _KINDS if re.search(pattern, reason, re.IGNORECASE)), "other")
    return phrases(f"failures.{kind}", language, detail=reason)


def child_words(phrases: Phrases, language: str, problem: ChildFailed) -> str:
    """Why a child process gave no answer."""
    return phrases(f"failures.child.{problem.kind}", language, detail=problem.detail)
