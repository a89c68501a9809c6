"""Topics that were found, as they are told: how many texts of a period are about each, with mood and marks."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.models import Interaction, Post, Topic, TopicText, TopicWeek
from crm_core.reports.evidence import Row, rows_of
from crm_core.reports.metrics import Figure, Values, measure
from crm_core.reports.periods import Period, monday_of

COUNTED = {"posts": ("voice", "voice_mood"), "chats": ("messages", "mood")}
"""Source of topics -> the figures that count its texts, and say their mood."""
SAMPLES = 3


@dataclass(frozen=True, slots=True)
class TopicFigures:
    """A topic in a period. `before`: texts about it in the period that this one is held against."""

    topic_id: int
    name: str
    language: str
    texts: int
    before: int
    mood_milli: float | None
    is_new: bool
    rising: bool


def found_until(session: Session, source: str) -> datetime | None:
    """Up to when texts were looked through for topics; None while there are none."""
    query = select(func.max(TopicWeek.computed_at)).join(Topic).where(Topic.source == source)
    return session.scalar(query)


def first_week(session: Session, source: str) -> date | None:
    """The Monday of the first week whose texts were looked through for topics."""
    return session.scalar(select(func.min(TopicWeek.week)).join(Topic).where(Topic.source == source))


def topics_of(
    session: Session, source: str, period: Period, compared: Period, only: Values, without: Values
) -> tuple[list[TopicFigures], Figure]:
    """The topics of a period, the greatest first, and all texts of it, of which some are about none."""
    count, feel = COUNTED[source]
    now, then = (measure(session, count, each, "topic", only=only, without=without) for each in (period, compared))
    moods = measure(session, feel, period, "topic", only=_unfelt(only), without=_unfelt(without))
    before = {row.key: int(row.value or 0) for row in then.rows}
    mood = {row.key: row.value for row in moods.rows}
    marked = _marked(session, source, period)
    known = session.scalars(select(Topic).where(Topic.source == source, Topic.name.in_([row.key for row in now.rows])))
    topics = {topic.name: topic for topic in known}
    found = [
        TopicFigures(
            topics[row.key].id, row.key, topics[row.key].language, int(row.value or 0), before.get(row.key, 0),
            mood.get(row.key), *marked.get(topics[row.key].id, (False, False)),
        )
        for row in now.rows if row.key is not None and row.key in topics
    ]  # fmt: skip
    return found, now


def topic_name(session: Session, name: str, language: str) -> str:
    """What a topic is called in a language; the name itself where it is no topic that was found."""
    topic = session.scalar(select(Topic).where(Topic.name == name).order_by(Topic.last_week.desc(), Topic.id).limit(1))
    return topic.called(language) if topic else name.replace("_", " ")


def samples(session: Session, topic: Topic, period: Period, limit: int = SAMPLES) -> list[Row]:
    """The texts of a period that are most about a topic, with how many say much the same as each."""
    record: Any = Post if topic.source == "posts" else Interaction
    key = TopicText.post_id if topic.source == "posts" else TopicText.interaction_id
    query = select(record.id, TopicText.alike).join(TopicText, key == record.id)
    query = query.where(TopicText.topic_id == topic.id, TopicText.alike.is_not(None))
    query = query.where(record.occurred_at >= period.start, record.occurred_at < period.end)
    found: dict[int, int | None] = dict(
        session.execute(query.order_by(TopicText.fit_milli.desc(), TopicText.id).limit(limit)).tuples().all()
    )
    rows = rows_of(session, record, list(found))
    return [replace(row, alike=alike or 0) for row, alike in zip(rows, found.values(), strict=True)]


def _unfelt(chosen: Values) -> Values:
    """Without the choice of moods, of which a mean mood cannot be told."""
    return {name: values for name, values in chosen.items() if name != "feeling"}


def _marked(session: Session, source: str, period: Period) -> dict[int, tuple[bool, bool]]:
    """Which topics were new, and which rose, in the last week of a period that is known."""
    first, end = (monday_of(moment, period.zone) for moment in (period.start, period.end))
    within = (Topic.source == source, TopicWeek.week >= first, TopicWeek.week <= end)
    last = select(func.max(TopicWeek.week)).join(Topic).where(*within).scalar_subquery()
    query = select(TopicWeek).join(Topic).where(*within, TopicWeek.week == last)
    return {row.topic_id: (row.is_new, row.rising) for row in session.scalars(query)}
