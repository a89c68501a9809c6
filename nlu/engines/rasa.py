"""Rasa over HTTP: `POST /model/parse`. When it does not answer in time, the built-in engine does."""

import threading
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import structlog

from nlu.encoder import Vector
from nlu.engines.base import Classification, Setup
from nlu.engines.builtin import ALTERNATIVES, BuiltinEngine
from nlu.intents import INTENTS, OUT_OF_SCOPE
from nlu.models import Models
from nlu.training import NotTrained
from nlu.understanding import Audience

if TYPE_CHECKING:
    import httpx

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 2.0
REST_SECONDS = 30.0
"""After a failure Rasa is left alone for this long, so that a dead server does not delay every message."""
FALLBACK_INTENT = "nlu_fallback"


class RasaEngine:
    """Asks a Rasa server trained from the same files; safe to call from several threads."""

    name = "rasa"

    def __init__(
        self,
        url: str,
        fallback: BuiltinEngine,
        *,
        token: str = "",
        client: "httpx.Client | None" = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        import httpx  # here, so that the built-in engine does without it

        self._url = url.rstrip("/") + "/model/parse"
        self._fallback = fallback
        self._parameters = {"token": token} if token else {}
        self._client = client or httpx.Client(timeout=TIMEOUT_SECONDS)
        self._seconds = seconds
        self._failures = (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError)
        self._asleep_until = float("-inf")
        self._lock = threading.Lock()

    @classmethod
    def build(cls, setup: Setup) -> "RasaEngine":
        """Make the engine; the address of the server must be set."""
        if not setup.rasa_url:
            raise NotTrained(
                "The engine is rasa but its address is not set: set RAPPORT_NLU__RASA_URL, or use builtin."
            )
        return cls(setup.rasa_url, BuiltinEngine.build(setup), token=setup.rasa_token)

    def with_models(self, models: Models) -> "RasaEngine":
        """Return an engine that asks the same server, with another built-in engine to fall back on."""
        fresh = copy(self)
        fresh._fallback = self._fallback.with_models(models)
        return fresh

    def classify(self, text: str, vector: Vector, audience: Audience) -> Classification:
        """Ask Rasa; on any failure let the built-in engine answer."""
        if self._seconds() >= self._asleep_until:
            try:
                answer = self._client.post(self._url, json={"text": text}, params=self._parameters)
                answer.raise_for_status()
                return read(answer.json(), audience)
            except self._failures as error:
                with self._lock:
                    self._asleep_until = self._seconds() + REST_SECONDS
                log.warning("rasa_failed", reason=type(error).__name__, rest_seconds=REST_SECONDS)
        return self._fallback.classify(text, vector, audience)


def read(answer: Mapping[str, Any], audience: Audience) -> Classification:
    """Turn Rasa's answer into a classification, keeping only the intents of the audience."""
    allowed = set(INTENTS[audience])
    first = answer["intent"]
    ranking = [(str(item["name"]), float(item["confidence"])) for item in answer.get("intent_ranking") or [first]]
    if first["name"] == FALLBACK_INTENT:
        ranking = []
    known = [(name, min(max(confidence, 0.0), 1.0)) for name, confidence in ranking if name in allowed]
    if not known:
        return Classification(OUT_OF_SCOPE, 1.0, (), RasaEngine.name)
    (intent, confidence), *others = sorted(known, key=lambda pair: -pair[1])
    return Classification(intent, confidence, tuple(others[:ALTERNATIVES]), RasaEngine.name)
