"""Next best actions: the list of the day, deciding on it by button or in words, fewer of a kind, how they fared."""

import re
from collections import Counter
from collections.abc import Mapping

from bot.handlers.agent.asking import StaffTurn, asked, hushed, named
from bot.handlers.agent.next_drafts import draft_for
from bot.handlers.agent.score_reasons import open_buttons, record_line
from bot.messages import Choice, Reply, Table
from bot.suggestion_reading import LESS, LISTS, Shown, Verdict, read
from bot.suggestion_words import SuggestionWords
from crm_core.suggestions.kinds import KINDS
from crm_core.suggestions.making import Rules
from crm_core.suggestions.reading import SuggestionView

REPORT_DAYS = 90
SEVERAL = ("yes", "no", "later", "drafts")
"""What is said above several that were decided on at once."""
COLUMNS = ("kind", "proposed", "taken", "skipped", "lapsed", "done", "answered", "bought", "held", "uplift")
_REPORT = re.compile(
    r"(?<![a-z])(?:how (?:did|do|are|have|well)|fared?|results?|outcomes?|report|worked)(?![a-z])"
    r"|效果|成效|结果如何|采纳率",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"(?<![a-z])(?:why|how come|explain|on what grounds|reasons?(?! *[:：]))(?![a-z])"
    r"|为什么|为何|为啥|凭什么|(?:理由|原因|依据)(?! *[:：])",
    re.IGNORECASE,
)
"""Asks what suggestions rest on; a question decides nothing."""


def words_of(turn: StaffTurn) -> SuggestionWords:
    """Suggestions in the language and zone of the speaker."""
    currency = turn.services.settings.business.currency
    return SuggestionWords(turn.services.phrases, turn.language, currency, turn.speaker.zone)


def approve_suggestion(turn: StaffTurn) -> Reply:
    """Decide on what was suggested: a button's one, or those named in words; the list where nothing is said."""
    reply = _answer(turn)
    turn.memory.show("suggestions", turn.memory.shown("suggestions") or [])  # what "why?" means next
    return hushed(turn, reply)


def _answer(turn: StaffTurn) -> Reply:
    text = turn.understanding.text[:600]
    if turn.message.kind == "button":
        return _button(turn)
    if not text.strip() or LISTS.fullmatch(text):
        return _list(turn)
    if LESS.fullmatch(text):
        return _less_in_words(turn)
    return _report(turn) if _REPORT.search(text) else _decided_in_words(turn)


def next_actions(turn: StaffTurn) -> Reply | None:
    """What to do today, best first; None when there is nothing. Where the jobs did not run yet, it is made now."""
    settings = turn.services.settings
    most = settings.suggestions.most_a_day
    turn.store.suggestions.make_first(Rules(settings.suggestions, settings.proactive, settings.business.zone))
    views = turn.store.suggestions.today(most)
    if not views:
        return None
    words = words_of(turn)
    turn.memory.show("suggestions", [one.suggestion_id for one in views])
    return Reply(text=words.say("today"), cards=words.cards(views), choices=_list_buttons(turn, words))


def _list(turn: StaffTurn) -> Reply:
    return next_actions(turn) or Reply(text=nothing_left(turn))


def nothing_left(turn: StaffTurn) -> str:
    """Why there is nothing on today's list: all of it was decided on, there is nothing, or nothing was made yet."""
    most = turn.services.settings.suggestions.most_a_day
    left = turn.store.suggestions.left(most)
    if left.used_up:
        key = "used_up" if left.waiting else "all_decided"
        return turn.say(f"suggestions.{key}", count=left.decided, waiting=left.waiting)
    return turn.say("suggestions.none" if left.ever or not most else "suggestions.not_yet")


def _list_buttons(turn: StaffTurn, words: SuggestionWords) -> tuple[Choice, ...]:
    if turn.speaker.role == "agent":
        return ()
    return (Choice(label=words.say("buttons.report"), value="approve_suggestion:report"),)


# --- buttons --------------------------------------------------------------------------------------------------------
def _button(turn: StaffTurn) -> Reply:
    way, _, rest = turn.argument.partition(":")
    key = int(rest) if rest.isdigit() and len(rest) < 20 else 0
    if way in ("less", "more") and rest in KINDS:
        return _fewer(turn, rest, 1 if way == "less" else -1)
    if way == "report":
        return _report(turn)
    act = {"yes": _approved, "no": _skipped, "again": _reopened, "why": _why}.get(way)
    return act(turn, key) if act else _list(turn)


def _approved(turn: StaffTurn, suggestion_id: int, key: str = "drafted") -> Reply:
    view = turn.store.suggestions.approve(suggestion_id)
    return _taken(turn, view, key) if view else _gone(turn, suggestion_id)


def _taken(turn: StaffTurn, view: SuggestionView, key: str) -> Reply:
    """What approving does: a draft to look at and send, where there is something to write and a chat to write it in;
    else a task."""
    words = words_of(turn)
    turn.memory.show("customer", view.customer_id)
    turn.memory.show("suggestion", view.suggestion_id)
    again = Choice(label=turn.say("agent.undo"), value=f"approve_suggestion:again:{view.suggestion_id}")
    draft = draft_for(turn, view)
    if draft is not None:
        said = words.say(key, what=words.title(view), text=draft.text)
        return Reply(text="\n".join([said, *draft.notes]), choices=(*draft.choices, again))
    task_id = turn.store.tasks.add(
        words.say("task", what=words.title(view), why=words.because(view))[:300], view.lapses_at, view.customer_id
    )
    turn.store.suggestions.note_task(view.suggestion_id, task_id)
    done = Choice(label=turn.say("agent.tasks.done_button"), value=f"complete_task:done:{task_id}", style="primary")
    show = Choice(label=words.say("buttons.card"), value=f"show_customer:{view.customer_number}")
    text = words.say("task_made", what=words.title(view), until=words.until(view))
    how = words.how(view)
    return Reply(text=f"{text}\n{how}" if how else text, choices=(done, show, again))


def _skipped(turn: StaffTurn, suggestion_id: int) -> Reply:
    view = turn.store.suggestions.skip(suggestion_id)
    if view is None:
        return _gone(turn, suggestion_id)
    words = words_of(turn)
    turn.memory.show("suggestion", suggestion_id)
    again = Choice(label=turn.say("agent.undo"), value=f"approve_suggestion:again:{suggestion_id}")
    return Reply(text=words.say("skipped", what=words.title(view)), choices=(again, words.less_button(view.kind)))


def _reopened(turn: StaffTurn, suggestion_id: int) -> Reply:
    view = turn.store.suggestions.reopen(suggestion_id)
    words = words_of(turn)
    if view is None:
        return turn.reply("agent.too_late")
    return Reply(text=words.say("reopened"), cards=words.cards([view]))


def _gone(turn: StaffTurn, suggestion_id: int) -> Reply:
    state = turn.store.suggestions.state(suggestion_id) or "gone"
    return turn.reply(f"suggestions.closed.{'lapsed' if state == 'proposed' else state}")


def _fewer(turn: StaffTurn, kind: str, step: int) -> Reply:
    """Less of this, or as before; the other button undoes it."""
    days, words = turn.store.suggestions.less(kind, step), words_of(turn)
    back = Choice(label=words.say("buttons.more"), value=f"approve_suggestion:more:{kind}")
    if not days:
        return Reply(text=words.say("as_before", kind=words.kind(kind)))
    return Reply(text=words.say("fewer", kind=words.kind(kind), days=days), choices=(back, words.less_button(kind)))


def _less_in_words(turn: StaffTurn) -> Reply:
    """Fewer of the kind of the one decided on last, or of the only kind shown; else a button for each kind."""
    shown = _shown(turn)
    last = [one for one in shown if one.suggestion_id == turn.memory.shown("suggestion")]
    kinds = list(dict.fromkeys(one.kind for one in last or shown))
    if len(kinds) == 1:
        return _fewer(turn, kinds[0], 1)
    words = words_of(turn)
    choices = tuple(Choice(label=words.kind(kind), value=f"approve_suggestion:less:{kind}") for kind in kinds)
    return Reply(text=words.say("less_of_which" if kinds else "none"), choices=choices)


def _why(turn: StaffTurn, suggestion_id: int) -> Reply:
    """The facts with the records that they rest on."""
    view, words = turn.store.suggestions.get(suggestion_id), words_of(turn)
    if view is None:
        return turn.reply("suggestions.closed.gone")
    turn.memory.show("customer", view.customer_id)
    shown = turn.store.suggestions.evidence(view)
    lines = [words.say("because", what=words.title(view), why=words.because(view)), words.worth_line(view)]
    lines.append(words.say(f"learned.{'service' if KINDS[view.kind].is_service else 'sells'}"))
    lines += [turn.say("agent.scores.evidence")] if shown else []
    lines += [f"{place}. {record_line(turn, record)}" for place, record in enumerate(shown, 1)]
    return Reply(
        text="\n".join(lines), choices=(*words.choices(view)[:3], *open_buttons(turn, view.customer_number, shown))
    )


# --- in words -------------------------------------------------------------------------------------------------------
def _decided_in_words(turn: StaffTurn) -> Reply:
    shown = _shown(turn)
    if not shown:
        return Reply(text=nothing_left(turn))
    wanted, text = asked(turn), turn.understanding.text
    people = named(turn, wanted, text) if not any(one.name == "ordinal" for one in wanted.entities) else []
    names = {part: one.customer_id for one in people for part in (one.name, one.company, *one.name.split()) if part}
    verdicts = read(
        text, wanted.entities, [Shown(one.suggestion_id, one.kind, one.customer_id) for one in shown], names
    )
    if _WHY.search(text):
        return _reasons(turn, [one for one in shown if one.suggestion_id in verdicts] or shown)
    waiting = [one for one in shown if turn.store.suggestions.state(one.suggestion_id) == "proposed"]
    if not waiting and len(verdicts) != 1:
        return _list(turn)
    if not verdicts:
        return _which(turn, waiting)
    turn.memory.show("suggestions", [one.suggestion_id for one in shown])
    still = {one.suggestion_id: verdicts[one.suggestion_id] for one in waiting if one.suggestion_id in verdicts}
    verdicts = still or verdicts  # "the rest" is what is left to decide on
    if len(verdicts) == 1:
        ((one, verdict),) = verdicts.items()
        return {"yes": _approved, "no": _skipped}.get(verdict, _later)(turn, one)
    return _several(turn, shown, verdicts)


def _reasons(turn: StaffTurn, views: list[SuggestionView]) -> Reply:
    """Of one with the records, of several in one line each."""
    if len(views) == 1:
        return _why(turn, views[0].suggestion_id)
    words = words_of(turn)
    lines = [words.say("because", what=words.title(view), why=words.because(view)) for view in views]
    return Reply(text="\n".join(lines))


def _shown(turn: StaffTurn) -> list[SuggestionView]:
    """Those shown last here that are still open, in the order in which they were shown; else today's."""
    kept = turn.memory.shown("suggestions")
    views = [turn.store.suggestions.get(one) for one in kept] if isinstance(kept, list) else []
    found = [one for one in views if one is not None]
    return found or turn.store.suggestions.today(turn.services.settings.suggestions.most_a_day)


def _later(turn: StaffTurn, suggestion_id: int) -> Reply:
    view, words = turn.store.suggestions.get(suggestion_id), words_of(turn)
    return Reply(text=words.say("later", until=words.until(view))) if view else _gone(turn, suggestion_id)


def _several(turn: StaffTurn, shown: list[SuggestionView], verdicts: Mapping[int, Verdict]) -> Reply:
    """One entry for each, below how many were taken and skipped; drafts wait to be looked at and sent one by one."""
    lines: list[str] = []
    choices: list[Choice] = []
    counts: Counter[str] = Counter()
    for view in (one for one in shown if one.suggestion_id in verdicts):
        verdict = verdicts[view.suggestion_id]
        reply = _ONE_OF_SEVERAL.get(verdict, _later)(turn, view.suggestion_id)
        send = [one for one in reply.choices if one.value.startswith("desk:send:")]
        counts[verdict] += 1
        counts["drafts"] += len(send)
        lines.append(f"{len(lines) + 1}. {reply.text}")
        choices += [one.model_copy(update={"label": f"{one.label}: {view.customer}"}) for one in send]
    said = [turn.say(f"suggestions.several.{name}", count=counts[name]) for name in SEVERAL if counts[name]]
    return Reply(text="\n".join([("" if turn.language == "zh" else " ").join(said), *lines]), choices=tuple(choices))


def _which(turn: StaffTurn, shown: list[SuggestionView]) -> Reply:
    words = words_of(turn)
    turn.memory.show("suggestions", [one.suggestion_id for one in shown])
    return Reply(text=words.say("which"), cards=words.cards(shown))


def _one_of_several(turn: StaffTurn, suggestion_id: int) -> Reply:
    """One of those taken at once; that a draft waits to be sent is said once, above them."""
    return _approved(turn, suggestion_id, "drafted_too")


def _one_left(turn: StaffTurn, suggestion_id: int) -> Reply:
    view = turn.store.suggestions.skip(suggestion_id)
    return Reply(text=words_of(turn).title(view)) if view else _gone(turn, suggestion_id)


_ONE_OF_SEVERAL = {"yes": _one_of_several, "no": _one_left}


# --- how they fared -------------------------------------------------------------------------------------------------
def _report(turn: StaffTurn) -> Reply:
    found, words = turn.store.suggestions.report(REPORT_DAYS), words_of(turn)
    if not found:
        return turn.reply("suggestions.report.nothing", days=REPORT_DAYS)
    columns = tuple(words.say(f"report.columns.{name}") for name in COLUMNS)
    note = words.say("report.note", days=turn.services.settings.suggestions.watch_days)
    table = Table(columns=columns, rows=tuple(words.row(one) for one in found), note=note)
    return Reply(text=words.say("report.title", days=REPORT_DAYS), table=table)
