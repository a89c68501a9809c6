"""Charts come from a child process, with Chinese letters, and the serving process stays small."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import PROJECT
from crm_core.analytics import charts, child
from crm_core.analytics.charts import ChartsFailed, ChartSpec, render

VOLUME = ChartSpec(
    "days", "14 天的消息数", [f"11月{day}日" for day in range(9, 23)], list(range(14)),
    subtitle="与前一天相比 −3 (±0 %)", line=[None, 0.4, -0.4, *[0.1] * 11], line_title="情绪", marked=13,
    ends=("不满", "满意"),
)  # fmt: skip
WISHES = ChartSpec("bars", "What customers wanted", ["查订单", "Complaint"], [3, 1], notes=["+1", "−2"], marked=0)
SIZES = ChartSpec(
    "bars",
    "各分群客户数",
    ["重要价值客户", "VIP Shanghai"],
    [77, 3],
    notes=["15 %", "1 %"],
    groups=["RFM 网格", "条件"],
)
VALUE = ChartSpec(
    "histogram", "客户预期价值分布", ["0", "1,000", "1万+"], [177, 126, 13], line=[1.6], line_title="中位数 ¥1,573"
)
COHORTS = ChartSpec(
    "heat", "再次下单的客户，%", ["2025年10月", "2025年11月"], [], notes=["25", "22"], columns=["1", "2"],
    cells=[[0.64, 0.4], [0.36, None]], line_title="首单后第几个月",
)  # fmt: skip

GAPS = ChartSpec(
    "gaps", "谁更好", ["全部", "Delivery"], [0.5, -1.2], low=[0.2, -1.5], high=[0.8, -0.9], notes=["+0.50", "−1.20"]
)  # fmt: skip
LINES = ChartSpec(
    "lines", "预计走势 Forecast", [str(day) for day in range(30)], (), names=["订单"], ahead=10,
    lines=[[*range(20), None, *range(9)]], low=[None] * 19 + [1.0] * 11, high=[None] * 19 + [25.0] * 11,
)  # fmt: skip
VOICE = ChartSpec("lines", "Share", ["1", "2"], (), names=["us", "Copper Kettle Company"], lines=[[40, 41], [40, None]])
ALL = (VOLUME, WISHES, SIZES, VALUE, COHORTS, GAPS, LINES, VOICE)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_charts_are_pictures_wide_enough_for_a_phone(tmp_path: Path) -> None:
    pictures = render(ALL, tmp_path)
    volume, wishes, *_ = pictures
    for picture in pictures:
        assert len(picture) > 10_000
        assert size_of(picture)[0] == 1600
    assert size_of(wishes)[1] < size_of(volume)[1]


def test_every_letter_has_a_glyph(tmp_path: Path) -> None:
    """Matplotlib only warns about letters its font does not have; here the warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c",
         "import json, sys; from crm_core.analytics.charts import _spec; from crm_core.analytics.drawing import draw;"
         "[draw(_spec(each)) for each in json.load(sys.stdin)]"],
        input=charts.json.dumps([charts.asdict(each) for each in ALL]), text=True, capture_output=True,
        cwd=PROJECT, env={**os.environ, "MPLCONFIGDIR": str(tmp_path), "MPLBACKEND": "Agg"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Glyph" not in done.stderr
    assert "findfont" not in done.stderr


def test_empty_figures_are_drawn_too(tmp_path: Path) -> None:
    nothing = ChartSpec("days", "Nothing", ["1", "2"], [0, 0], line=[None, None], line_title="Mood")
    kinds = [ChartSpec(kind, "Nothing", [], []) for kind in ("bars", "histogram", "heat", "gaps")]
    assert all(size_of(picture) for picture in render([nothing, *kinds], tmp_path))


def test_a_home_that_cannot_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    render([WISHES], tmp_path / "tmp" / "charts")
    assert list((tmp_path / "tmp" / "charts").iterdir())


def test_no_secret_reaches_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_MASTER_KEY", "secret")
    assert not [name for name in child._environment(tmp_path) if name.startswith("RAPPORT")]


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    with pytest.raises(ChartsFailed, match="longer than"):
        render([WISHES], tmp_path, timeout=0.01)
    broken = ChartSpec("bars", "Broken", ["one"], ["no number"])  # type: ignore[list-item]
    with pytest.raises(ChartsFailed, match="It failed"):
        render([broken], tmp_path)


def test_the_serving_process_loads_no_heavy_library() -> None:
    heavy = ("matplotlib", "pandas", "statsmodels", "seaborn", "pyspark")
    code = (
        "import sys, bot.__main__, bot.app, bot.server, bot.handlers, jobs.runner, crm_core.analytics.charts;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"
