"""What the doctor says of Rasa: reachable, which version, which model and trained from what, how fast, asked or not."""

import statistics
import time
from collections.abc import Callable, Iterator

import httpx

from bot.finding import Finding
from config.settings import FOLDER, Settings
from nlu.engines.rasa import read
from nlu.engines.rasa_server import RasaFailed, RasaServer, TokenRefused
from nlu.models import AUDIENCES
from nlu.rasa_export import as_rasa_sees, model_names
from nlu.training import NotTrained
from nlu.understanding import Audience

SLOW_SECONDS = 0.5
"""A quarter of the time-out: where calm answers take longer, the built-in engine answers in busy moments."""
_TEXTS = ("where is my order", "我的订单到哪了", "thanks a lot")
_HOW = "See “Rasa in place of the built-in engine” in docs/operations.md; meanwhile the built-in engine answers."
_START = f"Start it, or correct RAPPORT_NLU__RASA_URL. {_HOW}"
_TRAIN = f"Run `python -m nlu rasa-export --to DIR`, train there, and start Rasa with the new model. {_HOW}"
_SPEED = "Give it a faster machine, or train the light pipeline that `python -m nlu rasa-export` writes."
_REFUSED = "Set RAPPORT_NLU__RASA_TOKEN to what Rasa was started with as --auth-token."
_BREAKER = "It is tried again by itself every 30 seconds. Cure what is wrong above; nothing needs a restart."


def examine_rasa(settings: Settings, seconds: Callable[[], float] = time.perf_counter) -> Iterator[Finding]:
    """Check the servers that the settings name, and ask the running service whether it still asks them."""
    urls = settings.nlu.rasa_urls
    if not urls:
        yield Finding("rasa server", False, "no address", "Set RAPPORT_NLU__RASA_URL, or RAPPORT_NLU__ENGINE=builtin.")
        return
    token = settings.nlu.rasa_token.get_secret_value() if settings.nlu.rasa_token else ""
    for audience, url in urls.items():
        server = RasaServer(url, token)
        yield from _server(server, audience, seconds)
        server.close()
    if others := [audience for audience in AUDIENCES if audience not in urls]:
        yield Finding("rasa servers", True, f"none for {', '.join(others)}: understood by the built-in engine")
    yield from _running(settings)


def _server(server: RasaServer, audience: Audience, seconds: Callable[[], float]) -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[], tuple[bool, str]], str]] = [
        (f"rasa server ({audience})", lambda: (True, f"Rasa {server.version()} at {server.place}"), _START),
        (f"rasa model ({audience})", lambda: _model(server, audience), _TRAIN),
        (f"rasa answers ({audience})", lambda: _speed(server, audience, seconds), _SPEED),
    ]
    for name, check, fix in checks:
        try:
            well, detail = check()
        except TokenRefused as error:
            yield Finding(name, False, str(error), _REFUSED)
            return
        except RasaFailed as error:
            yield Finding(name, False, f"{server.place}: {error}", _START if fix == _START else _TRAIN)
            return
        yield Finding(name, well, detail, fix)


def _model(server: RasaServer, audience: Audience) -> tuple[bool, str]:
    loaded = server.model()
    try:
        wanted = model_names(FOLDER / "nlu")[audience]
    except NotTrained:
        return False, f"{loaded} is loaded; the training lines here cannot be read"
    if loaded == wanted:
        return True, f"{loaded}, trained from the present lines"
    return False, f"{loaded or 'a model without a name'} is loaded; the present lines make {wanted}"


def _speed(server: RasaServer, audience: Audience, seconds: Callable[[], float]) -> tuple[bool, str]:
    spans = []
    for text in _TEXTS:
        begun = seconds()
        read(server.parse(as_rasa_sees(text)), audience)
        spans.append(seconds() - begun)
    middle = statistics.median(spans)
    return middle < SLOW_SECONDS, f"in {middle * 1000:.0f} ms (the middle of {len(spans)} texts)"


def _running(settings: Settings) -> Iterator[Finding]:
    """Say what the service on this machine makes of Rasa; nothing where none runs."""
    address = httpx.URL(scheme="http", host=settings.web.host, port=settings.web.port, path="/health")
    try:
        told = httpx.get(address, timeout=2, trust_env=False).json()["understanding"]
        engine, states = told["engine"], dict(told.get("rasa", {}))
        resting = {
            audience: each["failures_in_a_row"] for audience, each in states.items() if each["breaker"] != "closed"
        }
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
        return
    name = "rasa in the running service"
    if engine != "rasa":
        yield Finding(name, False, f"it runs with the engine {engine}", "Restart it, so that it reads the settings.")
    elif resting:
        failed = ", ".join(f"{audience} after {failures} failures in a row" for audience, failures in resting.items())
        yield Finding(name, False, f"left alone: {failed}", _BREAKER)
    else:
        yield Finding(name, True, f"asked for {', '.join(states)}")
