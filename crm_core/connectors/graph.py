"""What Facebook and Instagram have in common: the Graph API and its pages."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import ANSWER_PAGES, Malformed, Page, Post, Reading, Start, listed, moment

AT_ONCE = 50


class Graph:
    """Asks the Graph API."""

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://graph.facebook.com/v21.0").rstrip("/")
        self._api = api

    def edge(self, node: str, name: str, fields: str, cursor: str | None = None, **more: object) -> Iterator[Any]:
        """(records, cursor of what follows) of what hangs on a node, page after page."""
        while True:
            url = f"{self._url}/{quote(node, safe='')}/{name}"
            answer = self._api.json(url, fields=fields, limit=AT_ONCE, after=cursor, **more)  # type: ignore[arg-type]
            records = listed(answer, "data")
            paging = answer.get("paging") or {}
            cursor = (paging.get("cursors") or {}).get("after") if "next" in paging else None
            yield records, cursor
            if not cursor:
                return


class GraphConnector(ABC):
    """Reads the posts of a page or an account, with what people write below them."""

    newest_first: ClassVar[bool] = True
    edge: ClassVar[str]
    """What posts are called there."""
    post_fields: ClassVar[str]
    comment_fields: ClassVar[str]
    comment_options: ClassVar[Mapping[str, str]] = {}

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._graph = Graph(settings, api)

    @abstractmethod
    def post(self, record: Any) -> Post:
        """What a record of the network says."""

    @abstractmethod
    def comment(self, record: Any, below: Post) -> Post:
        """What a record of a comment says."""

    def lists_all(self, source: Source) -> frozenset[str]:
        """All posts."""
        return frozenset({"post"})

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first, with their comments and the answers to those."""
        for records, cursor in self._graph.edge(source.of, self.edge, self.post_fields, start.cursor):
            reading = Reading()
            for record in records:
                reading.add(record, self.post)
            for found in [each for each in reading.posts if each.replies]:
                answers = self._graph.edge(found.external_id, "comments", self.comment_fields, **self.comment_options)
                for comments, _ in islice(answers, ANSWER_PAGES):
                    for comment in comments:
                        reading.add(comment, self.comment, found)
            yield reading.page(cursor)


def total(record: Any, name: str) -> object:
    """The count in `{name: {summary: {total_count}}}`."""
    return (((record.get(name) or {}).get("summary")) or {}).get("total_count")


def time_of(record: Any, name: str) -> Any:
    """A time such as 2026-11-23T04:00:00+0000."""
    if not isinstance(record.get(name), str):
        raise Malformed("A record without a time.")
    return moment(record[name])
