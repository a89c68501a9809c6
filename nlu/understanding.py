"""What one text means: the value every engine returns and every handler reads."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Audience = Literal["customer", "agent", "manager"]
Language = Literal["en", "zh"]


class Entity(BaseModel):
    """A named value inside a text.

    `name` is one of the names in `nlu.intents.ENTITIES`; `value` is normalised (E.164, ISO dates, minor units …)
    and JSON-serialisable; `start` and `end` are character offsets into the text, -1 when there is no span.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    value: Any
    text: str = ""
    start: int = -1
    end: int = -1


class Understanding(BaseModel):
    """Intent, entities, mood and language of one text."""

    model_config = ConfigDict(frozen=True)
    text: str
    language: Language
    intent: str
    confidence: float = Field(ge=0, le=1)
    alternatives: tuple[tuple[str, float], ...] = ()
    entities: tuple[Entity, ...] = ()
    sentiment: float = Field(default=0.0, ge=-1, le=1)
    strong: bool = False
    """Strong feeling: anger, a threat to go public, a repeated unanswered request."""
    mixed: bool = False
    """True when both scripts carry meaning; `language` is then the majority's."""
    engine: str = "builtin"
    wishes: tuple["Understanding", ...] = ()
    """Where the text says several things to be answered one after the other: each of them, in order; else empty."""

    def first(self, name: str) -> Any | None:
        """The value of the first entity called `name`, or None."""
        return next((entity.value for entity in self.entities if entity.name == name), None)

    def all(self, name: str) -> list[Any]:
        """The values of all entities called `name`, in the order of the text."""
        return [entity.value for entity in self.entities if entity.name == name]
