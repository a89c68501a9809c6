"""RSS and Atom feeds. A feed shows its newest entries; some lead to older ones by a link `next`.

Some say which entries were deleted (RFC 6721).
"""

import io
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import feedparser

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import NOTHING, Malformed, Page, Post, Reading, Start, items, moment, post
from crm_core.connectors.fetching import Answer, Forbidden, xml_of
from crm_core.connectors.plain_text import pictures_in, plain

TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


class Rss:
    """Reads feeds. `of` is the address of one."""

    newest_first: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """An entry that is gone has only scrolled off."""
        return NOTHING

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """The feed, then the older parts it leads to; nothing when it has not changed since the last walk."""
        url, keep = start.cursor or source.of, start.keep
        gone: dict[str, Post] = {}
        while url:
            first = url == source.of
            answer = self._api.get(url, _unless_changed(start.keep) if first else None)
            if answer.status == 304:
                return
            if first:
                keep = _version(answer)
            page, url = _read(answer, keep, gone)
            yield page


def _read(answer: Answer, keep: str | None, gone: dict[str, Post]) -> tuple[Page, str]:
    """One document, and the address of the one after it. What it says is deleted is added to `gone`."""
    text = _without_declaration(xml_of(answer))
    content = io.BytesIO(text.encode())
    parsed = feedparser.parse(content, response_headers={"content-type": "application/xml; charset=utf-8"})
    if not parsed.get("version"):
        raise Malformed("This is no feed. Give the address of the RSS or Atom feed, not of the page that links to it.")
    reading = Reading()
    for entry in parsed.entries:
        reading.add(entry, _post, answer.url, parsed.feed.get("language"))
    _bury(reading, text, answer.url, gone)
    links = [urljoin(answer.url, str(each.get("href", ""))) for each in parsed.feed.get("links", [])
             if each.get("rel") == "next"]  # fmt: skip
    if any(urlsplit(link)[:2] != urlsplit(answer.url)[:2] for link in links):
        raise Forbidden("The feed goes on at another site; add that one as a source of its own.")
    onward = links[0] if links else ""
    return reading.page(onward or None, keep), onward


def _bury(reading: Reading, text: str, url: str, gone: dict[str, Post]) -> None:
    """Put in what a document says is deleted, and take out what was told before it was deleted."""
    buried = Reading()
    for each in _tombstones(text):
        buried.add(each, _deleted, url)
    gone.update((each.external_id, each) for each in buried.posts)
    alive = [each for each in reading.posts if not _is_gone(each, gone)]
    back = {each.external_id for each in alive}
    reading.posts = [*alive, *(each for each in buried.posts if each.external_id not in back)]
    reading.malformed += buried.malformed


def _tombstones(text: str) -> list[ElementTree.Element]:
    """What a feed says is deleted; nothing where it is so badly formed that only its entries can be read."""
    if TOMBSTONES not in text:
        return []
    try:
        return list(ElementTree.fromstring(text).iter(f"{{{TOMBSTONES}}}deleted-entry"))  # noqa: S314 - no DOCTYPE
    except ElementTree.ParseError:
        return []


def _deleted(tombstone: ElementTree.Element, url: str) -> Post:
    return post(_identity(tombstone.get("ref"), url), moment(tombstone.attrib["when"]), deleted=True)


def _is_gone(found: Post, gone: dict[str, Post]) -> bool:
    """Whether it was deleted after it was last told; who tells it again later has brought it back."""
    buried = gone.get(found.external_id)
    return buried is not None and (found.edited_at or found.occurred_at) <= buried.occurred_at


def _post(entry: Any, url: str, language: str | None) -> Post:
    given = entry.get("published_parsed") or entry.get("updated_parsed")
    updated = entry.get("updated_parsed")
    at = datetime.fromtimestamp(timegm(given), UTC)
    edited_at = datetime.fromtimestamp(timegm(updated), UTC) if updated and updated > given else None
    link = entry.get("link")
    bodies = [each.get("value", "") for each in entry.get("content", [])] or [entry.get("summary", "")]
    text = "\n".join(part for part in (plain(entry.get("title", "")), plain(bodies[0])) if part)
    return post(
        _identity(entry.get("id") or link, url), at, text=text, author=entry.get("author"), url=link,
        language=entry.get("language") or language, replies=entry.get("slash_comments", 0),
        edited_at=edited_at, record=dict(entry), pictures=_pictures(entry, bodies[0], link or url),
    )  # fmt: skip


def _pictures(entry: Any, body: str, url: str) -> Iterator[tuple[object, object]]:
    """Those that are attached (enclosures, Media RSS), then those inside the text."""
    for each in items(entry, "media_content"):
        if "image" in (each.get("medium"), str(each.get("type")).partition("/")[0]):
            yield each.get("url"), ""
    for each in items(entry, "enclosures"):
        if str(each.get("type")).startswith("image/"):
            yield each.get("href"), ""
    if not items(entry, "media_content"):
        yield from ((each.get("url"), "") for each in items(entry, "media_thumbnail"))
    yield from pictures_in(body, url)


def _identity(given: str | None, url: str) -> str:
    """Ids that are addresses are unique everywhere; others only in their feed."""
    if not given:
        raise Malformed("An entry without id and link.")
    return given if ":" in given else f"{urlsplit(url).hostname}/{given}"


def _unless_changed(keep: str | None) -> dict[str, str]:
    """What to ask with, so that an unchanged feed need not be sent."""
    tag, _, modified = (keep or "").partition("\n")
    conditions = {"If-None-Match": tag, "If-Modified-Since": modified}
    return {name: value for name, value in conditions.items() if value}


def _version(answer: Answer) -> str | None:
    tag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return f"{tag}\n{modified}" if tag or modified else None


def _without_declaration(text: str) -> str:
    """It names the encoding the document had before it was decoded."""
    start = text.lstrip("\ufeff \t\r\n")
    return start[start.index("?>") + 2 :] if start.startswith("<?xml") and "?>" in start else start
