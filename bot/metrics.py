"""Figures for Prometheus: how much waits, how old it is, what failed. No personal data, few series."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from bot.app import App
from crm_core.models import Interaction, OutboxMessage


class Metrics(Collector):
    """Reads its figures from the database and the channels whenever it is asked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """One family a figure."""
        now = self._app.clock()
        with self._app.store.read() as session:
            waiting, oldest = session.execute(
                select(func.count(), func.min(Interaction.received_at)).where(Interaction.status == "received")
            ).one()
            states = session.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)).all()
        age = (now - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily("rapport_inbox_depth", "Messages stored and not answered yet.", waiting)
        yield GaugeMetricFamily("rapport_inbox_oldest_age_seconds", "Age of the oldest of them.", age)
        outbox = GaugeMetricFamily("rapport_outbox", "Replies by state.", labels=["state"])
        for state, count in states:
            outbox.add_metric([state], count)
        yield outbox
        connected = GaugeMetricFamily("rapport_channel_connected", "1 when a channel is connected.", labels=["channel"])
        parts = self._app.health()
        for name, health in parts["channels"].items():
            connected.add_metric([name], 1.0 if health.get("state") == "connected" else 0.0)
        yield connected
        words = "0 while a Rasa server fails and the built-in engine answers."
        asked = GaugeMetricFamily("rapport_rasa_asked", words, labels=["audience"])
        for audience, state in parts["understanding"].get("rasa", {}).items():
            asked.add_metric([audience], 1.0 if state["breaker"] == "closed" else 0.0)
        yield asked
