"""Posts that nothing is made of yet, out of the store in batches; and what was made of them, into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from crm_core.bulk import insert_rows
from crm_core.ids import new_id
from crm_core.listening.echoes import Echoes, forget_originals
from crm_core.listening.pictures import products_of
from crm_core.models import Post, PostBand

OURS = ("en", "zh")
"""Languages that are told apart by the text; what a network says of others is believed."""


@dataclass(frozen=True, slots=True)
class Unsensed:
    """A post as it was read. `sealed`: what stood in the database, to see whether it still does.

    `pictured`: the products that its pictures show.
    """

    id: int
    text: str
    sealed: bytes | None
    language: str | None
    occurred_at: datetime
    pictured: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Sensed:
    """What was made of a post."""

    language: str
    need: str
    sentiment_milli: int | None
    products: Sequence[str]
    competitors: Sequence[str]
    brand_named: bool
    spam_reasons: Sequence[str]


def unsensed(session: Session, after: int, limit: int) -> list[Unsensed]:
    """The next posts that nothing is made of, by id."""
    query = select(Post).where(Post.sensed_at.is_(None), Post.id > after).order_by(Post.id).limit(limit)
    rows = list(session.scalars(query))
    pictured = products_of(session, [row.id for row in rows])
    return [
        Unsensed(row.id, row.text or "", row.text_sealed, row.language, row.occurred_at, pictured.get(row.id, ()))
        for row in rows
    ]


def keep_sensed(
    session: Session, found: Sequence[Unsensed], sensed: Mapping[int, Sensed], echoes: Echoes, now: datetime
) -> int:
    """Store what was made of posts; returns of how many. One that was edited or deleted meanwhile is left alone."""
    ids = [post.id for post in found]
    present = dict(session.execute(select(Post.id, Post.text_sealed).where(Post.id.in_(ids))).tuples().all())
    still = [post for post in found if post.id in present and present[post.id] == post.sealed]
    if not still:
        return 0
    forget_originals(session, ids)
    originals = _present(session, echoes.originals, {*ids} - {post.id for post in still})
    session.connection().execute(_UPDATE, [_row(post, sensed[post.id], originals.get(post.id), now) for post in still])
    session.execute(delete(PostBand).where(PostBand.post_id.in_(ids)))
    bands = [(post.id, band) for post in still for band in echoes.bands.get(post.id, ())]
    insert_rows(session, _BANDS, [{"id": new_id(), "post_id": post, "band": band} for post, band in bands])
    return len(still)


def _present(session: Session, originals: Mapping[int, int], changed: set[int]) -> dict[int, int]:
    """What posts repeat, without what is gone or says something else by now."""
    wanted = set(originals.values()) - changed
    there = set(session.scalars(select(Post.id).where(Post.id.in_(wanted))))
    return {post: first for post, first in originals.items() if first in there}


def _row(post: Unsensed, sensed: Sensed, original: int | None, now: datetime) -> dict[str, Any]:
    ours = post.language is None or post.language in OURS
    return {
        "post": post.id, "language": sensed.language if ours else post.language, "need": sensed.need,
        "sentiment_milli": sensed.sentiment_milli, "products": list(dict.fromkeys((*sensed.products, *post.pictured))),
        "competitors": list(sensed.competitors), "brand_named": sensed.brand_named, "duplicate_of_id": original,
        "spam": bool(sensed.spam_reasons), "spam_reasons": list(sensed.spam_reasons), "sensed_at": now,
    }  # fmt: skip


_BANDS = cast(Table, PostBand.__table__)
_POSTS = cast(Table, Post.__table__)
_MADE = (
    "language", "need", "sentiment_milli", "products", "competitors", "brand_named", "duplicate_of_id", "spam",
    "spam_reasons", "sensed_at",
)  # fmt: skip
_UPDATE = update(_POSTS).where(_POSTS.c.id == bindparam("post")).values({name: bindparam(name) for name in _MADE})
