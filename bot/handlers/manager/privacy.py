"""Requests about personal data, and what customers allowed: open, done, how long; opt-ins and opt-outs with change."""

import re
from datetime import timedelta
from statistics import median

from bot import wording
from bot.figures import FigureWords
from bot.handlers.manager.asking import ManagerTurn, asked_periods, default_period, words_of
from bot.messages import Reply, Table
from crm_core.reports.consents import ConsentLine, consents
from crm_core.reports.periods import Period
from crm_core.reports.privacy_requests import DEADLINE, PrivacyRequest, privacy_requests

SHOWN = 20
_ERASE = re.compile(r"eras|delet|forget|forgotten|wip|删|注销|遗忘|清除")
_ACCESS = re.compile(
    r"access|ask(?:ed)? for (?:their|his|her) data|copy of|see (?:their )?data|查阅|查看|要过自己|要数据"
)
_OPEN = re.compile(r"open|pending|overdue|waiting|late|outstanding|未|待|没处理|逾期|还有")


def privacy_report(turn: ManagerTurn) -> Reply:
    """Requests to see or erase data: how many came, are open, are late, were done, and how long it took."""
    turn.store.permit("privacy.read", "privacy requests", ("number", "asked", "done"))
    words, text = words_of(turn), turn.understanding.text.lower()
    zone = turn.services.settings.business.zone
    period = asked_periods(turn.understanding, turn.now, zone).period or default_period(turn.now, zone)
    kinds = [name for name, said in (("erase", _ERASE), ("access", _ACCESS)) if said.search(text)] or [
        "erase",
        "access",
    ]
    known = [one for one in privacy_requests(turn.store.session) if one.kind in kinds]
    lines = [words.say("privacy.title", period=words.period(period))]
    lines += [_line(turn, kind, [one for one in known if one.kind == kind], period, words) for kind in kinds]
    waiting = [one for one in known if one.done_at is None]
    done = [one for one in known if one.done_at and period.start <= one.done_at < period.end]
    shown = waiting if waiting and (_OPEN.search(text) or not done) else [*waiting, *reversed(done)]
    lines.append(words.say("privacy.how_to" if waiting else "privacy.none_open"))
    turn.memory.show("answer", "privacy")
    if not shown:
        return Reply(text="\n".join(lines))
    note = words.say("privacy.note", count=len(shown) - SHOWN) if len(shown) > SHOWN else ""
    rows = tuple(_row(turn, one, words) for one in shown[:SHOWN])
    columns = tuple(words.say(f"privacy.columns.{name}") for name in ("kind", "customer", "asked", "done", "took"))
    return Reply(text="\n".join(lines), table=Table(columns=columns, rows=rows, note=note))


def _line(turn: ManagerTurn, kind: str, known: list[PrivacyRequest], period: Period, words: FigureWords) -> str:
    came = [one for one in known if one.asked_at and period.start <= one.asked_at < period.end]
    done = [one for one in known if one.done_at and period.start <= one.done_at < period.end]
    waiting = [one for one in known if one.done_at is None]
    took = [one.took.total_seconds() for one in done if one.took is not None]
    return words.say(
        "privacy.line", kind=words.say(f"privacy.kinds.{kind}"), came=len(came), done=len(done), open=len(waiting),
        late=sum(one.is_overdue(turn.now) for one in waiting), days=DEADLINE.days,
        took=words.duration(median(took)) if took else words.say("unknown"),
    )  # fmt: skip


def _row(turn: ManagerTurn, one: PrivacyRequest, words: FigureWords) -> tuple[str, ...]:
    zone = turn.services.settings.business.zone
    span = one.took or (turn.now - one.asked_at if one.asked_at and not one.done_at else None)
    return (
        words.say(f"privacy.kinds.{one.kind}"),
        f"#{one.number}",
        wording.moment(one.asked_at, turn.language, zone) if one.asked_at else words.say("privacy.elsewhere"),
        wording.moment(one.done_at, turn.language, zone) if one.done_at else words.say("privacy.still_open"),
        _span(span, words) if span is not None else "–",
    )


def _span(span: timedelta, words: FigureWords) -> str:
    return words.duration(max(0.0, span.total_seconds()))


def consent_report(turn: ManagerTurn) -> Reply:
    """How many allow and refuse what on which channel, and what changed, against the period before."""
    turn.store.permit("consent.read", "customers", ("consent",))
    words, said = words_of(turn), turn.understanding
    zone = turn.services.settings.business.zone
    asked = asked_periods(said, turn.now, zone)
    period = asked.period or default_period(turn.now, zone)
    before = asked.compared or period.before()
    if period.start >= turn.now:
        return Reply(text=words.say("figures.ahead", period=words.period(period)))
    kind, channel = str(said.first("consent_type") or ""), str(said.first("channel") or "")
    found = consents(turn.store.session, period, before, kind=kind, channel=channel)
    lines = [words.say("consents.title", period=words.period(period), before=words.compared(before))]
    narrowed = [words.say(f"consents.kinds.{kind}")] if kind else []
    narrowed += [words.part("channel", channel)] if channel else []
    if narrowed:
        lines.append(words.say("figures.only", values=words.say("figures.and").join(narrowed)))
    turn.memory.show("answer", "consents")
    lines.append(words.say("consents.customers", count=found.customers))
    if not found.lines:
        return Reply(text="\n".join([*lines, words.say("consents.nothing")]))
    columns = ("kind", "channel", "allowed", "refused", "opted_in", "opted_out", "silent")
    table = Table(
        columns=tuple(words.say(f"consents.columns.{name}") for name in columns),
        rows=tuple(_consent_row(line, found.customers, words) for line in found.lines),
        note=words.say("consents.note"),
    )
    return Reply(text="\n".join(lines), table=table)


def _consent_row(line: ConsentLine, customers: int, words: FigureWords) -> tuple[str, ...]:
    def changed(now: int, before: int) -> str:
        return f"{now} ({now - before:+d})".replace("-", "−") if now != before else f"{now} (±0)"

    return (
        words.say(f"consents.kinds.{line.kind}") if line.kind in KNOWN_KINDS else line.kind,
        words.part("channel", line.channel) if line.channel else words.say("consents.all_channels"),
        changed(line.allowed, line.allowed_before),
        changed(line.refused, line.refused_before),
        str(line.opted_in),
        str(line.opted_out),
        str(max(0, customers - line.allowed - line.refused)),
    )


KNOWN_KINDS = ("marketing", "service", "profiling")
