"""What somebody has to do: the list, and ticking off what is done."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.agent.asking import Asked, StaffTurn, asked, declined, hushed, named, present, undo
from bot.handlers.agent.case_lists import colleague_in, day_bounds
from bot.handlers.agent.customers import period
from bot.handlers.agent.next_actions import next_actions, nothing_left
from bot.messages import Choice, Reply, Table
from crm_core.staff.tasks import TaskFilter, TaskView

MOST_SHOWN = 20
OFFERED = 5
_EVERYBODY = re.compile(
    r"(?<![a-z])(?:team|everybody|everyone|whole team)(?:'s)?(?![a-z])|组里|大家|全组|所有人|团队", re.IGNORECASE
)
_OVERDUE = re.compile(r"overdue|past due|(?<![a-z])late(?![a-z])|missed|过期|逾期|拖着|超期|到期没做", re.IGNORECASE)
_DONE = re.compile(r"(?<![a-z])(?:completed|finished|done)(?![a-z])|做完的|已完成|完成的|完成了的", re.IGNORECASE)
_NOT_DONE = re.compile(r"not (?:yet )?done|undone|unfinished|没做完|未完成|没完成", re.IGNORECASE)
_UNDATED = re.compile(r"no (?:due )?date|without (?:a )?(?:due )?date|没写?日期|没有日期|没期限", re.IGNORECASE)
_WHAT_TO_DO = re.compile(
    r"(?<![a-z])(?:today|my day|should i|do i have to|have to (?:call|ring)|suggest\w*|next|whom?|priorit\w+)(?![a-z])"
    r"|今天|今日|该(?:联系|给|打|做|跟进|找)|建议|优先|先做|接下来",
    re.IGNORECASE,
)
_NEXT = re.compile(r"(?<![a-z])next (?:thing|task|on|up)|what'?s next(?![a-z])|下一件|接下来", re.IGNORECASE)

_NUMBER = re.compile(
    r"(?:task|number|no\.?|item|to-?do|#|第|任务|待办)\s*(\d{1,3}|[一二三四五六七八九十])|(?<!\d)(\d{1,3}|[一二三四五六七八九十])\s?号",
    re.I,
)
_CHINESE_DIGITS = "零一二三四五六七八九十"
_THAT = re.compile(r"(?<![a-z])(?:it|that|this)(?! (?:the|was))(?![a-z])|那个|这个|那条|这条|刚才|刚刚", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]{2,}|[\u4e00-\u9fff]", re.IGNORECASE)
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "done with the to of a an is it its that this was for and my me on in at by off list task tasks todo reminder"
        " mark as complete completed finished finish check tick cross can you just already have has been she he her him"
        " his them did ve got please pls one all now",
    )
)
_COMMON_ZH = frozenset("的了吧完成做好已经把我给那个这条任务待办提醒勾掉打标记为划去过上都弄结束在是跟和")


# --- the list -------------------------------------------------------------------------------------------------------
def list_tasks(turn: StaffTurn) -> Reply:
    """One's own tasks, or a colleague's: today's with what is overdue, of a period, of a customer, or done ones.

    Who asks what to do, or whom to call, is told what is suggested for today as well.
    """
    wanted = asked(turn)
    wished, words = _reading(turn, wanted)
    listed = _listed(turn, wanted, wished, words)
    plain = wished.customer_id is None and wished.owner_id == turn.speaker.staff_id and not wished.done
    if not plain or not _WHAT_TO_DO.search(wanted.text):
        return hushed(turn, listed)
    suggested = next_actions(turn)
    if suggested is None:
        text = turn.say("suggestions.tasks_only", left=nothing_left(turn), tasks=listed.text)
        return hushed(turn, listed.model_copy(update={"text": text}))
    text = turn.say("suggestions.with_tasks" if listed.table else "suggestions.no_tasks", tasks=listed.text)
    choices = (*listed.choices, *suggested.choices)
    return hushed(turn, listed.model_copy(update={"text": text, "cards": suggested.cards, "choices": choices}))


def _listed(turn: StaffTurn, wanted: Asked, wished: TaskFilter, words: list[str]) -> Reply:
    found = turn.store.tasks.listed(wished)
    if _NEXT.search(wanted.text):
        found = found[:1]
    said = turn.say("agent.query.and").join(words)
    if not found:
        return Reply(text=turn.say("agent.tasks.none", conditions=said))
    shown = found[:MOST_SHOWN]
    turn.memory.show("tasks", [task.task_id for task in shown])
    turn.memory.show("task", shown[0].task_id if len(shown) == 1 else None)
    columns = tuple(turn.say(f"agent.tasks.columns.{name}") for name in ("number", "what", "due", "whom"))
    rows = tuple(_cells(turn, place, task) for place, task in enumerate(shown, 1))
    note = turn.say("agent.lists.note", first=1, last=len(shown), total=len(found))
    choices = () if wished.done else _done_buttons(turn, shown)
    return Reply(text=said, table=Table(columns=columns, rows=rows, note=note), choices=choices)


def _done_buttons(turn: StaffTurn, shown: list[TaskView]) -> tuple[Choice, ...]:
    return tuple(
        Choice(label=f"✓ {place}", value=f"complete_task:done:{task.task_id}")
        for place, task in enumerate(shown, 1)
        if task.owner_id == turn.speaker.staff_id
    )


def _cells(turn: StaffTurn, place: int, task: TaskView) -> tuple[str, ...]:
    when = (
        wording.moment(task.due_at, turn.language, turn.speaker.zone)
        if task.due_at
        else turn.say("agent.tasks.no_date")
    )
    if task.due_at and task.due_at < turn.now and task.done_at is None:
        when = turn.say("agent.cases.late", when=when)
    whom = f"{task.customer} #{task.customer_number}" if task.customer_number else "–"
    owner = f" ({task.owner})" if task.owner_id != turn.speaker.staff_id else ""
    return str(place), f"{task.title}{owner}", when, whom


def _reading(turn: StaffTurn, wanted: Asked) -> tuple[TaskFilter, list[str]]:
    """The conditions in a request for tasks, and the same in words."""
    text, zone = wanted.text, turn.speaker.zone
    owner_id, words = _owner(turn, text)
    customer_id = _customer(turn, wanted)
    if customer_id is not None:
        known = turn.store.briefs([customer_id])
        words.append(
            turn.say("agent.tasks.about", who=f"{known[0].name} #{known[0].number}" if known else "–").rstrip(".。")
        )
    done = bool(_DONE.search(_NOT_DONE.sub(" ", text)))
    words.append(turn.say("agent.tasks.only.done" if done else "agent.tasks.only.open"))
    since, until = _when(turn, wanted)
    if _UNDATED.search(text):
        words.append(turn.say("agent.tasks.only.undated"))
    if _OVERDUE.search(text) and not done:
        since, until = None, turn.now
        words.append(turn.say("agent.tasks.only.overdue"))
    elif until is not None or since is not None:
        words += _bounds_in_words(turn, since, until)
        begins, _ = day_bounds(turn.now.astimezone(ZoneInfo(zone)).date(), zone)
        if since == begins and not done:  # today's work has what was left of the days before
            since = None
            words.append(turn.say("agent.tasks.only.with_overdue"))
    return TaskFilter(owner_id, customer_id, since, until, bool(_UNDATED.search(text)), done), words


def _bounds_in_words(turn: StaffTurn, since: datetime | None, until: datetime | None) -> list[str]:
    zone = turn.speaker.zone
    last = until - timedelta(seconds=1) if until else None
    days = [wording.day(moment, turn.language, zone) for moment in (since, last) if moment]
    return [turn.say("agent.tasks.only.due", day=" – ".join(dict.fromkeys(days)))]


def _when(turn: StaffTurn, wanted: Asked) -> tuple[datetime | None, datetime | None]:
    since, until = period(wanted, turn.speaker.zone)
    moment = wanted.first("datetime")
    if since is None and until is None and isinstance(moment, str):
        day = datetime.fromisoformat(moment).astimezone(ZoneInfo(turn.speaker.zone)).date()
        return day_bounds(day, turn.speaker.zone)
    if (
        since is None
        and until is None
        and re.search(r"my day|agenda|before i log off|下班|日程", wanted.text, re.IGNORECASE)
    ):
        return day_bounds(turn.now.astimezone(ZoneInfo(turn.speaker.zone)).date(), turn.speaker.zone)
    return since, until


def _owner(turn: StaffTurn, text: str) -> tuple[int | None, list[str]]:
    if _EVERYBODY.search(text):
        return None, [turn.say("agent.tasks.only.everybody")]
    one = colleague_in(turn, text)
    if one is not None and one.staff_id != turn.speaker.staff_id:
        return one.staff_id, [turn.say("agent.tasks.only.of", name=one.name)]
    return turn.speaker.staff_id, [turn.say("agent.tasks.only.mine")]


def _customer(turn: StaffTurn, wanted: Asked) -> int | None:
    if wanted.first("reference") == "person":
        who = present(turn)
        return who.customer_id if who else None
    found = named(turn, wanted, wanted.text) if wanted.text else []
    return found[0].customer_id if len(found) == 1 else None


# --- ticking off ----------------------------------------------------------------------------------------------------
def complete_task(turn: StaffTurn) -> Reply:
    """Tick off a task: by its place in the list, by what it says, or the one just spoken of."""
    if turn.message.kind == "button":
        word, _, digits = turn.argument.partition(":")
        key = min(int(digits), 2**63 - 1) if digits.isdigit() and len(digits) < 20 else 0
        return _reopened(turn, key) if word == "undo" else _ticked(turn, key)
    return turn.reply("agent.nothing_done") if declined(turn) else _meant(turn, asked(turn))


def _meant(turn: StaffTurn, wanted: Asked) -> Reply:
    mine = turn.store.tasks.listed(TaskFilter(owner_id=turn.speaker.staff_id))
    if not mine:
        return turn.reply("agent.tasks.nothing_open")
    place = _place(wanted)
    if place is not None:
        return _by_place(turn, place)
    fitting = _fitting(turn, wanted, mine)
    if len(fitting) == 1:
        return _ticked(turn, fitting[0].task_id)
    last = turn.memory.shown("task")
    about = _content(wanted.text)
    if not fitting and isinstance(last, int) and (not about or _THAT.search(wanted.text)):
        return _ticked(turn, last)
    return _which(turn, fitting or mine, bool(fitting))


def _place(wanted: Asked) -> int | None:
    """ "Number 2", 第二条, "the first one"."""
    ordinal = wanted.first("ordinal")
    if isinstance(ordinal, int) and ordinal:
        return ordinal
    found = _NUMBER.search(wanted.text)
    digits = (found[1] or found[2]) if found else wanted.text.strip() if wanted.text.strip().isdigit() else ""
    if not digits:
        return None
    return int(digits) if digits.isdigit() else _CHINESE_DIGITS.index(digits)


def _by_place(turn: StaffTurn, place: int) -> Reply:
    shown = turn.memory.shown("tasks")
    if not isinstance(shown, list) or not 0 < abs(place) <= len(shown):
        mine = turn.store.tasks.listed(TaskFilter(owner_id=turn.speaker.staff_id))
        return _which(turn, mine, False)
    return _ticked(turn, shown[place - 1 if place > 0 else place])


def _fitting(turn: StaffTurn, wanted: Asked, mine: list[TaskView]) -> list[TaskView]:
    """The tasks that share most words with what was said, customers' names included."""
    about = _content(wanted.text)
    who = _customer(turn, wanted)
    scored = []
    for task in mine:
        words = _content(f"{task.title} {task.customer}")
        score = len(about & words) + (3 if who is not None and task.customer_id == who else 0)
        scored.append((score, task))
    best = max(score for score, _ in scored)
    return [task for score, task in scored if score == best] if best else []


def _content(text: str) -> frozenset[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(word for word in words if word not in _COMMON and word not in _COMMON_ZH)


def _ticked(turn: StaffTurn, task_id: int) -> Reply:
    task = turn.store.tasks.complete(task_id)
    if task is None:
        return turn.reply("agent.tasks.not_open")
    turn.memory.show("task", task.task_id)
    text = turn.say("agent.tasks.done", title=task.title)
    return hushed(turn, Reply(text=text, choices=undo(turn, f"complete_task:undo:{task.task_id}")))


def _reopened(turn: StaffTurn, task_id: int) -> Reply:
    task = turn.store.tasks.reopen(task_id)
    return hushed(turn, turn.reply("agent.tasks.reopened", title=task.title)) if task else turn.reply("agent.too_late")


def _which(turn: StaffTurn, found: list[TaskView], fits: bool) -> Reply:
    turn.memory.show("tasks", [task.task_id for task in found[:MOST_SHOWN]])
    choices = tuple(
        Choice(label=f"{place}. {task.title[:50]}", value=f"complete_task:done:{task.task_id}")
        for place, task in enumerate(found[:OFFERED], 1)
    )
    turn.ask("text", "complete_task")
    return hushed(turn, Reply(text=turn.say("agent.tasks.several" if fits else "agent.tasks.which"), choices=choices))
