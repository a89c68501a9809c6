"""From a Reply to what Telegram takes: HTML escaped in one place, lengths in UTF-16 units, keyboards, tables."""

import html
import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import regex  # type: ignore[import-untyped]
import yaml

from bot.channels.telegram_updates import clean
from bot.messages import Card, Choice, Outgoing, OutgoingFile, Table

log = logging.getLogger(__name__)

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
WIDEST_TABLE = 36
"""Monospaced columns that a phone shows without wrapping."""
LONGEST_VALUE = 64
MOST_BUTTONS = 100

FIXED = Path(__file__).parents[2] / "config" / "telegram.yml"

# Where a long text is best cut, best first; a cut below half of what fits is not worth it.
BORDERS = tuple(
    re.compile(pattern)
    for pattern in (r"\n\n+", r"\n", r"[.!?…][\"'”’)\]]{0,3}\s+|[。！？；…][”’」』）]{0,3}", r"\s+", r"[，、：]")
)

Fragment = tuple[str, str]
"""A text and its HTML tag; "" for none."""
Rows = tuple[tuple[Choice, ...], ...]


@dataclass(frozen=True)
class Part:
    """One call of the Bot API: a text, or a file with a caption. `html` is `text` with its tags, escaped."""

    text: str = ""
    html: str = ""
    buttons: Rows = ()
    request_contact: str = ""
    file: OutgoingFile | None = None


@cache
def fixed() -> dict[str, Any]:
    """`config/telegram.yml`: the commands behind the menu button and the channel's own words."""
    with FIXED.open(encoding="utf-8") as stream:  # the stream's name is in the error of a broken line
        loaded: dict[str, Any] = yaml.safe_load(stream)
    return loaded


def word(name: str, language: str) -> str:
    """One of the channel's own words, in Chinese for any kind of Chinese, else in English."""
    return str(fixed()["words"][name]["zh" if language.startswith("zh") else "en"])


def parts(outgoing: Outgoing) -> list[Part]:
    """The messages that say a reply, in order; empty when there is nothing to say."""
    reply, language = outgoing.reply, outgoing.language
    said = [part for section in _sections(outgoing) for part in _texts(*section)]
    if reply.request_contact and _is_private(outgoing.chat_id):
        said = _with_contact(said, reply.request_contact, language)
    for file in reply.files:
        caption = clean(file.caption)
        if utf16_length(caption) > LONGEST_CAPTION:
            said += _texts([(caption, "")], ())
            caption = ""
        said.append(Part(text=caption, html=html.escape(caption, quote=False), file=file))
    return said


def _is_private(chat_id: str) -> bool:
    return not chat_id.startswith(("-", "@"))


def _with_contact(said: list[Part], label: str, language: str) -> list[Part]:
    # A message has either buttons under itself or the button that shares the phone number.
    for index, part in enumerate(said):
        if not part.buttons:
            return [*said[:index], replace(part, request_contact=label), *said[index + 1 :]]
    words = word("share_contact", language)
    return [*said, Part(text=words, html=html.escape(words, quote=False), request_contact=label)]


def _sections(outgoing: Outgoing) -> Iterator[tuple[list[Fragment], Rows]]:
    """Texts with the buttons that belong under them: a card with choices is a message of its own."""
    reply, language = outgoing.reply, outgoing.language
    blocks: list[list[Fragment]] = [[(reply.text, "")]] if visible(reply.text) else []
    sections: list[tuple[list[Fragment], Rows]] = []
    for card in reply.cards:
        links, buttons = _buttons(card.choices, language)
        block = _card(card, language) + links
        if buttons:
            if blocks:
                sections.append((_joined(blocks), ()))
            sections.append((block, buttons))
            blocks = []
        else:
            blocks.append(block)
    if reply.table:
        blocks.append(_table(reply.table, language))
    links, buttons = _buttons(reply.choices, language)
    if links:
        blocks.append(links)
    if buttons and not blocks:
        if sections:  # the general choices join those of the last card
            block, own = sections.pop()
            sections.append((block, own + buttons))
            return iter(sections)
        blocks.append([(word("choose", language), "")])
    if blocks:
        sections.append((_joined(blocks), buttons))
    return iter(sections)


def _joined(blocks: list[list[Fragment]]) -> list[Fragment]:
    joined: list[Fragment] = []
    for block in blocks:
        joined += ([("\n\n", "")] if joined else []) + block
    return joined


def _card(card: Card, language: str) -> list[Fragment]:
    lines: list[Fragment] = [(card.title, "b")]
    if card.subtitle:
        lines += [("\n", ""), (card.subtitle, "i")]
    for label, value in card.facts:
        lines.append((f"\n{label}{word('colon', language)}{value}", ""))
    return lines


def _table(table: Table, language: str) -> list[Fragment]:
    rows = [tuple(" ".join(cell.split()) for cell in row) for row in (table.columns, *table.rows)]
    widths = [
        max(display_width(row[place]) if place < len(row) else 0 for row in rows) for place in range(len(rows[0]))
    ]
    if sum(widths) + 2 * (len(widths) - 1) <= WIDEST_TABLE:
        told: list[Fragment] = [("\n".join(_aligned(rows, widths)), "pre")]
    else:
        told = _bullets(rows, language)
    return [*told, ("\n" + table.note, "i")] if table.note else told


def _aligned(rows: list[tuple[str, ...]], widths: list[int]) -> Iterator[str]:
    figures = [all(map(_is_figure, column[1:])) for column in zip_longest(*rows, fillvalue="")]
    for number, row in enumerate(rows):
        cells = []
        for cell, width, right in zip(row, widths, figures, strict=False):
            blank = " " * (width - display_width(cell))
            cells.append(blank + cell if right else cell + blank)
        yield "  ".join(cells).rstrip()
        if number == 0:
            yield "─" * (sum(widths) + 2 * (len(widths) - 1))


def _is_figure(cell: str) -> bool:
    return not cell or re.fullmatch(r"[-+−]?\D{0,3}[\d.,\s]+\D{0,4}", cell) is not None


def _bullets(rows: list[tuple[str, ...]], language: str) -> list[Fragment]:
    told: list[Fragment] = []
    for row in rows[1:]:
        told += [("\n• " if told else "• ", ""), (row[0] if row else "", "b")]
        named = zip(rows[0][1:], row[1:], strict=False)
        rest = [f"{name}{word('colon', language)}{cell}" for name, cell in named if cell]
        if rest:
            told.append((" — " + " · ".join(rest), ""))
    return told or [(" · ".join(rows[0]), "b")]


def _buttons(choices: tuple[Choice, ...], language: str) -> tuple[list[Fragment], Rows]:
    """What can be a button, in rows; links that Telegram would refuse become text."""
    links: list[Fragment] = []
    usable: list[Choice] = []
    for choice in choices[:MOST_BUTTONS]:
        if choice.link and not _is_linkable(choice.link):
            links.append((f"\n{choice.label}{word('colon', language)}{choice.link}", ""))
        elif choice.link or 0 < len(choice.value.encode("utf-8", "replace")) <= LONGEST_VALUE:
            usable.append(choice)
        else:
            log.error("left out a button whose value is not 1 to %d bytes: %r", LONGEST_VALUE, choice.value[:80])
    return links, tuple(_in_rows(usable))


def _is_linkable(link: str) -> bool:
    try:
        split = urlsplit(link)
    except ValueError:
        return False
    fits = split.scheme in {"http", "https"} and "." in (split.hostname or "")
    return (fits or split.scheme == "tg") and not re.search(r"\s", link)


def _in_rows(choices: list[Choice]) -> Iterator[tuple[Choice, ...]]:
    row: tuple[Choice, ...] = ()
    for choice in choices:
        short = display_width(choice.label) <= 14
        if row and (not short or len(row) == 2):
            yield row
            row = ()
        row = (*row, choice)
        if not short:
            yield row
            row = ()
    if row:
        yield row


def _texts(fragments: list[Fragment], buttons: Rows) -> list[Part]:
    cleaned = [(clean(text), tag) for text, tag in fragments]
    whole = "".join(text for text, _ in cleaned)
    pieces = [(start, end) for start, end in cuts(whole, LONGEST_TEXT) if visible(whole[start:end])]
    said = [Part(text=whole[start:end], html=_html(cleaned, start, end)) for start, end in pieces]
    return [*said[:-1], replace(said[-1], buttons=buttons)] if said else []


def _html(fragments: list[Fragment], start: int, end: int) -> str:
    written, place = "", 0
    for text, tag in fragments:
        inside = text[max(0, start - place) : max(0, end - place)]
        place += len(text)
        if inside:
            escaped = html.escape(inside, quote=False)
            written += f"<{tag}>{escaped}</{tag}>" if tag else escaped
    return written


def visible(text: str) -> bool:
    """Whether Telegram takes it as a text: it refuses messages of blanks and invisible characters."""
    return any(unicodedata.category(letter) not in {"Cc", "Cf", "Zs", "Zl", "Zp"} for letter in text)


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: an emoji is two."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def display_width(text: str) -> int:
    """Columns in a monospaced font: two for Chinese characters, none for combining marks."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def cuts(text: str, limit: int) -> Iterator[tuple[int, int]]:
    """Where to cut so that each piece has at most `limit` UTF-16 units: between sentences, never inside a grapheme."""
    start = 0
    while start < len(text):
        end = _reach(text, start, limit)
        if end < len(text):
            end = _border(text, start, end)
        yield start, end
        start = end


def _reach(text: str, start: int, limit: int) -> int:
    units, end = 0, start
    while end < len(text) and units < limit:
        units += 2 if text[end] > "\uffff" else 1
        end += units <= limit
    return end


def _border(text: str, start: int, end: int) -> int:
    # One character beyond shows whether the one before it ends there.
    whole = {start + found.end() for found in regex.finditer(r"\X", text[start : end + 1])}
    least = start + (end - start) // 2
    for border in BORDERS:
        ends = [start + found.end() for found in border.finditer(text[start:end])]
        usable = [place for place in ends if place >= least and place in whole]
        if usable:
            return usable[-1]
    return max((place for place in whole if place <= end), default=end)
