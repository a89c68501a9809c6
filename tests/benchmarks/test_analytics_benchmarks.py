"""The benchmarks of values and rules on tiny files: every figure they promise, and clear errors."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks import rules, value

MODELS = ("bg_nbd", "naive", "linear_regression", "random_forest")
SCORES = ("correlation", "mae", "rmse", "r2", "total_error")


@pytest.fixture
def purchases(tmp_path: Path) -> Path:
    chance, lines = random.Random(4), []
    for customer in range(80):
        day, rate = date(1997, 1, 1) + timedelta(chance.randrange(80)), chance.gammavariate(0.8, 1 / 30)
        while day <= date(1998, 6, 30):
            lines.append(f" {customer:05} {customer:04} {day:%Y%m%d} {1:2} {chance.uniform(5, 60):7.2f}\r\n")
            if chance.random() < 0.15:
                break
            day += timedelta(1 + int(chance.expovariate(rate + 0.002)))
    path = tmp_path / "purchases.txt"
    path.write_text("".join(lines), "utf-8")
    return path


def test_value_prints_every_figure(purchases: Path, capsys: pytest.CaptureFixture[str]):
    value.main(["--purchases", str(purchases), "--json"])
    figures = json.loads(capsys.readouterr().out)
    promised = {"r", "alpha", "a", "b", "log_likelihood", "p", "q", "v"}
    promised |= {f"holdout.{model}.{name}" for model in MODELS for name in SCORES}
    assert promised | {"customers", "repeat_buyers", "best"} == set(figures)
    assert figures["customers"] == 80
    assert figures["log_likelihood"] < 0
    assert figures["best"] in MODELS
    assert all(figures[name] > 0 for name in ("r", "alpha", "a", "b", "p", "q", "v"))
    value.main(["--purchases", str(purchases), "--until", "1997-12-31", "--weeks", "20"])
    assert "holdout.bg_nbd.mae" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no purchase up to 1997-09-30"),
        ("1 1 19970101 1 9.99\n", "Only 0 customers came back"),
        ("1 1 19970101 1 9.99\n1 1 1997-02-01 1 9.99\n", "line 2: 5 columns"),
        ("1 1 19970101 1 -9.99\n", "worth -9.99"),
    ],
)
def test_value_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, said: str):
    path = tmp_path / "purchases.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=said):
        value.main(["--purchases", str(path)])


def test_rules_prints_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "baskets.csv"
    path.write_text("milk,bread\nmilk, bread,jam\n\nmilk\n", "utf-8")
    rules.main(["--baskets", str(path), "--support", "0.5", "--confidence", "0.6", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["rules_single_consequent"] == 2
    assert figures["baskets"] == 3
    assert figures["cpu_s"] >= 0
    rules.main(["--baskets", str(path), "--support", "0.5", "--confidence", "0.6"])
    assert "bread → milk" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["empty.csv", "missing.csv"])
def test_rules_says_what_is_wrong_with_a_file(tmp_path: Path, name: str):
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SystemExit, match=r"no basket|missing\.csv"):
        rules.main(["--baskets", str(tmp_path / name)])
