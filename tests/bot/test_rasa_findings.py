"""What the doctor says of Rasa, against a server that answers as a real one did."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.doctor import examine
from bot.finding import Finding
from bot.rasa_findings import examine_rasa
from config.settings import FOLDER, Settings
from nlu.rasa_export import model_names
from tests.peers.rasa import TOKEN
from tests.peers.rasa_replay import Replay, replaying
from tests.peers.telemelya import free_port

WANTED = model_names(FOLDER / "nlu")["customer"]


@pytest.fixture
def replay() -> Iterator[Replay]:
    with replaying() as server:
        server.model = f"{WANTED}.tar.gz"
        yield server


def findings(url: str, token: str | None = TOKEN, **more: Any) -> dict[str, Finding]:
    settings = Settings(
        _env_file=None,
        nlu={"engine": "rasa", "rasa_url": url, "rasa_token": token},
        web={"port": more.get("port", free_port())},
    )
    return {each.name: each for each in examine_rasa(settings, more.get("seconds", iter(range(99)).__next__))}


def ticking(step: float) -> Any:
    moments = iter(range(1000))
    return lambda: next(moments) * step


def test_all_is_well(replay: Replay):
    found = findings(replay.url, seconds=ticking(0.012))
    assert {name: each.detail for name, each in found.items()} == {
        "rasa server (customer)": f"Rasa 3.6.21 at {replay.url}",
        "rasa model (customer)": f"{WANTED}, trained from the present lines",
        "rasa answers (customer)": "in 12 ms (the middle of 3 texts)",
        "rasa servers": "none for agent, manager: understood by the built-in engine",
    }
    assert all(each.ok for each in found.values())


def test_a_server_that_is_not_there():
    found = findings(f"http://someone:hidden@127.0.0.1:{free_port()}")
    assert list(found) == ["rasa server (customer)", "rasa servers"]
    server = found["rasa server (customer)"]
    assert not server.ok
    assert "does not answer (ConnectError)" in server.detail
    assert "RAPPORT_NLU__RASA_URL" in server.fix
    assert "built-in engine answers" in server.fix
    assert "hidden" not in str(server)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_token_that_is_refused(replay: Replay, token: str | None):
    model = findings(replay.url, token)["rasa model (customer)"]
    assert (model.ok, model.detail) == (False, "it refuses the token (401)")
    assert "RAPPORT_NLU__RASA_TOKEN" in model.fix


def test_no_model_is_loaded(replay: Replay):
    replay.refuses_models = True
    model = findings(replay.url)["rasa model (customer)"]
    assert not model.ok
    assert "no model loaded" in model.detail
    assert "rasa-export" in model.fix


def test_a_model_trained_from_other_lines(replay: Replay):
    replay.model = "20261101-101010-amber-fox.tar.gz"
    found = findings(replay.url)
    assert not found["rasa model (customer)"].ok
    assert "20261101-101010-amber-fox is loaded" in found["rasa model (customer)"].detail
    assert WANTED in found["rasa model (customer)"].detail
    assert "rasa-export" in found["rasa model (customer)"].fix
    assert "rasa answers (customer)" in found, "it is asked all the same"


def test_a_slow_server(replay: Replay):
    answers = findings(replay.url, seconds=ticking(0.8))["rasa answers (customer)"]
    assert (answers.ok, answers.detail) == (False, "in 800 ms (the middle of 3 texts)")


def test_no_address():
    found = findings("")
    assert not found["rasa server"].ok
    assert "RAPPORT_NLU__RASA_URL" in found["rasa server"].fix


@pytest.mark.parametrize(
    ("told", "ok", "words"),
    [
        ({"engine": "rasa", "rasa": {"agent": {"breaker": "closed", "failures_in_a_row": 1}}}, True, "for agent"),
        (
            {"engine": "rasa", "rasa": {"agent": {"breaker": "open", "failures_in_a_row": 7}}},
            False,
            "left alone: agent after 7 failures",
        ),
        ({"engine": "rasa", "rasa": {"agent": {}}}, None, ""),
        ({"engine": "builtin"}, False, "with the engine builtin"),
        (None, None, ""),
        ("nonsense", None, ""),
    ],
)
def test_the_running_service_says_whether_it_asks(
    replay: Replay, monkeypatch: pytest.MonkeyPatch, told: Any, ok: bool | None, words: str
):
    own = {"status": 200, "content_type": "application/json", "body": {"understanding": told}}
    ask = replay.answer_to
    monkeypatch.setattr(replay, "answer_to", lambda m, path, *rest: own if path == "/health" else ask(m, path, *rest))
    found = findings(replay.url, port=replay.server_address[1]).get("rasa in the running service")
    assert (found.ok if found else None) is ok
    assert words in (found.detail if found else "")


def test_the_command_lists_it_and_fails_when_it_is_not_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RAPPORT_NLU__ENGINE", "rasa")
    monkeypatch.setenv("RAPPORT_NLU__RASA_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["doctor", "--json"])
    told = json.loads(result.output)
    assert (result.exit_code, told["ok"]) == (1, False)
    assert [each["ok"] for each in told["checks"] if each["name"] == "rasa server (customer)"] == [False]


def test_without_rasa_nothing_is_said_of_it(tmp_path: Any):
    assert not [each for each in examine(Settings(_env_file=None, data_dir=tmp_path)) if "rasa" in each.name]


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:5005", "ftp://rasa", "http://", "http://rasa?token=x", "http://a b", "http://[1", "http://a:port"],
)
def test_what_is_no_address_is_refused_at_start(url: str):
    with pytest.raises(ValueError, match="not an address of a server"):
        Settings(_env_file=None, nlu={"rasa_url": url})


def test_every_audience_that_has_a_server_is_looked_at(replay: Replay):
    replay.model = model_names(FOLDER / "nlu")["agent"] + ".tar.gz"
    settings = Settings(
        _env_file=None,
        nlu={"engine": "rasa", "rasa_url": {"customer": replay.url, "agent": replay.url}, "rasa_token": TOKEN},
        web={"port": free_port()},
    )
    found = {each.name: each.ok for each in examine_rasa(settings)}
    assert found["rasa model (agent)"]
    assert not found["rasa model (customer)"], "the model of somebody else"


@pytest.mark.parametrize(
    ("said", "urls"),
    [
        ("http://127.0.0.1:5005", {"customer": "http://127.0.0.1:5005"}),
        ('{"agent": "http://a:1", "manager": "https://b/rasa"}', {"agent": "http://a:1", "manager": "https://b/rasa"}),
        ("", {}),
    ],
)
def test_addresses_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, said: str, urls: dict[str, str]):
    monkeypatch.setenv("RAPPORT_NLU__RASA_URL", said)
    assert Settings(_env_file=None).nlu.rasa_urls == urls


@pytest.mark.parametrize("said", ['{"boss": "http://a"}', '{"agent": "a"}'])
def test_what_names_nobody_or_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, said: str):
    monkeypatch.setenv("RAPPORT_NLU__RASA_URL", said)
    with pytest.raises(ValueError, match="rasa_url"):
        Settings(_env_file=None)
