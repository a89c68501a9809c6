"""The engine that needs nothing else: classifiers trained from the files in config/nlu."""

from nlu.encoder import Vector
from nlu.engines.base import Classification, Health, Setup
from nlu.intents import OUT_OF_SCOPE
from nlu.models import Models
from nlu.understanding import Audience

OUTSIDE = 0.5
ALTERNATIVES = 3


class BuiltinEngine:
    """One classifier per audience, with a learned rejector of what is out of scope."""

    name = "builtin"

    def __init__(self, models: Models) -> None:
        self._models = models

    @classmethod
    def build(cls, setup: Setup) -> "BuiltinEngine":
        """Make the engine from trained models."""
        return cls(setup.models)

    def with_models(self, models: Models) -> "BuiltinEngine":
        """Return an engine of these models."""
        return BuiltinEngine(models)

    def classify(self, text: str, vector: Vector, audience: Audience) -> Classification:
        """Return the best intent of this audience, or out_of_scope with the next best as alternatives."""
        verdict = self._models.intents[audience].classify(text, vector)
        if verdict.outside > OUTSIDE or not verdict.ranking:
            return Classification(OUT_OF_SCOPE, verdict.outside, verdict.ranking[:ALTERNATIVES], self.name)
        (intent, confidence), *others = verdict.ranking
        return Classification(intent, confidence, tuple(others[:ALTERNATIVES]), self.name)

    def health(self) -> Health:
        """Say its name: it runs in this process, and is well when that is."""
        return {"engine": self.name}
