"""Pictures that posts carry: kept with them, waiting to be looked at, and what was seen in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.models import Post, PostPicture
from crm_core.pictures.likeness import COMPARED, FAR, apart, same_numbers

if TYPE_CHECKING:
    from crm_core.connectors.base import Picture

TRIES = 3
"""How often a picture whose address does not answer is asked for."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A picture that was not looked at yet."""

    id: int
    connector: str
    address: str
    alt: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What is in a picture. `products`: SKUs; `orders`: numbers of ours."""

    looks: int | None
    text: str | None
    products: Sequence[str]
    orders: Sequence[str]


# --- with their posts -----------------------------------------------------------------------------------------------
def keep(session: Session, posts: Iterable[tuple[Post, Sequence["Picture"]]]) -> None:
    """Keep what new posts carry; all of it is the customer's if the post is."""
    session.add_all(
        PostPicture(
            post_id=post.id, customer_id=post.customer_id, place=place, address=one.address, alt=one.alt or None
        )
        for post, pictures in posts
        for place, one in enumerate(pictures)
    )


def follow(session: Session, posts: Sequence[tuple[Post, Sequence["Picture"]]]) -> None:
    """Keep what posts carry now, where that has changed. An address that is only signed anew is the same."""
    rows: dict[int, list[PostPicture]] = {post.id: [] for post, _ in posts}
    query = select(PostPicture).where(PostPicture.post_id.in_(rows)).order_by(PostPicture.place)
    for row in session.scalars(query):
        rows[row.post_id].append(row)
    for post, pictures in posts:
        before = rows[post.id]
        if [_unsigned(row.address) for row in before] == [_unsigned(one.address) for one in pictures]:
            for row, one in zip(before, pictures, strict=True):
                if row.looked_at is None:
                    row.address = one.address
            continue
        session.execute(delete(PostPicture).where(PostPicture.post_id == post.id))
        post.sensed_at = None  # it may have named products
        keep(session, [(post, pictures)])


def _unsigned(address: str) -> str:
    return address.partition("?")[0]


# --- looking at them ------------------------------------------------------------------------------------------------
def waiting(session: Session) -> bool:
    """Whether any picture was not looked at."""
    return session.execute(select(PostPicture.id).where(PostPicture.looked_at.is_(None)).limit(1)).first() is not None


def unseen(session: Session, connectors: Sequence[str], limit: int) -> list[Unseen]:
    """Those of the newest posts of these networks that were not looked at."""
    query = (
        select(PostPicture, Post.connector)
        .join(Post, Post.id == PostPicture.post_id)
        .where(PostPicture.looked_at.is_(None), Post.connector.in_(list(connectors)))
        .order_by(PostPicture.id.desc())
        .limit(limit)
    )
    return [Unseen(row.id, connector, row.address, row.alt or "") for row, connector in session.execute(query)]


def keep_seen(session: Session, picture_id: int, shown: Shown, now: datetime) -> None:
    """Store what was seen; a post whose picture names a product is made sense of anew."""
    row = session.get(PostPicture, picture_id)
    if row is None:
        return  # deleted meanwhile
    row.looks, row.text, row.looked_at, row.problem = shown.looks, shown.text, now, None
    row.products, row.orders = list(shown.products), list(shown.orders)
    post = session.get_one(Post, row.post_id)
    if not set(row.products) <= set(post.products):
        post.sensed_at = None


def keep_problem(session: Session, picture_id: int, problem: str, now: datetime, *, again: bool) -> None:
    """Store why a picture was not seen; after some tries that is the end of it."""
    row = session.get(PostPicture, picture_id)
    if row is not None:
        row.tries, row.problem = row.tries + 1, problem[:300]
        row.looked_at = None if again and row.tries < TRIES else now


def products_of(session: Session, post_ids: Sequence[int]) -> dict[int, list[str]]:
    """Post → the products that its pictures show."""
    query = select(PostPicture.post_id, PostPicture.products).where(PostPicture.post_id.in_(list(post_ids)))
    found: dict[int, list[str]] = {}
    for post_id, products in session.execute(query):
        found.setdefault(post_id, []).extend(products)
    return found


def orders_of(session: Session, post_id: int) -> list[str]:
    """The numbers of our orders that a post's pictures show."""
    query = select(PostPicture.orders).where(PostPicture.post_id == post_id)
    return [number for orders in session.scalars(query) for number in orders]


# --- showing them ---------------------------------------------------------------------------------------------------
def words_of(session: Session, post_ids: Sequence[int]) -> dict[int, str]:
    """Post → what is written in its pictures; where nothing is, what their author says that they show."""
    query = select(PostPicture).where(PostPicture.post_id.in_(list(post_ids))).order_by(PostPicture.place)
    found: dict[int, list[str]] = {}
    for row in session.scalars(query):
        if words := " ".join((row.text or row.alt or "").split()):
            found.setdefault(row.post_id, []).append(words)
    return {post_id: " / ".join(words) for post_id, words in found.items()}


def alike(session: Session, post_ids: Sequence[int]) -> dict[int, int]:
    """Post → how many other posts carry a picture that looks like one of its own."""
    seen = PostPicture.looks.is_not(None)
    own = list(session.scalars(select(PostPicture).where(PostPicture.post_id.in_(list(post_ids)), seen)))
    if not own:
        return {}
    newest = select(PostPicture.id, PostPicture.post_id, PostPicture.looks).where(seen)
    others = session.execute(newest.order_by(PostPicture.id.desc()).limit(COMPARED)).all()
    found: dict[int, set[int]] = {}
    for row in own:
        near = {one.id: one.post_id for one in others if one.post_id != row.post_id and _near(one.looks, row.looks)}
        for picture in session.scalars(select(PostPicture).where(PostPicture.id.in_(near))):
            if same_numbers(picture.text, row.text):
                found.setdefault(row.post_id, set()).add(picture.post_id)
    return {post_id: len(posts) for post_id, posts in found.items()}


def _near(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and apart(one, other) <= FAR
