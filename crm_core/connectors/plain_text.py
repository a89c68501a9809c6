"""HTML as the text that a reader sees."""

import warnings
from collections.abc import Iterator
from urllib.parse import urljoin

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag

HIDDEN = ("script", "style", "template", "noscript", "head")
LONGEST = 200_000


def soup(html: str) -> BeautifulSoup:
    """A document to search in; links, scripts and the like in it are never followed or run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)  # a text may well be an address
        return BeautifulSoup(html, "html.parser")


def plain(html: str | Tag) -> str:
    """The words of a piece of HTML: a line for each paragraph and line break."""
    if isinstance(html, str):
        if "<" not in html and "&" not in html:
            return html.strip()
        html = soup(html[:LONGEST])
    for hidden in html.find_all(HIDDEN):
        hidden.decompose()
    for line in html.find_all("br"):
        line.replace_with("\n")
    for block in html.find_all(["p", "div", "li", "tr", "blockquote"]):
        block.append("\n")
    lines = (" ".join(line.split()) for line in html.get_text().split("\n"))
    return "\n".join(line for line in lines if line)


def pictures_in(html: str | Tag, url: str) -> Iterator[tuple[str, str]]:
    """Address and description of the pictures in a piece of HTML that stands at `url`; those of one dot are none."""
    if isinstance(html, str):
        if "<img" not in html[:LONGEST].lower():
            return
        html = soup(html[:LONGEST])
    for image in html.find_all("img"):
        source = str(image.get("data-src") or image.get("src") or "").strip()
        if source and not source.startswith("data:") and "1" not in (image.get("width"), image.get("height")):
            try:
                yield urljoin(url, source), str(image.get("alt") or "")
            except ValueError:
                continue
