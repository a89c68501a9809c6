"""Engines: the table, and Rasa over HTTP with everything that can go wrong."""

import httpx
import numpy as np
import pytest

from nlu.engines import ENGINES, Classification, RasaEngine, Setup
from nlu.engines.rasa import REST_SECONDS, read
from nlu.intents import OUT_OF_SCOPE
from nlu.training import NotTrained

VECTOR = np.zeros(512, dtype=np.float32)
ANSWER = {
    "text": "where is it",
    "intent": {"name": "find_customer", "confidence": 0.6},
    "intent_ranking": [
        {"name": "find_customer", "confidence": 0.6},
        {"name": "order_status", "confidence": 0.3},
        {"name": "greeting", "confidence": 0.05},
    ],
    "entities": [],
}


class Builtin:
    """Answers when Rasa does not."""

    def classify(self, text, vector, audience):
        return Classification("greeting", 0.5)


class Time:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self):
        return self.now


def engine(handler, seconds=None, token=""):
    client = httpx.Client(transport=httpx.MockTransport(handler))
    return RasaEngine("http://rasa:5005/", Builtin(), client=client, seconds=seconds or Time(), token=token)


def test_every_engine_has_a_class_that_builds_and_classifies():
    for name, kind in ENGINES.items():
        assert kind.name == name
        assert callable(kind.build)
        assert callable(kind.classify)


def test_only_intents_of_the_audience_count():
    seen = []

    def handler(request):
        seen.append((str(request.url), request.content))
        return httpx.Response(200, json=ANSWER)

    found = engine(handler, token="secret").classify("where is it", VECTOR, "customer")
    assert (found.intent, found.confidence, found.engine) == ("order_status", 0.3, "rasa")
    assert found.alternatives == (("greeting", 0.05),)
    assert seen[0][0] == "http://rasa:5005/model/parse?token=secret"
    assert b'"where is it"' in seen[0][1]


def test_a_fallback_or_foreign_intent_is_out_of_scope():
    assert read({"intent": {"name": "nlu_fallback", "confidence": 0.7}}, "customer").intent == OUT_OF_SCOPE
    assert read({"intent": {"name": "book_flight", "confidence": 0.9}}, "customer").intent == OUT_OF_SCOPE


@pytest.mark.parametrize(
    "handler",
    [
        lambda request: httpx.Response(500),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(200, json={"version": "3.6"}),
        lambda request: httpx.Response(200, json=[1]),
        lambda request: httpx.Response(200, json={"intent": {"name": "greeting", "confidence": "high"}}),
        lambda request: (_ for _ in ()).throw(httpx.ConnectError("refused")),
        lambda request: (_ for _ in ()).throw(httpx.ReadTimeout("slow")),
    ],
    ids=["500", "html", "no intent", "list", "no number", "refused", "timeout"],
)
def test_when_rasa_fails_the_builtin_engine_answers(handler):
    assert engine(handler).classify("x", VECTOR, "customer") == Classification("greeting", 0.5)


def test_a_dead_server_is_left_alone_for_a_while():
    calls, seconds = [], Time()

    def handler(request):
        calls.append(request)
        return httpx.Response(500)

    rasa = engine(handler, seconds)
    for _ in range(5):
        rasa.classify("x", VECTOR, "customer")
    assert len(calls) == 1
    seconds.now = REST_SECONDS + 1
    rasa.classify("x", VECTOR, "customer")
    assert len(calls) == 2


def test_an_address_is_needed():
    with pytest.raises(NotTrained, match="RAPPORT_NLU__RASA_URL"):
        RasaEngine.build(Setup(models=None))
