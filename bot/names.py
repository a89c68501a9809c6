"""The names an interpreter knows - products, categories, cities, tags - kept up to date from the records."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from crm_core.database import Store
from crm_core.models import Customer, CustomerTag, Product
from nlu.interpreter import Interpreter

FRESH = timedelta(seconds=60)


class Names:
    """Gives the interpreter with the present names. They are read again at most once a minute, when records changed."""

    def __init__(self, store: Store, interpreter: Interpreter, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._interpreter = interpreter
        self._clock = clock
        self._checked: datetime | None = None
        self._version: tuple[object, ...] | None = None
        self._lock = threading.Lock()

    def interpreter(self) -> Interpreter:
        """The interpreter, knowing the names that the records held a minute ago or later."""
        now = self._clock()
        if self._checked is None or now - self._checked > FRESH:
            with self._lock:
                if self._checked is None or now - self._checked > FRESH:
                    self.refresh()
                    self._checked = now
        return self._interpreter

    def refresh(self) -> None:
        """Read the names now, if anything changed."""
        with self._store.read() as session:
            version = tuple(
                session.execute(select(func.count(Product.id), func.max(Product.updated_at))).one()
            ) + tuple(session.execute(select(func.count(func.distinct(Customer.city)))).one())
            if version == self._version:
                return
            products = session.execute(select(Product).where(Product.active)).scalars().all()
            cities = session.execute(select(Customer.city).where(Customer.city.is_not(None)).distinct()).scalars().all()
            tags = session.execute(select(CustomerTag.tag).distinct()).scalars().all()
        self._interpreter = self._interpreter.with_gazetteer(_gazetteer(products, cities, tags))
        self._version = version
