"""Tables as files: what a spreadsheet opens is what was asked for, and nothing in it runs."""

import io

from openpyxl import load_workbook

from bot.sheets import Sheet, written

SHEET = Sheet(
    "销售/额", ("City", "Revenue"), [("=cmd|' /C calc'!A0", 12.5), ("上海", None), ("a\x07b", 3)], ["Oct 2026"]
)


def test_a_workbook_holds_numbers_as_numbers_and_runs_nothing() -> None:
    book = load_workbook(io.BytesIO(written(SHEET, "xlsx")))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert rows == [["City", "Revenue"], ["'=cmd|' /C calc'!A0", 12.5], ["上海", None], ["ab", 3]]
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)
    assert book.worksheets[0].title == "销售额"
    assert book.worksheets[1]["A1"].value == "Oct 2026"


def test_csv_is_marked_as_utf8_and_runs_nothing() -> None:
    content = written(SHEET, "csv")
    assert content.startswith(b"\xef\xbb\xbf")
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[:3] == ["City,Revenue", "'=cmd|' /C calc'!A0,12.5", "上海,"]
