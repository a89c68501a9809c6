"""A LinkedIn organisation: its posts. What people write below them takes a call for each post and is not read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import Page, Post, Reading, Start, listed, post

AT_ONCE = 50
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
            done += len(records)
            yield reading.page(str(done) if records else None)
            if not records:
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


def _time(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
