"""Answers with pictures: what they show is found, and drawn in a child process, before the transaction begins.

A handler that has a picture says in three functions what is asked, what is found and what is drawn. They run once in a
rehearsal of the turn; the turn itself takes what was found there, as long as it asks the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from bot.drawing import Pictures, drawn
from bot.handlers.manager.asking import ManagerTurn, words_of
from bot.messages import Reply
from bot.turns import Prepare, Preparing, Speaker, Turn
from crm_core.access import Actor
from crm_core.analytics.charts import ChartSpec
from crm_core.staff.store import StaffStore

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
    """What was found for a question, and what was drawn of it."""

    question: Question
    found: Found
    pictures: Pictures = field(default_factory=Pictures)


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
        return Shown(question, found, drawn(charts, given.services.settings.data_dir))

    return prepare


def shown(turn: ManagerTurn, picture: Picture[Question, Found], question: Question) -> Shown[Question, Found]:
    """What was prepared for this question; found now, without a picture, when something else was."""
    made = turn.prepared
    if not isinstance(made, Shown) or made.question != question:
        return Shown(question, picture.finds(turn, question))
    if picture.right:
        turn.store.permit(*picture.right)
    return made


def illustrated(turn: ManagerTurn, reply: Reply, made: Shown[Question, Found], names: Sequence[str]) -> Reply:
    """A reply with the pictures, each under its name; they are kept as files within the transaction."""
    files = tuple(
        turn.services.files.save(turn.store.session, image, f"{name}.png", "image/png")
        for name, image in zip(names, made.pictures.images, strict=False)
    )
    problem = made.pictures.problem
    words = words_of(turn)
    told = [words.say("digest.no_charts", reason=words.failed(problem))] if problem else []
    text = "\n".join([reply.text, *told])
    return reply.model_copy(update={"text": text, "files": (*reply.files, *files)})


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
