"""Measuring: reliability of confidences, and the tables that a person reads."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from nlu.evaluation import Case, Outcome, measure, reliability
from nlu.evaluation_tables import tables
from nlu.understanding import Understanding


def outcome(wanted: str, found: str, confidence: float) -> Outcome:
    understood = Understanding(text="x", language="en", intent=found, confidence=confidence)
    return Outcome(Case("x", "customer", "en", wanted), understood)


def test_confidences_that_keep_their_word_have_no_error() -> None:
    kept = [outcome("faq", "faq", 0.75)] * 3 + [outcome("faq", "help", 0.75)]
    assert reliability(kept) == {
        "expected_error": pytest.approx(0),
        "bins": [{"from": 0.7, "cases": 4, "confidence": 0.75, "right": 0.75}],
    }


def test_overconfidence_is_measured() -> None:
    assert reliability([outcome("faq", "help", 1.0)])["expected_error"] == pytest.approx(1)
    assert reliability([]) == {"expected_error": None, "bins": []}


def test_the_report_is_printed_and_markup_in_texts_is_harmless(interpreter) -> None:
    cases = [
        Case("where is my order", "customer", "en", "order_status", mood="neutral"),
        Case("[red]讲个笑话[/nope]", "customer", "zh", "greeting"),
    ]
    console = Console(record=True, width=200)
    for table in tables(measure(interpreter, cases, now=datetime(2026, 11, 23, tzinfo=UTC))):
        console.print(table)
    printed = console.export_text()
    for expected in ("intent_accuracy", "customer.zh", "Weakest intents", "Confidence", "[red]讲个笑话[/nope]"):
        assert expected in printed
