"""When and about what somebody wants to be pinged: taken from a sentence, kept, said back in words, taken back."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import get_day_names

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, undo
from bot.messages import Choice, Reply
from crm_core.quiet_hours import clock
from crm_core.staff import notifications
from crm_core.staff.notifications import KINDS, Notifications

WORK_BEGINS = time(9)
NIGHT = (22 * 60, 8 * 60)
LUNCH = (12 * 60, 13 * 60)
_TIME = r"(?:(?:早上|上午|下午|晚上|夜里|中午)?\d{1,2}(?:[:：]\d{2})?\s*(?:am|pm|点半|点|时)?)"
_BETWEEN = re.compile(rf"(?P<from>{_TIME})\s*(?:to|till|until|and|-|–|—|~|到|至)\s*(?P<until>{_TIME})", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?P<part>早上|上午|下午|晚上|夜里|中午)?(?P<hour>\d{1,2})(?:[:：](?P<minute>\d{2}))?\s*(?P<half>am|pm|点半|点|时)?",
    re.I,
)
_SHOW = re.compile(
    r"(?<![a-z])(?:what|which|show|see|how|list)(?![a-z]).*(?:settings?|notif|pings?|reminders?)|(?:看|查|显示|有哪些|是什么).*(?:通知|提醒|设置)"
    r"|(?:通知|提醒)设置(?:是|呢|看)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?<![a-z])(?:after|past|from)(?![a-z])|以后|之后|过后|后(?:别|不|就)", re.IGNORECASE)
_UNTIL = re.compile(
    r"(?<![a-z])(?:until|till|til|before)(?![a-z])|之前|以前|直到|前(?:勿|别|不|免)|到|停到", re.IGNORECASE
)
_NIGHT = re.compile(r"(?<![a-z])(?:at night|nights?|overnight)(?![a-z])|夜里|半夜|晚上|夜间", re.IGNORECASE)
_LUNCH = re.compile(r"(?<![a-z])lunch(?:time)?(?![a-z])|午休|午饭", re.IGNORECASE)
_WEEKENDS = re.compile(r"(?<![a-z])(?:on |at )?(?:the )?weekends?(?![a-z])|周末|週末|双休", re.IGNORECASE)
_THIS = re.compile(r"(?<![a-z])(?:this|next|coming)(?![a-z])|这个|本|下个?", re.IGNORECASE)
_ONLY = re.compile(r"(?<![a-z])only(?![a-z])|(?<![a-z])just(?![a-z])|只|仅|除了", re.IGNORECASE)
_URGENT = re.compile(r"(?<![a-z])urgent(?![a-z])|紧急|加急|(?<![a-z])low priority|低优先级", re.IGNORECASE)
_KIND = {
    "task": re.compile(r"(?<![a-z])(?:tasks?|to-?dos?|task reminders?)(?![a-z])|待办|任务", re.IGNORECASE),
    "case": re.compile(r"(?<![a-z])(?:cases?|tickets?)(?![a-z])|工单", re.IGNORECASE),
    "suggestion": re.compile(r"(?<![a-z])suggestions?(?![a-z])|建议", re.IGNORECASE),
}
_ELSE = re.compile(
    r"(?<![a-z])(?:e-?mail|vips?|sla|customers?|repl(?:y|ies)|mention(?:s|ed)?|complaints?|praise|queue|chats?|hourly|digest"
    r"|sound|case updates?|new cases?)(?![a-z])"
    r"|邮件|邮箱|客户|会话|来消息|超时|投诉|表扬|队列|订阅|攒着|日报|新工单|工单更新|@我|聊天",
    re.IGNORECASE,
)
_OFF = re.compile(
    r"(?<![a-z])(?:off|mute|stop|disable|no more|no|don'?t|do not|never|silence|pause|quiet)(?![a-z])"
    r"|关|静音|停|别|不要|不用|勿|不想|免打扰",
    re.IGNORECASE,
)
_ON = re.compile(
    r"(?<![a-z])(?:on|again|unmute|resume|start|enable)(?![a-z])|恢复|打开|开启|重新|取消(?:静音|免打扰|勿扰)",
    re.IGNORECASE,
)
_NO_QUIET = re.compile(
    r"(?<![a-z])no (?:more )?quiet hours|end (?:the )?quiet hours|取消(?:免打扰|勿扰)", re.IGNORECASE
)


def set_notifications(turn: StaffTurn) -> Reply:
    """Change what was said about the speaker's own pings, or show how it is set."""
    before = notifications.wished(turn.store)
    if turn.message.kind == "button" and turn.argument == "undo":
        return _taken_back(turn)
    wanted = asked(turn)
    if not wanted.text.strip() or _SHOW.search(wanted.text):
        return Reply(text=_in_words(turn, "agent.notify.now", before), private=not turn.message.direct)
    after = _understood(turn, wanted, before)
    if after is None:
        lines = [turn.say("agent.notify.not_understood"), _in_words(turn, "agent.notify.now", before)]
        return Reply(text="\n".join(lines), private=not turn.message.direct)
    notifications.wish(turn.store, after)
    turn.memory.show("notifications", before.dump())
    choices: tuple[Choice, ...] = undo(turn, "set_notifications:undo")
    return Reply(text=_in_words(turn, "agent.notify.kept", after), choices=choices, private=not turn.message.direct)


def _taken_back(turn: StaffTurn) -> Reply:
    kept: Any = turn.memory.shown("notifications")
    if not isinstance(kept, dict):
        return turn.reply("agent.too_late")
    turn.memory.show("notifications", None)
    before = Notifications.load(kept)
    notifications.wish(turn.store, before)
    return Reply(text=_in_words(turn, "agent.notify.undone", before), private=not turn.message.direct)


# --- understanding --------------------------------------------------------------------------------------------------
def _understood(turn: StaffTurn, wanted: Asked, now: Notifications) -> Notifications | None:
    """The new wishes; None when it is about something that nobody is pinged about, or not clear."""
    text = wanted.text.lower()
    if _NO_QUIET.search(text):
        return replace(now, quiet_from=None, quiet_until=None, days_off=())
    for read in (_hours, _days, _span):
        found = read(turn, wanted, text, now)
        if found is not None:
            return found
    return _about(text, now)


def _hours(turn: StaffTurn, wanted: Asked, text: str, now: Notifications) -> Notifications | None:
    """Quiet hours of every day."""
    between = _BETWEEN.search(text)
    if between:
        start, end = _minute(between["from"]), _minute(between["until"])
        if start is not None and end is not None and start != end:
            return replace(now, quiet_from=start, quiet_until=end)
    moment = wanted.first("datetime")
    if isinstance(moment, str) and _AFTER.search(text) and not _UNTIL.search(text):
        said = datetime.fromisoformat(moment)
        until = WORK_BEGINS.hour * 60
        return replace(now, quiet_from=said.hour * 60 + said.minute, quiet_until=until)
    if isinstance(moment, str):
        return None
    for pattern, hours in ((_LUNCH, LUNCH), (_NIGHT, NIGHT)):
        if pattern.search(text) and _OFF.search(text):
            return replace(now, quiet_from=hours[0], quiet_until=hours[1])
    return None


def _days(turn: StaffTurn, wanted: Asked, text: str, now: Notifications) -> Notifications | None:
    """Days of the week."""
    again = wanted.first("recurrence")
    day = again.get("weekday") if isinstance(again, dict) else None
    days = {5, 6} if _WEEKENDS.search(text) and not _THIS.search(text) else {day} if isinstance(day, int) else set()
    if not days:
        return None
    kept = set(now.days_off) - days if _ON.search(text) and not _OFF.search(text) else set(now.days_off) | days
    return replace(now, days_off=tuple(sorted(kept)))


def _span(turn: StaffTurn, wanted: Asked, text: str, now: Notifications) -> Notifications | None:
    """A single stretch: until Monday, this weekend, for two hours."""
    zone = ZoneInfo(turn.speaker.zone)
    later, said, moment = wanted.first("duration"), wanted.first("date_range"), wanted.first("datetime")
    if isinstance(later, dict) and later and _OFF.search(text):
        return replace(now, muted_from="", muted_until=(turn.now + timedelta(**later)).isoformat())
    if isinstance(moment, str):
        until = datetime.fromisoformat(moment).replace(tzinfo=zone)
        until = until if until > turn.now else until + timedelta(days=1)
        return replace(now, muted_from="", muted_until=until.isoformat())
    if not isinstance(said, dict) or not said.get("end"):
        return None
    begins = said.get("start")
    if not begins or (_UNTIL.search(text) and not _WEEKENDS.search(text)):
        day = date.fromisoformat(begins or said["end"])
        return replace(now, muted_from="", muted_until=datetime.combine(day, WORK_BEGINS, zone).isoformat())
    first, last = (datetime.combine(date.fromisoformat(each), time(), zone) for each in (begins, said["end"]))
    return replace(now, muted_from=first.isoformat(), muted_until=last.isoformat())


def _about(text: str, now: Notifications) -> Notifications | None:
    """All of them, some kinds, or the urgent ones alone."""
    kinds = {kind for kind, words in _KIND.items() if words.search(text)}
    if _URGENT.search(text) and (_ONLY.search(text) or _OFF.search(text)):
        return replace(now, urgent_only=True)
    if _ELSE.search(text):
        return None
    if kinds and _ONLY.search(text):
        return replace(now, muted=False, off=tuple(kind for kind in KINDS if kind not in kinds))
    return _switched(kinds, text, now)


def _switched(kinds: set[str], text: str, now: Notifications) -> Notifications | None:
    """On or off."""
    on = bool(_ON.search(text)) and not re.search(r"(?<![a-z])off(?![a-z])|关", text)
    if not on and not _OFF.search(text):
        return None
    if kinds:
        off = set(now.off) - kinds if on else set(now.off) | kinds
        return replace(now, muted=now.muted and not on, off=tuple(kind for kind in KINDS if kind in off))
    if on:
        return replace(now, muted=False, muted_from="", muted_until="", urgent_only=False, off=())
    return replace(now, muted=True)


def _minute(said: str) -> int | None:
    """ "10pm", "22", "晚上10点" as a minute of the day."""
    found = _CLOCK.fullmatch(said.strip())
    if not found:
        return None
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), (found["half"] or "").lower()
    minute = 30 if half == "点半" else minute
    if (half == "pm" or found["part"] in ("下午", "晚上", "夜里")) and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    return hour % 24 * 60 + minute if hour <= 24 and minute < 60 else None


# --- words ----------------------------------------------------------------------------------------------------------
def _in_words(turn: StaffTurn, key: str, wishes: Notifications) -> str:
    """All that holds now, one line each, in the speaker's own time."""
    zone = turn.speaker.zone
    about = [turn.say(f"agent.notify.kinds.{kind}") for kind in KINDS if kind not in wishes.off]
    lines = [turn.say(key)]
    if wishes.muted or not about:
        return "\n".join([*lines, "• " + turn.say("agent.notify.muted")])
    lines.append("• " + turn.say("agent.notify.about", kinds=turn.say("agent.fields.and").join(about)))
    if wishes.urgent_only:
        lines.append("• " + turn.say("agent.notify.urgent_only"))
    if wishes.quiet_from is not None and wishes.quiet_until is not None:
        hours = {"start": clock(wishes.quiet_from), "end": clock(wishes.quiet_until), "zone": zone}
        lines.append("• " + turn.say("agent.notify.quiet", **hours))
    if wishes.days_off:
        names = get_day_names("wide", locale=wording.LOCALES[turn.language])
        days = turn.say("agent.fields.and").join(names[day] for day in wishes.days_off)
        lines.append("• " + turn.say("agent.notify.days", days=days))
    if wishes.muted_until and datetime.fromisoformat(wishes.muted_until) > turn.now:
        until = wording.moment(datetime.fromisoformat(wishes.muted_until), turn.language, zone)
        begins = datetime.fromisoformat(wishes.muted_from) if wishes.muted_from else None
        since = wording.moment(begins, turn.language, zone) if begins else ""
        key = "agent.notify.from_until" if since else "agent.notify.until"
        lines.append("• " + turn.say(key, until=until, **({"since": since} if since else {})))
    if any((wishes.quiet_from is not None, wishes.days_off, wishes.muted_until)):
        lines.append(turn.say("agent.notify.later"))
    return "\n".join(lines)
