"""When one customer will buy again: by the rhythm of their orders, and by the scores there are."""

import re
from datetime import date
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.agent.asking import StaffTurn, hushed, label
from bot.handlers.agent.score_words import band_word, facts_of, source_lines
from bot.messages import Choice, Reply
from bot.query_words import spoken
from crm_core.rhythm import FEWEST, OUTER, Rhythm
from crm_core.scores import JOB
from crm_core.staff.store import Brief

CHURN = "churn"
WHEN = re.compile(
    r"(?<![a-z])(?:when|how soon|how long until|(?:what|which) day|again|reorder|next (?:order|purchase|buy|visit))"
    r"(?![a-z])|什么时候|啥时候|何时|哪天|几时|多久|什麼時候|复购|回购"
    r"|再次?(?:买|下单|购|来买)|还会再?(?:买|下单|来)|下次(?:下单|购买|买)"
)
"""Asks for the time of a purchase, or whether there will be one."""


def next_purchase(turn: StaffTurn, who: Brief) -> Reply:
    """The day that the customer's rhythm lets expect, why, and the chance that they buy at all."""
    turn.memory.show("customer", who.customer_id)
    scores = turn.store.scores
    if scores.refuses(who.customer_id):
        return hushed(turn, turn.reply("agent.scores.refused", who=label(turn, who)))
    rhythm = scores.rhythm(who.customer_id)
    lines = [_expected(turn, who, rhythm)]
    if rhythm.gaps:
        low, high = rhythm.between_days
        lines.append(
            turn.say(
                "agent.next_purchase.because", count=len(rhythm.days), usual=rhythm.usual_days, low=low, high=high,
                last=_day(turn, rhythm.days[-1]),
            )
        )  # fmt: skip
    lines += _chance(turn, who) if rhythm.days else []
    return hushed(turn, Reply(text="\n".join(lines), choices=_steps(turn, who)))


def _expected(turn: StaffTurn, who: Brief, rhythm: Rhythm) -> str:
    """The day, or why none can be told."""
    values: dict[str, object] = {"who": label(turn, who), "count": len(rhythm.days), "needed": FEWEST}
    if not rhythm.gaps:
        if rhythm.days:
            values["last"] = _day(turn, rhythm.days[-1])
        return turn.say(f"agent.next_purchase.{'few' if rhythm.days else 'none'}", **values)
    today = turn.now.astimezone(ZoneInfo(turn.services.settings.business.zone)).date()
    day, first, last = rhythm.after(0.5), rhythm.after(OUTER), rhythm.after(1 - OUTER)
    key = "due" if day >= today else "late" if last >= today else "overdue"
    values |= {"day": _day(turn, day), "days": abs((day - today).days)}
    values |= {"first": _day(turn, max(first, today)), "last": _day(turn, last)}
    return turn.say(f"agent.next_purchase.{key}", **values)


def _chance(turn: StaffTurn, who: Brief) -> list[str]:
    """How likely an order is at all, and of what; with what says so."""
    standing = turn.store.scores.standing(who.customer_id)
    churn = standing.scores.get(CHURN)
    if churn is None:
        return [turn.say("agent.next_purchase.no_score", job=JOB)]
    words, sure = facts_of(turn), 1000 - churn.value_milli
    lines = [
        turn.say(
            "agent.next_purchase.chance", days=churn.horizon_days or 0, chance=f"{sure / 10:.0f}",
            risk=words.score(CHURN, churn.value_milli), band=band_word(turn, churn),
        )
    ]  # fmt: skip
    wanted = turn.store.scores.needs(who.customer_id, "category")
    if wanted:
        what = spoken("categories", wanted[0].what, turn.language)
        chance = f"{wanted[0].chance_milli / 10:.0f}"
        lines.append(turn.say("agent.next_purchase.what", what=what, chance=chance, days=wanted[0].horizon_days))
    return [*lines, *source_lines(turn, [churn])]


def _steps(turn: StaffTurn, who: Brief) -> tuple[Choice, ...]:
    steps = (("needs_button", "predict_need"), ("offers_button", "recommend_for_customer"))
    return tuple(
        Choice(label=turn.say(f"agent.scores.{key}"), value=f"{intent}:for:{who.number}") for key, intent in steps
    )


def _day(turn: StaffTurn, day: date) -> str:
    return wording.day(day, turn.language, "UTC")
