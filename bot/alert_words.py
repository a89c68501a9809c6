"""Alerts in words: what is watched, how it stands, why a message about it came."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import wording
from bot.figures import FigureWords
from bot.messages import Choice, Reply
from bot.phrases import Phrases
from crm_core.alerts import CHANGES, STOCK, Reading
from crm_core.catalogue import product_name
from crm_core.models import Alert, Segment
from crm_core.reports.digest import DigestLine
from crm_core.reports.metrics import METRICS
from crm_core.reports.subjects import SAYS, SEGMENT, SPOKEN
from crm_core.staff.colleagues import names_by_id


class AlertWords:
    """Says alerts in one language. `currency`: of money that is not measured yet."""

    def __init__(self, phrases: Phrases, language: str, currency: str, session: Session) -> None:
        self._phrases, self._currency, self._session = phrases, currency, session
        product = partial(product_name, session, language=language)
        self._figures = FigureWords(phrases, language, names_by_id(session), product)
        self.language = language

    def say(self, key: str, **values: object) -> str:
        """A phrase below `alerts`."""
        return self._phrases(f"alerts.{key}", self.language, **values)

    def metric(self, name: str) -> str:
        """A figure's name."""
        own = f"alerts.figures.{name}"
        return self._phrases(own, self.language) if self._phrases.has(own) else self._figures.metric(name)

    def what(self, alert: Alert) -> str:
        """What is watched: mood of VIP customers below -0.20 in seven days."""
        number = alert.threshold_milli / 1000
        value = f"{round(number, 1):g} %" if alert.test in CHANGES else self._figures.value(self._unit(alert), number)
        counted = self._unit(alert) == "count"
        key = "any" if alert.test == "above" and not number and counted and alert.metric != STOCK else alert.test
        test = self.say(f"tests.{key}", metric=self.about(alert), **({} if key == "any" else {"value": value}))
        if alert.metric == STOCK:
            return test
        window = self.say(f"windows.{alert.test}_{alert.window}")
        space = "，" if self.language == "zh" else " "
        return f"{test}{space}{window}"

    def about(self, alert: Alert) -> str:
        """The figure and its subject: complaints about T3, 上海的销售额."""
        complaints = list(alert.only.get("need", ())) == ["complain"]
        said = self.metric(f"{alert.metric}_complaints" if complaints else alert.metric)
        for dimension, values in alert.only.items():
            if dimension == "need" and complaints:
                continue
            told = self.say("or").join(self.subject(dimension, value) for value in values)
            key = f"of.about_{dimension}" if alert.metric in (*SPOKEN, *_POSTS) else ""
            known = self._phrases.has(f"alerts.{key}") if key else False
            said = self.say(key if known else f"of.{dimension}", figure=said, values=told)
        for dimension, values in alert.without.items():
            told = self.say("or").join(self.subject(dimension, value) for value in values)
            said = self.say("of.without", figure=said, values=told)
        return said

    def subject(self, dimension: str, value: str) -> str:
        """What one value is called."""
        if dimension == SAYS:
            return self.say("quoted", word=value)
        if dimension != SEGMENT:
            return self._figures.part(dimension, value)
        name = Segment.name_zh if self.language == "zh" else Segment.name_en
        return self._session.scalar(select(name).where(Segment.name == value)) or value

    def dimensions(self, names: Sequence[str]) -> str:
        """What a figure can be narrowed by."""
        return wording.listed((self._dimension(name) for name in names), self.language)

    def _dimension(self, name: str) -> str:
        own = f"alerts.dimensions.{name}"
        return self._phrases(own if self._phrases.has(own) else f"manager.dimensions.{name}", self.language)

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
        period = [] if alert.metric == STOCK else [self.say("period", period=self._figures.period(reading.period))]
        choices = (
            Choice(label=self.say("buttons.show"), value=f"alert_create:show:{alert.number}", style="primary"),
            Choice(label=self.say("buttons.stop"), value=f"alert_create:stop:{alert.number}"),
        )
        text = "\n".join([head, *period, self.say("why", number=alert.number)])
        return Reply(text=text, subject=head, choices=choices if buttons else ())

    def _unit(self, alert: Alert) -> str:
        unit = "count" if alert.metric == STOCK else METRICS[alert.metric].unit
        return self._currency if unit == "money" else unit

    def _value(self, reading: Reading) -> str:
        return self._figures.value(reading.figure.unit, reading.figure.value)

    def _change(self, reading: Reading) -> str:
        assert reading.before is not None
        return self._figures.change(DigestLine(reading.figure, reading.before))


_POSTS = tuple(name for name, metric in METRICS.items() if "network" in metric.by)
