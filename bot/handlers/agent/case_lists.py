"""Cases by conditions, which are said back; one case with what can be done about it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import wording
from bot.handlers.agent.asking import READ_UP_TO, Asked, StaffTurn, asked, hushed, in_words, named, present
from bot.handlers.agent.case_meant import short
from bot.handlers.agent.case_reading import find_name, numbers, without_customers
from bot.handlers.agent.customers import period
from bot.messages import Card, Choice, Reply, Table
from bot.sheets import TYPES, Cell, Sheet, written
from crm_core.cases import PRIORITIES
from crm_core.staff.cases import CaseFilter, CasePage, Colleague, StaffCase
from crm_core.staff.store import MOST_EXPORTED

PAGE = 10
FILED = (
    "number", "title", "status", "priority", "topic", "customer_number", "customer", "owner", "opened_at", "due_at",
    "snoozed_until", "closed_at",
)  # fmt: skip
"""What a file of cases tells of each; moments are UTC."""
SOON = timedelta(hours=8)
_MINE = re.compile(r"(?<![a-z])(?:my|mine|i|i'm|me)(?![a-z])|我(?!们)", re.IGNORECASE)
_NOT_MINE = re.compile(
    r"(?<![a-z])(?:show|give|tell|let|for|get|list) me(?![a-z])|(?:给|帮|让|跟|请给)我|我(?:想|要)看", re.IGNORECASE
)
_UNASSIGNED = re.compile(
    r"(?<![a-z])(?:un-?assigned|un-?owned|no ?body'?s?|no owner)(?![a-z])|没人接|没人要|未分配|没有?分配|无人", re.I
)
_OPEN_AFTER_ALL = re.compile(
    r"unresolved|unsolved|not (?:yet )?(?:closed|solved|resolved|done)|未(?:结|关|解决|关闭"
    r"|处理)|没(?:有)?(?:关|结|解决|处理)",
    re.I,
)
_STATUSES = (
    ("snoozed", re.compile(r"snooz|asleep|sleeping|挂起|搁置|暂缓|休眠|该醒", re.IGNORECASE)),
    (
        "closed",
        re.compile(
            r"(?<![a-z])(?:closed|solved|resolved|solve|close)(?![a-z])|关掉|已关|关闭的|结了|结掉|已结|已解决|解决了",
            re.I,
        ),
    ),
    (
        "waiting",
        re.compile(
            r"(?<![a-z])(?:waiting|pending|on hold)(?![a-z])|等(?:待)?(?:客户|客人|对方|回复)|在等", re.IGNORECASE
        ),
    ),
)
_EVERY_STATUS = re.compile(
    r"(?<![a-z])(?:any status|ever|before|all statuses)(?![a-z])|全部状态|开过单|之前.{0,6}(?:单|工单)", re.IGNORECASE
)
_OVERDUE = re.compile(
    r"overdue|past (?:due|(?:the|their|its) deadline)|breached"
    r"|(?<!about to )breach(?!ing)|violat|逾期|过期|超时了|已超时|违反|超期|missed",
    re.IGNORECASE,
)
_SOON = re.compile(
    r"about to|due soon|at risk|breaching|nearly due|快(?:要)?(?:超|到期|breach)|即将|要超时|anything red",
    re.IGNORECASE,
)
_ORDERS = (
    (
        "priority", re.compile(r"(?:by|order(?:ed)? by|sort(?:ed)? by) (?:prio|urgency"
        "|importance)|most urgent first|按(?:优先级|紧急)", re.I)
    ),
    ("newest", re.compile(r"newest|latest|most recent|最新|从新到旧|新的(?:排|在)前", re.IGNORECASE)),
    ("oldest", re.compile(r"oldest|by age|longest open|最老|最早|最久|按时间|从老到新|从旧到新", re.IGNORECASE)),
)  # fmt: skip
_OF_CUSTOMER = re.compile(
    r"(?:cases|tickets) (?:of|for|by|from|with) (?:customer )?#?\d{4,9}|\d{4,9}\s?(?:的|名下).{0,4}(?:工单|case)",
    re.IGNORECASE,
)
_OLDER = re.compile(r"older|more than|over|longer|untouched|for \d|超过|以上|没动|放了", re.IGNORECASE)


def case_list(turn: StaffTurn) -> Reply:
    """The cases that fit what was said, what is due first in front; a single case by its number."""
    if turn.message.kind == "button":
        return _pressed(turn)
    wanted = asked(turn)
    said = _single(wanted)
    if said is not None:
        return shown_case(turn, said)
    wished = reading(turn, wanted)
    return wished if isinstance(wished, Reply) else _page(turn, wished, 0)


def _pressed(turn: StaffTurn) -> Reply:
    word, _, rest = turn.argument.partition(":")
    if word == "mine":
        return _page(turn, CaseFilter(owner_id=turn.speaker.staff_id), 0)
    number = int(rest) if rest.isdigit() and len(rest) < 10 else 0
    if word == "more":
        kept = turn.memory.shown("cases")
        return _page(turn, _loaded(kept), number) if isinstance(kept, dict) else turn.reply("agent.lists.forgotten")
    return shown_case(turn, number)


def _single(wanted: Asked) -> int | None:
    """The one case that is named by its number, where nothing else is asked for."""
    if _OF_CUSTOMER.search(wanted.text):
        return None
    spoken = [entity for entity in wanted.entities if entity.name == "case_id"]
    said = numbers(wanted.text, wanted.entities) if spoken or len(wanted.text) < 30 else []
    timed = any(wanted.first(name) for name in ("duration", "date_range", "count"))
    return said[0] if len(said) == 1 and (spoken or not timed) else None


# --- one case -------------------------------------------------------------------------------------------------------
def shown_case(turn: StaffTurn, number: int) -> Reply:
    """A case with all that is known and what can be done; from here on "it" is this case."""
    case = turn.store.cases.get(number)
    if case is None:
        choice = Choice(label=turn.say("agent.cases.buttons.mine"), value="case_list:mine")
        return Reply(text=turn.say("agent.cases.unknown", numbers=f"#{number}"), choices=(choice,))
    turn.memory.show("case", case.number)
    if case.customer_id:
        turn.memory.show("customer", case.customer_id)
    card = Card(
        title=f"#{case.number} {case.title}",
        subtitle=f"{_status(turn, case)} · {turn.say(f'agent.cases.priorities.{case.priority}')}",
        facts=tuple(_facts(turn, case)),
        choices=_steps(turn, case),
    )
    return hushed(turn, Reply(cards=(card,)))


def _facts(turn: StaffTurn, case: StaffCase) -> list[tuple[str, str]]:
    language, zone = turn.language, turn.speaker.zone
    facts = [("customer", _customer(turn, case)), ("owner", case.owner or turn.say("agent.cases.now.no_owner"))]
    facts.append(("opened", wording.moment(case.opened_at, language, zone)))
    for name, moment in (("due", case.due_at), ("closed", case.closed_at), ("wakes", case.snoozed_until)):
        if moment is not None and not (name == "due" and case.status == "closed"):
            facts.append((name, wording.moment(moment, language, zone)))
    facts += [(name, value) for name, value in (("topic", case.topic), ("resolution", case.resolution)) if value]
    return [(turn.say(f"agent.cases.columns.{name}"), value) for name, value in facts]


def _steps(turn: StaffTurn, case: StaffCase) -> tuple[Choice, ...]:
    def button(word: str, value: str) -> Choice:
        return Choice(label=turn.say(f"agent.cases.buttons.{word}"), value=value)

    steps = [] if case.owner_id == turn.speaker.staff_id else [button("take", f"case_assign:take:{case.number}")]
    if case.status == "closed":
        steps.append(button("reopen", f"case_update:reopen:{case.number}"))
    else:
        steps.append(button("close", f"case_update:close:{case.number}"))
        steps.append(button("snooze", f"case_snooze:day:{case.number}"))
        if case.priority != "urgent":
            steps.append(button("urgent", f"case_update:priority:{case.number}:urgent"))
    if case.customer_number:
        steps.append(button("customer", f"show_customer:{case.customer_number}"))
    return tuple(steps)


# --- conditions -----------------------------------------------------------------------------------------------------
def reading(turn: StaffTurn, wanted: Asked) -> CaseFilter | Reply:
    """The conditions in a request for cases."""
    text = wanted.text
    wished = CaseFilter(**_whose(turn, text), **_state(wanted, text), **_age(turn, wanted, text))
    priorities = tuple(dict.fromkeys(str(value) for value in wanted.all("priority") if value in PRIORITIES))
    customer = _about(turn, wanted, text)
    if isinstance(customer, Reply):
        return customer
    count = wanted.first("count")
    order = next((name for name, pattern in _ORDERS if pattern.search(text)), wished.order)
    soon = _SOON.search(text)
    due_until = turn.now + SOON if soon else turn.now if _OVERDUE.search(text) else None
    return replace(
        wished,
        priorities=priorities,
        customer_id=customer,
        tier="vip" if re.search(r"(?<![a-z])vip(?![a-z])", text, re.IGNORECASE) else "",
        topic=str(wanted.first("topic") or ""),
        due_until=due_until,
        order=order,
        limit=count if isinstance(count, int) and 0 < count <= 1000 else None,
    )


def _whose(turn: StaffTurn, text: str) -> dict[str, Any]:
    if _UNASSIGNED.search(text):
        return {"unassigned": True}
    if _MINE.search(_NOT_MINE.sub(" ", text)):
        return {"owner_id": turn.speaker.staff_id}
    colleague = colleague_in(turn, text)
    return {"owner_id": colleague.staff_id} if colleague else {}


def colleague_in(turn: StaffTurn, text: str) -> Colleague | None:
    """The colleague whose name, the longest that fits, stands in a text outside of customers' names."""
    colleagues = turn.store.cases.colleagues()
    customers = [one.name for one in turn.store.mentioned(text[:READ_UP_TO], turn.services.names)]
    text = without_customers(text, customers, colleagues)
    fits = [
        (len(name), one)
        for one in colleagues
        for name in {one.name, *one.aliases, one.name.split()[0]}
        if find_name(text, name) is not None
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


def _state(wanted: Asked, text: str) -> dict[str, Any]:
    if _EVERY_STATUS.search(text):
        return {"statuses": ("open", "waiting", "snoozed", "closed"), "order": "newest"}
    plain = _OPEN_AFTER_ALL.sub(" ", text)
    found = next((name for name, pattern in _STATUSES if pattern.search(plain)), None)
    if found is None:
        return {}
    return {"statuses": (found,), "order": {"closed": "closed", "snoozed": "wakes"}.get(found, "due")}


def _age(turn: StaffTurn, wanted: Asked, text: str) -> dict[str, Any]:
    """When it was opened, or closed, or wakes up."""
    later = wanted.first("duration")
    if isinstance(later, dict) and later and _OLDER.search(text):
        return {"opened_until": turn.now - timedelta(**later)}
    if _SOON.search(text) or _OVERDUE.search(text):
        return {}
    since, until = period(wanted, turn.speaker.zone)
    status = _state(wanted, text).get("statuses", ())
    if status == ("snoozed",):
        return {"wakes_until": until} if until else {}
    names = ("closed_from", "closed_until") if status == ("closed",) else ("opened_from", "opened_until")
    return dict(zip(names, (since, until), strict=True))


def _about(turn: StaffTurn, wanted: Asked, text: str) -> int | Reply | None:
    """The customer whose cases are asked for; a name that nobody has is said, not ignored."""
    if wanted.first("reference") == "person" or re.search(r"this customer|这个客户|这位客户", text, re.IGNORECASE):
        who = present(turn)
        return who.customer_id if who else None
    found = named(turn, wanted, text)
    if found:
        return found[0].customer_id
    return None


# --- the list -------------------------------------------------------------------------------------------------------
def _page(turn: StaffTurn, wished: CaseFilter, offset: int) -> Reply:
    found = turn.store.cases.listed(wished, offset=offset, limit=PAGE)
    said = conditions_in_words(turn, wished)
    turn.memory.show("cases", _dumped(wished))
    turn.memory.show("answer", "cases")
    if not found.cases:
        return hushed(turn, Reply(text=turn.say("agent.cases.no_cases", conditions=said)))
    if len(found.cases) == 1:
        turn.memory.show("case", found.cases[0].number)
    note = turn.say("agent.lists.note", first=offset + 1, last=offset + len(found.cases), total=found.total)
    columns = tuple(
        turn.say(f"agent.cases.columns.{name}") for name in ("case", "priority", "customer", "owner", "due")
    )
    rows = tuple(_cells(turn, case) for case in found.cases)
    table = Table(columns=columns, rows=rows, note=note)
    return hushed(turn, Reply(text=said, table=table, choices=_buttons(turn, found, offset)))


def _cells(turn: StaffTurn, case: StaffCase) -> tuple[str, ...]:
    shown = {"closed": case.closed_at, "snoozed": case.snoozed_until}.get(case.status, case.due_at)
    when = wording.moment(shown, turn.language, turn.speaker.zone) if shown else "–"
    if case.status in ("closed", "snoozed", "waiting"):
        when = f"{_status(turn, case)} · {when}"
    elif case.due_at is not None and case.due_at < turn.now:
        when = turn.say("agent.cases.late", when=when)
    owner = case.owner or turn.say("agent.cases.now.no_owner")
    return short(turn, case), turn.say(f"agent.cases.priorities.{case.priority}"), _customer(turn, case), owner, when


def _buttons(turn: StaffTurn, found: CasePage, offset: int) -> tuple[Choice, ...]:
    """Each case opens by its number; a single one can be dealt with at once."""
    if len(found.cases) == 1:
        case = found.cases[0]
        show = Choice(label=turn.say("agent.cases.buttons.show"), value=f"case_list:show:{case.number}")
        return (show, *_steps(turn, case))
    choices = [Choice(label=f"#{case.number}", value=f"case_list:show:{case.number}") for case in found.cases]
    last = offset + len(found.cases)
    if last < found.total:
        choices.append(Choice(label=turn.say("agent.lists.more"), value=f"case_list:more:{last}"))
    return tuple(choices)


def _status(turn: StaffTurn, case: StaffCase) -> str:
    return turn.say(f"agent.cases.statuses.{case.status}")


def _customer(turn: StaffTurn, case: StaffCase) -> str:
    if case.customer_number is None:
        return "–"
    return f"{case.customer or turn.say('cards.visitor')} #{case.customer_number}"


# --- conditions in words --------------------------------------------------------------------------------------------
def conditions_in_words(turn: StaffTurn, wished: CaseFilter) -> str:
    """Which conditions and which order were applied, so that nobody takes a part for the whole."""
    parts = [turn.say("agent.cases.owned.all")]
    if wished.unassigned:
        parts = [turn.say("agent.cases.owned.nobody")]
    elif wished.owner_id == turn.speaker.staff_id:
        parts = [turn.say("agent.cases.owned.me")]
    elif wished.owner_id is not None:
        parts = [turn.say("agent.cases.owned.one", name=_name(turn.store.cases.colleagues(), wished.owner_id))]
    parts.append(_listed(turn, "statuses", wished.statuses))
    if wished.priorities:
        parts.append(_listed(turn, "priorities", wished.priorities))
    if wished.customer_id is not None:
        known = turn.store.briefs([wished.customer_id])
        parts.append(turn.say("agent.cases.of", who=f"{known[0].name} #{known[0].number}" if known else "–"))
    parts += [turn.say(f"agent.cases.only.{name}", value=value) for name, value in _named_values(turn, wished) if value]
    for name in ("opened_from", "opened_until", "closed_from", "closed_until", "due_until", "wakes_until"):
        moment = getattr(wished, name)
        if moment is not None:
            when = wording.moment(moment, turn.language, turn.speaker.zone)
            overdue = name == "due_until" and moment <= turn.now
            parts.append(turn.say("agent.cases.only.overdue" if overdue else f"agent.cases.only.{name}", when=when))
    told = turn.say("agent.query.and").join(parts)
    order = turn.say(f"agent.cases.order.{wished.order}")
    top = turn.say("agent.query.top", count=wished.limit) if wished.limit else ""
    return turn.say("agent.query.line", conditions=told, order=order) + top


def _named_values(turn: StaffTurn, wished: CaseFilter) -> tuple[tuple[str, str], ...]:
    return (("topic", wished.topic), ("tier", in_words(turn, "tiers", wished.tier)))


def _listed(turn: StaffTurn, kind: str, values: Sequence[str]) -> str:
    return turn.say("agent.query.or").join(turn.say(f"agent.cases.{kind}.{value}") for value in values)


def _name(colleagues: Sequence[Colleague], staff_id: int) -> str:
    return next((one.name for one in colleagues if one.staff_id == staff_id), "–")


# --- as a file ------------------------------------------------------------------------------------------------------
def case_sheet(turn: StaffTurn) -> Sheet:
    """All cases of the list shown last, and its conditions in words."""
    wished = _loaded(turn.memory.shown("cases") or {})
    turn.store.permit("customer.export_list", "cases", FILED)
    found = turn.store.cases.listed(wished, limit=MOST_EXPORTED).cases
    return Sheet("cases", FILED, [_record(case) for case in found], [conditions_in_words(turn, wished)])


def case_file(turn: StaffTurn) -> Reply:
    """The same as CSV, which only the asker gets."""
    sheet = case_sheet(turn)
    name = f"cases-{turn.now:%Y-%m-%d}.csv"
    file = turn.services.files.save(turn.store.session, written(sheet, "csv"), name, TYPES["csv"])
    text = turn.say("agent.cases.file", count=len(sheet.rows), conditions=sheet.about[0])
    return Reply(text=text, files=(file,), private=not turn.message.direct)


def _record(case: StaffCase) -> tuple[Cell, ...]:
    moments = (case.opened_at, case.due_at, case.snoozed_until, case.closed_at)
    return (
        case.number, case.title, case.status, case.priority, case.topic, case.customer_number, case.customer,
        case.owner, *("" if moment is None else moment.isoformat(timespec="minutes") for moment in moments),
    )  # fmt: skip


# --- kept for "show more" -------------------------------------------------------------------------------------------
_MOMENTS = ("opened_from", "opened_until", "closed_from", "closed_until", "due_until", "wakes_until")


def _dumped(wished: CaseFilter) -> dict[str, Any]:
    kept = {name: getattr(wished, name) for name in CaseFilter.__dataclass_fields__}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}


def _loaded(kept: dict[str, Any]) -> CaseFilter:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    for name in _MOMENTS:
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    return CaseFilter(**values)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The moments at which a day begins and ends in a zone."""
    begins = datetime.combine(day, time(), ZoneInfo(zone))
    return begins, datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
