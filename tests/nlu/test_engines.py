"""Engines: the table, and Rasa over HTTP with everything that can go wrong, on answers that a real Rasa gave."""

import json
import logging
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
import structlog
from typer.testing import CliRunner

from nlu.__main__ import app
from nlu.engines import ENGINES, Classification, RasaEngine, Setup
from nlu.engines.breaker import FAILURES, REST_SECONDS
from nlu.engines.rasa import read
from nlu.engines.rasa_server import Parsed, RasaFailed, RasaServer, TokenRefused
from nlu.intents import INTENTS, OUT_OF_SCOPE
from nlu.training import NotTrained
from tests.nlu.conftest import write_training_files
from tests.peers.rasa import TOKEN
from tests.peers.rasa_replay import Replay, recorded, replaying

VECTOR = np.zeros(512, dtype=np.float32)
BUILTIN = Classification("greeting", 0.5)


class Builtin:
    """Answers when Rasa does not."""

    def classify(self, text, vector, audience):
        return BUILTIN


class Time:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as server:
        yield server


def engine(url="http://rasa:5005/", handler=None, seconds=None, token=TOKEN):
    transport = httpx.MockTransport(handler) if handler else None
    return RasaEngine({"customer": RasaServer(url, token, transport)}, Builtin(), seconds or Time())


def parsed(name):
    return RasaServer("http://rasa", transport=httpx.MockTransport(lambda _: replayed(name))).parse("x")


def replayed(name):
    told = recorded(name)
    return httpx.Response(told["status"], json=told["body"])


def test_every_engine_has_a_class_that_builds_and_classifies():
    for name, kind in ENGINES.items():
        assert kind.name == name
        assert callable(kind.build)
        assert callable(kind.classify)


# --- what Rasa's answers mean ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["parse_order_en", "parse_order_zh", "parse_mixed"])
def test_both_languages_are_understood_by_the_model_that_was_recorded(name):
    found = read(parsed(name), "customer")
    assert (found.intent, found.engine) == ("order_status", "rasa")
    assert found.confidence > 0.35
    assert len(found.alternatives) == 3


@pytest.mark.parametrize("name", ["order_en", "order_zh", "mixed", "outside", "emoji", "unknown_script"])
def test_nobody_is_offered_what_they_may_not_mean(name):
    found = read(parsed(f"parse_{name}"), "customer")
    shares = [found.confidence, *(share for _, share in found.alternatives)]
    assert {found.intent, *(intent for intent, _ in found.alternatives)} <= set(INTENTS["customer"])
    assert all(0 <= share <= 1 for share in shares)


def test_what_is_outside_is_refused_with_the_next_best():
    answer = Parsed(OUT_OF_SCOPE, ((OUT_OF_SCOPE, 0.5), ("greeting", 0.3), ("thanks", 0.1)))
    assert read(answer, "customer") == Classification(
        OUT_OF_SCOPE, pytest.approx(0.5 / 0.9), (("greeting", pytest.approx(0.75)), ("thanks", pytest.approx(0.25))),
        "rasa",
    )  # fmt: skip


def test_shares_are_of_what_the_audience_may_mean():
    answer = Parsed("add_note", (("add_note", 0.5), ("greeting", 0.3), ("thanks", 0.1), (OUT_OF_SCOPE, 0.1)))
    found = read(answer, "customer")
    assert (found.intent, found.confidence, found.alternatives) == (
        "greeting", pytest.approx(0.75), (("thanks", pytest.approx(0.25)),),
    )  # fmt: skip
    assert read(answer, "agent").intent == read(answer, "manager").intent == "add_note"


def test_rasas_own_doubt_is_out_of_scope():
    answer = Parsed("nlu_fallback", (("nlu_fallback", 0.7), ("greeting", 0.3)))
    assert read(answer, "customer") == Classification(OUT_OF_SCOPE, 1.0, (("greeting", 1.0),), "rasa")
    assert read(Parsed("nlu_fallback", (("nlu_fallback", 0.7),)), "customer").intent == OUT_OF_SCOPE
    assert read(Parsed(None, ()), "customer").intent == OUT_OF_SCOPE
    assert read(Parsed(OUT_OF_SCOPE, ((OUT_OF_SCOPE, 1.0),)), "customer").intent == OUT_OF_SCOPE


def test_a_model_of_somebody_else_is_a_failure():
    with pytest.raises(RasaFailed, match="none of our intents"):
        read(Parsed("book_flight", (("book_flight", 0.9), ("hello", 0.1))), "customer")


# --- what is asked --------------------------------------------------------------------------------------------------
def test_a_text_is_asked_as_the_lines_are_written(replay):
    rasa = engine(replay.url)
    assert rasa.classify("Ｗhere Is My ORDER", VECTOR, "customer").intent == "order_status"
    rasa.classify("／data_erase", VECTOR, "customer")
    rasa.classify("訂單 [x](y)", VECTOR, "customer")
    asked = ["where is my order", "\u200b/data_erase", "订单_ [x]\u200b(y)"]
    assert [each["text"] for each in replay.asked] == asked
    assert read(parsed("parse_slash"), "customer").confidence == 1.0, "why no text may begin with a slash"


def test_an_audience_without_a_server_is_understood_by_the_builtin_engine(replay):
    rasa = engine(replay.url)
    assert rasa.classify("where is my order", VECTOR, "agent") == BUILTIN
    assert replay.asked == []
    assert list(rasa.health()["rasa"]) == ["customer"]


def test_one_server_that_fails_does_not_silence_the_others(replay):
    dead = RasaServer("http://dead", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    rasa = RasaEngine({"customer": RasaServer(replay.url, TOKEN), "agent": dead}, Builtin(), Time())
    for _ in range(FAILURES):
        assert rasa.classify("x", VECTOR, "agent") == BUILTIN
    assert rasa.classify("where is my order", VECTOR, "customer").engine == "rasa"
    assert rasa.health()["rasa"] == {
        "customer": {"breaker": "closed", "failures_in_a_row": 0},
        "agent": {"breaker": "open", "failures_in_a_row": FAILURES},
    }


def test_other_models_change_what_is_fallen_back_on_and_nothing_else():
    class Learning(Builtin):
        def with_models(self, models):
            return models

    rasa = RasaEngine({"customer": RasaServer("http://dead")}, Learning(), Time())
    fresh = rasa.with_models(Builtin())
    assert fresh.classify("x", VECTOR, "agent") == BUILTIN
    assert fresh.health() == rasa.health()
    rasa._breakers["customer"].failed()
    assert fresh.health()["rasa"]["customer"]["failures_in_a_row"] == 1, "what was seen of a server is kept"


def test_connections_are_used_again(replay):
    rasa = engine(replay.url)
    for _ in range(5):
        assert rasa.classify("where is my order", VECTOR, "customer").engine == "rasa"
    assert (len(replay.asked), replay.connections) == (5, 1)


def test_texts_go_to_no_proxy(replay, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert engine(replay.url).classify("where is my order", VECTOR, "customer").engine == "rasa"


def test_administration_is_read(replay):
    server = RasaServer(replay.url + "/", TOKEN)
    assert server.version() == "3.6.21"
    assert server.model().startswith("rapport-")
    replay.model = "C:\\models\\rapport-1.tar.gz"
    assert server.model() == "rapport-1"
    replay.refuses_models = True
    with pytest.raises(RasaFailed, match="no model loaded"):
        server.model()
    with pytest.raises(TokenRefused):
        RasaServer(replay.url, "wrong").model()


# --- when it fails --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "handler",
    [
        lambda request: httpx.Response(500),
        lambda request: httpx.Response(302, headers={"location": "http://elsewhere/"}),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(200, content=b"\xff\xfe"),
        lambda request: httpx.Response(200, text="[" * 100_000),
        lambda request: httpx.Response(200, json={"version": "3.6"}),
        lambda request: httpx.Response(200, json=[1]),
        lambda request: httpx.Response(200, json={"intent": None}),
        lambda request: httpx.Response(200, json={"intent": {"name": "greeting", "confidence": "high"}}),
        lambda request: httpx.Response(200, text='{"intent": {"name": "greeting", "confidence": NaN}}'),
        lambda request: httpx.Response(200, json={"intent": {"name": "greeting", "confidence": -1}}),
        lambda request: httpx.Response(200, json={"intent": {"name": "book_flight", "confidence": 1}}),
        lambda request: replayed("bad_request"),
        lambda request: replayed("no_model"),
        lambda request: replayed("refused"),
        lambda request: (_ for _ in ()).throw(httpx.ConnectError("refused")),
        lambda request: (_ for _ in ()).throw(httpx.ReadTimeout("slow")),
    ],
    ids=[
        "500", "redirect", "html", "no UTF-8", "deep", "no intent", "list", "null", "no number", "NaN", "negative",
        "another model", "bad request", "no model", "refused token", "refused", "timeout",
    ],
)  # fmt: skip
def test_when_rasa_fails_the_builtin_engine_answers(handler):
    rasa = engine(handler=handler)
    for _ in range(FAILURES):
        assert rasa.classify("x", VECTOR, "customer") == BUILTIN
    assert rasa.health()["rasa"]["customer"] == {"breaker": "open", "failures_in_a_row": FAILURES}


def test_a_dead_server_is_left_alone_then_tried_with_one_message():
    calls, seconds, alive = [], Time(), []

    def handler(request):
        calls.append(request)
        return replayed("parse_order_en") if alive else httpx.Response(500)

    rasa = engine(handler=handler, seconds=seconds)
    for _ in range(FAILURES + 5):
        assert rasa.classify("x", VECTOR, "customer") == BUILTIN
    assert len(calls) == FAILURES
    seconds.now = REST_SECONDS
    assert rasa.classify("x", VECTOR, "customer") == BUILTIN
    assert rasa.classify("x", VECTOR, "customer") == BUILTIN
    assert len(calls) == FAILURES + 1
    alive.append(True)
    seconds.now = 2 * REST_SECONDS
    assert rasa.classify("x", VECTOR, "customer").engine == "rasa"
    assert rasa.health()["rasa"]["customer"] == {"breaker": "closed", "failures_in_a_row": 0}
    assert rasa.classify("x", VECTOR, "customer").engine == "rasa"


def test_while_one_message_tries_the_others_do_not_wait():
    seconds, probing, go_on = Time(), threading.Event(), threading.Event()

    def handler(request):
        if seconds.now == 0:
            return httpx.Response(500)
        probing.set()
        assert go_on.wait(10)
        return replayed("parse_order_en")

    rasa = engine(handler=handler, seconds=seconds)
    for _ in range(FAILURES):
        rasa.classify("x", VECTOR, "customer")
    seconds.now = REST_SECONDS
    found = []
    probe = threading.Thread(target=lambda: found.append(rasa.classify("x", VECTOR, "customer")))
    probe.start()
    assert probing.wait(10)
    assert rasa.classify("y", VECTOR, "customer") == BUILTIN
    assert rasa.health()["rasa"]["customer"]["breaker"] == "half_open"
    go_on.set()
    probe.join()
    assert found[0].engine == "rasa"
    assert rasa.health()["rasa"]["customer"]["breaker"] == "closed"


def test_a_server_that_says_nothing_is_given_up(replay, monkeypatch):
    monkeypatch.setattr("nlu.engines.rasa_server.TIMEOUT", httpx.Timeout(0.1, connect=5))
    replay.mute.set()
    rasa = engine(replay.url)
    assert rasa.classify("where is my order", VECTOR, "customer") == BUILTIN
    replay.mute.clear()
    assert rasa.classify("where is my order", VECTOR, "customer").engine == "rasa"


def test_the_token_is_in_no_log_when_all_goes_well(replay, caplog):
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logs:
        assert engine(replay.url).classify("where is my order", VECTOR, "customer").engine == "rasa"
    assert TOKEN not in f"{logs} {caplog.text}"


def test_neither_token_nor_text_nor_password_is_logged_or_shown(caplog):
    def handler(request):
        assert request.url.params["token"] == "very-secret"
        raise httpx.ConnectError(f"no way to {request.url}")

    url = "http://user:hidden@rasa:5005"
    with caplog.at_level(logging.INFO), structlog.testing.capture_logs() as logs:
        rasa = engine(url, handler, token="very-secret")
        assert rasa.classify("a text of Wang Fang", VECTOR, "customer") == BUILTIN
        with pytest.raises(RasaFailed) as failed:
            RasaServer(url, "very-secret", httpx.MockTransport(handler)).version()
    said = f"{logs} {caplog.text} {failed.value!r} {failed.value.__cause__} {rasa.health()} {RasaServer(url).place}"
    said += repr(Setup(models=None, rasa_urls={"customer": "http://rasa"}, rasa_token="very-secret"))
    assert logs
    assert failed.value.__suppress_context__
    for secret in ("very-secret", "hidden", "Wang Fang"):
        assert secret not in said


def test_an_address_is_needed():
    with pytest.raises(NotTrained, match="RAPPORT_NLU__RASA_URL"):
        RasaEngine.build(Setup(models=None))


def test_the_command_measures_rasa_and_tells_who_answered(replay, tmp_path, monkeypatch):
    lines = write_training_files(tmp_path / "lines")
    (tmp_path / "mine.csv").write_text("text,category\nwhere is my order,order_status\n", encoding="utf-8")
    command = ["evaluate", str(tmp_path / "mine.csv"), "--json", "--config", str(lines), "--cache", str(tmp_path)]

    def measured(*more):
        result = CliRunner().invoke(app, [*command, *more])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.splitlines()[-1])

    monkeypatch.setenv("RAPPORT_NLU__RASA_TOKEN", TOKEN)
    found = measured("--rasa-url", replay.url)
    assert (found["intent_accuracy"], found["engines"]) == (1.0, {"rasa": 1})
    assert measured()["engines"] == {"builtin": 1}
    monkeypatch.setenv("RAPPORT_NLU__RASA_TOKEN", "wrong")
    assert measured("--rasa-url", replay.url)["engines"] == {"builtin": 1}, "it is seen that Rasa did not answer"
