"""X, over its API v2: an account's posts with the answers they got, and searches of the last days."""

from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import quote

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api, Refused
from crm_core.connectors.base import (
    ANSWER_PAGES,
    NOTHING,
    Malformed,
    Page,
    Post,
    Reading,
    Start,
    items,
    listed,
    moment,
    post,
)

AT_ONCE = 25
"""Each post of an account may need a search of its own, and few are allowed in a quarter of an hour."""
FIELDS = {
    "max_results": AT_ONCE,
    "tweet.fields": "created_at,public_metrics,author_id,lang,edit_history_tweet_ids,referenced_tweets,attachments",
    "expansions": "author_id,attachments.media_keys",
    "media.fields": "type,url,preview_image_url,alt_text",
    "user.fields": "username",
}


class X:
    """Reads accounts (`of: "@name"`) and searches (`of:` what its search takes). Needs a `token`."""

    newest_first: ClassVar[bool] = True

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._url = (settings.base_url or "https://api.x.com").rstrip("/") + "/2/"
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """All of an account; a search forgets after some days."""
        return frozenset({"post"}) if source.of.startswith("@") else NOTHING

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """Posts, newest first; `cursor` is the network's own."""
        account = source.of.startswith("@")
        if account:
            asked = {"exclude": "retweets,replies"}
            place, turn = f"users/{self._account(source.of[1:])}/tweets", "pagination_token"
        else:
            asked, place, turn = {"query": f"({source.of}) -is:retweet"}, "tweets/search/recent", "next_token"
        cursor = start.cursor
        while True:
            answer = self._ask(place, **asked, **{turn: cursor})
            reading = _read_all(answer, None)
            for found in [each for each in reading.posts if account and each.replies]:
                self._answers(found, reading)
            cursor = answer["meta"].get("next_token")
            yield reading.page(cursor)
            if not cursor:
                return

    def _account(self, name: str) -> str:
        answer = self._api.json(f"{self._url}users/by/username/{quote(name, safe='')}")
        found = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(found, dict) or not str(found.get("id", "")).isdigit():
            raise Refused(f"X knows no account @{name}. Check `of`.")
        return str(found["id"])

    def _ask(self, place: str, **query: object) -> dict[str, Any]:
        answer = self._api.json(self._url + place, **FIELDS, **query)  # type: ignore[arg-type]
        if not isinstance(answer, dict) or not isinstance(answer.get("meta"), dict):
            raise Malformed("The answer has no `meta`. Is the address that of X's API?")
        return answer

    def _answers(self, root: Post, reading: Reading) -> None:
        """What was said in a post's conversation, as far back as the search reaches."""
        turn: str | None = None
        for _ in range(ANSWER_PAGES):
            answer = self._ask("tweets/search/recent", query=f"conversation_id:{root.external_id}", next_token=turn)
            more = _read_all(answer, root.external_id)
            reading.posts += more.posts
            reading.malformed += more.malformed
            turn = answer["meta"].get("next_token")
            if not turn:
                return


def _read_all(answer: dict[str, Any], root: str | None) -> Reading:
    """An answer without results has no list of them at all."""
    users = (answer.get("includes") or {}).get("users") or []
    names = {user.get("id"): user.get("username") for user in users if isinstance(user, dict)}
    media = {each.get("media_key"): each for each in items(answer, "includes", "media")}
    reading = Reading()
    for entry in listed(answer, "data") if "data" in answer else []:
        reading.add(entry, _read, names, media, root)
    return reading


def _read(entry: Any, names: dict[Any, Any], media: dict[Any, Any], root: str | None) -> Post:
    """An edit is a post with an id of its own: the first one stands for them all."""
    metrics = entry.get("public_metrics") or {}
    versions = entry.get("edit_history_tweet_ids") or [entry["id"]]
    answered = [each["id"] for each in entry.get("referenced_tweets") or [] if each.get("type") == "replied_to"]
    parent = answered[0] if answered else root
    name = names.get(entry.get("author_id")) or entry.get("author_id")
    return post(
        versions[0], moment(entry["created_at"]), kind="comment" if parent else "post", text=entry["text"],
        author=f"@{name}", url=f"https://x.com/{name}/status/{entry['id']}", language=entry.get("lang"),
        likes=metrics.get("like_count"), replies=metrics.get("reply_count"), parent_id=parent,
        shares=int(metrics.get("retweet_count") or 0) + int(metrics.get("quote_count") or 0), record=entry,
        pictures=_pictures(entry, media),
    )  # fmt: skip


def _pictures(entry: Any, media: dict[Any, Any]) -> Iterator[tuple[object, object]]:
    """A post names its pictures by keys of a list that is beside all posts."""
    for key in (entry.get("attachments") or {}).get("media_keys") or []:
        shown = media.get(key) or {}
        yield shown.get("url") or shown.get("preview_image_url"), shown.get("alt_text")
