"""A Facebook page: its posts and what people write below them."""

from typing import Any, ClassVar

from crm_core.connectors.base import Post, post
from crm_core.connectors.graph import GraphConnector, time_of, total


class Facebook(GraphConnector):
    """Reads pages (`of:` the page's id or name). Needs the page's `token`."""

    edge = "feed"
    post_fields = (
        "id,message,story,created_time,permalink_url,from,shares,"
        "reactions.limit(0).summary(total_count),comments.limit(0).summary(total_count)"
    )
    comment_fields = "id,message,created_time,permalink_url,from,like_count,comment_count,parent"
    comment_options: ClassVar[dict[str, str]] = {"filter": "stream"}

    def post(self, record: Any) -> Post:
        """A post of the page."""
        return post(
            record["id"], time_of(record, "created_time"), text=record.get("message") or record.get("story"),
            author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"),
            likes=total(record, "reactions"), replies=total(record, "comments"),
            shares=(record.get("shares") or {}).get("count"), record=record,
        )  # fmt: skip

    def comment(self, record: Any, below: Post) -> Post:
        """Who wrote is only told to the page's own token."""
        return post(
            record["id"], time_of(record, "created_time"), kind="comment", text=record["message"],
            author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"),
            likes=record.get("like_count"), replies=record.get("comment_count"),
            parent_id=(record.get("parent") or {}).get("id") or below.external_id, record=record,
        )  # fmt: skip
