"""Statuses and headers with all that a Mastodon server sends, as recorded answers have them; nobody's words."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.contracts.networks import Asked, Network, Told

SERVER = "https://social.example"
PAGE = 2


def account(name: str) -> dict[str, Any]:
    """`acct` is the bare name for whoever lives on the server that is asked."""
    return {
        "id": "109440137734600341" if name == "shop" else "109440137501589086", "username": name.partition("@")[0],
        "acct": name, "display_name": "Somebody", "locked": False, "bot": False, "discoverable": None, "group": False,
        "created_at": "2022-12-01T00:00:00.000Z", "note": "<p>Tea, mostly</p>", "url": f"{SERVER}/@{name}",
        "avatar": f"{SERVER}/avatars/missing.png", "avatar_static": f"{SERVER}/avatars/missing.png",
        "header": f"{SERVER}/headers/missing.png", "header_static": f"{SERVER}/headers/missing.png",
        "followers_count": 0, "following_count": 0, "statuses_count": 7, "last_status_at": "2026-11-23",
        "noindex": False, "emojis": [], "fields": [{"name": "web", "value": "shop.example", "verified_at": None}],
    }  # fmt: skip


def status(number: int, at: datetime, content: str, by: str = "shop", **more: Any) -> dict[str, Any]:
    return {
        "id": str(number), "created_at": _iso(at), "in_reply_to_id": None, "in_reply_to_account_id": None,
        "sensitive": False, "spoiler_text": "", "visibility": "public", "language": "en",
        "uri": f"{SERVER}/users/{by}/statuses/{number}", "url": f"{SERVER}/@{by}/{number}", "replies_count": 0,
        "reblogs_count": 0, "favourites_count": 0, "edited_at": None, "favourited": False, "reblogged": False,
        "muted": False, "bookmarked": False, "pinned": False, "content": content, "filtered": [], "reblog": None,
        "application": {"name": "Web", "website": None}, "account": account(by), "media_attachments": [],
        "mentions": [], "tags": [], "emojis": [], "card": None, "poll": None, **more,
    }  # fmt: skip


def poll(*options: str) -> dict[str, Any]:
    return {
        "id": "1", "expires_at": "2026-11-24T19:53:20.832Z", "expired": False, "multiple": True, "votes_count": 0,
        "voters_count": 0, "voted": True, "own_votes": [], "emojis": [],
        "options": [{"title": title, "votes_count": 0} for title in options],
    }  # fmt: skip


def picture(description: str | None) -> dict[str, Any]:
    return {
        "id": "5", "type": "image", "url": f"{SERVER}/media/5.png", "preview_url": f"{SERVER}/media/5-small.png",
        "remote_url": None, "preview_remote_url": None, "text_url": None, "description": description,
        "meta": {"original": {"width": 16, "height": 16, "size": "16x16", "aspect": 1.0}}, "blurhash": "U00000fQfQfQ",
    }  # fmt: skip


class Server:
    """One account, @shop, with the threads below its posts: what a `Network` answers with. Newest first."""

    def __init__(self, statuses: list[dict[str, Any]], threads: dict[str, list[dict[str, Any]]]) -> None:
        self.statuses, self.threads = statuses, threads
        self.left = 300

    def __call__(self, network: Network, asked: Asked) -> Told:
        self.left -= 1
        headers = {
            "X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": "2026-11-23T04:05:00.609574Z",
        }  # fmt: skip
        if asked.path == "/api/v1/accounts/lookup":
            return Told(account("shop"), headers=headers)
        if asked.path.endswith("/context"):
            below = self.threads.get(asked.path.split("/")[-2], [])
            return Told({"ancestors": [], "descendants": below}, headers=headers)
        if asked.path != f"/api/v1/accounts/{account('shop')['id']}/statuses":
            return Told({"error": "Record not found"}, 404, headers)
        before = int(asked.query.get("max_id", 10**20))
        page = [each for each in self.statuses if int(each["id"]) < before][:PAGE]
        return Told(page, headers={**headers, **_links(network.url + quote(asked.path), page)})


def _links(url: str, page: list[dict[str, Any]]) -> dict[str, str]:
    """There on every page but an empty one: whether there is more shows by asking."""
    if not page:
        return {}
    older, newer = page[-1]["id"], page[0]["id"]
    return {"Link": f'<{url}?max_id={older}>; rel="next", <{url}?min_id={newer}>; rel="prev"'}


def _iso(at: datetime) -> str:
    return (at + timedelta(milliseconds=577)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
