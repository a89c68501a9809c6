"""What a cell of a business's own file means: amounts, whole numbers, moments, words for yes and no.

Cells are text, or typed values as a workbook holds them. Every `BadCell` says in English what is wrong with the value.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal, TypeGuard
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from crm_core.csv_cells import clean_cell
from crm_core.facts import Refused

Cell = str | int | float | bool | datetime | date | time | timedelta | None
DayOrder = Literal["dmy", "mdy"]

MOST_DIGITS = 10
EARLIEST_YEAR = 1970
EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a serial has no zone; it gets one below
EXCEL_SERIALS = range(25569, 73051)  # 1970 to 2100
LONGEST_CELL = 60
_MONTH_NAMES = (
    *("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july", "aug august"),
    *("sep sept september", "oct october", "nov november", "dec december"),
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
CODES = {"RMB": "CNY", "CN¥": "CNY", "元": "CNY", "人民币": "CNY", "€": "EUR", "£": "GBP", "US$": "USD", "HK$": "HKD"}
CODES |= {"NT$": "TWD", "A$": "AUD", "C$": "CAD", "₩": "KRW", "₽": "RUB", "₹": "INR", "円": "JPY", "美元": "USD"}
CODES |= {"欧元": "EUR", "英镑": "GBP", "日元": "JPY", "港币": "HKD", "港元": "HKD", "圆": "CNY"}
SHARED_SIGNS = {"¥": ("CNY", "JPY"), "$": ("USD", "CAD", "AUD", "HKD", "SGD", "NZD", "TWD", "MXN")}
YES = {
    "yes",
    "y",
    "true",
    "t",
    "1",
    "on",
    "x",
    "✓",
    "√",
    "是",
    "有",
    "对",
    "真",
    "已订阅",
    "订阅",
    "同意",
    "启用",
    "上架",
}
YES |= {"在售", "active", "subscribed", "opted in", "opt-in"}
NO = {
    "no",
    "n",
    "false",
    "f",
    "0",
    "off",
    "-",
    "否",
    "无",
    "没有",
    "假",
    "未订阅",
    "退订",
    "不同意",
    "停用",
    "下架",
    "停售",
}
NO |= {"inactive", "unsubscribed", "opted out", "opt-out"}

_AMOUNT = re.compile(
    r"(?P<before>[^\d.,()+\-]{0,12})(?P<number>[\d][\d., '’_]{0,40}|[.,]\d{1,12})(?P<after>[^\d()]{0,12})"
)
_CLOCK = (
    r"(?:[T\s]+(?P<half>上午|下午|晚上|中午|早上|凌晨)?\s*(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})?"
    r"(?:[:分](?P<second>\d{1,2})?秒?(?:[.,]\d{1,9})?)?\s*(?P<ampm>[ap]\.?m\.?)?"
    r"\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?" + _CLOCK, re.IGNORECASE
)
_TOGETHER = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})" + _CLOCK, re.IGNORECASE)
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<year>\d{4}|\d{2}),?" + _CLOCK, re.IGNORECASE)
_DAY_MONTH = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s\-]+(?:of\s+)?(?P<name>[a-z]{3,9})\.?,?[\s\-]+(?P<year>\d{4}|\d{2}),?"
    + _CLOCK,
    re.IGNORECASE,
)
_MONTH_DAY = re.compile(
    r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4}),?" + _CLOCK, re.IGNORECASE
)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+|(?:周|星期)[一二三四五六日天]", re.IGNORECASE)


class BadCell(Refused):
    """A cell cannot be what its column says; the text names the value and what is wrong.

    `rule`: which kind of wrong it is (type, unknown, negative, future, early), for reports that show no values.
    """

    def __init__(self, reason: str, rule: str = "type") -> None:
        super().__init__(reason)
        self.rule = rule


@dataclass(frozen=True)
class Habits:
    """How one file writes what can be read in two ways.

    Attributes:
        zone: of times that name none.
        day_order: what 03/04/2026 means; None when rows of the same file contradict each other.
        decimal_comma: what 1.234 and 1,234 mean; None when nothing in the file tells.
    """

    zone: ZoneInfo
    region: str
    currency: str
    now: datetime
    day_order: DayOrder | None = None
    decimal_comma: bool | None = None


def text_of(cell: Cell) -> str:
    """The cell as clean text: 13800138000.0 is "13800138000", a date is ISO."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return clean_cell(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(round(cell, 9))).normalize(), "f")
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


def shown(cell: Cell) -> str:
    """The value for an error message, shortened."""
    text = text_of(cell)
    return f'"{text}"' if len(text) <= LONGEST_CELL else f'"{text[:LONGEST_CELL]}…"'


def amount(cell: Cell, what: str, habits: Habits) -> tuple[Decimal, tuple[str, ...]]:
    """An amount of money, and the currencies it can be in ("€5" → EUR; "5" → none named).

    Raises:
        BadCell: not an amount, negative, ambiguous, or more than ten digits before the decimal point.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        value, currencies = _typed_amount(cell, what)
    else:
        value, currencies = _written_amount(cell, what, habits)
    if value < 0:
        raise BadCell(f"{what} {shown(cell)} is negative", "negative")
    if value >= 10**MOST_DIGITS:
        raise BadCell(f"{what} {shown(cell)} has more than {MOST_DIGITS} digits")
    return value, currencies


def minor_units(value: Decimal, currency: str, what: str) -> int:
    """An amount in the currency's smallest unit.

    Raises:
        BadCell: more decimals than the currency has.
    """
    scaled = value.scaleb(precision_of(currency))
    if scaled != scaled.to_integral_value():
        raise BadCell(f'{what} "{value}" has more decimals than {currency} has')
    return int(scaled)


@lru_cache
def precision_of(currency: str) -> int:
    """Decimals of a currency: 2 for CNY, 0 for JPY."""
    return get_currency_precision(currency)


def whole(cell: Cell, what: str, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number between bounds."""
    text = unicodedata.normalize("NFKC", text_of(cell)).replace(" ", "")
    match = re.fullmatch(
        r"([+-]?\d{1,12}|[+-]?\d{1,3}(?:,\d{3}){1,3})(?:\.0{1,6})?(?:件|个|pcs?|x)?", text, re.IGNORECASE
    )
    if match is None:
        raise BadCell(f"{what} {shown(cell)} is not a whole number")
    value = int(match[1].replace(",", ""))
    if not least <= value <= most:
        raise BadCell(f"{what} {shown(cell)} is not between {least} and {most}")
    return value


def yes_or_no(cell: Cell, what: str) -> bool:
    """A word for yes or no, in English or Chinese."""
    if isinstance(cell, bool):
        return cell
    word = unicodedata.normalize("NFKC", text_of(cell)).casefold()
    if word in YES or word in NO:
        return word in YES
    raise BadCell(f"{what} {shown(cell)} is neither yes nor no")


def moment(cell: Cell, what: str, habits: Habits, future_days: int = 1) -> datetime:
    """A moment in UTC; times without a zone are the business's.

    Raises:
        BadCell: no date, an impossible one, before 1970, or more than `future_days` ahead.
    """
    naive, offset = _read_moment(cell, what, habits)
    if not EARLIEST_YEAR <= naive.year < 2200:
        early = naive.year < EARLIEST_YEAR
        raise BadCell(
            f"{what} {shown(cell)} is before {EARLIEST_YEAR}" if early else _bad(cell, what),
            "early" if early else "type",
        )
    zoned = naive.replace(tzinfo=habits.zone) - timedelta(0) if offset is None else naive.replace(tzinfo=UTC) - offset
    result = zoned.astimezone(UTC)
    if result > habits.now + timedelta(days=future_days):
        raise BadCell(f"{what} {shown(cell)} is in the future", "future")
    return result


def local_day(cell: Cell, what: str, habits: Habits, future_days: int = 730) -> date:
    """A day in the business's zone."""
    return moment(cell, what, habits, future_days).astimezone(habits.zone).date()


def _bad(cell: Cell, what: str) -> str:
    return f"{what} {shown(cell)} is not a date"


def _read_moment(cell: Cell, what: str, habits: Habits) -> tuple[datetime, timedelta | None]:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None), cell.utcoffset()
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day), None  # noqa: DTZ001
    text = unicodedata.normalize("NFKC", text_of(cell))
    if len(text) > LONGEST_CELL:
        raise BadCell(_bad(cell, what))
    counted = _counted(text)
    if counted is not None:
        return counted
    text = _WEEKDAY.sub("", text).strip()
    try:
        return _written_moment(text, cell, what, habits)
    except (ValueError, OverflowError):
        raise BadCell(f"{what} {shown(cell)} is not a date that exists") from None


def _counted(text: str) -> tuple[datetime, timedelta | None] | None:
    """A day of Excel's count, or seconds or milliseconds since 1970."""
    if re.fullmatch(r"\d{5}(\.\d{1,12})?", text) and int(text[:5]) in EXCEL_SERIALS:
        return (EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86400))), None
    if re.fullmatch(r"1\d{9}|1\d{12}", text):
        seconds = int(text) if len(text) == 10 else int(text) // 1000
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None), timedelta(0)
    return None


def _written_moment(text: str, cell: Cell, what: str, habits: Habits) -> tuple[datetime, timedelta | None]:
    for pattern in (_YEAR_FIRST, _TOGETHER):
        if match := pattern.fullmatch(text):
            return _with_clock(match, int(match["year"]), int(match["month"]), int(match["day"]))
    if match := _YEAR_LAST.fullmatch(text):
        day, month = _day_and_month(int(match["a"]), int(match["b"]), cell, what, habits)
        return _with_clock(match, _full_year(match["year"]), month, day)
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        match = pattern.fullmatch(text)
        if match and match["name"].lower() in MONTHS:
            return _with_clock(match, _full_year(match["year"]), MONTHS[match["name"].lower()], int(match["day"]))
    raise BadCell(_bad(cell, what))


def _day_and_month(a: int, b: int, cell: Cell, what: str, habits: Habits) -> tuple[int, int]:
    if a > 12 or b > 12 or a == b:
        return (b, a) if b > 12 else (a, b)
    if habits.day_order is None:
        raise BadCell(f"{what} {shown(cell)} can be two days: this file writes both day/month and month/day")
    return (a, b) if habits.day_order == "dmy" else (b, a)


def _full_year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _with_clock(match: re.Match[str], year: int, month: int, day: int) -> tuple[datetime, timedelta | None]:
    hour = int(match["hour"] or 0)
    late = (match["ampm"] or "").lower().startswith("p") or match["half"] in ("下午", "晚上", "中午")
    early = (match["ampm"] or "").lower().startswith("a") or match["half"] in ("上午", "早上", "凌晨")
    if (late or early) and hour > 12 and early:
        raise ValueError(hour)
    if late and hour < 12 and not (match["half"] == "中午" and hour == 11):
        hour += 12
    elif early and hour == 12:
        hour = 0
    moment_ = datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0))  # noqa: DTZ001
    return moment_, _offset(match["offset"])


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return timedelta(0)
    span = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -span if text[0] == "-" else span


class Signs:
    """Gathers from a file's cells how it writes dates like 03/04/2026 and amounts like 1.234."""

    def __init__(self) -> None:
        self._day_first = self._month_first = False
        self._comma = self._point = self._either = False

    def add_date(self, cell: Cell) -> None:
        """Take in a date; only one that can be read in one way tells something."""
        match = (
            _YEAR_LAST.fullmatch(unicodedata.normalize("NFKC", cell[:LONGEST_CELL]).strip()) if _is_text(cell) else None
        )
        if match:
            self._day_first |= int(match["a"]) > 12 >= int(match["b"])
            self._month_first |= int(match["b"]) > 12 >= int(match["a"])
            self._either |= int(match["a"]) <= 12 >= int(match["b"]) and match["a"] != match["b"]

    def add_amount(self, cell: Cell) -> None:
        """Take in an amount."""
        if _is_text(cell):
            digits = re.sub(r"[^\d.,]", "", unicodedata.normalize("NFKC", cell[:LONGEST_CELL]))
            self._comma |= bool(re.fullmatch(r"\d*,\d{1,2}|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(\.\d{3}){2,}", digits))
            self._point |= bool(re.fullmatch(r"\d*\.\d{1,2}|\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,}", digits))

    @property
    def day_order(self) -> DayOrder | None:
        """Day first unless the file shows otherwise; None when it contradicts itself."""
        if self._day_first and self._month_first:
            return None
        return "mdy" if self._month_first else "dmy"

    @property
    def undecided(self) -> bool:
        """True when day and month can be swapped and no date of the file shows which is which."""
        return self._either and not (self._day_first or self._month_first)

    @property
    def decimal_comma(self) -> bool | None:
        """None when nothing tells or the file does both."""
        return self._comma if self._comma != self._point else None


def _is_text(cell: Cell) -> TypeGuard[str]:
    return isinstance(cell, str)


def _typed_amount(cell: float, what: str) -> tuple[Decimal, tuple[str, ...]]:
    try:
        value = Decimal(repr(round(cell, 6)))
    except (InvalidOperation, OverflowError):
        raise BadCell(f"{what} {shown(cell)} is not an amount") from None
    if not value.is_finite():
        raise BadCell(f"{what} is not a number")
    return value, ()


def _written_amount(cell: Cell, what: str, habits: Habits) -> tuple[Decimal, tuple[str, ...]]:
    text = unicodedata.normalize("NFKC", text_of(cell)).replace("\u2212", "-").strip()
    if len(text) > LONGEST_CELL:
        raise BadCell(f"{what} {shown(cell)} is not an amount")
    bare = re.sub(r"^\((.*)\)$", r"-\1", text)
    sign = "-" in bare
    match = _AMOUNT.fullmatch(bare.replace("-", "", 1).lstrip("+").strip())
    if match is None:
        raise BadCell(f"{what} {shown(cell)} is not an amount")
    currencies = _currencies(match["before"]) or _currencies(match["after"])
    if currencies is None and (match["before"].strip() or match["after"].strip()):
        raise BadCell(f"{what} {shown(cell)} is not an amount")
    value = _number(re.sub(r"[ '’_]", "", match["number"].strip()), cell, what, habits)
    return (-value if sign else value), currencies or ()


def _currencies(text: str) -> tuple[str, ...] | None:
    sign = text.strip().upper()
    if sign in SHARED_SIGNS:
        return SHARED_SIGNS[sign]
    if sign in CODES:
        return (CODES[sign],)
    return (sign,) if re.fullmatch(r"[A-Z]{3}", sign) and is_currency(sign) else None


@lru_cache
def is_currency(code: str) -> bool:
    """True for the codes of ISO 4217."""
    from babel.core import get_global

    return code in get_global("all_currencies")


def _number(text: str, cell: Cell, what: str, habits: Habits) -> Decimal:
    commas, points = text.count(","), text.count(".")
    if commas and points:
        decimal = "," if text.rfind(",") > text.rfind(".") else "."
    elif commas + points > 1:
        decimal = "." if commas else ","
    elif commas + points == 1:
        decimal = _lone_separator("," if commas else ".", text, cell, what, habits)
    else:
        decimal = "."
    head, _, tail = text.partition(decimal)
    group = "." if decimal == "," else ","
    if tail.count(decimal) or group in tail or (group in head and not re.fullmatch(r"\d{1,4}(\D\d{3,4})+", head)):
        raise BadCell(f"{what} {shown(cell)} is not an amount")
    return Decimal(f"{head.replace(group, '') or '0'}.{tail or '0'}")


def _lone_separator(separator: str, text: str, cell: Cell, what: str, habits: Habits) -> str:
    head, _, tail = text.partition(separator)
    other = "." if separator == "," else ","
    if len(tail) != 3 or not 1 <= len(head) <= 3 or head == "0":
        return separator
    if habits.decimal_comma is not None:
        return "," if habits.decimal_comma else "."
    if separator == ",":
        return other
    raise BadCell(f"{what} {shown(cell)} can be read in two ways; write it with two decimals")
