"""Whether a customer may be written to, about what and where, and since when that is so."""

import re

from babel.dates import get_day_names

from bot import wording
from bot.handlers.agent.asking import StaffTurn, asked, hushed, in_words, label, whom
from bot.messages import Reply
from crm_core.consent import MARKETING
from crm_core.preferences import ORDERS
from crm_core.proactive import PASSING, standing_of, why_not
from crm_core.quiet_hours import clock
from crm_core.reach import Account, Reach, Word, reach
from crm_core.staff.store import Brief

KINDS = {"service": ORDERS}
"""What people call a kind of message, where it goes by another name in the records."""
SHOWN_WORDS = 5
SAID = re.compile(r"said in (?P<channel>[\w-]+)(?:, order (?P<order>.+))?")
"""How a word of a chat is kept; with the order by which that chat was known to be theirs."""


def consent_check(turn: StaffTurn) -> Reply:
    """Say yes or no for each channel, with the word that counts, its date and where it was said."""
    wanted = asked(turn)
    who = whom(turn, wanted)
    if isinstance(who, Reply):
        return who
    turn.memory.show("customer", who.customer_id)
    known = reach(turn.store, who.customer_id)
    kinds = [KINDS.get(kind, str(kind)) for kind in wanted.all("consent_type")] or [MARKETING, ORDERS]
    channel = str(wanted.first("channel") or "")
    lines = [label(turn, who)]
    for kind in dict.fromkeys(kinds):
        lines += _verdicts(turn, who, known, kind, channel)
    lines += [*_clock(turn, known), *_wishes(turn, known), *_history(turn, known)]
    return hushed(turn, Reply(text="\n".join(lines)))


def _verdicts(turn: StaffTurn, who: Brief, known: Reach, kind: str, channel: str) -> list[str]:
    """One line for each channel on which they can be reached, or for the one that was asked about."""
    about = _kind(turn, kind)
    accounts = [one for one in known.accounts if channel in ("", one.channel)]
    if not accounts:
        key = "agent.consent.no_account" if channel else "agent.consent.nowhere"
        lines = [turn.say(key, kind=about, channel=in_words(turn, "channels", channel))]
        return [*lines, turn.say("agent.consent.word", why=_why(turn, known.counts(kind, channel), kind))]
    return [_verdict(turn, who, known, kind, account) for account in accounts]


def _verdict(turn: StaffTurn, who: Brief, known: Reach, kind: str, account: Account) -> str:
    """The same rule that whatever sends such messages goes by."""
    said = {"kind": _kind(turn, kind), "channel": in_words(turn, "channels", account.channel)}
    if account.blocked_at:
        return turn.say("agent.consent.blocked", day=_day(turn, account.blocked_at), **said)
    standing = standing_of(turn.store.session, who.customer_id, account.channel, turn.now, _zone(turn, known))
    reason = why_not(standing, kind, account.channel, turn.now, turn.services.settings.proactive)
    if reason == "channel":
        return turn.say("agent.consent.elsewhere", only=in_words(turn, "channels", known.wishes.channel or ""), **said)
    key = "agent.consent.yes" if not reason or reason in PASSING else "agent.consent.no"
    line = turn.say(key, why=_why(turn, known.counts(kind, account.channel), kind), **said)
    return f"{line} {turn.say(f'agent.consent.{reason}')}" if reason in PASSING else line


def _why(turn: StaffTurn, word: Word | None, kind: str) -> str:
    if word is None:
        return turn.say("agent.consent.never_needed" if kind == ORDERS else "agent.consent.never")
    key = "agent.consent.agreed" if word.granted else "agent.consent.withdrew"
    return turn.say(key, day=_day(turn, word.said_at), how=_how(turn, word))


def _clock(turn: StaffTurn, known: Reach) -> list[str]:
    """What time it is where they are: the law and good manners know hours, too."""
    zone = _zone(turn, known)
    key = "agent.consent.clock" if known.zone else "agent.consent.clock_unknown"
    return [turn.say(key, time=wording.moment(turn.now, turn.language, zone), zone=zone)]


def _wishes(turn: StaffTurn, known: Reach) -> list[str]:
    """When and how often they want to be written to unasked."""
    wishes, lines = known.wishes, []
    if wishes.quiet_from is not None and wishes.quiet_until is not None:
        hours = {"start": clock(wishes.quiet_from), "end": clock(wishes.quiet_until)}
        lines.append(turn.say("agent.consent.hours", **hours))
    if wishes.quiet_days:
        names = get_day_names("wide", locale=wording.LOCALES[turn.language])
        days = turn.say("agent.fields.and").join(names[day] for day in wishes.quiet_days)
        lines.append(turn.say("agent.consent.days", days=days))
    if wishes.at_most_every_days:
        lines.append(turn.say("agent.consent.seldom", days=wishes.at_most_every_days))
    return lines


def _zone(turn: StaffTurn, known: Reach) -> str:
    return known.zone or turn.services.settings.business.zone


def _history(turn: StaffTurn, known: Reach) -> list[str]:
    """The last words of theirs, as proof."""
    if len(known.words) < 2:
        return []
    lines = [turn.say("agent.consent.history")]
    for word in known.words[:SHOWN_WORDS]:
        key = "agent.consent.agreed" if word.granted else "agent.consent.withdrew"
        what = turn.say(key, day=_day(turn, word.said_at), how=_how(turn, word))
        where = in_words(turn, "channels", word.channel or "") or turn.say("agent.consent.everywhere")
        lines.append(f"• {_kind(turn, word.kind)} · {where} · {what}")
    return lines


def _kind(turn: StaffTurn, kind: str) -> str:
    key = f"agent.consent.kinds.{kind}"
    return turn.say(key) if turn.services.phrases.has(key) else kind


def _how(turn: StaffTurn, word: Word) -> str:
    said = SAID.fullmatch(word.how)
    if said:
        key = "agent.consent.said_about" if said["order"] else "agent.consent.said"
        return turn.say(key, channel=in_words(turn, "channels", said["channel"]), order=said["order"] or "")
    key = f"agent.consent.ways.{word.how}"
    return turn.say(key) if turn.services.phrases.has(key) else word.how


def _day(turn: StaffTurn, moment: object) -> str:
    return wording.day(moment, turn.language, turn.speaker.zone)  # type: ignore[arg-type]
