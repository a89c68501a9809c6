"""What is known about customers as one file, a row each, for other tools: CSV or Parquet, without personal texts.

Who refuses profiling is left out. Features are empty where none were computed yet.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_core.analytics.facts import engine
from crm_core.analytics.facts.views import Dialect
from crm_core.analytics.features.definition import COLUMNS
from crm_core.audit import record
from crm_core.database import Store
from crm_core.errors import CrmError
from crm_core.scores import PROFILING

WHO = ("customer_id", "number", "kind", "country", "language", "tier")
FOUND = ("value_milli", "value_low_milli", "value_high_milli", "churn_milli", "rfm_segment", "cluster", "next_category")
WORDS = frozenset((*WHO[2:], "top_category", "rfm_segment", "cluster", "next_category"))
Rows = Sequence[Sequence[Any]]


def export_features(
    store: Store, target: Path, *, actor: str, now: datetime, progress: Callable[[int], None] = lambda rows: None
) -> int:
    """Write the file, noted in the audit log before the first row is read; returns how many customers are in it.

    Raises:
        CrmError: the name ends neither in .csv nor in .parquet.
    """
    forms = {".csv": _csv, ".parquet": _parquet}
    if target.suffix.lower() not in forms:
        raise CrmError(f"{target.name}: give the file a name that ends in .csv or in .parquet.")
    names = (*WHO, *COLUMNS[1:], *FOUND)
    with store.write() as session:
        record(session, store.vault, actor=actor, action="features.export", subject="customers", fields=names, now=now)
    written = 0
    with engine.reading(store) as connection, forms[target.suffix.lower()](target, names) as write:
        found = connection.exec_driver_sql(
            _query(store.engine.dialect.name), execution_options={"stream_results": True}
        )
        for rows in found.partitions(engine.BATCH):
            write(rows)
            written += len(rows)
            progress(len(rows))
    return written


def _query(dialect: str) -> str:
    view = Dialect(dialect).view
    features = ", ".join(f"f.{name}" for name in COLUMNS[1:])
    newest = (
        f"SELECT 1 FROM consents AS a WHERE a.customer_id = c.customer_id AND a.kind = '{PROFILING}' AND NOT a.granted "
        "AND NOT EXISTS (SELECT 1 FROM consents AS b WHERE b.customer_id = a.customer_id AND b.kind = a.kind "
        "AND (b.occurred_at > a.occurred_at OR (b.occurred_at = a.occurred_at AND b.id > a.id)))"
    )
    return f"""
        SELECT c.customer_id, c.number, c.kind, c.country, c.language, c.tier, {features}, v.value_milli, v.low_milli,
               v.high_milli, h.value_milli, r.segment, k.segment, n.what
        FROM {view("customers")} AS c
        LEFT JOIN {view("customer_features")} AS f ON f.customer_id = c.customer_id
        LEFT JOIN {view("scores")} AS v ON v.customer_id = c.customer_id AND v.kind = 'value'
        LEFT JOIN {view("scores")} AS h ON h.customer_id = c.customer_id AND h.kind = 'churn'
        LEFT JOIN {view("segment_members")} AS r
            ON r.customer_id = c.customer_id AND r.kind = 'rfm' AND r.until_day IS NULL
        LEFT JOIN {view("segment_members")} AS k
            ON k.customer_id = c.customer_id AND k.kind = 'cluster' AND k.until_day IS NULL
        LEFT JOIN {view("needs")} AS n ON n.customer_id = c.customer_id AND n.kind = 'category' AND n.rank = 1
        WHERE NOT EXISTS ({newest})
        ORDER BY c.customer_id"""


@contextmanager
def _csv(target: Path, names: Sequence[str]) -> Iterator[Callable[[Rows], None]]:
    with target.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(names)
        yield lines.writerows


@contextmanager
def _parquet(target: Path, names: Sequence[str]) -> Iterator[Callable[[Rows], None]]:
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, pa.string() if name in WORDS else pa.int64()) for name in names])

    def table(rows: Rows) -> Any:
        columns = zip(zip(*rows, strict=True), schema, strict=True)
        return pa.table([pa.array(cells, field.type) for cells, field in columns], schema=schema)

    with parquet.ParquetWriter(target, schema) as file:
        yield lambda rows: file.write_table(table(rows))
