"""Generations of models on disk: which there are, which one is in use, and how to go back.

`models-…` are made from the training files alone and named by their hash; `learned-…` learnt from corrections, too, and
are named by the moment they were made. A small file says which one is in use; without it, it is the one of the files.
"""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlu.model_files import ABOUT, LEARNED, MANIFEST
from nlu.training import NotTrained

IN_USE = "in_use.json"
KEPT = 5
"""How many generations that learnt from corrections stay, besides the one in use."""


@dataclass(frozen=True)
class Generation:
    """What is known of one generation. Scores are shares of the held-out lines understood rightly (`nlu.learning`)."""

    name: str
    made_at: str
    base: str
    """The models of the training files that it builds upon: others do not fit the lines or the code any more."""
    lines: int | None = None
    corrections: Mapping[str, str] = field(default_factory=dict)
    """Ids of the corrections in it, with their labels; never a text."""
    score: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """Which generation is in use. `held`: somebody chose it, and a newer one does not take its place by itself."""

    name: str = ""
    held: bool = False
    tried: str = ""
    """What was last trained on, so that the same is not trained twice."""


def generations(cache: Path) -> list[Generation]:
    """All generations there are, the newest first."""
    folders = [path for kind in (f"{LEARNED}*", "models-*") for path in cache.glob(kind) if (path / MANIFEST).exists()]
    return sorted((about(folder) for folder in folders), key=lambda each: each.made_at, reverse=True)


def about(folder: Path) -> Generation:
    """What is known of a stored generation; of one made from files alone, not more than its date at first."""
    made = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC).isoformat(timespec="seconds")
    known = {"made_at": made, "base": folder.name, **_read(folder / ABOUT)}
    return Generation(name=folder.name, **{key: known[key] for key in Generation.__annotations__ if key in known})


def describe(folder: Path, **known: Any) -> None:
    """Write down more about a stored generation."""
    _write(folder / ABOUT, {**_read(folder / ABOUT), **known})


def chosen(cache: Path) -> Choice:
    """What the file says is in use, whether it is there or not."""
    known = _read(cache / IN_USE)
    return Choice(**{key: known[key] for key in Choice.__annotations__ if key in known})


def in_use(cache: Path, base: str) -> str:
    """Name of the generation to load for the training files whose own models are called `base`."""
    name = chosen(cache).name
    fits = name.startswith(LEARNED) and (cache / name / MANIFEST).exists() and about(cache / name).base == base
    return name if fits else base


def choose(cache: Path, name: str, *, held: bool = False, tried: str | None = None) -> None:
    """Let a generation be the one in use from the next load on."""
    before = chosen(cache)
    _write(cache / IN_USE, asdict(Choice(name, held, before.tried if tried is None else tried)))


def go_back(cache: Path, name: str, base: str) -> Generation:
    """Hold a generation of this name in use; "newest" lets the newest one be used again, and newer ones after it.

    Raises:
        NotTrained: there is none of this name, or it does not fit the present training files or code.
    """
    known = {each.name: each for each in generations(cache) if each.base == base}
    if name == "newest":
        newest = next((each for each in known.values() if each.name.startswith(LEARNED)), None)
        target = newest or known.get(base) or Generation(base, "", base)
    elif name in known:
        target = known[name]
    elif (cache / name / MANIFEST).exists() and Path(name).name == name:
        raise NotTrained(f"{name} was made from other training lines or by other code, and cannot be used any more.")
    else:
        raise NotTrained(f'There is no model called "{name}". `python -m nlu models` lists them.')
    choose(cache, target.name, held=name != "newest")
    return target


def remove_holding(cache: Path, allowed: Mapping[int, str]) -> int:
    """Delete every generation that holds a correction which is not (any more) among those approved with its label."""
    removed = 0
    for each in generations(cache):
        if any(allowed.get(int(key)) != label for key, label in each.corrections.items()):
            shutil.rmtree(cache / each.name, ignore_errors=True)
            removed += 1
    return removed


def forget_old(cache: Path, keep: Collection[str]) -> None:
    """Delete the oldest generations that learnt from corrections."""
    learned = [each.name for each in generations(cache) if each.name.startswith(LEARNED)]
    for name in learned[KEPT:]:
        if name not in keep:
            shutil.rmtree(cache / name, ignore_errors=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-draft")
    draft.write_text(json.dumps(content, indent=1), "utf-8")
    draft.replace(path)
