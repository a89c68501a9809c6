"""The cleaning step: cells are repaired where it is certain, exact duplicates dropped, and every rule applied.

Of every row it is known what became of it: rows = kept + rejected + merged. What is only odd is kept and told.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd
import phonenumbers
from pandera.pandas import DataFrameSchema

from crm_core.contact_details import normalised_phone
from crm_core.importing.columns import Kind, plain
from crm_core.importing.values import Habits, text_of
from crm_core.importing.words import meanings
from crm_core.quality.people import Pair, likely_pairs, shared_by_many
from crm_core.quality.rules import failures, must, odd
from crm_core.quality.sheets import MOMENT, Problem, Sheet, values_of
from crm_core.quality.texts import repaired

Outcome = Literal["changed", "merged", "rejected", "flagged"]
EXAMPLES = 3
OF_ORDERS = (
    "customer", "external_id", "email", "phone", "placed_at", "status", "currency", "discount", "shipping", "total",
    "address", "cancelled_at",
)  # fmt: skip
"""What a file may say in the first row of an order only."""


@dataclass(slots=True)
class Finding:
    """One kind of thing found in one column, with a few examples: label of the row, the cell before and after."""

    column: str
    """The field, "#3" for the third column when nothing is read from it, or "" for the whole row."""
    rule: str
    outcome: Outcome
    count: int = 0
    examples: list[tuple[Any, str, str | None]] = field(default_factory=list)

    def add(self, label: Any, before: str, after: str | None = None) -> None:
        """Count one more; the first ones are kept as examples."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((label, before, after))


@dataclass(slots=True)
class Cleaned:
    """A sheet after cleaning.

    Attributes:
        sheet: with the rows that are kept, as repaired.
        repaired: the cells of all rows but the merged ones.
        values: what the cells of kept rows mean.
        rows: how many there were before.
        missing: field → how many cells were empty.
        rejected: row → the field and rule that rejected it first.
        merged: row → the equal row that stays.
    """

    sheet: Sheet
    repaired: pd.DataFrame
    values: pd.DataFrame
    rows: int
    missing: dict[str, int]
    findings: list[Finding]
    rejected: dict[int, tuple[str, str]]
    merged: dict[int, int]
    pairs: list[Pair]

    @property
    def kept(self) -> int:
        """How many rows stay."""
        return len(self.sheet.cells)


class Findings:
    """Gathers what is found, by column, rule and outcome."""

    def __init__(self, sheet: Sheet) -> None:
        self._labels = sheet.labels
        self._cells = sheet.cells
        self._found: dict[tuple[str, str, Outcome], Finding] = {}

    def add(self, row: int, name: str, rule: str, outcome: Outcome, after: str | None = None) -> None:
        """Note one cell."""
        finding = self._found.setdefault((name, rule, outcome), Finding(name, rule, outcome))
        before = self._cells.at[row, name] if name in self._cells and row in self._cells.index else None
        text = before if isinstance(before, str) else text_of(before)
        finding.add(self.label(row), text, after)

    def label(self, row: int) -> Any:
        """What a person finds the row by."""
        return self._labels.get(row, row)

    def all(self) -> list[Finding]:
        """In the order of the columns; the most frequent first."""
        order = {name: position for position, name in enumerate(self._cells.columns)}
        return sorted(self._found.values(), key=lambda each: (order.get(each.column, -1), each.outcome, -each.count))


def clean(sheet: Sheet, habits: Habits, orders: pd.DataFrame | None = None) -> Cleaned:
    """Clean the cells of a file.

    Args:
        orders: values of the orders that shipments belong to, when they are known: columns number and placed_at.
    """
    findings = Findings(sheet)
    missing = count_missing(sheet.cells)
    cells = sheet.cells.copy()
    repair(cells, findings)
    assumed = _add_countries(cells, habits.region, findings)
    merged = _merge(cells, findings)
    cells = cells.drop(index=list(merged))
    values, problems = values_of(replace(sheet, cells=cells), habits)
    values["phone_assumed"] = assumed.loc[values.index]
    said = values.notna()
    values = _completed(sheet.kind, values, orders)
    rejected = _reject(sheet, values, said, problems, habits, findings)
    stays = values.index[~values.index.isin(list(rejected))]
    values = values.loc[stays]
    pairs = tell_odd(sheet.kind, values, findings, said)
    rows = len(sheet.cells) + len(sheet.malformed)
    kept = replace(sheet, cells=cells.loc[stays])
    return Cleaned(kept, cells, values, rows, missing, findings.all(), rejected, merged, pairs)


def count_missing(cells: pd.DataFrame) -> dict[str, int]:
    """Field → how many cells are empty."""
    return {name: int(count) for name, count in cells.isna().sum().items()}


def tell_odd(kind: Kind, values: pd.DataFrame, findings: Findings, said: pd.DataFrame | None = None) -> list[Pair]:
    """Note what is odd in rows that are kept; returns the likely duplicates of people."""
    for row, name, rule in _broken(odd(kind), values, said):
        findings.add(row, name, rule, "flagged")
    if kind != "customers":
        return []
    for name in ("email", "phone"):
        if name in values:
            for row in values.index[shared_by_many(values, name)]:
                findings.add(row, name, "shared", "flagged")
    return likely_pairs(values)


def judge(
    kind: Kind,
    values: pd.DataFrame,
    habits: Habits,
    findings: Findings,
    said: pd.DataFrame | None = None,
    unreadable: Set[tuple[int, str]] = frozenset(),
) -> dict[int, tuple[str, str]]:
    """Note the rows that break a rule; returns for each the field and the rule that come first.

    Args:
        said: which cells say something in their own row, and not in another row of the order.
        unreadable: cells already noted, which are not missing although nothing was read from them.
    """
    rejected: dict[int, tuple[str, str]] = {}
    for row, name, rule in _broken(must(kind, habits.now), values, said):
        if rule != "missing" or (row, name) not in unreadable:
            findings.add(row, name, rule, "rejected")
            rejected.setdefault(row, (name, rule))
    return rejected


def _broken(schema: DataFrameSchema, values: pd.DataFrame, said: pd.DataFrame | None) -> Iterator[tuple[int, str, str]]:
    """Row, field and rule of what is at fault itself, not because another row of its order is."""
    for broken in failures(schema, values).itertuples():
        row, name = broken.row, broken.field
        elsewhere = said is not None and name in said and not said.at[row, name] and pd.notna(values.at[row, name])
        if not elsewhere:
            yield row, name, broken.rule


def repair(cells: pd.DataFrame, findings: Findings) -> None:
    """Repair the texts among the cells, in place."""
    for name in cells.columns:
        column = cells[name]
        better = {cell: repaired(cell) for cell in set(column) if isinstance(cell, str)}
        different = {cell: new or None for cell, (new, _) in better.items() if new != cell}
        if not different:
            continue
        changed = [different.get(cell, cell) if isinstance(cell, str) else cell for cell in column]
        for row, before, after in zip(cells.index, column, changed, strict=True):
            if after is not before and isinstance(before, str):
                findings.add(row, name, _weightiest(better[before][1]), "changed", after)
        cells[name] = pd.Series(changed, index=cells.index, dtype=object)


def _weightiest(done: tuple[str, ...]) -> str:
    return next(what for what in ("encoding", "width", "invisible", "spaces") if what in done)


def _merge(cells: pd.DataFrame, findings: Findings) -> dict[int, int]:
    """Rows that say exactly what an earlier one says → that row."""
    first: dict[tuple[Any, ...], int] = {}
    merged: dict[int, int] = {}
    equal = cells[cells.duplicated(keep=False)]
    for row, *said in equal.itertuples(name=None):
        stays = first.setdefault(tuple(said), row)
        if stays != row:
            merged[row] = stays
            findings.add(row, "", "exact", "merged", str(findings.label(stays)))
    return merged


def _completed(kind: Kind, values: pd.DataFrame, orders: pd.DataFrame | None) -> pd.DataFrame:
    """With what stands in another row of the same order, or in the order of a shipment."""
    if kind == "shipments" and orders is not None:
        placed = orders.drop_duplicates("number").set_index("number")["placed_at"]
        return values.assign(placed_at=values["number"].map(placed).astype(MOMENT))
    if kind == "orders":
        named = [name for name in OF_ORDERS if name in values]
        numbered = values[values["number"].notna()]
        if len(numbered):
            return values.assign(**values[named].fillna(numbered.groupby("number")[named].transform("first")))
    return values


def _reject(
    sheet: Sheet,
    values: pd.DataFrame,
    said: pd.DataFrame,
    problems: list[Problem],
    habits: Habits,
    findings: Findings,
) -> dict[int, tuple[str, str]]:
    rejected: dict[int, tuple[str, str]] = {}
    for row in sheet.malformed:
        findings.add(row, "", "malformed", "rejected")
        rejected[row] = ("", "malformed")
    for problem in problems:
        findings.add(problem.row, problem.field, problem.rule, "rejected")
        rejected.setdefault(problem.row, (problem.field, problem.rule))
    unreadable = _unreadable(sheet.kind, values, problems)
    for row, why in judge(sheet.kind, values, habits, findings, said, unreadable).items():
        rejected.setdefault(row, why)
    if sheet.kind == "orders":
        numbers = values["number"]
        wrong = set(numbers[numbers.index.isin(list(rejected))].dropna())
        for row in numbers.index[numbers.isin(list(wrong))]:
            if row not in rejected:
                findings.add(row, "number", "held_back", "rejected")
                rejected[row] = ("number", "held_back")
    return rejected


def _unreadable(kind: Kind, values: pd.DataFrame, problems: list[Problem]) -> set[tuple[int, str]]:
    """Cells that say something that cannot be read; what is said once for an order is unreadable in all its rows."""
    cells = {(problem.row, problem.field) for problem in problems}
    if kind == "orders":
        rows = values.groupby("number").groups
        for problem in problems:
            if problem.field in OF_ORDERS:
                others = rows.get(values.at[problem.row, "number"], [])
                cells |= {(int(row), problem.field) for row in others}
    return cells


def _add_countries(cells: pd.DataFrame, region: str, findings: Findings) -> pd.Series:
    """Numbers without a prefix get the one of the row's country; returns where neither tells whose numbers they are."""
    if "phone" not in cells:
        return pd.Series(data=False, index=cells.index)
    countries = cells["country"] if "country" in cells else [None] * len(cells)
    phones, assumed = [], []
    for row, written, country in zip(cells.index, cells["phone"], countries, strict=True):
        number, doubtful = _international(text_of(written), text_of(country), region)
        phones.append(number or written)
        assumed.append(doubtful)
        if number:
            findings.add(row, "phone", "country_added", "changed", number)
    cells["phone"] = pd.Series(phones, index=cells.index, dtype=object)
    return pd.Series(assumed, index=cells.index, dtype=bool)


def _international(written: str, country: str, region: str) -> tuple[str | None, bool]:
    """The number with the prefix of a country that is not the business's own, and whether it may be of another."""
    if not written or written.startswith(("+", "00")):
        return None, False
    code = meanings("country").get(plain(country)) if country else None
    number = normalised_phone(written, code or region)
    if number is None:
        return None, False
    in_use = bool(phonenumbers.is_valid_number(phonenumbers.parse(number)))
    return (number, False) if in_use and code not in (None, region) else (None, not in_use)
