"""What must hold, declared once with pandera for files and the database: `must` rejects a row, `odd` only tells.

A check's name is the name of its rule; what it is called in both languages stands in `config/quality.yml`. A check of
several columns names the one to look at first: "delivered_early@delivered_at".
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from pandera.errors import SchemaErrors
from pandera.pandas import Check, Column, DataFrameSchema

from crm_core.importing.columns import Kind
from crm_core.importing.rows import LONGEST, LONGEST_ENTRY, LONGEST_OWN, MOST_LISTED, RANGES
from crm_core.importing.values import is_currency
from crm_core.importing.words import meanings
from crm_core.quality.sheets import DTYPES, FIELDS, MOMENT
from crm_core.quality.texts import is_damaged

EARLIEST = pd.Timestamp("1990-01-01", tz="UTC")
GRACE = pd.Timedelta(days=1)
"""Clocks of shops and carriers differ, and so do their zones."""
ROBUST_Z = 6.0
"""How many robust deviations from the median of its group an amount may be away, on a logarithmic scale."""
LEAST_SPREAD = 0.1
"""Of logarithms: where all prices are equal, a sale at half of them is not odd yet."""
LEAST_GROUP = 8

Holds = Callable[[pd.DataFrame], pd.Series]
NEEDED = {
    "customers": (), "products": ("sku",), "orders": ("number", "sku", "quantity", "placed_at"),
    "shipments": ("number", "tracking_no"),
}  # fmt: skip


def must(kind: Kind, now: datetime) -> DataFrameSchema:
    """What every row must fulfil."""
    latest = pd.Timestamp(now) + GRACE
    early = _check("early", lambda days: days >= EARLIEST)
    checks: dict[str, list[Check]] = {
        "moment": [early, _check("future", lambda days: days <= latest)],
        "day": [early],
        "money": [_check("negative", lambda amounts: amounts >= 0)],
        "whole": [_check("negative", lambda numbers: numbers >= 0)],
        "currency": [_check("unknown", lambda codes: codes.map(is_currency).astype(bool))],
        "country": [_check("unknown", lambda codes: codes.isin(set(meanings("country").values())))],
    }
    wide = [_of(rule, holds) for rule, holds in MUST[kind].items()]
    return _schema(kind, lambda name, holds: [*checks.get(holds, []), *_bounds(name, holds)], wide, NEEDED[kind])


def odd(kind: Kind) -> DataFrameSchema:
    """What is possible but should be looked at."""
    damaged = _check("damaged", _undamaged)
    wide = [_of(rule, holds) for rule, holds in ODD[kind].items()]
    return _schema(kind, lambda name, holds: [damaged] if holds in ("text", "name", "address") else [], wide, ())


def failures(schema: DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that break a rule: columns `row`, `field`, `rule`, each once."""
    empty = pd.DataFrame({"row": [], "field": [], "rule": []})
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        found = errors.failure_cases
        if found["index"].isna().any():
            raise AssertionError(f"a rule failed itself: {found[found['index'].isna()].to_dict('records')}") from errors
        rule = found["check"].replace({"not_nullable": "missing"}).str.split("@", n=1)
        told = pd.DataFrame({"row": found["index"], "field": rule.str[1].fillna(found["column"]), "rule": rule.str[0]})
        return told.drop_duplicates(ignore_index=True)
    return empty


def _schema(
    kind: Kind, checks: Callable[[str, str], list[Check]], wide: list[Check], needed: tuple[str, ...]
) -> DataFrameSchema:
    columns = {
        name: Column(
            DTYPES.get(holds, "str"), checks(name, holds), nullable=name not in needed, required=name in needed
        )
        for name, holds in FIELDS[kind].items()
    }
    return DataFrameSchema(columns, checks=wide)


def _bounds(name: str, holds: str) -> list[Check]:
    """How much of a field there may be: what an import takes."""
    if name in RANGES:
        return [_check("too_large", lambda numbers: numbers <= RANGES[name][1])]
    if DTYPES.get(holds, "str") != "str":
        return []
    longest = LONGEST_ENTRY[name] * MOST_LISTED if name in LONGEST_ENTRY else LONGEST.get(name, LONGEST_OWN)
    return [_check("too_long", lambda texts: texts.str.len() <= longest)]


def _check(rule: str, holds: Callable[[pd.Series], pd.Series]) -> Check:
    return Check(holds, name=rule)


def _of(rule: str, holds: Holds) -> Check:
    return Check(holds, name=rule, ignore_na=False)


def _undamaged(texts: pd.Series) -> pd.Series:
    known = {text: not is_damaged(text) for text in texts.unique()}
    return texts.map(known).astype(bool)


# --- rules of several columns ----------------------------------------------------------------------------------------
def _column(frame: pd.DataFrame, name: str, dtype: str) -> pd.Series:
    """A column that may not be there."""
    return frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype=dtype)


def _times(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(pd.NaT, index=frame.index, dtype=MOMENT)


def _holds(result: pd.Series) -> pd.Series:
    """What cannot be compared, because one side is not said, holds."""
    return result.fillna(value=True).astype(bool)


def _has_key(frame: pd.DataFrame) -> pd.Series:
    keys = [name for name in ("customer", "external_id", "email", "phone", "channel") if name in frame]
    return frame[keys].notna().any(axis=1)


def _once(*names: str) -> Holds:
    def holds(frame: pd.DataFrame) -> pd.Series:
        there = [name for name in names if name in frame]
        if len(there) < len(names):
            return pd.Series(data=True, index=frame.index)
        return ~frame.duplicated(there) | frame[there].isna().any(axis=1)

    return holds


def _of_one_order(frame: pd.DataFrame) -> pd.Series:
    """Rows of one order say the same about its time, its currency and its customer."""
    names = [name for name in ("placed_at", "currency", "external_id", "email", "phone") if name in frame]
    different = frame.groupby("number", dropna=False)[names].transform("nunique") > 1
    return ~different.any(axis=1) | frame["number"].isna()


def goods(frame: pd.DataFrame) -> pd.Series:
    """What the lines of each row's order come to; NA where a price is not said."""
    lines = _column(frame, "unit_price", "Int64") * frame["quantity"]
    whole = lines.groupby(frame["number"], dropna=False).transform("sum")
    return whole.mask(lines.isna().groupby(frame["number"], dropna=False).transform("any"))


def _discount_fits(frame: pd.DataFrame) -> pd.Series:
    return _holds(_column(frame, "discount", "Int64") <= goods(frame))


def _total_fits(frame: pd.DataFrame) -> pd.Series:
    shipping, discount = (_column(frame, name, "Int64").fillna(0) for name in ("shipping", "discount"))
    return _holds(_column(frame, "total", "Int64") == goods(frame) - discount + shipping)


def _not_zero(name: str) -> Holds:
    return lambda frame: _holds(_column(frame, name, "Int64") != 0)


def _not_before(later: str, *earlier: str) -> Holds:
    def holds(frame: pd.DataFrame) -> pd.Series:
        known = [(_times(frame, later) >= _times(frame, name) - GRACE) | _times(frame, name).isna() for name in earlier]
        return _holds(pd.concat(known, axis=1).all(axis=1) | _times(frame, later).isna())

    return holds


def _usual(name: str, group: str, *, least_spread: float = LEAST_SPREAD, only_high: bool = False) -> Holds:
    """Not an outlier by robust z: the distance from the group's median in median absolute deviations of logarithms."""

    def holds(frame: pd.DataFrame) -> pd.Series:
        if name not in frame or group not in frame:
            return pd.Series(data=True, index=frame.index)
        logs = np.log1p(frame[name].astype("Float64").clip(lower=0).astype(float))
        groups = frame[group] + "|" + _column(frame, "currency", "str").astype("str").fillna("")
        away = logs - logs.groupby(groups).transform("median")
        spread = away.abs().groupby(groups).transform("median").clip(lower=least_spread)
        many = logs.groupby(groups).transform("count") >= LEAST_GROUP
        return _holds((0.6745 * (away if only_high else away.abs()) / spread <= ROBUST_Z) | ~many)

    return holds


def _country_known(frame: pd.DataFrame) -> pd.Series:
    assumed = frame["phone_assumed"] if "phone_assumed" in frame else pd.Series(data=False, index=frame.index)
    return ~assumed


MUST: dict[Kind, dict[str, Holds]] = {
    "customers": {"no_key@external_id": _has_key, "repeated@external_id": _once("external_id")},
    "products": {"repeated@sku": _once("sku")},
    "orders": {
        "no_quantity@quantity": _not_zero("quantity"),
        "no_key@customer": lambda frame: _has_key(frame).groupby(frame["number"], dropna=False).transform("any"),
        "rows_differ@number": _of_one_order,
        "discount_too_large@discount": _discount_fits,
        "cancelled_early@cancelled_at": _not_before("cancelled_at", "placed_at"),
    },
    "shipments": {
        "delivered_early@delivered_at": _not_before("delivered_at", "shipped_at", "placed_at"),
        "repeated@tracking_no": _once("number", "tracking_no"),
    },
}

ODD: dict[Kind, dict[str, Holds]] = {
    "customers": {"phone_without_country@phone": _country_known},
    "products": {"zero@price": _not_zero("price"), "outlier@price": _usual("price", "category")},
    "orders": {
        "phone_without_country@phone": _country_known,
        "zero@unit_price": _not_zero("unit_price"),
        "zero@total": _not_zero("total"),
        "total_differs@total": _total_fits,
        "outlier@unit_price": _usual("unit_price", "sku"),
        "outlier@quantity": _usual("quantity", "sku", least_spread=0.25, only_high=True),
    },
    "shipments": {
        "shipped_early@shipped_at": _not_before("shipped_at", "placed_at"),
        "expected_early@expected_on": _not_before("expected_on", "shipped_at"),
    },
}
