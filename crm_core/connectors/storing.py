"""Posts into the store: each once, with what has changed since; what the network deleted goes, with its record."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from config.settings import Source
from crm_core import audit
from crm_core.connectors import base
from crm_core.listening import author_candidates, authors, pictures
from crm_core.listening.echoes import forget_originals
from crm_core.models import Post, PostRecord, Publication, Pull
from crm_core.sealed import vault_of

AT_ONCE = 400


@dataclass(slots=True)
class Counts:
    """What a walk did."""

    new: int = 0
    changed: int = 0
    deleted: int = 0
    malformed: int = 0
    pages: int = 0

    def add(self, other: "Counts") -> None:
        """Count another page in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def keep_posts(
    session: Session, pull: Pull, source: Source, found: Iterable[base.Post], now: datetime, writes_as: str = "",
    region: str | None = None,
) -> Counts:  # fmt: skip
    """Bring a page into the store. Doing it again changes nothing. What an erased author says stays out.

    Args:
        writes_as: our own account there: what it says is ours.
        region: authors are tied by the addresses and numbers that the network gives of them, such as they are written
            there; None: they are not.
    """
    counts = Counts()
    by_id = {post.external_id: post for post in found}
    indexes = _indexes(session, pull.connector, by_id)
    refused, ties = authors.erased(session, indexes.values()), authors.tied(session, indexes.values())
    by_id = {key: post for key, post in by_id.items() if post.deleted or indexes.get(key) not in refused}
    known = _known(session, pull.connector, list(by_id))
    said = _said(session, pull.connector, list(by_id)) if writes_as else set()
    counts.deleted = _remove(session, pull, [row.id for key, row in known.items() if _goes(row, by_id[key], pull)])
    fresh: list[tuple[Post, base.Post]] = []
    for each in by_id.values():
        row = known.get(each.external_id)
        own = each.external_id in said or is_own(source, each, writes_as)
        if each.deleted:
            continue
        if row is not None and own and not row.own:  # the settings name our account only since
            authors.keep_as_own(session, row)
        if row is None:
            row = _new(pull, source.about, each, now)
            row.own = own
            row.author_index = indexes.get(each.external_id)
            row.customer_id = None if row.own else ties.get(row.author_index or b"")
            row.author, row.text = each.author or None, each.text  # sealed with the key of whose it is
            fresh.append((row, each))
        elif _follow(row, pull, each, now):
            counts.changed += 1
            _keep_record(session, row, each, now)
    _add(session, fresh, now)
    pictures.follow(session, [(row, by_id[key].pictures) for key, row in known.items() if not by_id[key].deleted])
    if region is not None:
        _tie(session, pull, fresh, region, now)
    counts.new = len(fresh)
    return counts


def _add(session: Session, fresh: Sequence[tuple[Post, base.Post]], now: datetime) -> None:
    session.add_all(row for row, _ in fresh)
    session.flush()  # their records refer to them
    session.add_all(_record(row, each, now) for row, each in fresh)
    pictures.keep(session, [(row, each.pictures) for row, each in fresh])
    session.flush()


def _tie(session: Session, pull: Pull, fresh: Sequence[tuple[Post, base.Post]], region: str, now: datetime) -> None:
    told = [(row, each.email, each.phone) for row, each in fresh if each.email or each.phone]
    made = author_candidates.tie_by_address(session, told, region, now)
    if made:
        audit.record(
            session, session.info["vault"], actor=f"connector:{pull.connector}", action="identity.link",
            subject="authors", fields=("author",), reason=f"{made} by addresses that the network gives", now=now,
        )  # fmt: skip


def _goes(row: Post, found: base.Post, pull: Pull) -> bool:
    """Whether it is deleted: no source says so of what another one brought, as one feed might of its rival's."""
    return found.deleted and row.source == pull.source


def is_own(source: Source, post: base.Post, writes_as: str) -> bool:
    """Whether the business said it: it is our account's, or a post of the source that is our account."""
    ours = writes_as.removeprefix("@").casefold()
    if not ours:
        return False
    here = source.of.removeprefix("@").casefold() == ours and post.kind == "post"
    return here or post.author.removeprefix("@").casefold() == ours


def _indexes(session: Session, connector: str, found: Mapping[str, base.Post]) -> dict[str, bytes]:
    """Post → what its author is found by."""
    vault = session.info["vault"]
    made = {key: authors.index_of(vault, connector, post.author) for key, post in found.items()}
    return {key: index for key, index in made.items() if index}


def _said(session: Session, connector: str, ids: Sequence[str]) -> set[str]:
    """Those that were written from here."""
    found: set[str] = set()
    for start in range(0, len(ids), AT_ONCE):
        few = Publication.external_id.in_(ids[start : start + AT_ONCE])
        query = select(Publication.external_id).where(Publication.connector == connector, few)
        found.update(each for each in session.scalars(query) if each)
    return found


def remove_unseen(session: Session, pull: Pull, kinds: frozenset[str], since: datetime) -> int:
    """Remove what this source once showed and a finished walk did not; returns how many.

    What another source has seen since is still there.
    """
    query = (
        select(Post.id)
        .where(
            Post.connector == pull.connector,
            Post.source == pull.source,
            Post.kind.in_(kinds),
            Post.occurred_at >= since,
            Post.seen_at < pull.began_at,
        )
        .limit(AT_ONCE)
    )
    removed = 0
    while ids := list(session.scalars(query)):
        removed += _remove(session, pull, ids)
    return removed


def remove_unanswered(session: Session, pull: Pull, answered: Collection[str]) -> int:
    """Remove answers that this walk did not show, of what it showed all answers of; returns how many."""
    ids, removed = list(answered), 0
    for start in range(0, len(ids), AT_ONCE):
        query = select(Post.id).where(*_unshown(pull, ids[start : start + AT_ONCE]))
        removed += _remove(session, pull, list(session.scalars(query)))
    return removed


def _known(session: Session, connector: str, ids: Sequence[str]) -> dict[str, Post]:
    found: dict[str, Post] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = select(Post).where(Post.connector == connector, Post.external_id.in_(ids[start : start + AT_ONCE]))
        found.update((row.external_id, row) for row in session.scalars(query))
    return found


def _new(pull: Pull, about: str, found: base.Post, now: datetime) -> Post:
    """A post from the future is one whose network's clock is ahead."""
    return Post(
        connector=pull.connector, external_id=found.external_id, kind=found.kind, url=found.url,
        about=about, language=found.language, likes=found.likes,
        replies=found.replies, shares=found.shares, occurred_at=min(found.occurred_at, now), source=pull.source,
        parent_id=found.parent_id, edited_at=found.edited_at, seen_at=pull.began_at,
    )  # fmt: skip


def _follow(row: Post, pull: Pull, found: base.Post, now: datetime) -> bool:
    """Counters are brought up to date; True when what was said has changed, too."""
    row.likes, row.replies, row.shares = found.likes, found.replies, found.shares
    row.seen_at = max(filter(None, (row.seen_at, pull.began_at)), default=None)
    row.url = found.url or row.url
    if found.author and found.author != row.author:
        row.author = found.author
        row.author_index = authors.index_of(vault_of(row), row.connector, found.author)
    if found.text == row.text:
        return False
    row.text, row.edited_at = found.text, found.edited_at or now
    row.language = found.language or row.language
    row.sensed_at = row.sentiment_milli = row.topic = None  # they were those of the text before
    return True


def _keep_record(session: Session, row: Post, found: base.Post, now: datetime) -> None:
    session.execute(delete(PostRecord).where(PostRecord.post_id == row.id))
    session.add(_record(row, found, now))


def _record(row: Post, found: base.Post, now: datetime) -> PostRecord:
    return PostRecord(post_id=row.id, customer_id=row.customer_id, record=found.record, received_at=now)


def _remove(session: Session, pull: Pull, ids: list[int]) -> int:
    """Remove posts, and answers below them: whether those are still there is shown to us by nobody any more."""
    removed = 0
    while ids:
        below: list[int] = []
        for start in range(0, len(ids), AT_ONCE):
            few = Post.id.in_(ids[start : start + AT_ONCE])
            names = list(session.scalars(select(Post.external_id).where(few)))
            below += session.scalars(select(Post.id).where(*_unshown(pull, names)))
            forget_originals(session, ids[start : start + AT_ONCE])
            session.execute(delete(Post).where(few))
        removed, ids = removed + len(ids), below
    return removed


def _unshown(pull: Pull, names: Sequence[str]) -> list[ColumnElement[bool]]:
    """Answers to these that this source once brought and this walk did not show."""
    return [
        Post.connector == pull.connector, Post.source == pull.source, Post.kind != "post", Post.parent_id.in_(names),
        Post.seen_at < pull.began_at,
    ]  # fmt: skip
