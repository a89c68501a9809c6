"""What cells mean: amounts, dates, numbers, words, addresses - as businesses really write them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.contact_details import normalised_email, normalised_phone
from crm_core.csv_cells import clean_cell, safe_cell
from crm_core.importing.values import BadCell, Habits, Signs, amount, minor_units, moment, text_of, whole, yes_or_no
from crm_core.importing.words import meanings
from tests.conftest import NOW

HABITS = Habits(ZoneInfo("Asia/Shanghai"), "CN", "CNY", NOW, "dmy", None)
MARCH = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "value", "currencies"),
    [
        ("1,234.50", "1234.50", ()),
        ("1.234,50", "1234.50", ()),
        ("1 234,50", "1234.50", ()),
        ("1'234.50", "1234.50", ()),
        ("12,5", "12.5", ()),
        ("1,234", "1234", ()),
        ("1,234,567", "1234567", ()),
        ("¥299", "299", ("CNY", "JPY")),
        ("￥1,299.00", "1299.00", ("CNY", "JPY")),
        ("299元", "299", ("CNY",)),
        ("RMB 45", "45", ("CNY",)),
        ("€ 9,99", "9.99", ("EUR",)),
        ("12 USD", "12", ("USD",)),
        ("１２３４．５", "1234.5", ()),
        (299.0, "299", ()),
        (12.340000000000001, "12.34", ()),
        (7, "7", ()),
        (".5", "0.5", ()),
    ],
)
def test_amounts(cell: object, value: str, currencies: tuple[str, ...]) -> None:
    read, named = amount(cell, "price", HABITS)  # type: ignore[arg-type]
    assert (read, named[: len(currencies)]) == (Decimal(value), currencies)
    assert bool(named) == bool(currencies)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("-5", "negative"),
        ("(5.00)", "negative"),
        ("5-", "negative"),
        (-0.01, "negative"),
        ("−3", "negative"),
        ("12345678901", "10 digits"),
        (1e12, "10 digits"),
        ("1.234", "two ways"),
        ("abc", "not an amount"),
        ("1e5", "not an amount"),
        ("1,2,3", "not an amount"),
        ("12.5.1", "not an amount"),
        ("=1+1", "not an amount"),
        ("5 apples", "not an amount"),
        ("9" * 500, "not an amount"),
        (float("nan"), "not a number"),
        (float("inf"), "not a number"),
    ],
)
def test_amounts_that_are_none(cell: object, problem: str) -> None:
    with pytest.raises(BadCell, match=problem):
        amount(cell, "price", HABITS)  # type: ignore[arg-type]


def test_minor_units_know_the_currency() -> None:
    assert minor_units(Decimal("12.30"), "CNY", "price") == 1230
    assert minor_units(Decimal("1200"), "JPY", "price") == 1200
    assert minor_units(Decimal("1.234"), "KWD", "price") == 1234
    with pytest.raises(BadCell, match="more decimals than JPY"):
        minor_units(Decimal("12.5"), "JPY", "price")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-03-01", MARCH),
        ("2026/3/1", MARCH),
        ("2026.03.01", MARCH),
        ("20260301", MARCH),
        ("2026年3月1日", MARCH),
        ("2026 年 3 月 1 日", MARCH),
        ("２０２６-０３-０１", MARCH),
        ("1/3/2026", MARCH),
        ("1.3.26", MARCH),
        ("1 Mar 2026", MARCH),
        ("Mar 1, 2026", MARCH),
        ("Sunday, March 1st 2026", MARCH),
        ("46082", MARCH),
        (46082, MARCH),
        (date(2026, 3, 1), MARCH),
        (datetime(2026, 3, 1), MARCH),  # noqa: DTZ001
        (46082.5, MARCH + timedelta(hours=12)),
        ("2026-03-01 14:30", MARCH + timedelta(hours=14, minutes=30)),
        ("2026-03-01T14:30:05.250+08:00", MARCH + timedelta(hours=14, minutes=30, seconds=5)),
        ("2026-02-28T16:00:00Z", MARCH),
        ("2026年3月1日 下午2:30", MARCH + timedelta(hours=14, minutes=30)),
        ("2026年3月1日 14时30分", MARCH + timedelta(hours=14, minutes=30)),
        ("Mar 1, 2026 12:30 AM", MARCH + timedelta(minutes=30)),
        ("3/1/2026 2:30 pm", datetime(2026, 1, 3, 6, 30, tzinfo=UTC)),
        ("1772294400", MARCH),
        ("1772294400000", MARCH),
    ],
)
def test_moments_in_the_zone_of_the_business(cell: object, expected: datetime) -> None:
    assert moment(cell, "date", HABITS) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("2026-02-30", "not a date that exists"),
        ("2026-13-01", "not a date that exists"),
        ("0000-00-00", "not a date that exists"),
        ("32/01/2026", "not a date that exists"),
        ("2026-03-01 25:00", "not a date that exists"),
        ("2027-01-01", "in the future"),
        ("1969-12-31", "before 1970"),
        ("soon", "not a date"),
        ("2026", "not a date"),
        ("x" * 5000, "not a date"),
    ],
)
def test_moments_that_are_none(cell: str, problem: str) -> None:
    with pytest.raises(BadCell, match=problem):
        moment(cell, "date", HABITS)


def test_a_file_shows_which_number_is_the_day() -> None:
    def order(*cells: str) -> tuple[str | None, bool]:
        signs = Signs()
        for cell in cells:
            signs.add_date(cell)
        return signs.day_order, signs.undecided

    assert order("03/04/2026", "13/04/2026") == ("dmy", False)
    assert order("03/04/2026", "04/13/2026") == ("mdy", False)
    assert order("03/04/2026", "05/05/2026") == ("dmy", True)
    assert order("13/04/2026", "04/13/2026") == (None, False)
    assert order("2026-03-04") == ("dmy", False)
    with pytest.raises(BadCell, match="can be two days"):
        moment("03/04/2026", "date", Habits(ZoneInfo("UTC"), "CN", "CNY", NOW, None))


def test_a_file_shows_what_its_separators_mean() -> None:
    def comma(*cells: str) -> bool | None:
        signs = Signs()
        for cell in cells:
            signs.add_amount(cell)
        return signs.decimal_comma

    assert comma("1.234", "12,50") is True
    assert comma("1,234", "12.50") is False
    assert comma("1.234") is None
    assert comma("12,50", "12.50") is None
    german = Habits(ZoneInfo("UTC"), "DE", "EUR", NOW, "dmy", True)
    assert amount("1.234", "price", german)[0] == 1234


def test_whole_numbers() -> None:
    assert [whole(cell, "n") for cell in ("3", "3.0", 3.0, "1,200", "２件", " 4 ")] == [3, 3, 3, 1200, 2, 4]
    for cell in ("1.5", "", "x", "-1", "1,20", "99999999"):
        with pytest.raises(BadCell):
            whole(cell, "n")


def test_yes_and_no_in_both_languages() -> None:
    assert [yes_or_no(cell, "x") for cell in ("Yes", "是", "1", True, "TRUE")] == [True] * 5
    assert [yes_or_no(cell, "x") for cell in ("no", "否", "0", False, "退订")] == [False] * 5
    with pytest.raises(BadCell):
        yes_or_no("perhaps", "x")


def test_numbers_of_a_workbook_read_as_they_are_shown() -> None:
    assert [text_of(cell) for cell in (13800138000.0, 1001, 12.5, None, True)] == [
        "13800138000",
        "1001",
        "12.5",
        "",
        "True",
    ]


def test_words_of_both_languages_mean_the_same_states() -> None:
    assert meanings("order_status")["已发货"] == meanings("order_status")["dispatched"] == "shipped"
    assert meanings("shipment_status")["已签收"] == "delivered"
    assert [meanings("country")[name] for name in ("中国", "germany", "德国", "uk", "us")] == [
        "CN",
        "DE",
        "DE",
        "GB",
        "US",
    ]


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Wang.Fang@Example.COM ", "wang.fang@example.com"),
        ("mailto:a@b.co", "a@b.co"),
        ("ａ@ｂ．ｃｎ", "a@b.cn"),
        ("o'neil+shop@mail.example.org", "o'neil+shop@mail.example.org"),
        ("a@b", None),
        ("a@b..com", None),
        (".a@b.com", None),
        ("a b@c.de", None),
        ("a@@b.com", None),
        ("a@-b.com", None),
        ("@b.com", None),
        ("a" * 70 + "@b.com", None),
        ("a@" + "b" * 65536, None),
    ],
)
def test_email_addresses(text: str, email: str | None) -> None:
    assert normalised_email(text) == email


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("１３８-００１３-８０００", "+8613800138000"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("0571-88886666", "+8657188886666"),
        ("tel:+12125550142", "+12125550142"),
        ("12-34", None),
        ("1.38E+10", None),
        ("call me", None),
        ("+" + "1" * 30, None),
        ("1" * 65536, None),
    ],
)
def test_telephone_numbers(text: str, phone: str | None) -> None:
    assert normalised_phone(text, "CN") == phone


@given(st.text(max_size=40))
def test_no_cell_that_goes_out_can_be_a_formula_and_what_comes_back_is_the_same(text: str) -> None:
    safe = safe_cell(text)
    assert not safe.startswith(("=", "@", "\t", "\r", "\n", "＝"))
    assert clean_cell(safe) == clean_cell(text) or text.startswith("'")


@given(st.text(max_size=80))
def test_no_text_makes_the_readers_fail_otherwise(text: str) -> None:
    for read in (lambda: amount(text, "a", HABITS), lambda: moment(text, "d", HABITS), lambda: whole(text, "n")):
        try:
            read()
        except BadCell:
            continue
