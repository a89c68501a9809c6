"""Forecasts made at night: given out for the usual questions, and made anew once the past has changed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.handlers.manager import foretelling
from config.settings import Settings
from crm_core.analytics.child import ChildFailed
from crm_core.analytics.forecasts import kept as kept_forecasts
from crm_core.analytics.forecasts import trials as forecast_trials
from crm_core.analytics.forecasts.forecast import Forecast
from crm_core.database import Store, open_store
from crm_core.models import Order
from tests.bot.handlers.manager.asking_charts import answer
from tests.conftest import NOW

ZONE = "Asia/Shanghai"


def fake(values: list[float], season: int, steps: int, *, floor: float, skipped: int) -> Forecast:
    said = tuple(values[-steps:])
    total = sum(said[skipped:])
    return Forecast(said, (floor,) * steps, said, total, 0, total, "theta", "", 0.5, 1.0, 10)


@pytest.fixture
def known(sample_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, Settings]]:
    """The sample business after a night; who makes a forecast by day fails."""
    monkeypatch.setattr(forecast_trials, "forecast", fake)

    def by_day(*_: Any) -> Forecast:
        raise ChildFailed("made by day")

    monkeypatch.setattr(foretelling, "foretell", by_day)
    store = open_store(sample_settings.database_url, sample_settings.data_dir, None)
    done = kept_forecasts.refresh(store, NOW - timedelta(hours=2), ZONE, lambda *_: None)
    assert done == {"forecasts": 2 * len(kept_forecasts.FORETOLD)}
    yield store, sample_settings
    store.close()


def asked(known: tuple[Store, Settings], text: str, **more: Any) -> str:
    store, settings = known
    with store.read() as session:
        return answer(foretelling.forecast, session, settings, NOW, text, **more).reply.text


def test_the_usual_questions_wait_for_nothing(known: tuple[Store, Settings]) -> None:
    for metric in kept_forecasts.FORETOLD:
        assert "in four of five cases" in asked(known, "forecast", metric=metric)
    next_week = {"start": "2026-11-30", "end": "2026-12-07"}
    assert "30 Nov – 6 Dec 2026" in asked(known, "forecast orders next week", metric="orders", date_range=next_week)


def test_all_else_is_made_when_it_is_asked_for(known: tuple[Store, Settings]) -> None:
    assert "made by day" in asked(known, "orders for the next 10 days", metric="orders", duration={"days": 10})
    assert "made by day" in asked(known, "forecast complaints", metric="complaints")
    assert "made by day" in asked(known, "forecast messages on telegram", metric="messages", channel="telegram")


def test_what_was_made_of_another_past_is_not_given_out(known: tuple[Store, Settings]) -> None:
    store, _ = known
    with store.write() as session:
        order = session.query(Order).filter(Order.status == "delivered").order_by(Order.placed_at.desc()).first()
        assert order is not None
        order.status = "cancelled"
    assert "made by day" in asked(known, "forecast orders", metric="orders")
    assert "in four of five cases" in asked(known, "forecast messages", metric="messages")
