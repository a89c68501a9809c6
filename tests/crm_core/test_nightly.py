"""The night in a child process: what it writes, that twice is once, and that what fails stops nothing else."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from crm_core import privacy
from crm_core.analytics import bundles, nightly, nightly_steps, value_scores
from crm_core.analytics.nightly import STEPS, Night, StepReport
from crm_core.analytics.results import Replacing
from crm_core.database import Store, open_store
from crm_core.models import (
    Base,
    Bundle,
    Customer,
    CustomerFeatures,
    Order,
    RecommendedProducts,
    Score,
    SegmentMember,
)
from crm_core.sample import load_sample
from tests.conftest import NOW

AS_OF = (NOW - timedelta(days=1)).date()
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
    yield store, Night(url, "", str(folder), None, AS_OF, NOW, "CNY", "Asia/Shanghai")
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


def test_a_child_does_all_steps_and_says_what_each_took(small: tuple[Store, Night]) -> None:
    store, night = small
    heard: list[tuple[str, int, int]] = []
    reports = nightly.know_customers(night, lambda *said: heard.append(said))
    assert list(reports) == list(STEPS)
    assert [report.error for report in reports.values()] == [""] * len(STEPS)
    assert all(report.cpu_s >= 0 and report.peak_mb > 30 for report in reports.values())
    assert list(dict.fromkeys(step for step, _, _ in heard)) == list(STEPS)
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
    reports = nightly.know_customers(replace(night, steps=("nothing of the kind", "features", "bundles")))
    assert reports["nothing of the kind"].error.startswith("its process ended with 1")
    assert reports["features"].result["everybody"]
    assert reports["bundles"].error == ""


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


def test_too_little_to_learn_from_is_no_failure(small: tuple[Store, Night]) -> None:
    store, night = small
    with store.write() as session:
        session.execute(delete(Order))
    done = here(store, night)
    assert "came back" in done["value"]["skipped"]
    assert "no purchase" in done["recommendations"]["skipped"]
    assert done["bundles"] == {"bundles": 0}


def test_what_goes_over_the_line_comes_back(small: tuple[Store, Night]) -> None:
    _, night = small
    line = replace(night, master_key="secret").dump()
    assert "\n" not in line
    assert Night.load(line) == replace(night, master_key="secret")
    assert (night.as_of, night.now) == (date(2026, 11, 22), datetime.fromisoformat("2026-11-23T04:00:00+00:00"))
