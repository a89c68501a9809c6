"""What is said in a recording that a stranger sent. Runs in a child process of `transcribing`, under limits of its own.

Reads one JSON object from standard input ({"model": folder, "most_seconds": n, "sound": base64; without a sound the
model is only loaded}) and writes one.
"""

import base64
import json
import os
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import Any

import av
import numpy as np
from faster_whisper import WhisperModel

RATE = 16_000
"""Samples a second, as the models take them."""
FORMATS = (
    (0, b"OggS", "ogg"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (4, b"ftyp", "mov"),
    (8, b"WAVE", "wav"),
    (0, b"fLaC", "flac"),
    (0, b"#!AMR", "amr"),
)
"""Where the mark of a kind of file stands, and what reads it. Named, since a guess may take a list of addresses for a
recording, and open them."""
LANGUAGES = ("en", "zh", "yue")
"""Those that we answer. A short message in one of them is easily taken for another one."""
PROMPTS = {"zh": "以下是普通话的句子。"}
"""Brings forth simplified characters and full stops."""
SURE = -1.0
"""Mean log probability of a passage, below which it is a guess."""
MOST_TEXT = 4000
MOST_MEMORY = 8 << 30
MOST_CPU_SECONDS = 280
NICE = 5


class Unhearable(Exception):
    """No recording that we listen to."""


def sound(content: bytes, most_seconds: int) -> Any:
    """The samples of a recording, as one channel of numbers. One that is too long is given up on the way."""
    kind = next((kind for place, mark, kind in FORMATS if content[place:].startswith(mark)), "")
    if not kind:
        raise Unhearable("It is no recording of a kind that is listened to.")
    pieces, left = [np.zeros(0, np.int16)], most_seconds * RATE
    try:
        for piece in _pieces(content, kind):
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise Unhearable(f"It is longer than {most_seconds} s.")
    except (av.error.FFmpegError, ValueError, IndexError, MemoryError) as error:
        raise Unhearable(f"It is no recording that can be opened ({type(error).__name__}).") from error
    return np.concatenate(pieces).astype(np.float32) / 32768


def _pieces(content: bytes, kind: str) -> Iterator[Any]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    opened: Any = av.open(BytesIO(content), format=kind, metadata_errors="ignore")
    with opened as container:
        for frame in chain(container.decode(audio=0), (None,)):  # None: what the resampler still holds
            if frame is not None:
                frame.pts = None  # times that make no sense are no reason to hear nothing
            yield from (each.to_ndarray()[0] for each in resampler.resample(frame))


def words(model: WhisperModel, samples: Any) -> str:
    """What is said, passage by passage, as far as it can be made out."""
    if not len(samples):
        return ""
    language = _language(model, samples)
    passages, _ = model.transcribe(
        samples,
        language=language,
        initial_prompt=PROMPTS.get(language),
        vad_filter=True,
        temperature=0.0,
        condition_on_previous_text=False,
    )  # fmt: skip - without speech there are no passages: else silence is taken for "thank you for watching"
    said = (passage.text.strip() for passage in passages if passage.avg_logprob >= SURE)
    return " ".join(_plain(text) for text in said if text)[:MOST_TEXT].strip()


def _language(model: WhisperModel, samples: Any) -> str:
    if model.supported_languages == ["en"]:
        return "en"
    _, _, chances = model.detect_language(samples, vad_filter=True)
    ours = {language: chance for language, chance in chances if language in LANGUAGES}
    likely = max(ours, key=lambda language: ours[language])
    return "zh" if likely == "yue" else likely


def _plain(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def hear(asked: dict[str, Any]) -> dict[str, Any]:
    """What is said in the recording, or why it is not listened to."""
    try:
        samples = sound(base64.b64decode(asked["sound"]), asked["most_seconds"]) if "sound" in asked else None
        threads = max(1, (os.cpu_count() or 1) // 2)
        model = WhisperModel(
            asked["model"], device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
        )
        return {"text": words(model, samples) if samples is not None else ""}
    except Unhearable as problem:
        return {"problem": str(problem)}
    except (RuntimeError, ValueError, OSError, MemoryError) as error:
        return {"problem": f"The model in {asked['model']} cannot be used: {str(error)[:200]}"}


def _limit() -> None:
    """A recording that is made to be expensive ends this process, and nothing else; those who write go first."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    os.nice(NICE)


def _main() -> None:
    _limit()
    answer = hear(json.load(sys.stdin))
    json.dump(answer, sys.__stdout__ or sys.stdout)


if __name__ == "__main__":
    _main()
