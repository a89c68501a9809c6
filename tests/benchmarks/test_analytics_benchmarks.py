"""The benchmarks of values, rules and recommendations on tiny files: every figure they promise, and clear errors."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from benchmarks import models, recommendations, rules, value
from crm_core.analytics.prediction import candidates

MODELS = ("bg_nbd", "naive", "linear_regression", "random_forest")
RECOMMENDERS = ("popularity", "habit", "cosine", "ease", "content", "mix")
HEADER = "customer_id,item_id,occurred_at,quantity,unit_price"
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


@pytest.fixture
def shopping(tmp_path: Path) -> Path:
    """A year of 60 customers, each with a taste for one of three kinds of things."""
    chance, lines = random.Random(5), [f"{HEADER},description"]
    for customer in range(60):
        kind = customer % 3
        for day in range(chance.randrange(20), 360, chance.randrange(15, 60)):
            number = kind * 10 + chance.randrange(10) if chance.random() < 0.8 else chance.randrange(30)
            when = date(2025, 1, 1) + timedelta(day)
            lines.append(
                f"c{customer},i{number},{when}T10:00:00,1,9.50,{['绿茶 tea', '杯子 cup', '果酱 jam'][number // 10]}"
            )
    path = tmp_path / "shopping.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_recommendations_prints_every_figure(shopping: Path, capsys: pytest.CaptureFixture[str]):
    recommendations.main(["--purchases", str(shopping), "--json"])
    figures = json.loads(capsys.readouterr().out)
    kinds = ("new", "repeat")
    promised = {f"models.{n}.{k}.{f}" for n in RECOMMENDERS for k in kinds for f in ("recall", "ndcg", "hit")}
    promised |= {f"models.{name}.cpu_s" for name in RECOMMENDERS}
    promised |= {f"mix_minus_best.{kind}.{end}" for kind in kinds for end in ("low", "high")}
    assert promised <= set(figures)
    assert all(0 <= figures[name] <= 1 for name in promised if name.startswith("models") and "cpu" not in name)
    for kind in kinds:
        assert figures[f"mix_minus_best.{kind}.low"] <= figures[f"mix_minus_best.{kind}.high"]
        assert sum(figures[f"weights.{kind}.{name}"] for name in RECOMMENDERS[:-1]) == pytest.approx(1)
        assert figures[f"best.{kind}"] in RECOMMENDERS[:-1]
    assert figures["models.content.new.ndcg"] > figures["models.popularity.new.ndcg"]  # tastes follow the texts
    assert figures["models.mix.new.ndcg"] > figures["models.popularity.new.ndcg"]
    assert (figures["customers"], figures["items"]) == (60, 30)


def test_recommendations_leaves_texts_out_where_there_are_none(shopping: Path, capsys: pytest.CaptureFixture[str]):
    bare = "\n".join(line.rsplit(",", 1)[0] for line in shopping.read_text("utf-8").splitlines())
    shopping.write_text(bare, "utf-8")
    recommendations.main(["--purchases", str(shopping)])
    said = capsys.readouterr().out
    assert "models.ease.new.ndcg" in said
    assert "content" not in said


def test_recommendations_reads_what_the_sample_business_sold(tmp_path: Path):
    file = recommendations.read(recommendations.export_sample(tmp_path / "sample.csv", customers=60))
    assert len(file.purchases) > 100
    assert all(each.day <= recommendations.SAMPLE_DAY for each in file.purchases)
    assert any("茶" in text for text in file.texts.values())


def test_what_was_given_back_is_no_purchase(tmp_path: Path):
    path = tmp_path / "purchases.csv"
    path.write_text(f"{HEADER}\nc,i,2026-01-05,-2,1.50\nc,j,2026-01-06,1,0\n", "utf-8")
    assert [each.item for each in recommendations.read(path).purchases] == ["j"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "column customer_id is missing"),
        ("customer_id,item_id,occurred_at,quantity\n", "column unit_price is missing"),
        (HEADER, "more than 10 days"),
        (f"{HEADER}\nc,i,5 May,1,9\n", "line 2: occurred_at is “5 May”"),
        (f"{HEADER}\nc,i,2026-01-05,1,9\n,i,2026-01-05,1,9\n", "line 3: customer_id or item_id is empty"),
        (f"{HEADER}\nc,i,2026-01-05,one,9\n", "line 2: quantity and unit_price must be numbers"),
        (f"{HEADER}\nc,i,2026-01-05,nan,9\n", "line 2: quantity and unit_price must be numbers"),
        (f"{HEADER}\nc,i,2026-01-05\n", "line 2: quantity and unit_price must be numbers"),
        (f"{HEADER}\nc,i,2026-01-05,1,9\nc,i,2026-01-08,1,9\n", "more than 10 days"),
        (f"{HEADER}\nc,i,2026-01-05,1,9\nd,j,2026-03-08,1,9\n", "No known customer"),
        (f"{HEADER}\nc,i,2026-01-05,1,9\nc,j,2026-01-05,1,9\nd,i,2026-01-05,1,9\nd,j,2026-03-08,1,9\n", "weights from"),
    ],
)
def test_recommendations_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, said: str):
    path = tmp_path / "purchases.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(SystemExit, match=said):
        recommendations.main(["--purchases", str(path)])


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe\x00", "not a CSV file in UTF-8"), (None, "No such file")])
def test_recommendations_says_that_a_file_is_none(tmp_path: Path, content: bytes | None, said: str):
    path = tmp_path / "purchases.csv"
    if content:
        path.write_bytes(content)
    with pytest.raises(SystemExit, match=said):
        recommendations.main(["--purchases", str(path)])


def test_models_prints_every_figure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(candidates, "TREES", 5)
    models.main(["--customers", "150", "--trials", "0", "--targets", "churn", "next_spend", "--json"])
    figures = json.loads(capsys.readouterr().out)
    for target, metric in (("churn", "auc"), ("next_spend", "r2")):
        assert figures[f"{target}.metric"] == metric
        assert figures[f"{target}.used"] in (*candidates.FAMILIES, "naive")
        used = figures[f"{target}.used"]
        assert figures[f"{target}.score"] == figures[f"{target}.by_split.{used}.test.{metric}"]
        assert figures[f"{target}.naive"] == figures[f"{target}.by_split.naive.test.{metric}"]
        for family in candidates.FAMILIES:
            assert {f"{target}.{family}.{key}" for key in ("metric", "score", "naive")} <= set(figures)
            assert figures[f"{target}.by_split.{family}.training.skill"] <= 1
    assert figures["scores"] > 100
    assert figures["predict_cpu_s_per_100k"] > 0


def test_models_measures_value_on_a_file_and_says_what_it_could_not_learn(
    purchases: Path, capsys: pytest.CaptureFixture[str]
):
    models.main(["--purchases", str(purchases), "--targets", "next_category", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert figures["value.metric"] == "rmse"
    assert figures["value.score"] <= figures["value.naive"]
    assert figures["value.used"] in MODELS
    assert [text for name, text in figures.items() if name.startswith("not_learnt")] == [
        "Nothing has happened yet that could be foretold."  # the file says nothing about what was bought
    ]


def test_models_says_what_is_wrong_with_a_file(tmp_path: Path):
    path = tmp_path / "purchases.txt"
    path.write_text("", "utf-8")
    with pytest.raises(SystemExit, match="no purchase in the file"):
        models.main(["--purchases", str(path)])
