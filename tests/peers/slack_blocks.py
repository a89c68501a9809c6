"""Block Kit's published limits, as strictly as they may be read: `problems` lists every breach in a message."""

from collections.abc import Iterator
from typing import Any

REQUIRED = {
    "section": {"text", "fields"},
    "header": {"text"},
    "context": {"elements"},
    "actions": {"elements"},
    "image": {"image_url", "slack_file"},
    "divider": set(),
}
"""Block type -> keys of which at least one must be there."""


def length(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problems(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """What Slack would object to; empty for a good message."""
    found = [f"text of {length(text)}"] * (length(text) > 40_000) + [f"{len(blocks)} blocks"] * (len(blocks) > 50)
    for place, block in enumerate(blocks):
        found += [f"/blocks/{place}: {problem}" for problem in _of_block(block)]
    actions = [
        element.get("action_id")
        for block in blocks
        for element in block.get("elements") or ()
        if "action_id" in element
    ]
    return found + ["action_id twice"] * (len(set(actions)) != len(actions))


def _of_block(block: dict[str, Any]) -> Iterator[str]:
    kind = block.get("type")
    if kind not in REQUIRED:
        yield f"unknown type {kind}"
        return
    if REQUIRED[kind] and not any(block.get(key) for key in REQUIRED[kind]):
        yield f"{kind} without {sorted(REQUIRED[kind])}"
    if kind == "header":
        yield from _of_text(block.get("text"), 150, plain=True)
    elif "text" in block:
        yield from _of_text(block["text"], 3_000)
    yield from _too_many(block.get("fields"), 10)
    for field in block.get("fields") or ():
        yield from _of_text(field, 2_000)
    yield from _too_many(block.get("elements"), 25 if kind == "actions" else 10)
    for element in block.get("elements") or ():
        yield from _of_button(element) if kind == "actions" else _of_text(element, 3_000)


def _too_many(parts: list[Any] | None, most: int) -> Iterator[str]:
    if parts is not None and not 1 <= len(parts) <= most:
        yield f"{len(parts)} parts, allowed are 1 to {most}"


def _of_text(part: Any, most: int, plain: bool = False) -> Iterator[str]:
    if not isinstance(part, dict) or part.get("type") not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        yield "not a text object of the right type"
        return
    text = part.get("text")
    if not isinstance(text, str) or not text.strip():
        yield "empty text"
    elif length(text) > most:
        yield f"must be less than {most + 1} characters, is {length(text)}"
    if part["type"] == "mrkdwn" and "emoji" in part:
        yield "emoji goes with plain_text only"
    if part["type"] == "plain_text" and "verbatim" in part:
        yield "verbatim goes with mrkdwn only"


def _of_menu(part: dict[str, Any]) -> Iterator[str]:
    yield from _of_text(part.get("placeholder"), 150, plain=True)
    yield from _too_many(part.get("options"), 100)
    if not 1 <= len(part.get("action_id", "")) <= 255:
        yield "action_id missing or too long"
    for option in part.get("options") or ():
        yield from _of_text(option.get("text"), 75, plain=True)
        if not 1 <= length(option.get("value", "")) <= 75:
            yield "value empty or too long"


def _of_button(part: dict[str, Any]) -> Iterator[str]:
    if part.get("type") == "static_select":
        yield from _of_menu(part)
        return
    if part.get("type") != "button":
        yield f"element {part.get('type')}"
    yield from _of_text(part.get("text"), 75, plain=True)
    if not 1 <= len(part.get("action_id", "")) <= 255:
        yield "action_id missing or too long"
    if "value" in part and not 1 <= length(part["value"]) <= 2_000:
        yield "value empty or too long"
    if length(part.get("url", "")) > 3_000:
        yield "url too long"
    if part.get("style", "primary") not in ("primary", "danger"):
        yield f"style {part['style']}"
