"""Understands a text: language, intent, entities and mood, with one sentence vector for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nlu import clauses, shortcuts
from nlu.cleaning import clean
from nlu.encoder import ENCODERS, Encoder, Vector
from nlu.engines import ENGINES, Classification, Engine, Health, Setup
from nlu.entities import Catalogue, Gazetteer, extract, extract_names
from nlu.intents import OUT_OF_SCOPE
from nlu.language import detect
from nlu.models import Models, load_or_train
from nlu.sentiment import Sentiment
from nlu.training import NotTrained
from nlu.understanding import Audience, Entity, Understanding

__all__ = ["STRANGER_BELOW", "UNSURE_BELOW", "Gazetteer", "Interpreter", "build_interpreter"]

OURS = frozenset({"product", "order_id", "case_id", "customer_id", "tracking_no"})
RECORDS = OURS | {"person_name", "company", "phone", "email", "reference"}
LIKELY_OURS = 0.6
"""From this probability on, the best intent of a text that names our own records is believed over a rejection."""
UNSURE_BELOW = 0.35
"""Confidence under which it is better to ask than to act."""
STRANGER_BELOW = 0.7
"""Confidence under which a rejection is near the border: people should look whether it was one of ours after all."""

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Listener:
    """Who is listened to, and from where the times and numbers are seen."""

    audience: Audience
    now: datetime
    zone: str
    region: str


class Interpreter:
    """Turns text into an Understanding. Nothing in it changes, so that several threads may call it.

    Args:
        model: the name of the models it was built from.
    """

    def __init__(
        self,
        engine: Engine,
        sentiment: Sentiment,
        gazetteer: Gazetteer = Gazetteer(),  # noqa: B008 - frozen and empty
        encoder: Encoder | None = None,
        model: str = "",
    ) -> None:
        self.model = model
        self._engine = engine
        self._sentiment = sentiment
        self._encoder = encoder or Encoder()
        self._catalogue = Catalogue(gazetteer)

    def with_gazetteer(self, gazetteer: Gazetteer) -> "Interpreter":
        """Return an interpreter with other names; models and remembered vectors are shared with this one."""
        return Interpreter(self._engine, self._sentiment, gazetteer, self._encoder, self.model)

    def with_models(self, models: Models) -> "Interpreter":
        """Return an interpreter that knows the same names and learnt something else; the encoder is shared."""
        fresh = Interpreter(self._engine.with_models(models), Sentiment(models.mood), Gazetteer(), self._encoder)
        fresh.model, fresh._catalogue = models.name, self._catalogue
        return fresh

    def vector(self, text: str) -> Vector:
        """Return the sentence vector of a text in any language: 512 floats of length one."""
        return self._encoder.shared(self._encoder.vector(clean(text)))

    def vectors(self, texts: list[str]) -> Vector:
        """Return one vector per row; for lists, where it costs a third per text."""
        return self._encoder.shared(self._encoder.vectors([clean(text) for text in texts]))

    def names(self, text: str) -> tuple[Entity, ...]:
        """Return the names of things in a text that was written to nobody in particular."""
        return extract_names(clean(text), self._catalogue)

    def records(self, text: str) -> tuple[Entity, ...]:
        """Return the orders and products that a text names which nobody said, such as one in a picture."""
        found = extract(clean(text), self._catalogue, audience="customer", intent="", now=_ANY_TIME)
        return tuple(one for one in found if one.name in ("order_id", "product"))

    def health(self) -> Health:
        """Say which engine decides, and how it is."""
        return self._engine.health()

    def understand(
        self, text: str, audience: Audience, *, now: datetime, zone: str = "UTC", region: str = "CN"
    ) -> Understanding:
        """Understand one text; never raises because of what it says.

        `now` must have a time zone; dates are seen from the speaker's `zone`, phone numbers from their `region`.
        `text` of the answer is cleaned (no invisible characters, at most 4,000), and entities point into it.
        """
        cleaned = clean(text)
        if not cleaned:
            return Understanding(text="", language=detect(text)[0], intent=OUT_OF_SCOPE, confidence=0.0)
        listener = _Listener(audience, now, zone, region)
        whole = self._meaning(cleaned, listener)
        return whole.model_copy(update={"wishes": self._wishes(whole, listener)})

    def _meaning(self, text: str, listener: "_Listener") -> Understanding:
        language, mixed = detect(text)
        vector = self._encoder.vector(text)
        mood = self._sentiment.feel(text, vector, at_work=listener.audience != "customer")
        found = shortcuts.recognise(text, listener.audience) or self._engine.classify(text, vector, listener.audience)
        entities = extract(
            text,
            self._catalogue,
            audience=listener.audience,
            intent=_likely(found),
            now=listener.now,
            zone=listener.zone,
            region=listener.region,
        )
        found = _in_scope_after_all(found, entities)
        return Understanding(
            text=text,
            language=language,
            intent=found.intent,
            confidence=min(1.0, max(0.0, found.confidence)),
            alternatives=found.alternatives,
            entities=entities,
            sentiment=mood.sentiment,
            strong=mood.strong,
            mixed=mixed,
            engine=found.engine,
        )

    def _wishes(self, whole: Understanding, listener: "_Listener") -> tuple[Understanding, ...]:
        """What the text says one after the other. A wish that names no record is about the one named before."""
        spans = clauses.pieces(whole.text, listener.audience)
        if len(spans) < 2:
            return ()
        texts = [whole.text[slice(*span)].strip() for span in spans]
        vectors = self._encoder.vectors(texts)
        said = [self._engine.classify(text, row, listener.audience) for text, row in zip(texts, vectors, strict=True)]
        found: list[Understanding] = []
        for start, end in clauses.wishes(list(zip(spans, said, strict=True))):
            wish = self._meaning(whole.text[start:end].strip(), listener)
            known = found[-1].entities if found else ()
            named = {entity.name for entity in wish.entities}
            about = tuple(one for one in known if one.name in RECORDS and not named & RECORDS)
            found.append(wish.model_copy(update={"entities": (*about, *wish.entities), "language": whole.language}))
        names = {wish.intent for wish in found}
        return tuple(found) if len(names) == len(found) and not names & clauses.BESIDE else ()


def _in_scope_after_all(found: Classification, entities: tuple[Entity, ...]) -> Classification:
    """A text that names one of our own records is about us, however odd its words are."""
    if found.intent != OUT_OF_SCOPE or not found.alternatives or not OURS & {entity.name for entity in entities}:
        return found
    intent, share = found.alternatives[0]
    return replace(found, intent=intent, confidence=share) if share >= LIKELY_OURS else found


def _likely(found: Classification) -> str:
    """The intent that helps reading numbers: the runner-up where nothing is meant for certain."""
    if found.intent == OUT_OF_SCOPE and found.alternatives:
        return found.alternatives[0][0]
    return found.intent


def build_interpreter(
    config_dir: Path,
    cache_dir: Path,
    engine: str = "builtin",
    rasa_urls: Mapping[Audience, str] | None = None,
    progress: Callable[[str], None] | None = None,
    encoder: str = "light",
    rasa_token: str = "",
) -> Interpreter:
    """Train from the files in `config_dir` (or load from `cache_dir` what was trained from the same files).

    Raises NotTrained with what to do when a training file cannot be used, or the engine or encoder is unknown.
    """
    if encoder not in ENCODERS:
        raise NotTrained(f'There is no encoder "{encoder}". Set RAPPORT_NLU__ENCODER to one of: {", ".join(ENCODERS)}.')
    if engine not in ENGINES:
        raise NotTrained(f'There is no engine "{engine}". Set RAPPORT_NLU__ENGINE to one of: {", ".join(ENGINES)}.')
    models = load_or_train(config_dir, cache_dir, progress, encoder)
    built, sentences = ENGINES[engine].build(Setup(models, rasa_urls or {}, rasa_token)), ENCODERS[encoder]()
    return Interpreter(built, Sentiment(models.mood), encoder=sentences, model=models.name)
