"""`python -m crm_core`: every command does its work, prints one JSON object, and says errors in one line."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from benchmarks.recommendations import read
from crm_core.__main__ import cli
from tests.crm_core.business_files import write, write_customers, write_orders, write_products


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(tmp_path / "data"))
    for name in ("RAPPORT_DATABASE__URL", "RAPPORT_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "data"


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def answer(*words: object) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)  # type: ignore[no-any-return]


@pytest.fixture
def business(data_dir: Path, tmp_path: Path) -> Path:
    write_products(tmp_path / "p.csv")
    write_customers(tmp_path / "c.csv", 100)
    write_orders(tmp_path / "o.csv", 100, 100)
    for name in ("p", "c", "o"):
        answer("import", tmp_path / f"{name}.csv")
    return tmp_path


def test_import_prints_counts_and_leaves_rejected_rows(data_dir: Path, tmp_path: Path) -> None:
    bad = write_customers(tmp_path / "c.csv", 100)
    told = answer("import", tmp_path / "c.csv")
    assert (told["kind"], told["created"], told["rejected"]) == ("customers", 97, 3)
    assert {reject["line"] for reject in told["rejects"]} == set(bad)
    assert Path(told["rejected_file"]).exists()
    assert answer("import", tmp_path / "c.csv")["unchanged"] == 97


def test_import_without_json_shows_the_columns_and_the_reasons(data_dir: Path, tmp_path: Path) -> None:
    write_customers(tmp_path / "c.csv", 100)
    result = run("import", tmp_path / "c.csv", "--yes")
    assert result.exit_code == 0
    for said in ("external_id", "Registered at", "line 34", "12-34", "c.csv.rejected.csv"):
        assert said in result.stderr
    assert result.stdout == ""


def test_preview_and_dry_run_change_nothing(data_dir: Path, tmp_path: Path) -> None:
    write_customers(tmp_path / "c.csv", 100)
    columns = answer("import", tmp_path / "c.csv", "--preview")["columns"]
    assert {column["column"]: column["field"] for column in columns}["手机号"] == "phone"
    assert not data_dir.exists()
    assert answer("import", tmp_path / "c.csv", "--dry-run")["created"] == 97
    assert answer("import", tmp_path / "c.csv")["created"] == 97


def test_import_with_options(data_dir: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "Kdnr;Wer;seit\n7;Ann;03/04/2026\n", "cp1252")
    words = ["--kind", "customers", "--mapping", "Kdnr=external_id", "--mapping", "Wer=name", "--mapping", "seit="]
    assert answer("import", path, *words, "--dates", "mdy", "--encoding", "cp1252")["created"] == 1


def test_export_and_erase(business: Path) -> None:
    exported = answer("export", "person1@example.com", "--to", business / "out.zip")
    assert exported["rows"]["customers"] == 1
    assert "data.json" in zipfile.ZipFile(business / "out.zip").namelist()
    refused = run("erase", "C-00001")
    assert (refused.exit_code, "Say --yes" in refused.stderr) == (2, True)
    assert answer("erase", "C-00001", "--yes", "--reason", "asked by mail")["customer_number"] == 10001
    gone = run("export", "10001", "--to", business / "again.zip")
    assert gone.exit_code == 2
    assert "There is no customer" in gone.stderr
    rejects = answer("import", business / "c.csv")["rejects"]
    assert "erased" in {reject["line"]: reject["reason"] for reject in rejects}[2]


def test_backup_and_restore(business: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = answer("backup")
    restored = business / "restored"
    restored.mkdir()
    (restored / "master.key").write_bytes((data_dir / "master.key").read_bytes())
    (restored / "master.key").chmod(0o600)
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(restored))
    assert answer("restore", done["archive"])["rows"] == done["rows"]
    assert answer("import", business / "c.csv")["unchanged"] == 97
    again = run("restore", done["archive"])
    assert (again.exit_code, "is not empty" in again.stderr) == (2, True)


def test_sample(data_dir: Path) -> None:
    assert answer("sample", "--customers", "60")["counts"]["customers"] == 60
    again = run("sample")
    assert (again.exit_code, "already holds" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "missing.csv"], "cannot be opened"),
        (["import", "c.csv", "--mapping", "nonsense"], 'has no "="'),
        (["import", "c.csv", "--kind", "orders"], "no column was recognised"),
        (["restore", "missing.zip"], "no keys-….bin"),
        (["erase", "nobody"], "There is no customer"),
    ],
)
def test_errors_are_one_line_without_a_traceback(data_dir: Path, tmp_path: Path, words: list[str], said: str) -> None:
    write(tmp_path / "c.csv", "id,name\n1,Ann\n")
    result = run(*words)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert "Traceback" not in result.stderr
    told = run(*words, "--json")
    assert said in json.loads(told.stdout)["error"]


def test_wrong_settings_name_the_setting(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_BUSINESS__CANCEL_WINDOW_HOURS", "soon")
    result = run("backup")
    assert (result.exit_code, "business.cancel_window_hours" in result.stderr) == (2, True)


def test_a_database_that_cannot_be_reached(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_DATABASE__URL", "postgresql://nobody@127.0.0.1:1/none")
    result = run("backup")
    assert result.exit_code == 2
    assert "RAPPORT_DATABASE__URL" in result.stderr
    assert result.stderr.count("\n") <= 2


DIRTY = "Customer ID,Name,E-mail\nC1,çŽ‹èŠ³,wang@example.com\nC1,çŽ‹èŠ³,wang@example.com\nC2,Ann,ann@\n"


def test_quality_of_files_and_of_the_database(data_dir: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", DIRTY)
    [sheet] = answer("quality", path, "--rejected", tmp_path / "out")["sheets"]
    assert (sheet["kept"], sheet["rejected"], sheet["merged"]) == (1, 1, 1)
    assert (tmp_path / "out" / "c.csv.rejected.csv").exists()
    assert not data_dir.exists()
    told = answer("import", path, "--clean")
    assert (told["created"], told["rejected"], told["cleaning"]["merged"]) == (1, 1, 1)
    assert [each["rows"] for each in answer("quality")["sheets"]] == [1, 0, 0, 0]


def test_the_quality_report_is_written_in_the_form_and_language_asked_for(data_dir: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", DIRTY)
    assert run("quality", path, "--report", tmp_path / "r.html", "--language", "zh").exit_code == 0
    assert "<h1>数据质量</h1>" in (tmp_path / "r.html").read_text("utf-8")
    assert "3 rows of customers" in run("quality", path).stderr
    for words in (("--report", tmp_path / "r.pdf"), ("--language", "fr")):
        assert run("quality", path, *words).exit_code == 2


def test_features_are_exported_as_a_file_for_other_tools(business: Path, tmp_path: Path) -> None:
    told = answer("export-features", tmp_path / "features.csv")
    lines = (tmp_path / "features.csv").read_text("utf-8").splitlines()
    assert told["customers"] == len(lines) - 1 == 97
    assert lines[0].startswith("customer_id,number,kind,")
    assert "@" not in "".join(lines)
    wrong = run("export-features", tmp_path / "features.txt")
    assert wrong.exit_code == 2
    assert ".parquet" in wrong.stderr


def test_purchases_are_exported_as_recommenders_are_measured_on_them(business: Path, tmp_path: Path) -> None:
    told = answer("export-purchases", tmp_path / "purchases.csv")
    bought = read(tmp_path / "purchases.csv")
    assert told["lines"] == len(bought.purchases) > 90
    assert all(bought.texts.values())
    assert "@" not in (tmp_path / "purchases.csv").read_text("utf-8")


def test_facts_are_exported_and_the_second_time_nothing_is_left_to_do(business: Path, data_dir: Path):
    first = answer("export-facts")
    assert first["written"] > 3
    assert first["rows"] > 200
    assert list((data_dir / "facts" / "orders").glob("*.parquet"))
    assert answer("export-facts") == {**first, "written": 0, "rows": 0, "unchanged": first["written"]}
