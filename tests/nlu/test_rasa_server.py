"""A real Rasa: it trains from what is exported, answers as the recordings do, and is fallen back from when it dies."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import yaml

from nlu.engines import Classification, RasaEngine
from nlu.engines.rasa_server import RasaFailed, RasaServer, TokenRefused
from nlu.models import AUDIENCES, examples_of
from nlu.rasa_export import as_rasa_sees, write
from nlu.training import read_audience
from nlu.understanding import Audience
from tests.nlu.conftest import ROOT, write_training_files
from tests.peers import rasa
from tests.peers.rasa_replay import recorded

pytestmark = [
    pytest.mark.rasa,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not rasa.PYTHON.exists(), reason="Rasa is missing: run `make rasa` (Python 3.10, 2.7 GB)"),
]
VECTOR = np.zeros(512, dtype=np.float32)
SOME: dict[Audience, tuple[str, ...]] = {
    "customer": ("greeting", "order_status", "out_of_scope"),
    "agent": ("find_customer", "add_note", "out_of_scope"),
    "manager": ("metric_query", "digest_now", "out_of_scope"),
}
TRICKY = (
    "see [the list](https://shop.example/a)",
    "［文档］（说明） and [a][b] and [x]{y}",
    "- not a list",
    "1e3",
    "C:\\users\\new ${HOME}",
    "two\nlines",
    "🫖",
)
READ = """
import json, sys
from rasa.shared.nlu.training_data.loading import load_data
found = load_data(sys.argv[1]).training_examples
print("FOUND" + json.dumps([[e.get("intent"), e.get("text"), e.get("entities", [])] for e in found]))
"""


class Builtin:
    """Answers when Rasa does not."""

    def classify(self, text, vector, audience):
        return Classification("greeting", 0.5)


def asking(url: str) -> RasaEngine:
    return RasaEngine({"customer": RasaServer(url, rasa.TOKEN)}, Builtin())


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lines of a few intents, so that training takes seconds, and lines that could break a file."""
    folder = write_training_files(tmp_path_factory.mktemp("lines"))
    for audience in AUDIENCES:
        groups: dict[str, list[dict[str, str]]] = {intent: [] for intent in SOME[audience]}
        for line in read_audience(ROOT / "config" / "nlu", audience):
            if line.intent in groups:
                groups[line.intent].append({"text": line.text})
        if audience == "customer":
            groups["faq"] = [{"text": text} for text in TRICKY]
        content = {"version": "3.1", "nlu": [{"intent": name, "examples": group} for name, group in groups.items()]}
        (folder / f"{audience}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def model(lines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rasa.train(write(lines, tmp_path_factory.mktemp("rasa"))["customer"])


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with rasa.serving(model.parents[1], model) as address:
        yield address


def test_rasa_reads_the_same_examples_and_no_entity(lines: Path, tmp_path: Path):
    folder = write(lines, tmp_path)["customer"]
    command = [rasa.PYTHON, "-c", READ, folder / "data" / "nlu.yml"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1200).stdout
    found = json.loads(told.partition("FOUND")[2])
    assert not [entities for _, _, entities in found if entities]
    wanted = {(line.intent, as_rasa_sees(line.text)) for line in examples_of(lines)["customer"]}
    assert {
        (intent, text) for intent, text, _ in found
    } == wanted  # it drops what is the same once folded: ??? and ？？？


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where is my order?", "order_status"),
        ("我的訂單到哪了", "order_status"),
        ("帮我查一下 order 到哪了", "order_status"),
        ("hello there", "greeting"),
        ("您好", "greeting"),
    ],
)
def test_it_understands_what_it_was_trained_from(url: str, text: str, intent: str):
    found = asking(url).classify(text, VECTOR, "customer")
    assert (found.intent, found.engine) == (intent, "rasa")


def test_a_text_is_no_command(url: str):
    assert asking(url).classify("/faq", VECTOR, "customer").confidence < 1


@pytest.mark.parametrize("text", ["", " ", "/", "/faq", "[x](y)", "\n", "a" * 4000, "🫖", "ტექსტი", "\u200b"])
def test_it_answers_whatever_is_said(url: str, text: str):
    engine = asking(url)
    assert engine.classify(text, VECTOR, "customer").engine == "rasa"
    assert engine.health()["rasa"]["customer"]["failures_in_a_row"] == 0


def test_it_tells_version_and_model_and_refuses_others(url: str, model: Path):
    server = RasaServer(url, rasa.TOKEN)
    assert server.version() == "3.6.21"
    assert f"{server.model()}.tar.gz" == model.name
    with pytest.raises(TokenRefused):
        RasaServer(url).parse("hello")


def test_the_recordings_still_have_the_shape_of_its_answers(url: str):
    allowed = {"token": rasa.TOKEN}
    fresh = httpx.post(f"{url}/model/parse", params=allowed, json={"text": "hello"}, timeout=30).json()
    kept = recorded("parse_order_en")["body"]
    assert fresh.keys() == kept.keys()
    assert fresh["intent"].keys() == kept["intent"].keys() == fresh["intent_ranking"][0].keys()
    for name, answer in {
        "version": httpx.get(f"{url}/version"),
        "status": httpx.get(f"{url}/status", params=allowed),
        "refused": httpx.get(f"{url}/status"),
        "bad_request": httpx.post(f"{url}/model/parse", params=allowed, content=b"{"),
    }.items():
        assert (answer.status_code, answer.json().keys()) == (recorded(name)["status"], recorded(name)["body"].keys())


def test_a_model_is_exchanged_while_it_serves(url: str, model: Path):
    answer = httpx.put(f"{url}/model", params={"token": rasa.TOKEN}, json={"model_file": str(model)}, timeout=60)
    assert answer.status_code == 204
    assert RasaServer(url, rasa.TOKEN).model() == model.name.removesuffix(".tar.gz")


def test_when_it_is_stopped_the_builtin_engine_answers(model: Path):
    with rasa.serving(model.parents[1], model) as address:
        engine = asking(address)
        assert engine.classify("hello", VECTOR, "customer").engine == "rasa"
    assert engine.classify("hello", VECTOR, "customer").engine == "builtin"


def test_without_a_model_it_says_so(tmp_path: Path):
    with rasa.serving(tmp_path, None) as address, pytest.raises(RasaFailed, match="no model loaded"):
        RasaServer(address, rasa.TOKEN).model()
