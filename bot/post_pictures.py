"""Pictures of posts, fetched and looked at some at a time: what is written in them, and what of ours they show."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog

from config.settings import ConnectorSettings
from crm_core.connectors.fetching import Fetcher, Forbidden, Unreachable
from crm_core.database import Store
from crm_core.listening import pictures
from crm_core.listening.pictures import Shown, Unseen
from crm_core.pictures.looking import NotSeen, Seen, look
from crm_core.pictures.named_orders import known_numbers, with_numbers_mended
from nlu.interpreter import Interpreter

log = structlog.get_logger(__name__)

AT_ONCE = 60
"""Of one run; the newest go first, and the rest waits for the next one."""
MOST_BYTES = 8 * 1024 * 1024


class PostPictures:
    """Looks at what posts carry.

    Args:
        connectors: of which networks pictures are fetched, and whether from addresses that are not public.
        look_at: what is in a picture; raises `NotSeen`.
    """

    def __init__(
        self,
        store: Store,
        connectors: Mapping[str, ConnectorSettings],
        folder: Path,
        clock: Callable[[], datetime],
        look_at: Callable[[bytes, Path], Seen] = look,
        public_url: str = "",
    ) -> None:
        self._store = store
        self._connectors = {name: settings for name, settings in connectors.items() if settings.pictures}
        self._folder = folder
        self._clock = clock
        self._look_at = look_at
        self._public_url = public_url

    def look(self, interpreter: Interpreter) -> int:
        """Look at those that wait; returns how many were seen. Each is stored before the next is fetched."""
        with self._store.read() as session:
            waiting = pictures.unseen(session, list(self._connectors), AT_ONCE)
        return sum(self._one(picture, interpreter) for picture in waiting)

    def _one(self, picture: Unseen, interpreter: Interpreter) -> bool:
        try:
            seen = self._look_at(self._fetched(picture), self._folder)
        except (Forbidden, Unreachable, NotSeen) as problem:
            log.info("post_picture_not_seen", picture_id=picture.id, reason=str(problem)[:200])
            with self._store.write() as session:
                again = isinstance(problem, Unreachable)
                pictures.keep_problem(session, picture.id, str(problem), self._clock(), again=again)
            return False
        with self._store.write() as session:
            text = "\n".join(part for part in (seen.text, picture.alt) if part)
            found = interpreter.records(text) + interpreter.records(with_numbers_mended(text)) if text else ()
            orders = known_numbers(session, [str(one.value) for one in found if one.name == "order_id"])
            products = list(dict.fromkeys(str(one.value) for one in found if one.name == "product"))
            pictures.keep_seen(session, picture.id, Shown(seen.looks, seen.text, products, orders), self._clock())
        return True

    def _fetched(self, picture: Unseen) -> bytes:
        """Its bytes, without any token of ours: it may lie anywhere."""
        private = self._connectors[picture.connector].allow_private
        with Fetcher(allow_private=private, most_bytes=MOST_BYTES, public_url=self._public_url) as fetcher:
            answer = fetcher.get(picture.address)
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable(f"Its server answers {answer.status}.")
        if answer.status != 200:
            raise Forbidden(f"Its server answers {answer.status}.")
        return answer.body
