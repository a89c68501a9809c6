"""What `/health` and `/metrics` say of the engine."""

from pathlib import Path

import httpx
import pytest

from bot.app import Parts, build_app
from bot.metrics import Metrics
from config.settings import Settings
from nlu.engines import RasaEngine
from nlu.engines.breaker import FAILURES
from nlu.engines.rasa_server import RasaServer
from nlu.interpreter import Interpreter
from tests.conftest import NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data")


def parts(interpreter: Interpreter) -> Parts:
    return Parts(clock=lambda: NOW, channels=lambda *_: {}, interpreter=interpreter)


def test_the_builtin_engine_has_nothing_to_say(settings: Settings, interpreter: Interpreter):
    app = build_app(settings, parts(interpreter))
    assert app.health()["understanding"] == {"engine": "builtin"}
    assert app.health()["status"] == "ok"
    assert b"rapport_rasa_asked{" not in Metrics(app).text()
    app.store.close()


def test_while_rasa_fails_it_is_degraded_and_still_answers(settings: Settings, interpreter: Interpreter):
    server = RasaServer("http://rasa", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    engine = RasaEngine({"customer": server}, interpreter._engine)
    app = build_app(settings, parts(Interpreter(engine, interpreter._sentiment, encoder=interpreter._encoder)))
    well = {"customer": {"breaker": "closed", "failures_in_a_row": 0}}
    assert app.health()["understanding"] == {"engine": "rasa", "rasa": well}
    assert app.health()["status"] == "ok"
    assert b'rapport_rasa_asked{audience="customer"} 1.0' in Metrics(app).text()
    for _ in range(FAILURES):
        found = app.names.interpreter().understand("where is my order?", "customer", now=NOW)
        assert (found.intent, found.engine) == ("order_status", "builtin")
    assert app.health()["understanding"]["rasa"]["customer"]["breaker"] == "open"
    assert app.health()["status"] == "degraded"
    assert b'rapport_rasa_asked{audience="customer"} 0.0' in Metrics(app).text()
    app.store.close()
