"""Help: every example it gives is understood as what it stands for and answered; groups are found by their names."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bot.channels.slack_format import SECTION
from bot.channels.telegram_format import LONGEST_TEXT
from bot.commands import forced_intent
from bot.following import follow_up
from bot.handlers import HANDLERS
from bot.handlers.agent.not_yet import not_yet as not_yet_of_agents
from bot.handlers.manager.small_talk import not_yet as not_yet_of_managers
from bot.hearing import Heard
from bot.helping import AGENTS, COMMANDS, GROUPS, Helping, asked_group, group_in
from bot.messages import IncomingMessage, Sender
from bot.phrases import LANGUAGES, Phrases
from bot.turns import Memory
from crm_core.models import Interaction
from nlu.interpreter import Interpreter
from nlu.understanding import Audience

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EXAMPLES = [
    (audience, place, language, intent, text)
    for language in LANGUAGES
    for audience in GROUPS
    for place in (f"{audience}.{group}" for group in GROUPS[audience] if group not in (AGENTS, COMMANDS))
    for intent, text in Helping(Phrases(), language).examples(place)
]


def said(text: str, audience: str) -> IncomingMessage:
    return IncomingMessage(
        channel="web", account="a", delivery_id="1", chat_id="c", message_id="1", text=text, sent_at=NOW,
        sender=Sender(external_id="u"), side="customer" if audience == "customer" else "staff",
    )  # fmt: skip


@pytest.fixture(scope="module")
def meant(interpreter: Interpreter) -> Callable[[str, Audience], str]:
    """The intent of a first sentence, on the way that the assistant goes."""

    def of(text: str, audience: Audience) -> str:
        message = said(text, audience)
        forced, _ = forced_intent(message, audience, HANDLERS[audience])
        if forced:
            return forced
        understanding = interpreter.understand(text, audience, now=NOW, zone="Asia/Shanghai")
        heard = Heard(Interaction(), message, understanding, "", None)
        speaker: Any = SimpleNamespace(audience=audience)
        store: Any = SimpleNamespace(campaigns=SimpleNamespace(names=tuple))
        return follow_up(heard, Memory(), speaker, store).understanding.intent

    return of


def test_every_example_is_understood_and_answered(meant: Callable[[str, Audience], str]) -> None:
    """An agent's example means the same to a manager."""
    assert len(EXAMPLES) > 180
    wrong = [
        (audience, place, text, intent, found)
        for of, place, _, intent, text in EXAMPLES
        for audience in ((of, "manager") if of == "agent" else (of,))
        if (found := meant(text, audience)) != intent
        or HANDLERS[audience][intent] in (not_yet_of_agents, not_yet_of_managers)
    ]
    assert wrong == []


def test_all_groups_are_described_and_short_enough() -> None:
    for language in LANGUAGES:
        helping = Helping(Phrases(), language)
        for audience in GROUPS:
            assert len(helping.overview(audience)) < SECTION < LONGEST_TEXT
            for group in GROUPS[audience]:
                assert helping.title(audience, group)
                if group not in (AGENTS, COMMANDS):
                    assert len(helping.group(audience, group)) < SECTION


@pytest.mark.parametrize(
    ("text", "audience", "group"),
    [
        ("help campaigns", "manager", "campaigns"),
        ("Help with campaigns!", "manager", "campaigns"),
        ("帮助 活动", "manager", "campaigns"),
        ("活动帮助", "manager", "campaigns"),
        ("帮助：竞争对手", "manager", "competitors"),
        ("help orders", "manager", "orders"),
        ("help tasks", "agent", "cases"),
        ("help commands", "agent", COMMANDS),
        ("help campaigns", "agent", ""),
        ("help orders", "customer", "orders"),
        ("帮助 退货", "customer", "returns"),
        ("help", "customer", ""),
        ("help with my order", "customer", ""),
        ("help me find Wang Fang", "agent", ""),
        ("order help me please", "customer", ""),
    ],
)
def test_a_group_is_asked_for_by_its_name(text: str, audience: Audience, group: str) -> None:
    assert asked_group(text, audience) == group
    forced = forced_intent(said(text, audience), audience, HANDLERS[audience])
    assert (forced == ("help", text)) is bool(group)
    assert not group or group_in(text, audience) == group_in(group, audience) == group
