"""Finds the values in a text: numbers, names, dates, amounts and the words of closed lists, each normalised."""

from datetime import UTC, datetime

from nlu.entities import amounts, closed_lists, companies, dates, identifiers, new_names
from nlu.entities.catalogue import Catalogue, Gazetteer
from nlu.entities.names_file import read_names
from nlu.entities.phrases import tokens
from nlu.entities.spans import Passage, in_zone
from nlu.understanding import Audience, Entity

__all__ = ["Catalogue", "Gazetteer", "extract", "extract_names", "read_names"]

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def extract(
    text: str,
    catalogue: Catalogue,
    *,
    audience: Audience,
    intent: str,
    now: datetime,
    zone: str = "UTC",
    region: str = "CN",
) -> tuple[Entity, ...]:
    """Return the entities of a cleaned text in the order in which they stand.

    Finders run from the surest to the vaguest; each sees only what the ones before it have left.
    """
    passage = Passage(text, now=in_zone(now, zone), region=region, audience=audience, intent=intent)
    words = tokens(passage.folded)
    identifiers.find_sure(passage, catalogue.colleagues)
    closed_lists.find_zones(passage, words)
    companies.find(passage, catalogue.companies)
    catalogue.find(passage, words)
    identifiers.find_likely(passage)
    closed_lists.find_claiming(passage, words)
    dates.find(passage)
    amounts.find(passage)
    closed_lists.find_leaning(passage, words)
    catalogue.find_misspelt(passage, words)
    catalogue.find_shortened(passage, words)
    catalogue.find_unknown_people(passage, words)
    closed_lists.find_sharing(passage, words)
    new_names.find(passage)
    return tuple(sorted(passage.entities, key=lambda entity: (entity.start, -entity.end)))


def extract_names(text: str, catalogue: Catalogue) -> tuple[Entity, ...]:
    """Return the names of things (products, brands, competitors …) in a cleaned text that nobody wrote to us."""
    passage = Passage(text, now=_ANY_TIME)
    words = tokens(passage.folded)
    catalogue.find(passage, words)
    catalogue.find_misspelt(passage, words)
    return tuple(sorted(passage.entities, key=lambda entity: (entity.start, -entity.end)))
