"""Answers with charts: figures and pictures are made before the transaction begins, the handler only shows them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import Session

from bot.figures import FigureWords
from bot.handlers.agent.asking import hushed
from bot.handlers.manager.asking import ManagerTurn, words_in, words_of
from bot.handlers.manager.queries import Query, Said, Spoken, read, whole
from bot.messages import Reply
from bot.turns import Handler, Memory, Prepare, Preparing
from crm_core.analytics.charts import ChartsFailed, ChartSpec, render

log = structlog.get_logger(__name__)


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
        return self.spoken.services.settings.data_dir / "tmp" / "charts"

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

    `query`: the figures behind it, for "show me" and "by channel"; `fields`: what was read, for the audit log.
    """

    reply: Reply
    charts: tuple[tuple[str, ChartSpec], ...] = ()
    query: Query | None = None
    fields: tuple[str, ...] = ()
    names_people: bool = False


Make = Callable[[Asking], Answer]


@dataclass(frozen=True)
class Ready:
    """An answer with its pictures (PNG)."""

    kind: str
    answer: Answer
    pictures: tuple[bytes, ...] = ()
    problem: str = ""


def prepared(kind: str, make: Make) -> Prepare:
    """What makes the answer of an intent before its transaction."""

    def prepare(given: Preparing) -> Ready:
        return made_ready(kind, make, given)

    return prepare


def made_ready(kind: str, make: Make, given: Preparing, *, again: bool = False) -> Ready:
    """Make an answer and draw its charts; takes seconds."""
    with given.store.read() as session:
        answer = make(
            Asking(given, session, words_in(given.language, given.services.phrases, session), given.memory, again)
        )
    folder = given.services.settings.data_dir / "tmp" / "charts"
    try:
        return Ready(kind, answer, tuple(render([spec for _, spec in answer.charts], folder)))
    except ChartsFailed as error:
        log.error("charts_failed", reason=str(error))
        return Ready(kind, answer, problem=str(error))


def shown(kind: str, make: Make) -> Handler:
    """The handler of such an intent; what was not prepared is answered without charts."""

    def handle(turn: ManagerTurn) -> Reply:
        return show(turn, kind, make)

    return handle


def show(turn: ManagerTurn, kind: str, make: Make, *, again: bool = False) -> Reply:
    """Show what was made ready; a follow-up question finds it remembered."""
    ready = turn.prepared
    words = words_of(turn)
    if not isinstance(ready, Ready) or ready.kind != kind:
        ready = Ready(kind, make(Asking(turn, turn.store.session, words, turn.memory, again)))
    answer = ready.answer
    turn.store.permit("metric.read", "figures", (kind, *answer.fields))
    if answer.query is not None:
        turn.memory.show("figures", answer.query.kept())
    turn.memory.show("answer", kind)
    files = turn.services.files
    pictures = tuple(
        files.save(turn.store.session, picture, f"{name}.png", "image/png")
        for picture, (name, _) in zip(ready.pictures, answer.charts, strict=False)
    )
    reply = answer.reply.model_copy(update={"files": pictures})
    if ready.problem:
        reply = reply.model_copy(
            update={"text": f"{reply.text}\n{words.say('digest.no_charts', reason=ready.problem)}"}
        )
    return hushed(turn, reply) if answer.names_people else reply
