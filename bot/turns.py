"""One message with all that is needed to answer it, and what a handler may decide besides its reply."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bot.messages import IncomingMessage, Reply
from nlu.knowledge import KnowledgeBase
from nlu.understanding import Audience, Language, Understanding

if TYPE_CHECKING:
    from bot.files import Files
    from bot.handover import Desk
    from bot.phrases import Phrases
    from config.settings import Settings
    from crm_core.database import Store
    from crm_core.names import NameIndex

StoreT = TypeVar("StoreT")
QUESTION_LAPSES = timedelta(hours=2)
KEPT_REFERENCES = 20
WRITTEN = ("text", "prose")
"""What questions want that are answered in free words."""


@dataclass(frozen=True, slots=True)
class Question:
    """What we asked and wait for.

    `wants`: confirm, text (a few words: a name, a number, which one), prose (whatever they write), or the name of the
    entity that answers it. `unfit`: how many answers in a row did not fit.
    """

    intent: str
    wants: str
    slots: dict[str, Any] = field(default_factory=dict)
    lapses_at: str = ""
    unfit: int = 0

    def dump(self, now: datetime) -> str:
        """As JSON, to be kept with the conversation until it lapses."""
        lapses = self.lapses_at or (now + QUESTION_LAPSES).isoformat()
        return json.dumps(asdict(self) | {"lapses_at": lapses})

    @classmethod
    def load(cls, stored: str | None, now: datetime) -> "Question | None":
        """The kept question, unless there is none or it lapsed."""
        if not stored:
            return None
        question = cls(**json.loads(stored))
        return question if datetime.fromisoformat(question.lapses_at) > now else None


class Memory:
    """What was last shown in a conversation, so that "her", "that one" or 这个 mean something."""

    def __init__(self, stored: str | None = None) -> None:
        self._shown: dict[str, Any] = json.loads(stored) if stored else {}

    def show(self, kind: str, value: Any) -> None:
        """Remember the record shown now; `kind`: customer, order, case, product, conversation, query, list …"""
        self._shown.pop(kind, None)  # the kind shown last stands last
        self._shown[kind] = value[:KEPT_REFERENCES] if isinstance(value, list) else value

    def shown(self, kind: str) -> Any | None:
        """The record of this kind that was last shown here."""
        return self._shown.get(kind)

    @property
    def latest(self) -> str:
        """Of which kind that is which was shown last; "" where nothing was."""
        return next(reversed(self._shown), "")

    def forget(self, kind: str) -> None:
        """Nothing of this kind was shown, as far as anybody remembers."""
        self._shown.pop(kind, None)

    def dump(self) -> str:
        """As JSON, to be kept with the conversation."""
        return json.dumps(self._shown, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who said it. `role` is customer, agent, manager or admin; `staff_id` is set for staff alone."""

    audience: Audience
    role: str
    name: str
    external_id: str
    zone: str
    staff_id: int | None = None
    customer_id: int | None = None
    verified: bool = False


@dataclass(slots=True)
class Outcome:
    """What a handler decides besides its reply."""

    question: Question | None = None
    hand_over: str = ""
    """Why a person is needed: a key below `desk.reasons` of the phrases."""
    for_desk: list[Reply] = field(default_factory=list)
    """What staff are shown in the conversation's thread while the bot goes on, in the desk's language."""
    erases: int | None = None
    """Number of the customer, who is erased as soon as this answer went out."""
    unsure: bool = False
    """The assistant did not know; twice in a row brings in a person."""
    language: Language | None = None
    """The customer chose this language for good."""

    def take_over(self, other: "Outcome") -> None:
        """Add what another handler decided about the same message."""
        self.question = self.question or other.question
        self.hand_over = self.hand_over or other.hand_over
        self.for_desk += other.for_desk
        self.erases = other.erases if self.erases is None else self.erases
        self.unsure = self.unsure or other.unsure
        self.language = other.language or self.language


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers may use besides the store: built once by `build_app`."""

    phrases: "Phrases"
    knowledge: KnowledgeBase
    desk: "Desk"
    files: "Files"
    names: "NameIndex"
    settings: "Settings"
    health: Callable[[], dict[str, Any]] = dict
    """State of every part of the running product."""


@dataclass(frozen=True, slots=True)
class Turn(Generic[StoreT]):
    """One message to be answered."""

    message: IncomingMessage
    interaction_id: int
    conversation_id: int
    understanding: Understanding
    speaker: Speaker
    language: Language
    store: StoreT
    memory: Memory
    now: datetime
    services: "Services"
    question: Question | None = None
    """The open question that this message answers, if it does."""
    argument: str = ""
    """What followed a command or a button's intent."""
    prepared: Any = None
    """What the intent's preparation made before the transaction began; None where it has none."""
    outcome: Outcome = field(default_factory=Outcome)

    def say(self, key: str, /, **values: object) -> str:
        """A phrase in the language of this turn."""
        return self.services.phrases(key, self.language, **values)

    def reply(self, key: str, /, **values: object) -> Reply:
        """A reply of one phrase."""
        return Reply(text=self.say(key, **values))

    def ask(self, wants: str, intent: str = "", **slots: Any) -> None:
        """Wait for the answer to what the reply asks; `intent` defaults to the present one."""
        asked, before = Question(intent or self.understanding.intent, wants, slots), self.question
        if before and (before.intent, before.wants, before.slots) == (asked.intent, wants, slots):
            asked = replace(asked, unfit=before.unfit + 1)
        self.outcome.question = asked

    @property
    def slots(self) -> dict[str, Any]:
        """What is known already from the question that this answers."""
        return self.question.slots if self.question else {}


Handler = Callable[[Turn[Any]], Reply]


@dataclass(frozen=True, slots=True)
class Preparing:
    """A message whose answer takes seconds to make (charts): what is known of it before its transaction begins."""

    message: IncomingMessage
    understanding: Understanding
    argument: str
    language: Language
    zone: str
    memory: Memory
    store: "Store"
    """To read from; what is written is the handler's business."""
    services: Services
    now: datetime


Prepare = Callable[[Preparing], Any]
"""Makes `Turn.prepared`, outside of any write transaction; run again when the process stops before the answer."""
