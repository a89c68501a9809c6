"""Who writes in public, and which customer that is: only by a rule or by a person's word, and to be taken back.

Authors are found by a keyed fingerprint of network and name, because names are sealed. A tie makes the author an
account of the customer - one that gives no rights, for nobody can talk with us from there - and all their posts the
customer's, with new ones as they come.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crm_core import crypto
from crm_core.crypto import Vault
from crm_core.errors import NotPossible
from crm_core.ids import new_id
from crm_core.listening.echoes import forget_originals
from crm_core.models import AuthorTie, Customer, ErasedMark, Identity, Post, PostPicture, PostRecord
from crm_core.staff.store import StaffStore

PUBLIC = "public"
"""The `account` of identities that are authors: public names, on which nobody can be written to."""
MARK = "author"
AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class ErasedPosts:
    """What was removed of a customer's public posts."""

    posts: int
    authors: int


def index_of(vault: Vault, connector: str, author: str | None) -> bytes | None:
    """What an author is found by; None for nobody."""
    return vault.blind_index("author", f"{connector}|{author}") if author else None


def key_of(tie: AuthorTie) -> bytes:
    """What a tie's author is found by."""
    return bytes(tie.author_index or b"")


def tied(session: Session, indexes: Collection[bytes]) -> dict[bytes, int]:
    """Author → the customer they are."""
    found: dict[bytes, int] = {}
    for few in _batches(indexes):
        query = select(AuthorTie.author_index, AuthorTie.customer_id).where(
            AuthorTie.author_index.in_(few), AuthorTie.state == "tied"
        )
        found.update((bytes(row.author_index or b""), row.customer_id) for row in session.execute(query))
    return found


def erased(session: Session, indexes: Collection[bytes]) -> set[bytes]:
    """Those of these authors whose posts were erased for good."""
    found: set[bytes] = set()
    for few in _batches(indexes):
        query = select(ErasedMark.fingerprint).where(ErasedMark.kind == MARK, ErasedMark.fingerprint.in_(few))
        found |= {bytes(each) for each in session.scalars(query)}
    return found


# --- tying ----------------------------------------------------------------------------------------------------------
def suggest(
    session: Session, post: Post, customer_id: int, reasons: Iterable[str], now: datetime, *, anew: bool = False
) -> AuthorTie | None:
    """Note that an author may be a customer; None when that was decided before, or they are somebody else's already.

    Args:
        anew: a person asks, so that what was once rejected may be looked at again.
    """
    if not post.author or post.author_index is None or post.own or post.customer_id is not None:
        return None
    index = bytes(post.author_index)
    if tied(session, [index]):
        return None
    known = _between(session, index, customer_id)
    if known is None:
        known = AuthorTie(
            customer_id=customer_id, connector=post.connector, author=post.author, author_index=index,
            state="suggested", reasons=list(reasons), suggested_at=now,
        )  # fmt: skip
        session.add(known)
    elif known.state == "suggested" or anew:
        known.state, known.reasons = "suggested", list(reasons)
    else:
        return None
    session.flush()
    return known


def decide(store: StaffStore, tie_id: int, yes: bool) -> AuthorTie:
    """A person's word about a suggestion.

    Raises:
        NotAllowed: the role does not include it.
        NotPossible: "gone"; "taken" (the author is somebody else's meanwhile); "erased".
    """
    tie = _permitted(store, tie_id)
    if tie.state == "tied" or (not yes and tie.state == "rejected"):
        return tie
    tie.staff_id = store.actor.staff_id
    if yes:
        make(store.session, tie, "staff", store.now)
    else:
        tie.state, tie.decided_at = "rejected", store.now
    return tie


def take_back(store: StaffStore, tie_id: int) -> AuthorTie:
    """Undo a decision: the posts are nobody's again; the suggestion is open.

    Raises:
        NotAllowed, NotPossible("gone").
    """
    tie = _permitted(store, tie_id)
    if tie.state in ("tied", "rejected"):
        undo(store.session, tie, store.actor.staff_id, store.now)
    return tie


def undo(session: Session, tie: AuthorTie, staff_id: int | None, now: datetime) -> None:
    """Untie, and note who wanted it: a member of staff, or the customer."""
    if tie.state == "tied":
        _untie(session, tie)
    tie.state, tie.staff_id, tie.decided_at = "undone", staff_id, now


def make(session: Session, tie: AuthorTie, how: str, now: datetime) -> int:
    """Tie an author; returns how many posts became the customer's.

    Raises:
        NotPossible: "taken", "erased".
    """
    index = key_of(tie)
    if tied(session, [index]).get(index, tie.customer_id) != tie.customer_id:
        raise NotPossible("taken")
    if erased(session, [index]):
        raise NotPossible("erased")
    tie.state, tie.how, tie.decided_at = "tied", how, now
    name = (tie.author or "").casefold()
    place = {"channel": tie.connector, "account": PUBLIC, "external_id": name}
    if session.execute(select(Identity).filter_by(**place)).scalar_one_or_none() is None:
        session.add(
            Identity(
                customer_id=tie.customer_id, handle=(tie.author or "").removeprefix("@"), first_seen_at=now, **place
            )
        )
    session.flush()
    return _give(session, index, tie.customer_id)


def _untie(session: Session, tie: AuthorTie) -> None:
    _give(session, key_of(tie), None)
    theirs = (Identity.channel == tie.connector, Identity.account == PUBLIC)
    name = (tie.author or "").casefold()
    session.execute(delete(Identity).where(*theirs, Identity.external_id == name))


def _give(session: Session, index: bytes, customer_id: int | None) -> int:
    """Make an author's posts a customer's, or nobody's: what is sealed is sealed anew, with the key of whose it is."""
    owner = Post.customer_id.is_(None) if customer_id else Post.customer_id.is_not(None)
    query = select(Post).where(Post.author_index == index, owner, Post.own.is_(False)).limit(AT_ONCE)
    moved = 0
    while rows := list(session.scalars(query)):
        _hand_over(session, rows, customer_id)
        moved += len(rows)
    return moved


def _hand_over(session: Session, rows: Sequence[Post], customer_id: int | None) -> None:
    records = select(PostRecord).where(PostRecord.post_id.in_([row.id for row in rows]))
    for record in session.scalars(records):
        content, record.customer_id = record.record, customer_id
        record.record = content
    for picture in session.scalars(select(PostPicture).where(PostPicture.post_id.in_([row.id for row in rows]))):
        alt, text, picture.customer_id = picture.alt, picture.text, customer_id
        picture.alt, picture.text = alt, text
    for row in rows:
        author, text, row.customer_id = row.author, row.text, customer_id
        row.author, row.text = author, text
    session.flush()


def keep_as_own(session: Session, post: Post) -> None:
    """Note that the business itself said this: then it is no customer's."""
    if post.customer_id is not None:
        _hand_over(session, [post], None)
    post.own = True


def _permitted(store: StaffStore, tie_id: int) -> AuthorTie:
    tie = store.session.get(AuthorTie, tie_id, with_for_update=True)
    if tie is None:
        raise NotPossible("gone")
    number = store.session.execute(select(Customer.number).where(Customer.id == tie.customer_id)).scalar_one()
    store.permit("identity.link", f"customer:{number}", ("author",))
    return tie


def _between(session: Session, index: bytes, customer_id: int) -> AuthorTie | None:
    query = select(AuthorTie).where(AuthorTie.author_index == index, AuthorTie.customer_id == customer_id)
    return session.execute(query).scalar_one_or_none()


# --- a customer's public posts --------------------------------------------------------------------------------------
def erase_posts(store: StaffStore, customer_id: int) -> ErasedPosts:
    """Delete what a customer said in public, and that alone; their marks keep it from ever being read again.

    Raises:
        NotAllowed: the role does not include it.
    """
    session, vault = store.session, store.vault
    number = session.execute(select(Customer.number).where(Customer.id == customer_id)).scalar_one()
    store.permit("public.erase", f"customer:{number}", ("posts", "author"))
    ties = list(session.scalars(select(AuthorTie).where(AuthorTie.customer_id == customer_id)))
    theirs = [tie for tie in ties if tie.state == "tied"]
    marks = [
        {"id": new_id(), "kind": MARK, "fingerprint": key_of(tie), "customer_number": number,
         "erased_at": store.now} for tie in theirs
    ]  # fmt: skip
    if marks:
        keep_marks(vault, marks)
        session.execute(insert(ErasedMark), [{**mark, "id": new_id()} for mark in marks])
    gone = delete_posts(session, [key_of(tie) for tie in theirs])
    names = [(tie.connector, (tie.author or "").casefold()) for tie in theirs]
    for connector, name in names:
        place = (Identity.channel == connector, Identity.account == PUBLIC, Identity.external_id == name)
        session.execute(delete(Identity).where(*place))
    for tie in ties:
        session.delete(tie)
    session.flush()
    return ErasedPosts(gone, len(theirs))


def keep_marks(vault: Vault, marks: Iterable[dict[str, object]]) -> None:
    """Keep marks apart from the data, for what is restored from an old backup."""
    rows = [{**mark, "erased_at": int(mark["erased_at"].timestamp())} for mark in marks]  # type: ignore[attr-defined]
    with vault.keystore.begin() as connection:
        connection.execute(insert(crypto.erased), rows)


def delete_posts(session: Session, indexes: Collection[bytes]) -> int:
    """Delete all posts of these authors, records included."""
    gone = 0
    for few in _batches(indexes):
        query = select(Post.id).where(Post.author_index.in_(few)).limit(AT_ONCE)
        while ids := list(session.scalars(query)):
            forget_originals(session, ids)
            session.execute(delete(Post).where(Post.id.in_(ids)))
            gone += len(ids)
    return gone


def fill_indexes(session: Session, most: int = AT_ONCE) -> int:
    """Give posts that were read before authors could be found what theirs are found by; returns how many."""
    vault: Vault = session.info["vault"]
    query = select(Post).where(Post.author_index.is_(None), Post.author_sealed.is_not(None)).limit(most)
    rows = list(session.scalars(query))
    for row in rows:
        row.author_index = index_of(vault, row.connector, row.author)
    return len(rows)


def _batches(indexes: Collection[bytes]) -> list[list[bytes]]:
    given = list(dict.fromkeys(indexes))
    return [given[start : start + AT_ONCE] for start in range(0, len(given), AT_ONCE)]
