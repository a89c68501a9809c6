"""An Instagram business account: its pictures' words and what people write below them."""

from collections.abc import Iterator
from typing import Any

from crm_core.connectors.base import Post, items, post
from crm_core.connectors.graph import GraphConnector, time_of


class Instagram(GraphConnector):
    """Reads accounts (`of:` the account's number). Needs a `token` of the Facebook page it belongs to."""

    edge = "media"
    post_fields = (
        "id,caption,timestamp,permalink,username,like_count,comments_count,"
        "media_type,media_url,thumbnail_url,children{media_type,media_url,thumbnail_url}"
    )
    comment_fields = "id,text,timestamp,username,like_count,parent_id"

    def post(self, record: Any) -> Post:
        """A picture or film with its words."""
        return post(
            record["id"], time_of(record, "timestamp"), text=record.get("caption"), author=f"@{record['username']}",
            url=record.get("permalink"), likes=record.get("like_count"), replies=record.get("comments_count"),
            record=record, pictures=_pictures(record),
        )  # fmt: skip

    def comment(self, record: Any, below: Post) -> Post:
        """A comment stands at the address of what it is below."""
        return post(
            record["id"], time_of(record, "timestamp"), kind="comment", text=record["text"],
            author=f"@{record.get('username') or ''}", url=below.url, likes=record.get("like_count"),
            parent_id=record.get("parent_id") or below.external_id, record=record,
        )  # fmt: skip


def _pictures(record: Any) -> Iterator[tuple[object, object]]:
    """All of an album. Of films the picture that stands for them, which some have not."""
    for each in items(record, "children", "data") or [record]:
        yield each.get("thumbnail_url" if each.get("media_type") == "VIDEO" else "media_url"), ""
