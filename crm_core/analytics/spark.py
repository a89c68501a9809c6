"""The same definitions on Spark, over facts as Parquet files. Needs the extra `scale` and Java 17."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_core.analytics.engine import COLUMNS, facts_of, sql_of
from crm_core.analytics.fact_views import SCHEMA
from crm_core.analytics.features import features, read_form
from crm_core.errors import CrmError

if TYPE_CHECKING:
    import pyarrow as pa


class SparkMissing(CrmError):
    """The library or Java is not there."""


@contextmanager
def session(folder: Path, master: str = "local[2]") -> Iterator[Any]:
    """A Spark session that knows the facts of a folder.

    Raises:
        SparkMissing: Spark cannot be started here.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkMissing("Spark is not installed: pip install -r requirements/scale.txt, and Java 17.") from error
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.driver.memory": "2g",
    }
    if master.startswith("local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.master(master).appName("rapport")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        for fact in COLUMNS:
            spark.read.parquet(str(folder / f"{fact}.parquet")).createOrReplaceTempView(f"{SCHEMA}_{fact}")
        yield spark
    finally:
        spark.stop()


def compute(spark: Any, as_of: date, *, currency: str) -> "pa.Table":
    """The features as of any day, as `feature_store.compute` gives them, in the order of customers."""
    table = read_form(features(facts_of("pyspark"), as_of, currency=currency), as_of)
    return spark.sql(sql_of(table, "pyspark")).orderBy("customer_id").toArrow()
