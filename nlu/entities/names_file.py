"""Reads a gazetteer from a JSON file: {"products": [["T2 case", "T2"], …], "people": …}."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from nlu.entities.catalogue import Gazetteer, Names


def read_names(path: Path) -> Gazetteer:
    """Read the names; raises ValueError with what is wrong and where."""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise ValueError(f"{path}: is not JSON in UTF-8") from None
    known = [field.name for field in fields(Gazetteer)]
    if not isinstance(given, dict):
        raise ValueError(f'{path}: must be an object such as {{"products": [["T2 case", "T2"]]}}')
    for name in given:
        if name not in known:
            raise ValueError(f'{path}: "{name}" is none of {", ".join(known)}')
    return Gazetteer(**{name: _pairs(path, name, pairs) for name, pairs in given.items()})


def _pairs(path: Path, field: str, given: Any) -> Names:
    if not isinstance(given, list):
        raise ValueError(f"{path}, {field}: must be a list of [name, value]")
    for place, pair in enumerate(given, start=1):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise ValueError(f"{path}, {field}, entry {place}: must be [name, value], both text")
    return tuple((name, value) for name, value in given)
