"""What Telegram refuses, said as strictly as it says it: HTML, lengths, keyboards. Used by the loopback Bot API."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

TAGS = frozenset("b strong i em u ins s strike del span tg-spoiler a code pre blockquote tg-emoji".split())  # noqa: SIM905
KINDS = {"strong": "b", "em": "i", "ins": "u", "strike": "s", "del": "s"}
ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024


class Refusal(Exception):
    """An answer with `ok` false."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad(description: str) -> Refusal:
    return Refusal(400, f"Bad Request: {description}")


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The visible text and its entities; a Refusal for anything Telegram's parser stumbles over."""
    seen, entities = "", []
    opened: list[tuple[str, int]] = []
    place = 0
    while place < len(text):
        letter = text[place]
        if letter == "&":
            decoded, place = _entity(text, place)
            seen += decoded
        elif letter != "<":
            seen, place = seen + letter, place + 1
        elif text.startswith("</", place):
            start, name, place = _closed(text, place, opened)
            length = utf16_length(seen) - start
            if length:
                entities.append({"type": KINDS.get(name, name), "offset": start, "length": length})
        else:
            name, place = _opened(text, place)
            opened.append((name, utf16_length(seen)))
    if opened:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return seen, entities


def _unparsable(why: str) -> Refusal:
    return bad(f"can't parse entities: {why}")


def _offset(text: str, place: int) -> int:
    return len(text[:place].encode("utf-8", "surrogatepass"))


def _entity(text: str, place: int) -> tuple[str, int]:
    found = re.compile(r"&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));?").match(text, place)
    if found and found[3] in ENTITIES:
        return ENTITIES[found[3]], found.end()
    if found and not found[3]:
        code = int(found[1], 16) if found[1] else int(found[2])
        if 0 < code < 0x110000:
            return chr(code), found.end()
    return "&", place + 1


def _opened(text: str, place: int) -> tuple[str, int]:
    name = re.compile(r"<([^\s>]*)").match(text, place)
    assert name
    if name[1].lower() not in TAGS:
        raise _unparsable(f'Unsupported start tag "{name[1]}" at byte offset {_offset(text, place)}')
    rest = re.compile(r"""(?:\s+[^\s=>"']+(?:=(?:"[^"]*"|'[^']*'|[^\s>"']+))?)*\s*>""").match(text, name.end())
    if not rest:
        raise _unparsable(f"Unclosed start tag at byte offset {_offset(text, place)}")
    return name[1].lower(), rest.end()


def _closed(text: str, place: int, opened: list[tuple[str, int]]) -> tuple[int, str, int]:
    found = re.compile(r"</([^\s>]*)\s*>").match(text, place)
    if not found or not opened:
        raise _unparsable(f"Unexpected end tag at byte offset {_offset(text, place)}")
    name, start = opened.pop()
    if found[1] and found[1].lower() != name:
        raise _unparsable(
            f'Unmatched end tag at byte offset {_offset(text, place)}, expected "</{name}>", found "</{found[1]}>"'
        )
    return start, name, found.end()


def said(text: str, mode: str, limit: int, too_long: str, *, required: bool) -> tuple[str, list[dict[str, Any]]]:
    """A message's text or a file's caption after parsing."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
    seen, entities = parse_html(text) if mode.lower() == "html" else (text, [])
    if required and not seen.replace("\0", "").strip(" \t\r\n\u200b\u200c\u200d\u2060\ufeff"):
        raise bad("message text is empty" if not text else "text must be non-empty")
    if utf16_length(seen) > limit:
        raise bad(too_long)
    return seen, entities


def check_markup(markup: Any, *, private: bool) -> dict[str, Any] | None:
    """The keyboard of a message, or a Refusal for a button Telegram would not take."""
    if markup in (None, "", {}):
        return None
    if isinstance(markup, str):
        try:
            markup = json.loads(markup)
        except ValueError:
            raise bad("object expected as reply markup") from None
    buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
    if len(buttons) > 100:
        raise bad("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        _check_button(button)
    asks = any(button.get("request_contact") for row in markup.get("keyboard", []) for button in row)
    if asks and not private:
        raise bad("phone number can be requested in private chats only")
    return dict(markup)


def _check_button(button: dict[str, Any]) -> None:
    if not str(button.get("text", "")).strip():
        raise bad("inline keyboard button text must be non-empty")
    if "url" in button:
        split = urlsplit(button["url"])
        if split.scheme != "tg" and (split.scheme not in {"http", "https"} or "." not in (split.hostname or "")):
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    elif "callback_data" in button:
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
    else:
        raise bad("text buttons are unallowed in the inline keyboard")
    if button.get("style") not in {None, "primary", "success", "danger"}:
        raise bad("invalid button style specified")
