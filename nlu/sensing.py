"""Makes sense of public posts, many at a time: language, need, mood, the names in them, and whether they are spam."""

from collections.abc import Sequence
from dataclasses import dataclass

from nlu.classifier import Verdict
from nlu.interpreter import Interpreter
from nlu.language import detect
from nlu.post_models import PostModels
from nlu.post_text import PostText, take_apart
from nlu.sentiment import felt
from nlu.spam import SPAM, reasons
from nlu.training import MOODS
from nlu.understanding import Entity, Language

_NAMES = frozenset({"product", "brand", "competitor"})
_INSTEAD: dict[Language, str] = {"en": "it", "zh": "它"}


@dataclass(frozen=True)
class Sense:
    """What is made of one post.

    Args:
        sentiment: from -1 to 1; None where the author says nothing.
        spam: why it is spam; empty where it is none.
        plain: the words that are compared with those of other posts.
    """

    language: Language
    need: str
    sentiment: float | None
    products: tuple[str, ...]
    brand: bool
    competitors: tuple[str, ...]
    spam: tuple[str, ...]
    plain: str


class Sensing:
    """Reads posts with the names that an interpreter knows; nothing in it changes."""

    def __init__(self, interpreter: Interpreter, models: PostModels) -> None:
        self._interpreter = interpreter
        self._models = models

    def read(self, texts: Sequence[str]) -> list[Sense]:
        """Make sense of each text; never raises because of what one says."""
        posts = [take_apart(text) for text in texts]
        named = [self._interpreter.names(post.whole) for post in posts]
        words = [_without_names(post.own, names) for post, names in zip(posts, named, strict=True)]
        vectors = self._interpreter.vectors(words)
        needs, moods, spam = (
            model.classify_all(words, vectors) for model in (self._models.need, self._models.mood, self._models.spam)
        )
        return [_sense(*each) for each in zip(posts, named, needs, moods, spam, strict=True)]


def _sense(post: PostText, named: Sequence[Entity], needs: Verdict, moods: Verdict, spam: Verdict) -> Sense:
    mood = dict(moods.ranking)

    def values(entity: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(one.value) for one in named if one.name == entity))

    return Sense(
        language=detect(post.own or post.whole)[0],
        need=needs.ranking[0][0] if post.own else "other",
        sentiment=felt(post.own, *(mood[name] for name in MOODS)).sentiment if post.own else None,
        products=values("product"),
        brand=bool(values("brand")),
        competitors=values("competitor"),
        spam=reasons(post, dict(spam.ranking).get(SPAM, 0.0)),
        plain=post.plain,
    )


def _without_names(text: str, named: Sequence[Entity]) -> str:
    """The text with plain words for names: the models are of any shop's posts and know nobody's products."""
    instead = _INSTEAD[detect(text)[0]]
    for one in named:
        if one.name in _NAMES and one.text:
            text = text.replace(one.text, instead)
    return text
