"""Which recommender ranks best what customers buy next.

The last fifth of the time is the test; the fifth before it chooses the weights of the mix. `new` counts only what a
customer had not bought before, `repeat` everything; customers and items first seen in the test are left out. Figures
are means over customers of lists of 10.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TypeVar

import numpy as np
import sklearn.feature_extraction.text
import sklearn.preprocessing  # noqa: F401 - both loaded before the clock starts, so that no model pays for it

from crm_core.analytics.facts.purchase_export import export_purchases
from crm_core.analytics.recommendations.mix import (
    Measured,
    Mix,
    bought_after,
    difference,
    learn_weights,
    measure,
)
from crm_core.analytics.recommendations.models import FITS, BadPurchases, Bought, Ledger, Model, gather
from crm_core.database import open_store
from crm_core.errors import CrmError
from crm_core.sample.business import load_sample

COLUMNS = ("customer_id", "item_id", "occurred_at", "quantity", "unit_price")
SHARE = 0.2
"""Of the whole time, for the test and for the validation each."""
KINDS = {"new": True, "repeat": False}
SAMPLE_DAY = date(2026, 6, 1)
"""Up to which the sample business leads; any day, but always the same."""

T = TypeVar("T")


@dataclass(frozen=True)
class File:
    """The purchases of a file and the texts of its items."""

    purchases: tuple[Bought, ...]
    texts: dict[str, str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--purchases", type=Path, help=f"CSV with the columns {', '.join(COLUMNS)}, [description]")
    source.add_argument("--sample", action="store_true", help="the sample business instead of a file")
    parser.add_argument("--customers", type=int, default=500, help="of the sample business")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = options.purchases or export_sample(Path(folder) / "sample.csv", customers=options.customers)
            figures = compare(read(path), options.seed)
    except (CrmError, OSError) as problem:
        sys.exit(str(problem))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>32}  {value if isinstance(value, str | int) else format(value, '.4f')}")


def read(path: Path) -> File:
    """Return the purchases of a CSV file; what was given back (a quantity below 1) is none.

    Raises:
        BadPurchases: a column is missing, or a line is not a purchase; the text names the line.
    """
    purchases: list[Bought] = []
    texts: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            if missing := [name for name in COLUMNS if name not in (lines.fieldnames or ())]:
                raise BadPurchases(f"{path}: the column {missing[0]} is missing; needed are {', '.join(COLUMNS)}.")
            for line in lines:
                bought, quantity = _purchase(line, f"{path}, line {lines.line_num}")
                if quantity > 0:
                    purchases.append(bought)
                    texts.setdefault(bought.item, (line.get("description") or "").strip())
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadPurchases(f"{path} is not a CSV file in UTF-8: {problem}") from problem
    return File(tuple(purchases), texts)


def _purchase(line: dict[str, str | None], place: str) -> tuple[Bought, float]:
    customer, item, day, quantity, price = ((line[name] or "").strip() for name in COLUMNS)
    if not customer or not item:
        raise BadPurchases(f"{place}: customer_id or item_id is empty; take such lines out.")
    try:
        bought = Bought(customer, item, datetime.fromisoformat(day).date())
    except ValueError as problem:
        raise BadPurchases(f"{place}: occurred_at is “{day}”; a day such as 2026-05-31 is needed.") from problem
    try:
        numbers = float(quantity), float(price)
    except ValueError as problem:
        raise BadPurchases(f"{place}: quantity and unit_price must be numbers.") from problem
    if not all(isfinite(each) for each in numbers):
        raise BadPurchases(f"{place}: quantity and unit_price must be numbers.")
    return bought, numbers[0]


def compare(file: File, seed: int = 0) -> dict[str, float | int | str]:
    """Fit every model on the time before the test, and measure it there; the weights come from the time before it.

    Raises:
        BadPurchases: there is too little to learn from or to measure on.
    """
    validation, test = _borders([each.day for each in file.purchases])
    earlier, ledger = _ledger(file, validation), _ledger(file, test)
    later = [each for each in file.purchases if each.day > test]
    between = [each for each in file.purchases if validation < each.day <= test]
    names = [name for name in FITS if name != "content" or any(ledger.texts)]
    random = np.random.default_rng(seed)
    models, cpu = _fitted(ledger, names)
    before, learning = _fitted(earlier, names)
    figures: dict[str, float | int | str] = {
        "customers": len(ledger.customers), "items": len(ledger.items), "purchases": len(ledger.day),
        "validation_from": str(validation + timedelta(1)), "test_from": str(test + timedelta(1)),
    }  # fmt: skip
    cpu["mix"] = sum(cpu.values()) + sum(learning.values())
    for kind, new_only in KINDS.items():
        wanted = bought_after(ledger, later, new_only=new_only)
        if not wanted.nnz:
            raise BadPurchases("No known customer buys a known item in the last fifth of the time: take a longer one.")
        chosen = bought_after(earlier, between, new_only=new_only)
        weights, spent = _timed(lambda: learn_weights(before, earlier, chosen, random, new_only=new_only))  # noqa: B023 - called at once
        cpu["mix"] += spent
        all_models: dict[str, Model] = {**models, "mix": Mix(models, weights)}
        measured = {}
        for name, model in all_models.items():
            measured[name], spent = _timed(lambda: measure(model, ledger, wanted, new_only=new_only))  # noqa: B023 - called at once
            cpu[name] += spent
        figures |= _figures(kind, measured, weights, random)
    return figures | {f"models.{name}.cpu_s": round(seconds, 2) for name, seconds in cpu.items()}


def _figures(
    kind: str, measured: dict[str, Measured], weights: dict[str, float], random: np.random.Generator
) -> dict[str, float | int | str]:
    figures: dict[str, float | int | str] = {f"tested.{kind}": len(measured["mix"].rows)}
    for name, each in measured.items():
        for figure in ("recall", "ndcg", "hit"):
            figures[f"models.{name}.{kind}.{figure}"] = float(getattr(each, figure).mean())
    best = max(weights, key=lambda name: measured[name].ndcg.mean())
    low, high = difference(measured["mix"].ndcg, measured[best].ndcg, random)
    figures |= {f"weights.{kind}.{name}": weight for name, weight in weights.items()}
    return figures | {f"best.{kind}": best, f"mix_minus_best.{kind}.low": low, f"mix_minus_best.{kind}.high": high}


def _borders(days: list[date]) -> tuple[date, date]:
    """The last days of what is learnt from before the weights are chosen, and before the test."""
    if not days or (span := max(days) - min(days)) < timedelta(days=10):
        raise BadPurchases("The purchases must reach over more than 10 days: check the file, or take a longer time.")
    return max(days) - 2 * SHARE * span, max(days) - SHARE * span


def _ledger(file: File, until: date) -> Ledger:
    """What was known on a day; texts only of what was already sold, as the rest may not have been thought of yet."""
    sold = {each.item for each in file.purchases if each.day <= until}
    return gather(file.purchases, until=until, texts={item: file.texts[item] for item in sold if file.texts[item]})


def _fitted(ledger: Ledger, names: list[str]) -> tuple[dict[str, Model], dict[str, float]]:
    """Models by name, and what fitting each cost in CPU seconds."""
    done = {name: _timed(lambda: FITS[name](ledger)) for name in names}  # noqa: B023 - called at once
    return {name: model for name, (model, _) in done.items()}, {name: spent for name, (_, spent) in done.items()}


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.process_time()
    return work(), time.process_time() - begin


def export_sample(path: Path, *, customers: int = 500, seed: int = 7) -> Path:
    """Write what the sample business sold to a CSV file of this benchmark's columns."""
    store = open_store(f"sqlite:///{path.with_suffix('.sqlite')}", path.parent, None)
    try:
        load_sample(store, today=SAMPLE_DAY, seed=seed, customers=customers)
        export_purchases(
            store, path, actor="benchmark", now=datetime(SAMPLE_DAY.year, SAMPLE_DAY.month, SAMPLE_DAY.day, tzinfo=UTC)
        )
    finally:
        store.close()
    return path


if __name__ == "__main__":
    main()
