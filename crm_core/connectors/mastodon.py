"""Mastodon and what speaks its API: accounts, tags, and the answers to posts of an account."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api, Refused, parsed
from crm_core.connectors.base import Page, Post, Reading, Start, count, items, listed, moment, post
from crm_core.connectors.fetching import Answer
from crm_core.connectors.plain_text import plain

AT_ONCE = 40


class Mastodon:
    """Reads accounts (`of: "@name@server"`, with the answers they got) and tags (`of: "#coffee"`).

    `base_url` is a server: the one that the accounts live on, or any for tags.
    """

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://mastodon.social").rstrip("/")
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of an account, and all of a tag that this server knows."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first; `cursor` is the id they are older than."""
        listing, answers = self._listing(source.of)
        cursor = start.cursor
        while True:
            answer = self._api.get(f"{self._url}{listing}", limit=AT_ONCE, max_id=cursor)
            statuses, reading = listed(parsed(answer)), Reading()
            for status in statuses:
                reading.add(status, _post)
                if answers and isinstance(status, dict) and not status.get("reblog"):
                    self._answers(status, reading)
            cursor = _older(answer) if statuses else None
            yield reading.page(cursor, whole=answers and cursor is None)
            if cursor is None:
                return

    def _listing(self, of: str) -> tuple[str, bool]:
        if of.startswith("#"):
            return f"/api/v1/timelines/tag/{quote(of[1:], safe='')}", False
        account = self._api.json(f"{self._url}/api/v1/accounts/lookup", acct=of.removeprefix("@"))
        if not isinstance(account, dict) or not account.get("id"):
            raise Refused(f"There is no account {of} on this server. Check `of` and `base_url`.")
        return f"/api/v1/accounts/{quote(str(account['id']), safe='')}/statuses", True

    def _answers(self, root: dict[str, Any], reading: Reading) -> None:
        """The thread below a post; most have none."""
        below: list[Any] = []
        if root.get("replies_count"):
            place = quote(str(root.get("id")), safe="")
            below = listed(self._api.json(f"{self._url}/api/v1/statuses/{place}/context"), "descendants")
        thread = [root, *(status for status in below if isinstance(status, dict))]
        known = {status.get("id"): status.get("uri") for status in thread}
        for status in below:
            reading.add(status, _comment, known)
        shown = Counter(status.get("in_reply_to_id") for status in thread)
        reading.answered |= {
            str(status["uri"]) for status in thread
            if status.get("uri") and shown[status.get("id")] >= count(status.get("replies_count"))
        }  # fmt: skip


def _post(status: Any) -> Post | None:
    """Boosts are somebody else's words."""
    return None if status.get("reblog") else _read(status, "post", None)


def _comment(status: Any, known: dict[Any, Any]) -> Post:
    return _read(status, "comment", known.get(status["in_reply_to_id"], status["in_reply_to_id"]))


def _read(status: Any, kind: Any, parent_id: str | None) -> Post:
    edited = status.get("edited_at")
    parts = [plain(status.get("spoiler_text") or ""), plain(status["content"]), *_options(status)]
    text = "\n".join(part for part in parts if part)
    return post(
        status["uri"], moment(status["created_at"]), kind=kind, text=text, author=f"@{status['account']['acct']}",
        url=status.get("url"), language=status.get("language"), likes=status.get("favourites_count"),
        replies=status.get("replies_count"), shares=status.get("reblogs_count"),
        edited_at=moment(edited) if edited else None, parent_id=parent_id, record=status, pictures=_pictures(status),
    )  # fmt: skip


def _pictures(status: Any) -> Iterator[tuple[object, object]]:
    """Of films the picture that stands for them."""
    for media in items(status, "media_attachments"):
        if media.get("type") in ("image", "video", "gifv"):
            shown = media.get("url") if media["type"] == "image" else media.get("preview_url")
            yield shown or media.get("remote_url"), media.get("description")


def _options(status: Any) -> Iterator[str]:
    """What a poll offers: the author's words, too."""
    for option in (status.get("poll") or {}).get("options") or []:
        yield f"○ {option['title']}"


def _older(answer: Answer) -> str | None:
    """The `max_id` of the link to older posts. Only the id is taken from it, never where it leads."""
    for target in re.findall(r'<([^<>]{1,2000})>;\s*rel="?next"?', answer.headers.get("link", "")):
        ids = parse_qs(urlsplit(target).query).get("max_id")
        if ids:
            return str(ids[0])
    return None
