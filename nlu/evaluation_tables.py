"""The report of an evaluation as tables for a terminal: figures, weakest intents, confusions, confidences, errors."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

WEAKEST, CONFUSIONS, ERRORS = 15, 15, 20


def tables(report: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the tables of what `nlu.evaluation.measure` returned."""
    groups = {"all": report, **report["by"]}
    figures = [name for name, value in report.items() if isinstance(value, int | float) and name != "cases"]
    yield _table(f"{report['cases']} cases", ["figure", *groups], ([name, *_row(groups, name)] for name in figures))
    weakest = sorted(report["intents"].items(), key=lambda item: item[1]["f1"])[:WEAKEST]
    yield _table(
        "Weakest intents",
        ["intent", "cases", "precision", "recall"],
        ([name, str(row["cases"]), _share(row["precision"]), _share(row["recall"])] for name, row in weakest),
    )
    yield _table(
        "Taken for each other",
        ["wanted", "found", "times"],
        ([row["wanted"], row["found"], str(row["times"])] for row in report["confusions"][:CONFUSIONS]),
    )
    yield _table("Said by", ["engine", "cases"], ([name, str(times)] for name, times in report["engines"].items()))
    reliable = report["reliability"]
    yield _table(
        f"Confidence (expected error {_share(reliable['expected_error'])})",
        ["said", "right", "cases"],
        ([_share(row["confidence"]), _share(row["right"]), str(row["cases"])] for row in reliable["bins"]),
    )
    yield _table(
        "Surest errors",
        ["wanted", "found", "confidence", "text"],
        ([row["wanted"], row["found"], _share(row["confidence"]), row["text"]] for row in report["errors"][:ERRORS]),
    )


def _table(title: str, columns: list[str], rows: Iterator[list[str]]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: what people wrote is no markup
    return table


def _row(groups: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    return [_share(figures.get(name)) for figures in groups.values()]


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
