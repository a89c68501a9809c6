"""What is known about customers, computed anew at night: features, segments, scores, recommendations, bundles.

The work is done in a child process, which loads pandas and its friends and gives the memory back; it is told on its
standard input what to do, keys included, and says on its standard output how far it is, a JSON object a line. A step
that fails does not stop the others; if the child dies in one, another child goes on with the next.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from config.settings import PROJECT
from crm_core.analytics.child import KEPT_ENVIRONMENT
from crm_core.analytics.memory import forget_peak, peak_mb
from crm_core.errors import CrmError

STEPS = ("features", "segments", "value", "recommendations", "bundles", "forecasts", "predictions")
"""In this order, the longest last; `nightly_steps.py` does them."""
TOPICS = ("topics",)
"""What is found in texts, and needs no order: a job of its own."""
NICE = 10
"""So that whoever chats does not wait for it."""
FOR_SPARK = ("JAVA_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_IP")

_stopping = threading.Event()
_children: list[subprocess.Popen[str]] = []

Progress = Callable[[str, int, int], None]
"""Called with the name of a step, how much of it is done, and of how much (0: not known)."""


@dataclass(frozen=True)
class Night:
    """What to compute and where: for the child, as it goes over the line.

    `as_of`: the last day (UTC) that counts. `now` is written as the time of computing.
    """

    database_url: str
    keys_url: str
    data_dir: str
    master_key: str | None
    as_of: date
    now: datetime
    currency: str
    zone: str
    steps: tuple[str, ...] = STEPS
    engine: str = "local"
    """`settings.analytics.engine`."""
    names: tuple[str, ...] = ()
    """What the business and its competitors are called."""

    def dump(self) -> str:
        """As one line of JSON."""
        return json.dumps({**asdict(self), "as_of": self.as_of.isoformat(), "now": self.now.isoformat()})

    @classmethod
    def load(cls, line: str) -> "Night":
        """What `dump` made."""
        given = json.loads(line)
        return cls(**{
            **given, "as_of": date.fromisoformat(given["as_of"]), "now": datetime.fromisoformat(given["now"]),
            "steps": tuple(given["steps"]), "names": tuple(given["names"]),
        })  # fmt: skip


@dataclass(frozen=True)
class StepReport:
    """How a step went: what it did, or why it failed; seconds of wall and processor time; memory at its most."""

    result: Mapping[str, Any]
    error: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For the record of runs."""
        told = {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mb": self.peak_mb, **self.result}
        return {**told, "error": self.error} if self.error else told


class Stopped(CrmError):
    """The night was broken off."""


# --- the parent -----------------------------------------------------------------------------------------------------
def know_customers(night: Night, progress: Progress = lambda step, done, total: None) -> dict[str, StepReport]:
    """Do all steps in child processes; returns how each went.

    Raises:
        Stopped: this process ends.
    """
    reports: dict[str, StepReport] = {}
    while remaining := tuple(step for step in night.steps if step not in reports):
        reports |= _in_child(replace(night, steps=remaining), progress)
        if _stopping.is_set():
            raise Stopped("The process was stopped while it computed.")
    return reports


def stop() -> None:
    """End what computes, as this process ends."""
    _stopping.set()
    for child in _children:
        child.kill()


def _in_child(night: Night, progress: Progress) -> dict[str, StepReport]:
    """Steps that one child ended, and the one it died in, if it did."""
    reports: dict[str, StepReport] = {}
    kept = {name: os.environ[name] for name in (*KEPT_ENVIRONMENT, *FOR_SPARK) if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words, last, step = [sys.executable, "-m", "crm_core.analytics.nightly"], "", night.steps[0]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        words, cwd=PROJECT, env={**kept, **threads, "PYTHONPATH": str(PROJECT)}, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        _children.append(child)
        with contextlib.suppress(BrokenPipeError):  # it died at once; what it printed says why
            child.stdin.write(night.dump() + "\n")
            child.stdin.flush()  # left open: the child ends when this process does
        for line in child.stdout:
            said = _said(line)
            if said is None:
                last = line.strip() or last
            elif "report" in said:
                reports[said["step"]] = StepReport(**said["report"])
            else:
                step = said["step"]
                progress(step, said["done"], said["total"])
    _children.remove(child)
    if len(reports) < len(night.steps) and step not in reports:
        reports[step] = StepReport({}, f"its process ended with {child.returncode}. {last}"[:500])
    return reports


def _said(line: str) -> dict[str, Any] | None:
    """A line of the child; None for one that libraries printed."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "step" in said else None


# --- the child ------------------------------------------------------------------------------------------------------
def _main() -> None:
    night = Night.load(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    from crm_core.analytics.nightly_steps import steps

    with steps(night, _tell) as work:
        for name, step in work.items():
            _tell(name, 0, 0)
            report = _timed(step)
            _say({"step": name, "report": asdict(report)})


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _tell(step: str, done: int, total: int) -> None:
    _say({"step": step, "done": done, "total": total})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _timed(step: Callable[[], Mapping[str, Any]]) -> StepReport:
    """Do a step, whatever becomes of it."""
    forget_peak()
    wall, cpu = time.monotonic(), time.process_time()
    result: Mapping[str, Any] = {}
    error = ""
    try:
        result = step()
    except Exception as problem:  # noqa: BLE001 - border of the step: the others go on
        import traceback

        traceback.print_exc(file=sys.stderr)
        error = f"{type(problem).__name__}: {problem}"[:500]
    spent = round(time.monotonic() - wall, 1), round(time.process_time() - cpu, 1)
    return StepReport(result, error, *spent, peak_mb())


if __name__ == "__main__":
    _main()
