"""Reading bodies: strict UTF-8, strict JSON of bounded depth, forms of bounded size. Everything wrong is a 4xx."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from starlette.formparsers import MultiPartException
from starlette.requests import Request

from bot.web.errors import Problem

MAX_DEPTH = 50
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in `raw`; raises Problem 400 for bad UTF-8, bad JSON, or more than 50 levels."""
    try:
        parsed = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 (byte {error.start}).", "Send the JSON as UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise Problem(400, f"The body is not JSON: {error}.", "Send one JSON object.") from error
    if not isinstance(parsed, dict):
        raise Problem(400, "The body is not a JSON object.", "Send one JSON object.")
    for _ in texts(parsed):
        pass  # walking it is the check of its depth
    return parsed


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries; raises Problem 415 for another content type."""
    if media_type(request) != "application/json":
        raise Problem(415, "The content type is not application/json.", "Send Content-Type: application/json.")
    return parse_object(await request.body())


def media_type(request: Request) -> str:
    """Return the content type without its parameters."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def form_problem(error: MultiPartException) -> Problem:
    """Return what to answer for a broken form."""
    return Problem(400, f"The form cannot be read: {error.message}", "Send multipart/form-data as a browser does.")


def texts(parsed: dict[str, Any]) -> Iterator[str]:
    """Yield every text in a parsed body, names of members included; raises Problem 400 for more than 50 levels."""
    level: list[Any] = [parsed]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict):
                inner.extend(each)
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            return
        level = inner
    raise _too_deep()


def is_storable(text: str) -> bool:
    """Say whether a database keeps the text: no NUL, no half of a character pair.

    >>> is_storable("ok"), is_storable("a\\x00"), is_storable("\\ud800")
    (True, False, False)
    """
    return _UNSTORABLE.search(text) is None


def _too_deep() -> Problem:
    return Problem(400, f"The JSON is nested more than {MAX_DEPTH} levels deep.", "Send flatter JSON.")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
