"""Who may like what: recommenders that learn from purchases alone, all of one shape.

A `fit_…` function takes a `Ledger` and returns a `Model`: scores of every item for any customers, and the reason for
an item. EASE: Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. How models are mixed and measured
stands in `recommendations/mix.py`, how lists are made of scores in `recommendations/lists.py`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from crm_core.errors import CrmError

Array = NDArray[np.float64]
Rows = NDArray[np.intp]
Sparse = Any
"""A matrix of scipy.sparse, which has no types."""
Key = str | int
"""What a customer is called: a name, or the id of a record."""
Kind = Literal["bought_with", "alike", "rhythm", "popular", "new"]

MOST_ITEMS = 4000
"""Items that EASE learns about, the most bought: its memory grows with the square of them (128 MB here)."""
LEAST_LIKENESS = 0.02
"""Cosines below this are left out: they are many and say nothing."""
STRENGTH = 0.3
"""How much EASE holds its weights down, for each customer: near the best on the validation periods of two shops."""
AT_ONCE = 512
"""Rows multiplied at once."""
DOUBT = 5.0
"""How many buyers of an item it takes until it is judged by them more than by all items."""
AHEAD = 30
"""Days ahead that a list is for."""
PIECES = re.compile(r"[^\W_㐀-䶿一-鿿]+|[㐀-䶿一-鿿]+")


class BadPurchases(CrmError):
    """Nothing can be recommended from this; the text says what to change."""


class Bought(NamedTuple):
    """One item that a customer bought on a day, however many of it."""

    customer: str
    item: str
    day: date


@dataclass(frozen=True)
class Reason:
    """Why an item is recommended, for the caller to put into words.

    bought_with: who bought `item`, as this customer did, also buys it. alike: its text is like that of `item`, which
    this customer bought. rhythm: this customer buys it every so many `days`. popular: many buy it. new: nobody has
    yet.
    """

    kind: Kind
    item: str | None = None
    days: float | None = None


@dataclass(frozen=True)
class Reasons:
    """The reasons of many items at once, arrays of one shape.

    kind: as in `Reason`; "" where nothing speaks for an item. what: the position of the other item in the ledger, or
    the days of a rhythm.
    """

    kind: NDArray[np.str_]
    what: Array

    def at(self, place: tuple[int, ...], items: Sequence[str]) -> Reason | None:
        """One of them, with the names of items."""
        kind: Any = str(self.kind[place])
        if kind in ("bought_with", "alike"):
            return Reason(kind, item=items[int(self.what[place])])
        return Reason(kind, days=float(self.what[place]) if kind == "rhythm" else None) if kind else None


class Model(Protocol):
    """Scores of all items for customers, given as rows of a ledger (-1: unknown); reasons for one of each."""

    def scores(self, rows: Rows) -> Array:
        """Higher is better, shape (rows, items); only the order within a row means something."""
        ...

    def reasons(self, rows: Rows, items: Rows) -> Reasons:
        """Why these items, shape (rows, n), for these customers."""
        ...


@dataclass(frozen=True)
class Purchases:
    """Purchases as columns, so that there may be millions.

    customers, items: what they are called, rising. customer, item: positions in these, one for each purchase; day: as
    an ordinal.
    """

    customers: Sequence[Key]
    items: Sequence[str]
    customer: Rows
    item: Rows
    day: Rows

    @classmethod
    def of(cls, purchases: Iterable[Bought]) -> "Purchases":
        """The same of single ones."""
        each = list(purchases)
        customers, items = sorted({one.customer for one in each}), sorted({one.item for one in each})
        row, column = ({name: at for at, name in enumerate(names)} for names in (customers, items))
        entries = [(row[one.customer], column[one.item], one.day.toordinal()) for one in each]
        customer, item, day = np.array(entries, dtype=np.intp).reshape(-1, 3).T
        return cls(customers, items, customer, item, day)

    def only(self, some: NDArray[np.bool_]) -> "Purchases":
        """Some of them."""
        return Purchases(self.customers, self.items, self.customer[some], self.item[some], self.day[some])


@dataclass(frozen=True)
class Ledger:
    """All purchases up to a day.

    customers: in order of their names; what stands in the matrices after them is an empty row for the unknown.
    items: most bought first, then by name, so that equal scores leave the popular ones in front.
    texts: what describes each item, "" if nothing does.
    customer, item, day: one entry per customer, item and day, in this order; days as ordinals.
    counts: how many customers bought both of two items, each two once, where that was counted elsewhere.
    """

    customers: tuple[Key, ...]
    items: tuple[str, ...]
    texts: tuple[str, ...]
    customer: Rows
    item: Rows
    day: Rows
    until: date
    counts: Mapping[tuple[str, str], int] | None = None

    def rows(self, customers: Iterable[Key]) -> Rows:
        """The rows of customers; -1, the empty last row, for one who never bought anything."""
        return np.array([self._row_of.get(name, -1) for name in customers], dtype=np.intp)

    @cached_property
    def _row_of(self) -> dict[Key, int]:
        return {name: row for row, name in enumerate(self.customers)}

    @cached_property
    def bought(self) -> Sparse:
        """Who bought what: 1 or nothing, shape (customers + 1, items)."""
        pairs, _, _ = _pairs(self)
        return self.matrix(pairs, np.ones(len(pairs)))

    @cached_property
    def buyers(self) -> NDArray[np.int64]:
        """How many customers bought each item."""
        pairs, _, _ = _pairs(self)
        return np.bincount(pairs % len(self.items), minlength=len(self.items))

    @cached_property
    def together(self) -> Sparse | None:
        """The same as a matrix (items, items), on its diagonal the buyers; None where nothing was counted."""
        if self.counts is None:
            return None
        from scipy.sparse import csr_array

        place = {name: at for at, name in enumerate(self.items)}
        known = {pair: count for pair, count in self.counts.items() if pair[0] in place and pair[1] in place}
        pairs = np.array([(place[one], place[other]) for one, other in known], dtype=np.intp).reshape(-1, 2)
        values = np.fromiter(known.values(), np.float64, len(known))
        two = pairs[:, 0] != pairs[:, 1]
        row, column = np.concatenate([pairs, pairs[two, ::-1]]).T
        return csr_array((np.append(values, values[two]), (row, column)), shape=(len(place), len(place)))

    def matrix(self, pairs: Rows, values: Array) -> Sparse:
        """A sparse matrix (customers + 1, items) of values for pairs, which are customer × items + item."""
        from scipy.sparse import csr_array

        shape = (len(self.customers) + 1, len(self.items))
        return csr_array((values, divmod(pairs, len(self.items))), shape=shape)


def gather(
    purchases: Purchases | Iterable[Bought], *, until: date | None = None, texts: Mapping[str, str] | None = None
) -> Ledger:
    """Return the ledger of purchases up to a day, the last one unless given.

    Args:
        texts: texts of items in any language; those that nobody bought yet become items, too.

    Raises:
        BadPurchases: nobody bought anything by then.
    """
    texts = texts or {}
    given = purchases if isinstance(purchases, Purchases) else Purchases.of(purchases)
    if until is not None:
        given = given.only(given.day <= until.toordinal())
    if not len(given.day):
        raise BadPurchases("There is no purchase in this time: check the file or the period.")
    known, customer = np.unique(given.customer, return_inverse=True)
    sold, item = np.unique(given.item, return_inverse=True)
    names = [given.items[at] for at in sold]
    pairs = np.unique(customer * len(names) + item)
    buyers = dict(zip(names, np.bincount(pairs % len(names), minlength=len(names)).tolist(), strict=True))
    items = sorted({*names, *texts}, key=lambda name: (-buyers.get(name, 0), name))
    place = {name: at for at, name in enumerate(items)}
    column = np.array([place[name] for name in names], dtype=np.intp)
    first, last = int(given.day.min()), int(given.day.max())
    span = last - first + 1
    entries = np.unique((customer * len(items) + column[item]) * span + (given.day - first))
    pair, day = np.divmod(entries, span)
    customer, item = np.divmod(pair, len(items))
    return Ledger(
        tuple(given.customers[at] for at in known.tolist()), tuple(items), tuple(texts.get(each, "") for each in items),
        customer, item, day + first, until or date.fromordinal(last),
    )  # fmt: skip


def _pairs(ledger: Ledger) -> tuple[Rows, Rows, Rows]:
    """Pairs of customer and item, where each begins in the ledger, and on how many days it was bought."""
    every = ledger.customer * len(ledger.items) + ledger.item
    pairs, first, count = np.unique(every, return_index=True, return_counts=True)
    return pairs, first, count


@dataclass(frozen=True)
class Popularity:
    """The same for everybody: the share of customers who bought an item."""

    share: Array

    def scores(self, rows: Rows) -> Array:
        """As `Model.scores`."""
        return np.tile(self.share, (len(rows), 1))

    def reasons(self, rows: Rows, items: Rows) -> Reasons:
        """As `Model.reasons`."""
        return Reasons(np.where(self.share[items] > 0, "popular", ""), np.zeros(items.shape))


@dataclass(frozen=True)
class Habit:
    """What a customer buys again and again, when it is due.

    again: scores of what each bought. rhythm: days between purchases, where there were two at least.
    """

    again: Sparse
    rhythm: Sparse

    def scores(self, rows: Rows) -> Array:
        """As `Model.scores`."""
        return np.asarray(self.again[rows].toarray(), dtype=np.float64)

    def reasons(self, rows: Rows, items: Rows) -> Reasons:
        """As `Model.reasons`."""
        days = _picked(self.rhythm, np.broadcast_to(rows[:, None], items.shape), items)
        return Reasons(np.where(days > 0, "rhythm", ""), days)


@dataclass(frozen=True)
class Neighbours:
    """Items near those a customer bought: `likeness` is of each bought item (row) to each other (column).

    It may be smaller than the number of items; those left out score 0.
    """

    bought: Sparse
    likeness: Sparse
    kind: Literal["bought_with", "alike"]
    items: tuple[str, ...]

    def scores(self, rows: Rows) -> Array:
        """As `Model.scores`."""
        known = self.likeness.shape[0]
        near = self.bought[rows][:, :known] @ self.likeness
        found = np.zeros((len(rows), len(self.items)))
        found[:, :known] = near if isinstance(near, np.ndarray) else near.toarray()
        return found

    def reasons(self, rows: Rows, items: Rows) -> Reasons:
        """As `Model.reasons`: of what a customer bought, what speaks most for the item; of equals the most bought."""
        known = self.likeness.shape[0]
        what, best = np.zeros(items.shape), np.zeros(items.shape)
        bought = self.bought[rows][:, :known].tocsr()
        bought.sort_indices()
        counts = np.diff(bought.indptr)
        some = np.flatnonzero(counts)
        if len(some):  # one line for each bought item, beside it all items that are asked about
            listed = items[np.repeat(np.arange(len(rows)), counts)]
            owned = np.broadcast_to(bought.indices[:, None], listed.shape)
            near = _picked(self.likeness, owned, np.minimum(listed, known - 1))
            near[listed >= known] = 0.0
            first = bought.indptr[some]
            best[some] = np.maximum.reduceat(near, first, axis=0)
            is_best = near == np.repeat(best[some], counts[some], axis=0)
            what[some] = np.minimum.reduceat(np.where(is_best, owned, len(self.items)), first, axis=0)
        return Reasons(np.where(best > 0, self.kind, ""), what)


def _picked(matrix: Sparse, rows: Rows, columns: Rows) -> Array:
    """Single cells of a dense or sparse matrix, in the shape of their positions."""
    cells = matrix[rows.ravel(), columns.ravel()]
    cells = cells if isinstance(cells, np.ndarray) else cells.toarray()
    return np.asarray(cells, dtype=np.float64).reshape(rows.shape)


def fit_popularity(ledger: Ledger) -> Popularity:
    """Count who bought each item."""
    return Popularity(ledger.buyers / len(ledger.customers))


def fit_habit(ledger: Ledger, *, ahead: int = AHEAD) -> Habit:
    """Learn how often each customer buys each item again, and how many days lie between.

    A score is the days with a repeat purchase, plus the chance that a buyer of this item buys it again; less if the
    next purchase is not due within `ahead` days, halved for every rhythm that it is overdue. Whoever bought an item
    once is taken to have the rhythm of its other buyers.
    """
    pairs, first, count = _pairs(ledger)
    item = pairs % len(ledger.items)
    last = ledger.day[first + count - 1]
    pair = np.repeat(np.arange(len(pairs)), count)
    same = pair[1:] == pair[:-1]
    gap, of_pair = np.diff(ledger.day)[same].astype(np.float64), pair[1:][same]
    own = _medians(of_pair, gap, len(pairs))
    usual = _medians(item[of_pair], gap, len(ledger.items))[item]
    overall = float(np.median(gap)) if len(gap) else np.inf
    rhythm = np.where(own > 0, own, np.where(usual > 0, usual, overall))
    repeated = (count > 1).astype(np.float64)
    buyers = np.bincount(item, minlength=len(ledger.items))
    repeaters = np.bincount(item, weights=repeated, minlength=len(ledger.items))
    chance = (repeaters + DOUBT * repeated.mean()) / (buyers + DOUBT)
    silence = ledger.until.toordinal() - last
    due = np.minimum(1.0, (silence + ahead) / rhythm) if len(gap) else 1.0
    score = (count - 1 + chance[item]) * due * 0.5 ** np.maximum(0.0, silence / rhythm - 1)
    return Habit(ledger.matrix(pairs, score), ledger.matrix(pairs, own))


def _medians(groups: Rows, values: Array, count: int) -> Array:
    """The median of the values of each group, 0 for one without any."""
    order = np.lexsort((values, groups))
    size = np.bincount(groups, minlength=count)
    start = np.cumsum(size) - size
    found, some = np.zeros(count), size > 0
    middle = [(start + (size - low) // 2)[some] for low in (1, 0)]
    found[some] = (values[order[middle[0]]] + values[order[middle[1]]]) / 2
    return found


def fit_cosine(ledger: Ledger) -> Neighbours:
    """Items are near each other if the same customers buy them."""
    from sklearn.preprocessing import normalize

    bought, together = ledger.bought, ledger.together
    likeness = _cosines(normalize(bought.T.tocsr())) if together is None else _cosines_of_counts(together)
    return Neighbours(bought, likeness, "bought_with", ledger.items)


def fit_ease(ledger: Ledger, *, strength: float | None = None) -> Neighbours:
    """EASE: the linear model of each item on all others, in closed form: B = I − P · diag(1 / diag P).

    Args:
        strength: how much weights are held down (λ of the paper), above 0; `STRENGTH` for each customer unless given.

    Raises:
        BadPurchases: the strength is not above 0.
    """
    strength = STRENGTH * len(ledger.customers) if strength is None else strength
    if not strength > 0:
        raise BadPurchases("The strength of EASE must be above 0.")
    bought, together = ledger.bought, ledger.together
    few = bought[:, :MOST_ITEMS]
    gram = (few.T @ few if together is None else together[:MOST_ITEMS, :MOST_ITEMS]).toarray()
    inverse = np.linalg.inv(gram + strength * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return Neighbours(bought, weights, "bought_with", ledger.items)


def fit_content(ledger: Ledger) -> Neighbours:
    """Items are near each other if their texts are; works for items that nobody bought yet."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    if any(terms(text) for text in ledger.texts):
        vectors = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit_transform(ledger.texts)
        likeness = _cosines(csr_array(vectors))
    else:
        likeness = csr_array((len(ledger.items), len(ledger.items)))
    return Neighbours(ledger.bought, likeness, "alike", ledger.items)


def terms(text: str) -> list[str]:
    """Words of a text, in lower case; of Chinese, which has no blanks, its pairs and triples of characters."""
    found = []
    for piece in PIECES.findall(text.lower()):
        if not "㐀" <= piece[0] <= "鿿" or len(piece) == 1:
            found.append(piece)
        else:
            found += [piece[at : at + size] for size in (2, 3) for at in range(len(piece) - size + 1)]
    return found


def _cosines(vectors: Sparse) -> Sparse:
    """Products of rows of length 1 with each other, without themselves and without small ones."""
    from scipy.sparse import csr_array, diags_array, vstack

    blocks = []
    for start in range(0, vectors.shape[0], AT_ONCE):
        block = csr_array(vectors[start : start + AT_ONCE] @ vectors.T)
        block.data[block.data < LEAST_LIKENESS] = 0.0
        block.eliminate_zeros()
        blocks.append(block)
    cosines = vstack(blocks, format="csr")
    cosines = csr_array(cosines - diags_array(cosines.diagonal()))
    cosines.eliminate_zeros()
    return cosines


def _cosines_of_counts(together: Sparse) -> Sparse:
    """The same from counts, where that of an item with itself is the number of its buyers."""
    from scipy.sparse import diags_array

    buyers = together.diagonal()
    scale = diags_array(1 / np.sqrt(np.maximum(buyers, 1)))
    cosines = scale @ (together - diags_array(buyers)) @ scale
    cosines.data[cosines.data < LEAST_LIKENESS] = 0.0
    cosines.eliminate_zeros()
    return cosines


FITS: Mapping[str, Callable[[Ledger], Model]] = {
    "popularity": fit_popularity,
    "habit": fit_habit,
    "cosine": fit_cosine,
    "ease": fit_ease,
    "content": fit_content,
}


def fit_all(ledger: Ledger, names: Sequence[str] = tuple(FITS)) -> dict[str, Model]:
    """Fit the models of these names."""
    return {name: FITS[name](ledger) for name in names}
