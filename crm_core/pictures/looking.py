"""Looks at a picture in a child process: nothing that a stranger sent is decoded where messages are answered."""

import base64
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_core.analytics import child
from crm_core.errors import CrmError

SECONDS = 45
"""How long one picture may take; a page full of text takes two seconds of an idle processor."""
LARGEST = 20 << 20
SEEING = "crm_core.pictures.seeing"
_ONE_AT_A_TIME = threading.Lock()
"""Reading takes half a gigabyte while it lasts."""


class NotSeen(CrmError):
    """A picture that could not be looked at; the text says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a picture. `looks`: 64 bits that stay nearly the same when it is scaled, brightened or saved anew;
    None for one of a single colour. `text`: what is written in it, None where nothing is installed that reads."""

    looks: int | None
    text: str | None


def reads_text() -> bool:
    """Whether what reads text in pictures is installed (the extra `ocr`)."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def look(content: bytes, folder: Path, *, timeout: float = SECONDS) -> Seen:
    """Look at a picture that came from anywhere.

    Args:
        folder: where libraries may keep caches between calls; made if it is missing.

    Raises:
        NotSeen: it is too large, no picture of a kind we know, or took too long.
    """
    if len(content) > LARGEST:
        raise NotSeen(f"It is larger than {LARGEST >> 20} MB.")
    asked = {"picture": base64.b64encode(content).decode(), "reads": reads_text()}
    try:
        with _ONE_AT_A_TIME:
            answer = child.ask(SEEING, asked, folder, timeout)
    except child.ChildFailed as error:
        raise NotSeen(str(error)) from error
    if answer.get("problem"):
        raise NotSeen(str(answer["problem"]))
    return Seen(answer.get("looks"), answer.get("text"))
