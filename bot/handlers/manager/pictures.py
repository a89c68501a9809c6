"""Answers with pictures: what they show is found, and drawn in a child process, before the transaction begins.

A handler that has a picture says in three functions what is asked, what is found and what is drawn. They run once in a
rehearsal of the turn; the turn itself takes what was found there, as long as it asks the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from sqlalchemy.orm import Session

from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.messages import Reply
from bot.turns import Prepare, Preparing, Speaker, Turn
from crm_core.access import Actor
from crm_core.analytics.charts import ChartsFailed, ChartSpec, render
from crm_core.staff_store import StaffStore

log = structlog.get_logger(__name__)

Question = TypeVar("Question")
Found = TypeVar("Found")
Right = tuple[str, str, Sequence[str]]
"""An action, on what, and which fields."""


@dataclass(frozen=True, slots=True)
class Picture(Generic[Question, Found]):
    """How an answer with a picture is made.

    Args:
        asks: what a turn asks for; None when its answer has no picture.
        finds: what is found for it; asks for the right, if anybody does.
        draws: what is drawn of it.
        right: of which `finds` asks, where it does: what was found beforehand is given out under it.
    """

    asks: Callable[[ManagerTurn], Question | None]
    finds: Callable[[ManagerTurn, Question], Found]
    draws: Callable[[ManagerTurn, Question, Found], Sequence[ChartSpec]]
    right: Right | None = None


@dataclass(frozen=True, slots=True)
class Shown(Generic[Question, Found]):
    """What was found for a question, drawn (PNG), or with the reason why it is not."""

    question: Question
    found: Found
    pictures: tuple[bytes, ...] = ()
    problem: str = ""


class Rehearsing(StaffStore):
    """To read with before the transaction begins; the handler asks for the right, and notes it, when it answers."""

    def permit(self, action: str, subject: str, fields: Sequence[str] = (), *, noted: str = "") -> None:
        """Nothing is given out yet."""


def preparation(picture: Picture[Question, Found]) -> Prepare:
    """What finds and draws it beforehand."""

    def prepare(given: Preparing) -> Shown[Question, Found] | None:
        with given.store.read() as session:
            turn = _rehearsal(given, session)
            question = picture.asks(turn)
            if question is None:
                return None
            found = picture.finds(turn, question)
            charts = picture.draws(turn, question, found)
        return _drawn(question, found, charts, given.services.settings.data_dir)

    return prepare


def shown(turn: ManagerTurn, picture: Picture[Question, Found], question: Question) -> Shown[Question, Found]:
    """What was prepared for this question; found now, without a picture, when something else was."""
    made = turn.prepared
    if not isinstance(made, Shown) or made.question != question:
        return Shown(question, picture.finds(turn, question))
    if picture.right:
        turn.store.permit(*picture.right)
    return made


def illustrated(turn: ManagerTurn, reply: Reply, made: Shown[Question, Found], name: str) -> Reply:
    """A reply with the pictures; they are kept as files within the transaction."""
    files = tuple(
        turn.services.files.save(turn.store.session, picture, f"{name}.png", "image/png") for picture in made.pictures
    )
    if made.problem:
        reply = reply.model_copy(
            update={"text": f"{reply.text}\n{words_of(turn).say('digest.no_charts', reason=made.problem)}"}
        )
    return reply.model_copy(update={"files": (*reply.files, *files)})


def _drawn(question: Question, found: Found, charts: Sequence[ChartSpec], data_dir: Path) -> Shown[Question, Found]:
    try:
        return Shown(question, found, tuple(render(charts, data_dir / "tmp" / "charts")))
    except ChartsFailed as error:
        log.error("charts_failed", reason=str(error))
        return Shown(question, found, problem=str(error))


def _rehearsal(given: Preparing, session: Session) -> ManagerTurn:
    """The turn as it will be, as far as reading it goes."""
    actor = Actor(0, "manager", "", given.message.sender.external_id)
    store = Rehearsing(
        session, given.store.vault, actor=actor, now=given.now, business=given.services.settings.business
    )
    return Turn(
        message=given.message, interaction_id=0, conversation_id=0, understanding=given.understanding,
        speaker=Speaker("manager", "manager", "", given.message.sender.external_id, given.zone),
        language=given.language, store=store, memory=given.memory, now=given.now, services=given.services,
        argument=given.argument,
    )  # fmt: skip
