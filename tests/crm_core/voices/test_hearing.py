"""Recordings that strangers sent: what is said in them, through the real library, and what is refused."""

import base64
import io
import wave
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crm_core.voices import transcribing
from crm_core.voices.transcribing import NotHeard, Transcriber, missing
from tests.crm_core.voices.made_model import made

pytestmark = pytest.mark.skipif(find_spec("faster_whisper") is None, reason="the extra `voice` is not installed")

WORDS = "I would like to return the teapot"
SPEECH = (Path(__file__).parent / "teapot.ogg").read_bytes()
"""Spoken by espeak-ng, as a telephone sends it: Ogg, Opus."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("voice") / "model", WORDS)


def heard(model: Path, content: bytes, most_seconds: int = 120) -> dict[str, Any]:
    from crm_core.voices.hearing import hear

    return hear(
        {"model": str(model), "most_seconds": most_seconds, "sound": base64.b64encode(content).decode()},
    )


def wav(samples: "np.ndarray[Any, Any]", rate: int = 16_000) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype(np.int16).tobytes())
    return target.getvalue()


def test_speech_is_written_down_in_a_process_of_its_own(model: Path, tmp_path: Path) -> None:
    transcribe = Transcriber(model, 120, tmp_path)
    assert transcribe(SPEECH) == WORDS


def test_all_of_a_recording_is_decoded() -> None:
    from crm_core.voices.hearing import RATE, sound

    assert len(sound(SPEECH, 120)) / RATE == pytest.approx(3.97, abs=0.03)
    tone = 8000 * np.sin(np.arange(44_100) * 0.1)
    assert len(sound(wav(tone, 44_100), 120)) / RATE == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "codec"), [("webm", "libopus"), ("mp4", "aac"), ("mp3", "libmp3lame"), ("adts", "aac"), ("flac", "flac")]
)
def test_what_telephones_and_browsers_record_is_decoded(kind: str, codec: str) -> None:
    import av

    from crm_core.voices.hearing import RATE, sound

    target = io.BytesIO()
    with av.open(target, "w", format=kind) as file:
        stream = file.add_stream(codec, rate=48_000, layout="mono")
        tone = (8000 * np.sin(np.arange(96_000) * 0.1)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        for part in (frame, None):
            file.mux(stream.encode(part))
    assert len(sound(target.getvalue(), 120)) / RATE == pytest.approx(2, abs=0.1)


def test_silence_says_nothing(model: Path) -> None:
    assert heard(model, wav(np.zeros(48_000))) == {"text": ""}
    assert heard(model, wav(np.zeros(0))) == {"text": ""}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"OggS" + bytes(200),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"<svg/>",
    ],
)
def test_other_files_are_no_recordings(model: Path, content: bytes) -> None:
    assert "It is no recording" in heard(model, content)["problem"]


def test_what_is_too_long_or_too_large_is_refused(model: Path, tmp_path: Path) -> None:
    assert heard(model, SPEECH, most_seconds=2) == {"problem": "It is longer than 2 s."}
    with pytest.raises(NotHeard, match="larger than 20 MB"):
        Transcriber(model, 120, tmp_path)(b"OggS" * (transcribing.LARGEST // 4 + 1))


def test_a_model_that_cannot_be_used_is_told(model: Path, tmp_path: Path) -> None:
    assert missing(str(model)) == ""
    assert "not in" in missing(str(tmp_path))
    assert "voice.model" in missing("")
    broken = tmp_path / "broken"
    broken.mkdir()
    for part in transcribing.PARTS:
        (broken / part).write_text("{}")
    with pytest.raises(NotHeard, match="cannot be used"):
        Transcriber(broken, 120, tmp_path).check()
