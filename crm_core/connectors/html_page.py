"""Pages without a feed: reviews, boards, news. What a post is, the settings say, as CSS selectors."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from bs4 import Tag
from dateparser import parse as parse_date
from soupsieve.util import SelectorSyntaxError

from config.settings import ConnectorSettings, Source
from crm_core.connectors.api import Api
from crm_core.connectors.base import NOTHING, Malformed, Page, Post, Reading, Start, moment, post
from crm_core.connectors.fetching import Forbidden
from crm_core.connectors.plain_text import pictures_in, plain, soup

DATES: Any = {"TIMEZONE": "UTC", "RETURN_AS_TIMEZONE_AWARE": True, "PREFER_DATES_FROM": "past"}


class HtmlPage:
    """Reads a page (`of:` its address). `select` names `item` and, inside it, `text`, `time` and perhaps `author` and
    `link`; for the whole page `next`, the link to the one before it in time.
    """

    newest_first: ClassVar[bool] = False

    def __init__(self, settings: ConnectorSettings, api: Api) -> None:
        self._api = api

    def lists_all(self, source: Source) -> frozenset[str]:
        """What is gone may only have moved to another page."""
        return NOTHING

    def pages(self, source: Source, start: Start) -> Iterator[Page]:
        """One page after the other, as its link leads on, as long as that stays on the site."""
        missing = [name for name in ("item", "text", "time") if name not in source.select]
        if missing:
            raise Malformed(f"`select` of {source.name} lacks {', '.join(missing)}: give a CSS selector for each.")
        url: str | None = start.cursor or source.of
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            page, url = self._page(url, source.select)
            yield page

    def _page(self, url: str, select: dict[str, str]) -> tuple[Page, str | None]:
        answer = self._api.get(url)
        document, reading = soup(answer.text), Reading()
        try:
            items = document.select(select["item"])
            onward = document.select_one(select["next"]) if "next" in select else None
        except SelectorSyntaxError as error:
            raise Malformed(f"`select`: {str(error).splitlines()[0]}") from None
        if not items:
            raise Malformed("Nothing on the page fits the selector `item`. Was the page made anew?")
        for item in items:
            reading.add(item, _read, select, answer.url)
        target = urljoin(answer.url, str(onward["href"])) if onward and onward.get("href") else None
        if target and urlsplit(target)[:2] != urlsplit(answer.url)[:2]:
            raise Forbidden("The page goes on at another site; add that one as a source of its own.")
        return reading.page(target), target


def _read(item: Tag, select: dict[str, str], url: str) -> Post:
    def part(name: str) -> Tag | None:
        return item.select_one(select[name]) if name in select else None

    shown, body, author, link = part("time"), part("text"), part("author"), part("link")
    if shown is None or body is None:
        raise Malformed("An item without a text or a time.")
    record, pictures = str(item), list(pictures_in(item, url))
    text, name = plain(body), plain(author) if author else ""
    address = urljoin(url, str(link["href"])) if link and link.get("href") else None
    return post(
        address or (item.get("id") and f"{urlsplit(url).hostname}#{item['id']}") or _fingerprint(url, name, text),
        _time(shown), text=text, author=name, url=address or url, record=record, pictures=pictures,
    )  # fmt: skip


def _fingerprint(url: str, author: str, text: str) -> str:
    """For items without an address of their own: the same words by the same author are the same."""
    return hashlib.sha256(
        "\n".join((urlsplit(url).hostname or "", author, text)).encode("utf-8", "replace")
    ).hexdigest()


def _time(shown: Tag) -> datetime:
    """From the attribute for machines, or as people write it."""
    for said in (shown.get("datetime"), shown.get("content"), shown.get("title")):
        if said:
            try:
                return moment(str(said))
            except ValueError:
                continue
    found = parse_date(plain(shown)[:100], settings=DATES)
    if found is None:
        raise Malformed("An item whose time cannot be read.")
    return found
