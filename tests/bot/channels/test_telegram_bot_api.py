"""The loopback Bot API keeps the promises the other tests lean on."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.peers.bot_api import TOKEN, BotApi
from tests.peers.bot_api_rules import Refusal, parse_html
from tests.peers.telemelya import ROOT, free_port

WEB = httpx.Client(timeout=20)


@pytest.fixture(scope="module")
def running() -> Iterator[BotApi]:
    with BotApi() as api:
        yield api


@pytest.fixture
def api(running: BotApi) -> BotApi:
    running.reset()
    return running


def call(api: BotApi, method: str, **params: Any) -> Any:
    answer = WEB.post(f"{api.url}/bot{TOKEN}/{method}", json=params).json()
    return answer["result"] if answer["ok"] else f"{answer['error_code']} {answer['description']}"


def numbers(updates: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


def test_updates_stay_until_an_offset_passes_them(api: BotApi) -> None:
    first, second = (api.say(7, text)["update_id"] for text in ("one", "two"))
    assert numbers(call(api, "getUpdates")) == [first, second]
    assert numbers(call(api, "getUpdates", limit=1)) == [first]
    assert numbers(call(api, "getUpdates", offset=first)) == [first, second]
    assert numbers(call(api, "getUpdates", offset=first + 1)) == [second]
    assert numbers(call(api, "getUpdates", offset=second + 1)) == []
    assert numbers(call(api, "getUpdates", offset=0)) == []


def test_a_long_poll_waits_and_wakes(api: BotApi) -> None:
    begun = time.monotonic()
    threading.Timer(0.2, lambda: api.say(7, "there")).start()
    assert len(call(api, "getUpdates", timeout=10)) == 1
    assert 0.15 < time.monotonic() - begun < 8


def test_a_second_poller_ends_the_call_of_the_first(api: BotApi) -> None:
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(call(api, "getUpdates", timeout=10)))
    first.start()
    assert api.until(lambda: len(api.polls) == 1)
    call(api, "getUpdates")
    first.join(10)
    assert answers[0].startswith("409 Conflict: terminated by other getUpdates request")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<b>x", "Can't find end tag"),
        ("x</b>", "Unexpected end tag"),
        ("<b><i>x</b></i>", "Unmatched end tag"),
        ("1 < 2", "Unsupported start tag"),
        ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
        ("茶<br>", 'Unsupported start tag "br" at byte offset 3'),
        ("<b", "Unclosed start tag"),
    ],
)
def test_html_is_refused_as_strictly_as_by_telegram(text: str, reason: str) -> None:
    with pytest.raises(Refusal, match="can't parse entities") as raised:
        parse_html(text)
    assert reason in raised.value.description


def test_html_becomes_text_and_entities() -> None:
    text, entities = parse_html('😀<b>a&lt;&#98;&unknown;</b> <a href="https://a.b/?x=1&amp;y">l</a>>')
    assert text == "😀a<b&unknown; l>"
    assert entities == [{"type": "b", "offset": 2, "length": 12}, {"type": "a", "offset": 15, "length": 1}]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n"}, "text must be non-empty"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "<b>", "parse_mode": "HTML"}, "can't parse entities"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "y" * 65}]]}},
            "BUTTON_DATA",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "url": "http://localhost/"}]]}},
            "Wrong HTTP",
        ),
        (
            {"text": "x", "chat_id": -5, "reply_markup": {"keyboard": [[{"text": "x", "request_contact": True}]]}},
            "private",
        ),
    ],
)
def test_limits_are_kept(api: BotApi, params: dict[str, Any], reason: str) -> None:
    assert reason in call(api, "sendMessage", **{"chat_id": 7, **params})
    assert api.sent == []


def test_rates_and_waits_are_counted(api: BotApi) -> None:
    call(api, "sendMessage", chat_id=7, text="one")
    call(api, "sendMessage", chat_id=7, text="two")
    assert api.violations == {"per_chat": 1}
    for chat in range(100, 131):
        call(api, "sendMessage", chat_id=chat, text="burst")
    api.fault("429", retry_after=5)
    assert call(api, "sendMessage", chat_id=9, text="x").startswith("429")
    assert call(api, "sendMessage", chat_id=9, text="too early").startswith("429")
    assert api.violations["in_retry_after"] == 1


def test_kinds_not_asked_for_do_not_come(api: BotApi) -> None:
    call(api, "getUpdates", allowed_updates=["message"])
    api.push({"poll": {"id": "1"}})
    api.say(7, "hello")
    assert len(call(api, "getUpdates")) == 1
    call(api, "getUpdates", allowed_updates=["message", "edited_message", "callback_query", "my_chat_member"])


def test_as_a_process_of_its_own_it_is_driven_over_http() -> None:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.peers.bot_api", str(port)], cwd=ROOT)
    try:
        client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=20), timeout=10
        )
        [update] = client.post("/_test/push", json={"say": [{"chat_id": 7, "text": "hello"}]}).json()
        assert client.get("/_test/state").json()["pending"] == [update["update_id"]]
        client.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": 7, "text": "hi"})
        [sent] = client.get("/_test/sent").json()
        assert (sent["chat_id"], sent["text"]) == (7, "hi")
        assert client.get("/_test/sent", params={"after": 1}).json() == []
        client.post("/_test/fault", json={"kind": "500"})
        assert client.post(f"/bot{TOKEN}/sendMessage", json={"chat_id": 7, "text": "hi"}).status_code == 500
        file_id = client.post("/_test/file", params={"name": "a.txt"}, content=b"abc").json()["file_id"]
        path = client.post(f"/bot{TOKEN}/getFile", json={"file_id": file_id}).json()["result"]["file_path"]
        assert client.get(f"/file/bot{TOKEN}/{path}").content == b"abc"
        client.post("/_test/reset", json={})
        assert client.get("/_test/sent").json() == []
    finally:
        process.terminate()
        process.wait(10)
