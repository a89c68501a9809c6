"""The nightly refresh of all segments: the RFM grid, the clusters, and who fits the rules. One process at a time.

Loads pandas and scikit-learn: call it in a job's own process.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from crm_core.analytics.segments import store as segments
from crm_core.analytics.segments.clusters import Described, find_clusters
from crm_core.analytics.segments.movements import Membership, Moves, keep_members, members
from crm_core.analytics.segments.rfm import grid
from crm_core.analytics.segments.words import Both, Named, segment_words
from crm_core.database import Store
from crm_core.models import Segment

if TYPE_CHECKING:
    import pandas

SAME = 0.3
"""Share of members that two clusters have in common (of all in either) from which the new one is the old one."""
NO_ORDER, FOUND = "no_order", "found"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many segments there are of each kind, and who moved."""

    segments: Mapping[str, int]
    joined: int
    left: int


def refresh_segments(
    store: Store,
    features: "pandas.DataFrame",
    as_of: date,
    *,
    now: datetime | None = None,
    zone: str = "UTC",
    progress: Callable[[str], None] = lambda line: None,
) -> Refreshed:
    """Bring all segments up to date: new names and descriptions, and who came and left.

    Customers of the feature table are in one segment of the RFM grid and in one cluster each. A second run on the same
    data changes nothing.

    Args:
        features: the feature table as of `as_of`, a row a customer.
        now: what is written as the time of all movements; the end of `as_of` where it is not given.
        zone: whose days count in rules ("in the last 30 days").
    """
    now = now or datetime.combine(as_of + timedelta(days=1), time(), UTC)
    joined = left = 0
    for kind, step in (("rfm", _refresh_grid), ("cluster", _refresh_clusters)):
        progress(f"Segments: {kind}")
        moves = step(store, features, now)
        joined, left = joined + moves.joined, left + moves.left
    progress("Segments: rules")
    for segment_id in _ids(store, "rule"):
        moves = _refresh_rule(store, segment_id, now, zone)
        joined, left = joined + moves.joined, left + moves.left
    return Refreshed({kind: len(_ids(store, kind)) for kind in ("rfm", "cluster", "rule")}, joined, left)


def _ids(store: Store, kind: str) -> list[int]:
    with store.read() as session:
        return [segment.id for segment in segments.in_use(session, kind)]


def _refresh_rule(store: Store, segment_id: int, now: datetime, zone: str) -> Moves:
    """Store who fits a rule; one that was saved or refreshed later than `now` stays as it is."""
    with store.read() as session:
        segment = session.get_one(Segment, segment_id)
        if segment.created_at > now or (segment.computed_at and segment.computed_at > now):
            return Moves()
        wanted = {(row.id, segment_id) for row in session.execute(segments.live_members(session, segment, now, zone))}
        before = members(session, [segment_id])
    moves = keep_members(store.write, before, wanted, now)
    _computed(store, [segment_id], now)
    return moves


def _computed(store: Store, segment_ids: list[int], now: datetime) -> None:
    with store.write() as session:
        for segment_id in segment_ids:
            session.get_one(Segment, segment_id).computed_at = now


# --- the grid -------------------------------------------------------------------------------------------------------
def _refresh_grid(store: Store, features: "pandas.DataFrame", now: datetime) -> Moves:
    cells = grid(features)
    with store.write() as session:
        known = {_key(segment): segment for segment in segments.in_use(session, "rfm")}
        ids = {key: _grid_segment(session, key, words, known, now) for key, words in segment_words().rfm.items()}
        before = members(session, list(ids.values()))
    wanted = {(customer_id, ids[key]) for customer_id, key in cells.items()}
    moves = keep_members(store.write, before, wanted, now)
    _computed(store, list(ids.values()), now)
    return moves


def _grid_segment(session: Session, key: str, words: Named, known: Mapping[str, Segment], now: datetime) -> int:
    segment = known.get(key) or _made(session, "rfm", key, words.name, now)
    segment.description_en, segment.description_zh = words.means.en, words.means.zh
    return segment.id


# --- clusters -------------------------------------------------------------------------------------------------------
def _refresh_clusters(store: Store, features: "pandas.DataFrame", now: datetime) -> Moves:
    with store.read() as session:
        known = segments.in_use(session, "cluster")
        before = members(session, [segment.id for segment in known])
    buyers = {segment.id for segment in known if _key(segment) == FOUND}
    numbers = {segment_id: number for number, segment_id in enumerate(sorted(buyers))}
    last = {customer_id: numbers[segment_id] for customer_id, segment_id in before if segment_id in buyers}
    found = find_clusters(features, last)
    same = _matched(found.of_customer, {(one, segment_id) for one, segment_id in before if segment_id in buyers})
    with store.write() as session:
        ids = _cluster_segments(session, found.described, same, now)
        rest = _no_order_segment(session, now)
        for segment in segments.in_use(session, "cluster"):
            if segment.id not in {*ids, rest}:
                segment.retired_at = now
    wanted = {
        (customer_id, ids[found.of_customer[customer_id]] if customer_id in found.of_customer else rest)
        for customer_id in (int(one) for one in features["customer_id"].tolist())
    }
    moves = keep_members(store.write, before, wanted, now)
    _computed(store, [*ids, rest], now)
    return moves


def _matched(new: Mapping[int, int], before: set[Membership]) -> dict[int, int]:
    """Number of a new cluster -> id of the segment that it is, by whom they have in common; best pairs overall."""
    import numpy
    from scipy.optimize import linear_sum_assignment

    both = [(new[customer_id], segment_id) for customer_id, segment_id in before if customer_id in new]
    if not both:
        return {}
    rows, columns = sorted(set(new.values())), sorted({segment_id for _, segment_id in both})
    shared = numpy.zeros((len(rows), len(columns)))
    numpy.add.at(shared, ([rows.index(n) for n, _ in both], [columns.index(s) for _, s in both]), 1)
    sizes_new = numpy.bincount([rows.index(n) for n in new.values()], minlength=len(rows))
    sizes_old = numpy.bincount([columns.index(s) for _, s in before if s in columns], minlength=len(columns))
    alike = shared / (sizes_new[:, None] + sizes_old[None, :] - shared)
    pairs = zip(*linear_sum_assignment(-alike), strict=True)
    return {rows[row]: columns[column] for row, column in pairs if alike[row, column] >= SAME}


def _cluster_segments(
    session: Session, described: Sequence[Described], same: Mapping[int, int], now: datetime
) -> list[int]:
    ids = []
    for number, one in enumerate(described):
        segment = session.get(Segment, same[number]) if number in same else None
        segment = segment or _made(session, "cluster", FOUND, one.name, now)
        segment.description_en, segment.description_zh = one.means.en, one.means.zh
        ids.append(segment.id)
    return ids


def _no_order_segment(session: Session, now: datetime) -> int:
    words = segment_words().clusters.no_order
    known = next((each for each in segments.in_use(session, "cluster") if _key(each) == NO_ORDER), None)
    segment = known or _made(session, "cluster", NO_ORDER, words.name, now)
    segment.description_en, segment.description_zh = words.means.en, words.means.zh
    return segment.id


# --- both -----------------------------------------------------------------------------------------------------------
def _key(segment: Segment) -> str:
    return str(segment.conditions[0]["key"]) if segment.conditions else ""


def _made(session: Session, kind: str, key: str, name: Both, now: datetime) -> Segment:
    """A new segment; one of the same kind and name that is not in use any more comes back instead."""
    old = segments.named(session, name.en, retired=True)
    if old is not None and old.retired_at is not None and old.kind == kind and _key(old) == key:
        old.retired_at = None
        return old
    name = _free(session, name)
    segment = Segment(
        name=name.en, name_en=name.en, name_zh=name.zh, kind=kind, conditions=[{"key": key}], created_at=now
    )
    session.add(segment)
    session.flush()
    return segment


def _free(session: Session, name: Both) -> Both:
    """The name, with a number where another segment has it in either language."""
    free, number = name, 1
    while any(segments.named(session, each, retired=True) for each in (free.en, free.zh)):
        number += 1
        free = Both(en=f"{name.en} {number}", zh=f"{name.zh}{number}")
    return free
