"""HTML as the text that a reader sees."""

import warnings

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
