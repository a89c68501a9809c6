"""Regular digests of one's own: set and changed in words; what was understood is said back."""

import re
from collections.abc import Sequence
from dataclasses import asdict, replace

from bot import wording
from bot.digest_parts import PARTS
from bot.digest_plan_words import spoken
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.digest_choice import meant, note, old_words, which
from bot.handlers.manager.digest_reading import LISTING, NO_TIME, Wish, read_wish, zone_of
from bot.handlers.manager.digest_sharing import given, recipient, shared_lines
from bot.messages import Choice, Reply
from bot.staff import listed_entry
from bot.staff_places import masked, missing, own_channel
from crm_core import digest_plans
from crm_core.models import DigestPlan

NINE = 9 * 60
SHOWN = 3
"""Other digests that are told again when one is added; more of them are counted."""
_INSTEAD = re.compile(r"(?<![a-z])(?:instead|rather than|no longer)(?![a-z])|改[成到为]|换成|而不是")
WISH = "digest_wish"
"""In the memory: what is to be changed, while we ask of which digest."""


def digest_schedule(turn: ManagerTurn) -> Reply:
    """One more digest; of several times of day, one each."""
    text = turn.understanding.text.lower()[:600]
    if LISTING.search(text):
        return digest_list(turn)
    wish, known = read_wish(turn), digest_plans.plans_of(turn.store)
    if known and _INSTEAD.search(text):
        return digest_change(turn)
    other = recipient(turn)
    if isinstance(other, Reply):
        return other
    if other is not None:
        return _refused(turn, wish) or given(turn, other, _planned(turn, wish))
    return _scheduled(turn, wish, known)


def _scheduled(turn: ManagerTurn, wish: Wish, known: Sequence[DigestPlan]) -> Reply:
    usual = _usual(turn, wish.kind or "daily")
    refused = _refused(turn, wish, usual.channel)
    if refused:
        return refused
    plans = list(_planned(turn, wish))
    fresh = [plan for plan in plans if not any(_same(plan, one) for one in known)]
    if not fresh:
        return Reply(text="\n".join([turn.say("digests.already"), listed(turn, known)]))
    for plan in fresh:
        digest_plans.add(turn.store, plan)
    return _added(turn, fresh, known, wish.notes)


def _planned(turn: ManagerTurn, wish: Wish) -> Sequence[DigestPlan]:
    plans = []
    for minute in wish.minutes or (NINE,):
        plan = _usual(turn, wish.kind or "daily")
        replace(wish, minutes=(minute,)).put(plan, whole=True)
        plan.since = turn.now
        plans.append(plan)
    return plans


def _same(one: DigestPlan, other: DigestPlan) -> bool:
    names = ("every", "interval", "weekdays", "month_day", "nth", "minute", "zone", "channel", "parts", "language")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _added(turn: ManagerTurn, plans: Sequence[DigestPlan], known: Sequence[DigestPlan], notes: Sequence[str]) -> Reply:
    """What is new, and what there was before, which goes on."""
    lines = [turn.say("digests.kept", plan=line) for line in lines_of(turn, plans)]
    lines += next_of(turn, plans)
    lines += [turn.say("digests.goes_on", plans=listed(turn, known))] if 0 < len(known) <= SHOWN else []
    lines += [turn.say("digests.all_go_on", count=len(known))] if len(known) > SHOWN else []
    note(turn, plans[-1])
    number = plans[-1].number
    choices = [
        Choice(label=turn.say("digests.buttons.now"), value="digest_now", style="primary"),
        Choice(label=turn.say("digests.buttons.pause"), value=f"digest_pause:pause:{number}"),
        Choice(label=turn.say("digests.buttons.stop"), value=f"digest_pause:stop:{number}"),
    ]
    if any(one.kind == plans[-1].kind for one in known):
        choices.append(Choice(label=turn.say("digests.buttons.only"), value=f"digest_pause:only:{number}"))
    return Reply(text="\n".join([*lines, *notes]), choices=tuple(choices), private=not turn.message.direct)


def digest_change(turn: ManagerTurn) -> Reply:
    """Whatever the sentence says of time, days, zone, language, channel or parts; all else stays."""
    text = turn.understanding.text.lower()[:600]
    plans = digest_plans.plans_of(turn.store)
    if turn.message.kind == "button" or (turn.question and turn.memory.shown(WISH)):
        return _chosen(turn, plans, text)
    if LISTING.search(text):
        return digest_list(turn)
    other = recipient(turn)
    if isinstance(other, Reply):
        return other
    if other is not None:
        return _refused(turn, read_wish(turn)) or given(turn, other, _to_share(turn, plans, text))
    if not plans:
        return digest_schedule(turn) if read_wish(turn).schedule else none_yet(turn)
    return _change_said(turn, plans, text)


def _change_said(turn: ManagerTurn, plans: Sequence[DigestPlan], text: str) -> Reply:
    wish = read_wish(turn)
    refused = _refused(turn, wish)
    if refused:
        return refused
    if wish.names_kind_alone and old_words(text) == text and all(plan.kind != wish.kind for plan in plans):
        kind = turn.say(f"digests.kinds.{wish.kind}")
        return turn.reply("digests.no_such", kind=kind, plans=listed(turn, plans))
    return _change_one(turn, meant(turn, plans, old_words(text)), wish)


def _chosen(turn: ManagerTurn, plans: Sequence[DigestPlan], text: str) -> Reply:
    """One was named after we asked which."""
    kept, pressed = turn.memory.shown(WISH), turn.argument.strip() if turn.message.kind == "button" else ""
    fitting = [plan for plan in plans if str(plan.number) == pressed] if pressed else meant(turn, plans, text)
    return _change_one(turn, fitting, Wish(**kept)) if fitting and kept else digest_list(turn)


def _to_share(turn: ManagerTurn, plans: Sequence[DigestPlan], text: str) -> list[DigestPlan]:
    """What a colleague is to get: the one that is meant, or one like it as it is said now."""
    wish = read_wish(turn)
    fitting = [plan for plan in plans if wish.kind in ("", plan.kind)]
    said = bool(wish.minutes or wish.schedule.get("weekdays") or wish.schedule.get("nth"))
    return list(_planned(turn, wish)) if said or not fitting else meant(turn, fitting, text)


def _change_one(turn: ManagerTurn, plans: Sequence[DigestPlan], wish: Wish) -> Reply:
    if len(plans) == 1:
        return _changed(turn, plans[0], wish)
    turn.memory.show(WISH, asdict(wish))
    return which(turn, plans, listed(turn, plans), "digest_change:{number}", all_of_them=False)


def _changed(turn: ManagerTurn, plan: DigestPlan, wish: Wish) -> Reply:
    turn.memory.forget(WISH)
    before = lines_of(turn, [plan])
    wish.put(plan, whole=False)
    if lines_of(turn, [plan]) == before:
        names = wording.listed((turn.say(f"digests.parts.{name}") for name in PARTS), turn.language)
        return Reply(text="\n".join([turn.say("digests.unchanged", parts=names), *wish.notes, *before]))
    plan.since = turn.now
    digest_plans.keep(turn.store, plan)
    note(turn, plan)
    number = plan.number
    choices = (
        Choice(label=turn.say("digests.buttons.now"), value="digest_now", style="primary"),
        Choice(label=turn.say("digests.buttons.pause"), value=f"digest_pause:pause:{number}"),
        Choice(label=turn.say("digests.buttons.stop"), value=f"digest_pause:stop:{number}"),
    )
    lines = [turn.say("digests.changed", plan=lines_of(turn, [plan])[0]), *next_of(turn, [plan]), *wish.notes]
    return Reply(text="\n".join(lines), choices=choices, private=not turn.message.direct)


def digest_list(turn: ManagerTurn) -> Reply:
    """All of the speaker's, and what they added for others."""
    plans, shared = digest_plans.plans_of(turn.store), shared_lines(turn)
    if not plans:
        return Reply(text="\n".join([none_yet(turn).text, *shared]))
    if len(plans) == 1:
        note(turn, plans[0])
    return Reply(text="\n".join([turn.say("digests.now"), listed(turn, plans), *next_of(turn, plans), *shared]))


# --- what is meant --------------------------------------------------------------------------------------------------
def _usual(turn: ManagerTurn, kind: str) -> DigestPlan:
    every = {"daily": "day", "weekly": "week", "monthly": "month"}[kind]
    return DigestPlan(
        kind=kind, every=every, interval=1, weekdays=[0], month_day=1, minute=NINE, zone=zone_of(turn),
        language=turn.language, channel=own_channel(turn.speaker.external_id), parts=[], nth=None,
    )  # fmt: skip


def _refused(turn: ManagerTurn, wish: Wish, usual: str = "") -> Reply | None:
    """What cannot be: for others, to a channel, to another address, where nothing leads (`usual`, if none is named)."""
    impossible = NO_TIME.search(turn.understanding.text[:600])
    if impossible or wish.hourly:
        key = "digests.no_such_time" if impossible else "digests.no_hours"
        return turn.reply(key, time=impossible[0] if impossible else "")
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


# --- answers --------------------------------------------------------------------------------------------------------
def lines_of(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> list[str]:
    """Each in a line."""
    return [spoken(plan, turn.services.phrases, turn.language, _address(turn)) for plan in plans]


def listed(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> str:
    """All of them, each with its number, and whether it rests."""
    told = []
    for plan, line in zip(plans, lines_of(turn, plans), strict=True):
        rests = turn.say("digests.paused_mark") if digest_plans.is_paused(plan, turn.now) else ""
        told.append("• " + turn.say("digests.numbered", number=plan.number, plan=line + rests))
    return "\n".join(told)


def next_of(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> list[str]:
    """When the next of them comes."""
    due = [(found.at, plan.zone) for plan in plans if (found := digest_plans.next_due(plan, turn.now))]
    if not due:
        return []
    at, zone = min(due)
    return [turn.say("digests.next", when=wording.moment(at, turn.language, zone))]


def none_yet(turn: ManagerTurn) -> Reply:
    """There is none, and how one is set."""
    return Reply(text=f"{turn.say('digests.none')}\n{turn.say('digests.team')}")
