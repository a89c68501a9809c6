"""Why a score is what it is: the three strongest facts in a sentence, what they rest on, and what would change it."""

from datetime import timedelta

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, argument, asked, hushed, in_words, label
from bot.handlers.agent.score_words import band_word, facts_of, kind_name, source_lines
from bot.handlers.agent.scores import MOOD, kind_of, missing, scored
from bot.messages import Choice, Reply, Table
from crm_core.analytics.explanations import Explained
from crm_core.analytics.reasons import Reason
from crm_core.analytics.score_evidence import Evidence
from crm_core.customers import MOOD_WINDOW
from crm_core.staff.scores import Why
from crm_core.staff.store import Brief

QUOTED = 120
MOST_ROWS = 15
OPENS = {"order": "order_lookup:number:{}", "case": "case_list:show:{}", "interaction": "explain_score:said:{}"}
"""Kind of record -> the button that shows it."""


def explain_score(turn: StaffTurn) -> Reply:
    """The reasons of the score that was asked for or shown last; a button shows their sum, others each record."""
    said = argument(turn, "said")
    if said is not None:
        return _message(turn, int(said) if said.isdecimal() and len(said) < 20 else 0)
    wanted = asked(turn)
    who = scored(turn, wanted)
    if isinstance(who, Reply):
        return who
    turn.memory.show("customer", who.customer_id)
    kind = _kind(turn, wanted)
    turn.memory.show("score", kind)
    if kind != MOOD and turn.store.scores.refuses(who.customer_id):
        return hushed(turn, turn.reply("agent.scores.refused", who=label(turn, who)))
    why = turn.store.scores.why(who.customer_id, kind)
    if why is None:
        return hushed(turn, missing(turn, who, kind) if kind != MOOD else turn.reply("agent.scores.no_mood"))
    if argument(turn, "sum") is not None:
        return hushed(turn, _sum(turn, who, why.explained))
    return hushed(turn, _told(turn, who, why))


def _kind(turn: StaffTurn, wanted: Asked) -> str:
    """The score that was named, else the one shown last, else the churn risk."""
    shown = turn.memory.shown("score")
    return kind_of(turn, wanted) or (shown if isinstance(shown, str) else "churn")


# --- the sentence ---------------------------------------------------------------------------------------------------
def _told(turn: StaffTurn, who: Brief, why: Why) -> Reply:
    parts = why.explained
    lines = [_sentence(turn, who, why)]
    shown = [record for _, records in why.evidence for record in records]
    shown = list({(record.kind, record.key): record for record in shown}.values())
    if shown:
        lines.append(turn.say("agent.scores.evidence"))
        lines += [f"{place}. {record_line(turn, record)}" for place, record in enumerate(shown, start=1)]
    if parts.kind == MOOD:
        lines += _until(turn, shown)
    elif parts.strongest:
        lines.append(_changes(turn, parts))
    if why.score:
        lines += source_lines(turn, [why.score])
    return Reply(text="\n".join(lines), choices=_steps(turn, who, parts, shown))


def _sentence(turn: StaffTurn, who: Brief, why: Why) -> str:
    parts, words = why.explained, facts_of(turn)
    value = words.score(parts.kind, parts.value_milli)
    if why.score is None:
        band, key = turn.say(f"moods.{wording.mood_key(parts.value_milli)}"), "mood_because"
    else:
        band, key = band_word(turn, why.score), "because" if parts.strongest else "no_parts"
    reasons = turn.say("agent.scores.next").join(_reason(turn, parts.kind, part) for part in parts.strongest)
    values: dict[str, object] = {"who": label(turn, who), "value": value, "band": band, "reasons": reasons}
    return turn.say(f"agent.scores.{key}", **values, name=kind_name(turn, parts.kind))


def _reason(turn: StaffTurn, kind: str, part: Reason) -> str:
    words = facts_of(turn)
    key = "raises" if part.effect_milli > 0 else "lowers"
    return turn.say(f"agent.scores.{key}", fact=words.fact(part), size=words.size(kind, part.effect_milli))


def record_line(turn: StaffTurn, record: Evidence) -> str:
    """A record in one line."""
    language = turn.language
    text = " ".join(record.text.split())
    if len(text) > QUOTED:
        text = text[: QUOTED - 1] + "…"
    day = wording.day(record.at, language, turn.speaker.zone)
    if record.kind == "order":
        amount = wording.money(record.amount_minor or 0, record.currency, language)
        state = turn.say(f"order_states.{record.text}")
        return turn.say("agent.scores.refs.order", key=record.key, day=day, state=state, amount=amount)
    return turn.say(f"agent.scores.refs.{record.kind}", key=record.key, day=day, text=text)


def _changes(turn: StaffTurn, parts: Explained) -> str:
    words = facts_of(turn)
    changes = [
        turn.say(
            "agent.scores.change",
            what=turn.say(f"agent.scores.changes.{change.what}"),
            size=words.size(parts.kind, change.at_most_milli),
        )
        for change in parts.changes
    ]
    if not changes:
        return turn.say(f"agent.scores.nothing_to_change.{parts.wanted}")
    return turn.say(f"agent.scores.wanted.{parts.wanted}", changes=turn.say("agent.scores.next").join(changes))


def _until(turn: StaffTurn, shown: list[Evidence]) -> list[str]:
    """When the oldest of the messages shown stops counting."""
    if not shown:
        return []
    day = min(record.at for record in shown) + MOOD_WINDOW + timedelta(days=1)
    return [turn.say("agent.scores.window", day=wording.day(day, turn.language, turn.speaker.zone))]


def _steps(turn: StaffTurn, who: Brief, parts: Explained, shown: list[Evidence]) -> tuple[Choice, ...]:
    steps = open_buttons(turn, who.number, shown)
    if parts.parts:
        value = f"explain_score:sum:{parts.kind}:{who.number}"
        steps.append(Choice(label=turn.say("agent.scores.sum_button"), value=value))
    return tuple(steps)


def open_buttons(turn: StaffTurn, customer_number: int, shown: list[Evidence]) -> list[Choice]:
    """One button a record, which shows it."""
    steps = []
    for record in shown:
        day = wording.day(record.at, turn.language, turn.speaker.zone)
        said = turn.say(f"agent.scores.ref_buttons.{record.kind}", key=record.key, day=day)
        value = OPENS.get(record.kind, f"show_timeline:{customer_number}").format(record.key)
        if value.isascii() and len(value) <= 64:
            steps.append(Choice(label=said, value=value))
    return steps


# --- the sum --------------------------------------------------------------------------------------------------------
def _sum(turn: StaffTurn, who: Brief, parts: Explained) -> Reply:
    """Where everybody starts and what each fact adds: it sums to the score to the last digit."""
    words, kind = facts_of(turn), parts.kind
    ranked = sorted((part for part in parts.parts if part.effect_milli), key=lambda part: -abs(part.effect_milli))
    rows = [(turn.say("agent.scores.table.base"), words.exact(kind, parts.base_milli))]
    rows += [(words.fact(part), words.exact(kind, part.effect_milli)) for part in ranked[:MOST_ROWS]]
    rest = ranked[MOST_ROWS:]
    if rest:
        others = sum(part.effect_milli for part in rest)
        rows.append((turn.say("agent.scores.table.others", count=len(rest)), words.exact(kind, others)))
    rows.append((turn.say("agent.scores.table.total"), words.exact(kind, parts.value_milli)))
    business = turn.services.settings.business
    unit = business.currency if kind == "value" else turn.say(f"agent.scores.units.{kind}")
    columns = (turn.say("agent.scores.table.fact"), turn.say("agent.scores.table.effect", unit=unit))
    text = turn.say("agent.scores.sum", who=label(turn, who), name=kind_name(turn, kind))
    return Reply(text=text, table=Table(columns=columns, rows=tuple(rows)))


# --- a record -------------------------------------------------------------------------------------------------------
def _message(turn: StaffTurn, interaction_id: int) -> Reply:
    """One message in the customer's own words."""
    said = turn.store.scores.message(interaction_id)
    found = turn.store.briefs([said.customer_id]) if said else []
    if said is None or not found:
        return turn.reply("agent.scores.said_gone")
    turn.memory.show("customer", said.customer_id)
    mood = turn.say(f"moods.{wording.mood_key(said.mood_milli)}")
    text = turn.say(
        "agent.scores.said",
        who=label(turn, found[0]),
        moment=wording.moment(said.at, turn.language, turn.speaker.zone),
        channel=in_words(turn, "channels", said.channel),
        mood=mood,
        text=said.text,
    )
    value = f"trace:{said.message_id}"
    trace = Choice(label=turn.say("agent.scores.trace_button"), value=value)
    timeline = Choice(label=turn.say("agent.scores.timeline_button"), value=f"show_timeline:{found[0].number}")
    return hushed(turn, Reply(text=text, choices=(*([trace] if len(value) <= 64 else []), timeline)))
