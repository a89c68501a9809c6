"""Figures that a manager wants to be warned of: set in a sentence, listed, looked into, stopped."""

import re
from datetime import timedelta
from typing import Any

from bot import wording
from bot.alert_words import AlertWords
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.evidence import show_evidence
from bot.handlers.manager.metrics import answered
from bot.handlers.manager.queries import Query, read
from bot.messages import Choice, Reply
from bot.staff import listed_entry
from bot.staff_places import missing, own_channel
from crm_core import alerts
from crm_core.colleagues import names_by_id
from crm_core.models import Alert
from crm_core.reports.metrics import METRICS, NotMeasured

USUAL_CHANGE = 20.0
"""Per cent of a change that is named without a number."""
_LIST = re.compile(
    r"(?<![a-z])(?:list|show|which|what)(?![a-z]).{0,25}(?<![a-z])(?:alerts?|watch(?:ing)?|warnings?)(?![a-z])"
    r"|(?:哪些|什么|看看|查看|列出|显示).{0,8}(?:警报|提醒|预警|盯)|(?:警报|提醒|预警)(?:有哪些|列表)"
)
_STOP = re.compile(
    r"(?<![a-z])(?:stop|cancel|delete|remove|drop|end|switch off|turn off|disable)(?![a-z]).{0,30}"
    r"(?<![a-z])(?:alerts?|warnings?|watch\w*)(?![a-z])"
    r"|(?<![a-z])(?:alerts?|warning)(?![a-z]).{0,12}(?<![a-z])off(?![a-z])"
    r"|(?:取消|停止|关掉|关闭|删掉?|删除|停掉|不要).{0,10}(?:警报|提醒|预警)|(?:警报|提醒|预警).{0,4}(?:取消|停掉|关掉|删掉|都不要)"
)
_ALL = re.compile(r"(?<![a-z])(?:all|every|everything|my alerts)(?![a-z])|全部|所有|都")
_NUMBER = re.compile(r"(?<![\d.])[-−]?\d[\d,]*(?:\.\d+)?")
_BELOW = re.compile(
    r"(?<![a-z])(?:below|under|less than|fewer than|lower than|beneath)(?![a-z])|<|低于|少于|不足|跌破|不到|小于"
)
_ABOVE = re.compile(
    r"(?<![a-z])(?:above|over|more than|higher than|exceeds?|past|beyond|reach(?:es)?)(?![a-z])"
    r"|>|超过|高于|多于|大于|达到|过了?|超"
)
_FALL = re.compile(
    r"(?<![a-z])(?:drops?|falls?|declines?|decreases?|goes? down|down|shrinks?|halves|loses?|lower)(?![a-z])"
    r"|下降|下跌|跌|掉|减少|下滑|降|少了"
)
_RISE = re.compile(
    r"(?<![a-z])(?:rises?|grows?|increases?|goes? up|up|spikes?|jumps?|doubles?|climbs?|soars?)(?![a-z])"
    r"|上升|上涨|涨|增加|增长|翻倍|翻番|暴增"
)
_SHARES = (
    (re.compile(r"(?<![a-z])doubles?(?![a-z])|翻倍|翻番"), 100.0),
    (re.compile(r"(?<![a-z])(?:halves|(?:a |by )half)(?![a-z])|一半|腰斩"), 50.0),
    (re.compile(r"(?<![a-z])a third(?![a-z])|三分之一"), 100 / 3),
    (re.compile(r"(?<![a-z])a quarter(?![a-z])|四分之一"), 25.0),
    (re.compile(r"(?<![a-z])a (?:fifth)(?![a-z])|五分之一|两成|二成"), 20.0),
    (re.compile(r"(?<![a-z])a tenth(?![a-z])|十分之一|一成"), 10.0),
)
_WEEK = re.compile(r"(?<![a-z])(?:weeks?|weekly|7 days|seven days|wow)(?![a-z])|周|星期|礼拜|七天|7天")
_BAD_REVIEWS = re.compile(r"差评|(?<![a-z])bad reviews?(?![a-z])")
_EMAIL = re.compile(r"(?<![a-z])(?:by |via )?e-?mail(?: me)?(?![a-z])|邮件|邮箱")


def alert_create(turn: ManagerTurn) -> Reply:
    """Watch a figure; or list, show or stop what is watched."""
    text = turn.understanding.text.lower()[:600]
    if turn.message.kind == "button":
        return _button(turn)
    if _STOP.search(text):
        return _stopped(turn, text)
    if _LIST.search(text):
        return _listed(turn)
    return _created(turn, text)


# --- watching -------------------------------------------------------------------------------------------------------
def _created(turn: ManagerTurn, text: str) -> Reply:
    words, said = _words(turn), read(turn, turn.store.session)
    metric = "complaints" if _BAD_REVIEWS.search(text) else said.metric
    if metric is None or metric == "top_intents":
        names = wording.listed((words.metric(name) for name in METRICS if name != "top_intents"), turn.language)
        return Reply(text=words.say("no_metric", metrics=names))
    line = _line(turn, text, metric)
    if isinstance(line, str):
        return Reply(text=words.say(line, metric=words.metric(metric)))
    channel = "email" if _EMAIL.search(text) else own_channel(turn.speaker.external_id)
    entry = listed_entry(turn.services.settings.staff, turn.speaker.external_id)
    problem = missing(turn.services.settings, entry, turn.speaker.external_id, channel)
    if problem:
        return turn.reply(f"digests.missing.{problem}")
    test, threshold = line
    alert = Alert(
        metric=metric, test=test, threshold_milli=threshold, window="week" if _WEEK.search(text) else "day",
        only=dict(said.only), without=dict(said.without), language=turn.language, channel=channel,
        zone=turn.speaker.zone or turn.services.settings.business.zone,
    )  # fmt: skip
    try:
        reading = alerts.add(turn.store, alert)
    except NotMeasured as error:
        dimension = turn.say(f"manager.dimensions.{error.wanted}")
        return Reply(text=words.say("not_by", metric=words.metric(metric), dimension=dimension))
    lines = [words.say("kept", number=alert.number, what=words.what(alert)), words.now(reading)]
    lines += [words.say("already")] if reading.crossed else []
    stop = Choice(label=words.say("buttons.stop"), value=f"alert_create:stop:{alert.number}")
    return Reply(text="\n".join(lines), choices=(stop,), private=not turn.message.direct)


_NEGATIVE = re.compile(r"(?<![\w%])[-−–]\s?\d[\d.,]*\s?(?:%|percent|per cent|个百分点)", re.IGNORECASE)
WHOLE = 100
"""Per cent: nothing falls by more."""


def _line(turn: ManagerTurn, text: str, metric: str) -> tuple[str, int] | str:
    """The test and its line in thousandths; or the phrase that says what is missing."""
    test = _test(turn, text)
    unit = METRICS[metric].unit
    if test in alerts.CHANGES:
        percent = _percent(turn, text)
        if unit in ("mood", "rating"):
            return "no_percent"
        if _NEGATIVE.search(text) or (test == "fall" and percent > WHOLE):
            return "impossible_percent"
        return test, round(percent * 1000)
    number = _number(turn, text, unit)
    return (test or "above", round(number * 1000)) if number is not None else "no_number"


def _test(turn: ManagerTurn, text: str) -> str:
    """Which way: a value that is passed, or a change. "Drops below 4" is a value, "drops by 20 %" a change."""
    changes = turn.understanding.first("percent") is not None or any(words.search(text) for words, _ in _SHARES)
    if not changes and _BELOW.search(text):
        return "below"
    if not changes and _ABOVE.search(text):
        return "above"
    if _FALL.search(text):
        return "fall"
    if _RISE.search(text) or changes:
        return "rise"
    comparator = turn.understanding.first("comparator")
    return {"<": "below", ">": "above"}.get(str(comparator)[:1], "")


def _percent(turn: ManagerTurn, text: str) -> float:
    said = turn.understanding.first("percent")
    if isinstance(said, int | float):
        return abs(float(said))
    return next((share for words, share in _SHARES if words.search(text)), USUAL_CHANGE)


def _number(turn: ManagerTurn, text: str, unit: str) -> float | None:
    """The line in the figure's own unit: seconds, thousandths of a mood, minor units of money."""
    said = turn.understanding
    length: Any = said.first("duration")
    if unit == "seconds" and isinstance(length, dict) and length:
        return timedelta(**length).total_seconds()
    amount: Any = said.first("money") or said.first("amount")
    if unit == "money" and isinstance(amount, dict) and "minor" in amount:
        return float(amount["minor"])
    plain = [said.first(name) for name in ("rating", "count")] if unit in ("rating", "count") else []
    known = next((float(value) for value in plain if isinstance(value, int | float)), None)
    if known is None:
        found = _NUMBER.findall(text)
        known = float(found[-1].replace(",", "").replace("−", "-")) if found else None
    if known is None:
        return None
    return known * {"mood": 1000, "money": 100, "seconds": 60}.get(unit, 1)


# --- what there is --------------------------------------------------------------------------------------------------
def _listed(turn: ManagerTurn) -> Reply:
    known, words = alerts.alerts_of(turn.store), _words(turn)
    if not known:
        return Reply(text=words.say("none"))
    return Reply(text="\n".join([words.say("list"), *_lines(known, words)]), private=not turn.message.direct)


def _lines(known: list[Alert], words: AlertWords) -> list[str]:
    return [
        "• "
        + words.say(
            "one", number=one.number, what=words.what(one), state="" if one.armed else words.say("is_so")
        )
        for one in known
    ]  # fmt: skip


def _stopped(turn: ManagerTurn, text: str) -> Reply:
    known, words = alerts.alerts_of(turn.store), _words(turn)
    if not known:
        return Reply(text=words.say("none"))
    numbers = {int(found) for found in re.findall(r"(?<!\d)\d{1,6}(?!\d)", text)}
    metric = read(turn, turn.store.session).metric
    meant = [one for one in known if one.number in numbers] or [one for one in known if one.metric == metric]
    if not meant and (len(known) == 1 or _ALL.search(text)):
        meant = known
    if not meant or (len(meant) > 1 and not _ALL.search(text) and not numbers):
        return Reply(text=words.say("which", list="\n".join(_lines(known, words))))
    for one in meant:
        alerts.stop(turn.store, one)
    if len(meant) > 1:
        return Reply(text=words.say("stopped_all", count=len(meant)))
    return Reply(text=words.say("stopped", what=words.what(meant[0])))


def _button(turn: ManagerTurn) -> Reply:
    way, _, number = turn.argument.strip().partition(":")
    known, words = alerts.alerts_of(turn.store), _words(turn)
    alert = next((one for one in known if str(one.number) == number), None)
    if alert is None:
        return _listed(turn)
    if way == "stop":
        alerts.stop(turn.store, alert)
        return Reply(text=words.say("stopped", what=words.what(alert)))
    period = alerts.period_of(alert, turn.now)
    query = Query(alert.metric, period, period.before(), only=alert.only, without=alert.without)
    answered(turn, query)
    return show_evidence(turn)


def _words(turn: ManagerTurn) -> AlertWords:
    currency = turn.services.settings.business.currency
    return AlertWords(turn.services.phrases, turn.language, currency, names_by_id(turn.store.session))
