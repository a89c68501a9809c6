"""Posts out of the store, through the reading of them, and back with what was made of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from config.settings import FOLDER
from crm_core.database import Store
from crm_core.listening.echoes import Finder, Said
from crm_core.listening.sensed import Sensed, Unsensed, keep_sensed, unsensed
from nlu.post_text import comparable
from nlu.sensing import Sense, Sensing

TRAINING = FOLDER / "nlu"
BATCH = 200
"""Posts in memory at once; what is done is stored before the next ones are read."""


def sense_all(store: Store, sensing: Sensing, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Read posts batch by batch; returns how many there were, how many repeat another and how many are spam."""
    told = {"sensed": 0, "duplicates": 0, "spam": 0}
    finder, last = Finder(store.vault, comparable), 0
    while True:
        with store.read() as session:
            found = unsensed(session, last, BATCH)
        if not found:
            return told
        senses = sensing.read([post.text for post in found])
        with store.read() as session:
            echoes = finder.find(session, [_said(*pair) for pair in zip(found, senses, strict=True)])
        made = {post.id: _made(sense) for post, sense in zip(found, senses, strict=True)}
        with store.write() as session:
            told["sensed"] += keep_sensed(session, found, made, echoes, clock())
        told["duplicates"] += len(echoes.originals)
        told["spam"] += sum(bool(sense.spam) for sense in senses)
        last = found[-1].id


def _said(post: Unsensed, sense: Sense) -> Said:
    return Said(post.id, sense.plain, post.occurred_at)


def _made(sense: Sense) -> Sensed:
    return Sensed(
        language=sense.language,
        need=sense.need,
        sentiment_milli=None if sense.sentiment is None else round(1000 * sense.sentiment),
        products=sense.products,
        competitors=sense.competitors,
        brand_named=sense.brand,
        spam_reasons=sense.spam,
    )
