"""Digests paused, resumed and stopped in words: one, or all; asked back where several fit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.manager.alerts import NAMES_ALERTS, SPOKEN_OF, pause_alerts
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.digest_choice import EVERY, IT, by_number, meant, note, spoken_of, which
from bot.handlers.manager.digest_plans import lines_of, listed, next_of, none_yet
from bot.handlers.manager.digest_reading import NAMED, RESUMED, STOPPED, said_kind, zone_of
from bot.handlers.manager.digest_sharing import tell_stopped
from bot.messages import Choice, Reply
from crm_core import digest_plans
from crm_core.models import DigestPlan
from crm_core.reports.periods import local_moment
from crm_core.staff.colleagues import colleagues, mentioned

HALT = "digest_halt"
"""In the memory: what is to be done, while we ask with which digest."""
_UNTIL = re.compile(r"(?<![a-z])(?:until|till|before).*|(?:到|至|直到).*")


_ORDERED = re.compile(rf"(?<![a-z])(?:pause|hold|skip|snooze)(?![a-z])|暂停|先别|{RESUMED.pattern}|{STOPPED.pattern}")
"""What is said anew, though we asked which one."""


@dataclass(frozen=True, slots=True)
class Halt:
    """What is to be done. `way`: pause, resume, stop, or only (this one, no other of its kind)."""

    way: str
    since: datetime | None = None
    until: datetime | None = None

    def button(self, number: str) -> str:
        """As the value of a button."""
        moments = (str(int(at.timestamp())) if at else "" for at in (self.since, self.until))
        return f"digest_pause:{self.way}:{number}:{':'.join(moments)}".rstrip(":")


def digest_pause(turn: ManagerTurn) -> Reply:
    """No digest for some time, or ever; or again."""
    said = turn.understanding.text.lower()[:600]
    plans = digest_plans.plans_of(turn.store)
    if turn.message.kind == "button":
        return _pressed(turn, plans)
    of_alert = NAMES_ALERTS.search(said) or (turn.memory.latest == SPOKEN_OF and IT.search(said))
    if of_alert and not NAMED.search(said):
        return pause_alerts(turn)
    others = {one.id for one in mentioned(colleagues(turn.store.session), said)} - {turn.speaker.staff_id}
    if others:
        return _of_others(turn, others, said)
    return _halted(turn, plans, said) if plans else none_yet(turn)


def _halted(turn: ManagerTurn, plans: Sequence[DigestPlan], said: str) -> Reply:
    halt = (None if _ORDERED.search(said) else _kept(turn)) or _read(turn, said)
    fitting = meant(turn, _able(plans, halt, turn.now), _UNTIL.sub("", said))
    if not (turn.question or said_kind(said) or turn.message.kind == "command" or NAMED.search(said)):
        known = spoken_of(turn) if IT.search(said) or halt.until else None
        last = [plan for plan in plans if plan.number == known]
        if not last and not EVERY.search(said):
            return _meant_at_all(turn, fitting, halt)
        fitting = last or fitting
    if len(fitting) > 1 and not EVERY.search(_UNTIL.sub("", said)):
        turn.memory.show(HALT, halt.button("?"))
        return which(turn, fitting, listed(turn, fitting), halt.button("{number}"), all_of_them=True)
    return _done(turn, fitting, halt)


def _read(turn: ManagerTurn, said: str) -> Halt:
    since, until = (None, None) if by_number(said) else _span(turn)
    resumes = bool(RESUMED.search(said))
    ends = not resumes and bool(STOPPED.search(said)) and until is None
    return Halt("resume" if resumes else "stop" if ends else "pause", since, until)


def _kept(turn: ManagerTurn) -> Halt | None:
    """What was asked for before we asked which one."""
    kept = turn.memory.shown(HALT) if turn.question else None
    return _of_button(kept.removeprefix("digest_pause:"))[0] if isinstance(kept, str) else None


def _of_button(argument: str) -> tuple[Halt, str]:
    way, number, since, until = [*argument.split(":"), "", "", ""][:4]
    return Halt(way, _moment(since), _moment(until)), number


def _moment(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdecimal() and len(seconds) < 12 else None


def _pressed(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> Reply:
    halt, number = _of_button(turn.argument)
    fitting = [plan for plan in plans if number in ("", "all", str(plan.number), plan.kind)]
    if not fitting:
        return none_yet(turn)
    return _done(turn, fitting, halt)


def _able(plans: Sequence[DigestPlan], halt: Halt, now: datetime) -> Sequence[DigestPlan]:
    """What goes on again is paused now; what is paused is not."""
    paused = halt.way == "resume"
    fitting = [plan for plan in plans if digest_plans.is_paused(plan, now) is paused] if halt.way != "stop" else []
    return fitting or plans


def _of_others(turn: ManagerTurn, staff_ids: set[int], said: str) -> Reply:
    """What the speaker added for a colleague they may stop, too; no more of it is theirs."""
    plans = [plan for plan in digest_plans.given_to(turn.store) if plan.staff_id in staff_ids]
    kind = said_kind(said)
    plans = [plan for plan in plans if kind in ("", plan.kind)]
    if not plans or not STOPPED.search(said):
        return turn.reply("digests.not_yours")
    told = lines_of(turn, plans)
    tell_stopped(turn, plans)
    for plan in plans:
        digest_plans.end(turn.store, plan)
    return Reply(text="\n".join(turn.say("digests.stopped", plan=line) for line in told))


def _done(turn: ManagerTurn, plans: Sequence[DigestPlan], halt: Halt) -> Reply:
    turn.memory.forget(HALT)
    if halt.way == "only":
        kept = plans[0]
        plans = [each for each in digest_plans.plans_of(turn.store) if each.kind == kept.kind and each is not kept]
    if halt.way in ("stop", "only"):
        told = lines_of(turn, plans)
        for plan in plans:
            digest_plans.end(turn.store, plan)
        return Reply(text="\n".join(turn.say("digests.stopped", plan=line) for line in told) or none_yet(turn).text)
    lines = []
    for plan in plans:
        _put(plan, halt, turn.now)
        digest_plans.keep(turn.store, plan)
        lines.append(_line(turn, plan, halt))
    note(turn, plans[0])
    number = str(plans[0].number) if len(plans) == 1 else "all"
    ways = ("pause" if halt.way == "resume" else "resume", "stop")
    buttons = [
        Choice(label=turn.say(f"digests.buttons.{way}"), value=f"digest_pause:{way}:{number}") for way in ways
    ]  # fmt: skip
    return Reply(text="\n".join([*lines, *next_of(turn, plans)]), choices=tuple(buttons))


def _put(plan: DigestPlan, halt: Halt, now: datetime) -> None:
    if halt.way != "resume":
        plan.paused_from, plan.paused_until = halt.since or now, halt.until
        return
    plan.paused_from, plan.paused_until = None, None
    if halt.since and halt.since > now:  # "again from tomorrow"
        plan.paused_from, plan.paused_until = now, halt.since


def _meant_at_all(turn: ManagerTurn, plans: Sequence[DigestPlan], halt: Halt) -> Reply:
    """Nothing that was said names a digest, so nothing is paused before a button says so."""
    number = str(plans[0].number) if len(plans) == 1 else "all"
    way = "resume" if halt.way == "resume" else "pause"
    first = Halt(way, halt.since, halt.until)
    buttons = (
        Choice(label=turn.say(f"digests.buttons.{way}"), value=first.button(number)),
        Choice(label=turn.say("digests.buttons.stop"), value=f"digest_pause:stop:{number}"),
    )
    return Reply(text=turn.say("digests.meant_at_all", plans=listed(turn, plans)), choices=buttons)


def _line(turn: ManagerTurn, plan: DigestPlan, halt: Halt) -> str:
    line = lines_of(turn, [plan])[0]
    if halt.way == "resume":
        return turn.say("digests.resumed", plan=line)
    if plan.paused_until is None:
        return turn.say("digests.paused", plan=line)
    until = wording.moment(plan.paused_until, turn.language, plan.zone)
    if plan.paused_from and plan.paused_from > turn.now:
        since = wording.moment(plan.paused_from, turn.language, plan.zone)
        return turn.say("digests.paused_between", since=since, until=until, plan=line)
    return turn.say("digests.paused_until", when=until, plan=line)


def _span(turn: ManagerTurn) -> tuple[datetime | None, datetime | None]:
    """From when to when: until Monday, next week, for ten days, tomorrow; (None, None) when nothing is said."""
    said, zone = turn.understanding, zone_of(turn)
    length, days, moment = said.first("duration"), said.first("date_range"), said.first("datetime")
    if isinstance(days, dict):
        begins, ends = days.get("start"), days.get("end")
        since = local_moment(date.fromisoformat(begins), time(), zone) if begins else None
        until = local_moment(date.fromisoformat(ends), time(), zone) if ends else None
        return since, until
    if isinstance(length, dict) and length:
        return None, turn.now + timedelta(**length)
    if isinstance(moment, str):
        return None, datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(turn.now.tzinfo)
    return None, None
