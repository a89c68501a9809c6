"""A digest for a colleague: only for who may read digests; they are told who added it, and stop it themselves."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from bot import wording
from bot.digest_plan_words import spoken
from bot.handlers.manager.asking import ManagerTurn
from bot.messages import Choice, Reply
from bot.staff import listed_entry
from bot.staff_places import own_channel
from bot.telling import chat_at, own_chat, tell
from crm_core import digest_plans
from crm_core.models import Conversation, DigestPlan, Staff
from crm_core.staff.colleagues import Colleague, colleagues, mentioned

_NAME = re.compile(
    r"(?i:(?<![a-z])(?:send|give|mail|e-mail|get|forward|to|for)\s+)(?P<en>[A-Z][a-z]+)(?![a-z])"
    r"|(?:发给|转发给|抄送给?|给)(?P<zh>[\u4e00-\u9fff]{2,4}?|[A-Za-z]{2,20})(?=一份|也|发|每|看|设|，|,|。|$|的)"
)
_NOBODY = re.compile(
    r"我|自己|大家|团队|她|他|^(?:me|us|my|the|slack|telegram|sales|mood|english|chinese|daily|weekly|monthly)$",
    re.IGNORECASE,
)
_TAKEN = ("recurrence", "datetime", "date_range", "timezone", "language", "location", "product", "segment", "channel",
          "category", "competitor", "brand", "metric")  # fmt: skip


_ALIKE = ("every", "interval", "weekdays", "month_day", "nth", "minute", "parts")


def recipient(turn: ManagerTurn) -> Colleague | Reply | None:
    """The colleague who is to get a digest; why that cannot be; None where nobody but the speaker is named."""
    text = turn.understanding.text[:600]
    named = [one for one in mentioned(colleagues(turn.store.session), text) if one.id != turn.speaker.staff_id]
    if len(named) > 1:
        return turn.reply("digests.one_by_one", names=wording.listed((one.name for one in named), turn.language))
    if not named:
        name = _named(turn, text)
        listed = {one.name.split()[0] for one in turn.services.settings.staff if one.name}
        return turn.reply("digests.never_wrote" if name in listed else "digests.nobody", name=name) if name else None
    if named[0].role not in ("manager", "admin"):
        return turn.reply("digests.no_manager", name=named[0].name)
    return named[0] if _chat(turn, named[0]) else turn.reply("digests.unreachable", name=named[0].name)


def _named(turn: ManagerTurn, text: str) -> str:
    taken = [(one.start, one.end) for one in turn.understanding.entities if one.name in _TAKEN]
    for match in _NAME.finditer(text):
        group = "en" if match["en"] else "zh"
        name, (start, end) = match[group], match.span(group)
        known = any(first < end and start < last for first, last in taken)
        if not known and name != turn.speaker.name and not _NOBODY.search(name):
            return name
    return ""


def given(turn: ManagerTurn, colleague: Colleague, plans: Sequence[DigestPlan]) -> Reply:
    """Give a colleague a digest like one of these, in their own language and zone, where they work; and tell them."""
    staff = turn.store.session.get_one(Staff, colleague.id)
    before = turn.store.session.scalars(select(DigestPlan).where(DigestPlan.staff_id == staff.id)).all()
    made = []
    for plan in plans:
        if any(all(getattr(one, name) == getattr(plan, name) for name in _ALIKE) for one in before):
            continue
        same = DigestPlan(
            kind=plan.kind, every=plan.every, interval=plan.interval, weekdays=plan.weekdays, nth=plan.nth,
            month_day=plan.month_day, minute=plan.minute, parts=plan.parts, since=turn.now,
            zone=staff.zone or plan.zone, language=staff.language, channel=own_channel(staff.external_id),
        )  # fmt: skip
        digest_plans.add(turn.store, same, staff.id)
        made.append(same)
    if not made:
        return turn.reply("digests.given_already", name=staff.name)
    chat, phrases = _chat(turn, colleague), turn.services.phrases
    assert chat is not None
    name = turn.speaker.name
    told = [
        phrases("digests.given_to_you", staff.language, name=name, plan=_line(turn, plan, staff.language))
        for plan in made
    ]
    stop = tuple(
        Choice(label=phrases("digests.buttons.stop", staff.language), value=f"digest_pause:stop:{plan.number}")
        for plan in made
    )
    tell(turn.store.session, chat, Reply(text="\n".join(told), choices=stop), turn.now)
    lines = [turn.say("digests.given", name=staff.name, plan=_line(turn, plan, turn.language)) for plan in made]
    return Reply(text="\n".join([*lines, turn.say("digests.given_told", name=staff.name)]))


def tell_stopped(turn: ManagerTurn, plans: Sequence[DigestPlan]) -> None:
    """Tell colleagues that what was added for them comes no more."""
    for plan in plans:
        staff, chat = turn.store.session.get_one(Staff, plan.staff_id), own_chat(turn.store.session, plan.staff_id)
        if chat is not None:
            line = _line(turn, plan, staff.language)
            text = turn.services.phrases(
                "digests.taken_from_you", staff.language, name=turn.speaker.name, plan=line
            )  # fmt: skip
            tell(turn.store.session, chat, Reply(text=text), turn.now)


def shared_lines(turn: ManagerTurn) -> list[str]:
    """What the speaker added for others."""
    names = {one.id: one.name for one in colleagues(turn.store.session)}
    return [
        turn.say("digests.for_other", name=names.get(plan.staff_id, "–"), plan=_line(turn, plan, turn.language))
        for plan in digest_plans.given_to(turn.store)
    ]


def _line(turn: ManagerTurn, plan: DigestPlan, language: str) -> str:
    return spoken(plan, turn.services.phrases, language)


def _chat(turn: ManagerTurn, colleague: Colleague) -> Conversation | None:
    """Where a colleague is told: the chat in which they wrote to us, else one on the speaker's own channel."""
    known = own_chat(turn.store.session, colleague.id)
    if known is not None and known.channel != "console":
        return known
    channel, _, user = colleague.external_id.partition(":")
    listed = listed_entry(turn.services.settings.staff, colleague.external_id) is not None
    if channel != turn.message.channel or channel != "slack" or not listed:
        return None
    return chat_at(turn.store.session, channel, turn.message.account, user, turn.now)
