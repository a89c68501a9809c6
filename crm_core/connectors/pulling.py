"""Reads a source from where it is known on: page after page, each stored together with how far that is.

A walk goes from the newest post back to those that the last walk already brought, and a little further, for edits and
deletions. One that was interrupted goes on where it stopped and is followed by another from the top.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Limited
from crm_core.connectors.base import Connector, ConnectorProblem, Malformed, Page, Start
from crm_core.connectors.limits import pause_after
from crm_core.connectors.storing import Counts, keep_posts, remove_unanswered, remove_unseen
from crm_core.database import Store
from crm_core.models import Pull

MOST_PAGES = 500
"""In one run; the next goes on from there."""
OVERLAP = timedelta(hours=1)
"""Posts may come up later than they were written, and clocks differ."""


@dataclass(slots=True)
class Pulled:
    """What one run did with a source. `state`: done, more (there is more to read), waiting or failed."""

    state: str = "done"
    counts: Counts = field(default_factory=Counts)
    problem: str = ""


class Puller:
    """Brings posts of one connector into the store."""

    def __init__(
        self,
        store: Store,
        name: str,
        connector: Connector,
        settings: ConnectorSettings,
        clock: Callable[[], datetime],
        most_pages: int = MOST_PAGES,
        region: str = "",
    ) -> None:
        self._store = store
        self._name = name
        self._connector = connector
        self._settings = settings
        self._clock = clock
        self._most_pages = most_pages
        self._region = region if settings.tie_by_address else None

    def pull(self, source: Source) -> Pulled:
        """Read what is new at a source. A network that fails or wants a pause is left alone until then."""
        done = Pulled()
        pull = self._store.repeated(lambda session: self._begin(session, source))
        if pull.not_before and self._clock() < pull.not_before:
            return Pulled("waiting", problem=pull.problem or "")
        try:
            interrupted = pull.cursor is not None
            finished = self._walk(source, pull, done.counts)
            if finished and interrupted:
                again = self._store.repeated(lambda session: self._begin(session, source))
                finished = self._walk(source, again, done.counts)
            done.state = "done" if finished else "more"
        except ConnectorProblem as problem:
            done.state = "waiting" if isinstance(problem, Limited) else "failed"
            done.problem = str(problem)[:300]
            pause = problem.pause if isinstance(problem, Limited) else None
            self._store.repeated(lambda session: self._pause(session, source, done.problem, pause))
        return done

    def _begin(self, session: Session, source: Source) -> Pull:
        """How far the source is read; a new walk unless one can be gone on with."""
        now, pull = self._clock(), self._find(session, source)
        if pull is None:
            pull = Pull(connector=self._name, source=source.name)
            session.add(pull)
        if pull.cursor is None:
            recheck = max(timedelta(days=self._settings.recheck_days), OVERLAP)
            history = timedelta(days=self._settings.history_days)
            pull.floor_at = pull.mark_at - recheck if pull.mark_at else now - history
            pull.began_at, pull.finished_at, pull.newest_at, pull.oldest_at = now, None, None, None
            pull.pages = pull.posts = 0
        return pull

    def _find(self, session: Session, source: Source) -> Pull | None:
        query = select(Pull).where(Pull.connector == self._name, Pull.source == source.name)
        return session.execute(query).scalar_one_or_none()

    def _walk(self, source: Source, pull: Pull, counts: Counts) -> bool:
        """Store page after page; True when the walk came to its end, False when it is to be gone on with."""
        start = Start(pull.cursor, pull.keep, pull.floor_at)
        last: Page | None = None
        reached, ended = False, True
        for page in self._connector.pages(source, start):
            repeats = page.cursor is not None and page.cursor == (last.cursor if last else start.cursor)
            if repeats:
                raise Malformed("The network shows the same page again and again. Is the address that of its API?")
            counts.add(self._store.repeated(partial(self._keep, source=source, page=page)))
            last, reached = page, self._is_past(page, pull.floor_at)
            if reached or (counts.pages >= self._most_pages and page.cursor is not None):
                ended = reached
                break
        if ended:
            gone = self._store.repeated(lambda session: self._finish(session, source, last, reached))
            counts.deleted += gone
        return ended

    def _is_past(self, page: Page, floor: datetime | None) -> bool:
        """Whether what was said in this page is older than what is asked for. Comments are newer than their posts."""
        times = [post.occurred_at for post in page.posts if post.kind == "post" and not post.deleted]
        return bool(self._connector.newest_first and floor and times and max(times) < floor)

    def _keep(self, session: Session, source: Source, page: Page) -> Counts:
        """One transaction: what a crash undoes is read again."""
        pull, now = self._find(session, source), self._clock()
        assert pull is not None
        counts = keep_posts(session, pull, source, page.posts, now, self._settings.writes_as, self._region)
        counts.deleted += remove_unanswered(session, pull, page.answered)
        counts.malformed, counts.pages = page.malformed, 1
        times = [min(post.occurred_at, now) for post in page.posts if post.kind == "post" and not post.deleted]
        pull.newest_at = max([*times, *filter(None, [pull.newest_at])], default=None)
        pull.oldest_at = min([*times, *filter(None, [pull.oldest_at])], default=None)
        pull.cursor = page.cursor
        pull.pages += 1
        pull.posts += len(page.posts)
        pull.failures, pull.problem, pull.not_before = 0, None, None
        return counts

    def _finish(self, session: Session, source: Source, last: Page | None, reached: bool) -> int:
        """Note that the walk is over; returns how many posts it found deleted."""
        pull = self._find(session, source)
        assert pull is not None
        pull.cursor, pull.finished_at = None, self._clock()
        pull.mark_at = max(filter(None, (pull.newest_at, pull.mark_at)), default=None)
        pull.keep = last.keep if last else pull.keep
        whole = reached or (last is not None and last.whole)
        kinds, since = self._connector.lists_all(source), pull.floor_at if whole else pull.oldest_at
        return remove_unseen(session, pull, kinds, since) if kinds and since else 0

    def _pause(self, session: Session, source: Source, problem: str, pause: timedelta | None) -> None:
        pull = self._find(session, source)
        assert pull is not None
        pull.not_before = self._clock() + (pause or pause_after(pull.failures))
        pull.failures += 1
        pull.problem = problem
