"""A Facebook page: its posts and what people write below them."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from crm_core.connectors.base import Post, items, post
from crm_core.connectors.graph import GraphConnector, time_of, total


class Facebook(GraphConnector):
    """Reads pages (`of:` the page's id or name). Needs the page's `token`."""

    edge = "feed"
    post_fields = (
        "id,message,story,created_time,permalink_url,from,shares,full_picture,"
        "attachments{media,description,subattachments},"
        "reactions.limit(0).summary(total_count),comments.limit(0).summary(total_count)"
    )
    comment_fields = "id,message,created_time,permalink_url,from,like_count,comment_count,parent,attachment{media}"
    comment_options: ClassVar[dict[str, str]] = {"filter": "stream"}

    def post(self, record: Any) -> Post:
        """A post of the page."""
        return post(
            record["id"], time_of(record, "created_time"), text=record.get("message") or record.get("story"),
            author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"),
            likes=total(record, "reactions"), replies=total(record, "comments"),
            shares=(record.get("shares") or {}).get("count"), record=record, pictures=_pictures(record),
        )  # fmt: skip

    def comment(self, record: Any, below: Post) -> Post:
        """Who wrote is only told to the page's own token."""
        return post(
            record["id"], time_of(record, "created_time"), kind="comment", text=record["message"],
            author=(record.get("from") or {}).get("name"), url=record.get("permalink_url"),
            likes=record.get("like_count"), replies=record.get("comment_count"),
            parent_id=(record.get("parent") or {}).get("id") or below.external_id, record=record,
            pictures=[(_address(record.get("attachment")), "")],
        )  # fmt: skip


def _pictures(record: Any) -> Iterator[tuple[object, object]]:
    """All of an album; where nothing is attached, what is shown beside the post."""
    attached = [inner for outer in items(record, "attachments", "data")
                for inner in items(outer, "subattachments", "data") or [outer]]  # fmt: skip
    if not any(_address(each) for each in attached):
        yield record.get("full_picture"), ""
    for each in attached:
        yield _address(each), each.get("description")


def _address(attachment: Any) -> object:
    for name in ("media", "image", "src"):
        attachment = attachment.get(name) if isinstance(attachment, Mapping) else None
    return attachment
