"""Which campaign is meant: what a button or the text names, the one spoken of, the only one that fits; else asked."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from bot.campaign_orders import ASKED, is_spoken_of, which_asked
from bot.handlers.manager.asking import ManagerTurn
from bot.messages import Choice, Reply
from crm_core.models import Campaign

MOST_ASKED = 6
LABEL_WIDTH = 60
_LATEST = re.compile(
    r"(?<![a-z])(?:last|latest|newest|(?:most )?recent)(?! (?:week|month|year|quarter|night|time|days))(?![a-z])"
    r"|最近(?:一[次个场])?|上一?[次个场]|最新",
    re.IGNORECASE,
)


def chosen(turn: ManagerTurn, intent: str, action: str, fits: Callable[[Campaign], bool]) -> Campaign | Reply | None:
    """The campaign that is meant, the question which one, or None where none fits.

    Args:
        intent: who answers, with `action`, when one is chosen of those asked about.
        fits: which may be meant where none is named.
    """
    if turn.message.kind == "button":
        return with_id(turn, turn.argument.rpartition(":")[2])
    picked = _picked(turn)
    if picked is not None:
        return picked
    text = turn.understanding.text
    named = turn.store.campaigns.named(text)
    fitting = [one for one in named if fits(one)] or named
    if not fitting:
        fitting = [one for one in turn.store.campaigns.newest() if fits(one)]
        spoken_of = with_id(turn, turn.memory.shown("campaign"))
        if _LATEST.search(text):
            fitting = fitting[:1]
        elif spoken_of is not None and fits(spoken_of):
            return spoken_of
    if len(fitting) > 1:
        return ask_which(turn, fitting, intent, action)
    return next(iter(fitting), None)


def named_or_spoken_of(turn: ManagerTurn, said: str, fits: Callable[[Campaign], bool]) -> list[Campaign]:
    """Those that words alone can mean: by name, or, where they say "it", the one spoken of, else all that fit."""
    if not is_spoken_of(said):
        named = turn.store.campaigns.named(said, wholly=True)
        return [one for one in named if fits(one)] or named
    spoken_of = with_id(turn, turn.memory.shown("campaign"))
    if spoken_of is not None and fits(spoken_of):
        return [spoken_of]
    return [one for one in turn.store.campaigns.newest() if fits(one)]


def ask_which(turn: ManagerTurn, fitting: Sequence[Campaign], intent: str, action: str) -> Reply:
    """The question which of several, with a button for each."""
    shown = fitting[:MOST_ASKED]
    choices = tuple(Choice(label=_label(turn, one), value=f"{intent}:{action}:{one.id}") for one in shown)
    turn.memory.show(ASKED, {"intent": intent, "which": action, "among": [one.id for one in shown]})
    return Reply(text=turn.say("campaigns.which"), choices=choices)


def with_id(turn: ManagerTurn, given: Any) -> Campaign | None:
    """The campaign of an id that a button or the memory holds."""
    digits = str(given or "")
    return turn.store.campaigns.with_id(int(digits)) if digits.isdecimal() and len(digits) <= 19 else None


def asked_action(turn: ManagerTurn) -> str:
    """What shall be done with the one that we asked about; "" where this does not say which."""
    asked = which_asked(turn.understanding.text, turn.memory, turn.store.campaigns.names)
    return str(asked["which"]) if asked else ""


def _picked(turn: ManagerTurn) -> Campaign | None:
    """The one of those asked about whose place is said: "the second one"."""
    asked = which_asked(turn.understanding.text, turn.memory, turn.store.campaigns.names)
    place = turn.understanding.first("ordinal")
    among = asked["among"] if asked else []
    if not isinstance(place, int) or not place or not -len(among) <= place <= len(among):
        return None
    return with_id(turn, among[place - 1 if place > 0 else place])


def _label(turn: ManagerTurn, campaign: Campaign) -> str:
    state = turn.say(f"campaigns.states.{campaign.state}")
    return turn.say("campaigns.choice", name=campaign.name[:LABEL_WIDTH], state=state)
