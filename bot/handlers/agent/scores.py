"""Scores of a customer: how likely they are to leave, what they are worth, how they feel."""

import re

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, hushed, label, leftover, named, present, whom
from bot.handlers.agent.lists import list_customers
from bot.handlers.agent.score_words import kind_name, mood_line, score_line, source_lines, told
from bot.messages import Choice, Reply
from crm_core.scores import JOB
from crm_core.staff.scores import Standing
from crm_core.staff.store import Brief

KINDS = {"churn_risk": "churn", "lifetime_value": "value", "sentiment": "mood"}
"""What people call a score -> its kind."""
MOOD = "mood"
LONGEST_NAME_ZH = 4
_SCORE_WORDS = re.compile(
    r"(?<![a-z])(?:churn(?:ing)?|risk(?:y)?|scores?|worth|value(?:d)?|valuable|lifetime|expected|predicted|mood|sentiment"
    r"|feel(?:s|ing)?|happy|unhappy|angry|upset|likely|probability|chance|leave|leaving|lose|losing|about|going|will"
    r"|high|higher|low|lower|so|this|why|explain|reasons?|because|behind|how come|marked|flagged|become|currently|now"
    r"|today|still|sure|current|level|rfm|us|we|these days|lately)(?![a-z])"
    r"|流失|风险|風險|价值|價值|终身|预期|预计|情绪|心情|满意度?|不满|生气|评分|分数|得分|概率|可能性?|几率|机率"
    r"|为什么|为何|为啥|怎么|原因|依据|凭什么|解释|会不会|是不是|快要?|要|会|走|跑掉|跑路|这么|那么|很|高|低|多少|多高"
    r"|值|钱|算|现在|目前|最近|分|有"
)

_MANY = re.compile(
    r"(?<![a-z])(?:who(?:se)?|which|customers|clients|everybody|everyone|people|accounts|list|top \d+)(?![a-z])"
    r"|谁|哪些|哪几|哪位|所有|名单|前\d+|风险的?客户|价值的?客户"
)
"""Asks for customers by their scores, and not for the score of one."""


def get_score(turn: StaffTurn) -> Reply:
    """The score that was asked for, or all of them: figure, band, interval, horizon, when and by what."""
    wanted = asked(turn)
    many = _MANY.search(wanted.text.lower()) and wanted.first("reference") is None
    if many and not named(turn, wanted, wanted.text):
        return list_customers(turn)
    who = scored(turn, wanted)
    if isinstance(who, Reply):
        return who
    turn.memory.show("customer", who.customer_id)
    standing = turn.store.scores.standing(who.customer_id)
    kind = kind_of(turn, wanted)
    lines = [label(turn, who)]
    if kind is None and wanted.first("score_type"):
        lines.append(turn.say("agent.scores.unknown_kind", wanted=_said(wanted)))
    if kind:
        turn.memory.show("score", kind)
    if standing.refused and kind != MOOD:
        lines.append(turn.say("agent.scores.refused", who=label(turn, who)))
        standing = Standing({}, standing.mood, None, refused=True)
    elif kind not in (None, MOOD, *standing.scores):
        return hushed(turn, missing(turn, who, str(kind)))
    lines += _lines(turn, standing, kind)
    return hushed(turn, Reply(text="\n".join(lines), choices=_steps(turn, who, standing, kind)))


def _lines(turn: StaffTurn, standing: Standing, kind: str | None) -> list[str]:
    scores = [score for score in told(turn, standing.scores) if kind in (None, score.kind)]
    lines = [score_line(turn, score) for score in scores]
    if not scores and kind is None and not standing.refused:
        lines.append(how(turn, "churn"))
    if kind in (None, MOOD):
        lines.append(mood_line(turn, standing.mood))
    if standing.rfm and kind is None:
        lines.append(turn.say("agent.scores.rfm", name=standing.rfm[0 if turn.language == "en" else 1]))
    lines += source_lines(turn, scores)
    if kind == MOOD and standing.mood.newest_at:
        newest = wording.day(standing.mood.newest_at, turn.language, turn.speaker.zone)
        lines.append(turn.say("agent.scores.live", newest=newest))
    return lines


def _steps(turn: StaffTurn, who: Brief, standing: Standing, kind: str | None) -> tuple[Choice, ...]:
    kinds = [score.kind for score in told(turn, standing.scores)]
    kinds += [MOOD] if standing.mood.messages else []
    steps = [
        Choice(
            label=turn.say("agent.scores.why_button", name=kind_name(turn, one)),
            value=f"explain_score:{one}:{who.number}",
        )
        for one in kinds
        if kind in (None, one)
    ]
    further = (("needs_button", "predict_need"), ("offers_button", "recommend_for_customer"))
    steps += [
        Choice(label=turn.say(f"agent.scores.{key}"), value=f"{intent}:for:{who.number}") for key, intent in further
    ]
    return tuple(steps)


# --- what is meant --------------------------------------------------------------------------------------------------
def kind_of(turn: StaffTurn, wanted: Asked) -> str | None:
    """The kind of score that a button or the words name; None when they name none that there is."""
    if turn.message.kind == "button":
        named = [part for part in turn.argument.split(":") if part in KINDS.values()]
        if named:
            return named[0]
    said = [KINDS[value] for value in wanted.all("score_type") if value in KINDS]
    return said[0] if said else None


def _said(wanted: Asked) -> str:
    return next(entity.text for entity in wanted.entities if entity.name == "score_type")


def scored(turn: StaffTurn, wanted: Asked) -> Brief | Reply:
    """Whose score it is: who is named beside the words for scores, else the customer that was shown last."""
    plain = _SCORE_WORDS.sub(lambda match: " " * len(match[0]), wanted.text.lower())
    plain = "".join(
        char if kept == char.lower() else " "
        for char, kept in zip(wanted.text, plain.ljust(len(wanted.text)), strict=False)
    )
    who = whom(turn, wanted, said=plain)
    if isinstance(who, Brief) or who.choices:
        return who
    here = present(turn)
    return here if here and not _seems_name(plain) else who


def _seems_name(plain: str) -> bool:
    """Whether what is left of a question may be the name of somebody unknown, and not the rest of a sentence."""
    left = leftover(plain)
    if not left.isascii():
        return len(left) <= LONGEST_NAME_ZH
    return any(word[0].isupper() for word in plain.split()[1:])


# --- what is not there ----------------------------------------------------------------------------------------------
def missing(turn: StaffTurn, who: Brief, kind: str) -> Reply:
    """Nothing is computed, and what to do about it."""
    said = turn.say("agent.scores.none", who=label(turn, who), name=kind_name(turn, kind))
    return Reply(text=f"{said} {how(turn, kind)}")


def how(turn: StaffTurn, kind: str) -> str:
    """Why there is no score, and who can make one."""
    key = "agent.scores.not_this_one" if turn.store.scores.any_computed(kind) else "agent.scores.how"
    return turn.say(key, job=JOB)
