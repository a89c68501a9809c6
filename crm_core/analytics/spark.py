"""The definitions on Spark, over the facts as Parquet files. Needs the extra `scale` and Java 17.

The same features, pair counts and itemsets come out as on one machine; models are fitted from these here. No Python
runs on the cluster: its workers need Java and the files, and nothing of ours.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ibis.expr import types as ir

from crm_core.analytics.facts import engine
from crm_core.analytics.facts import files as fact_files
from crm_core.analytics.facts.views import SCHEMA
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.definition import features, read_form
from crm_core.analytics.features.store import Progress, Refreshed, Rows
from crm_core.analytics.recommendations import co_purchases
from crm_core.analytics.recommendations.rules import Counts, least_baskets
from crm_core.analytics.spark_master import addresses, silent
from crm_core.database import Store
from crm_core.errors import CrmError

if TYPE_CHECKING:
    import pyarrow as pa

Spark = Any
"""A session of pyspark, which is not installed everywhere."""
PARTITIONS = 8
"""Pieces that data is cut into on its way between threads of this machine."""
DRIVER_MEMORY = "2g"
LOOPBACK = "127.0.0.1"


class SparkMissing(CrmError):
    """The library, Java or the cluster is not there."""


@contextmanager
def session(master: str, **settings: str) -> Iterator[Spark]:
    """A Spark session on a cluster, or on threads of this machine; stopped in the end.

    Args:
        master: as in `settings.analytics.engine`.
        settings: of Spark, with `_` for `.`.

    Raises:
        SparkMissing: Spark cannot be started here.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SparkMissing("Spark is not installed: run `make scale`, and install Java 17.") from error
    servers = addresses(master)
    if servers and silent(master) == servers:
        raise SparkMissing(f"Nothing answers at {master}. Start the cluster, or correct RAPPORT_ANALYTICS__ENGINE.")
    with TemporaryDirectory(prefix="rapport-spark-") as scratch:
        builder = SparkSession.builder.master(master).appName("rapport")
        for name, value in {**_usual(master, scratch), **settings}.items():
            builder = builder.config(name.replace("_", "."), value)
        try:
            spark = builder.getOrCreate()
        except (PySparkException, Py4JError) as error:
            reason = str(error).splitlines()[0]
            raise SparkMissing(
                f"Spark cannot start on {master} ({reason}). `python -m bot doctor` looks why."
            ) from error
        try:
            spark.sparkContext.setLogLevel("ERROR")
            yield spark
        finally:
            spark.stop()


def _usual(master: str, scratch: str) -> dict[str, str]:
    """What holds unless somebody says otherwise; how a cluster is used is for its own `spark-defaults.conf` to say."""
    usual = {
        "spark_ui_enabled": "false",
        "spark_ui_showConsoleProgress": "false",
        "spark_sql_session_timeZone": "UTC",
        "spark_sql_execution_arrow_pyspark_enabled": "true",
        "spark_sql_warehouse_dir": scratch,
        "spark_local_dir": scratch,
    }
    if addresses(master):
        return usual
    here = {"spark_driver_host": LOOPBACK, "spark_driver_bindAddress": LOOPBACK, "spark_driver_memory": DRIVER_MEMORY}
    return {**usual, **here, "spark_sql_shuffle_partitions": str(PARTITIONS)}


def read_facts(spark: Spark, folder: Path) -> None:
    """Let a session know the files as they are now; again after each export."""
    for fact, columns in engine.COLUMNS.items():
        kinds = ", ".join(f"{name} {'STRING' if name in engine.WORDS else 'BIGINT'}" for name in columns.split())
        files = spark.read.schema(kinds).parquet(f"file://{(folder / fact).absolute()}")
        files.createOrReplaceTempView(f"{SCHEMA}_{fact}")


def compute(spark: Spark, as_of: date, *, currency: str) -> "pa.Table":
    """The features as of any day, as `feature_store.compute` gives them, in the order of customers."""
    table = read_form(features(engine.facts_of("pyspark"), as_of, currency=currency), as_of)
    return _sorted(spark, table).toArrow()


def pair_counts(spark: Spark, as_of: date) -> co_purchases.Together:
    """How many customers bought both of two products, for `Ledger.counts`."""
    found = _sorted(spark, co_purchases.together(engine.facts_of("pyspark"), as_of)).toArrow().to_pydict()
    return dict(zip(zip(found["sku"], found["also"], strict=True), found["customers"], strict=True))


def itemsets(spark: Spark, *, support: float, least: int, longest: int, newest: int) -> tuple[Counts, int]:
    """Items that are often in one basket, with the number of such baskets, and the number of all: for `rules_from`.

    Args:
        support, least: share of all baskets, and baskets, that must hold a set.
        longest: items in a set, at most. MLlib cannot leave out longer ones before it has counted them.
        newest: orders that are looked at.
    """
    from pyspark.ml.fpm import FPGrowth
    from pyspark.sql import functions as sql

    table = co_purchases.baskets(engine.facts_of("pyspark"), newest)
    baskets = _sorted(spark, table).groupBy("order_id").agg(sql.collect_set("sku").alias("items")).cache()
    try:
        if not (total := baskets.count()):
            return {}, 0
        wanted = max(least, least_baskets(support, total))
        share = (wanted - 0.5) / total  # MLlib rounds share times baskets up: no float may tip it over
        if share > 1:
            return {}, total
        found = FPGrowth(itemsCol="items", minSupport=share, minConfidence=1.0).fit(baskets).freqItemsets
        rows = found.filter(sql.size("items") <= longest).collect()
    finally:
        baskets.unpersist()
    return {frozenset(row["items"]): row["freq"] for row in rows}, total


def _sorted(spark: Spark, table: ir.Table) -> Any:
    """A definition as a data frame, in the order of its first column."""
    return spark.sql(engine.sql_of(table, "pyspark")).orderBy(table.columns[0])


class Cluster:
    """Spark for what is computed at night: it starts, and the files are written, when something first needs it."""

    def __init__(self, master: str, store: Store, folder: Path, now: datetime) -> None:
        self._master, self._store, self._folder, self._now = master, store, folder, now
        self._open = ExitStack()
        self._spark: Spark | None = None

    def close(self) -> None:
        """Stop Spark, if it was started."""
        self._open.close()

    def facts(self, *, newest: bool = False) -> Spark:
        """The session, which knows the files: as of the first time, or `newest`, as of now."""
        if newest or self._spark is None:
            fact_files.export_facts(self._store, self._folder, now=self._now)
            self._spark = self._spark or self._open.enter_context(session(self._master))
            read_facts(self._spark, self._folder)
        return self._spark

    def refresh_features(
        self, as_of: date, *, currency: str, now: datetime, progress: Progress = lambda step, customers: None
    ) -> Refreshed:
        """As `feature_store.refresh`, with the features of everybody from Spark.

        A day's changes are few customers: they are computed in the database, where an index finds their facts.
        """

        def rows() -> Iterator[Rows]:
            """From files that are newer than the note of whose facts changed, so that no change is lost."""
            table = features(engine.facts_of("pyspark"), as_of, currency=currency)
            found = _sorted(self.facts(newest=True), table).toLocalIterator(prefetchPartitions=True)
            return iter(lambda: list(islice(found, engine.BATCH)), [])

        return feature_store.refresh(
            self._store, as_of, currency=currency, now=now, progress=progress, everybody_from=rows
        )
