import json
import uuid
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from bot.channels.web import WebChannel
from bot.messages import Outgoing, OutgoingFile, Reply
from bot.web.services import WebServices
from tests.bot.web.conftest import SAME_SITE, Clock, Intake, Open, begin, say

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def send(client: TestClient, web: WebChannel, chat_id: str, reply: Reply, **more: str) -> str:
    assert client.portal is not None
    outgoing = Outgoing(channel="web", account="web", chat_id=chat_id, reply=reply, **more)
    return str(client.portal.call(web.send, outgoing))


def test_a_visitor_s_text_reaches_intake_with_their_own_chat(client: TestClient, intake: Intake) -> None:
    chat_id = begin(client)
    answer = say(client, "你好 hello", language="zh")
    assert answer.status_code == 200
    [message] = intake.messages
    assert (message.chat_id, message.sender.external_id, message.text) == (chat_id, chat_id, "你好 hello")
    assert (message.direct, message.addressed, message.sender.language) == (True, True, "zh")
    assert answer.json() == {"id": message.message_id, "new": True}


def test_a_retry_of_a_post_is_a_repeat(client: TestClient, intake: Intake, web: WebChannel) -> None:
    chat_id = begin(client)
    number = str(uuid.uuid4())
    answers = [say(client, "once", client_id=number).json()["new"] for _ in range(3)]
    assert answers == [True, False, False]
    assert len(intake.messages) == 1
    assert len(web.kept(chat_id)) == 1


def test_two_visitors_with_the_same_client_id_stay_apart(
    open_client: Open, services: WebServices, intake: Intake
) -> None:
    number = str(uuid.uuid4())
    for client in (open_client(services), open_client(services)):
        begin(client)
        assert say(client, client_id=number).json()["new"] is True
    assert len({message.delivery_id for message in intake.messages}) == 2


def test_nothing_is_accepted_that_was_not_stored(client: TestClient, intake: Intake, web: WebChannel) -> None:
    chat_id = begin(client)
    intake.failure = OSError("disk full: secret text")
    answer = say(client, "keep me")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "secret" not in answer.text
    assert web.kept(chat_id) == []
    assert "OSError" in web.health()["last_error"]


def test_a_stopped_channel_asks_to_come_back_later(client: TestClient, web: WebChannel) -> None:
    begin(client)
    assert client.portal is not None
    client.portal.call(web.stop)
    assert say(client).status_code == 503


@pytest.mark.parametrize(
    "cookie",
    ["", "visitor", "0" * 32, "{visitor}.1763802000.{zeros}", "{visitor}.1763802000.", "ü.1.2", "{mine}0"],
)
def test_a_forged_cookie_is_nobody(client: TestClient, intake: Intake, cookie: str) -> None:
    begin(client)
    mine = client.cookies["rapport"]
    forged = cookie.format(visitor="a" * 32, zeros="0" * 64, mine=mine)
    client.cookies.clear()
    headers = {b"Sec-Fetch-Site": b"same-origin", b"Cookie": f"rapport={forged}".encode()}
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    assert client.post("/api/panes/customer/messages", json=body, headers=headers).status_code == 401
    assert client.get("/api/panes/customer/events", headers=headers).status_code == 401
    assert intake.messages == []


def test_a_cookie_is_renewed_for_the_same_visitor_and_ends_after_half_a_year(client: TestClient, clock: Clock) -> None:
    chat_id = begin(client)
    first = client.cookies["rapport"]
    clock.forward(days=2)
    assert begin(client) == chat_id
    assert client.cookies["rapport"] != first
    clock.forward(days=200)
    assert begin(client) != chat_id


def test_the_cookie_is_kept_from_scripts_and_marked_for_https(open_client: Open, services: WebServices) -> None:
    plain = open_client(services).get("/api/session").headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    public = replace(services, public_url="https://chat.example.com")
    secure = open_client(public, "https://chat.example.com").get("/api/session").headers["set-cookie"]
    assert secure.startswith("__Host-rapport=")
    assert "Secure; SameSite=Lax" in secure
    framed = replace(public, embed_origins=("https://shop.example.com",))
    assert "SameSite=None; Partitioned" in open_client(framed).get("/api/session").headers["set-cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:8080"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8080"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_only_our_own_pages_may_post(client: TestClient, headers: dict[str, str], status: int) -> None:
    begin(client)
    body = {"client_id": str(uuid.uuid4()), "text": "hello"}
    for pane in ("customer", "agent"):
        body["client_id"] = str(uuid.uuid4())
        assert client.post(f"/api/panes/{pane}/messages", json=body, headers=headers).status_code == status


def test_commands_edits_and_buttons(client: TestClient, intake: Intake) -> None:
    begin(client)
    said = say(client, "where is ordr 12").json()["id"]
    assert say(client, "/order SO-1 ").status_code == 200
    assert say(client, "where is order 12", kind="edit", target=said).status_code == 200
    assert say(client, "Yes", kind="button", target="1763802000000001", value="affirm").status_code == 200
    _, command, edit, button = intake.messages
    assert (command.kind, command.command, command.text) == ("command", "order", "SO-1")
    assert (edit.kind, edit.message_id, edit.text) == ("edit", said, "where is order 12")
    assert edit.revision == 1795338000000
    assert (button.kind, button.button, button.reply_to) == ("button", "affirm", "1763802000000001")


def test_what_an_agent_writes_in_a_thread_is_internal_unless_addressed(client: TestClient, intake: Intake) -> None:
    for text in ("she is right", "@CRM：what is she worth", "@rapport show her", "/find her", "@crmfoo"):
        assert say(client, text, pane="agent", thread_id="1763802000000001").status_code == 200
    seen = [(message.text, message.addressed, message.kind) for message in intake.messages]
    assert seen == [
        ("she is right", False, "new"),
        ("what is she worth", True, "new"),
        ("show her", True, "new"),
        ("/find her", False, "new"),
        ("@crmfoo", False, "new"),
    ]
    assert {(message.chat_id, message.thread_id, message.direct) for message in intake.messages} == {
        ("queue", "1763802000000001", False)
    }
    assert intake.messages[0].sender.external_id == "playground-agent"


def test_the_staff_s_direct_chats(client: TestClient, intake: Intake) -> None:
    assert say(client, "@crm digest now", pane="manager").status_code == 200
    assert say(client, "/find 王芳", pane="agent").status_code == 200
    manager, agent = intake.messages
    assert (manager.chat_id, manager.sender.external_id, manager.text) == (
        "manager",
        "playground-manager",
        "digest now",
    )
    assert (agent.chat_id, agent.command, agent.text, agent.direct) == ("agent", "find", "王芳", True)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"text": "x"}, 400, "client_id"),
        ({"client_id": "1", "text": "x"}, 400, "client_id"),
        ({"client_id": "{uuid}", "text": "  "}, 400, "text"),
        ({"client_id": "{uuid}", "text": 5}, 400, "text"),
        ({"client_id": "{uuid}", "text": "x", "kind": "shout"}, 400, "kind"),
        ({"client_id": "{uuid}", "text": "x", "language": "fr"}, 400, "language"),
        ({"client_id": "{uuid}", "text": "x", "thread_id": "1"}, 400, "thread_id"),
        ({"client_id": "{uuid}", "text": "x", "kind": "edit", "target": "1763802000000001"}, 400, "target"),
        ({"client_id": "{uuid}", "kind": "button", "value": "按钮"}, 400, "value"),
        ({"client_id": "{uuid}", "kind": "button", "value": "x" * 65}, 400, "value"),
        ({"client_id": "{uuid}", "text": "x" * 65537}, 413, "text"),
    ],
)
def test_what_cannot_be_a_message_is_refused_by_name(
    client: TestClient, intake: Intake, body: dict[str, object], status: int, field: str
) -> None:
    begin(client)
    body = {name: str(uuid.uuid4()) if value == "{uuid}" else value for name, value in body.items()}
    answer = client.post("/api/panes/customer/messages", json=body, headers=SAME_SITE)
    assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    assert answer.json()["error"]["fix"]
    assert intake.messages == []


def test_64_kb_pass_and_what_no_database_holds_is_replaced(client: TestClient, intake: Intake) -> None:
    begin(client)
    assert say(client, "字" * 21845).status_code == 200
    raw = json.dumps({"client_id": str(uuid.uuid4()), "text": "a\x00b\ud800c"})
    headers = {**SAME_SITE, "Content-Type": "application/json"}
    assert client.post("/api/panes/customer/messages", content=raw, headers=headers).status_code == 200
    assert intake.messages[1].text == "ab\ufffdc"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"\xff\xfe{}", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"text": NaN}', "application/json", 400),
        (b'{"x": ' + b"9" * 6000 + b"}", "application/json", 400),
        (b'{"x":' * 60 + b"1" + b"}" * 60, "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b"text=hello", "application/x-www-form-urlencoded", 415),
        (b"hello", "", 415),
        (b"no boundary", "multipart/form-data", 400),
        (b"--x\r\nrubbish", "multipart/form-data; boundary=x", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"", "application/json", 400),
    ],
)
def test_broken_bodies_are_the_sender_s_mistake(client: TestClient, content: bytes, kind: str, status: int) -> None:
    begin(client)
    headers = {**SAME_SITE, "Content-Type": kind}
    answer = client.post("/api/panes/customer/messages", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["problem"]


def test_bodies_are_capped_whether_or_not_they_say_their_length(client: TestClient) -> None:
    begin(client)
    headers = {**SAME_SITE, "Content-Type": "application/json"}
    assert (
        client.post("/api/panes/customer/messages", content=b" " * (12 * 1024**2 + 1), headers=headers).status_code
        == 413
    )
    chunks = (b" " * 1024**2 for _ in range(13))
    assert client.post("/api/panes/customer/messages", content=chunks, headers=headers).status_code == 413
    lying = {**headers, "Content-Length": "-5"}
    assert client.post("/api/panes/customer/messages", content=b"{}", headers=lying).status_code in (400, 413)


def attach(client: TestClient, files: list[tuple[str, bytes, str]], number: str = "", text: str = "see") -> int:
    message = {"client_id": number or str(uuid.uuid4()), "text": text}
    parts = [("files", file) for file in files]
    answer = client.post(
        "/api/panes/customer/messages", data={"message": json.dumps(message)}, files=parts, headers=SAME_SITE
    )
    return int(answer.status_code)


def test_files_come_along_with_their_real_type(client: TestClient, intake: Intake, web: WebChannel) -> None:
    begin(client)
    files = [
        ("../../cup\u202egnp.png", PNG, "text/html"),
        ("evil.svg", b"<svg onload=alert(1)>", "image/svg+xml"),
        ("notes.txt", b"hello", "text/plain; charset=utf-8"),
    ]
    assert attach(client, files) == 200
    shown = [(each.kind, each.name, each.media_type, each.size) for each in intake.messages[0].attachments]
    assert shown == [
        ("photo", "cupgnp.png", "image/png", len(PNG)),
        ("document", "evil.svg", "application/octet-stream", 21),
        ("document", "notes.txt", "text/plain", 5),
    ]
    assert client.portal is not None
    assert client.portal.call(web.download, intake.messages[0].attachments[0]) == PNG


def test_a_file_alone_is_a_message_and_a_repeat_is_stored_once(
    client: TestClient, intake: Intake, web: WebChannel
) -> None:
    chat_id = begin(client)
    number = str(uuid.uuid4())
    assert [attach(client, [("a.png", PNG, "image/png")], number, "") for _ in range(2)] == [200, 200]
    assert len(intake.messages) == 1
    assert len(web.kept(chat_id)) == 1


def test_files_over_the_limits_are_refused(client: TestClient, intake: Intake) -> None:
    begin(client)
    assert attach(client, [("big.bin", b"0" * (10 * 1024**2 + 1), "")]) == 413
    assert attach(client, [("x.txt", b"x", "")] * 6) == 400
    assert intake.messages == []


def test_uploads_are_shown_to_their_owner_only(open_client: Open, services: WebServices, intake: Intake) -> None:
    mine, other = open_client(services, "http://chat.example.com", "203.0.113.5"), open_client(services)
    other.cookies.clear()
    begin(mine)
    begin(other)
    assert attach(mine, [("a.png", PNG, "image/png"), ("b.html", b"<script>alert(1)</script>", "text/html")]) == 200
    picture, page = (f"/uploads/{each.reference}" for each in intake.messages[0].attachments)
    shown = mine.get(picture)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in shown.headers["content-security-policy"]
    saved = mine.get(page)
    assert saved.headers["content-type"] == "application/octet-stream"
    assert saved.headers["content-disposition"].startswith("attachment")
    assert other.get(picture).status_code == 404
    assert mine.get("/uploads/..%2f..%2fetc%2fpasswd").status_code == 404


def test_recordings_are_played_in_the_page_by_their_bytes(client: TestClient, intake: Intake) -> None:
    begin(client)
    given = [
        ("v.ogg", b"OggS\x00\x02" + b"\x00" * 40, "audio/ogg"),
        ("w.ogg", b"<script>alert(1)</script>", "audio/ogg"),
    ]
    assert attach(client, given) == 200
    voice, page = (client.get(f"/uploads/{each.reference}") for each in intake.messages[0].attachments)
    assert (voice.headers["content-type"], voice.headers["content-disposition"][:6]) == ("audio/ogg", "inline")
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")


def test_stored_files_are_served_only_to_the_chat_they_were_sent_into(
    open_client: Open, services: WebServices, web: WebChannel
) -> None:
    mine = open_client(services, "http://chat.example.com", "203.0.113.5")
    other = open_client(services, "http://chat.example.com", "203.0.113.6")
    chat_id = begin(mine)
    begin(other)
    assert mine.get("/files/7").status_code == 404
    send(mine, web, chat_id, Reply(files=(OutgoingFile(attachment_id=7, name="chart.png", media_type="image/png"),)))
    assert mine.get("/files/7").status_code == 200
    assert other.get("/files/7").status_code == 404
    assert mine.get("/files/8").status_code == 404
    assert mine.get("/files/-7").status_code == 404
    assert mine.get("/files/99999999999999999999999").status_code == 404


def test_staff_files_stay_with_staff(open_client: Open, services: WebServices, web: WebChannel) -> None:
    staff = open_client(services)
    send(staff, web, "manager", Reply(files=(OutgoingFile(attachment_id=7, name="chart.png", media_type="image/png"),)))
    assert staff.get("/files/7").status_code == 200
    visitor = open_client(services, "http://chat.example.com", "203.0.113.5")
    begin(visitor)
    assert visitor.get("/files/7").status_code == 404


def test_a_correction_is_taken_for_what_this_browser_sees_and_from_its_own_page(client: TestClient) -> None:
    chat_id = begin(client)
    address = f"/api/corrections/{chat_id}/m1"
    assert client.post(address, json={"label": "complaint"}, headers=SAME_SITE).json() == {"label": "complaint"}
    assert client.post(address, json={"label": ""}, headers=SAME_SITE).status_code == 200
    assert (
        client.post(address, json={"label": "complaint"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )
    for label in (None, 7, "x" * 41):
        assert client.post(address, json={"label": label}, headers=SAME_SITE).status_code == 400
    assert client.post(address, json={"label": "nonsense"}, headers=SAME_SITE).status_code == 409
    others = f"/api/corrections/visitor-{'0' * 32}/m1"
    assert client.post(others, json={"label": "complaint"}, headers=SAME_SITE).status_code == 404


def test_traces_are_told_of_what_this_browser_sees(client: TestClient) -> None:
    chat_id = begin(client)
    assert client.get(f"/api/trace/{chat_id}/m1").json()["understood"]["intent"] == "greeting"
    assert client.get("/api/trace/queue/m1").status_code == 200
    assert client.get(f"/api/trace/{chat_id}/m2").status_code == 404
    assert client.get(f"/api/trace/visitor-{'0' * 32}/m1").status_code == 404
