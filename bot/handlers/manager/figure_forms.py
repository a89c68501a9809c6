"""Figures with a form of their own, which are no single value: told, drawn, and written into a file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.figures import FigureWords
from bot.handlers.manager import cohorts, value_bands
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.pictures import Picture, illustrated, preparation, shown
from bot.handlers.manager.queries import FORMS, RETENTION, VALUE_SPREAD, Query, read, whole
from bot.messages import Reply
from bot.sheets import Sheet
from crm_core.analytics.charts import ChartSpec
from crm_core.reports.metrics import NotMeasured


@dataclass(frozen=True, slots=True)
class Form:
    """What makes an answer, a picture and a file of what was found."""

    find: Callable[[ManagerTurn, Query], Any]
    tell: Callable[[ManagerTurn, Query, Any, FigureWords], Reply]
    draw: Callable[[ManagerTurn, Query, Any, FigureWords], list[ChartSpec]]
    sheet: Callable[[ManagerTurn, Query, Any, FigureWords], Sheet]


_FORMS = {
    RETENTION: Form(cohorts.find, cohorts.tell, cohorts.draw, cohorts.sheet),
    VALUE_SPREAD: Form(value_bands.find, value_bands.tell, value_bands.draw, value_bands.sheet),
}


def answer_form(turn: ManagerTurn, query: Query, words: FigureWords) -> Reply:
    """Answer a question about one of them.

    Raises:
        NotMeasured: it cannot be narrowed or split in that way.
    """
    wrong = _not_told_by(query)
    if wrong is not None:
        raise wrong
    made = shown(turn, _PICTURE, query)
    reply = _FORMS[query.metric].tell(turn, query, made.found, words)
    return illustrated(turn, reply, made, [words.metric(query.metric)])


def form_sheet(turn: ManagerTurn, query: Query) -> Sheet:
    """What its answer shows, as a table."""
    form = _FORMS[query.metric]
    return form.sheet(turn, query, form.find(turn, query), words_of(turn))


def _asked(turn: ManagerTurn) -> Query | None:
    """The question about one of them, new or changed by what is said now; None for any other."""
    said, kept = read(turn, turn.store.session), turn.memory.shown("figures")
    refined = turn.understanding.intent == "refine_query" and turn.memory.shown("answer") == "figures"
    if refined and isinstance(kept, dict) and said.anything:
        query: Query | None = said.applied(Query.of(kept))
    else:
        query = whole(turn, said.metric, said) if said.metric and said.metric in FORMS else None
    told = query is not None and query.metric in FORMS and not _not_told_by(query) and query.period.start < turn.now
    return query if told else None


def _not_told_by(query: Query) -> NotMeasured | None:
    """Why it cannot be split or narrowed as it was to be."""
    splits, narrowings = FORMS[query.metric]
    if query.group_by and query.group_by not in splits:
        return NotMeasured(query.metric, query.group_by, splits)
    wrong = next((name for name in (*query.only, *query.without) if name not in narrowings), None)
    return NotMeasured(query.metric, wrong, narrowings) if wrong else None


_PICTURE: Picture[Query, Any] = Picture(
    _asked,
    lambda turn, query: _FORMS[query.metric].find(turn, query),
    lambda turn, query, found: _FORMS[query.metric].draw(turn, query, found, words_of(turn)),
)
prepare_figures = preparation(_PICTURE)
