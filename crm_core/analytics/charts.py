"""Charts as PNG, drawn in a child process: the serving process never loads matplotlib.

Run as `python -m crm_core.analytics.charts` it reads charts as JSON from stdin and writes the pictures to stdout.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from config.settings import PROJECT
from crm_core.errors import CrmError

SECONDS = 60
"""How long all charts of one call may take together."""
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")

ChartKind = Literal["days", "bars"]


class ChartsFailed(CrmError):
    """The charts could not be drawn; the text says why and what to do."""


@dataclass(frozen=True)
class ChartSpec:
    """What to draw; every text is given in the language of the reader.

    `days`: `values` as columns over `labels`, with `line` (-1 … 1) as a band of its own below; None is a gap.
    `bars`: `values` as horizontal bars, the largest on top, each with its `notes` beside it.
    """

    kind: ChartKind
    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    subtitle: str = ""
    line: Sequence[float | None] = ()
    line_title: str = ""
    notes: Sequence[str] = ()
    marked: int | None = None
    """Position of the value that the reader should see first."""
    ends: tuple[str, str] = field(default=("", ""))
    """Words for the two ends of the line's scale (low, high)."""


def render(charts: Sequence[ChartSpec], folder: Path, *, timeout: float = SECONDS) -> list[bytes]:
    """Draw charts; returns one PNG each.

    Args:
        folder: where fonts are cached between calls; made if it is missing.

    Raises:
        ChartsFailed: the child process ended badly or took too long.
    """
    if not charts:
        return []
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    asked = json.dumps({"charts": [asdict(chart) for chart in charts]})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crm_core.analytics.charts"],
            input=asked.encode(),
            capture_output=True,
            timeout=timeout,
            cwd=PROJECT,
            env=_environment(folder),
            check=True,
        )
        images = json.loads(done.stdout)["images"]
    except subprocess.TimeoutExpired as error:
        raise ChartsFailed(f"Drawing took longer than {timeout:.0f} s. Is the machine overloaded?") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise ChartsFailed(f"Drawing failed ({last[0][:200]}). Run `make install` if a package is missing.") from error
    except (OSError, ValueError, KeyError) as error:
        raise ChartsFailed(f"The drawing process could not be used: {error}") from error
    return [base64.b64decode(image) for image in images]


def _environment(folder: Path) -> dict[str, str]:
    """Only what is needed: no secret reaches the child, and its caches stay in the data folder."""
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    place = {"MPLCONFIGDIR": str(folder.absolute()), "HOME": str(folder.absolute()), "MPLBACKEND": "Agg"}
    return {**kept, **threads, **place, "PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": "utf-8"}


def _spec(given: Mapping[str, Any]) -> ChartSpec:
    return ChartSpec(**{**given, "ends": tuple(given.get("ends") or ("", ""))})


def _main() -> None:
    from crm_core.analytics.drawing import draw

    charts = [_spec(given) for given in json.load(sys.stdin)["charts"]]
    images = [base64.b64encode(draw(chart)).decode() for chart in charts]
    json.dump({"images": images}, sys.stdout)


if __name__ == "__main__":
    _main()
