"""How well purchases are foretold: models fitted on the first part of a file of purchases, measured on the rest.

Lines as in CDNOW_sample.txt: number, customer, day (YYYYMMDD), units, value, separated by blanks.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path

from crm_core.analytics.value.holdout import best, bought_between, compare
from crm_core.analytics.value.models import Purchase, fit_purchases, fit_values, summarise
from crm_core.errors import CrmError

COLUMNS = 5


class BadFile(CrmError):
    """A line of the file is not a purchase."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=Path, required=True, help="file with a purchase a line")
    parser.add_argument("--until", type=date.fromisoformat, default=date(1997, 9, 30), help="last day to learn from")
    parser.add_argument("--weeks", type=int, default=39, help="weeks after it to foretell")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        figures = measure(read(options.purchases), options.until, options.weeks)
    except (CrmError, OSError) as problem:
        sys.exit(str(problem))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>40}  {value if isinstance(value, str | None) else format(value, '.3f')}")


def read(path: Path) -> list[Purchase]:
    """Return the purchases of a file; blank lines are skipped."""
    purchases = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            _, customer, day, _, value = words
            purchases.append(Purchase(customer, datetime.strptime(day, "%Y%m%d").date(), float(value)))  # noqa: DTZ007 - a day only
        except ValueError as problem:
            raise BadFile(f"{path}, line {number}: {COLUMNS} columns with a day as YYYYMMDD are needed.") from problem
    return purchases


def measure(purchases: list[Purchase], until: date, weeks: int) -> dict[str, float | str | None]:
    """Parameters of both models, and how near each model came."""
    customers, history = summarise(purchases, until)
    bought = bought_between(purchases, customers, until, until + timedelta(weeks=weeks))
    buying, paying = fit_purchases(history), fit_values(history)
    figures: dict[str, float | str | None] = {
        "customers": len(history),
        "repeat_buyers": paying.customers,
        **{name: getattr(buying, name) for name in ("r", "alpha", "a", "b", "log_likelihood")},
        **{name: getattr(paying, name) for name in ("p", "q", "v")},
    }
    scores = compare(history, bought, weeks)
    figures["best"] = best(scores)
    for model, score in scores.items():
        figures |= {f"holdout.{model}.{name}": value for name, value in asdict(score).items()}
    return figures


if __name__ == "__main__":
    main()
