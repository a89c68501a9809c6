"""Files to be imported: looked at together, so that shipments know when their orders were placed; or cleaned first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from crm_core.importing.files import Row
from crm_core.importing.rejects import RejectedRows
from crm_core.importing.runs import ImportPlan
from crm_core.importing.values import text_of
from crm_core.quality.cleaning import Cleaned, clean
from crm_core.quality.reporting import reason
from crm_core.quality.sheets import sheet_of


def look_at_files(plans: Sequence[ImportPlan]) -> Iterator[tuple[ImportPlan, Cleaned]]:
    """Each file cleaned in memory, orders before shipments; the files stay as they are."""
    orders: list[pd.DataFrame] = []
    for plan in sorted(plans, key=lambda plan: plan.match.kind):
        cleaned = clean(sheet_of(plan), plan.habits, pd.concat(orders) if orders else None)
        if plan.match.kind == "orders":
            orders.append(cleaned.values[["number", "placed_at"]])
        yield plan, cleaned


def cleaned_plan(plan: ImportPlan) -> tuple[ImportPlan, Cleaned]:
    """The plan of importing the file as cleaned: cells repaired, repeated rows left out, what breaks a rule refused."""
    cleaned = clean(sheet_of(plan), plan.habits)
    cells = cleaned.repaired
    numbers = Counter(text_of(cell) for cell in cells["number"]) if plan.match.kind == "orders" else Counter()
    refused = {row: _why(cleaned, row) for row, (_, rule) in cleaned.rejected.items() if rule != "held_back"}
    rows = sorted([*_rows(cells), *_malformed(cleaned)], key=lambda row: row.line)
    table = replace(plan.table, records=lambda: iter(rows))
    return replace(plan, table=table, rows=len(rows), lines_per_order=numbers, refused=refused), cleaned


def keep_rejected(plan: ImportPlan, cleaned: Cleaned, path: Path) -> int:
    """Write the rejected rows with their reasons, in the form in which an import leaves its own; returns how many."""
    rows = {row.line: row for row in [*_rows(cleaned.repaired), *_malformed(cleaned)]}
    with RejectedRows(path, plan.table.columns) as rejects:
        for line in sorted(cleaned.rejected):
            rejects.write(rows[line], _why(cleaned, line))
    return rejects.written


def _rows(cells: pd.DataFrame) -> Iterator[Row]:
    for line, *row in cells.itertuples(name=None):
        yield Row(int(line), list(row))


def _malformed(cleaned: Cleaned) -> Iterator[Row]:
    for line, (problem, cells) in cleaned.sheet.malformed.items():
        yield Row(line, cells, problem)


def _why(cleaned: Cleaned, row: int) -> str:
    name, rule = cleaned.rejected[row]
    return reason(cleaned.sheet.titles.get(name), rule)
