import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.types import Message

from bot.web.app import STATIC, create_app
from bot.web.services import InvalidUpdate, WebServices
from tests.bot.web.conftest import Open

TOKEN = "shop-token-of-the-test-Ä"
BEARER = {"Authorization": f"Bearer {TOKEN}".encode()}


def shop(update: dict[str, Any]) -> dict[str, Any]:
    if "orders" not in update:
        raise InvalidUpdate("orders", "It is missing.", "Send a list of orders.")
    if update["orders"] == "boom":
        raise RuntimeError("a secret detail")
    return {"orders": len(update["orders"])}


@pytest.fixture
def shop_client(open_client: Open, services: WebServices) -> TestClient:
    return open_client(replace(services, shop_update=shop, shop_token=SecretStr(TOKEN)))


def test_a_shop_with_the_token_is_taken_at_its_word(shop_client: TestClient) -> None:
    answer = shop_client.post("/api/shop/orders", json={"orders": [1, 2]}, headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"orders": 2})


@pytest.mark.parametrize(
    "given", [None, b"", b"Bearer", b"Bearer ", b"Bearer wrong", b"Basic " + TOKEN.encode(), TOKEN.encode()]
)
def test_without_it_nothing_is_read(shop_client: TestClient, given: bytes | None) -> None:
    headers = {"Authorization": given} if given is not None else {}
    answer = shop_client.post("/api/shop/orders", content=b"{not json", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


def test_the_shop_s_mistakes_are_named(shop_client: TestClient) -> None:
    answer = shop_client.post("/api/shop/orders", json={}, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json() == {"error": {"field": "orders", "problem": "It is missing.", "fix": "Send a list of orders."}}


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"orders": "a\\u0000"}', "application/json", 400),
        (b'{"\\ud800": 1}', "application/json", 400),
        (b'{"a":' * 51 + b"1" + b"}" * 51, "application/json", 400),
        (b'{"orders": []}', "text/plain", 415),
        (b'{"orders": "' + b"x" * 1024**2 + b'"}', "application/json", 413),
    ],
)
def test_the_shop_s_broken_bodies(shop_client: TestClient, content: bytes, kind: str, status: int) -> None:
    headers = {**BEARER, "Content-Type": kind}
    assert shop_client.post("/api/shop/orders", content=content, headers=headers).status_code == status


def test_a_failure_inside_says_nothing_of_the_inside(shop_client: TestClient) -> None:
    answer = shop_client.post("/api/shop/orders", json={"orders": "boom"}, headers=BEARER)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["error"]["fix"]


def test_the_shop_s_route_is_off_without_a_token(open_client: Open, services: WebServices) -> None:
    for given in (services, replace(services, shop_update=shop), replace(services, shop_token=SecretStr(TOKEN))):
        assert open_client(given).post("/api/shop/orders", json={}, headers=BEARER).status_code == 404
    empty = replace(services, shop_update=shop, shop_token=SecretStr(""))
    assert open_client(empty).post("/api/shop/orders", json={}, headers={"Authorization": "Bearer "}).status_code == 401


def test_telegram_s_webhook_gets_headers_and_body_and_gives_the_status(
    open_client: Open, services: WebServices
) -> None:
    got: list[tuple[str, bytes]] = []

    async def take(headers: Mapping[str, str], body: bytes) -> int:
        got.append((headers["x-telegram-bot-api-secret-token"], body))
        return 403

    client = open_client(replace(services, telegram_webhook=take))
    headers = {"X-Telegram-Bot-Api-Secret-Token": "s"}
    assert client.post("/telegram/webhook", content=b"\xff", headers=headers).status_code == 403
    assert got == [("s", b"\xff")]
    assert client.post("/telegram/webhook", content=b"0" * (1024**2 + 1), headers=headers).status_code == 413
    assert open_client(services).post("/telegram/webhook", content=b"{}").status_code == 404


def test_health_names_the_channels_and_its_status_follows(open_client: Open, services: WebServices) -> None:
    answer = open_client(services).get("/health")
    assert answer.json()["channels"]["web"]["state"] == "connected"
    down = replace(services, health=lambda: {"ok": False})
    assert open_client(down).get("/health").status_code == 503


def test_pages_allow_no_foreign_code_and_only_the_chat_may_be_framed(open_client: Open, services: WebServices) -> None:
    client = open_client(replace(services, embed_origins=("https://shop.example.com",)))
    for path in ("/", "/chat", "/health", "/static/js/api.js", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
        assert "unsafe" not in policy
        ancestors = "'self' https://shop.example.com" if path == "/chat" else "'none'"
        assert policy.endswith(f"frame-ancestors {ancestors}")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/chat.js").headers["cross-origin-resource-policy"] == "cross-origin"


def test_pages_name_only_files_that_exist_and_hold_no_code_of_their_own() -> None:
    for page in STATIC.glob("*.html"):
        source = page.read_text(encoding="utf-8")
        for address in re.findall(r'(?:src|href)="(/[^"]+)"', source):
            assert (STATIC / address.removeprefix("/static/")).is_file(), address
        assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", source)
        assert "//" not in re.sub(r"<!--.*?-->", "", source)


def test_scripts_never_turn_text_into_markup_and_stay_short() -> None:
    for script in [*STATIC.glob("js/*.js"), STATIC / "embed.js"]:
        source = script.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"style",
            source,
        ), script
        assert source.count("\n") < 400, script


def test_both_languages_have_every_string() -> None:
    source = (STATIC / "js" / "i18n.js").read_text(encoding="utf-8")
    english, chinese = source.split("  zh: {")
    keys = [set(re.findall(r"\b(\w+): [\"“]", part.split("\n  },")[0])) for part in (english, chinese)]
    assert len(keys[0]) > 60
    assert keys[0] == keys[1]
    used: set[str] = set()
    for script in (STATIC / "js").glob("*.js"):
        text = script.read_text(encoding="utf-8")
        used |= set(re.findall(r"(?:\bt: |\blabel: |\bt\(|emptyKey: |placeholderKey: )\"(\w+)\"", text))
    for page in STATIC.glob("*.html"):
        used |= set(re.findall(r'data-t(?:-\w+)?="(\w+)"', page.read_text(encoding="utf-8")))
    assert used <= keys[0], used - keys[0]


def test_a_browser_that_leaves_in_the_middle_of_its_request_is_no_error(services: WebServices, caplog: Any) -> None:
    app = create_app(replace(services, shop_update=shop, shop_token=SecretStr("token")))
    arrived: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return arrived.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer token"), (b"content-type", b"application/json"), (b"host", b"localhost")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/shop/orders",
        "raw_path": b"/api/shop/orders",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    asyncio.run(app(scope, receive, send))
    assert sent == []
    assert caplog.records == []


def test_static_files_stay_inside_their_folder(open_client: Open, services: WebServices) -> None:
    client = open_client(services)
    assert client.get("/static/js/api.js").headers["cache-control"] == "no-cache"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/js/..%2f..%2f..%2fapp.py"):
        assert client.get(path).status_code == 404
    assert Path(STATIC.parent / "app.py").is_file()
