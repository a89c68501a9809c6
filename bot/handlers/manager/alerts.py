"""Figures that a manager wants to be warned of: set in a sentence, listed, looked into, stopped."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from bot import wording
from bot.alert_words import AlertWords
from bot.handlers.agent.asking import hushed
from bot.handlers.manager.alert_reading import Watch, read_watch
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.digest_choice import IT
from bot.handlers.manager.digest_reading import RESUMED
from bot.handlers.manager.evidence import FIELDS, PAGE, evidence_table, show_evidence
from bot.handlers.manager.metrics import answered
from bot.handlers.manager.queries import Query
from bot.messages import Choice, Reply
from bot.staff import listed_entry
from bot.staff_places import missing, own_channel
from crm_core import alerts
from crm_core.digest_plans import is_paused
from crm_core.models import Alert
from crm_core.reports.evidence import KINDS
from crm_core.reports.metrics import METRICS
from crm_core.reports.periods import local_moment
from crm_core.reports.subjects import PRODUCT, records_of, subjects
from crm_core.staff.colleagues import colleagues, mentioned

NAMES_ALERTS = re.compile(r"(?<![a-z])(?:alerts?|alarms?|warnings?)(?![a-z])|警报|提醒|预警")
_PAUSE = re.compile(r"^(?:please )?(?:pause|snooze|mute|silence)(?![a-z])|暂停")
_RESUME = re.compile(r"^(?:please )?(?:resume|unpause|restart|continue)(?![a-z])|恢复|继续|取消暂停")
_UNTIL = re.compile(r"(?<![a-z])(?:until|till|for)(?![a-z]).*|(?:到|至|直到).*")
SPOKEN_OF = "alert"
"""In the memory: the number of the alert that "it" means, if nothing else was spoken of since."""
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
    r"(?<![a-z])(?:drops?|falls?|declines?|decreases?|goes? down|down|shrinks?|halves?|loses?|lower)(?![a-z])"
    r"|下降|下跌|跌|掉|减少|下滑|降|少了"
)
_RISE = re.compile(
    r"(?<![a-z])(?:rises?|grows?|increases?|goes? up|up|spikes?|jumps?|doubles?|climbs?|soars?)(?![a-z])"
    r"|上升|上涨|涨|增加|增长|翻倍|翻番|暴增"
)
_SHARES = (
    (re.compile(r"(?<![a-z])doubles?(?![a-z])|翻倍|翻番"), 100.0),
    (re.compile(r"(?<![a-z])(?:halves?|(?:a |by )half)(?![a-z])|一半|腰斩"), 50.0),
    (re.compile(r"(?<![a-z])a third(?![a-z])|三分之一"), 100 / 3),
    (re.compile(r"(?<![a-z])a quarter(?![a-z])|四分之一"), 25.0),
    (re.compile(r"(?<![a-z])a (?:fifth)(?![a-z])|五分之一|两成|二成"), 20.0),
    (re.compile(r"(?<![a-z])a tenth(?![a-z])|十分之一|一成"), 10.0),
)
_WEEK = re.compile(r"(?<![a-z])(?:weeks?|weekly|7 days|seven days|wow)(?![a-z])|周|星期|礼拜|七天|7天")
_ANY = re.compile(
    r"(?<![a-z])(?:any|anybody|anyone|somebody|someone|a|an|first|each)(?![a-z])|有人|任何|一有|出现|冒头"
)
_GONE = re.compile(r"(?<![a-z])(?:sells? out|sold out|runs? out|out of stock|gone)(?![a-z])|缺货|断货|售罄|卖完|卖光")
_BACK = re.compile(r"(?<![a-z])(?:back in stock|restocked|in stock again|comes? back)(?![a-z])|补货|到货|又?有货")
_TELL = r"(?:(?<![a-z])(?:tell|inform|notify|warn|alert|ping|message|e?-?mail)|告诉|通知|提醒|发给|警告)"
_CHANNEL = re.compile(
    rf"{_TELL}[^,，]{{0,14}}?(#[\w-]+|(?:the|our) (?:\w+ )?(?:channel|team)|[\u4e00-\u9fff]{{0,4}}频道|全组|大群)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![a-z])(?:by |via )?e-?mail(?: me)?(?![a-z])|邮件|邮箱")


def alert_create(turn: ManagerTurn) -> Reply:
    """Watch a figure; or list, show or stop what is watched."""
    text = turn.understanding.text.lower()[:600]
    if turn.message.kind == "button":
        return _button(turn)
    if NAMES_ALERTS.search(text) and (_PAUSE.search(text) or _RESUME.search(text)):
        return pause_alerts(turn)
    if _STOP.search(text):
        return _stopped(turn, text)
    if _LIST.search(text):
        return _listed(turn)
    return _created(turn, text)


# --- watching -------------------------------------------------------------------------------------------------------
def _created(turn: ManagerTurn, text: str) -> Reply:
    words, watch = _words(turn), read_watch(turn, text)
    metric = watch.metric
    refused = _for_others(turn, words) or _not_watched(watch, words)
    if refused or metric is None:
        return refused or Reply(text=words.say("no_metric", metrics=_all_figures(words)))
    line = _line(turn, text, watch)
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
        only=watch.only, without=watch.without, language=turn.language, channel=channel,
        zone=turn.speaker.zone or turn.services.settings.business.zone,
    )  # fmt: skip
    reading = alerts.add(turn.store, alert)
    turn.memory.show(SPOKEN_OF, alert.number)
    lines = [words.say("kept", number=alert.number, what=words.what(alert)), words.now(reading)]
    lines += [words.say("already")] if reading.crossed else []
    stop = Choice(label=words.say("buttons.stop"), value=f"alert_create:stop:{alert.number}")
    return Reply(text="\n".join(lines), choices=(stop,), private=not turn.message.direct)


def _for_others(turn: ManagerTurn, words: AlertWords) -> Reply | None:
    """An alert for a colleague or a channel: these may not be given what they did not ask for."""
    text = turn.understanding.text
    named = {one.name for one in mentioned(colleagues(turn.store.session), text)} - {turn.speaker.name}
    named |= {one.name for one in turn.services.settings.staff if one.name} - {turn.speaker.name}
    others = [
        name for name in sorted(named) if re.search(rf"{_TELL}\s*{re.escape(name.split()[0])}", text, re.IGNORECASE)
    ]
    others += _CHANNEL.findall(text)
    return Reply(text=words.say("own_only", names=wording.listed(others, turn.language))) if others else None


def _not_watched(watch: Watch, words: AlertWords) -> Reply | None:
    """What is named and cannot be watched, with what can be."""
    metric = watch.metric
    if metric == alerts.STOCK:
        watch.only = {name: values for name, values in watch.only.items() if name == PRODUCT}
        return None if watch.only else Reply(text=words.say("of_what"))
    if metric not in METRICS or metric == "top_intents":
        return Reply(text=words.say("no_metric", metrics=_all_figures(words)))
    told = {"metric": words.metric(metric), "dimensions": words.dimensions(subjects(metric))}
    wrong = [name for name in watch.only if name not in subjects(metric)]
    wrong += [name for name in watch.without if name not in METRICS[metric].by]
    if wrong:
        return Reply(text=words.say("not_by", dimension=words.dimensions(wrong[:1]), **told))
    key = "alone" if watch.alone else "unknown" if watch.unknown else ""
    return Reply(text=words.say(key, name=watch.alone or watch.unknown, **told)) if key else None


def _all_figures(words: AlertWords) -> str:
    names = (words.metric(name) for name in (alerts.STOCK, *METRICS) if name != "top_intents")
    return wording.listed(dict.fromkeys(names), words.language)


_NEGATIVE = re.compile(r"(?<![\w%])[-−–]\s?\d[\d.,]*\s?(?:%|percent|per cent|个百分点)", re.IGNORECASE)
WHOLE = 100
"""Per cent: nothing falls by more."""


def _line(turn: ManagerTurn, text: str, watch: Watch) -> tuple[str, int] | str:
    """The test and its line in thousandths; or the phrase that says what is missing."""
    metric = watch.metric
    if metric == alerts.STOCK:
        return _line_of_stock(turn, text)
    assert metric is not None
    test, unit = _test(turn, text), METRICS[metric].unit
    if test in alerts.CHANGES:
        percent = _percent(turn, text)
        if unit in ("mood", "rating"):
            return "no_percent"
        if _NEGATIVE.search(text) or (test == "fall" and percent > WHOLE):
            return "impossible_percent"
        return test, round(percent * 1000)
    number = _number(turn, text, unit)
    if number is None and unit == "count" and not test and (watch.only or _ANY.search(text)):
        number = 0.0  # "when a VIP complains": the first one of the day
    return (test or "above", round(number * 1000)) if number is not None else "no_number"


def _line_of_stock(turn: ManagerTurn, text: str) -> tuple[str, int] | str:
    """Out of stock, back in stock, or below a number; a fall in per cent is none that one can order by."""
    if _BACK.search(text):
        return "above", 0
    number = _number(turn, text, "count")
    if number is None or _GONE.search(text):
        return ("below", 1000) if _GONE.search(text) else "no_number"
    return ("above" if _test(turn, text) == "above" else "below"), round(number * 1000)


def _names_masked(turn: ManagerTurn, text: str) -> str:
    """Without the names of products, in which numbers stand."""
    for one in turn.understanding.entities:
        if one.name == "product":
            text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


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
        found = _NUMBER.findall(_names_masked(turn, text))
        known = float(found[-1].replace(",", "").replace("−", "-")) if found else None
    if known is None:
        return None
    return known * {"mood": 1000, "money": 100, "seconds": 60}.get(unit, 1)


# --- what there is --------------------------------------------------------------------------------------------------
def _listed(turn: ManagerTurn) -> Reply:
    known, words = alerts.alerts_of(turn.store), _words(turn)
    if not known:
        return Reply(text=words.say("none"))
    return Reply(text="\n".join([words.say("list"), *_lines(known, words, turn.now)]), private=not turn.message.direct)


def _lines(known: list[Alert], words: AlertWords, now: datetime) -> list[str]:
    told = []
    for one in known:
        state = "rests" if is_paused(one, now) else "" if one.armed else "is_so"
        what = words.what(one)
        told.append("• " + words.say("one", number=one.number, what=what, state=words.say(state) if state else ""))
    return told


def _stopped(turn: ManagerTurn, text: str) -> Reply:
    known, words = alerts.alerts_of(turn.store), _words(turn)
    if not known:
        return Reply(text=words.say("none"))
    meant = _meant(turn, text, known)
    if not meant:
        fitting = _alike(known, read_watch(turn, text)) or known
        return Reply(text=words.say("which", list="\n".join(_lines(fitting, words, turn.now))))
    for one in meant:
        alerts.stop(turn.store, one)
    if len(meant) > 1:
        return Reply(text=words.say("stopped_all", count=len(meant)))
    return Reply(text=words.say("stopped", what=words.what(meant[0])))


def pause_alerts(turn: ManagerTurn) -> Reply:
    """Look no more for some time, or again."""
    text = turn.understanding.text.lower()[:600]
    known, words = alerts.alerts_of(turn.store), _words(turn)
    if not known:
        return Reply(text=words.say("none"))
    until, resumes = _until(turn), bool(_RESUME.search(text) or RESUMED.search(text))
    meant = _meant(turn, _UNTIL.sub("", text), known)
    if not meant:
        return Reply(text=words.say("which", list="\n".join(_lines(known, words, turn.now))))
    for one in meant:
        one.paused_from, one.paused_until = (None, None) if resumes else (turn.now, until)
    turn.memory.show(SPOKEN_OF, meant[-1].number)
    key = "resumed" if resumes else "paused_until" if until else "paused"
    when = {"when": wording.moment(until, turn.language, meant[0].zone)} if key == "paused_until" and until else {}
    turn.store.session.flush()
    return Reply(text="\n".join(words.say(key, what=words.what(one), number=one.number, **when) for one in meant))


def _until(turn: ManagerTurn) -> datetime | None:
    """Until when; None where nothing is said of it."""
    said, zone = turn.understanding, turn.speaker.zone or turn.services.settings.business.zone
    days, length = said.first("date_range"), said.first("duration")
    if isinstance(days, dict) and days.get("end"):
        return local_moment(date.fromisoformat(days["end"]), time(), zone)
    return turn.now + timedelta(**length) if isinstance(length, dict) and length else None


def _meant(turn: ManagerTurn, text: str, known: list[Alert]) -> list[Alert]:
    """The alerts that a sentence means; none where that is not clear."""
    known_as_it = IT.search(text) and turn.memory.latest == SPOKEN_OF and not NAMES_ALERTS.search(text)
    it = turn.memory.shown(SPOKEN_OF) if known_as_it else None
    numbers = (
        {it}
        if it is not None
        else {int(found) for found in re.findall(r"(?<!\d)\d{1,6}(?!\d)", _names_masked(turn, text))}
    )
    meant = [one for one in known if one.number in numbers] or _alike(known, read_watch(turn, text))
    if not meant and (len(known) == 1 or _ALL.search(text)):
        return known
    return meant if len(meant) == 1 or _ALL.search(text) or numbers else []


def _alike(known: list[Alert], watch: Watch) -> list[Alert]:
    """Those of the figure and the subject that are named; of the subject, where none fits both."""
    named = {(name, value) for name, values in watch.only.items() for value in values}
    of_figure = [one for one in known if watch.metric in (None, one.metric)] if watch.metric or named else []
    return [one for one in of_figure if named <= {(n, v) for n, each in one.only.items() for v in each}]


def _button(turn: ManagerTurn) -> Reply:
    way, _, number = turn.argument.strip().partition(":")
    known, words = alerts.alerts_of(turn.store), _words(turn)
    alert = next((one for one in known if str(one.number) == number), None)
    if alert is None:
        return _listed(turn)
    if way == "stop":
        alerts.stop(turn.store, alert)
        return Reply(text=words.say("stopped", what=words.what(alert)))
    return _shown(turn, alert, words)


def _shown(turn: ManagerTurn, alert: Alert, words: AlertWords) -> Reply:
    """The records that an alert counted."""
    period = alerts.period_of(alert, turn.now)
    if alert.metric == alerts.STOCK:
        return Reply(text=f"{words.what(alert)}\n{words.now(alerts.look(turn.store.session, alert, turn.now))}")
    if {*alert.only, *alert.without} <= set(METRICS[alert.metric].by):
        query = Query(alert.metric, period, period.before(), only=alert.only, without=alert.without)
        answered(turn, query)
        return show_evidence(turn)
    kind = METRICS[alert.metric].source.record.__tablename__
    right = "public.read" if kind == "posts" else "evidence.read"
    turn.store.permit(right, f"figure:{alert.metric}", FIELDS[KINDS[kind]])
    found = records_of(turn.store.session, alert.metric, period, alert.only, alert.without, PAGE)
    figures = words_of(turn)
    title = f"{words.about(alert)}, {figures.period(period)}"
    if not found.rows:
        return Reply(text=f"{title}\n{figures.say('evidence.none')}")
    note = figures.say("evidence.note", first=1, last=len(found.rows), total=found.total)
    return hushed(turn, Reply(text=title, table=evidence_table(turn, found, figures, note)))


def _words(turn: ManagerTurn) -> AlertWords:
    currency = turn.services.settings.business.currency
    return AlertWords(turn.services.phrases, turn.language, currency, turn.store.session)
