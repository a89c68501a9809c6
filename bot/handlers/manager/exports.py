"""The last answer as a file: all of it, in a direct message or the configured channel alone."""

import re
from collections.abc import Callable

from bot.handlers.agent.case_lists import case_sheet
from bot.handlers.agent.lists import list_sheet
from bot.handlers.manager.asking import ManagerTurn, offers, words_of
from bot.handlers.manager.charted import kept_sheet
from bot.handlers.manager.drawn import DRAWN
from bot.handlers.manager.evidence import asked_for, evidence_table, records
from bot.handlers.manager.figure_forms import form_sheet
from bot.handlers.manager.metrics import TEAM_FIGURES, compared, part_lines, shown_metric
from bot.handlers.manager.queries import FORMS, OVERVIEW, TEAM, Query, narrowed_lines
from bot.handlers.manager.ratings import ratings_table
from bot.handlers.manager.segment_comparison import comparison_sheet
from bot.handlers.manager.segment_sizes import sizes_sheet
from bot.messages import Choice, Reply
from bot.sheets import TYPES, Cell, Sheet, number, written
from crm_core.reports.digest import LINES, DigestLine
from crm_core.reports.metrics import UNITS, dimensions
from crm_core.reports.satisfaction import ratings

MOST = 10_000
"""Rows of a file."""
_OTHER = re.compile(
    r"(?<![a-z])(?:ppt|powerpoint|slides?|word|docx?|html|print(?:ed|able)?|markdown|google sheets?|charts?|graphs?"
    r"|pictures?|images?|png|pdf)(?![a-z])|打印|幻灯|图表|图片|曲线图|柱状图|折线图"
)
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
PERSONAL = ("customers", "evidence", "ratings", "cases", "social_mentions")
"""Answers that name people: their file goes to the asker alone."""


def export_report(turn: ManagerTurn) -> Reply:
    """Send the last answer as CSV or XLSX; say which formats there are when another one is asked for."""
    words, kind = words_of(turn), str(turn.memory.shown("answer"))
    if kind not in EXPORTED or (EXPORTED[kind] is _drawn and kept_sheet(turn) is None):
        return Reply(text=words.say("export.nothing_yet"), choices=offers(words))
    if not _may_be_sent(turn):
        return Reply(text=words.say("export.not_here"), private=True)
    form = _format(turn)
    if form not in TYPES:
        choices = tuple(Choice(label=name.upper(), value=f"export_report:{name}") for name in ("xlsx", "csv"))
        return Reply(text=words.say("export.formats", format=form.upper()), choices=choices)
    sheet = EXPORTED[kind](turn)
    turn.store.permit("report.export", f"report:{kind}", tuple(sheet.columns))
    plain = _NOT_IN_NAMES.sub("-", sheet.name).strip("-")
    name = f"{plain}-{turn.now:%Y-%m-%d}.{form}"
    file = turn.services.files.save(turn.store.session, written(sheet, form), name, TYPES[form])
    text = "\n".join([words.say("export.done", rows=len(sheet.rows), format=form.upper()), *sheet.about])
    other = "csv" if form == "xlsx" else "xlsx"
    choice = Choice(label=words.say("export.as", format=other.upper()), value=f"export_report:{other}")
    private = kind in PERSONAL and not turn.message.direct
    return Reply(text=text, files=(file,), choices=(choice,), private=private)


def _format(turn: ManagerTurn) -> str:
    """The format that is asked for; XLSX when none is."""
    if turn.message.kind == "button":
        return turn.argument.strip().lower()[:10] or "xlsx"
    other = _OTHER.search(turn.understanding.text.lower())
    said = turn.understanding.first("file_format")
    if said in TYPES or other is None:
        return str(said or "xlsx")
    return other.group()


def _may_be_sent(turn: ManagerTurn) -> bool:
    """A direct message, the queue's channel, or the one that digests go to."""
    configured = turn.services.settings.slack.digest_channel
    return turn.message.direct or turn.services.desk.is_queue(turn.message) or turn.message.chat_id == configured


# --- what goes in ---------------------------------------------------------------------------------------------------
def _figures(turn: ManagerTurn) -> Sheet:
    words, query = words_of(turn), Query.of(turn.memory.shown("figures") or {})
    turn.store.permit("metric.read", "figures", (query.metric, *query.only, *query.without))
    if query.metric in FORMS:
        return form_sheet(turn, query)
    title = shown_metric(query.metric, words)
    about = [f"{title}, {words.period(query.period)} ({words.compared(query.compared)})", *narrowed_lines(query, words)]
    names = ("now", "before", "change")
    told = [words.say(f"digest.columns.{name}") for name in names]
    if query.metric == OVERVIEW:
        shown = [name for name in LINES if {*query.only, *query.without} <= set(dimensions(name))]
        rows = [(words.metric(name), *_with_unit(compared(turn, name, query))) for name in shown]
        return Sheet(title, (words.say("digest.columns.figure"), words.say("export.unit"), *told), rows, about)
    if query.metric == TEAM:
        return Sheet(title, _team_columns(turn), _team_rows(turn, query), about)
    group_by = query.group_by or ("intent" if query.metric == "top_intents" else None)
    line = compared(turn, query.metric, query, group_by)
    unit = line.figure.unit
    if group_by is None:
        columns = (words.say("digest.columns.figure"), words.say("export.unit"), *told)
        return Sheet(title, columns, [(title, *_with_unit(line))], about)
    heading = words.say(f"dimensions.{group_by}").capitalize()
    named = f"{title} ({words.say(f'export.units.{unit}') if unit.islower() else unit})"
    if group_by in UNITS:
        return Sheet(title, (heading, named), [(row.key, number(unit, row.value)) for row in line.figure.rows], about)
    parts = [(words.part(group_by, key), *_three(part, unit)) for key, part in part_lines(line, query)]
    return Sheet(title, (heading, named, *told[1:]), parts, about)


def _team_columns(turn: ManagerTurn) -> tuple[str, ...]:
    words = words_of(turn)
    units = {"first_response": "seconds", "resolution_time": "seconds", "csat": "rating"}
    said = {name: words.say("export.units." + units.get(name, "count")) for name in TEAM_FIGURES}
    named = (f"{words.metric(name)} ({unit})" for name, unit in said.items())
    return (words.say("dimensions.agent").capitalize(), *named)


def _team_rows(turn: ManagerTurn, query: Query) -> list[tuple[Cell, ...]]:
    words = words_of(turn)
    parts = {name: dict(part_lines(compared(turn, name, query, "agent"), query)) for name in TEAM_FIGURES}
    keys = list(dict.fromkeys(key for each in parts.values() for key in each))
    return [
        (
            words.part("agent", key),
            *(
                number(each[key].figure.unit, each[key].figure.value) if key in each else None
                for each in parts.values()
            ),
        )
        for key in keys
    ]


def _with_unit(line: DigestLine) -> tuple[Cell, ...]:
    unit = line.figure.unit or line.before.unit
    return (unit, *_three(line, unit))


def _three(line: DigestLine, unit: str) -> tuple[Cell, Cell, Cell]:
    return number(unit, line.figure.value), number(unit, line.before.value), number(unit, line.change)


def _customers(turn: ManagerTurn) -> Sheet:
    return list_sheet(turn)


def _evidence(turn: ManagerTurn) -> Sheet:
    words, query = words_of(turn), asked_for(turn)
    assert query is not None
    found = records(turn, query, 0, MOST)
    table = evidence_table(turn, found, words)
    about = [f"{shown_metric(query.metric, words)}, {words.period(query.period)}", *narrowed_lines(query, words)]
    return Sheet(found.kind, table.columns, table.rows, about)


def _ratings(turn: ManagerTurn) -> Sheet:
    kept, words = turn.memory.shown("ratings") or {}, words_of(turn)
    query = Query.of(kept["query"])
    turn.store.permit("metric.read", "ratings", ("score", "comment", "customer"))
    rows, _ = ratings(
        turn.store.session, query.period, query.only, query.without, kept["scores"], offset=0, limit=MOST
    )  # fmt: skip
    table = ratings_table(turn, rows, words)
    about = [f"{words.metric('csat')}, {words.period(query.period)}", *narrowed_lines(query, words)]
    return Sheet(words.metric("csat"), table.columns, table.rows, about)


def _drawn(turn: ManagerTurn) -> Sheet:
    """What was told with its charts, as it was told: it is not made anew."""
    sheet = kept_sheet(turn)
    assert sheet is not None
    return sheet


EXPORTED: dict[str, Callable[[ManagerTurn], Sheet]] = {
    "figures": _figures,
    "customers": _customers,
    "evidence": _evidence,
    "ratings": _ratings,
    "segments": sizes_sheet,
    "comparison": comparison_sheet,
    "cases": case_sheet,
    **dict.fromkeys(DRAWN, _drawn),
    "social_mentions": _evidence,
    "top_topics": _figures,
}
"""What the last answer was -> its table, complete."""
