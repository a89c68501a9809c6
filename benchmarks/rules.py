"""How many rules are in a file of baskets, and what finding them costs.

A basket a line, its items separated by commas, such as groceries.csv of arules.
"""

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from crm_core.analytics.recommendations.rules import find_rules
from crm_core.errors import CrmError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--baskets", type=Path, required=True, help="file with a basket a line")
    parser.add_argument("--support", type=float, default=0.006)
    parser.add_argument("--confidence", type=float, default=0.25)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    begin = time.process_time()
    try:
        baskets = read(options.baskets)
        rules = find_rules(baskets, support=options.support, confidence=options.confidence)
    except (CrmError, OSError) as problem:
        sys.exit(str(problem))
    cpu = round(time.process_time() - begin, 2)
    figures = {"baskets": len(baskets), "rules_single_consequent": len(rules), "cpu_s": cpu}
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>24}  {value}")
    for rule in rules[:5]:
        print(f"{rule.lift:>24.2f}  {', '.join(rule.items)} → {rule.also}")


def read(path: Path) -> list[list[str]]:
    """Return the baskets of a file; blank lines are skipped."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = ([item.strip() for item in row if item.strip()] for row in csv.reader(file))
        return [row for row in rows if row]


if __name__ == "__main__":
    main()
