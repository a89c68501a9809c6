"""Which of several digests somebody means: by number, by when it comes, or the one just spoken of."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.digest_plan_words import clock, when
from bot.handlers.manager.asking import ManagerTurn
from bot.handlers.manager.digest_reading import said_kind
from bot.messages import Choice, Reply
from crm_core.digest_plans import EVENING
from crm_core.models import DigestPlan

SPOKEN_OF = timedelta(hours=1)
"""How long "it" means the digest that was last spoken of."""
NOON = 12 * 60
EVERY = re.compile(
    r"(?<![a-z])(?:all|every|both|everything|any|digests|reports|summaries|subscriptions|newsletters|mails|e-?mails)"
    r"(?![a-z])(?! (?:day|week|month|mon|tue|wed|thu|fri|sat|sun|morning|evening|workday|second|other))"
    r"|全部|所有|都|每份|一切|全停|任何"
)
_NUMBER = re.compile(
    r"(?<![a-z])(?:digest|report|number|no\.?|the) ?#? ?(?P<en>\d{1,3})(?:st|nd|rd|th)?(?![\d:.]|\s*(?:am|pm|o'clock))"
    r"|(?:简报|编号|第)\s*(?P<zh>\d{1,3})(?!\s*[:：点时])|(?<!\d)(?P<hao>\d{1,3})\s*号(?:简报|那份)"
)
_BARE = re.compile(r"\W*(?P<bare>\d{1,3})\W*")
_NEW = re.compile(
    r"(?<![a-z])(?:to|for|at)\s+(?:an? )?(?:every|each|daily|weekly|monthly|bi-?weekly|\d|half|noon|mon|tue|wed|thu|fri"
    r"|sat|sun|week|work|chinese|english|e-?mail|slack|telegram|the (?:first|last|\d))|改[成到为]|换[成到]|挪到|提前到"
    r"|推迟到|延后到|变成"
)
"""What stands before the new time, zone, language or channel of a digest; before it stands which one."""
_WEEKDAYS = (
    r"mon(?:day)?s?|周一|星期一", r"tue(?:s(?:day)?)?s?|周二|星期二", r"wed(?:nesday)?s?|周三|星期三",
    r"thu(?:rs(?:day)?)?s?|周四|星期四", r"fri(?:day)?s?|周五|星期五", r"sat(?:urday)?s?|周六|星期六",
    r"sun(?:day)?s?|周日|周天|星期[日天]",
)  # fmt: skip
_MORNING = re.compile(r"(?<![a-z])morning(?![a-z])|早上|早报|晨报")
_EVENING = re.compile(r"(?<![a-z])(?:evening|night)(?![a-z])|晚上|晚报|傍晚")
_CLOCK = re.compile(r"(?<!\d)(?P<hour>[01]?\d|2[0-3])(?:[:：](?P<minute>[0-5]\d)|\s*(?:o'clock|am|点))")
_LAST_DAY = re.compile(r"(?<![a-z])last day(?![a-z])|最后一天|月底|月末")
IT = re.compile(r"(?<![a-z])(?:it|that|this)(?![a-z])|它|这[个份]|那[个份]")


def old_words(text: str) -> str:
    """What a sentence says before it says how it is to be."""
    found = _NEW.search(text)
    return text[: found.start()] if found else text


def by_number(text: str) -> bool:
    """Whether one is named by its number: 2号简报 is no day of the month."""
    found = _NUMBER.search(text)
    return bool(found and (found["hao"] or found["zh"]))


def meant(turn: ManagerTurn, plans: Sequence[DigestPlan], text: str, *, by_day: bool = True) -> list[DigestPlan]:
    """Those that are meant: one, or all that fit.

    Args:
        by_day: a weekday says which one; not where it says until when.
    """
    number = _NUMBER.search(text) or (_BARE.fullmatch(text) if turn.question else None)
    if number:
        named = next(int(each) for each in number.groups() if each)
        return [plan for plan in plans if plan.number == named] or list(plans)
    fitting = list(plans)
    for test in _tests(text, by_day=by_day):
        fitting = [plan for plan in fitting if test(plan)] or fitting
    if len(fitting) == len(plans) > 1 and (IT.search(text) or not EVERY.search(text)):
        last = spoken_of(turn)
        return [plan for plan in plans if plan.number == last and IT.search(text)] or fitting
    return fitting


def _tests(text: str, *, by_day: bool) -> list[Callable[[DigestPlan], bool]]:
    """What is said of which one it is."""
    tests: list[Callable[[DigestPlan], bool]] = []
    kind, at = said_kind(text), _CLOCK.search(text)
    if kind:
        tests.append(lambda plan: plan.kind == kind)
    days = {day for day, words in enumerate(_WEEKDAYS) if re.search(rf"(?<![a-z])(?:{words})(?![a-z])", text)}
    if days and by_day:
        tests.append(lambda plan: plan.kind != "daily" and bool(days & set(plan.weekdays or [])))
    if _LAST_DAY.search(text):
        tests.append(lambda plan: plan.every == "month" and (plan.month_day or 0) < 0 and not plan.nth)
    if _EVENING.search(text):
        tests.append(lambda plan: plan.minute >= EVENING)
    elif _MORNING.search(text):
        tests.append(lambda plan: plan.minute < NOON)
    if at:
        minute = int(at["hour"]) * 60 + int(at["minute"] or 0)
        tests.append(lambda plan: plan.minute == minute)
    return tests


def spoken_of(turn: ManagerTurn) -> int | None:
    """The number of the digest that was spoken of lately."""
    last = turn.memory.shown("digest")
    if not isinstance(last, dict) or turn.now - datetime.fromisoformat(last["at"]) > SPOKEN_OF:
        return None
    return int(last["number"])


def note(turn: ManagerTurn, plan: DigestPlan) -> None:
    """Remember that a digest was spoken of."""
    turn.memory.show("digest", {"number": plan.number, "at": turn.now.isoformat()})


def which(turn: ManagerTurn, plans: Sequence[DigestPlan], told: str, value: str, *, all_of_them: bool) -> Reply:
    """Ask which one; `value` of the buttons has a place for the number."""
    phrases = turn.services.phrases
    buttons = [
        Choice(
            label=f"{plan.number}: {when(plan, phrases, turn.language)} {clock(plan)}",
            value=value.format(number=plan.number),
        )
        for plan in plans[:8]
    ]
    if all_of_them:
        buttons.append(Choice(label=turn.say("digests.buttons.all"), value=value.format(number="all")))
    turn.ask("text", which=True)
    text = f"{turn.say('digests.which', plans=told)}\n{turn.say('digests.which_again')}"
    return Reply(text=text, choices=tuple(buttons))
