"""Finding people by name although names are encrypted: an index in memory, kept up to date from what changed."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import fuzz, process, utils
from sqlalchemy import func, select

from crm_core.database import Store
from crm_core.models import Company, Customer

CLOSE_ENOUGH = 82
HONORIFICS = ("先生", "女士", "小姐", "太太", "老师", "老板", "经理", "总")
_WORD = re.compile(r"[a-z0-9\u00c0-\u024f'’.-]+|[\u3400-\u9fff]+")
BY_COMPANY = 95.0
"""How well somebody fits of whom only the company was named."""
LONGEST_NAME = 6
"""Words of an English name, or characters of a Chinese one, that are looked for in a sentence."""
MOST_ALIKE = 50
"""A name that more customers share is no name to find somebody by."""


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
        self._folded: dict[int, tuple[str, str]] = {}
        self._by_key: defaultdict[str, set[int]] = defaultdict(set)
        self._seen: datetime | None = None
        self._count = -1
        self._lock = threading.Lock()

    def search(self, text: str, limit: int = 5) -> list[Named]:
        """The customers whose name or company fits the text best, the best first; tolerates typos and swapped order."""
        self._refresh()
        wanted = _folded(_without_honorific(text))
        if not wanted:
            return []
        if len(wanted) == 1 and not wanted.isascii():
            return self._of_surname(wanted, limit)
        with self._lock:
            found = self._containing(wanted) or self._similar(wanted, limit)
            named = [Named(key, *self._names[key], fit=fit) for key, fit in found.items()]
        return sorted(named, key=lambda one: (-one.fit, one.customer_id))[:limit]

    def _containing(self, wanted: str) -> dict[int, float]:
        """Whoever has exactly this name, or this in their name: a person's own counts more than their company's."""
        found: dict[int, float] = {}
        for place, share in enumerate((1.0, BY_COMPANY / 100)):
            for key, names in self._folded.items():
                fit = _contained(wanted, names[place]) * share if wanted in names[place] else 0.0
                if fit > found.get(key, 0.0):
                    found[key] = fit
        for key in self._by_key.get(wanted, ()):
            found.setdefault(key, 99.0)  # the name the other way round
        return found

    def _similar(self, wanted: str, limit: int) -> dict[int, float]:
        """Names with a typo; Chinese ones must share their characters, so there is nothing similar to them."""
        if not wanted.isascii():
            return {}
        found: dict[int, float] = {}
        for scorer, share in ((fuzz.token_sort_ratio, 1.0), (fuzz.token_set_ratio, 0.96)):
            for place, weight in ((0, share), (1, share * BY_COMPANY / 100)):
                choices = {key: names[place] for key, names in self._folded.items() if names[place]}
                cutoff = CLOSE_ENOUGH / weight
                for _, fit, key in process.extract(wanted, choices, scorer=scorer, limit=limit, score_cutoff=cutoff):
                    found[key] = max(found.get(key, 0.0), fit * weight)
        return found

    def mentioned(self, text: str, limit: int = 5) -> list[Named]:
        """The customers whose whole name or company stands in a sentence; of overlapping names the longest counts."""
        self._refresh()
        found: list[int] = []
        with self._lock:
            for run in _WORD.findall(text.lower()):
                if not run.isascii() and len(run) >= 2:
                    found += self._longest(list(run), "")
            found += self._longest(re.findall(r"[a-z0-9\u00c0-\u024f'’.-]+", text.lower()), " ")
            kept = [key for key in dict.fromkeys(found) if key in self._names]
            named = [Named(key, *self._names[key], fit=self._how_called(key, text.lower())) for key in kept]
        return sorted(named, key=lambda one: -one.fit)[:limit]

    def _how_called(self, customer_id: int, text: str) -> float:
        """By their own name, or only by the company they belong to."""
        own = _ways(self._names[customer_id][0], "")
        return 100.0 if any(way in text for way in own) else BY_COMPANY

    def forget(self, customer_id: int) -> None:
        """Drop an erased customer at once."""
        with self._lock:
            self._drop(customer_id)

    def _of_surname(self, surname: str, limit: int) -> list[Named]:
        with self._lock:
            fitting = [key for key, (name, _, _) in self._names.items() if name.startswith(surname)][:limit]
            return [Named(key, *self._names[key], fit=90.0) for key in fitting]

    def _longest(self, parts: list[str], glue: str) -> list[int]:
        """Whoever goes by a run of these words or characters, the longest runs first."""
        found: list[int] = []
        position = 0
        while position < len(parts):
            for size in range(min(LONGEST_NAME, len(parts) - position), 0, -1):
                known = self._by_key.get(glue.join(parts[position : position + size]).strip(".'’-"), set())
                if 0 < len(known) <= MOST_ALIKE and (size > 1 or glue):
                    found += sorted(known)
                    position += size
                    break
            else:
                position += 1
        return found

    def _learn(self, fresh: dict[int, tuple[str, str, str] | None]) -> None:
        """Take these names in; None: the record was merged into another, which goes by its own name."""
        for key, names in fresh.items():
            self._drop(key)
            if names is None:
                continue
            name, company, city = names
            self._names[key] = (name, company, city)
            self._folded[key] = (_folded(name), _folded(company))
            for way in _ways(name, company):
                self._by_key[way].add(key)

    def _drop(self, customer_id: int) -> None:
        name, company, _ = self._names.pop(customer_id, ("", "", ""))
        self._folded.pop(customer_id, None)
        for way in _ways(name, company):
            known = self._by_key.get(way, set())
            known.discard(customer_id)
            if not known:
                self._by_key.pop(way, None)

    def _refresh(self) -> None:
        with self._store.read() as session:
            newest, count = session.execute(select(func.max(Customer.updated_at), func.count(Customer.id))).one()
            if newest == self._seen and count == self._count:
                return
            query = select(Customer, Company.name).outerjoin(Company, Company.id == Customer.company_id)
            if self._seen is not None and count >= self._count:
                query = query.where(Customer.updated_at >= self._seen)
            else:
                with self._lock:
                    self._names.clear()
                    self._folded.clear()
                    self._by_key.clear()
            fresh = {
                customer.id: None
                if customer.merged_into_id
                else (customer.name or "", company or "", customer.city or "")
                for customer, company in session.execute(query)
            }
        with self._lock:
            self._learn(fresh)
            self._seen, self._count = newest, count


def _folded(name: str) -> str:
    """Lower case, without signs."""
    return " ".join(utils.default_process(name).split())


def _contained(wanted: str, name: str) -> float:
    """How well a part of a name stands for it: the whole or a word of it, or just some of its letters."""
    if wanted == name or wanted in name.split():
        return 100.0
    return 97.0 if len(wanted) >= 2 else 0.0


def _ways(name: str, company: str) -> Iterable[str]:
    """How somebody may be called in a sentence: the whole name, its Chinese and its Latin part, either order."""
    for whole in (name, company):
        latin = re.findall(r"[a-z0-9\u00c0-\u024f'’.-]+", whole.lower())
        chinese = re.findall(r"[\u3400-\u9fff]+", whole)
        ways = {" ".join(latin), "".join(chinese)}
        if len(latin) == 2 and whole is name:
            ways |= {f"{latin[1]} {latin[0]}"}
        yield from (way.strip(".'’-") for way in ways if len(way) >= 2)


def _without_honorific(text: str) -> str:
    text = text.strip()
    if len(text) == 2 and text[0] in "老小":
        text = text[1:]
    for honorific in HONORIFICS:
        text = text.removesuffix(honorific)
    words = [word for word in text.split() if word.lower().rstrip(".") not in ("mr", "mrs", "ms", "miss", "dr")]
    return " ".join(words)
