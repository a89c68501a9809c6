"""What every engine takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nlu.encoder import Vector
from nlu.models import Models
from nlu.understanding import Audience

Health = Mapping[str, Any]
"""How an engine is, in words and figures for operators; nothing personal."""


@dataclass(frozen=True)
class Classification:
    """The intent of a text, how sure that is, the next best ones, and who says so."""

    intent: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()
    engine: str = "builtin"


@dataclass(frozen=True)
class Setup:
    """What an engine is built from."""

    models: Models
    rasa_urls: Mapping[Audience, str] = field(default_factory=dict)
    """Audience -> the address of its Rasa server."""
    rasa_token: str = field(default="", repr=False)


class Engine(Protocol):
    """Says which intent a text has."""

    @classmethod
    def build(cls, setup: Setup) -> "Engine":
        """Make the engine ready to answer."""
        ...

    def with_models(self, models: Models) -> "Engine":
        """Return the same engine with other trained models, for the next message on."""
        ...

    def classify(self, text: str, vector: Vector, audience: Audience) -> Classification:
        """Return the intent of a cleaned text; never raises because of the text."""
        ...

    def health(self) -> Health:
        """Return the engine's name, and whatever an operator should know of it."""
        ...
