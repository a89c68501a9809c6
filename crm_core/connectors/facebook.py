"""A Facebook page: its posts and what people write below them."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import ANSWER_PAGES, Page, Post, Reading, Start, post
from crm_core.connectors.graph import Graph, time_of, total

POST = (
    "id,message,story,created_time,permalink_url,from,shares,"
    "reactions.limit(0).summary(total_count),comments.limit(0).summary(total_count)"
)
COMMENT = "id,message,created_time,permalink_url,from,like_count,comment_count,parent"


class Facebook:
    """Reads pages (`of:` the page's id or name). Needs the page's `token`."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._graph = Graph(settings, api)

    def lists_all(self, source: Source) -> frozenset[str]:
        """All posts of the page."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first, with their comments and the answers to those."""
        for records, cursor in self._graph.edge(source.of, "feed", POST, start.cursor):
            reading = Reading()
            for record in records:
                reading.add(record, _post)
            for found in [each for each in reading.posts if each.replies]:
                answers = self._graph.edge(found.external_id, "comments", COMMENT, filter="stream")
                for comments, _ in islice(answers, ANSWER_PAGES):
                    for comment in comments:
                        reading.add(comment, _comment, found.external_id)
            yield reading.page(cursor)


def _post(record: Any) -> Post:
    return post(
        record["id"], time_of(record, "created_time"), text=record.get("message") or record.get("story"),
        author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"),
        likes=total(record, "reactions"), replies=total(record, "comments"),
        shares=(record.get("shares") or {}).get("count"), record=record,
    )  # fmt: skip


def _comment(record: Any, post_id: str) -> Post:
    """Who wrote is only told to the page's own token."""
    return post(
        record["id"], time_of(record, "created_time"), kind="comment", text=record["message"],
        author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"), likes=record.get("like_count"),
        replies=record.get("comment_count"), parent_id=(record.get("parent") or {}).get("id") or post_id, record=record,
    )  # fmt: skip
