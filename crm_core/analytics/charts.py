"""Charts as PNG, drawn in a child process: the serving process never loads matplotlib.

Run as `python -m crm_core.analytics.charts` it reads charts as JSON from stdin and writes the pictures to stdout.
"""

import base64
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from crm_core.analytics import child
from crm_core.analytics.child import ChildFailed

SECONDS = 60
"""How long all charts of one call may take together."""

ChartKind = Literal["days", "bars", "histogram", "heat", "gaps", "lines"]


class ChartsFailed(ChildFailed):
    """The charts could not be drawn; the text says why and what to do."""


@dataclass(frozen=True)
class ChartSpec:
    """What to draw; every text is given in the language of the reader.

    `days`: `values` as columns over `labels`, with `line` (-1 … 1) as a band of its own below; None is a gap.
    `bars`: `values` as horizontal bars in their order, each with its `notes` beside it, below headings (`groups`).
    `histogram`: `values` as columns that touch; `labels` are where each begins, `line` one place, told by `line_title`.
    `heat`: `cells` (0 … 1, None is a gap) as a map, rows named by `labels` with their `notes`, columns by `columns`.
    `gaps`: `values` as horizontal bars to both sides of nothing; `low` and `high` are their intervals, if given.
    `lines`: `lines` over `labels`, each called by its one of `names`; `low` and `high` are a band around the last one.
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
    groups: Sequence[str] = ()
    """The heading that each bar stands below; the same words follow each other."""
    cells: Sequence[Sequence[float | None]] = ()
    columns: Sequence[str] = ()
    names: Sequence[str] = ()
    lines: Sequence[Sequence[float | None]] = ()
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()
    judged: bool = True
    """Of `gaps`: more is good and less is bad, and coloured so."""
    ahead: int = 0
    """So many of the last labels lie ahead: what is drawn there is dashed."""


def render(charts: Sequence[ChartSpec], folder: Path, *, timeout: float = SECONDS) -> list[bytes]:
    """Draw charts; returns one PNG each.

    Args:
        folder: where fonts are cached between calls; made if it is missing.

    Raises:
        ChartsFailed: the child process ended badly or took too long.
    """
    if not charts:
        return []
    try:
        answer = child.ask(__spec__.name, {"charts": [asdict(chart) for chart in charts]}, folder, timeout)
        return [base64.b64decode(image) for image in answer["images"]]
    except (child.ChildFailed, KeyError) as error:
        kind = error.kind if isinstance(error, ChildFailed) else "unusable"
        raise ChartsFailed(f"Charts could not be drawn. {error}", kind, getattr(error, "detail", "")) from error


def _spec(given: Mapping[str, Any]) -> ChartSpec:
    return ChartSpec(**{**given, "ends": tuple(given.get("ends") or ("", ""))})


def _main() -> None:
    from crm_core.analytics.drawing import draw

    charts = [_spec(given) for given in json.load(sys.stdin)["charts"]]
    images = [base64.b64encode(draw(chart)).decode() for chart in charts]
    json.dump({"images": images}, sys.stdout)


if __name__ == "__main__":
    _main()
