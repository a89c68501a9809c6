"""Writes down what is said in a recording, in a child process: nothing that a stranger sent is decoded where messages
are answered, and what listens is loaded there alone."""

import base64
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_core.analytics import child
from crm_core.errors import CrmError

RECORDINGS = ("voice", "audio")
"""Kinds of attachments in which somebody speaks."""
SECONDS = 300
"""How long one recording may take, its model's loading included."""
LARGEST = 20 << 20
HEARING = "crm_core.voices.hearing"
PARTS = ("model.bin", "tokenizer.json", "config.json")
"""What a folder with a model has to hold; the library would look for a missing tokenizer on the Internet."""


class NotHeard(CrmError):
    """A recording, or a model, that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Transcriber:
    """What writes recordings down.

    Args:
        model: a folder with a Whisper model in the form of CTranslate2.
        most_seconds: longer recordings are left to people.
        folder: where libraries may keep caches between calls; made if it is missing.
    """

    model: Path
    most_seconds: int
    folder: Path

    def __call__(self, content: bytes) -> str:
        """The words of a recording that came from anywhere; "" where none can be made out.

        Raises:
            NotHeard: it is too large or too long, no recording of a kind we know, or took too long.
        """
        if len(content) > LARGEST:
            raise NotHeard(f"It is larger than {LARGEST >> 20} MB.")
        return str(self._ask({"sound": base64.b64encode(content).decode()}).get("text") or "")

    def check(self) -> None:
        """Load the model once.

        Raises:
            NotHeard: it cannot be used.
        """
        self._ask({})

    def _ask(self, asked: dict[str, str]) -> dict[str, object]:
        told = {**asked, "model": str(self.model.absolute()), "most_seconds": self.most_seconds}
        try:
            answer = child.ask(HEARING, told, self.folder, SECONDS)
        except child.ChildFailed as error:
            raise NotHeard(str(error)) from error
        if answer.get("problem"):
            raise NotHeard(str(answer["problem"]))
        return answer


def missing(model: str) -> str:
    """What keeps recordings from being written down, "" where all is there. Says nothing of whether the model fits."""
    if not model:
        return "no model is named (voice.model)"
    if find_spec("faster_whisper") is None:
        return "the extra is not installed (make voice)"
    absent = [part for part in PARTS if not (Path(model) / part).is_file()]
    return f"{', '.join(absent)} not in {model}" if absent else ""
