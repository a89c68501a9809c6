"""What cleaning found, in words: one object for programs, and Markdown or HTML for people, in English or Chinese.

No personal data stands in any of them: examples are masked, rows are named by line or number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, Literal

import yaml

from config.settings import FOLDER
from crm_core.quality.cleaning import Cleaned, Finding
from crm_core.quality.masking import masked
from crm_core.quality.sheets import type_of

Language = Literal["en", "zh"]
LISTED = 1000
SHOWN = 50
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.25em .6em;text-align:left}"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A title of its level."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Grid | str


@lru_cache
def words(language: Language) -> dict[str, Any]:
    """What the report says in a language."""
    return yaml.safe_load((FOLDER / "quality.yml").read_text("utf-8"))[language]  # type: ignore[no-any-return]


def as_dict(cleaned: Cleaned, *, stored: bool) -> dict[str, Any]:
    """One sheet for `--json`: per column what was found and what became of it; the first 1,000 rejects and pairs."""
    labels = cleaned.sheet.labels
    return {
        "name": cleaned.sheet.name,
        "kind": cleaned.sheet.kind,
        "source": "database" if stored else "file",
        "rows": cleaned.rows,
        "kept": cleaned.kept,
        "rejected": len(cleaned.rejected),
        "merged": len(cleaned.merged),
        "columns": list(_columns(cleaned)),
        "rejects": [
            {"row": labels.get(row, row), "column": cleaned.sheet.titles.get(name), "rule": rule}
            for row, (name, rule) in sorted(cleaned.rejected.items())[:LISTED]
        ],
        "duplicates": [
            {"first": labels[pair.first], "second": labels[pair.second], "reasons": list(pair.reasons)}
            for pair in cleaned.pairs[:LISTED]
        ],
        "duplicates_found": len(cleaned.pairs),
    }


def _columns(cleaned: Cleaned) -> Iterator[dict[str, Any]]:
    """Each column with what was found in it; what is about whole rows stands first, without a column."""
    fields = {finding.column: None for finding in cleaned.findings} | dict.fromkeys(cleaned.missing)
    for name in sorted(fields, key=lambda name: list(cleaned.missing).index(name) if name in cleaned.missing else -1):
        found = [_found(cleaned, finding) for finding in cleaned.findings if finding.column == name]
        missing = cleaned.missing.get(name, 0)
        if found or missing:
            field = None if name.startswith("#") or not name else name
            yield {"column": cleaned.sheet.titles.get(name), "field": field, "missing": missing, "found": found}


def _found(cleaned: Cleaned, finding: Finding) -> dict[str, Any]:
    holds = "name" if finding.column.startswith(("#", "custom.")) else type_of(cleaned.sheet.kind, finding.column)

    def shown(text: str | None) -> str | None:
        return None if text is None else masked(text, holds)

    examples = [{"row": row, "before": shown(before), "after": shown(after)} for row, before, after in finding.examples]
    return {"rule": finding.rule, "outcome": finding.outcome, "count": finding.count, "examples": examples}


# --- for people ------------------------------------------------------------------------------------------------------
def markdown(sheets: Sequence[dict[str, Any]], language: Language) -> str:
    """The report as Markdown."""
    return "\n".join(_as_markdown(block) for block in _blocks(sheets, language))


def html(sheets: Sequence[dict[str, Any]], language: Language) -> str:
    """The report as a page that needs nothing else."""
    title = escape(words(language)["title"])
    body = "\n".join(_as_html(block) for block in _blocks(sheets, language))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def reason(column: str | None, rule: str, language: Language = "en") -> str:
    """Why a row is rejected, without the value."""
    text = words(language)["rules"][rule]
    return f"{column}: {text}" if column else text


def _blocks(sheets: Sequence[dict[str, Any]], language: Language) -> Iterator[Block]:
    says = words(language)
    yield Heading(1, says["title"])
    for sheet in sheets:
        stored = sheet["source"] == "database"
        kind = says["kinds"][sheet["kind"]]
        yield Heading(2, kind if stored else sheet["name"])
        counts = {name: f"{sheet[name]:,}" for name in ("rows", "kept", "rejected", "merged")}
        yield says["about_database" if stored else "about_file"].format(kind=kind, **counts)
        found = [line for column in sheet["columns"] for line in _lines(column, sheet, says)]
        yield Grid(says["columns"], found) if found else says["clean"]
        yield from _of_pairs(sheet, says)
        if sheet["rejects"]:
            yield Heading(3, says["rejects_title"])
            named = [
                (str(each["row"]), each["column"] or says["whole_row"], says["rules"][each["rule"]])
                for each in sheet["rejects"][:SHOWN]
            ]
            yield Grid(says["rejects_columns"], named)
            yield from _more(sheet["rejected"], says)


def _lines(column: dict[str, Any], sheet: dict[str, Any], says: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    title = column["column"] or says["whole_row"]
    outcomes = says["outcomes_database" if sheet["source"] == "database" else "outcomes"]
    for found in column["found"]:
        what = f"{says['rules'][found['rule']]} ({outcomes[found['outcome']]})"
        examples = "; ".join(_example(each, says) for each in found["examples"])
        yield title, what, f"{found['count']:,}", examples
    if column["missing"]:
        percent = f"{100 * column['missing'] / max(sheet['rows'], 1):.1f}"
        yield title, says["missing"].format(percent=percent), f"{column['missing']:,}", ""


def _example(example: dict[str, Any], says: dict[str, Any]) -> str:
    place, before, after = f"{says['row']} {example['row']}", example["before"], example["after"]
    if not before:
        return place if after is None else f"{place} = {after}"
    return f"{place}: {before}" if after is None else f"{place}: {before} → {after}"


def _of_pairs(sheet: dict[str, Any], says: dict[str, Any]) -> Iterator[Block]:
    if not sheet["duplicates"]:
        return
    yield Heading(3, says["pairs_title"])
    yield says["pairs_about"].format(count=f"{sheet['duplicates_found']:,}")
    rows = [
        (str(pair["first"]), str(pair["second"]), ", ".join(says["reasons"][why] for why in pair["reasons"]))
        for pair in sheet["duplicates"][:SHOWN]
    ]
    yield Grid(says["pairs_columns"], rows)
    yield from _more(sheet["duplicates_found"], says)


def _more(count: int, says: dict[str, Any]) -> Iterator[str]:
    if count > SHOWN:
        yield says["pairs_more"].format(count=f"{count - SHOWN:,}")


def _as_markdown(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}\n"
    if isinstance(block, str):
        return f"{block}\n"
    rule = ["---"] * len(block.columns)
    lines = [block.columns, rule, *([_plain(cell) for cell in row] for row in block.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _plain(text: str) -> str:
    """Text from a file that Markdown must not take for its own."""
    for sign in "\\`*_{}[]<>#|":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())


def _as_html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in block.columns)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f"<table><tr>{head}</tr>\n{rows}</table>"
