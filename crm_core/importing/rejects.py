"""The file of rejected rows: line, reason, and the row as it was, ready to be corrected and imported again."""

import csv
from pathlib import Path
from types import TracebackType
from typing import TextIO

from crm_core.csv_cells import safe_cell
from crm_core.errors import CrmError
from crm_core.importing.files import Row
from crm_core.importing.values import text_of


class RejectedRows:
    """Writes rejected rows to a CSV file; the file is made with the first one. A context manager."""

    def __init__(self, path: Path, columns: list[str]) -> None:
        self._path = path
        self._columns = columns
        self._file: TextIO | None = None
        self.written = 0

    def __enter__(self) -> "RejectedRows":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, row: Row, reason: str) -> None:
        """Append one row.

        Raises:
            CrmError: the file cannot be written.
        """
        cells = [safe_cell(text_of(cell)) for cell in row.cells]
        cells += [""] * (len(self._columns) - len(cells))
        try:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8-sig", newline="")
                csv.writer(self._file).writerow(["line", "reason", *map(safe_cell, self._columns)])
            csv.writer(self._file).writerow([str(row.line), safe_cell(reason), *cells])
        except OSError as error:
            raise CrmError(
                f"{self._path} cannot be written: {error.strerror}. Name another with --rejected."
            ) from error
        self.written += 1
