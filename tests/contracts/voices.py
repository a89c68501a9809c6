"""How each network tells its posts: the documented shape of its API, no more than the connectors may rely on."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.contracts.networks import Asked, Network, Told


@dataclass(frozen=True, slots=True)
class Voice:
    """`of`: what a source of this connector names. `follows_deletions`: what is gone from the list is deleted."""

    tell: Callable[[Network, Asked], Told]
    of: str
    follows_deletions: bool = True
    pages: bool = True


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


VOICES: dict[str, Voice] = {
    "rss": Voice(rss, "{url}/feed.xml", follows_deletions=False),
}
