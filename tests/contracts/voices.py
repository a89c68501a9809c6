"""How each network tells its posts: the documented shape of its API, no more than the connectors may rely on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.networks import PAGE, Asked, Network, Said, Told


@dataclass(frozen=True, slots=True)
class Voice:
    """`of`: what a source of this connector names. `follows_deletions`: what is gone from the list is deleted.

    `second`: the number of the question, from 0, that asks for the second page.
    """

    tell: Callable[[Network, Asked], Told]
    of: str
    follows_deletions: bool = True
    second: int = 1
    select: dict[str, str] = field(default_factory=dict)
    pictures: bool = True
    """Whether its posts can carry pictures that we may fetch."""
    alt: str = ""
    """How it tells what a picture shows."""


ALT = "A cup on a table"


def rss(network: Network, asked: Asked) -> Told:
    """A feed in parts (RFC 5005): each leads to the older one."""
    page, onward = network.after(int(asked.query["before"]) if "before" in asked.query else None)
    items = "".join(
        "<item><guid>broken</guid><pubDate>yesterday or so</pubDate></item>"
        if each.broken
        else f"<item><guid isPermaLink='false'>{each.number}</guid><title>{each.text}</title>"
        f"<author>ann@example.org (Ann)</author><link>{network.url}/entries/{each.number}</link>"
        f"<pubDate>{network.told_at(each):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        + (f"<enclosure type='image/jpeg' length='9' url='{network.picture(each)}'/>" if network.pictured else "")
        + "</item>"
        for each in page
    )
    link = f"<atom:link rel='next' href='/feed.xml?before={onward}'/>" if onward else ""
    return Told(
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:atom='http://www.w3.org/2005/Atom'><channel>"
        f"<title>Blog</title><language>en-gb</language>{link}{items}</channel></rss>"
    )


def mastodon(network: Network, asked: Asked) -> Told:
    """A tag's timeline, with the link to what is older on every page but an empty one."""
    assert asked.path == "/api/v1/timelines/tag/tea"
    page, _ = network.after(int(asked.query["max_id"]) if "max_id" in asked.query else None)
    statuses = [
        {"id": str(each.number), "content": ["no", "html"]}
        if each.broken
        else {
            "id": str(each.number), "uri": f"https://social.example/users/ann/statuses/{each.number}",
            "created_at": network.told_at(each).isoformat().replace("+00:00", ".000Z"), "edited_at": None,
            "content": f"<p>{each.text}</p>", "spoiler_text": "", "language": "en", "reblog": None,
            "url": f"https://social.example/@ann/{each.number}", "account": {"acct": "ann@social.example"},
            "replies_count": 0, "reblogs_count": 2, "favourites_count": 3,
            "media_attachments": [
                {"id": "9", "type": "image", "url": network.picture(each), "preview_url": "p", "description": ALT},
                {"id": "8", "type": "audio", "url": "https://social.example/song.mp3", "description": None},
            ] if network.pictured else [],
        }
        for each in page
    ]  # fmt: skip
    last = page[-1].number if page else 0
    link = f'<https://elsewhere.example/api?max_id={last}>; rel="next", <https://elsewhere.example/>; rel="prev"'
    return Told(statuses, headers={"Link": link} if page else {})


def bluesky(network: Network, asked: Asked) -> Told:
    """An account's feed."""
    assert asked.path == "/xrpc/app.bsky.feed.getAuthorFeed"
    page, onward = network.after(int(asked.query["cursor"]) if "cursor" in asked.query else None)
    feed = [
        {"post": None if each.broken else bluesky_post(
            network.told_at(each).isoformat(), str(each.number), each.text,
            **({"embed": {"$type": "app.bsky.embed.images#view", "images": [
                {"thumb": "https://cdn.example/small", "fullsize": network.picture(each), "alt": ALT}
            ]}} if network.pictured else {}),
        )}
        for each in page
    ]  # fmt: skip
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
        + (f"<img src='{network.picture(each).removeprefix(network.url)}' alt='{ALT}'>" if network.pictured else "")
        + ("<time>when it rained" if each.broken else f"<time datetime='{network.told_at(each).isoformat()}'>today")
        + "</time></li>"
        for each in page
    )
    link = f"<a class='older' href='/board?before={onward}'>older</a>" if onward else ""
    return Told(f"<!DOCTYPE html><html><body><ul>{items}</ul>{link}<script>alert(1)</script></body></html>")


def x(network: Network, asked: Asked) -> Told:
    """An account's timeline. Without results there is no `data`."""
    if asked.path == "/2/users/by/username/ann":
        return Told({"data": {"id": "7", "username": "ann"}})
    assert asked.path == "/2/users/7/tweets"
    before = asked.query.get("pagination_token")
    page, onward = network.after(int(before) if before else None)
    data = [
        {"id": str(each.number), "text": None}
        if each.broken
        else {
            "id": str(each.number), "text": each.text, "author_id": "7", "lang": "en",
            "created_at": network.told_at(each).isoformat().replace("+00:00", ".000Z"),
            "edit_history_tweet_ids": [str(each.number)],
            "public_metrics": {"like_count": 3, "reply_count": 0, "retweet_count": 1, "quote_count": 1},
            **({"attachments": {"media_keys": [f"3_{each.number}"]}} if network.pictured else {}),
        }
        for each in page
    ]  # fmt: skip
    meta = {"result_count": len(data), **({"next_token": str(onward)} if onward else {})}
    beside: dict[str, Any] = {"users": [{"id": "7", "username": "ann"}]}
    if network.pictured:
        assert "attachments.media_keys" in asked.query["expansions"]
        beside["media"] = [
            {"media_key": f"3_{each.number}", "type": "photo", "url": network.picture(each), "alt_text": ALT}
            for each in page
        ]
    return Told({"data": data, "includes": beside, "meta": meta} if data else {"meta": meta})


def graph_page(network: Network, asked: Asked, record: Callable[[Said], dict[str, Any]]) -> Told:
    """The cursor is there on the last page, too; only the link `next` is not."""
    page, onward = network.after(int(asked.query["after"]) if "after" in asked.query else None)
    paging: dict[str, Any] = {"cursors": {"after": str(onward or 0)}}
    if onward:
        paging["next"] = "https://elsewhere.example/next"
    return Told(
        {"data": [{"id": str(each.number)} if each.broken else record(each) for each in page], "paging": paging}
    )


def facebook(network: Network, asked: Asked) -> Told:
    """A page's feed."""
    assert asked.path == "/ann/feed"
    return graph_page(network, asked, lambda said: {
        "id": str(said.number), "message": said.text, "created_time": f"{network.told_at(said):%Y-%m-%dT%H:%M:%S}+0000",
        "from": {"name": "Ann"}, "permalink_url": f"https://www.facebook.com/{said.number}", "shares": {"count": 2},
        "reactions": {"summary": {"total_count": 3}}, "comments": {"summary": {"total_count": 0}},
        **({"full_picture": network.picture(said), "attachments": {"data": [
            {"media": {"image": {"src": network.picture(said), "height": 9, "width": 9}}, "description": ALT}
        ]}} if network.pictured else {}),
    })  # fmt: skip


def instagram(network: Network, asked: Asked) -> Told:
    """An account's media."""
    assert asked.path == "/17/media"
    return graph_page(network, asked, lambda said: {
        "id": str(said.number), "caption": said.text, "timestamp": f"{network.told_at(said):%Y-%m-%dT%H:%M:%S}+0000",
        "username": "ann", "permalink": f"https://www.instagram.com/p/{said.number}/", "like_count": 3,
        "comments_count": 0,
        **({"media_type": "IMAGE", "media_url": network.picture(said)} if network.pictured else {}),
    })  # fmt: skip


def linkedin(network: Network, asked: Asked) -> Told:
    """An organisation's posts, by offset; the comments below each are asked for apart."""
    if asked.path.startswith("/rest/socialActions/urn%3Ali%3Ashare%3A"):
        return Told({"elements": [], "paging": {"start": 0, "count": PAGE}})
    assert (asked.path, asked.query["author"]) == ("/rest/posts", "urn:li:organization:5")
    assert asked.headers["linkedin-version"]
    start = int(asked.query["start"])
    elements = [
        {"id": f"urn:li:share:{each.number}"}
        if each.broken
        else {
            "id": f"urn:li:share:{each.number}", "commentary": each.text, "author": "urn:li:organization:5",
            "createdAt": int(network.told_at(each).timestamp() * 1000), "lifecycleState": "PUBLISHED",
        }
        for each in network.said[start : start + PAGE]
    ]  # fmt: skip
    return Told({"elements": elements, "paging": {"start": start, "count": PAGE}})


def weibo(network: Network, asked: Asked) -> Told:
    """An account's timeline, down from an id that counts itself in."""
    assert (asked.path, asked.query["screen_name"]) == ("/2/statuses/user_timeline.json", "安")
    assert asked.headers["authorization"] == "OAuth2 secret-token"
    page, _ = network.after(int(asked.query["max_id"]) + 1 if "max_id" in asked.query else None)
    statuses = [
        {"id": each.number}
        if each.broken
        else {
            "id": each.number, "idstr": str(each.number), "text": each.text,
            "created_at": f"{network.told_at(each):%a %b %d %H:%M:%S +0000 %Y}", "user": {"id": 7, "screen_name": "安"},
            "reposts_count": 2, "comments_count": 0, "attitudes_count": 3,
            "pic_urls": [{"thumbnail_pic": network.picture(each).replace("/large/", "/thumbnail/")}]
            if network.pictured else [],
        }
        for each in page
    ]  # fmt: skip
    return Told({"statuses": statuses, "total_number": len(network.said)})


def wechat(network: Network, asked: Asked) -> Told:
    """An account's publications, by offset; everything is asked by POST with an access token."""
    assert "authorization" not in asked.headers
    if asked.path == "/cgi-bin/stable_token":
        assert asked.body == {"grant_type": "client_credential", "appid": "wx5", "secret": "secret-token"}
        return Told({"access_token": "token/1", "expires_in": 7200})
    assert (asked.path, asked.query) == ("/cgi-bin/freepublish/batchget", {"access_token": "token/1"})
    start, count = asked.body["offset"], asked.body["count"]
    items = [
        {"article_id": f"a{each.number}", "update_time": int(network.told_at(each).timestamp()), "content": {
            "news_item": [{"title": None} if each.broken else wechat_article(
                each.number, each.text, **({"thumb_url": network.picture(each)} if network.pictured else {})
            )],
        }}
        for each in network.said[start : start + count]
    ]  # fmt: skip
    return Told({"total_count": len(network.said), "item_count": len(items), "item": items})


def wechat_article(number: int, title: str, index: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "title": title, "author": "鹤与杜松", "digest": "", "content_source_url": "", "thumb_media_id": "m",
        "need_open_comment": 0, "only_fans_can_comment": 0, "is_deleted": False,
        "url": f"http://mp.weixin.qq.com/s?__biz=MzA=&mid={number}&idx={index}&sn=ab#rd", **more,
    }  # fmt: skip


BOARD = {"item": "li.review", "text": ".body", "time": "time", "author": "b", "next": "a.older"}

VOICES: dict[str, Voice] = {
    "rss": Voice(rss, "{url}/feed.xml", follows_deletions=False),
    "mastodon": Voice(mastodon, "#tea", alt=ALT),
    "bluesky": Voice(bluesky, "@ann.example", alt=ALT),
    "x": Voice(x, "@ann", second=2, alt=ALT),
    "facebook": Voice(facebook, "ann", alt=ALT),
    "instagram": Voice(instagram, "17"),
    "linkedin": Voice(linkedin, "5", second=1 + PAGE, pictures=False),
    "weibo": Voice(weibo, "@安"),
    "wechat": Voice(wechat, "wx5", second=2),
    "html": Voice(html, "{url}/board", follows_deletions=False, select=BOARD, alt=ALT),
}
