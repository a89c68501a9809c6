"""Work in a child process: what is heavy to load is loaded there, and the memory is given back.

The module that is run reads one JSON object from its standard input and writes one to its standard output.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from config.settings import PROJECT
from crm_core.errors import CrmError

KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")


class ChildFailed(CrmError):
    """The child process ended badly (failed, unusable) or took too long (slow); the text says why and what to do."""

    def __init__(self, text: str, kind: str = "failed", detail: str = "") -> None:
        super().__init__(text)
        self.kind, self.detail = kind, detail or text


def ask(module: str, asked: dict[str, Any], folder: Path, timeout: float) -> dict[str, Any]:
    """What a module answers when it is run.

    Args:
        folder: where its libraries keep caches between calls; made if it is missing.

    Raises:
        ChildFailed: it ended badly or took too long.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module], input=json.dumps(asked).encode(), capture_output=True, timeout=timeout,
            cwd=PROJECT, env=_environment(folder), check=True,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        text = f"It took longer than {timeout:.0f} s. Is the machine overloaded?"
        raise ChildFailed(text, "slow", f"{timeout:.0f}") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        text = f"It failed ({last[0][:200]}). Run `make install` if a package is missing."
        raise ChildFailed(text, "failed", last[0][:200]) from error
    except (OSError, ValueError) as error:
        raise ChildFailed(f"The process could not be used: {error}", "unusable", str(error)) from error
    return answer


def _environment(folder: Path) -> dict[str, str]:
    """Only what is needed: no secret reaches the child, and its caches stay in the data folder."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    place = {"MPLCONFIGDIR": str(folder.absolute()), "HOME": str(folder.absolute()), "MPLBACKEND": "Agg"}
    return {**kept, **threads, **place, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"}
