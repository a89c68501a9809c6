"""Tables out of the files businesses have: CSV, TSV and XLSX; encoding, delimiter and header row are found here.

Rows are streamed and can be read again from the start; nothing here knows what a column means.
"""

import codecs
import csv
import re
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from crm_core.errors import CrmError
from crm_core.importing.values import Cell, text_of

DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 20
LONGEST_RECORD = 200
"""Lines one record may span: a quote that is never closed must not swallow the file."""
MOST_COLUMNS = 300
SAMPLE_BYTES = 256 * 1024
UNPACKED_LIMIT = 2 * 1024**3
OTHER_ENCODINGS = ["cp1252", "latin_1", "cp1250", "cp1251", "big5", "shift_jis", "euc_kr", "gb18030"]
BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

CONTROLS = bytes([*range(9), *range(14, 32)])

HeaderScore = Callable[[list[str]], int]
"""How many cells of a row are names of columns that we know."""


class FileUnreadable(CrmError):
    """The file cannot be read at all; the text names the place and the fix."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `line` is where it starts, counted from 1; `problem` says why its cells cannot be used."""

    line: int
    cells: list[Cell]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose columns are known by name. `rows()` starts anew each time."""

    path: Path
    format: str
    """How it was read, for the preview: "CSV, gb18030, delimiter ;"."""
    columns: list[str]
    header_line: int
    records: Callable[[], Iterator[Row]]

    def rows(self) -> Iterator[Row]:
        """The rows below the header, empty ones left out."""
        for row in self.records():
            if row.line <= self.header_line:
                continue
            if row.problem is None:
                if not any(text_of(cell) for cell in row.cells):
                    continue
                if len(row.cells) > len(self.columns):
                    yield self._without_surplus(row)
                    continue
            yield row

    def _without_surplus(self, row: Row) -> Row:
        surplus = row.cells[len(self.columns) :]
        if not any(text_of(cell) for cell in surplus):
            return Row(row.line, row.cells[: len(self.columns)])
        problem = f"{len(row.cells)} cells instead of {len(self.columns)}: a value with a delimiter needs quotes"
        return Row(row.line, row.cells, problem)


def open_table(path: Path, score: HeaderScore, encoding: str = "") -> Table:
    """Find out how a file is written and where its header is.

    Raises:
        FileUnreadable: missing, empty, not a table, in no known encoding, or without a header that `score` knows.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be opened: {error.strerror}. Check the path and its rights.") from error
    if not start.strip():
        raise FileUnreadable(f"{path} is empty.")
    if start.startswith(b"PK\x03\x04"):
        return _workbook(path, score)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileUnreadable(f"{path} is an old or password-protected Excel file. Save it as .xlsx or CSV without one.")
    used = encoding or guess_encoding(path)
    delimiter = _guess_delimiter(path, used)
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    return _with_header(path, f"CSV, {used}, delimiter {shown}", lambda: _csv_records(path, used, delimiter), score)


def guess_encoding(path: Path) -> str:
    """The encoding of a text file: by its mark, by trying UTF-8 on all of it, then by what its bytes look like."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    candidates = [name for mark, name in BOMS.items() if sample.startswith(mark)][:1] or _wide(path, sample)
    if not candidates:
        candidates = ["utf-8", "gb18030"] if _looks_chinese(sample) else ["utf-8"]
        if not _decodes(path, "utf-8"):
            candidates += _likely(sample)
    return next((name for name in (*candidates, "cp1252") if _decodes(path, name)), "latin_1")


def _likely(sample: bytes) -> list[str]:
    """What charset-normalizer finds; of equally good ones the more common."""
    found = from_bytes(sample, cp_isolation=OTHER_ENCODINGS)
    return [
        each.encoding for each in sorted(found, key=lambda each: (each.chaos, -each.coherence, _rank(each.encoding)))
    ]


def _rank(encoding: str) -> int:
    return OTHER_ENCODINGS.index(encoding) if encoding in OTHER_ENCODINGS else len(OTHER_ENCODINGS)


def _wide(path: Path, sample: bytes) -> list[str]:
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if zeros.count(0) > len(sample) // 5:
            return [name]
    if len(sample.translate(None, CONTROLS)) < 0.95 * len(sample):
        raise FileUnreadable(f"{path} is not a text file. Export it as CSV or XLSX.")
    return []


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(sample: bytes) -> bool:
    """GB text is runs of two high bytes; in Western text a high byte mostly stands alone between letters."""
    runs = re.findall(rb"[\x81-\xfe]+", sample)
    pairs = sum(len(run) // 2 for run in runs if len(run) % 2 == 0)
    return pairs * 2 >= 0.8 * sum(len(run) for run in runs) > 0


def _lines(path: Path, encoding: str) -> Iterator[str]:
    number = 0
    try:
        with path.open("r", encoding=encoding, newline="") as file:
            for number, line in enumerate(file, start=1):  # noqa: B007 - read below, when decoding fails
                yield line
    except UnicodeError as error:
        raise FileUnreadable(
            f"{path}, after line {number}: the bytes are not {encoding} ({error.__class__.__name__}). "
            "Name the right encoding with --encoding, or save the file as UTF-8."
        ) from error
    except LookupError as error:
        raise FileUnreadable(
            f"There is no encoding called {encoding}. Try utf-8, gb18030, utf-16 or cp1252."
        ) from error


def _guess_delimiter(path: Path, encoding: str) -> str:
    lines = [line for line in islice(_lines(path, encoding), 100) if line.strip()]

    def evenness(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if cells)
        width, rows = max(widths.items(), key=lambda item: (item[0] > 1, item[1] * item[0] ** 0.5))
        return (rows / sum(widths.values()) if width > 1 else 0.0), width

    return max(DELIMITERS, key=evenness)


def _csv_records(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    """Records of a CSV file; one whose quote is never closed is reported, and reading goes on with the next line."""
    csv.field_size_limit(1 << 24)
    source = enumerate(_lines(path, encoding), start=1)
    again: deque[tuple[int, str]] = deque()
    width = 0
    while True:
        taken: list[tuple[int, str]] = []
        exhausted = False

        def feed(taken: list[tuple[int, str]] = taken) -> Iterator[str]:
            nonlocal exhausted
            while len(taken) < LONGEST_RECORD:
                item = again.popleft() if again else next(source, None)
                if item is None:
                    break
                taken.append(item)
                yield item[1]
            exhausted = True

        cells = _record(feed(), delimiter)
        if not taken:
            return
        if cells is None and len(taken) == 1:
            cells = next(csv.reader([taken[0][1]], delimiter=delimiter), [])  # quotes inside a value, not doubled
            exhausted = bool(width) and len(cells) != width
        if cells is None or exhausted or (len(taken) > 1 and width and len(cells) != width):
            again.extendleft(reversed(taken[1:]))
            yield Row(taken[0][0], [taken[0][1].rstrip("\r\n")], "a quote is opened here and not closed")
        else:
            width = len(cells)
            yield Row(taken[0][0], list(cells))


def _record(lines: Iterator[str], delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _workbook(path: Path, score: HeaderScore) -> Table:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > UNPACKED_LIMIT:
                raise FileUnreadable(f"{path} unpacks to more than 2 GB. Split it, or export it as CSV.")
        names = load_workbook(path, read_only=True, data_only=True).sheetnames
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise FileUnreadable(
            f"{path} is not a workbook that can be read. Open it and save it as .xlsx again."
        ) from error
    problem = FileUnreadable(f"{path} has no sheet.")
    for name in names:
        try:
            return _with_header(path, f"XLSX, sheet {name}", lambda sheet=name: _sheet_records(path, sheet), score)  # type: ignore[misc]
        except FileUnreadable as error:
            problem = error
    raise problem


def _sheet_records(path: Path, name: str) -> Iterator[Row]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[name]
        if hasattr(sheet, "reset_dimensions"):
            sheet.reset_dimensions()
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            values = list(cells[:MOST_COLUMNS])
            while values and values[-1] in (None, ""):
                values.pop()
            if values:
                yield Row(line, values)  # type: ignore[arg-type]
    finally:
        book.close()


def _with_header(path: Path, form: str, records: Callable[[], Iterator[Row]], score: HeaderScore) -> Table:
    first = [row for row in islice(records(), HEADER_WITHIN) if row.problem is None]
    named = [(score([text_of(cell) for cell in row.cells]), -row.line, row) for row in first]
    best = max(named, default=None, key=lambda item: item[:2])
    if best is None or best[0] == 0:
        seen = ", ".join(text_of(cell) for cell in first[0].cells[:12]) if first else "nothing"
        raise FileUnreadable(
            f"{path}: no row within the first {HEADER_WITHIN} names columns that are known (the first row says: "
            f"{seen[:200]}). Add a header row, or name the columns with --mapping 'Column=field'."
        )
    header = best[2]
    columns = [text_of(cell) or f"column {position}" for position, cell in enumerate(header.cells, start=1)]
    return Table(path, form, columns, header.line, records)
