from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from bot.web.guards import is_local_host
from bot.web.services import WebServices
from tests.bot.web.conftest import SAME_SITE, Intake, Open, begin, say

STAFF_PATHS = (
    "/",
    "/api/playground",
    "/api/queue",
    "/api/panes/agent/events",
    "/api/panes/manager/events",
    "/api/panes/all/events",
)


def refusals(client: TestClient, headers: dict[str, str]) -> set[int]:
    begin(client)
    statuses = {client.get(path, headers=headers).status_code for path in STAFF_PATHS}
    posted = client.post("/api/panes/manager/messages", json={}, headers={**SAME_SITE, **headers})
    traced = client.get("/api/trace/manager/m1", headers=headers)
    corrected = client.post("/api/corrections/queue/m1", json={"label": "faq"}, headers={**SAME_SITE, **headers})
    return statuses | {posted.status_code, traced.status_code, corrected.status_code}


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "localhost@evil.example",
        "0.0.0.0:8080",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1].evil.example",
        "localhost:8080:1",
        " localhost",
        "localhost.",
        "",
    ],
)
def test_a_rebound_name_never_opens_the_staff_panes(client: TestClient, intake: Intake, host: str) -> None:
    assert refusals(client, {"Host": host}) == {403}
    assert intake.messages == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:65535"])
def test_this_machine_s_names_do(client: TestClient, host: str) -> None:
    assert is_local_host(host)
    assert client.get("/api/playground", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "peer", ["203.0.113.5", "172.17.0.1", "10.0.0.2", "fe80::1", "testclient", "::ffff:203.0.113.5"]
)
def test_another_machine_is_refused_whatever_host_it_names(open_client: Open, services: WebServices, peer: str) -> None:
    assert refusals(open_client(services, peer=peer), {}) == {403}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"])
def test_what_came_through_a_proxy_is_refused(client: TestClient, header: str) -> None:
    assert refusals(client, {header: "127.0.0.1"}) == {403}


def test_without_the_playground_there_are_no_staff_panes(open_client: Open, services: WebServices) -> None:
    client = open_client(replace(services, playground=False))
    assert refusals(client, {}) == {404}
    assert client.get("/").json()["error"]["problem"]
    assert client.get("/chat").status_code == 200
    assert say(client).status_code == 200


def test_without_the_chat_there_are_health_and_metrics_only(open_client: Open, services: WebServices) -> None:
    client = open_client(replace(services, playground=False, web=None))
    for path in (
        "/",
        "/chat",
        "/chat.js",
        "/static/js/api.js",
        "/api/session",
        "/api/panes/customer/events",
        "/docs",
        "/openapi.json",
    ):
        answer = client.get(path)
        assert (path, answer.status_code) == (path, 404)
        assert answer.json()["error"]["problem"]
    assert client.get("/healthz").text == "ok\n"
    assert client.get("/metrics").text == "rapport_messages_total 3\n"


def test_a_playground_without_a_channel_cannot_be_asked_for(services: WebServices) -> None:
    with pytest.raises(ValueError, match="web channel"):
        replace(services, web=None)


def test_unknown_panes(client: TestClient) -> None:
    begin(client)
    assert client.get("/api/panes/admin/events").status_code == 404
    assert client.post("/api/panes/all/messages", json={}, headers=SAME_SITE).status_code == 404
