"""How each network tells its posts: the documented shape of its API, no more than the connectors may rely on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.networks import Asked, Network, Told


@dataclass(frozen=True, slots=True)
class Voice:
    """`of`: what a source of this connector names. `follows_deletions`: what is gone from the list is deleted."""

    tell: Callable[[Network, Asked], Told]
    of: str
    follows_deletions: bool = True
    select: dict[str, str] = field(default_factory=dict)


def rss(network: Network, asked: Asked) -> Told:
    """A feed in parts (RFC 5005): each leads to the older one."""
    page, onward = network.after(int(asked.query["before"]) if "before" in asked.query else None)
    items = "".join(
        "<item><guid>broken</guid><pubDate>yesterday or so</pubDate></item>"
        if each.broken
        else f"<item><guid isPermaLink='false'>{each.number}</guid><title>{each.text}</title>"
        f"<author>ann@example.org (Ann)</author><link>{network.url}/entries/{each.number}</link>"
        f"<pubDate>{network.told_at(each):%a, %d %b %Y %H:%M:%S} GMT</pubDate></item>"
        for each in page
    )
    link = f"<atom:link rel='next' href='/feed.xml?before={onward}'/>" if onward else ""
    return Told(
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel>"
        f"<title>Blog</title><language>en-gb</language>{link}{items}</channel></rss>"
    )


def mastodon(network: Network, asked: Asked) -> Told:
    """A tag's timeline, with the link to what is older."""
    assert asked.path == "/api/v1/timelines/tag/tea"
    page, onward = network.after(int(asked.query["max_id"]) if "max_id" in asked.query else None)
    statuses = [
        {"id": str(each.number), "content": ["no", "html"]}
        if each.broken
        else {
            "id": str(each.number), "uri": f"https://social.example/users/ann/statuses/{each.number}",
            "created_at": network.told_at(each).isoformat().replace("+00:00", ".000Z"), "edited_at": None,
            "content": f"<p>{each.text}</p>", "spoiler_text": "", "language": "en", "reblog": None,
            "url": f"https://social.example/@ann/{each.number}", "account": {"acct": "ann@social.example"},
            "replies_count": 0, "reblogs_count": 2, "favourites_count": 3,
        }
        for each in page
    ]  # fmt: skip
    link = f'<https://elsewhere.example/api?max_id={onward}>; rel="next", <https://elsewhere.example/>; rel="prev"'
    return Told(statuses, headers={"Link": link} if onward else {})


def bluesky(network: Network, asked: Asked) -> Told:
    """An account's feed."""
    assert asked.path == "/xrpc/app.bsky.feed.getAuthorFeed"
    page, onward = network.after(int(asked.query["cursor"]) if "cursor" in asked.query else None)
    feed = [
        {"post": None if each.broken else bluesky_post(network.told_at(each).isoformat(), str(each.number), each.text)}
        for each in page
    ]
    return Told({"feed": feed, **({"cursor": str(onward)} if onward else {})})


def bluesky_post(at: str, key: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "uri": f"at://did:plc:ann/app.bsky.feed.post/{key}", "cid": f"cid-{key}",
        "author": {"did": "did:plc:ann", "handle": "ann.example"}, "indexedAt": at,
        "record": {"$type": "app.bsky.feed.post", "text": text, "createdAt": at, "langs": ["en-US"]},
        "replyCount": 0, "repostCount": 2, "quoteCount": 1, "likeCount": 3, **more,
    }  # fmt: skip


def html(network: Network, asked: Asked) -> Told:
    """A board with a link to its older page."""
    page, onward = network.after(int(asked.query["before"]) if "before" in asked.query else None)
    items = "".join(
        f"<li class='review' id='r{each.number}'><b>Ann</b><p class='body'>{each.text}</p>"
        + ("<time>when it rained" if each.broken else f"<time datetime='{network.told_at(each).isoformat()}'>today")
        + "</time></li>"
        for each in page
    )
    link = f"<a class='older' href='/board?before={onward}'>older</a>" if onward else ""
    return Told(f"<!DOCTYPE html><html><body><ul>{items}</ul>{link}<script>alert(1)</script></body></html>")


BOARD = {"item": "li.review", "text": ".body", "time": "time", "author": "b", "next": "a.older"}

VOICES: dict[str, Voice] = {
    "rss": Voice(rss, "{url}/feed.xml", follows_deletions=False),
    "mastodon": Voice(mastodon, "#tea"),
    "bluesky": Voice(bluesky, "@ann.example"),
    "html": Voice(html, "{url}/board", follows_deletions=False, select=BOARD),
}
