"""The benchmark of topics on a tiny file: every figure it promises, in both languages; what it says of bad files."""

import json
import random
from pathlib import Path

import pytest

from benchmarks import topics
from tests.jobs.test_find_topics import THEMES

CHINESE = (
    "物流 快递 包裹 签收 发货 运费 转运 延误 仓库 催单 揽收 丢件 派送 驿站 面单 司机 货车 清关 关税 封箱 胶带 配送",
    "磨豆 手冲 滤纸 油脂 粉碗 烘焙 水温 萃取 蒸汽 奶泡 拼配 闷蒸 刀盘 细粉 风味 豆仓 壶嘴 布粉 压粉 粉饼 杯测 醇厚",
)
PROMISED = ("npmi", "baseline_npmi", "npmi_unchosen", "held_out_npmi", "diversity", "stability")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    chance, lines = random.Random(4), []
    for place in range(200):
        lines.append(" ".join(chance.sample(THEMES[place % 2].split(), 5)))
        lines.append("，".join(chance.sample(CHINESE[place % 2].split(), 5)))
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_every_figure_is_there_for_each_language(texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topics.main(["--posts", str(texts), "--seeds", "2", "--topics", "2", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert set(figures["languages"]) == {"en", "zh"}
    assert {*PROMISED, "better_by"} <= set(figures)
    for found in figures["languages"].values():
        assert found["texts"] == 200
        assert found["npmi_range"][0] <= found["npmi"] <= found["npmi_range"][1]
        assert found["stability"] > 0.9  # two themes that share no word
        assert found["diversity"] == 1
    assert all(any(set(line.split()) <= set(theme.split()) for theme in THEMES)
               for line in figures["languages"]["en"]["words"])  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [("a b c\n", "fewer than 50 texts"), ("", "fewer than 50 texts")])
def test_a_file_with_too_little_says_so(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "few.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=said):
        topics.main(["--posts", str(path)])
