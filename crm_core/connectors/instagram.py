"""An Instagram business account: its pictures' words and what people write below them."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import ANSWER_PAGES, Page, Post, Reading, Start, post
from crm_core.connectors.graph import Graph, time_of

MEDIA = "id,caption,timestamp,permalink,username,like_count,comments_count"
COMMENT = "id,text,timestamp,username,like_count,parent_id"


class Instagram:
    """Reads accounts (`of:` the account's number). Needs a `token` of the Facebook page it belongs to."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._graph = Graph(settings, api)

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of the account."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first, with their comments."""
        for records, cursor in self._graph.edge(source.of, "media", MEDIA, start.cursor):
            reading = Reading()
            for record in records:
                reading.add(record, _post)
            for found in [each for each in reading.posts if each.replies]:
                answers = self._graph.edge(found.external_id, "comments", COMMENT)
                for comments, _ in islice(answers, ANSWER_PAGES):
                    for comment in comments:
                        reading.add(comment, _comment, found)
            yield reading.page(cursor)


def _post(record: Any) -> Post:
    return post(
        record["id"], time_of(record, "timestamp"), text=record.get("caption"), author=f"@{record['username']}",
        url=record.get("permalink"), likes=record.get("like_count"), replies=record.get("comments_count"),
        record=record,
    )  # fmt: skip


def _comment(record: Any, below: Post) -> Post:
    return post(
        record["id"], time_of(record, "timestamp"), kind="comment", text=record["text"],
        author=f"@{record.get('username') or ''}", url=below.url, likes=record.get("like_count"),
        parent_id=record.get("parent_id") or below.external_id, record=record,
    )  # fmt: skip
