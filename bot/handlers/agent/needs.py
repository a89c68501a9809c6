"""What one customer is likely to want next, with why."""

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, hushed, label, whom
from bot.handlers.agent.next_purchase import WHEN, next_purchase
from bot.handlers.agent.score_words import facts_of, model_name
from bot.handlers.agent.scores import how
from bot.messages import Choice, Reply
from bot.query_words import spoken
from crm_core.needs import NeedView
from crm_core.scores import NEEDS
from crm_core.staff.store import Brief

MOST = 5
OF_ONE = 2
"""Facts told of one need."""


def needs_of_customer(turn: StaffTurn) -> Reply:
    """The categories that a customer may buy next, with reasons, and what they may write about; or when they will."""
    wanted = asked(turn)
    who = whom(turn, wanted)
    return who if isinstance(who, Reply) else next_of(turn, wanted, who)


def next_of(turn: StaffTurn, wanted: Asked, who: Brief) -> Reply:
    """When a customer will buy again, if that was asked; else what."""
    return (next_purchase if WHEN.search(wanted.text.lower()) else told_needs)(turn, who)


def told_needs(turn: StaffTurn, who: Brief) -> Reply:
    """The answer about one customer."""
    turn.memory.show("customer", who.customer_id)
    scores = turn.store.scores
    if scores.refuses(who.customer_id):
        return hushed(turn, turn.reply("agent.scores.refused", who=label(turn, who)))
    wanted = scores.needs(who.customer_id, "category")
    contacts = scores.needs(who.customer_id, "contact")
    if not wanted and not contacts:
        text = turn.say("agent.needs.none", who=label(turn, who))
        return hushed(turn, Reply(text=f"{text} {how(turn, NEEDS)}"))
    lines = [turn.say("agent.needs.of", who=label(turn, who), days=(wanted or contacts)[0].horizon_days)]
    lines += [_line(turn, place, need) for place, need in enumerate(wanted[:MOST], start=1)]
    for need in contacts[:1]:
        lines.append(turn.say("agent.needs.contact", what=contact_word(turn, need.what), chance=_chance(need)))
    lines.append(_source(turn, (wanted or contacts)[0]))
    offer = Choice(label=turn.say("agent.scores.offers_button"), value=f"recommend_for_customer:for:{who.number}")
    return hushed(turn, Reply(text="\n".join(lines), choices=(offer,)))


def _line(turn: StaffTurn, place: int, need: NeedView) -> str:
    what = spoken("categories", need.what, turn.language)
    line = turn.say("agent.needs.line", place=place, what=what, chance=_chance(need))
    for_it = sorted((one for one in need.reasons if one.effect_milli >= 0), key=lambda one: -one.effect_milli)
    words = facts_of(turn)
    facts = [words.fact(reason) for reason in for_it[:OF_ONE]]
    told = turn.say("agent.scores.next").join(facts)
    return turn.say("agent.needs.because", line=line, fact=told) if told else line


def contact_word(turn: StaffTurn, what: str) -> str:
    """What somebody writes about, in words."""
    for key in (f"agent.needs.contacts.{what}", f"manager.intents.{what}"):
        if turn.services.phrases.has(key):
            return turn.say(key)
    return what.replace("_", " ")


def _chance(need: NeedView) -> str:
    return f"{need.chance_milli / 10:.0f} %"


def _source(turn: StaffTurn, need: NeedView) -> str:
    return turn.say(
        "agent.scores.from",
        computed=wording.moment(need.computed_at, turn.language, turn.speaker.zone),
        model=model_name(turn, need.model),
        until=wording.day(need.data_until, turn.language, "UTC"),
    )
