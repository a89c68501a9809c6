"""Rasa behind HTTP says the intent; when it does not answer in time, the built-in engine does."""

import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING

import structlog

from nlu.encoder import Vector
from nlu.engines.base import Classification, Engine, Health, Setup
from nlu.engines.breaker import Breaker
from nlu.engines.builtin import ALTERNATIVES, BuiltinEngine
from nlu.intents import INTENTS, OUT_OF_SCOPE
from nlu.models import Models
from nlu.rasa_export import as_rasa_sees
from nlu.training import NotTrained
from nlu.understanding import Audience

if TYPE_CHECKING:
    from nlu.engines.rasa_server import Parsed, RasaServer

log = structlog.get_logger(__name__)

FALLBACK_INTENT = "nlu_fallback"
"""What Rasa's FallbackClassifier says where an operator put one into the pipeline: it is not sure."""


class RasaEngine:
    """Asks the Rasa server of an audience; one that has none is understood by the built-in engine.

    Safe to call from several threads.
    """

    name = "rasa"

    def __init__(
        self,
        servers: "Mapping[Audience, RasaServer]",
        fallback: Engine,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = servers
        self._fallback = fallback
        self._breakers = {audience: Breaker(seconds) for audience in servers}

    @classmethod
    def build(cls, setup: Setup) -> "RasaEngine":
        """Make the engine; the address of a server must be set."""
        if not setup.rasa_urls:
            raise NotTrained(
                "The engine is rasa but its address is not set: set RAPPORT_NLU__RASA_URL, or use builtin."
            )
        from nlu.engines.rasa_server import RasaServer  # here, so that the built-in engine does without httpx

        servers = {audience: RasaServer(url, setup.rasa_token) for audience, url in setup.rasa_urls.items()}
        return cls(servers, BuiltinEngine.build(setup))

    def with_models(self, models: Models) -> "RasaEngine":
        """Return an engine that asks the same servers, with another built-in engine to fall back on."""
        fresh = copy(self)
        fresh._fallback = self._fallback.with_models(models)
        return fresh

    def classify(self, text: str, vector: Vector, audience: Audience) -> Classification:
        """Ask Rasa, unless it failed lately; on any failure let the built-in engine answer."""
        return self._ask(text, audience) or self._fallback.classify(text, vector, audience)

    def health(self) -> Health:
        """Say of each server whether it is asked at present."""
        rasa = {
            audience: {"breaker": breaker.state, "failures_in_a_row": breaker.failures}
            for audience, breaker in self._breakers.items()
        }
        return {"engine": self.name, "rasa": rasa}

    def _ask(self, text: str, audience: Audience) -> Classification | None:
        from nlu.engines.rasa_server import RasaFailed

        breaker = self._breakers.get(audience)
        if breaker is None or not breaker.allows():
            return None
        try:
            found = read(self._servers[audience].parse(as_rasa_sees(text)), audience)
        except RasaFailed as error:
            opened, failures = breaker.failed(), breaker.failures
            log.warning("rasa_failed", audience=audience, reason=str(error), failures=failures, left_alone=opened)
            return None
        if breaker.succeeded():
            log.info("rasa_answers_again", audience=audience)
        return found


def read(parsed: "Parsed", audience: Audience) -> Classification:
    """Turn Rasa's answer into a classification: only what the audience may mean counts.

    Raises RasaFailed where no intent is one of theirs: another model is loaded there.
    """
    from nlu.engines.rasa_server import RasaFailed

    shares = {name: share for name, share in parsed.ranking if name in INTENTS[audience]}
    if not shares and any(name != FALLBACK_INTENT for name, _ in parsed.ranking):
        raise RasaFailed("its model knows none of our intents; train it from `python -m nlu rasa-export`")
    outside = shares.pop(OUT_OF_SCOPE, 0.0)
    inside = sum(shares.values())
    ranking = [(intent, share / inside) for intent, share in shares.items()] if inside else []
    ranking.sort(key=lambda pair: -pair[1])
    unsure = parsed.intent == FALLBACK_INTENT or not ranking
    if unsure or outside >= max(shares.values()):
        sure = 1.0 if unsure else outside / (outside + inside)
        return Classification(OUT_OF_SCOPE, sure, tuple(ranking[:ALTERNATIVES]), RasaEngine.name)
    (intent, confidence), *others = ranking
    return Classification(intent, confidence, tuple(others[:ALTERNATIVES]), RasaEngine.name)
