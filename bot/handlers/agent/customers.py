"""Finding customers, their cards, and what happened with them so far."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot import wording
from bot.cards import customer_card
from bot.handlers.agent.asking import (
    Asked,
    StaffTurn,
    asked,
    desk_conversation,
    hushed,
    in_words,
    label,
    not_found,
    several,
    whom,
)
from bot.handlers.agent.case_changes import change_words
from bot.handlers.agent.reading import quoted
from bot.messages import Choice, OutgoingFile, Reply, Table
from crm_core.analytics.sparkline import sparkline
from crm_core.customers import Profile
from crm_core.reports.periods import add_months
from crm_core.staff.store import Brief, Search
from crm_core.timeline import TOPICS, Event, Filter

SHOWN_EVENTS = 10
MOST_EVENTS = 30
TEXT_SHOWN = 160
LEAST_MONTHS = 2
"""Months with spend from which a picture of them says something."""
_KIND_WORDS = {
    "note": ("notes", "note only", "备注", "便签"),
    "order": ("orders", "purchases", "订单", "购买记录"),
    "case": ("cases", "tickets", "工单"),
    "rating": ("ratings", "评分"),
    "task": ("tasks", "待办", "任务"),
    "public": ("public post", "in public", "公开"),
    "state": ("hand-over", "handover", "转人工"),
    "message": ("messages", "chat", "conversation", "said", "say", "write", "wrote", "talk",
                "消息", "聊", "说", "对话", "沟通", "谈"),
}  # fmt: skip
_COMPLAINTS = ("complain", "投诉", "抱怨")


def find_customer(turn: StaffTurn) -> Reply:
    """Search by name, company, phone, e-mail, handle, number or order; one hit is shown, several are offered."""
    wanted = asked(turn)
    if wanted.all("order_id") and not wanted.all("customer_id"):
        found = turn.store.find(Search(orders=tuple(wanted.all("order_id"))), turn.services.names)
        if not found:
            return not_found(turn, str(wanted.first("order_id")))
        return shown(turn, found[0]) if len(found) == 1 else several(turn, wanted, found)
    who = whom(turn, wanted, finding=True)
    return who if isinstance(who, Reply) else shown(turn, who)


def show_customer(turn: StaffTurn) -> Reply:
    """The card of one customer."""
    who = whom(turn, asked(turn))
    return who if isinstance(who, Reply) else shown(turn, who)


def shown(turn: StaffTurn, who: Brief) -> Reply:
    """A customer's card with what can be done next; from here on "her" is this customer."""
    profile = turn.store.profile(who.customer_id)
    turn.memory.show("customer", who.customer_id)
    steps = _next_steps(turn, who, profile.public_posts > 0)
    card = customer_card(profile, turn.services.phrases, turn.language, turn.speaker.zone, steps)
    return hushed(turn, Reply(cards=(card,), files=_spend_picture(turn, profile)))


def _spend_picture(turn: StaffTurn, profile: Profile) -> tuple[OutgoingFile, ...]:
    """Spend by month as small bars, once there is more than one month to compare. Drawn at once: it takes a
    millisecond."""
    months = profile.monthly_minor
    if sum(amount > 0 for amount in months) < LEAST_MONTHS:
        return ()
    name = f"{turn.say('cards.spend_file')}-{profile.number}.png"
    file = turn.services.files.save(
        turn.store.session, sparkline(months), name, "image/png", customer_id=profile.customer_id
    )
    first = add_months(turn.now.date(), 1 - len(months))
    caption = turn.say(
        "cards.spend_months",
        since=wording.month(first, turn.language),
        until=wording.month(turn.now.date(), turn.language),
        most=wording.money(max(months), profile.currency, turn.language),
    )
    return (file.model_copy(update={"caption": caption}),)


def _next_steps(turn: StaffTurn, who: Brief, public: bool) -> tuple[Choice, ...]:
    steps = [
        Choice(label=turn.say("agent.cards.timeline"), value=f"show_timeline:{who.number}"),
        Choice(label=turn.say("agent.cards.scores"), value=f"get_score:{who.number}"),
        Choice(label=turn.say("agent.cards.note"), value=f"add_note:for:{who.number}"),
        Choice(label=turn.say("agent.cards.task"), value=f"add_task:for:{who.number}"),
        Choice(label=turn.say("agent.cards.case"), value=f"case_create:for:{who.number}"),
    ]
    if public:
        steps.append(Choice(label=turn.say("public.buttons.of"), value=f"social_mentions:of:{who.number}"))
    conversation = turn.store.conversation(who.customer_id)
    if conversation and conversation.state in ("bot", "waiting", "snoozed") and not desk_conversation(turn):
        turn.memory.show("conversation", conversation.id)
        steps.append(Choice(label=turn.say("agent.cards.take"), value=f"handoff_take:{who.number}"))
    return tuple(steps)


# --- timeline -------------------------------------------------------------------------------------------------------
def show_timeline(turn: StaffTurn) -> Reply:
    """What happened with a customer on all channels, newest first, narrowed by kind, time, topic or channel."""
    wanted = asked(turn)
    who = whom(turn, wanted)
    if isinstance(who, Reply):
        return who
    turn.memory.show("customer", who.customer_id)
    narrowed = _filter(turn, wanted)
    events = turn.store.timeline(who.customer_id, narrowed)
    applied = _in_words(turn, narrowed)
    if not events:
        text = turn.say("agent.timeline.empty", who=label(turn, who), filter=applied)
        return hushed(turn, Reply(text=text))
    rows = tuple(_event(turn, event) for event in events)
    columns = tuple(turn.say(f"agent.timeline.{name}") for name in ("when", "what", "text"))
    note = turn.say("agent.timeline.note", count=len(rows), filter=applied)
    return hushed(turn, Reply(text=label(turn, who), table=Table(columns=columns, rows=rows, note=note)))


def _filter(turn: StaffTurn, wanted: Asked) -> Filter:
    text = wanted.text.lower()
    kinds = tuple(kind for kind, words in _KIND_WORDS.items() if any(word in text for word in words))
    topic = "complaint" if any(word in text for word in _COMPLAINTS) else str(wanted.first("topic") or "")
    since, until = period(wanted, turn.speaker.zone)
    count = wanted.first("count")
    return Filter(
        kinds=() if topic else kinds,
        since=since,
        until=until,
        topic=topic if topic in TOPICS else "",
        channel=str(wanted.first("channel") or ""),
        words=quoted(wanted.text),
        limit=min(count, MOST_EVENTS) if isinstance(count, int) else SHOWN_EVENTS,
    )


def period(wanted: Asked, zone: str) -> tuple[datetime | None, datetime | None]:
    """The moments between which something happened, from the first range that was said."""
    said = wanted.first("date_range")
    if not isinstance(said, dict):
        return None, None

    def midnight(day: str | None) -> datetime | None:
        if not day:
            return None
        return datetime.combine(datetime.fromisoformat(day).date(), time(), ZoneInfo(zone))

    return midnight(said.get("start")), midnight(said.get("end"))


def _in_words(turn: StaffTurn, narrowed: Filter) -> str:
    """Which filters were applied, so that nobody takes a part for the whole."""
    parts = [turn.say(f"agent.timeline.kinds.{kind}") for kind in narrowed.kinds]
    if narrowed.topic:
        parts.append(turn.say(f"agent.timeline.topics.{narrowed.topic}"))
    if narrowed.channel:
        parts.append(in_words(turn, "channels", narrowed.channel))
    if narrowed.words:
        parts.append(turn.say("agent.timeline.with_words", words=narrowed.words))
    zone = turn.speaker.zone
    if narrowed.since:
        parts.append(turn.say("agent.since", day=wording.day(narrowed.since, turn.language, zone)))
    if narrowed.until:
        parts.append(turn.say("agent.before", day=wording.day(narrowed.until, turn.language, zone)))
    return wording.listed(parts, turn.language) if parts else turn.say("agent.timeline.everything")


def _event(turn: StaffTurn, event: Event) -> tuple[str, str, str]:
    kind = turn.say(f"agent.timeline.kinds.{event.kind}")
    text = " ".join(event.text.split())
    if event.kind == "order":
        total = wording.money(event.amount_minor or 0, event.currency, turn.language)
        text = f"{event.detail} · {turn.say(f'order_states.{event.text}')} · {total}"
    elif event.kind == "case":
        changes = change_words(turn, event.changes) if event.changes else ""
        text = " ".join(part for part in (f"#{event.detail}", changes, text) if part)
    elif event.kind == "rating":
        text = f"{event.detail} ★ {text}".strip()
    if event.transcribed:
        text = f"{turn.say('agent.timeline.transcribed')} {text}"
    if event.in_picture:
        shown = turn.say("agent.timeline.in_picture", text=" ".join(event.in_picture.split()))
        text = f"{text} {shown}".strip()
    who = event.who
    if turn.services.phrases.has(f"agent.timeline.who.{event.who}"):
        who = turn.say(f"agent.timeline.who.{event.who}")
    channel = in_words(turn, "channels", event.channel or "")
    source = " · ".join(part for part in (kind, channel, who if event.kind != "order" else "") if part)
    when = wording.moment(event.at, turn.language, turn.speaker.zone)
    return when, source, text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
