"""Bluesky: an account's posts with the answers they got, and searches, over its public interface (XRPC)."""

from collections.abc import Iterator
from typing import Any, ClassVar

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import NOTHING, Page, Post, Reading, Start, count, items, listed, moment, post

AT_ONCE = 100
DEPTH = 10
"""How deep a thread is read."""


class Bluesky:
    """Reads accounts (`of: "@name.bsky.social"`), and searches (`of:` words, a #tag). Searches need a `token`."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://public.api.bsky.app").rstrip("/") + "/xrpc/"
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of an account; a search may leave out what it likes."""
        return frozenset({"post"}) if source.of.startswith("@") else NOTHING

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first; `cursor` is the network's own."""
        account = source.of.startswith("@")
        cursor = start.cursor
        while True:
            if account:
                answer = self._api.json(
                    f"{self._url}app.bsky.feed.getAuthorFeed", actor=source.of[1:], limit=AT_ONCE, cursor=cursor,
                    filter="posts_no_replies",
                )  # fmt: skip
                views = [each.get("post") for each in listed(answer, "feed") if not _reposted(each)]
            else:
                answer = self._api.json(
                    f"{self._url}app.bsky.feed.searchPosts", q=source.of, sort="latest", limit=AT_ONCE, cursor=cursor
                )
                views = listed(answer, "posts")
            yield self._page(views, answer.get("cursor"), account)
            cursor = answer.get("cursor")
            if not cursor:
                return

    def _page(self, views: list[Any], cursor: str | None, answers: bool) -> Page:
        reading = Reading()
        for view in views:
            reading.add(view, _read, "post", None)
            if answers and isinstance(view, dict):
                self._answers(view, reading)
        return reading.page(cursor or None, whole=answers and not cursor)

    def _answers(self, view: dict[str, Any], reading: Reading) -> None:
        """The thread below a post; most have none."""
        if view.get("replyCount"):
            thread = self._api.json(f"{self._url}app.bsky.feed.getPostThread", uri=view.get("uri"), depth=DEPTH)
            _below(thread.get("thread"), reading, DEPTH)
        elif view.get("uri"):
            reading.answered.add(str(view["uri"]))


def _reposted(entry: Any) -> bool:
    return isinstance(entry, dict) and "reasonRepost" in str((entry.get("reason") or {}).get("$type"))


def _below(thread: Any, reading: Reading, depth: int) -> None:
    """The answers in a thread, each with the one it answers; deleted and blocked ones have no post."""
    if not isinstance(thread, dict) or not isinstance(thread.get("post"), dict) or not depth:
        return
    parent, answers = thread["post"], thread.get("replies") or []
    if parent.get("uri") and len(answers) >= count(parent.get("replyCount")):
        reading.answered.add(str(parent["uri"]))
    for answer in answers:
        if isinstance(answer, dict) and "post" in answer:
            reading.add(answer["post"], _read, "comment", parent.get("uri"))
            _below(answer, reading, depth - 1)


def _read(view: Any, kind: Any, parent_id: str | None) -> Post:
    """`createdAt` is what the author's program says; `indexedAt`, when the network saw it, holds where it is later."""
    record, actor = view["record"], view["author"]
    key = str(view["uri"]).rpartition("/")[2]
    at = moment(view.get("indexedAt") or record["createdAt"])
    if record.get("createdAt"):
        at = min(at, moment(record["createdAt"]))
    return post(
        view["uri"], at, kind=kind, text=record["text"], author=f"@{actor['handle']}",
        url=f"https://bsky.app/profile/{actor['handle']}/post/{key}",
        language=next(iter(record.get("langs") or []), None),
        likes=view.get("likeCount"), replies=view.get("replyCount"),
        shares=int(view.get("repostCount") or 0) + int(view.get("quoteCount") or 0), parent_id=parent_id, record=view,
        pictures=_pictures(view.get("embed")),
    )  # fmt: skip


def _pictures(embed: Any) -> Iterator[tuple[object, object]]:
    """Those of the post itself, also where it quotes another one. Of a film the picture that stands for it."""
    shown = embed.get("media") if isinstance(embed, dict) and "media" in embed else embed
    for image in items(shown, "images"):
        yield image.get("fullsize") or image.get("thumb"), image.get("alt")
    if isinstance(shown, dict) and shown.get("thumbnail"):
        yield shown["thumbnail"], shown.get("alt")
