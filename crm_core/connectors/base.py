"""What every connector gives, whatever its network: pages of posts, and from where to go on."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Protocol

from config.settings import Source
from crm_core.csv_cells import INVISIBLE
from crm_core.errors import CrmError

Kind = Literal["post", "comment", "reaction"]
_REMOVED = {char: None for char in INVISIBLE if char not in (0x200C, 0x200D)}
"""What nobody sees, without the joiners that emoji and some scripts are made with."""
NOTHING: frozenset[str] = frozenset()
ANSWER_PAGES = 10
"""Of the answers to one post: what is held at once has an end, even where a network has none."""
LONGEST_TEXT = 20_000
LONGEST_RECORD = 100_000
LONGEST_ID = 200
LONGEST_URL = 500
LONGEST_PICTURE = 2000
"""Addresses of pictures are signed by many networks."""
LONGEST_ALT = 1500
MOST_PICTURES = 10
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class ConnectorProblem(CrmError):
    """A source cannot be read; the text says why and what to do."""


class Malformed(ConnectorProblem):
    """A record, or a whole answer, is not what the network promises."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a post carries: where it is, and what its author says it shows."""

    address: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """One thing said in public, the same for every network. Made by `post`, which cleans what came from outside.

    `parent_id`: of a comment or reaction, the `external_id` of what it is about. `deleted`: the network says that it
    is gone. `record`: what the network sent, as JSON. `email`, `phone`: the author's, where the network itself
    gives it; never what anybody writes somewhere.
    """

    external_id: str
    kind: Kind
    author: str
    text: str
    occurred_at: datetime
    url: str | None = None
    language: str | None = None
    likes: int = 0
    replies: int = 0
    shares: int = 0
    edited_at: datetime | None = None
    deleted: bool = False
    parent_id: str | None = None
    pictures: tuple[Picture, ...] = ()
    record: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some posts at once. `cursor`: where to go on after them (None: not possible from here, or the end).

    `keep`: what the next walk of this source may want to know, such as the feed's version; taken from the last page.
    `malformed`: records that were left out. `whole`: the last page, and nothing older is there than was shown.
    `answered`: posts and comments with all their direct answers in this page; others that we know were deleted.
    """

    posts: list[Post]
    cursor: str | None = None
    keep: str | None = None
    malformed: int = 0
    whole: bool = False
    answered: frozenset[str] = NOTHING


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins: at `cursor` if one was interrupted. What is older than `floor` need not be read."""

    cursor: str | None = None
    keep: str | None = None
    floor: datetime | None = None


class Connector(Protocol):
    """Reads one network. Built from its settings by the line in `CONNECTORS`."""

    newest_first: ClassVar[bool]
    """A page of posts that are all older than the floor ends the walk."""

    def lists_all(self, source: Source) -> frozenset[str]:
        """Kinds that a walk shows completely between its newest and its oldest post: a missing one was deleted."""
        ...

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """The pages of a source, one at a time, each asked for only when the one before it is stored.

        Raises:
            ConnectorProblem: cannot be read now; what was yielded before counts.
        """
        ...


@dataclass(slots=True)
class Reading:
    """Records on their way to posts: what cannot be read is counted, not stumbled over."""

    posts: list[Post] = field(default_factory=list)
    malformed: int = 0
    answered: set[str] = field(default_factory=set)

    def add(self, record: Any, reader: Any, *context: Any) -> None:
        """Read one record with `reader`, which may raise whatever a wrong form makes it raise."""
        try:
            post = reader(record, *context)
        except (Malformed, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
            self.malformed += 1
            return
        if post is not None:
            self.posts.append(post)

    def page(self, cursor: str | None = None, keep: str | None = None, whole: bool = False) -> Page:
        """What was read."""
        return Page(self.posts, cursor, keep, self.malformed, whole, frozenset(self.answered))


def post(  # one parameter a field: this is the border where text from outside is cleaned
    external_id: object,
    occurred_at: datetime,
    *,
    text: str | None = "",
    author: str | None = "",
    kind: Kind = "post",
    url: str | None = None,
    language: str | None = None,
    likes: object = 0,
    replies: object = 0,
    shares: object = 0,
    edited_at: datetime | None = None,
    deleted: bool = False,
    parent_id: object = None,
    pictures: Iterable[tuple[object, object]] = (),
    record: Any = None,
    email: str | None = "",
    phone: str | None = "",
) -> Post:
    """A post with everything cut and cleaned so that any database takes it.

    Args:
        pictures: address and description of each; None or "" for what is not there.

    Raises:
        Malformed: no id, or no usable time.
    """
    if external_id in (None, "") or occurred_at.tzinfo is None or occurred_at < EARLIEST:
        raise Malformed("A record without an id or a time.")
    return Post(
        external_id=identifier(external_id),
        kind=kind,
        author=_clean(author)[:LONGEST_ID],
        text=_clean(text)[:LONGEST_TEXT],
        occurred_at=occurred_at.astimezone(UTC),
        url=address(url),
        language=code(language),
        likes=count(likes),
        replies=count(replies),
        shares=count(shares),
        edited_at=edited_at if edited_at and edited_at.tzinfo else None,
        deleted=deleted,
        parent_id=None if parent_id in (None, "") else identifier(parent_id),
        pictures=_pictures(pictures),
        record=json.dumps(record, ensure_ascii=True, default=str)[:LONGEST_RECORD],
        email=_clean(email)[:LONGEST_ID],
        phone=_clean(phone)[:LONGEST_ID],
    )


def identifier(given: object) -> str:
    """A network's id; one too long to keep by its fingerprint, so that it stays the same and unique."""
    text = _clean(str(given)).strip()
    if len(text) <= LONGEST_ID:
        return text
    return "sha256:" + hashlib.sha256(str(given).encode("utf-8", "replace")).hexdigest()


def address(url: str | None, longest: int = LONGEST_URL) -> str | None:
    """A web address that staff may click on; anything else is left out."""
    cleaned = _clean(url).strip()
    return cleaned if cleaned.startswith(("https://", "http://")) and len(cleaned) <= longest else None


def _pictures(given: Iterable[tuple[object, object]]) -> tuple[Picture, ...]:
    """The first of them, each once. A picture that is written out in a form that nobody expects spoils no post."""
    found: dict[str, Picture] = {}
    try:
        for url, alt in given:
            where = address(url, LONGEST_PICTURE) if isinstance(url, str) else None
            if where:
                found.setdefault(where, Picture(where, _clean(alt if isinstance(alt, str) else "")[:LONGEST_ALT]))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return tuple(found.values())[:MOST_PICTURES]


def code(language: str | None) -> str | None:
    """`en-US`, `zh_Hans`, `EN` → two letters; anything else: not said."""
    first = (language or "").replace("_", "-").partition("-")[0].lower()
    return first if len(first) == 2 and first.isascii() and first.isalpha() else None


def count(given: object) -> int:
    """A counter as a number; what is not one counts as 0."""
    try:
        return max(0, min(int(given), 2**53))  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0


def moment(text: str) -> datetime:
    """An ISO time. Without a zone it is UTC, as networks mean it.

    Raises:
        ValueError: none.
    """
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def items(record: Any, *path: str) -> list[Mapping[str, Any]]:
    """The records in the list at a path of a record; none where there is nothing of the kind."""
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return [each for each in record if isinstance(each, Mapping)] if isinstance(record, list) else []


def listed(answer: Any, *path: str) -> list[Any]:
    """The list at a path of an answer.

    Raises:
        Malformed: there is none.
    """
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    if not isinstance(answer, list):
        raise Malformed(f"The answer has no list {'.'.join(path) or 'at its top'}. Is the address that of its API?")
    return answer


def _clean(text: str | None) -> str:
    return (text or "").translate(_REMOVED).strip()
