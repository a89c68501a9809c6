"""What people talk about, week by week: the tables `topics`, `topic_weeks` and `topic_texts`.

A week's topics are found in the texts of the eight weeks up to its end, posts and chats apart, each language for
itself. Topics that are much like known ones are these, and keep their names. Weeks that were missed are caught up in
order; the one that is going on is done anew each time.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select, update

from crm_core.analytics.topics.glossary import glossary
from crm_core.analytics.topics.model import Topics, choose_number, find_topics, occurrences
from crm_core.analytics.topics.names import kept_words, matched, named
from crm_core.analytics.topics.texts import LANGUAGES, SOURCES, Text, leads, read_texts
from crm_core.analytics.topics.words import Words, words_of
from crm_core.bulk import insert_rows
from crm_core.database import Store
from crm_core.ids import new_id
from crm_core.models import Topic, TopicText, TopicWeek
from crm_core.reports.periods import monday_of

WEEK = timedelta(days=7)
WINDOW, BACK, REMEMBERED = 8, 8, 26
"""Weeks that topics are found in; that are caught up; after which a topic that nobody spoke of is forgotten."""
LEAST = 40
"""Texts to find topics in."""
LEAST_IN_TOPIC = 5
"""Texts of the window that a new topic needs."""
CLEAR = 0.4
"""The share of a topic in a text from which on the text is about it."""
LATELY, EARLIER = 2, 0.2
"""A topic is new while at most this share of its texts is older than so many weeks."""
CHANCE, TIMES = 0.01, 1.5
"""More texts than in the weeks before: so many times as many, and hardly by chance."""
SEED = 7
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Week:
    """A week: the texts of its window with their words, how many weeks before each was written, the topic of each (-1:
    none), and the topics of the weeks before."""

    monday: date
    window: Sequence[Text]
    words: Words
    weeks: NDArray[np.int64]
    of_text: NDArray[np.int64]
    found: Topics
    known: Sequence[Topic]


def refresh(
    store: Store,
    now: datetime,
    zone: str,
    progress: Progress = lambda done, total: None,
    names: Collection[str] = (),
) -> dict[str, Any]:
    """Find the topics of this week and of those that are missing; says how many texts, weeks and topics there were.

    Args:
        names: of the business and its competitors, which are no topics.
    """
    this = monday_of(now, zone)
    first = this - BACK * WEEK
    told: dict[str, Any] = {}
    parts = [(source, language) for source in SOURCES for language in LANGUAGES]
    for place, (source, language) in enumerate(parts):
        progress(place, len(parts))
        due = _due(store, source, language, first, this, zone)
        texts = read_texts(store, source, language, due[0] - (WINDOW - 1) * WEEK, zone)
        told[f"{source}_{language}"] = _weeks(store, source, language, texts, due, now, names)
    with store.write() as session:
        weeks = select(TopicWeek.topic_id)
        session.execute(delete(Topic).where(Topic.id.not_in(weeks)))
    return told


def _due(store: Store, source: str, language: str, first: date, this: date, zone: str) -> list[date]:
    """This week, and those before it that were not computed after their end."""
    mine = (Topic.source == source, Topic.language == language, TopicWeek.week >= first)
    query = select(TopicWeek.week, func.max(TopicWeek.computed_at)).join(Topic).where(*mine).group_by(TopicWeek.week)
    with store.read() as session:
        done = {week for week, at in session.execute(query) if monday_of(at, zone) > week}
    return [week for week in (first + place * WEEK for place in range(BACK + 1)) if week not in done or week == this]


def _weeks(
    store: Store,
    source: str,
    language: str,
    texts: Sequence[Text],
    due: Sequence[date],
    now: datetime,
    names: Collection[str],
) -> dict[str, int]:
    topics = 0
    for monday in due:
        first = monday - (WINDOW - 1) * WEEK
        window = [text for text in texts if first <= text.week <= monday]
        week = _find(store, source, language, monday, window, names)
        if week is not None:
            topics = _write(store, source, language, week, now)
    return {"texts": len(texts), "weeks": len(due), "topics": topics}


def _find(
    store: Store, source: str, language: str, monday: date, window: Sequence[Text], names: Collection[str]
) -> Week | None:
    """The topics of a window; None when its texts are too few, or its last week has none."""
    learnt = np.array([place for place, text in enumerate(window) if not text.repeats], dtype=np.int64)
    weeks = np.array([(monday - text.week).days // 7 for text in window], dtype=np.int64)
    if len(learnt) < LEAST or not (weeks == 0).any():
        return None
    words = words_of([text.text for text in window], language, names)
    if source == "chats":
        words = Words(kept_words(words.texts, [text.person for text in window]), words.forms)
    matrix, vocabulary = occurrences(words.texts)
    known = _known(store, source, language, monday)
    last = sum(topic.last_week >= monday - WEEK for topic in known)
    number = choose_number(matrix[learnt], SEED, last or None)
    if not number:
        return None
    found = find_topics(matrix, vocabulary, number, SEED, learnt, [dict(topic.words) for topic in known])
    of_text = np.where(found.shares.max(axis=1) >= CLEAR, found.shares.argmax(axis=1), -1)
    return Week(monday, window, words, weeks, of_text, found, known)


def _known(store: Store, source: str, language: str, monday: date) -> list[Topic]:
    """Topics of the weeks before."""
    recent = (Topic.last_week >= monday - REMEMBERED * WEEK, Topic.first_week <= monday)
    with store.read() as session:
        query = select(Topic).where(Topic.source == source, Topic.language == language, *recent).order_by(Topic.id)
        return list(session.scalars(query))


def _write(store: Store, source: str, language: str, week: Week, now: datetime) -> int:
    """Store a week in the place of what was stored of it."""
    ids = _topics(store, source, language, week)
    rows = [row for topic, id_ in ids.items() for row in [_figures(week, topic, id_, now)] if row]
    texts = [row for topic, id_ in ids.items() for row in _texts(source, week, topic, id_)]
    mine = select(Topic.id).where(Topic.source == source, Topic.language == language)
    with store.write() as session:
        for model in (TopicWeek, TopicText):
            session.execute(delete(model).where(model.week == week.monday, model.topic_id.in_(mine)))
        key = TopicText.post_id if source == "posts" else TopicText.interaction_id
        for part in _parts([row[key.key] for row in texts]):  # of another week: edited, or told the time anew
            session.execute(delete(TopicText).where(key.in_(part)))
        insert_rows(session, TopicWeek.__table__, rows)  # type: ignore[arg-type]
        insert_rows(session, TopicText.__table__, texts)  # type: ignore[arg-type]
        spoken = [row["topic_id"] for row in rows]
        session.execute(update(Topic).where(Topic.id.in_(spoken)).values(last_week=week.monday))
    return len(rows)


def _topics(store: Store, source: str, language: str, week: Week) -> dict[int, int]:
    """Topic of this week -> id of its record, known before or made now."""
    weights = [_weights(week.found, topic) for topic in range(len(week.found.tops))]
    same = matched(weights, [dict(topic.words) for topic in week.known])
    ids: dict[int, int] = {}
    with store.write() as session:
        mine = (Topic.source == source, Topic.language == language)
        names, known = set(session.scalars(select(Topic.name).where(*mine))), glossary(session)
        for topic, heavy in enumerate(weights):
            texts = np.flatnonzero(week.of_text == topic).tolist()
            if topic in same:
                record = session.get_one(Topic, week.known[same[topic]].id)
            elif len(texts) >= LEAST_IN_TOPIC:
                record = Topic(source=source, language=language, first_week=week.monday)
                session.add(record)
            else:
                continue
            if not (record.names or record.renamed):
                spoken = [week.words.texts[place] for place in texts]
                record.names = named(week.found.words(topic), spoken, week.words.forms, names, language, known)
                record.name = record.names[language]
                names.add(record.name)
            record.words, record.last_week = [list(pair) for pair in heavy.items()], week.monday
            ids[topic] = record.id
    return ids


def _weights(found: Topics, topic: int) -> dict[str, int]:
    """The forty words that a topic is known by, with their weights in thousandths."""
    weights = found.weights[topic] / max(found.weights[topic].sum(), 1e-12)
    order = np.argsort(-weights, kind="stable")[:40]
    return {found.vocabulary[word]: round(1000 * float(weights[word])) for word in order if weights[word] > 0}


def _figures(week: Week, topic: int, id_: int, now: datetime) -> dict[str, Any] | None:
    about = week.of_text == topic
    counts = np.bincount(week.weeks[about], minlength=WINDOW)
    if not counts[0]:
        return None
    totals = np.bincount(week.weeks, minlength=WINDOW)
    moods = [
        text.mood for text, mine, age in zip(week.window, about, week.weeks, strict=True)
        if mine and not age and not text.repeats and text.mood is not None
    ]  # fmt: skip
    return {
        "id": new_id(), "topic_id": id_, "week": week.monday, "texts": int(counts[0]),
        "share_milli": round(1000 * counts[0] / totals[0]), "mood_milli": round(np.mean(moods)) if moods else None,
        "is_new": _is_new(counts, totals), "rising": _rises(counts, totals), "computed_at": now,
    }  # fmt: skip


def _is_new(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> bool:
    """Whether hardly anybody spoke of it until lately, though they spoke of other things."""
    older = totals[LATELY:].sum() >= LEAST
    return bool(older and counts.sum() >= LEAST_IN_TOPIC and counts[LATELY:].sum() <= EARLIER * counts.sum())


def _rises(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> bool:
    """Whether more spoke of it than its share of the four weeks before lets expect."""
    from scipy.stats import poisson

    before = totals[1:5].sum()
    if before < LEAST or counts[0] < LEAST_IN_TOPIC:
        return False
    expected = totals[0] * (counts[1:5].sum() + 0.5) / before
    return bool(counts[0] >= TIMES * expected and poisson.sf(counts[0] - 1, expected) < CHANCE)


def _texts(source: str, week: Week, topic: int, id_: int) -> Iterator[dict[str, Any]]:
    places = [int(place) for place in np.flatnonzero((week.of_text == topic) & (week.weeks == 0))]
    fits = week.found.shares[places, topic]
    similar = leads([week.window[place] for place in places], fits)
    for place, fit, count in zip(places, fits, similar, strict=True):
        text = week.window[place].id
        yield {
            "id": new_id(), "topic_id": id_, "post_id": text if source == "posts" else None,
            "interaction_id": text if source == "chats" else None, "week": week.monday,
            "fit_milli": round(1000 * float(fit)), "alike": count,
        }  # fmt: skip


def _parts(ids: Sequence[int], size: int = 500) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
