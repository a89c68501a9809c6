"""Weibo: an account's posts and the comments on them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import ANSWER_PAGES, Malformed, Page, Post, Reading, Start, items, listed, post
from crm_core.connectors.plain_text import plain

AT_ONCE = 50
TIME = "%a %b %d %H:%M:%S %z %Y"


class Weibo:
    """Reads accounts (`of: "@name"`, or the account's number). Needs a `token`."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://api.weibo.com").rstrip("/") + "/2/"
        self._headers = {"Authorization": f"OAuth2 {settings.token.get_secret_value()}"} if settings.token else {}
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of the account."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first; `cursor` is the highest id still wanted."""
        who = {"screen_name": source.of[1:]} if source.of.startswith("@") else {"uid": source.of}
        for records, cursor in self._older("statuses/user_timeline.json", "statuses", start.cursor, **who):
            reading = Reading()
            for record in records:
                reading.add(record, _read, None)
            for found in [each for each in reading.posts if each.replies]:
                answers = self._older("comments/show.json", "comments", None, id=found.external_id)
                for comments, _ in islice(answers, ANSWER_PAGES):
                    for comment in comments:
                        reading.add(comment, _read, found)
            yield reading.page(cursor)

    def _older(
        self, place: str, name: str, cursor: str | None, **query: object
    ) -> Iterator[tuple[list[Any], str | None]]:
        """(records, cursor) until a page is empty; `max_id` counts the post itself in."""
        while True:
            answer = self._api.json(self._url + place, self._headers, count=AT_ONCE, max_id=cursor, **query)
            records = listed(answer, name)
            if records:
                cursor = _before(records)
            yield records, cursor if records else None
            if not records:
                return


def _before(records: list[Any]) -> str:
    ids = [int(each["id"]) for each in records if isinstance(each, dict) and str(each.get("id", "")).isdigit()]
    if not ids:
        raise Malformed("A page without a single id. Is the address that of Weibo's API?")
    return str(min(ids) - 1)


def _read(record: Any, below: Post | None) -> Post:
    user = record["user"]
    answered = (record.get("reply_comment") or {}).get("idstr") if below else None
    return post(
        record.get("idstr") or record["id"], _time(record["created_at"]),
        kind="comment" if below else "post", text=plain(record["text"]), author=f"@{user['screen_name']}",
        url=below.url if below else f"https://weibo.com/{user.get('id', '')}/{record['id']}",
        likes=record.get("attitudes_count"), replies=record.get("comments_count"), shares=record.get("reposts_count"),
        parent_id=answered or (below.external_id if below else None), record=record,
        pictures=_pictures(record),
    )  # fmt: skip


def _pictures(record: Any) -> Iterator[tuple[object, object]]:
    """They are told as thumbnails; the same name in another folder is the picture itself."""
    for each in items(record, "pic_urls") or [{"thumbnail_pic": record.get("original_pic")}]:
        yield str(each.get("thumbnail_pic") or "").replace("/thumbnail/", "/large/"), ""


def _time(text: str) -> datetime:
    """Mon Nov 23 12:00:00 +0800 2026."""
    return datetime.strptime(text, TIME)  # noqa: DTZ007 - TIME has the zone
