"""Which column is which: names that businesses give their columns, in English and Chinese, and how they are matched."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from rapidfuzz import fuzz, process

import config
from crm_core.errors import CrmError

Kind = Literal["customers", "products", "orders", "shipments"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ALIKE = 88
"""From this similarity on (of 100) a misspelt name counts."""

NAMES_FILE = Path(config.__file__).parent / "import_columns.yml"
NEEDED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "customers": (("external_id", "email", "phone"),),
    "products": (("sku",), ("name", "name_en", "name_zh", "price", "stock", "active", "category")),
    "orders": (("number",), ("customer", "external_id", "email", "phone"), ("sku",), ("quantity",), ("placed_at",)),
    "shipments": (("number",), ("tracking_no",)),
}
"""For each kind: of every group at least one column must be there."""


class ColumnsUnclear(CrmError):
    """The columns cannot be matched to what is imported; the text says which are missing or wrong."""


@dataclass(frozen=True, slots=True)
class Match:
    """The kind of a file and which of its columns (by position) holds which field."""

    kind: Kind
    fields: dict[str, int]
    ignored: tuple[int, ...]


def plain(name: str) -> str:
    """A column's name for comparison: folded, without punctuation.

    >>> plain("Customer_ID*"), plain("ｅ-Mail："), plain("orderNumber")
    ('customer id', 'e mail', 'order number')
    """
    folded = unicodedata.normalize("NFKC", name[:100])
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", folded).casefold()
    without_notes = re.sub(r"\([^)]*\)", " ", spaced)
    return " ".join(re.sub(r"[^\w]|_", " ", without_notes).split())


@lru_cache
def column_names() -> dict[Kind, dict[str, list[str]]]:
    """For each kind the fields, each with the names that columns of it have, most telling first."""
    return yaml.safe_load(NAMES_FILE.read_text("utf-8"))  # type: ignore[no-any-return]


@lru_cache
def _fields_by_name(kind: Kind) -> dict[str, str]:
    fields = column_names()[kind]
    return {plain(name): field for field in reversed(fields) for name in reversed(fields[field])}


def known_names(cells: list[str]) -> int:
    """How many cells name a column of any kind: tells the header from the rows above and below it."""
    names = [plain(cell) for cell in cells]
    return max(sum(name in _fields_by_name(kind) for name in names) for kind in KINDS)


def match_columns(columns: list[str], kind: Kind | None = None, mapping: Mapping[str, str] | None = None) -> Match:
    """Match columns to fields; without `kind`, find the kind that explains the columns best.

    Args:
        mapping: column name → field, as the operator says; an empty field leaves the column out.

    Raises:
        ColumnsUnclear: needed columns are missing, or the mapping names what does not exist.
    """
    tried = [_match(columns, each, mapping or {}, strict=kind is not None) for each in ([kind] if kind else KINDS)]
    best = max(tried, key=lambda match: (not _missing(match), len(match.fields), -KINDS.index(match.kind)))
    missing = _missing(best)
    if missing and (kind or not any(match.fields for match in tried)):
        raise ColumnsUnclear(_advice(best, missing, columns))
    if missing:
        raise ColumnsUnclear(
            "It is not clear what this file holds. Name it with --kind. " + _advice(best, missing, columns)
        )
    return best


def _match(columns: list[str], kind: Kind, mapping: Mapping[str, str], strict: bool) -> Match:
    positions = {plain(column): position for position, column in reversed(list(enumerate(columns)))}
    fields, taken = _said(kind, mapping, positions, strict)
    for field, names in column_names()[kind].items():
        found = (positions[plain(name)] for name in names if positions.get(plain(name), -1) not in (taken | {-1}))
        position = None if field in fields else next(found, None)
        if position is not None:
            fields[field] = position
            taken.add(position)
    known = _fields_by_name(kind)
    for name, position in positions.items():
        alike = process.extractOne(name, known.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE) if len(name) > 3 else None
        if alike and position not in taken and known[alike[0]] not in fields:
            fields[known[alike[0]]] = position
            taken.add(position)
    ignored = tuple(position for position in range(len(columns)) if position not in taken)
    return Match(kind, dict(sorted(fields.items(), key=lambda item: item[1])), ignored)


def _said(
    kind: Kind, mapping: Mapping[str, str], positions: Mapping[str, int], strict: bool
) -> tuple[dict[str, int], set[int]]:
    fields: dict[str, int] = {}
    taken: set[int] = set()
    for column, field in mapping.items():
        position = positions.get(plain(column))
        if position is None:
            raise ColumnsUnclear(f'--mapping: there is no column "{column}". The columns are: {", ".join(positions)}.')
        taken.add(position)
        if field in column_names()[kind] or (kind == "customers" and re.fullmatch(r"custom\.[\w-]{1,40}", field)):
            fields[field] = position
        elif field and strict:
            raise ColumnsUnclear(
                f'--mapping: {kind} have no field "{field}". There are: {", ".join(column_names()[kind])}.'
            )
    return fields, taken


def _missing(match: Match) -> list[tuple[str, ...]]:
    return [group for group in NEEDED[match.kind] if not any(field in match.fields for field in group)]


def _advice(match: Match, missing: Iterable[tuple[str, ...]], columns: list[str]) -> str:
    wanted = "; ".join(" or ".join(group) for group in missing)
    seen = ", ".join(columns[:20])
    return (
        f"For {match.kind}, no column was recognised as: {wanted}. The columns are: {seen}. "
        f"Say which it is with --mapping 'Column=field', or name it in config/{NAMES_FILE.name}."
    )
