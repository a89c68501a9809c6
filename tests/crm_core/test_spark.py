"""Spark with two executors: the same features, pair counts and itemsets as one machine, from the exported files."""

import importlib.util
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from crm_core.analytics import nightly_steps, spark
from crm_core.analytics.facts import engine
from crm_core.analytics.facts.files import export_facts
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.definition import COLUMNS
from crm_core.analytics.nightly import Night
from crm_core.analytics.recommendations import bundles
from crm_core.analytics.recommendations.models import fit_all, gather
from crm_core.analytics.recommendations.refresh import read_purchases
from crm_core.analytics.recommendations.rules import frequent
from crm_core.database import Store, open_store
from crm_core.models import Bundle, RecommendedProducts
from crm_core.sample.business import load_sample
from tests.conftest import NOW
from tests.crm_core.feature_rows import stored
from tests.crm_core.random_business import Business
from tests.crm_core.test_nightly import content

pytestmark = pytest.mark.spark
TODAY = NOW.date()
AS_OF = TODAY - timedelta(days=20)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A session on a master with two workers, each a process of its own."""
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("Spark is not installed (make scale, and apt-get install default-jre-headless)")
    hasty = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # the compilers of Java would cost most of the time
    small = {
        "spark_executor_memory": "512m", "spark_driver_memory": "512m", "spark_sql_shuffle_partitions": "2",
        "spark_driver_extraJavaOptions": hasty, "spark_executor_extraJavaOptions": hasty,
    }  # fmt: skip
    with spark.session("local-cluster[2,1,512]", **small) as session:
        yield session


@pytest.fixture(scope="module")
def business(cluster: Any, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with something of everything, whose files the session knows."""
    folder = tmp_path_factory.mktemp("spark")
    shutil.copy(migrated_sqlite, folder / "rapport.sqlite")
    store = open_store(f"sqlite:///{folder / 'rapport.sqlite'}", folder, None)
    load_sample(store, today=TODAY, customers=150)
    with store.write() as session:
        Business(4, TODAY).found(session, 15)
    export_facts(store, folder / "facts", now=NOW)
    spark.read_facts(cluster, folder / "facts")
    yield store
    store.close()


@pytest.mark.parametrize("back", [0, 90])
def test_features_are_the_same_in_every_cell(cluster: Any, business: Store, back: int):
    as_of = TODAY - timedelta(days=back)
    table = spark.compute(cluster, as_of, currency="CNY")
    cells = list(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True))
    wanted = feature_store.compute(business, as_of, currency="CNY")
    assert_frame_equal(feature_store.frame([cells]), wanted)
    assert (wanted["orders"] > 0).sum() > 20


def test_pair_counts_are_those_of_the_ledger(cluster: Any, business: Store):
    with engine.reading(business) as connection:
        known = gather(read_purchases(connection, AS_OF), until=AS_OF)
    counted = replace(known, counts=spark.pair_counts(cluster, AS_OF))
    assert counted.together is not None
    assert (counted.together.toarray() == (known.bought.T @ known.bought).toarray()).all()
    rows = np.arange(len(known.customers), dtype=np.intp)
    for name, model in fit_all(counted, ("cosine", "ease")).items():
        here = fit_all(known, (name,))[name]
        np.testing.assert_allclose(model.scores(rows), here.scores(rows), atol=1e-9)
        assert here.scores(rows).any()


def test_itemsets_of_the_newest_baskets_are_exactly_the_same(
    cluster: Any, business: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(bundles, "NEWEST", 400)
    sets = [frozenset(basket) for basket in bundles._baskets(business).values()]
    found, total = spark.itemsets(cluster, support=0.001, least=3, longest=3, newest=400)
    assert total == len(sets) > 300
    assert found == frequent(sets, 3, 3)
    assert {len(items) for items in found} == {1, 2, 3}


def test_a_night_on_the_cluster_writes_what_it_writes_here(
    cluster: Any, business: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Features, offers and bundles come from there; what is made of them is the same."""
    monkeypatch.setattr(spark, "session", lambda master: nullcontext(cluster))
    written = []
    for engine_name in ("local", "spark://somewhere:7077"):
        folder = Path(shutil.copytree(Path(str(business.engine.url.database)).parent, tmp_path / engine_name[:5]))
        url = f"sqlite:///{folder / 'rapport.sqlite'}"
        night = Night(
            url, "", str(folder), None, AS_OF, NOW, "CNY", "Asia/Shanghai",
            ("features", "recommendations", "bundles"), engine_name,
        )  # fmt: skip
        store = open_store(url, folder, None)
        with nightly_steps.steps(night, lambda step, done, total: None) as work:
            told = {name: step() for name, step in work.items()}
        assert told["features"]["everybody"]
        written.append([told, {**content(store, RecommendedProducts, Bundle), "features": stored(store)}])
        store.close()
    assert written[0] == written[1]
    assert all(written[0][1].values())


def test_two_executors_worked(cluster: Any):
    assert cluster.sparkContext._jsc.sc().getExecutorMemoryStatus().size() == 3  # the driver is counted, too


def test_without_spark_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(spark.SparkMissing, match="make scale"), spark.session("local[1]"):
        pass


def test_a_cluster_that_does_not_answer_is_not_waited_for(cluster: Any):
    with socket.create_server(("127.0.0.1", 0)) as master:
        url = f"spark://127.0.0.1:{master.getsockname()[1]}"
    with pytest.raises(spark.SparkMissing, match="Nothing answers at"), spark.session(url):
        pass
