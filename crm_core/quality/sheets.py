"""Frames of files and of the database: cells as they stand, and the values that the cells mean, column by column."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from crm_core.importing.columns import Kind
from crm_core.importing.runs import ImportPlan
from crm_core.importing.values import BadCell, Cell, Habits, amount, local_day, minor_units, moment, text_of, whole
from crm_core.importing.values import yes_or_no as yes
from crm_core.importing.words import currency_code, email_address, known_word, language_code, telephone, zone_name

PERSON = {
    "external_id": "id", "email": "email", "phone": "phone", "name": "name", "city": "text", "country": "country",
    "language": "language",
}  # fmt: skip
FIELDS: Mapping[Kind, Mapping[str, str]] = {
    "customers": {
        **PERSON, "first_name": "name", "last_name": "name", "zone": "zone", "tier": "text", "kind": "customer_kind",
        "company": "name", "tags": "text", "first_seen_at": "moment", "marketing": "yes",
    },
    "products": {
        "sku": "text", "name": "text", "name_en": "text", "name_zh": "text", "description": "text",
        "description_en": "text", "description_zh": "text", "category": "text", "price": "money",
        "currency": "currency", "stock": "whole", "consumable": "yes", "active": "yes", "aliases": "text",
        "warranty_months": "whole",
    },
    "orders": {
        "number": "text", "customer": "id", **PERSON, "sku": "text", "quantity": "whole", "unit_price": "money",
        "placed_at": "moment", "status": "order_status", "currency": "currency", "discount": "money",
        "shipping": "money", "total": "money", "address": "address", "cancelled_at": "moment",
    },
    "shipments": {
        "number": "text", "carrier": "text", "tracking_no": "id", "status": "shipment_status", "shipped_at": "moment",
        "expected_on": "day", "delivered_at": "moment", "placed_at": "moment",
    },
}  # fmt: skip
"""For each kind the fields and what they hold; `placed_at` of a shipment is that of its order, where it is known."""

MOMENT = "datetime64[us, UTC]"
DTYPES = {"moment": MOMENT, "day": MOMENT, "whole": "Int64", "money": "Int64", "yes": "boolean"}
WORDS = ("country", "customer_kind", "order_status", "shipment_status")
MOST = 10**12 - 1
"""The largest whole number that is read; what a field may be is a rule."""
Readers = Mapping[str, Callable[[Cell], Any]]


@dataclass(slots=True)
class Sheet:
    """The cells of a file or a table of the database.

    Attributes:
        cells: a column for each field, and "#3" for the third column when nothing is read from it.
        titles: what its columns are called where they come from.
        labels: row → what a person finds the row by: its line in the file, or a number in the database.
        malformed: lines whose cells cannot be told apart → why, and what stands there.
    """

    name: str
    kind: Kind
    cells: pd.DataFrame
    titles: dict[str, str]
    labels: pd.Series
    malformed: dict[int, tuple[str, list[Cell]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that cannot be what its column holds; `rule` says in which way."""

    row: int
    field: str
    rule: str


def type_of(kind: Kind, name: str) -> str:
    """What a field holds; columns of the business's own hold text."""
    return FIELDS[kind].get(name, "text")


def sheet_of(plan: ImportPlan) -> Sheet:
    """The cells of a file."""
    by_position = {position: name for name, position in plan.match.fields.items()}
    names = [by_position.get(position, f"#{position + 1}") for position in range(len(plan.table.columns))]
    lines: list[int] = []
    rows: list[list[Cell]] = []
    malformed: dict[int, tuple[str, list[Cell]]] = {}
    for row in plan.table.rows():
        if row.problem is not None:
            malformed[row.line] = row.problem, row.cells
            continue
        lines.append(row.line)
        said = [cell if text_of(cell) else None for cell in row.cells]
        rows.append([*said, *[None] * (len(names) - len(said))])
    cells = pd.DataFrame(rows, columns=names, index=lines, dtype=object)
    titles = dict(zip(names, plan.table.columns, strict=True))
    return Sheet(
        plan.table.path.name, plan.match.kind, cells, titles, pd.Series(lines, index=lines, dtype=object), malformed
    )


def values_of(sheet: Sheet, habits: Habits) -> tuple[pd.DataFrame, list[Problem]]:
    """What the cells mean, typed; unreadable ones are empty and stand in the list."""
    problems: list[Problem] = []
    columns = {}
    readers = _readers(habits)
    for name in sheet.cells.columns:
        holds = type_of(sheet.kind, name)
        if name.startswith("#") or holds == "money":
            continue
        read = readers.get(holds, text_of)
        columns[name] = _typed(holds, _each(sheet.cells[name], read, name, problems), sheet.cells.index)
    currencies = columns.get("currency")
    for name in [name for name in sheet.cells.columns if type_of(sheet.kind, name) == "money"]:
        columns[name] = _typed("money", _amounts(sheet, name, currencies, habits, problems), sheet.cells.index)
    ordered = [name for name in sheet.cells.columns if name in columns]
    return pd.DataFrame({name: columns[name] for name in ordered}, index=sheet.cells.index), problems


def _readers(habits: Habits) -> Readers:
    words = {what: lambda cell, what=what: known_word(text_of(cell), "", what) for what in WORDS}
    return {
        **words,
        "email": lambda cell: email_address(text_of(cell), ""),
        "phone": lambda cell: telephone(text_of(cell), "", habits.region),
        "language": lambda cell: language_code(text_of(cell), ""),
        "zone": lambda cell: zone_name(text_of(cell), ""),
        "currency": lambda cell: currency_code(text_of(cell), ""),
        "moment": lambda cell: moment(cell, "", habits),
        "day": lambda cell: local_day(cell, "", habits),
        "whole": lambda cell: whole(cell, "", -MOST, MOST),
        "yes": lambda cell: yes(cell, ""),
    }


def _each(cells: pd.Series, read: Callable[[Cell], Any], name: str, problems: list[Problem]) -> Iterator[Any]:
    """Every cell read, equal ones once."""
    known: dict[tuple[type, Cell], tuple[Any, str]] = {}
    for row, cell in cells.items():
        if cell is None:
            yield None
            continue
        key = (type(cell), cell)
        if key not in known:
            known[key] = _read(read, cell)
        value, rule = known[key]
        if rule:
            problems.append(Problem(row, name, rule))
        yield value


def _read(read: Callable[[Cell], Any], cell: Cell) -> tuple[Any, str]:
    try:
        return read(cell), ""
    except BadCell as bad:
        return None, bad.rule


def _amounts(
    sheet: Sheet, name: str, currencies: pd.Series | None, habits: Habits, problems: list[Problem]
) -> Iterator[int | None]:
    """Amounts in minor units of the row's currency, or of the one written beside them."""
    cells = sheet.cells[name]
    beside = pd.Series(None, index=cells.index, dtype=object) if currencies is None else currencies.astype(object)

    def read(pair: Any) -> int:
        cell, given = pair
        value, named = amount(cell, "", habits)
        if named and given and given not in named:
            raise BadCell("another currency than the rest of the row", "currency_differs")
        wanted = given or (habits.currency if not named or habits.currency in named else named[0])
        return minor_units(value, wanted, "")

    pairs = [None if cell is None else (cell, _or_none(code)) for cell, code in zip(cells, beside, strict=True)]
    return _each(pd.Series(pairs, index=cells.index, dtype=object), read, name, problems)


def _or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _typed(holds: str, values: Iterator[Any], index: pd.Index) -> pd.Series:
    dtype = DTYPES.get(holds, "str")
    series = pd.Series(list(values), index=index, dtype=object)
    return pd.to_datetime(series, utc=True).astype(MOMENT) if dtype == MOMENT else series.astype(dtype)
