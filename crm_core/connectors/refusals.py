"""Why a network refuses, from what it answers: each says it in a shape, and with codes, of its own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["token", "rights", "repeated", "length", "limit", "gone", "unsure", "other"]

WORDS_SHOWN = 200
_GRAPH: dict[int, Kind] = {
    **dict.fromkeys((102, 190, 463, 467), "token"), **dict.fromkeys((3, 10, *range(200, 300)), "rights"),
    **dict.fromkeys((4, 17, 32, 341, 613, 80001, 80002, 80006), "limit"), 368: "limit", 506: "repeated", 100: "other",
}  # fmt: skip
"""Facebook and Instagram; too many calls come as 400 or 403."""
_WEIBO: dict[int, Kind] = {
    **dict.fromkeys((10006, 21301, *range(21314, 21318), 21319, 21327, 21332), "token"),
    **dict.fromkeys((10004, 10005, 10014, 20206, 20207, 21335), "rights"),
    **dict.fromkeys((10022, 10023, 10024, 20016), "limit"), **dict.fromkeys((20012, 20013), "length"),
    **dict.fromkeys((20017, 20019, 20111), "repeated"), **dict.fromkeys((20101, 20201), "gone"), 20032: "unsure",
}  # fmt: skip
_STATUS: dict[int, Kind] = {401: "token", 403: "rights", 404: "gone", 410: "gone", 413: "length", 429: "limit"}
_SIGNS: tuple[tuple[str, Kind], ...] = (
    ("duplicate", "repeated"), ("already posted", "repeated"), ("too long", "length"), ("exceed", "length"),
    ("longer than", "length"),
)  # fmt: skip
"""Where there is no code for it; in lower case."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why, and the network's own words."""

    kind: Kind
    words: str


def read(status: int, body: bytes) -> Refusal:
    """What an answer that refuses means.

    >>> read(403, b'{"title": "Forbidden", "detail": "You may not post duplicate content."}')
    Refusal(kind='repeated', words='You may not post duplicate content.')
    """
    try:
        said = json.loads(body or b"null")
    except (ValueError, RecursionError):
        said = None
    words = next(_words(said), "") if isinstance(said, dict) else body.decode("utf-8", "replace").strip()
    kind = _coded(said) or next((kind for sign, kind in _SIGNS if sign in words.lower()), None)
    return Refusal(kind or _STATUS.get(status, "other"), words[:WORDS_SHOWN])


def _coded(said: Any) -> Kind | None:
    if not isinstance(said, dict):
        return None
    inner = said.get("error")
    if isinstance(inner, dict):
        return _GRAPH.get(_number(inner.get("code")))
    return _WEIBO.get(_number(said.get("error_code")))


def _words(said: dict[str, Any]) -> Iterator[str]:
    """Of Graph `error.message`, of X `detail`, or the first of its errors, of LinkedIn `message`; else `error`."""
    inner = said.get("error")
    first = next(iter(said.get("errors") or []), None) if isinstance(said.get("errors"), list) else None
    for place, name in ((inner, "message"), (first, "message"), (said, "detail"), (said, "message"), (said, "error")):
        if isinstance(place, dict) and isinstance(place.get(name), str) and place[name].strip():
            yield place[name].strip()


def _number(code: object) -> int:
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
