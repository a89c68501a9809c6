"""What a customer's message may have meant: names of intents and moods for people, and correcting one of them."""

from collections.abc import Iterable
from typing import Any

from bot.phrases import LANGUAGES, Phrases
from crm_core.corrections import Corrections, Doubt, Kind
from crm_core.errors import NotFound
from crm_core.models import Correction, Interaction
from nlu.intents import CUSTOMER, OUT_OF_SCOPE
from nlu.interpreter import STRANGER_BELOW, UNSURE_BELOW
from nlu.sentiment import mood_name
from nlu.training import MOODS

DOUBT = Doubt(below=round(UNSURE_BELOW * 1000), stranger_below=round(STRANGER_BELOW * 1000))
"""Which messages people should look at unasked."""


def kind_of(label: str) -> Kind:
    """Whether a label is an intent's or a mood's.

    Raises:
        NotFound: it is neither.
    """
    if label in CUSTOMER:
        return "intent"
    if label in MOODS:
        return "mood"
    raise NotFound(
        f'There is no intent or mood "{label[:40]}". Intents: {", ".join(CUSTOMER)}. Moods: {", ".join(MOODS)}.'
    )


def propose(corrections: Corrections, interaction_id: int, label: str) -> Correction:
    """Say that a message meant this."""
    kind, message = kind_of(label), corrections.message(interaction_id)
    found = (message.intent or "") if kind == "intent" else felt(message)
    return corrections.propose(interaction_id, kind, label, found)


def felt(message: Interaction) -> str:
    """The mood that was understood, by its name."""
    return mood_name((message.sentiment_milli or 0) / 1000)


def likely_first(found: str, alternatives: Iterable[str]) -> list[str]:
    """All intents but the one that was understood: the alternatives first, then as the list of intents goes."""
    first = [name for name in alternatives if name in CUSTOMER]
    return [name for name in dict.fromkeys([*first, *CUSTOMER]) if name not in (found, OUT_OF_SCOPE)] + (
        [OUT_OF_SCOPE] if found != OUT_OF_SCOPE else []
    )


def name_of(phrases: Phrases, label: str, language: str) -> str:
    """An intent or a mood in words."""
    key = f"manager.intents.{label}" if label in CUSTOMER else f"agent.meaning.moods.{label}"
    return phrases(key, language) if phrases.has(key) else label


def menu(phrases: Phrases) -> dict[str, Any]:
    """All labels in both languages, for pages."""

    def named(labels: Iterable[str]) -> list[dict[str, str]]:
        return [{"name": each, **{lang: name_of(phrases, each, lang) for lang in LANGUAGES}} for each in labels]

    return {"intents": named(CUSTOMER), "moods": named(MOODS)}
