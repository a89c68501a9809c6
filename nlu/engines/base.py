"""What every engine takes and gives."""

from dataclasses import dataclass
from typing import Protocol

from nlu.encoder import Vector
from nlu.models import Models
from nlu.understanding import Audience


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
    rasa_url: str | None = None
    rasa_token: str = ""


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
