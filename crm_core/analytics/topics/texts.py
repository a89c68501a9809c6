"""The texts that topics are found in: posts, and what customers write; and which of them say much the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import numpy as np
from sqlalchemy import select

from crm_core.database import Store
from crm_core.models import Interaction, Post
from crm_core.reports.metrics import VOICES
from crm_core.reports.periods import local_moment, monday_of

SOURCES = ("posts", "chats")
LANGUAGES = ("en", "zh")
ALIKE = 0.6
"""Similarity (cosine of their runs of four characters) from which on two texts say much the same."""
MOST_LEADS = 300
"""Texts of a topic and week that others are compared with."""


@dataclass(frozen=True, slots=True)
class Text:
    """A post or a message, and the Monday of its week. `repeats`: it says again what another post said."""

    id: int
    text: str
    week: date
    mood: int | None = None
    person: int | None = None
    repeats: bool = False


def read_texts(store: Store, source: str, language: str, since: date, zone: str) -> list[Text]:
    """All texts from a day on, the oldest first; spam, reactions and what the business says itself are none."""
    begin = local_moment(since, time(), zone)
    query = _posts(language, begin) if source == "posts" else _chats(language, begin)
    with store.read() as session:
        rows = session.scalars(query.execution_options(yield_per=500))
        return [_text(row, zone) for row in rows if (row.text or "").strip()]


def _posts(language: str, begin: datetime) -> Any:
    wanted = (*VOICES, Post.language == language, Post.occurred_at >= begin)
    return select(Post).where(*wanted).order_by(Post.occurred_at, Post.id)


def _chats(language: str, begin: datetime) -> Any:
    said = (Interaction.direction == "in", Interaction.author == "customer", Interaction.kind == "new")
    wanted = (Interaction.language == language, Interaction.occurred_at >= begin)
    return select(Interaction).where(*said, *wanted).order_by(Interaction.occurred_at, Interaction.id)


def _text(row: Any, zone: str) -> Text:
    repeats = isinstance(row, Post) and row.duplicate_of_id is not None
    return Text(
        row.id, row.text or "", monday_of(row.occurred_at, zone), row.sentiment_milli, row.customer_id, repeats
    )  # fmt: skip


def leads(texts: Sequence[Text], fits: Sequence[float] | Any) -> list[int | None]:
    """How many others say much the same as each text; None for these others. What fits best comes first."""
    if not texts:
        return []
    vectors = _vectors([text.text for text in texts])
    found: list[int | None] = [None] * len(texts)
    order = sorted(range(len(texts)), key=lambda place: (texts[place].repeats, -float(fits[place]), place))
    first: list[int] = []
    for place in order:
        alike = (vectors[first] @ vectors[place].T).toarray().ravel() if first else np.zeros(0)
        if len(alike) and alike.max() >= ALIKE:
            lead = first[int(alike.argmax())]
            found[lead] = (found[lead] or 0) + 1
        else:
            found[place] = 0
            if len(first) < MOST_LEADS:
                first.append(place)
    return found


def _vectors(texts: Sequence[str]) -> Any:
    """Runs of characters, so that both languages are compared alike."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**16, alternate_sign=False).transform(
        texts
    )
