"""The night in a child process: what it writes, that twice is once, and that what fails stops nothing else."""

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from pyarrow import parquet
from sqlalchemy import delete, select, update

from crm_core import privacy
from crm_core.analytics import nightly, nightly_steps
from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.export import export_features
from crm_core.analytics.nightly import STEPS, Night, StepReport
from crm_core.analytics.prediction import refresh as predictions
from crm_core.analytics.prediction.fitted import answers_of, fit_naive
from crm_core.analytics.prediction.snapshots import Snapshots, with_more
from crm_core.analytics.recommendations import bundles
from crm_core.analytics.recommendations import refresh as recommended
from crm_core.analytics.results import Replacing
from crm_core.analytics.value import scores as value_scores
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.backup import backup
from crm_core.bulk import insert_rows
from crm_core.database import Store, open_store
from crm_core.errors import CrmError
from crm_core.ids import new_id
from crm_core.models import (
    AuditEntry,
    Base,
    Bundle,
    Consent,
    Customer,
    CustomerFeatures,
    FeatureRun,
    Need,
    Order,
    OrderLine,
    RecommendedProducts,
    Score,
    Segment,
    SegmentMember,
)
from crm_core.restoring import restore
from crm_core.sample.business import load_sample
from tests.conftest import NOW

AS_OF = (NOW - timedelta(days=1)).date()
QUICK = tuple(step for step in STEPS if step not in ("forecasts", "predictions"))
"""Learning takes half a minute and more of processor time, and has tests of its own."""
WRITTEN = (CustomerFeatures, Score, RecommendedProducts, Bundle, SegmentMember)


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small business in it, to be copied."""
    folder = tmp_path_factory.mktemp("business")
    store = open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)
    load_sample(store, today=NOW.date(), customers=100, until=NOW)
    store.close()
    return folder


@pytest.fixture
def small(business: Path, tmp_path: Path) -> Iterator[tuple[Store, Night]]:
    """That business, and the night to come."""
    folder = Path(shutil.copytree(business, tmp_path / "data"))
    url = f"sqlite:///{folder / 'rapport.sqlite'}"
    store = open_store(url, folder, None)
    yield store, Night(url, "", str(folder), None, AS_OF, NOW, "CNY", "Asia/Shanghai", QUICK)
    store.close()


def here(store: Store, night: Night) -> dict[str, Any]:
    """The steps in this process; the child is a test of its own."""
    with nightly_steps.steps(night, lambda step, done, total: None) as work:
        return {name: step() for name, step in work.items()}


def content(store: Store, *models: type[Base]) -> dict[str, list[Any]]:
    """What is stored, without ids."""
    found = {}
    with store.read() as session:
        for model in models or WRITTEN:
            columns = [column for column in model.__table__.columns if column.name != "id"]
            found[model.__tablename__] = sorted(map(repr, session.execute(select(*columns)).all()))
    return found


def test_a_child_does_the_steps_and_says_what_each_took(small: tuple[Store, Night]) -> None:
    store, night = small
    heard: list[tuple[str, int, int]] = []
    reports = nightly.know_customers(night, lambda *said: heard.append(said))
    assert list(reports) == list(QUICK)
    assert [report.error for report in reports.values()] == [""] * len(QUICK)
    assert all(report.cpu_s >= 0 and report.peak_mb > 30 for report in reports.values())
    assert list(dict.fromkeys(step for step, _, _ in heard)) == list(QUICK)
    assert any(step == "value" and done == total > 0 for step, done, total in heard)
    with store.read() as session:
        customers = set(session.scalars(select(Customer.id)))
        buyers = set(session.scalars(select(Order.customer_id).where(Order.status.not_in(("draft", "cancelled")))))
        values = session.scalars(select(Score).where(Score.kind == "value")).all()
        lists = session.scalars(select(RecommendedProducts)).all()
    assert {score.customer_id for score in values} <= buyers
    assert len(values) > 0.9 * len(buyers)
    assert {each.customer_id for each in lists} == customers
    for score in values:
        assert score.computed_at == NOW
        assert score.data_until.date() == AS_OF
        assert score.low_milli <= score.high_milli
        assert [reason["fact"] for reason in score.reasons] == ["orders", "recency_days", "mean_order_minor"]
    for each in lists:
        assert 1 <= len(each.items) <= 10
        chances = [item["chance_milli"] for item in each.items]
        assert chances == sorted(chances, reverse=True)


def test_twice_is_once(small: tuple[Store, Night]) -> None:
    store, night = small
    here(store, night)
    first = content(store)
    assert all(first.values())
    again = here(store, night)
    assert content(store) == first
    assert again["features"]["computed"] == 0
    assert again["bundles"] == {"skipped": "found within the last week"}


def test_a_step_that_fails_or_kills_its_process_does_not_stop_the_others(small: tuple[Store, Night]) -> None:
    _, night = small
    reports = nightly.know_customers(replace(night, steps=("nothing of the kind", "bundles")))
    assert reports["nothing of the kind"].error.startswith("its process ended with 1")
    assert list(reports) == ["nothing of the kind", "bundles"]
    assert reports["bundles"].error == ""


def test_a_process_that_ends_takes_the_child_with_it(small: tuple[Store, Night]) -> None:
    store, night = small
    heard: list[str] = []

    def stops(step: str, done: int, total: int) -> None:
        heard.append(step)
        nightly.stop()

    try:
        with pytest.raises(nightly.Stopped):
            nightly.know_customers(night, stops)
    finally:
        nightly._stopping.clear()
    assert "bundles" not in heard
    assert nightly._children == []
    assert not content(store, Bundle)["bundles"]


def test_an_exception_of_a_step_is_told(small: tuple[Store, Night]) -> None:
    def fails() -> dict[str, Any]:
        raise ValueError("no luck")

    assert nightly._timed(fails).as_dict()["error"] == "ValueError: no luck"
    assert StepReport({"scores": 3}, wall_s=1.5).as_dict() == {"wall_s": 1.5, "cpu_s": 0.0, "peak_mb": 0, "scores": 3}


def test_reasons_of_a_value_sum_up_to_its_distance_from_the_usual_one(small: tuple[Store, Night]) -> None:
    store, night = small
    here(store, replace(night, steps=("features", "value")))
    with store.read() as session:
        values = session.scalars(select(Score).where(Score.kind == "value")).all()
    bases = [score.value_milli - sum(reason["effect_milli"] for reason in score.reasons) for score in values]
    assert max(bases) - min(bases) <= 4  # rounding of three parts and of the whole
    assert len({score.value_milli for score in values}) > 50


def test_parts_of_a_product_by_hand() -> None:
    """2 × 3 against 1 × 1: 5 more, of which ln 2 / ln 6 falls to the first."""
    parts = value_scores.shared_out(np.array([[2.0, 1.0], [3.0, 1.0]]), np.array([1.0, 1.0]))
    assert parts[:, 0] == pytest.approx([5 * np.log(2) / np.log(6), 5 * np.log(3) / np.log(6)])
    assert parts[:, 1].tolist() == [0, 0]


def test_who_is_gone_keeps_nothing_and_a_broken_run_leaves_the_rest(small: tuple[Store, Night]) -> None:
    store, night = small
    here(store, night)
    with store.read() as session:
        gone, merged, into = session.scalars(select(Score.customer_id).order_by(Score.customer_id.desc()).limit(3))
    privacy.erase_customer(store, gone, actor="test", now=NOW, files=Path(night.data_dir) / "files")
    with store.write() as session:
        session.execute(update(Customer).where(Customer.id == merged).values(merged_into_id=into))
        session.execute(update(Order).where(Order.customer_id == merged).values(customer_id=into))
    before = content(store, Score)
    broken = Replacing(store, Score, Score.kind == "value")
    broken.write(1000, [])
    assert content(store, Score) == before
    here(store, night)
    with store.read() as session:
        for model in (Score, RecommendedProducts, CustomerFeatures):
            assert not set(session.scalars(select(model.customer_id))) & {gone, merged}  # type: ignore[attr-defined]
            assert into in set(session.scalars(select(model.customer_id)))  # type: ignore[attr-defined]


def test_bundles_are_found_anew_after_a_week(small: tuple[Store, Night]) -> None:
    store, _ = small
    assert bundles.refresh(store, NOW) > 0
    with store.read() as session:
        rules = session.scalars(select(Bundle)).all()
    assert all(rule.lift_milli >= 1200 and rule.baskets >= 5 and rule.with_sku not in rule.skus for rule in rules)
    assert not bundles.stale(store, NOW + timedelta(days=6))
    assert bundles.stale(store, NOW + timedelta(days=7))


def learnt(store: Store, target: str, followed: Any) -> Any:
    """A model as the night learns it, but a quick one: how often what followed came, by orders."""
    known = feature_store.stored(store)
    known = with_more(known[known["orders"] > 0], None, AS_OF, ())
    words = followed(known)
    kind: Any = "choice" if words.dtype.kind in "OU" else "chance"
    examples = Snapshots(known, known["customer_id"].to_numpy(), words)
    fitted = fit_naive(answers_of(kind, words), examples, "orders")
    return SimpleNamespace(
        target=target, fitted=fitted, days=SimpleNamespace(horizon=30), categories=(), chosen="naive", cpu_s=0.1
    )


def test_what_is_foretold_takes_the_place_of_what_was(
    small: tuple[Store, Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, night = small
    here(store, replace(night, steps=("features",)))

    def writes(known: Any) -> Any:
        return np.where(known["messages"] > 2, "delivery", "none")

    models = {
        "churn": learnt(store, "churn", lambda known: (known["recency_days"] > 60).to_numpy(np.int64)),
        "next_contact": learnt(
            store, "next_contact", lambda known: np.where(known["messages"] > 2, "delivery", "none")
        ),
    }
    monkeypatch.setattr(predictions, "learn", lambda past, progress, seed: (models, ["next_category: too few"]))
    done = here(store, replace(night, steps=("predictions",)))["predictions"]
    with store.read() as session:
        churn = session.scalars(select(Score).where(Score.kind == "churn")).all()
        needs = session.scalars(select(Need)).all()
    assert len(churn) == done["scores"] > 80
    assert len(needs) == done["needs"] > 10
    assert {score.data_until.date() for score in churn} == {AS_OF}
    assert all(0 <= score.value_milli <= 1000 for score in churn)
    assert {(need.kind, need.what, need.rank) for need in needs} == {("contact", "delivery", 1)}
    assert done["not_learnt"] == ["next_category: too few"]
    first = content(store, Score, Need)
    here(store, replace(night, steps=("predictions",)))
    assert content(store, Score, Need) == first


def test_what_cannot_be_learnt_is_told_and_the_rest_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def learn_all(past: Any, **how: Any) -> list[Any]:
        asked.update(how)
        return [SimpleNamespace(target="churn"), TooFewPurchases("too few")]

    monkeypatch.setattr(predictions, "learn_all", learn_all)
    told: list[tuple[int, int]] = []
    models, problems = predictions.learn(cast(Any, None), lambda done, total: told.append((done, total)), 3)
    assert (list(models), problems) == (["churn"], ["too few"])
    assert asked == {"targets": predictions.TARGETS, "trials": predictions.TRIALS, "seed": 3}
    assert told == [(1, 3), (2, 3)]


def test_too_little_to_learn_from_is_no_failure(small: tuple[Store, Night]) -> None:
    store, night = small
    with store.write() as session:
        session.execute(delete(Order))
    done = here(store, replace(night, steps=(*QUICK, "predictions")))
    assert done["predictions"] == {"skipped": "Nobody has ordered anything yet."}
    assert "came back" in done["value"]["skipped"]
    assert "no purchase" in done["recommendations"]["skipped"]
    assert done["bundles"] == {"bundles": 0}


def test_what_goes_over_the_line_comes_back(small: tuple[Store, Night]) -> None:
    _, night = small
    line = replace(night, master_key="secret").dump()
    assert "\n" not in line
    assert Night.load(line) == replace(night, master_key="secret")
    assert (night.as_of, night.now) == (date(2026, 11, 22), datetime.fromisoformat("2026-11-23T04:00:00+00:00"))


def test_who_refuses_profiling_has_nothing_computed(small: tuple[Store, Night]) -> None:
    store, night = small
    with store.write() as session:
        refusing, anew = session.scalars(select(Order.customer_id).distinct().limit(2))
        for customer, granted, at in ((refusing, False, 0), (anew, False, 0), (anew, True, 1)):
            session.add(Consent(
                customer_id=customer, kind="profiling", granted=granted, how="chat", occurred_at=NOW + timedelta(at),
            ))  # fmt: skip
    here(store, night)
    with store.read() as session:
        for model in (Score, RecommendedProducts):
            known = set(session.scalars(select(model.customer_id)))  # type: ignore[attr-defined]
            assert refusing not in known
            assert anew in known
    assert export_features(store, Path(night.data_dir) / "f.csv", actor="test", now=NOW) == 99


def test_an_export_has_everybody_once_and_is_audited(small: tuple[Store, Night], tmp_path: Path) -> None:
    store, night = small
    here(store, night)
    assert export_features(store, tmp_path / "f.csv", actor="test", now=NOW) == 100
    assert export_features(store, tmp_path / "f.parquet", actor="test", now=NOW) == 100
    with (tmp_path / "f.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "f.parquet").to_pylist()
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in table] == lines
    with store.read() as session:
        stored = {
            row.customer_id: row.value_milli for row in session.scalars(select(Score).where(Score.kind == "value"))
        }
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.position.desc()).limit(2)).all()
    assert {row["customer_id"]: row["value_milli"] for row in table if row["value_milli"] is not None} == stored
    assert {row["rfm_segment"] for row in table} > {"Champions"}
    assert actions == ["features.export", "features.export"]
    with pytest.raises(CrmError, match=r"csv or in \.parquet"):
        export_features(store, tmp_path / "f.xlsx", actor="test", now=NOW)


def test_lists_are_read_line_by_line_through_the_views(store: Store) -> None:
    load_sample(store, today=NOW.date(), customers=60, until=NOW)
    with engine.reading(store) as connection:
        offer = recommended.learn(connection, recommended.read_purchases(connection, AS_OF), AS_OF)
    written = recommended.recommend(store, offer, {"computed_at": NOW, "data_until": NOW}, lambda done, total: None)
    found = bundles.refresh(store, NOW)
    view = Dialect(store.engine.dialect.name).view
    with engine.reading(store) as connection:
        lines = connection.exec_driver_sql(f"SELECT * FROM {view('recommended_products')}").mappings().all()
        rules = connection.exec_driver_sql(f"SELECT * FROM {view('bundles')}").mappings().all()
    with store.read() as session:
        lists = session.scalars(select(RecommendedProducts)).all()
        stored = session.scalars(select(Bundle)).all()
    assert len(lists) == written > 60
    assert {(row["customer_id"], row["list_name"], row["rank"], row["sku"], row["chance_milli"]) for row in lines} == {
        (each.customer_id, each.list_name, rank, item["sku"], item["chance_milli"])
        for each in lists
        for rank, item in enumerate(each.items, start=1)
    }
    assert {row["reason"] for row in lines} <= {"bought_with", "alike", "rhythm", "popular", "new"}
    assert len({row["bundle_id"] for row in rules}) == found > 0
    assert {(row["bundle_id"], row["sku"]) for row in rules} == {(each.id, sku) for each in stored for sku in each.skus}


def test_scores_are_equal_after_a_backup_is_restored_into_the_other_database(
    small: tuple[Store, Night], empty_postgres_url: str, tmp_path: Path
) -> None:
    """What was stored comes along; computed from nothing out of the restored facts, it is the same again."""
    store, night = small
    here(store, night)
    stored, data_dir = content(store), Path(night.data_dir)
    made = backup(store, tmp_path / "backups", data_dir, now=NOW)
    target = tmp_path / "restored"
    target.mkdir()
    shutil.copy2(data_dir / "master.key", target / "master.key")
    restore(made.archive, made.keys, url=empty_postgres_url, data_dir=target, master_key=None, now=NOW)
    other = open_store(empty_postgres_url, target, None)
    try:
        assert content(other) == stored
        with other.write() as session:
            session.execute(delete(Score).where(Score.kind == "value"))  # the sample brings others with it
            for model in (CustomerFeatures, RecommendedProducts, Bundle, SegmentMember, FeatureRun, Segment):
                session.execute(delete(model))
        here(other, replace(night, database_url=empty_postgres_url, data_dir=str(target)))
        assert content(other, *WRITTEN[:4]) == content(store, *WRITTEN[:4])
    finally:
        other.close()


def test_the_order_in_which_facts_were_stored_changes_nothing(small: tuple[Store, Night]) -> None:
    store, night = small
    with store.write() as session:
        names = [column.name for column in OrderLine.__table__.columns]
        rows = [{name: getattr(line, name) for name in names} for line in session.scalars(select(OrderLine))]
    here(store, night)
    first = content(store, Score, RecommendedProducts, Bundle)
    with store.write() as session:
        session.execute(delete(OrderLine))
        insert_rows(session, OrderLine.__table__, [{**row, "id": new_id()} for row in reversed(rows)])  # type: ignore[arg-type]
        session.execute(delete(Score).where(Score.kind == "value"))  # the sample brings others with it
        for model in (RecommendedProducts, Bundle):
            session.execute(delete(model))
    here(store, night)
    assert content(store, Score, RecommendedProducts, Bundle) == first
