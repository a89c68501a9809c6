"""Letters on a real mail server: what they hold, what its answers mean, and what cannot be slipped into them."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bot.channels.base import DeliveryFailed, Pace, Refused, RetryLater, Unclear
from bot.channels.email import EmailChannel
from bot.channels.email_format import InvalidAddress, Letterhead, address_of, composed
from bot.delivery import Delivery
from bot.doctor import examine
from bot.messages import Card, Choice, Outgoing, OutgoingFile, Reply, Table
from bot.outbox import queue_reply, take_queued
from config.settings import Settings, Smtp
from crm_core import mailboxes
from crm_core.database import Store
from crm_core.models import Conversation, Customer, OutboxMessage, Staff
from tests.conftest import NOW, Clock
from tests.peers.mail_server import PASSWORD, USER, MailServer, certificate, mail_server

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
SENDER = "hello@shop.example"
STOP = "https://chat.shop.example/unsubscribe/abc"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as one:
        yield one


def channel_on(
    server: MailServer, address: str = "ann@home.example", scheme: str = "smtp", **more: Any
) -> EmailChannel:
    user = more.pop("user", "")
    given = Smtp(
        url=SecretStr(f"{scheme}://{user}127.0.0.1:{server.port}"),
        sender=SENDER,
        starttls=more.pop("starttls", False),
    )
    head = Letterhead(address_of(SENDER, "鹤与杜松"), more.pop("reply_to", ""), lambda mailbox: more.get("stop", STOP))
    return EmailChannel(given, head, lambda mailbox: address, lambda _: PNG, Clock(), more.get("context"))


def outgoing(reply: Reply | str, outbox_id: int = 41, **more: Any) -> Outgoing:
    said = Reply(text=reply) if isinstance(reply, str) else reply
    return Outgoing(channel="email", account="smtp", chat_id="customer-7", outbox_id=outbox_id, reply=said, **more)


def send(channel: EmailChannel, reply: Reply | str, **more: Any) -> str:
    return asyncio.run(channel.send(outgoing(reply, **more)))


def failure(channel: EmailChannel, reply: Reply | str = "Hi") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as raised:
        send(channel, reply)
    return raised.value


# --- what a letter holds --------------------------------------------------------------------------------------------
def test_a_letter_is_text_and_page_with_its_pictures_inside_and_files_beside(server: MailServer):
    reply = Reply(
        subject="一周 <概况>",
        text="一周 <概况>\n\n收入 & 情绪",
        cards=(Card(title="Order 7", subtitle="paid", facts=(("Total", "€ 3"),)),),
        table=Table(columns=("figure", "now"), rows=(("revenue", "3 < 4"),), note="so far"),
        choices=(Choice(label="Open", value="x", link="https://shop.example/?a=1&b=2"), Choice(label="No", value="no")),
        files=(
            OutgoingFile(attachment_id=1, name="chart.png", media_type="image/png", caption="Mood <by day>"),
            OutgoingFile(attachment_id=2, name="数据.csv", media_type="text/csv"),
        ),
    )
    told = send(channel_on(server, reply_to="desk@shop.example"), reply, language="zh")
    (letter,), (envelope,) = server.letters, server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["ann@home.example"])
    assert (letter["Subject"], letter["From"]) == ("一周 <概况>", "鹤与杜松 <hello@shop.example>")
    assert letter["Message-ID"] == told == "<rapport.41@shop.example>"
    assert (letter["Reply-To"], letter["Auto-Submitted"]) == ("desk@shop.example", "auto-generated")
    assert letter["Date"].datetime == NOW
    text, page = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert page is not None
    said = text.get_content()
    assert all(part in said for part in ("收入 & 情绪", "Total: € 3", "revenue | 3 < 4", "Open: https://shop.example/"))
    shown = page.get_content()
    assert "收入 &amp; 情绪" in shown
    assert "3 &lt; 4" in shown
    assert "<概况>" not in shown
    assert 'href="https://shop.example/?a=1&amp;b=2"' in shown
    assert ">No<" not in shown  # nobody can answer by a button of a letter
    (picture,) = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert f'src="cid:{picture["Content-ID"][1:-1]}"' in shown
    assert 'alt="Mood &lt;by day&gt;"' in shown
    (attached,) = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("数据.csv", "text/csv")


def test_what_sells_says_how_to_stop_it_and_nothing_else_does(server: MailServer):
    channel = channel_on(server)
    send(channel, Reply(text="New tea", promotional=True))
    send(channel, "Your order left")
    promotional, plain = server.letters
    assert promotional["List-Unsubscribe"] == f"<{STOP}>, <mailto:{SENDER}?subject=unsubscribe>"
    assert promotional["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = promotional.get_body(("plain",))
    assert body is not None
    assert STOP in body.get_content()
    assert (plain["List-Unsubscribe"], plain["List-Unsubscribe-Post"]) == (None, None)


def test_without_a_public_address_stopping_goes_by_mail(server: MailServer):
    send(channel_on(server, stop=""), Reply(text="New tea", promotional=True))
    (letter,) = server.letters
    assert letter["List-Unsubscribe"] == f"<mailto:{SENDER}?subject=unsubscribe>"
    assert letter["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("evil", ["Hi\r\nBcc: all@evil.example", "Hi\nX-Evil: 1", "Hi\x0bX: 1", "Hi\u2028X: 1"])
def test_nothing_begins_another_header(server: MailServer, evil: str):
    files = (OutgoingFile(attachment_id=1, name=evil, media_type="text/csv"),)
    send(channel_on(server), Reply(subject=evil, text=evil, files=files))
    (letter,), (envelope,) = server.letters, server.envelopes
    assert envelope.rcpt_tos == ["ann@home.example"]
    assert {"Bcc", "X-Evil", "X"} & set(letter.keys()) == set()
    assert letter["Subject"].startswith("Hi ")
    (attached,) = letter.iter_attachments()
    assert set(attached.keys()) <= {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}


@pytest.mark.parametrize(
    "spec",
    ["", "ann", "@home.example", "ann@", "a b@home.example", "ann@home.example>\r\nRCPT TO:<x@evil.example",
     "ann@home.example, x@evil.example", "<ann@home.example>", "ann@ho me.example", "ann@@home.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(server: MailServer, spec: str):
    with pytest.raises(InvalidAddress):
        address_of(spec)
    assert isinstance(failure(channel_on(server, address=spec)), Refused)
    assert server.envelopes == []


def test_domains_in_other_scripts_are_written_as_dns_has_them():
    assert address_of("mei@例子.example").addr_spec == "mei@xn--fsqu00a.example"


def test_a_line_with_a_dot_alone_ends_nothing(server: MailServer):
    send(channel_on(server), "one\n.\ntwo")
    body = server.letters[0].get_body(("plain",))
    assert body is not None
    assert body.get_content().split() == ["one", ".", "two"]


def test_files_too_large_for_mail_are_refused(server: MailServer):
    head = Letterhead(address_of(SENDER))
    files = tuple(OutgoingFile(attachment_id=n, name="a.pdf", media_type="application/pdf") for n in (1, 2))
    with pytest.raises(Refused, match="20 MB"):
        composed(outgoing(Reply(files=files)), "ann@home.example", head, lambda _: b"0" * 11_000_000, NOW)


# --- what the server answers ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("MAIL", "421 Busy", RetryLater),
        ("MAIL", "550 Who are you", RetryLater),
        ("MAIL", "552 Too large", Refused),
        ("RCPT", "451 Greylisted", RetryLater),
        ("RCPT", "550 5.1.1 No such user", Refused),
        ("RCPT", "", RetryLater),
        ("DATA", "452 Full", RetryLater),
        ("DATA", "554 Spam", Refused),
        ("DATA", "", Unclear),
    ],
)
def test_answers_mean_later_never_or_unclear(server: MailServer, step: str, answer: str, kind: type[DeliveryFailed]):
    server.refuses = {step: [answer]}
    channel = channel_on(server)
    error = failure(channel)
    assert type(error) is kind
    assert answer[:3] in str(error)
    assert send(channel, "again") == "<rapport.41@shop.example>"


def test_a_server_that_is_not_there_is_tried_later_and_shows_in_the_health():
    gone = MailServer()
    gone.port = 1
    channel = channel_on(gone)
    assert isinstance(failure(channel), RetryLater)
    assert "cannot be reached" in str(channel.health()["last_error"])


def test_somebody_without_an_address_is_refused(server: MailServer):
    assert isinstance(failure(channel_on(server, address="")), Refused)


# --- encryption -----------------------------------------------------------------------------------------------------
LOGIN = f"{USER.replace('@', '%40')}:{PASSWORD.replace('@', '%40').replace(':', '%3A')}@"


def test_starttls_and_login(tmp_path: Path):
    server_side, client_side = certificate(tmp_path)
    with mail_server(tls_context=server_side, require_starttls=True, auth_required=True) as server:
        send(channel_on(server, starttls=True, user=LOGIN, context=client_side), "Hi")
        assert (server.users, server.encrypted) == ([USER], [True])
        wrong = channel_on(server, starttls=True, user=LOGIN.replace("word", "wort"), context=client_side)
        assert "refuses our user or password" in str(failure(wrong))
        strange = channel_on(server, starttls=True, user=LOGIN, context=ssl.create_default_context())
        assert "cannot be trusted" in str(failure(strange))
        assert len(server.envelopes) == 1


def test_encrypted_from_the_start(tmp_path: Path):
    server_side, client_side = certificate(tmp_path)
    with mail_server(ssl_context=server_side) as server:
        send(channel_on(server, scheme="smtps", context=client_side), "Hi")
        assert len(server.envelopes) == 1


def test_a_server_without_starttls_gets_nothing_unless_that_is_meant(server: MailServer):
    error = failure(channel_on(server, starttls=True))
    assert isinstance(error, RetryLater)
    assert "STARTTLS" in str(error)
    assert server.envelopes == []


@pytest.mark.parametrize(
    "given",
    [
        {"url": "https://mail.example.com", "sender": SENDER},
        {"url": "smtp://mail.example.com:99999", "sender": SENDER},
        {"url": "smtps://u:secret@mail.example.com", "sender": ""},
        {"url": "smtps://u:secret@mail.example.com", "sender": "a@b\r\nBcc: x@y"},
        {"url": "smtp://u:secret@mail.example.com", "sender": SENDER, "starttls": False},
    ],
)
def test_settings_that_cannot_work_are_refused_without_showing_the_password(given: dict[str, Any]):
    with pytest.raises(ValidationError) as raised:
        Smtp(**given)
    assert all("secret" not in problem["msg"] for problem in raised.value.errors(include_input=False))


def test_the_doctor_asks_the_mail_server(server: MailServer, tmp_path: Path):
    smtp = {"url": f"smtp://127.0.0.1:{server.port}", "sender": SENDER, "starttls": False}
    settings = Settings(_env_file=None, data_dir=tmp_path, smtp=smtp)
    found = {each.name: each for each in examine(settings)}
    assert found["e-mail"].ok
    server.refuses = {"MAIL": ["550 Not you"]}
    found = {each.name: each for each in examine(settings)}
    assert (found["e-mail"].ok, "550" in found["e-mail"].detail) == (False, True)
    assert "RAPPORT_SMTP__URL" in found["e-mail"].fix


# --- the way through the outbox -------------------------------------------------------------------------------------
def test_letters_go_through_the_outbox_to_the_address_on_record(store: Store, clock: Clock, server: MailServer):
    with store.write() as session:
        customer = Customer(number=1, email="old@home.example", first_seen_at=NOW, updated_at=NOW)
        session.add(customer)
        session.flush()
        talk = Conversation(
            channel="email", account="smtp", chat_id=mailboxes.of_customer(customer.id), customer_id=customer.id,
            state_since=NOW, started_at=NOW,
        )  # fmt: skip
        session.add(talk)
        session.flush()
        for text in ("first", "second"):
            queue_reply(session, talk, Reply(text=text), now=NOW, purpose="proactive", kind="orders")
        rows = take_queued(session)
        customer.email = "new@home.example"

    def on_record(mailbox: str) -> str:
        with store.read() as session:
            return mailboxes.address(session, mailbox)

    smtp = Smtp(url=SecretStr(f"smtp://127.0.0.1:{server.port}"), sender=SENDER, starttls=False)
    channel = EmailChannel(smtp, Letterhead(address_of(SENDER)), on_record, lambda _: PNG, clock)
    delivery = Delivery(
        store, lambda one: asyncio.run(channel.send(one)), {"email": Pace(0, 0)}, clock, zone="Asia/Shanghai"
    )
    server.refuses = {"RCPT": ["250 OK", "550 5.1.1 <new@home.example> unknown"]}
    delivery.start()
    assert delivery.idle(20)
    delivery.stop()
    assert [each.rcpt_tos for each in server.envelopes] == [["new@home.example"]]
    with store.read() as session:
        first, second = (session.get_one(OutboxMessage, row.id) for row in rows)
        assert (first.state, first.platform_message_id) == ("sent", server.letters[0]["Message-ID"])
        assert second.state == "failed"
        assert "550 5.1.1 … unknown" in str(second.error)
        assert "home.example" not in f"{first.chat_id}{second.error}"


def test_mailboxes_name_whom_they_belong_to_now(store: Store):
    with store.write() as session:
        kept = Customer(number=1, email="a@x.example", first_seen_at=NOW, updated_at=NOW)
        joined = Customer(number=2, email="b@x.example", first_seen_at=NOW, updated_at=NOW)
        staff = Staff(external_id="slack:U1", name="Hong", role="manager", email="hong@shop.example")
        session.add_all([kept, joined, staff])
        session.flush()
        joined.merged_into_id = kept.id
        session.flush()
        assert mailboxes.address(session, mailboxes.of_customer(joined.id)) == "a@x.example"
        assert mailboxes.address(session, mailboxes.of_staff(staff.id)) == "hong@shop.example"
        staff.active = False
        gone = [mailboxes.of_staff(staff.id), "customer-999", "customer-x", "ann@home.example", ""]
        assert [mailboxes.address(session, each) for each in gone] == [""] * 5
