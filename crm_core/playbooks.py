"""Playbooks: how customers of a segment are served (`config/playbooks.yml`). The strongest stands first in the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import FOLDER
from crm_core.analytics.segments.words import Both, segment_words
from crm_core.errors import CrmError
from crm_core.models import Segment, SegmentMember


class PlaybookError(CrmError):
    """The file cannot be used; the text names file, line and field."""


class Playbook(BaseModel):
    """How to serve a customer. `segment` is "" for the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    segment: str = Field(default="", max_length=60)
    tone: Both | None = None
    greeting: Both | None = None
    offer: Both | None = None
    channel: Literal["same", "telegram", "web", "email"] = "same"
    answered_by: Literal["agent", "manager"] = "agent"
    priority: Literal["low", "normal", "high", "urgent"] = "low"
    first_answer_minutes: int = Field(default=60, ge=1, le=7 * 24 * 60)
    resolution_hours: int | None = Field(default=None, ge=1, le=90 * 24)


class Playbooks(BaseModel):
    """All of the file: what a playbook does not say, it has from the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    default: Playbook = Playbook()
    playbooks: tuple[Playbook, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def filled(cls, given: Any) -> Any:
        """Put the default under every playbook."""
        if not isinstance(given, dict) or not isinstance(given.get("playbooks"), list):
            return given
        default: Any = given.get("default")
        below: dict[str, Any] = default if isinstance(default, dict) else {}
        entries = [{**below, **one} if isinstance(one, dict) else one for one in given["playbooks"]]
        return {**given, "playbooks": entries}

    @model_validator(mode="after")
    def told_apart(self) -> "Playbooks":
        """Refuse a default for one segment, playbooks for none, and two for the same."""
        if self.default.segment:
            raise ValueError("the default is for no segment: take its segment away")
        seen: set[str] = set()
        for number, one in enumerate(self.playbooks, start=1):
            if not one.segment.strip() or one.segment.casefold() in seen:
                raise ValueError(f"playbook {number} needs a segment that no other has; it says {one.segment!r}")
            seen.add(one.segment.casefold())
        return self


@cache
def playbooks(path: Path = FOLDER / "playbooks.yml") -> Playbooks:
    """The operator's playbooks.

    Raises:
        PlaybookError: the file cannot be used.
    """
    try:
        text = path.read_text("utf-8")
        return Playbooks.model_validate(yaml.safe_load(text) or {})
    except OSError as error:
        raise PlaybookError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise PlaybookError(f"{path}: {error}") from error
    except ValidationError as error:
        problems = [f"line {_line(text, one['loc'])}: {_field(one['loc'])}: {one['msg']}" for one in error.errors()]
        raise PlaybookError(f"{path}, {'; '.join(problems)}") from error


def _line(text: str, place: Sequence[int | str]) -> int:
    """The line of a value in a YAML text; of what is nearest around it when it does not stand there."""
    node, line = yaml.compose(text), 1
    for step in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if pair is None:
                break
            node, line = pair[1], pair[0].start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def _field(place: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in place) or "the whole file"


# --- whose ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Service:
    """The playbook of one customer, with the name in both languages of the segment that it is for (None: default)."""

    playbook: Playbook
    segment: Both | None = None


def service_of(session: Session, customer_id: int | None) -> Service:
    """The first playbook of the file whose segment the customer is in; the default where there is none."""
    known = playbooks()
    if customer_id is None or not known.playbooks:
        return Service(known.default)
    query = (
        select(Segment)
        .join(SegmentMember, SegmentMember.segment_id == Segment.id)
        .where(
            SegmentMember.customer_id == customer_id, SegmentMember.until.is_(None), Segment.retired_at.is_(None)
        )
    )  # fmt: skip
    names = {name: segment for segment in session.execute(query).scalars() for name in _names(segment)}
    for one in known.playbooks:
        segment = names.get(one.segment.casefold())
        if segment is not None:
            return Service(one, Both(en=segment.name_en, zh=segment.name_zh))
    return Service(known.default)


def _names(segment: Segment) -> set[str]:
    """What a playbook may call a segment; a cell of the grid keeps its usual name however it is called here."""
    names = {segment.name, segment.name_en, segment.name_zh}
    key = str(segment.conditions[0]["key"]) if segment.kind == "rfm" and segment.conditions else ""
    cell = segment_words().rfm.get(key)
    return {name.casefold() for name in (*names, *((cell.name.en, cell.name.zh) if cell else ()))}
