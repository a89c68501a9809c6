"""Regular digests of one's own: set, changed, paused, stopped in words; what was understood is said back."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.digest_parts import PARTS
from bot.digest_plan_words import spoken
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.digest_reading import (
    LISTING,
    NAMED,
    NO_TIME,
    RESUMED,
    STOPPED,
    Wish,
    read_wish,
    said_kind,
    zone_of,
)
from bot.messages import Choice, Reply
from bot.staff import listed_entry
from bot.staff_places import masked, missing, own_channel
from crm_core import digest_plans
from crm_core.colleagues import colleagues, mentioned
from crm_core.models import DigestPlan
from crm_core.reports.periods import local_moment

NINE = 9 * 60


def digest_schedule(turn: ManagerTurn) -> Reply:
    """A new digest, or another time for the one of the same kind."""
    if LISTING.search(turn.understanding.text.lower()):
        return digest_list(turn)
    wish = read_wish(turn)
    kind = wish.kind or "daily"
    known = next((plan for plan in digest_plans.plans_of(turn.store) if plan.kind == kind), None)
    plan = known or _usual(turn, kind)
    refused = _refused(turn, wish, plan.channel)
    if refused:
        return refused
    wish.put(plan, whole=True)
    plan.since, plan.paused_from, plan.paused_until = turn.now, None, None
    digest_plans.keep(turn.store, plan)
    return _told(turn, "digests.kept", plan, wish.notes)


def digest_change(turn: ManagerTurn) -> Reply:
    """Whatever the sentence says of time, days, zone, language, channel or parts; all else stays."""
    if LISTING.search(turn.understanding.text.lower()):
        return digest_list(turn)
    plans = digest_plans.plans_of(turn.store)
    if not plans:
        return digest_schedule(turn) if read_wish(turn).schedule else _none(turn)
    wish = read_wish(turn)
    refused = _refused(turn, wish)
    if refused:
        return refused
    plan = _meant(plans, wish.kind)
    if plan is None or any(other.kind == wish.kind for other in plans if other is not plan):
        return _which(turn, plans)
    return _changed(turn, plan, wish)


def _changed(turn: ManagerTurn, plan: DigestPlan, wish: Wish) -> Reply:
    before = _lines(turn, [plan])
    wish.put(plan, whole=False)
    if _lines(turn, [plan]) == before:
        names = wording.listed((turn.say(f"digests.parts.{name}") for name in PARTS), turn.language)
        return Reply(text="\n".join([turn.say("digests.unchanged", parts=names), *wish.notes, *before]))
    plan.since = turn.now
    digest_plans.keep(turn.store, plan)
    return _told(turn, "digests.changed", plan, wish.notes)


def digest_pause(turn: ManagerTurn) -> Reply:
    """No digest for some time, or ever; or again."""
    said = turn.understanding.text.lower()
    way, _, named = turn.argument.partition(":") if turn.message.kind == "button" else ("", "", "")
    kind = named or said_kind(turn)
    plans = [plan for plan in digest_plans.plans_of(turn.store) if kind in ("", plan.kind)]
    if not plans:
        return _none(turn)
    if not (way or kind or turn.message.kind == "command" or NAMED.search(said)):
        return _meant_at_all(turn, plans)
    resumes = way == "resume" or (not way and bool(RESUMED.search(said)))
    ends = way == "stop" or (not way and not resumes and bool(STOPPED.search(said)))
    since, until = (None, None) if way else _span(turn)
    if ends and until is None:
        told = _lines(turn, plans)
        for plan in plans:
            digest_plans.end(turn.store, plan)
        return Reply(text="\n".join(turn.say("digests.stopped", plan=line) for line in told))
    lines = []
    for plan in plans:
        if resumes:
            plan.paused_from, plan.paused_until = None, None
            if since and since > turn.now:  # "again from tomorrow"
                plan.paused_from, plan.paused_until = turn.now, since
        else:
            plan.paused_from, plan.paused_until = since or turn.now, until
        digest_plans.keep(turn.store, plan)
        lines.append(_paused(turn, plan, resumes=resumes))
    way = "pause" if resumes else "resume"
    suffix = f":{plans[0].kind}" if len(plans) == 1 else ":"
    buttons = [
        Choice(label=turn.say(f"digests.buttons.{each}"), value=f"digest_pause:{each}{suffix}")
        for each in (way, "stop")
    ]
    return Reply(text="\n".join([*lines, *_next(turn, plans)]), choices=tuple(buttons))


def _meant_at_all(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> Reply:
    """Nothing that was said names a digest, so nothing is paused before a button says so."""
    told = "\n".join(f"• {line}" for line in _lines(turn, plans))
    buttons = (
        Choice(label=turn.say("digests.buttons.pause"), value="digest_pause:pause:"),
        Choice(label=turn.say("digests.buttons.stop"), value="digest_pause:stop:"),
    )
    return Reply(text=turn.say("digests.meant_at_all", plans=told), choices=buttons)


def digest_list(turn: ManagerTurn) -> Reply:
    """All of the speaker's."""
    plans = digest_plans.plans_of(turn.store)
    if not plans:
        return _none(turn)
    return Reply(
        text="\n".join([turn.say("digests.now"), *(f"• {line}" for line in _lines(turn, plans)), *_next(turn, plans)])
    )


# --- what is meant --------------------------------------------------------------------------------------------------
def _usual(turn: ManagerTurn, kind: str) -> DigestPlan:
    every = {"daily": "day", "weekly": "week", "monthly": "month"}[kind]
    return DigestPlan(
        kind=kind, every=every, interval=1, weekdays=[0], month_day=1, minute=NINE, zone=zone_of(turn),
        language=turn.language, channel=own_channel(turn.speaker.external_id), parts=[],
    )  # fmt: skip


def _meant(plans: Sequence[DigestPlan], kind: str) -> DigestPlan | None:
    """The one of the kind that is named; the only one there is: "from daily to weekly" makes it the other."""
    fitting = next((plan for plan in plans if plan.kind == kind), None)
    return fitting or (plans[0] if len(plans) == 1 else None)


def _refused(turn: ManagerTurn, wish: Wish, usual: str = "") -> Reply | None:
    """What cannot be: for others, to a channel, to another address, where nothing leads (`usual`, if none is named)."""
    impossible = NO_TIME.search(turn.understanding.text[:600])
    if impossible or wish.hourly:
        key = "digests.no_such_time" if impossible else "digests.no_hours"
        return turn.reply(key, time=impossible[0] if impossible else "")
    others = [one.name for one in mentioned(colleagues(turn.store.session), turn.understanding.text)]
    others = [name for name in others if name != turn.speaker.name]
    if others:
        return turn.reply("digests.own_only", names=wording.listed(others, turn.language))
    if wish.to_channel:
        return turn.reply("digests.no_channels")
    own = _address(turn)
    if wish.address and wish.address.casefold() != own.casefold():
        known = turn.say("digests.not_listed_known", address=masked(own)) if own else ""
        return turn.reply("digests.not_listed", known=known)
    channel = wish.channel or usual
    if channel:
        entry = listed_entry(turn.services.settings.staff, turn.speaker.external_id)
        problem = missing(turn.services.settings, entry, turn.speaker.external_id, channel)
        return turn.reply(f"digests.missing.{problem}") if problem else None
    return None


def _address(turn: ManagerTurn) -> str:
    entry = listed_entry(turn.services.settings.staff, turn.speaker.external_id)
    return entry.email if entry else ""


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


# --- answers --------------------------------------------------------------------------------------------------------
def _lines(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> list[str]:
    return [spoken(plan, turn.services.phrases, turn.language, _address(turn)) for plan in plans]


def _next(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> list[str]:
    due = [found for plan in plans if (found := digest_plans.next_due(plan, turn.now))]
    if not due:
        return []
    first = min(due, key=lambda each: each.at)
    zone = next(plan.zone for plan in plans if digest_plans.next_due(plan, turn.now) == first)
    return [turn.say("digests.next", when=wording.moment(first.at, turn.language, zone))]


def _told(turn: ManagerTurn, key: str, plan: DigestPlan, notes: Sequence[str]) -> Reply:
    text = "\n".join([turn.say(key, plan=_lines(turn, [plan])[0]), *_next(turn, [plan]), *notes])
    choices = (
        Choice(label=turn.say("digests.buttons.now"), value="digest_now", style="primary"),
        Choice(label=turn.say("digests.buttons.pause"), value=f"digest_pause:pause:{plan.kind}"),
        Choice(label=turn.say("digests.buttons.stop"), value=f"digest_pause:stop:{plan.kind}"),
    )
    return Reply(text=text, choices=choices, private=not turn.message.direct)


def _paused(turn: ManagerTurn, plan: DigestPlan, *, resumes: bool) -> str:
    line = _lines(turn, [plan])[0]
    if resumes:
        return turn.say("digests.resumed", plan=line)
    if plan.paused_until is None:
        return turn.say("digests.paused", plan=line)
    until = wording.moment(plan.paused_until, turn.language, plan.zone)
    if plan.paused_from and plan.paused_from > turn.now:
        since = wording.moment(plan.paused_from, turn.language, plan.zone)
        return turn.say("digests.paused_between", since=since, until=until, plan=line)
    return turn.say("digests.paused_until", when=until, plan=line)


def _none(turn: ManagerTurn) -> Reply:
    return Reply(text=f"{turn.say('digests.none')}\n{turn.say('digests.team')}")


def _which(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> Reply:
    told = "\n".join(f"• {line}" for line in _lines(turn, plans))
    return Reply(text=f"{turn.say('digests.which', plans=told)}\n{turn.say('digests.which_again')}")
