"""Tables as files: CSV that spreadsheets open with the right characters, XLSX with numbers as numbers."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from crm_core.csv_cells import clean_cell, safe_cell

Cell = str | int | float | None
TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""The formats there are, with their media types."""
WIDEST = 60
LONGEST = 32_000
"""Characters of a cell that Excel takes."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with what was asked for: `about` are lines such as the period and the conditions."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: Sequence[str] = ()


def number(unit: str, value: Fraction | float | None) -> float | int | None:
    """A figure's value to calculate with: whole money, moods from -1 to 1, seconds.

    >>> number("GBP", 129950), number("mood", -250), number("count", 12.0)
    (1299.5, -0.25, 12)
    """
    if value is None:
        return None
    if unit == "count":
        return int(value) if value == int(value) else round(float(value), 2)
    if unit in ("seconds", "rating"):
        return round(float(value), 2)
    return round(float(value) / (1000 if unit == "mood" else 100), 3)


def written(sheet: Sheet, form: str) -> bytes:
    """The file's bytes, in one of the formats of `TYPES`."""
    return _csv(sheet) if form == "csv" else _xlsx(sheet)


def _csv(sheet: Sheet) -> bytes:
    """UTF-8 with a mark in front, without which spreadsheets show Chinese as garbage."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for record in (sheet.columns, *sheet.rows):
        writer.writerow(["" if cell is None else safe_cell(str(cell)) for cell in record])
    return text.getvalue().encode("utf-8-sig")


def _xlsx(sheet: Sheet) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "".join(char for char in sheet.name if char not in "[]:*?/\\")[:31] or "Rapport"
    for record in (sheet.columns, *sheet.rows):
        page.append([_plain(cell) for cell in record])
    for cell in page[1]:
        cell.font = Font(bold=True)
    page.freeze_panes = "A2"
    for position, column in enumerate(zip(sheet.columns, *sheet.rows, strict=True), 1):
        widest = max(len(str(cell or "")) for cell in column)
        page.column_dimensions[get_column_letter(position)].width = min(WIDEST, widest + 3)
    if sheet.about:
        about = book.create_sheet("About")
        for line in sheet.about:
            about.append([_plain(line)])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _plain(cell: Cell) -> Cell:
    """What is no number goes in as text that nothing runs as a formula."""
    return safe_cell(clean_cell(cell)[:LONGEST]) if isinstance(cell, str) else cell
