"""Who saw or changed what: the audit log, by record, by colleague, by kind of action, by period."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import wording
from bot.handlers.agent.asking import Asked, argument, asked, hushed, label, leftover, named, present, several
from bot.handlers.manager.asking import ManagerTurn, asked_periods, words_of
from bot.messages import Choice, Reply, Table
from crm_core import audit
from crm_core.audit import Broken, Entries, Wanted
from crm_core.models import AuditEntry
from crm_core.staff.colleagues import Colleague, colleagues, mentioned
from crm_core.staff.store import Brief
from nlu.understanding import Understanding

PAGE = 10
KINDS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("exports", ("export", "export_list"), r"export|导出|导过|下载"),
    ("erasures", ("customer.erase",), r"eras|delet|wiped|删|注销|清除"),
    ("access", ("staff.write", "staff.role"), r"role|rights?(?![a-z])|access to|grant|权限|角色"),
    ("views", (".read", ".find", ".list"), r"view|look|saw|seen|open|access|read|看|查过|访问|打开|翻"),
    (
        "changes",
        (".write", ".merge", ".link", ".erase", "import"),
        r"chang|edit|updat|tag|merge|modif|改|编辑|标签|合并|动过",
    ),
)  # fmt: skip
"""Kind of action, the endings of its names, and how people say it; the first that is said counts."""
_REFUSED = re.compile(r"refus|denied|not allowed|suspicious|without (?:the )?right|拒绝|越权|可疑|被拒")
_VERIFY = re.compile(r"verify|intact|tamper|chain|验证|完整|篡改|审计链")
_CASE = re.compile(r"(?:case|ticket|工单) ?[#＃]?(\d{3,9})|(\d{3,9}) ?号?工单", re.IGNORECASE)
_CUSTOMER = re.compile(r"(?<![\w-])[#＃]?(\d{4,9})(?![\w-])")
_OWN_WORDS = re.compile(
    r"(?<![a-z])(?:audit|logs?|view(?:ed|s)?|look(?:ed|s)?|saw|seen|open(?:ed|s)?|chang(?:ed?|es)|edit(?:ed|s)?|access(?:ed)?"
    r"|export(?:ed|s)?|delet(?:ed|e)|records?|data|colleagues?|staff|who(?:ever)?|week|days?|month|today|yesterday|this|verify"
    r"|chain|trace|everything|actions?|entries|entry|refused|attempts?|last|have|been|touch(?:ed)?|did|do)(?![a-z])"
    r"|审计|日志|谁|看过|打开|改过|改了|访问|导出|导过|删|资料|数据|档案|记录|这周|上周|今天|昨天|最近|几天|本月|哪些|哪位|同事|员工|被|动过"
    r"|操作|过|都|东西|做了|做|什么|系统"
)


def audit_query(turn: ManagerTurn) -> Reply:
    """The entries that fit what was said, newest first; asking is itself noted."""
    head = audit.head(turn.store.session)[0]
    offset, kept = argument(turn, "more"), turn.memory.shown("audit")
    if offset is not None and isinstance(kept, dict):
        page = int(offset) if offset.isdigit() and len(offset) < 7 else 0
        return _page(turn, _loaded(kept["wanted"]), list(kept["told"]), page)
    turn.store.permit("audit.read", "audit")  # before anything is looked up
    if _VERIFY.search(turn.understanding.text.lower()):
        return _verified(turn)
    told: list[str] = []
    meant = asked(turn)  # of a button that picks one of several: what it was shown for
    said = turn.understanding.model_copy(update={"text": meant.text, "entities": meant.entities})
    wanted = _which(turn, said, told)
    people = mentioned(colleagues(turn.store.session), said.text)
    subject = _subject(turn, meant, people)
    if isinstance(subject, Reply):
        return subject
    subjects, named_so = subject
    told = [*named_so, *(one.name for one in people), *told]
    wanted = replace(
        wanted, subjects=subjects, actors=tuple(f"staff:{one.id}" for one in people), up_to=head
    )  # fmt: skip
    return _page(turn, wanted, told, 0)


def _which(turn: ManagerTurn, said: Understanding, told: list[str]) -> Wanted:
    """Kind and period; what they are called is added to `told`."""
    words, text = words_of(turn), said.text.lower()
    kind = next(((name, actions) for name, actions, pattern in KINDS if re.search(pattern, text)), None)
    if kind:
        told.append(words.say(f"audit.kinds.{kind[0]}"))
    refused = bool(_REFUSED.search(text))
    if refused:
        told.append(words.say("audit.kinds.refused"))
    period = asked_periods(said, turn.now, turn.services.settings.business.zone).period
    if period:
        told.append(words.period(period))
    return Wanted(
        actions=kind[1] if kind and not refused else (), refused=refused,
        since=period.start if period else None, until=period.end if period else None,
    )  # fmt: skip


def _subject(turn: ManagerTurn, wanted: Asked, people: list[Colleague]) -> tuple[tuple[str, ...], list[str]] | Reply:
    """The record that is meant, as the log names it, and in words; nothing when none is named."""
    words, text = words_of(turn), wanted.text
    case = _CASE.search(wanted.text)
    if case:
        number = case[1] or case[2]
        return (f"case:{number}",), [words.say("audit.case", number=number)]
    order = wanted.first("order_id")
    if order:
        return (f"order:{order}",), [words.say("audit.order", number=order)]
    for one in people:
        text = re.sub(re.escape(one.name), " ", text, flags=re.IGNORECASE)
    found = named(turn, wanted, "" if wanted.number is not None else text)
    number = _CUSTOMER.search(text)
    if not found and number and not wanted.first("count"):
        return (f"customer:{number[1]}",), [words.say("audit.customer", number=number[1])]
    if not found and wanted.first("reference") is not None:
        shown = present(turn)
        found = [shown] if shown else []
    if len(found) > 1:
        return several(turn, wanted, found)
    if found:
        return _of(turn, found[0])
    unknown = _unknown(turn, text, people)
    return Reply(text=words.say("audit.nobody", said=unknown)) if unknown else ((), [])


def _of(turn: ManagerTurn, one: Brief) -> tuple[tuple[str, ...], list[str]]:
    turn.memory.show("customer", one.customer_id)
    return (f"customer:{one.number}",), [label(turn, one)]


def _unknown(turn: ManagerTurn, text: str, people: list[Colleague]) -> str:
    """A name that nobody bears: said, rather than answered with everybody's entries."""
    if people:
        return ""
    for entity in turn.understanding.entities:
        if entity.name in ("person_name", "agent_name", "company"):
            left = _OWN_WORDS.sub(" ", entity.text.lower()).strip(" .'’s")
            if leftover(left):
                return entity.text
    return ""


# --- answers --------------------------------------------------------------------------------------------------------
def _page(turn: ManagerTurn, wanted: Wanted, told: list[str], offset: int) -> Reply:
    turn.store.permit("audit.read", wanted.subjects[0] if wanted.subjects else "audit", ("entries",))
    words = words_of(turn)
    found = audit.entries(turn.store.session, wanted, offset=offset, limit=PAGE)
    turn.memory.show("audit", {"wanted": _dumped(wanted), "told": told})
    turn.memory.show("answer", "audit")
    conditions = words.say("audit.and").join(told) or words.say("audit.everything")
    if not found.rows:
        return hushed(turn, Reply(text=words.say("audit.none", conditions=conditions)))
    last = offset + len(found.rows)
    note = words.say("evidence.note", first=offset + 1, last=last, total=found.total)
    more = (Choice(label=turn.say("agent.lists.more"), value=f"audit_query:more:{last}"),) if last < found.total else ()
    table = audit_table(turn, found, note)
    return hushed(turn, Reply(text=words.say("audit.title", conditions=conditions), table=table, choices=more))


def audit_table(turn: ManagerTurn, found: Entries, note: str = "") -> Table:
    """Entries in words; actions without a word of their own by their name."""
    words, zone = words_of(turn), turn.services.settings.business.zone
    columns = tuple(words.say(f"audit.columns.{name}") for name in ("when", "who", "what", "record", "fields"))
    rows = tuple(
        (
            wording.moment(entry.occurred_at, turn.language, zone),
            _who(turn, entry.actor),
            _what(turn, entry),
            _record(turn, entry.subject),
            wording.listed((_field(turn, name) for name in entry.fields), turn.language) or "–",
        )
        for entry in found.rows
    )
    return Table(columns=columns, rows=rows, note=note)


def _who(turn: ManagerTurn, actor: str) -> str:
    kind, _, rest = actor.partition(":")
    if kind == "staff":
        return words_of(turn).part("agent", rest)
    key = f"manager.audit.actors.{kind.replace(' ', '_')}"
    return turn.services.phrases(key, turn.language, name=rest) if turn.services.phrases.has(key) else actor


def _what(turn: ManagerTurn, entry: AuditEntry) -> str:
    key = f"manager.audit.actions.{entry.action}"
    told = turn.services.phrases(key, turn.language) if turn.services.phrases.has(key) else entry.action
    return told if entry.allowed else words_of(turn).say("audit.refused", what=told)


def _field(turn: ManagerTurn, name: str) -> str:
    key = f"manager.audit.fields.{name}"
    return turn.say(key) if turn.services.phrases.has(key) else name


def _record(turn: ManagerTurn, subject: str) -> str:
    kind, _, rest = subject.partition(":")
    if rest == "unknown":
        return turn.say("manager.audit.not_there")
    if kind == "customer" and rest.isdigit():
        one = turn.store.numbered(int(rest))
        return f"{one.name} #{rest}" if one and one.name else f"#{rest}"
    key = f"manager.audit.subjects.{kind}"
    return turn.services.phrases(key, turn.language, name=rest).strip() if turn.services.phrases.has(key) else subject


def _verified(turn: ManagerTurn) -> Reply:
    words, found = words_of(turn), audit.verify(turn.store.session, turn.store.vault)
    if isinstance(found, Broken):
        return Reply(text=words.say("audit.broken", position=found.position, problem=found.problem))
    return Reply(text=words.say("audit.intact", count=found.head[0]))


def _dumped(wanted: Wanted) -> dict[str, Any]:
    return {
        "subjects": wanted.subjects, "actors": wanted.actors, "actions": wanted.actions, "refused": wanted.refused,
        "up_to": wanted.up_to, "since": wanted.since.isoformat() if wanted.since else None,
        "until": wanted.until.isoformat() if wanted.until else None,
    }  # fmt: skip


def _loaded(kept: dict[str, Any]) -> Wanted:
    since, until = (datetime.fromisoformat(kept[name]) if kept[name] else None for name in ("since", "until"))
    names = ("subjects", "actors", "actions")
    lists = {name: tuple(kept[name]) for name in names}
    return Wanted(**lists, refused=kept["refused"], up_to=kept["up_to"], since=since, until=until)
