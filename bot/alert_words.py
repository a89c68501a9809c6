"""Alerts in words: what is watched, how it stands, why a message about it came."""

from collections.abc import Mapping
from typing import Any

from bot import wording
from bot.figures import FigureWords
from bot.messages import Choice, Reply
from bot.phrases import Phrases
from crm_core.alerts import CHANGES, Reading
from crm_core.models import Alert
from crm_core.reports.digest import DigestLine
from crm_core.reports.metrics import METRICS


class AlertWords:
    """Says alerts in one language. `currency`: of money that is not measured yet."""

    def __init__(self, phrases: Phrases, language: str, currency: str, agents: Mapping[str, str] | None = None) -> None:
        self._phrases, self._currency = phrases, currency
        self._figures = FigureWords(phrases, language, agents)
        self.language = language

    def say(self, key: str, **values: object) -> str:
        """A phrase below `alerts`."""
        return self._phrases(f"alerts.{key}", self.language, **values)

    def metric(self, name: str) -> str:
        """A figure's name."""
        return self._figures.metric(name)

    def what(self, alert: Alert) -> str:
        """What is watched: mood below -0.20 in seven days (VIP)."""
        number = alert.threshold_milli / 1000
        value = f"{number:g} %" if alert.test in CHANGES else self._figures.value(self._unit(alert), number)
        test = self.say(f"tests.{alert.test}", metric=self.metric(alert.metric), value=value)
        window = self.say(f"windows.{alert.test}_{alert.window}")
        space = "，" if self.language == "zh" else " "
        return f"{test}{space}{window}{self._narrowed(alert)}"

    def now(self, reading: Reading) -> str:
        """How it stands."""
        if reading.figure.value is None:
            return self.say("now_unknown")
        if reading.before is None:
            return self.say("now", value=self._value(reading))
        return self.say("now_against", value=self._value(reading), change=self._change(reading))

    def told(self, alert: Alert, reading: Reading, *, buttons: bool) -> Reply:
        """The message itself: what happened, in which time, why it came and how to stop it."""
        what = self.what(alert)
        if reading.before is None:
            head = self.say("told", what=what, value=self._value(reading))
        else:
            before = self._figures.value(reading.before.unit or reading.figure.unit, reading.before.value)
            head = self.say(
                "told_against", what=what, value=self._value(reading), change=self._change(reading), before=before
            )
        period = self.say("period", period=self._figures.period(reading.period))
        choices = (
            Choice(label=self.say("buttons.show"), value=f"alert_create:show:{alert.number}", style="primary"),
            Choice(label=self.say("buttons.stop"), value=f"alert_create:stop:{alert.number}"),
        )
        text = "\n".join([head, period, self.say("why", number=alert.number)])
        return Reply(text=text, subject=head, choices=choices if buttons else ())

    def _unit(self, alert: Alert) -> str:
        unit = METRICS[alert.metric].unit
        return self._currency if unit == "money" else unit

    def _value(self, reading: Reading) -> str:
        return self._figures.value(reading.figure.unit, reading.figure.value)

    def _change(self, reading: Reading) -> str:
        assert reading.before is not None
        return self._figures.change(DigestLine(reading.figure, reading.before))

    def _narrowed(self, alert: Alert) -> str:
        parts = [self._parts(alert.only)] if alert.only else []
        parts += [self.say("without", values=self._parts(alert.without))] if alert.without else []
        return self.say("narrowed", values=wording.listed(parts, self.language)) if parts else ""

    def _parts(self, values: Mapping[str, Any]) -> str:
        named = (self._figures.part(dimension, value) for dimension, each in values.items() for value in each)
        return wording.listed(named, self.language)
