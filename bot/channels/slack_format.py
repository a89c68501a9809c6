"""Replies as Block Kit within Slack's limits, and Slack's text as plain text. The only place that escapes for Slack."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.messages import Card, Choice, Reply, Table

Block = dict[str, Any]

SECTION, FIELD, HEADER, LABEL, VALUE, LINK, FALLBACK = 3_000, 2_000, 150, 75, 2_000, 3_000, 3_000
FIELDS, BUTTONS, BLOCKS = 10, 5, 50
MANY, OPTIONS, OPTION_VALUE = 10, 100, 75
"""More choices than so many are a row of buttons and a menu."""
MESSAGE = 12_000
"""Slack refuses messages whose blocks are long in sum (msg_blocks_too_long) without naming the figure."""
CELL, ROWS = 40, 100

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_TOKEN = re.compile(r"<([^<>\n]{1,3000})>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^<>\n]{0,200})?>")
_NUMBER = re.compile(r"[-+]?[¥€$£]?\s?[\d,. ]{1,20}\s?(?:%|[A-Z]{3})?")
_ENDS = (re.compile(r"\n\n"), re.compile(r"\n"), re.compile(r"[.!?。！？…]+[\s」』”’)]*"), re.compile(r"[\s,，、;；]+"))


@dataclass(frozen=True)
class SlackMessage:
    """One message: what notifications and old clients show, and the blocks everybody else sees."""

    text: str
    blocks: list[Block]


def clean(text: str) -> str:
    """Drop control characters, lone surrogates and marks that turn the reading direction."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: str) -> str:
    """Make outside text harmless: no mention, link or date of Slack's survives.

    >>> escape("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def size(text: str) -> int:
    """Length of a text once escaped, in UTF-16 units: the strictest way in which Slack may count."""
    return (
        len(text.encode("utf-16-le", "surrogatepass")) // 2
        + 4 * text.count("&")
        + 3 * (text.count("<") + text.count(">"))
    )


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis, within `limit` once escaped."""
    text = clean(text)
    return text if size(text) <= limit else text[: _whole(text, _fitting(text, limit - 1))].rstrip() + "…"


def pieces(text: str, limit: int = SECTION) -> Iterator[str]:
    """Split a long text where people pause: paragraphs, lines, sentences, words; never inside a character."""
    text = clean(text).strip()
    while text:
        end = _fitting(text, limit)
        if end < len(text):
            end = _pause(text, end)
        piece, text = text[:end].rstrip(), text[end:].lstrip()
        if piece:
            yield piece


def _fitting(text: str, limit: int) -> int:
    total = 0
    for index, character in enumerate(text):
        total += size(character)
        if total > limit:
            return index
    return len(text)


def _pause(text: str, end: int) -> int:
    for pattern in _ENDS:
        found = [match.end() for match in pattern.finditer(text, end // 2, end)]
        if found:
            return found[-1]
    return _whole(text, end)


def _whole(text: str, end: int) -> int:
    """Step back so that joined characters (accents, emoji of several parts) stay together, at most 32 steps."""
    for back in range(end, max(0, end - 32), -1):
        if back >= len(text) or not (_joins(text[back]) or text[back - 1] == "\u200d"):
            return back
    return max(1, end)


def _joins(character: str) -> bool:
    return (
        character in "\u200d\ufe0f\u20e3"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or bool(unicodedata.combining(character))
    )


def plain(text: str, bot_user: str = "", names: Mapping[str, str] | None = None) -> str:
    """What a person typed, from the text of an event: mentions of the bot removed, others by name, links readable."""
    without_bot = _without(text, bot_user) if bot_user else text
    readable = _TOKEN.sub(lambda match: _readable(match[1], names or {}), without_bot)
    return clean(readable.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")).strip()


def _without(text: str, user: str) -> str:
    """Take the mentions of a user out; one at the beginning goes with its comma or colon."""
    mention = rf"<@{re.escape(user)}(?:\|[^<>\n]{{0,200}})?>"
    return re.sub(rf"[ \t]?{mention}[ \t]?", " ", re.sub(rf"^\s*{mention}[\s,:，：]*", "", text))


def mentioned(text: str) -> tuple[str, ...]:
    """Ids of the people whom the text of an event mentions, each once."""
    return tuple(dict.fromkeys(_MENTION.findall(text)))


def _readable(token: str, names: Mapping[str, str]) -> str:
    target, _, label = token.partition("|")
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label or target[1:])
    if target.startswith("#"):
        return "#" + (label or target[1:])
    if target.startswith("!"):
        return label or "@" + target[1:].partition("^")[0]
    address = re.sub(r"^(mailto:|tel:)", "", target)
    if not label or label == address or address.endswith("//" + label) or target != address:
        return label or address
    return f"{label} ({address})"


def render(reply: Reply) -> list[SlackMessage]:
    """The messages that show a reply's text, cards, table and choices; files and marks are sent apart."""
    blocks = [*_paragraphs(reply.text)]
    for number, card in enumerate(reply.cards):
        blocks += [*([{"type": "divider"}] if number else []), *_card(card)]
    if reply.table is not None:
        blocks += _table(reply.table)
    blocks += _buttons(reply.choices)
    _number_buttons(blocks)
    summary = escape(cut(_summary(reply), FALLBACK))
    return [SlackMessage(summary if not number else "…", part) for number, part in enumerate(_messages(blocks))]


def _summary(reply: Reply) -> str:
    titles = "\n".join(card.title for card in reply.cards)
    table = " · ".join(reply.table.columns) if reply.table else ""
    labels = " · ".join(choice.label for choice in reply.choices)
    return next((text for text in (reply.text, titles, table, labels) if clean(text).strip()), "…").strip()


def _paragraphs(text: str) -> Iterator[Block]:
    return (_section(escape(piece)) for piece in pieces(text))


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": _mrkdwn(mrkdwn)}


def _mrkdwn(escaped: str) -> dict[str, Any]:
    # verbatim: names of channels, @words and addresses in outside text stay what they are, plain characters.
    return {"type": "mrkdwn", "text": escaped, "verbatim": True}


def _plain_text(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(" ".join(text.split()), limit) or "…", "emoji": False}


def _card(card: Card) -> Iterator[Block]:
    if clean(card.title).strip():
        yield {"type": "header", "text": _plain_text(card.title, HEADER)}
    if clean(card.subtitle).strip():
        yield {"type": "context", "elements": [_mrkdwn(escape(cut(card.subtitle.strip(), FIELD)))]}
    for start in range(0, len(card.facts), FIELDS):
        yield {"type": "section", "fields": [_fact(*fact) for fact in card.facts[start : start + FIELDS]]}
    yield from _buttons(card.choices)


def _fact(name: str, value: str) -> dict[str, Any]:
    label = cut(" ".join(name.replace("*", "").split()), 200) or "…"
    return _mrkdwn(f"*{escape(label)}*\n{escape(cut(' '.join(value.split()), FIELD - size(label) - 3)) or '–'}")


def _buttons(choices: tuple[Choice, ...]) -> Iterator[Block]:
    buttons = [button for choice in choices if (button := _button(choice))]
    if len(buttons) > MANY:
        yield {"type": "actions", "elements": buttons[:BUTTONS]}
        yield from _menus([button for button in buttons[BUTTONS:] if "value" in button])
        return
    for start in range(0, len(buttons), BUTTONS):
        yield {"type": "actions", "elements": buttons[start : start + BUTTONS]}


def _menus(buttons: list[Block]) -> Iterator[Block]:
    options = [{"text": each["text"], "value": each["value"]} for each in buttons if len(each["value"]) <= OPTION_VALUE]
    for start in range(0, len(options), OPTIONS):
        menu = {"type": "static_select", "placeholder": _plain_text("…", LABEL), "options": options[start:][:OPTIONS]}
        yield {"type": "actions", "elements": [menu]}


def _button(choice: Choice) -> Block | None:
    button: Block = {"type": "button", "text": _plain_text(choice.label, LABEL)}
    if choice.link.startswith(("https://", "http://")) and len(choice.link) <= LINK:
        button["url"] = choice.link
    elif not choice.value:
        return None
    if choice.value:
        button["value"] = choice.value[:VALUE]
    if choice.style != "plain":
        button["style"] = choice.style
    return button


def _number_buttons(blocks: list[Block]) -> None:
    buttons = (button for block in blocks if block["type"] == "actions" for button in block["elements"])
    for number, button in enumerate(buttons):
        button["action_id"] = f"rapport:{number}"


def _messages(blocks: list[Block]) -> Iterator[list[Block]]:
    part: list[Block] = []
    total = 0
    for block in blocks:
        length = sum(len(text) for text in texts_of(block))
        if part and (len(part) == BLOCKS or total + length > MESSAGE):
            yield part
            part, total = [], 0
        part.append(block)
        total += length
    if part:
        yield part


def texts_of(part: object) -> Iterator[str]:
    """Every text, label and value inside a block."""
    if isinstance(part, dict):
        for name, inner in part.items():
            if name in ("text", "value", "url") and isinstance(inner, str):
                yield inner
            else:
                yield from texts_of(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from texts_of(inner)


def _table(table: Table) -> Iterator[Block]:
    rows = [tuple(_cell(value) for value in row) for row in table.rows[:ROWS]]
    names = tuple(_cell(name) for name in table.columns)
    columns = max([len(names), *map(len, rows)], default=0)
    lines = _aligned([_padded(row, columns) for row in (names, *rows)]) if columns else []
    if len(table.rows) > ROWS:
        lines.append(f"… +{len(table.rows) - ROWS}")
    yield from (_section(f"```\n{escape(text)}\n```") for text in _pages(lines))
    if clean(table.note).strip():
        yield {"type": "context", "elements": [_mrkdwn(escape(cut(table.note.strip(), FIELD)))]}


def _cell(value: str) -> str:
    """One line of at most 40 columns that cannot end the code block it stands in."""
    text = " ".join(clean(value).replace("`", "ˋ").split())
    if width(text) <= CELL:
        return text
    kept, used = "", 0
    for character in text:
        used += width(character)
        if used > CELL - 1:
            break
        kept += character
    return kept[: _whole(text, len(kept))] + "…"


def _padded(row: tuple[str, ...], columns: int) -> tuple[str, ...]:
    return row + ("",) * (columns - len(row))


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    columns = list(zip(*rows, strict=True))
    widths = [max(width(value) for value in column) for column in columns]
    right = [
        any(column[1:]) and all(not value or _NUMBER.fullmatch(value) for value in column[1:]) for column in columns
    ]
    lines = ["  ".join(_aside(*cell) for cell in zip(row, widths, right, strict=True)).rstrip() for row in rows]
    return [lines[0], "  ".join("─" * each for each in widths), *lines[1:]]


def _aside(value: str, columns: int, right: bool) -> str:
    blank = " " * (columns - width(value))
    return blank + value if right else value + blank


def width(text: str) -> int:
    """Columns a text takes in a fixed-width font: two for Chinese characters and emoji, none for joined marks.

    >>> width("王芳"), width("Mei")
    (4, 3)
    """
    return sum(
        0 if _joins(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text
    )


def _pages(lines: Iterable[str]) -> Iterator[str]:
    page: list[str] = []
    total = 0
    for line in (cut(line, SECTION - 10) for line in lines):
        if page and total + size(line) + 1 > SECTION - 8:
            yield "\n".join(page)
            page, total = [], 0
        page.append(line)
        total += size(line) + 1
    if page:
        yield "\n".join(page)
