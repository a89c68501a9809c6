"""Voice messages in conversations: what is said in them counts as typed, and staff see that it was not."""

import threading
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.models import Attachment
from crm_core.reports.evidence import behind
from crm_core.reports.periods import Period
from crm_core.voices.transcribing import NotHeard, Transcriber
from tests.characters import number_of
from tests.crm_core.voices.made_model import made
from tests.crm_core.voices.test_hearing import SPEECH
from tests.dialogues import FakeTelegram, Stage

NOISE = "(noise)"


def written_down(content: bytes) -> str:
    """A recording is its words here."""
    said = content.decode().strip()
    if said == NOISE:
        raise NotHeard("It is no recording that can be opened.")
    return said


@pytest.fixture
def shop(stage: Stage) -> Stage:
    stage.app.assistant._voices.transcribe = written_down
    stage.link("C-WANG", number_of("wang_fang"))
    return stage


def voice(words: str, kind: str = "voice") -> tuple[dict[str, Any], ...]:
    return ({"kind": kind, "name": "voice.ogg", "media_type": "audio/ogg", "reference": words or "-"},)


def said(stage: Stage, words: str, chat: str = "C-WANG", caption: str = "", kind: str = "voice") -> str:
    """What a customer is answered to a recording in which these words are said."""
    return "\n".join(o.reply.text for o in stage.customer_says(chat, caption, attachments=voice(words, kind)))


def kept(stage: Stage) -> list[Attachment]:
    with stage.app.store.read() as session:
        return list(session.scalars(select(Attachment).order_by(Attachment.id)))


@pytest.mark.parametrize("kind", ["voice", "audio"])
def test_what_is_said_is_answered_as_if_it_were_typed(shop: Stage, kind: str) -> None:
    assert "SO-20931" in said(shop, "SO-20931 到哪里了？", kind=kind)
    understood = shop.last_understood()
    assert understood.intent == "order_status"
    assert understood.text == "SO-20931 到哪里了？"
    assert understood.language == "zh"
    assert [(row.text, row.looked_at is not None) for row in kept(shop)] == [("SO-20931 到哪里了？", True)]


def test_it_answers_an_open_question(shop: Stage) -> None:
    shop.customer_says("C-NEW", "where is my order?")
    said(shop, "It is SO-20931", chat="C-NEW")
    question = shop.conversation("C-NEW").question or ""
    assert '"wants": "email"' in question
    assert "SO-20931" in question


def test_a_spoken_stop_ends_what_is_sent_unasked(shop: Stage) -> None:
    said(shop, "退订。")
    assert shop.last_understood().intent == "unsubscribe"


def test_what_is_said_is_no_command_of_the_platform(shop: Stage) -> None:
    said(shop, "/forget")
    assert shop.last_understood().intent != "data_erase"


def test_a_caption_goes_first(shop: Stage) -> None:
    said(shop, "杯子送来就是碎的", caption="你们听听")
    assert shop.last_understood().text == "你们听听\n杯子送来就是碎的"


@pytest.mark.parametrize("words", [NOISE, ""])
def test_what_cannot_be_heard_is_answered_as_without_a_model(shop: Stage, words: str) -> None:
    shop.customer_says("C-WANG", "有人吗")
    heard = said(shop, words or " ")
    shop.app.assistant._voices.transcribe = None
    assert heard == said(shop, "whatever")
    assert "语音" in heard
    assert [row.text for row in kept(shop)] == [None, None]
    assert all(row.stored_at for row in kept(shop))


def test_staff_get_the_file_and_are_told_that_a_machine_wrote_it_down(shop: Stage) -> None:
    said(shop, "壶盖打不开")
    shop.customer_says("C-WANG", "请给我转人工")
    opened = next(o for o in shop.desk.outgoing if o.reply.files)
    assert "written down by a machine" in opened.reply.text
    said(shop, "lid cracked")
    last = shop.desk.outgoing[-1].reply
    assert "lid cracked" in last.text
    assert "written down by a machine" in last.text
    assert [file.media_type for file in last.files] == ["audio/ogg"]
    number = number_of("wang_fang")
    found = shop.staff_says("U-AGENT", f'timeline of customer {number} with "lid cracked"')[-1].reply
    assert found.table is not None
    assert [row[2] for row in found.table.rows] == ["[transcribed, may be wrong] lid cracked"]


def test_managers_see_it_in_the_evidence(shop: Stage) -> None:
    said(shop, "杯子送来就是碎的")
    day = Period(shop.clock() - timedelta(days=1), shop.clock() + timedelta(days=1), "UTC")
    with shop.app.store.read() as session:
        rows = behind(session, "messages", day, {}, {}).rows
        assert {row.text: row.transcribed for row in rows}["杯子送来就是碎的"]
        assert sum(row.transcribed for row in rows) == 1


def test_nobody_waits_while_somebody_is_listened_to(shop: Stage) -> None:
    gate = threading.Event()

    def slowly(then: Callable[[bytes], str]) -> Callable[[bytes], str]:
        return lambda content: then(content) if gate.wait(20) else ""

    shop.app.assistant._voices.transcribe = slowly(written_down)
    settle, shop.settle = shop.settle, lambda: None  # type: ignore[method-assign]
    for chat in ("C-A", "C-B", "C-C"):  # more than there are workers
        shop.customer_says(chat, attachments=voice("where is my order"))
    shop.customer_says("C-A", "hello, is anybody there")
    shop.customer_says("C-D", "hello")
    for _ in range(200):
        if any(o.chat_id == "C-D" for o in shop.customers.outgoing):
            break
        threading.Event().wait(0.05)
    assert {o.chat_id for o in shop.customers.outgoing} == {"C-D"}
    gate.set()
    settle()
    to_a = [o.reply.text for o in shop.customers.outgoing if o.chat_id == "C-A"]
    assert "order" in to_a[0], "in order within the conversation"
    assert len(to_a) == 2


@pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the extra `voice` is not installed")
def test_a_real_recording_goes_all_the_way(shop: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def download(self: FakeTelegram, attachment: object) -> bytes:
        return SPEECH

    monkeypatch.setattr(FakeTelegram, "download", download)
    model = made(tmp_path / "model", "Where is my order SO-20931 ?")
    shop.app.assistant._voices.transcribe = Transcriber(model, 120, tmp_path / "work")
    assert "SO-20931" in said(shop, "")
    assert shop.last_understood().intent == "order_status"
