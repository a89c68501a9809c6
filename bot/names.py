"""What the interpreter knows - names from the records, models that learnt from use - exchanged while it serves."""

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import yaml
from sqlalchemy import func, select

from config.settings import FOLDER, Settings
from crm_core.analytics.segments.words import segment_words
from crm_core.database import Store
from crm_core.models import Customer, CustomerTag, Product, Segment
from nlu.entities.catalogue import Gazetteer, Names
from nlu.interpreter import Interpreter
from nlu.models import Models

FRESH = timedelta(seconds=60)


class KnownNames:
    """Gives the interpreter with the present names. They are read again at most once a minute, when records changed."""

    def __init__(
        self, store: Store, interpreter: Interpreter, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._settings = settings
        self._interpreter = interpreter
        self._clock = clock
        self._checked: datetime | None = None
        self._version: tuple[object, ...] | None = None
        self._lock = threading.RLock()

    def interpreter(self) -> Interpreter:
        """The interpreter, knowing the names that the records held a minute ago or later."""
        now = self._clock()
        if self._checked is None or now - self._checked > FRESH:
            with self._lock:
                if self._checked is None or now - self._checked > FRESH:
                    self.refresh()
                    self._checked = now
        return self._interpreter

    @property
    def model(self) -> str:
        """The name of the models in use."""
        return self._interpreter.model

    def take(self, models: Models) -> None:
        """Understand with other models from the next message on; one that is being understood keeps the old ones."""
        with self._lock:
            self._interpreter = self._interpreter.with_models(models)

    def refresh(self) -> None:
        """Read the names now, if anything changed."""
        with self._store.read() as session:
            version = (
                *session.execute(select(func.count(Product.id), func.max(Product.updated_at))).one(),
                *session.execute(select(func.count(func.distinct(Customer.city)))).one(),
                *session.execute(select(func.count(func.distinct(CustomerTag.tag)))).one(),
                *(tuple(row) for row in session.execute(_SEGMENTS)),
            )
            if version == self._version:
                return
            products = session.execute(select(Product).where(Product.active)).scalars().all()
            cities = session.execute(select(Customer.city).where(Customer.city.is_not(None)).distinct()).scalars().all()
            tags = session.execute(select(CustomerTag.tag).distinct()).scalars().all()
            segments = session.execute(_SEGMENTS).all()
        spoken = yaml.safe_load((FOLDER / "names.yml").read_text("utf-8"))
        gazetteer = Gazetteer(
            products=tuple((name, product.sku) for product in products for name in _names_of(product)),
            categories=_said(spoken["categories"], {product.category for product in products}),
            colours=_said(spoken["colours"], set()),
            locations=_said(spoken["places"], {city for city in cities if city}),
            tags=tuple((tag, tag) for tag in tags),
            segments=tuple(_names_of_segments(segments)),
            agents=tuple((entry.name, entry.name) for entry in self._settings.staff if entry.name),
            brands=own_names(self._settings),
            competitors=names_of_competitors(self._settings),
        )
        with self._lock:
            self._interpreter = self._interpreter.with_gazetteer(gazetteer)
        self._version = version


def own_names(settings: Settings) -> Names:
    """Pairs of what the business is called and its own name."""
    business = settings.business
    said = (business.name_en, business.name_zh, *business.brands)
    return tuple((name, business.name_en) for name in dict.fromkeys(said))


def names_of_competitors(settings: Settings) -> Names:
    """Pairs of what competitors are called and their names in the settings."""
    return tuple((said, one.name) for one in settings.competitors for said in dict.fromkeys((one.name, *one.aliases)))


def _names_of(product: Product) -> tuple[str, ...]:
    return tuple(dict.fromkeys((product.name_en, product.name_zh, *product.aliases, product.sku)))


def _names_of_segments(rows: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Pairs of a name and the segment's own; those of the RFM grid have further names that the operator lists."""
    further = {cell.name.en: cell.also for cell in segment_words().rfm.values()}
    for row in rows:
        names = (row.name, row.name_en, row.name_zh, *(further.get(row.name, ()) if row.kind == "rfm" else ()))
        yield from ((name, row.name) for name in dict.fromkeys(names))


_SEGMENTS = (
    select(Segment.name, Segment.name_en, Segment.name_zh, Segment.kind)
    .where(Segment.retired_at.is_(None))
    .order_by(Segment.id)
)


def _said(spoken: dict[str, list[str]], present: set[str]) -> tuple[tuple[str, str], ...]:
    """(name, value) pairs of what the records hold, by every name the operator lists, and by the value itself."""
    pairs = {(name, value) for value, names in spoken.items() for name in names}
    return tuple(sorted(pairs | {(value.replace("_", " "), value) for value in present}))
