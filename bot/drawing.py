"""Charts drawn for a message by a child process, or the reason why they are not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from crm_core.analytics.charts import ChartsFailed, ChartSpec, render
from crm_core.analytics.child import ChildFailed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pictures:
    """PNGs in the order of their charts, or why there are none."""

    images: tuple[bytes, ...] = ()
    problem: ChildFailed | None = None


def charts_folder(data_dir: Path) -> Path:
    """Where child processes that draw and compute keep their caches."""
    return data_dir / "tmp" / "charts"


def drawn(charts: Sequence[ChartSpec], data_dir: Path) -> Pictures:
    """Draw charts. Takes a second or two: call it outside of any transaction."""
    if not charts:
        return Pictures()
    try:
        return Pictures(tuple(render(charts, charts_folder(data_dir))))
    except ChartsFailed as error:
        log.error("charts_failed", reason=str(error))
        return Pictures(problem=error)
