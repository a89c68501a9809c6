"""What staff say in public in the name of the business: queued once it was confirmed, said at most once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from config.settings import ConnectorSettings
from crm_core.connectors import refusals
from crm_core.connectors.api import Api, Limited, Refused
from crm_core.connectors.base import ConnectorProblem, Malformed
from crm_core.connectors.fetching import Fetcher, Unheard, Unreachable
from crm_core.connectors.limits import pause_after
from crm_core.connectors.writers import WRITERS
from crm_core.connectors.writing import Draft, NotWritable, Target, Writer, Written
from crm_core.database import Store
from crm_core.errors import NotPossible
from crm_core.listening import authors
from crm_core.models import Post, Publication
from crm_core.staff.store import StaffStore

log = structlog.get_logger(__name__)

AT_ONCE = 20
TRIES = 4
"""Where a second try is harmless: within minutes, because a network knows our key again for an hour only."""
KEEPS_TRYING = timedelta(hours=24)
"""How long a network that wants to be left alone is waited for."""
STALE = timedelta(minutes=5)
"""After that whoever was sending is dead."""
DEEPEST = 30
SETTLED = ("sent", "failed", "unclear")
Connectors = Mapping[str, ConnectorSettings]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be said, and how long it is as the network counts."""

    text: str
    length: int
    most: int

    @property
    def fits(self) -> bool:
        return 0 < self.length <= self.most


def writable(connectors: Connectors) -> list[str]:
    """The networks that the settings let us write to."""
    return [name for name, given in connectors.items() if name in WRITERS and given.writes_as]


@contextmanager
def writing(
    name: str, settings: ConnectorSettings, clock: Callable[[], datetime], public_url: str = ""
) -> Iterator[Writer]:
    """A network to write to."""
    secret = settings.write_token or settings.token
    token = secret.get_secret_value() if secret and name != "bluesky" else ""  # there it is a password, not a token
    with Fetcher(allow_private=settings.allow_private, public_url=public_url) as fetcher:
        yield WRITERS[name](settings, Api(fetcher, clock, token))


def preview(
    session: Session, connectors: Connectors, name: str, text: str, post: Post | None, now: datetime
) -> Preview:
    """What a text becomes there; asks nobody.

    Raises:
        NotPossible("not_writable"): the settings do not let us write there.
    """
    if name not in writable(connectors):
        raise NotPossible("not_writable")
    with writing(name, connectors[name], lambda: now) as writer:
        said = writer.worded(text.strip(), target_of(session, post) if post else None)
        return Preview(said, writer.length(said), writer.most(post is not None))


def target_of(session: Session, post: Post) -> Target:
    """What is answered, with the post at the top of its thread."""
    top = post
    for _ in range(DEEPEST):
        if top.kind == "post" or not top.parent_id:
            break
        query = select(Post).where(Post.connector == post.connector, Post.external_id == top.parent_id)
        above = session.execute(query).scalar_one_or_none()
        if above is None:
            break
        top = above
    root = top.external_id if top.kind == "post" else top.parent_id or top.external_id
    return Target(post.external_id, post.kind, post.author or "", root)


# --- asking for it --------------------------------------------------------------------------------------------------
def queue(
    store: StaffStore, connectors: Connectors, name: str, text: str, post: Post | None, *, conversation_id: int,
    language: str,
) -> Publication:  # fmt: skip
    """Put what was confirmed in line.

    Raises:
        NotAllowed: the role does not include it.
        NotPossible: "not_writable", or "length".
    """
    action = "public.reply" if post else "public.write"
    store.permit(action, f"post:{post.id}" if post else f"network:{name}", ("text",))
    seen = preview(store.session, connectors, name, text, post, store.now)
    if not seen.fits:
        raise NotPossible("length")
    row = Publication(
        connector=name, post_id=post.id if post else None, answers=post is not None,
        customer_id=post.customer_id if post else None, staff_id=store.actor.staff_id, conversation_id=conversation_id,
        text=seen.text, language=language, state="queued", queued_at=store.now,
    )  # fmt: skip
    store.session.add(row)
    store.session.flush()
    return row


def cancel(store: StaffStore, publication_id: int) -> bool:
    """Take back what has not begun to be sent; False when it is too late."""
    row = store.session.get(Publication, publication_id)
    if row is None:
        return False
    store.permit("public.reply" if row.answers else "public.write", f"network:{row.connector}", ("state",))
    taken = update(Publication).where(Publication.id == publication_id, Publication.state == "queued")
    return bool(store.session.execute(taken.values(state="cancelled")).rowcount)  # type: ignore[attr-defined]


# --- saying it ------------------------------------------------------------------------------------------------------
def send_due(
    store: Store, connectors: Connectors, clock: Callable[[], datetime], public_url: str = ""
) -> Sequence[Publication]:
    """Say what is due; returns what is settled now. Each is claimed before it is sent, by one process alone."""
    _give_up_stale(store, clock())
    done = []
    for publication_id in _due(store, clock()):
        if _claim(store, publication_id, clock()):
            row = _said(store, connectors, publication_id, clock, public_url)
            done += [row] if row.state in SETTLED else []
    return done


def _due(store: Store, now: datetime) -> list[int]:
    free = or_(Publication.not_before.is_(None), Publication.not_before <= now)
    query = select(Publication.id).where(Publication.state == "queued", free).order_by(Publication.id).limit(AT_ONCE)
    with store.read() as session:
        return list(session.scalars(query))


def _claim(store: Store, publication_id: int, now: datetime) -> bool:
    claim = update(Publication).where(Publication.id == publication_id, Publication.state == "queued")
    with store.write() as session:
        values = {"state": "sending", "claimed_at": now, "attempts": Publication.attempts + 1}
        return bool(session.execute(claim.values(**values)).rowcount)  # type: ignore[attr-defined]


def _give_up_stale(store: Store, now: datetime) -> None:
    """What a process left behind: tried again where that is harmless, else for a person to look at."""
    harmless = [name for name, writer in WRITERS.items() if writer.repeatable]  # type: ignore[attr-defined]
    stale = update(Publication).where(Publication.state == "sending", Publication.claimed_at < now - STALE)
    again = stale.where(Publication.connector.in_(harmless), Publication.attempts < TRIES)
    with store.write() as session:
        session.execute(again.values(state="queued"))
        session.execute(stale.values(state="unclear", refusal="stopped", error=""))


def _said(
    store: Store, connectors: Connectors, publication_id: int, clock: Callable[[], datetime], public_url: str
) -> Publication:
    """Send one; the connection to the network is held outside of any transaction."""
    with store.read() as session:
        row = session.get_one(Publication, publication_id)
        post = session.get(Post, row.post_id) if row.post_id else None
        target = target_of(session, post) if post else None
        draft = Draft(row.text or "", row.id, row.queued_at, target)
    try:
        if row.answers and target is None:
            raise NotWritable("The post is gone.", "gone")
        if row.connector not in writable(connectors):
            raise NotWritable("The settings do not let us write there any more.", "settings")
        with writing(row.connector, connectors[row.connector], clock, public_url) as writer:
            written = writer.write(draft)
    except ConnectorProblem as error:
        problem = error
        return store.repeated(lambda session: _not_said(session, publication_id, problem, clock()))
    return store.repeated(lambda session: _settle(session, publication_id, written, clock()))


def _settle(session: Session, publication_id: int, written: Written, now: datetime) -> Publication:
    row = session.get_one(Publication, publication_id)
    row.state, row.sent_at, row.error, row.refusal, row.not_before = "sent", now, None, None, None
    row.external_id, row.url = written.external_id[:200], written.url
    known = select(Post).where(Post.connector == row.connector, Post.external_id == row.external_id)
    for post in session.scalars(known):  # it was read before it was noted
        authors.keep_as_own(session, post)
    return row


def _not_said(session: Session, publication_id: int, problem: ConnectorProblem, now: datetime) -> Publication:
    row = session.get_one(Publication, publication_id)
    row.refusal, words = _reason(problem)
    row.error = words[:500]
    unheard = isinstance(problem, Unheard)
    unsure = (isinstance(problem, Unreachable | Malformed) and not unheard) or row.refusal == "unsure"
    repeatable = WRITERS[row.connector].repeatable if row.connector in WRITERS else False  # type: ignore[attr-defined]
    if isinstance(problem, Limited) and now - row.queued_at < KEEPS_TRYING:
        row.state, row.not_before = "queued", now + (problem.pause or pause_after(row.attempts))
    elif isinstance(problem, Unreachable | Malformed) and (repeatable or not unsure) and row.attempts < TRIES:
        row.state, row.not_before = "queued", now + pause_after(row.attempts - 1)
    else:
        row.state = "unclear" if unsure else "failed"
    log.warning("not_published", connector=row.connector, publication_id=row.id, state=row.state)
    return row


def _reason(problem: ConnectorProblem) -> tuple[str, str]:
    """What went wrong: its kind, and the network's own words, or ours where it gave none."""
    if isinstance(problem, Refused):
        refusal = refusals.read(problem.status, problem.body)
        return refusal.kind, refusal.words or str(problem)
    if isinstance(problem, NotWritable):
        return problem.kind, str(problem)
    return "limit" if isinstance(problem, Limited) else "unreached", str(problem)
