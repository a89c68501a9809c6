"""The features on Spark: the same to the cell as on the database, and clear words without it."""

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from crm_core.analytics import engine, feature_store, spark
from crm_core.analytics.features import COLUMNS
from crm_core.database import open_store
from tests.conftest import NOW
from tests.crm_core.random_business import Business

TODAY = NOW.date()


@pytest.mark.spark
@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="the extra `scale` is not installed")
def test_spark_agrees_with_the_database_in_every_cell(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'rapport.sqlite'}", tmp_path, None)
    with store.write() as session:
        Business(11, TODAY).found(session, 30)
    rows = engine.write_parquet(store, tmp_path)
    assert rows["customers"] > 10
    assert rows["orders"] > 10
    with spark.session(tmp_path) as running:
        for as_of in (TODAY, TODAY - timedelta(days=90)):
            table = spark.compute(running, as_of, currency="CNY")
            cells = list(zip(*(table[name].to_pylist() for name in COLUMNS), strict=True))
            assert_frame_equal(feature_store.frame([cells]), feature_store.compute(store, as_of, currency="CNY"))
    store.close()


def test_without_spark_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(spark.SparkMissing, match=r"scale\.txt"), spark.session(tmp_path):
        pass
