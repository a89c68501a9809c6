"""Finding people by name although names are encrypted: an index in memory, kept up to date from what changed."""

import threading
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process, utils
from sqlalchemy import func, select

from crm_core.database import Store
from crm_core.models import Company, Customer

CLOSE_ENOUGH = 82
HONORIFICS = ("先生", "女士", "小姐", "太太", "老师", "总")


@dataclass(frozen=True, slots=True)
class Named:
    """One record under one of its names, with how well it fits (0-100)."""

    customer_id: int
    name: str
    company: str
    city: str
    fit: float


class NameIndex:
    """Names of all customers, opened once and refreshed by what changed since. Safe to use from many threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[int, tuple[str, str, str]] = {}
        self._seen: datetime | None = None
        self._count = -1
        self._lock = threading.Lock()

    def search(self, text: str, limit: int = 5) -> list[Named]:
        """The customers whose name or company fits the text best, the best first; tolerates typos and swapped order."""
        self._refresh()
        wanted = utils.default_process(_without_honorific(text))
        if not wanted:
            return []
        with self._lock:
            choices = {key: f"{name} {company}".strip().lower() for key, (name, company, _) in self._names.items()}
        found = process.extract(wanted, choices, scorer=_fit, limit=limit, score_cutoff=CLOSE_ENOUGH)
        return [Named(key, *self._names[key], fit=score) for _, score, key in found if key in self._names]

    def forget(self, customer_id: int) -> None:
        """Drop an erased customer at once."""
        with self._lock:
            self._names.pop(customer_id, None)

    def _refresh(self) -> None:
        with self._store.read() as session:
            newest, count = session.execute(select(func.max(Customer.updated_at), func.count(Customer.id))).one()
            if newest == self._seen and count == self._count:
                return
            query = (
                select(Customer, Company.name)
                .outerjoin(Company, Company.id == Customer.company_id)
                .where(Customer.merged_into_id.is_(None))
            )
            if self._seen is not None and count >= self._count:
                query = query.where(Customer.updated_at >= self._seen)
            else:
                with self._lock:
                    self._names.clear()
            fresh = {
                customer.id: (customer.name or "", company or "", customer.city or "")
                for customer, company in session.execute(query)
            }
        with self._lock:
            self._names.update(fresh)
            self._seen, self._count = newest, count


def _fit(wanted: str, choice: str, **options: object) -> float:
    """Exact and contained names first, then similar ones; Chinese names must share their characters."""
    if wanted == choice or wanted in choice.split():
        return 100.0
    if len(wanted) >= 2 and wanted in choice:
        return 97.0
    if not wanted.isascii():
        return 0.0
    return max(fuzz.token_sort_ratio(wanted, choice), 0.96 * fuzz.token_set_ratio(wanted, choice))


def _without_honorific(text: str) -> str:
    text = text.strip()
    for honorific in HONORIFICS:
        text = text.removesuffix(honorific)
    words = [word for word in text.split() if word.lower().rstrip(".") not in ("mr", "mrs", "ms", "miss", "dr")]
    return " ".join(words)
