"""Answers that are made whole, with their charts, before the transaction begins; the handler only shows them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.drawing import charts_folder
from bot.figures import FigureWords
from bot.handlers.agent.asking import hushed
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.handlers.manager.metrics import not_by_text
from bot.handlers.manager.pictures import Picture, Right, illustrated, shown
from bot.handlers.manager.queries import Query, Said, Spoken, left_out_lines, read, whole
from bot.messages import Reply
from bot.sheets import Sheet
from bot.turns import Memory
from crm_core.analytics.charts import ChartSpec
from crm_core.reports.metrics import NotMeasured


@dataclass(frozen=True)
class Asking:
    """A question that is answered with a chart. `again`: it changes the last answer, which was of the same kind."""

    spoken: Spoken
    session: Session
    words: FigureWords
    memory: Memory
    again: bool = False

    @property
    def zone(self) -> str:
        """Where the business is."""
        return self.spoken.services.settings.business.zone

    @property
    def now(self) -> datetime:
        """When it was asked."""
        return self.spoken.now

    @property
    def today(self) -> date:
        """The local day on which it was asked."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def folder(self) -> Path:
        """Where child processes keep their caches."""
        return charts_folder(self.spoken.services.settings.data_dir)

    @property
    def text(self) -> str:
        """What was said, in small letters; nothing where a button was pressed."""
        return "" if self.spoken.message.kind == "button" else self.spoken.understanding.text.lower()[:600]

    def query(self, metric: str, said: Said | None = None) -> Query:
        """The question as a whole: the last one with what is said now, or one of its own."""
        said = said or read(self.spoken, self.session)
        last = self.memory.shown("figures")
        if self.again and isinstance(last, dict):
            return said.applied(Query.of(last))
        return whole(self.spoken, metric, said)


@dataclass(frozen=True)
class Answer:
    """What is said, the charts below it with their names, and what is remembered of it.

    `query`: the figures behind it, for "show me" and "by channel"; `fields`: what was read, for the audit log; `sheet`:
    what "export it" puts into a file; `rights`: what has to be permitted besides reading figures; `asked`: what a
    change of the question starts from, where that is not `query`; `used`: dimensions that narrow it, though its query
    does not say so.
    """

    reply: Reply
    charts: tuple[tuple[str, ChartSpec], ...] = ()
    query: Query | None = None
    fields: tuple[str, ...] = ()
    names_people: bool = False
    sheet: Sheet | None = None
    rights: tuple[Right, ...] = ()
    asked: dict[str, Any] | None = None
    used: tuple[str, ...] = ()


Make = Callable[[Asking], Answer]


def answered(make: Make, asking: Asking) -> Answer:
    """The answer, or what the figure can be told by where it cannot be told in the way that is asked for."""
    try:
        answer = make(asking)
    except NotMeasured as error:
        return Answer(Reply(text=not_by_text(error, asking.words)))
    if answer.query is None:
        return answer
    said = read(asking.spoken, asking.session)
    left = left_out_lines(asking.spoken, said, answer.query, asking.words, answer.used)
    return replace(answer, reply=answer.reply.model_copy(update={"text": "\n".join([answer.reply.text, *left])}))


def charted(kind: str, make: Make, *, again: bool = False) -> Picture[str, Answer]:
    """The picture of such an answer. `again`: it is made anew, changed by what is said now."""

    def finds(turn: ManagerTurn, _: str) -> Answer:
        return answered(make, Asking(turn, turn.store.session, words_of(turn), turn.memory, again))

    return Picture(lambda _: kind, finds, lambda _turn, _kind, answer: [spec for _, spec in answer.charts])


def show(turn: ManagerTurn, kind: str, make: Make, *, again: bool = False) -> Reply:
    """Show what was prepared, or make it now without charts; a follow-up question finds it remembered."""
    made = shown(turn, charted(kind, make, again=again), kind)
    answer = made.found
    turn.store.permit("metric.read", "figures", (kind, *answer.fields))
    for right in answer.rights:
        turn.store.permit(*right)
    if answer.query is not None:
        turn.memory.show("figures", answer.query.kept())
    turn.memory.show("answer", kind)
    turn.memory.show("asked", answer.asked)
    turn.memory.show("sheet", asdict(answer.sheet) if answer.sheet else None)
    reply = illustrated(turn, answer.reply, made, [name for name, _ in answer.charts])
    return hushed(turn, reply) if answer.names_people else reply


def kept_sheet(turn: ManagerTurn) -> Sheet | None:
    """What was told last in this way, as a table."""
    kept = turn.memory.shown("sheet")
    return Sheet(**kept) if isinstance(kept, dict) else None
