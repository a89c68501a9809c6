"""A LinkedIn organisation: its posts, and what people write below them, which takes a call for each post."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api, Refused
from crm_core.connectors.base import ANSWER_PAGES, Page, Post, Reading, Start, listed, post

AT_ONCE = 50
UNREADABLE = {403, 404}
"""Statuses of comments that the token may not read, or that are closed."""
HEADERS = {"LinkedIn-Version": "202510", "X-Restli-Protocol-Version": "2.0.0"}


class LinkedIn:
    """Reads organisations (`of:` the number of one). Needs a `token` that may read its posts."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://api.linkedin.com").rstrip("/") + "/rest/"
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of the organisation."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first; `cursor` counts how many came before. One that comes up meanwhile only shifts them."""
        done = int(start.cursor or 0)
        author = f"urn:li:organization:{source.of}"
        while True:
            records = listed(
                self._api.json(f"{self._url}posts", HEADERS, author=author, q="author", count=AT_ONCE, start=done),
                "elements",
            )
            reading = Reading()
            for record in records:
                reading.add(record, _post)
            for found in [each for each in reading.posts if not start.floor or each.occurred_at >= start.floor]:
                for comment in self._comments(found):
                    reading.add(comment, _comment, found)
            done += len(records)
            yield reading.page(str(done) if records else None)
            if not records:
                return

    def _comments(self, found: Post) -> Iterator[Any]:
        """Those directly below a post; none where the token may read posts alone."""
        place = f"{self._url}socialActions/{quote(found.external_id, safe='')}/comments"
        for begin in islice(range(0, 2**31, AT_ONCE), ANSWER_PAGES):
            try:
                comments = listed(self._api.json(place, HEADERS, start=begin, count=AT_ONCE), "elements")
            except Refused as refused:
                if refused.status in UNREADABLE:
                    return
                raise
            yield from comments
            if len(comments) < AT_ONCE:
                return


def _post(record: Any) -> Post | None:
    """Drafts are not public."""
    if record.get("lifecycleState", "PUBLISHED") != "PUBLISHED":
        return None
    edited = (record.get("lifecycleStateInfo") or {}).get("isEditedByAuthor")
    return post(
        record["id"], _time(record["createdAt"]), text=record["commentary"], author=record["author"],
        url=f"https://www.linkedin.com/feed/update/{record['id']}",
        edited_at=_time(record["lastModifiedAt"]) if edited else None, record=record,
    )  # fmt: skip


def _comment(record: Any, below: Post) -> Post:
    """An organisation is told by its number, as in the settings."""
    made, changed = record["created"]["time"], (record.get("lastModified") or {}).get("time")
    return post(
        record.get("commentUrn") or record["$URN"], _time(made), kind="comment", text=record["message"]["text"],
        author=record["actor"].removeprefix("urn:li:organization:"), url=below.url,
        edited_at=_time(changed) if changed and changed > made else None,
        likes=(record.get("likesSummary") or {}).get("totalLikes"),
        parent_id=record.get("parentComment") or below.external_id, record=record,
    )  # fmt: skip


def _time(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
