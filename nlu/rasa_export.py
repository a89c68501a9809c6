"""Writes what `rasa train nlu` needs, from the examples that the built-in engine learns from: a folder an audience.

Rasa knows one list of intents, and ours share names and words with different meanings; so each audience has a model,
and a server, of its own.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from nlu.cleaning import HAN, fold
from nlu.models import AUDIENCES, examples_of
from nlu.training import Example, NotTrained
from nlu.understanding import Audience

NAME_FILE = "model-name"
"""Holds the name to train under: the only thing of ours that a Rasa server tells of its model."""
_HAN_RUN = re.compile(f"([{HAN}]+)")
_COMMAND_OR_MARK = re.compile(r"^(?=/)|(?<=\])(?=[(\[{])")
_UNSEEN = "\u200b"
_HEADER = (
    "# Written by `python -m nlu rasa-export` from config/nlu; change it there. 由 config/nlu 生成，请在那里修改。\n"
)
"""Not plain ASCII on purpose: in a file that is, Rasa would take a backslash in somebody's line for an escape."""
_CONFIG: dict[str, Any] = {
    "recipe": "default.v1",
    "assistant_id": "rapport",  # without one, Rasa makes one up and changes the file
    "language": "en",  # the tokenizer refuses "zh"; Chinese is read through its characters
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer"},
        # what stands in one line only is three quarters of all n-grams, and most of the memory it takes to train
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4, "min_df": 2},
        {"name": "LogisticRegressionClassifier"},
    ],
}


class _Line(str):
    """A line of somebody's; always in quotes, because Rasa's YAML 1.2 takes `1e3` for a number and ours does not."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Line, lambda dumper, line: dumper.represent_scalar("tag:yaml.org,2002:str", line, style='"'))


def export(config_dir: Path) -> dict[Audience, dict[str, str]]:
    """Return the files of each audience, name -> content.

    Raises NotTrained, with file and line, for training lines that cannot be used.
    """
    examples = examples_of(config_dir)
    return {audience: _files(audience, examples[audience]) for audience in AUDIENCES}


def model_names(config_dir: Path) -> dict[Audience, str]:
    """Return the names of models that were trained from the present lines."""
    return {audience: files[NAME_FILE].strip() for audience, files in export(config_dir).items()}


def write(config_dir: Path, folder: Path) -> dict[Audience, Path]:
    """Write the files below `folder` and return each audience's own."""
    try:
        for audience, files in export(config_dir).items():
            for name, content in files.items():
                path = folder / audience / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise NotTrained(f"{folder} cannot be written ({error.strerror}); name another folder with --to.") from None
    return {audience: folder / audience for audience in AUDIENCES}


def as_rasa_sees(text: str) -> str:
    """Return what Rasa is taught and asked: half width, lower case, Simplified, and nothing that it would take wrongly.

    A slash in front would be a command, and `[x](y)` an entity, without an escape: what parts them is invisible, and
    dropped when the line is read here. A word of Han characters alone would be an emoji, and dropped: `_` makes it a
    word.
    """
    return _HAN_RUN.sub(r"\1_", _COMMAND_OR_MARK.sub(_UNSEEN, fold(text)))


def _files(audience: Audience, examples: Sequence[Example]) -> dict[str, str]:
    by_intent: dict[str, list[dict[str, _Line]]] = {}
    for example in examples:
        by_intent.setdefault(example.intent, []).append({"text": _Line(as_rasa_sees(example.text))})
    groups = [{"intent": intent, "examples": lines} for intent, lines in by_intent.items()]
    files = {
        "config.yml": _yaml(_CONFIG),
        "domain.yml": _yaml({"version": "3.1", "intents": list(by_intent)}),
        "data/nlu.yml": _yaml({"version": "3.1", "nlu": groups}),
    }
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()
    return {**files, NAME_FILE: f"rapport-{audience}-{digest[:16]}\n"}


def _yaml(content: dict[str, Any]) -> str:
    return _HEADER + yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
