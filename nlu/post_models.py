"""What is learnt about public posts: their need, their mood, and how spam sounds.

Made from config/nlu/needs.yml, mood.yml, post_moods.yml and spam.yml when these change, else read from the cache. Apart
from the models of conversations and loaded only where posts are read, because nobody who answers messages needs them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from nlu import model_files
from nlu.classifier import Classifier
from nlu.encoder import Encoder
from nlu.models import Progress, in_child
from nlu.spam import FINE, SPAM
from nlu.training import MOODS, Example, NotTrained, read_examples, read_moods

NEEDS = ("buy", "ask", "complain", "praise", "compare", "leave", "other")
MOOD_OF = {"complain": "negative", "leave": "negative", "praise": "positive", "ask": "neutral", "other": "neutral"}
"""What a line of a need says about moods, too: customers' lines alone take everyday life for joy or grief."""
FINE_PER_SPAM = 5
"""Lines that are no spam, for each that is: with more, spam would seem rarer than its bar (`nlu.spam`) takes it."""
_FILES = ("needs", "mood", "post_moods", "spam")
_CODE = ("cleaning", "chinese", "features", "encoder", "classifier", "fitting", "training", "post_models")


@dataclass(frozen=True)
class PostModels:
    """Three classifiers; they read the part of a sentence vector that every encoder has."""

    need: Classifier
    mood: Classifier
    spam: Classifier


def load_or_train(config_dir: Path, cache_dir: Path, progress: Progress = lambda line: None) -> PostModels:
    """Return the models for the files in `config_dir`; where none are stored, they are trained in a child process.

    Raises NotTrained, naming file and line, when a training file cannot be used.
    """
    folder = cache_dir / _name(config_dir)
    try:
        return load(folder)
    except model_files.CorruptModel:
        _examples(config_dir)  # a broken file is reported from here, with its place
        in_child("train-posts", config_dir, cache_dir, progress, "light")
    try:
        return load(folder)
    except model_files.CorruptModel as error:
        raise NotTrained(f"The models could not be stored: {error}. Check space and rights of {cache_dir}.") from None


def load(folder: Path) -> PostModels:
    """Read stored models; raises CorruptModel where they are missing or damaged."""
    stored = model_files.load(folder)
    try:
        return PostModels(*(Classifier.of_arrays(stored[name]) for name in ("need", "mood", "spam")))
    except KeyError as error:
        raise model_files.CorruptModel(f"{folder} lacks {error}") from error


def train(config_dir: Path, cache_dir: Path, progress: Progress = lambda line: None) -> Path:
    """Fit all here and now, and return the folder they were stored in."""
    from nlu.fitting import fit

    sentences, stored = Encoder(), {}
    for name, examples in _examples(config_dir).items():
        progress(f"Learning from {len(examples)} posts: {name}")
        texts = [example.text for example in examples]
        stored[name] = fit(texts, [example.intent for example in examples], sentences.vectors(texts)).arrays()
    folder = cache_dir / _name(config_dir)
    model_files.save(folder, stored)
    progress("Done")
    return folder


def _examples(config_dir: Path) -> dict[str, list[Example]]:
    needs = read_examples(config_dir / "needs.yml", NEEDS)
    felt = [replace(line, intent=MOOD_OF[line.intent]) for line in needs if line.intent in MOOD_OF]
    spam = read_examples(config_dir / "spam.yml", (SPAM,))
    every = max(1, len(needs) // (FINE_PER_SPAM * len(spam)))
    fine = [replace(line, intent=FINE) for line in needs[::every]]
    moods = read_moods(config_dir) + read_examples(config_dir / "post_moods.yml", MOODS) + felt
    return {"need": needs, "mood": moods, "spam": fine + spam}


def _name(config_dir: Path) -> str:
    return f"posts-{model_files.fingerprint(config_dir, _FILES, _CODE)}"
