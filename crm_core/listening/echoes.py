"""Finds posts that say what an earlier one said: copies, reposts, the same text sent round.

MinHash over runs of characters (Broder 1997) with locality-sensitive bands: each post becomes a few keyed hashes, and
only posts that share one are compared, in full. The hashes are in the database and not in memory, so that a million
posts cost no more memory than a hundred, and a post is found again by the next run and by other processes.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_core.crypto import Vault
from crm_core.models import Post, PostBand

Hashes = NDArray[np.uint64]
SAME = 0.8
"""Share of common runs of characters (Jaccard) from which two posts say the same."""
WITHIN = timedelta(days=7)
"""What is said again later is an opinion of its own."""
KEPT = timedelta(days=14)
"""How long after it was read a post is compared with new ones."""
BANDS, ROWS = 6, 4
"""Two posts as like as `SAME` share a band with a chance of 96 %, two half as like as that with one of 14 %."""
SHORTEST = 24
"""Letters that a text needs (a Chinese character counts two and a half): "love it" is nobody's copy."""
HAN_WEIGHT = 2.5
MOST_COMPARED = 8
AT_ONCE = 400
_PRIME = np.uint64(0x100000001B3)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(31)


@dataclass(frozen=True)
class Said:
    """One post to be compared. `plain`: its words alone, folded."""

    id: int
    plain: str
    occurred_at: datetime

    @cached_property
    def runs(self) -> Hashes:
        """Hashes of its runs of characters, three of Chinese, five of others; none where it is too short."""
        codes = np.frombuffer(self.plain.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
        han = int(((codes >= 0x3400) & (codes < 0xA000)).sum())
        letters = int((codes != ord(" ")).sum()) - han
        if letters + HAN_WEIGHT * han < SHORTEST:
            return np.empty(0, dtype=np.uint64)
        size = 3 if han * HAN_WEIGHT > letters else 5
        count = len(codes) - size + 1
        hashes = codes[:count]
        for offset in range(1, size):
            hashes = hashes * _PRIME + codes[offset : offset + count]
        hashes = hashes * _SPREAD
        return np.unique(hashes ^ (hashes >> _SHIFT))


@dataclass(frozen=True)
class Echoes:
    """What a batch of posts repeats: post → the original; and the bands of those that repeat nothing."""

    originals: dict[int, int]
    bands: dict[int, list[int]]


class Finder:
    """Finds what posts repeat.

    Args:
        comparable: makes the text of a stored post what `Said.plain` is of a new one.
    """

    def __init__(self, vault: Vault, comparable: Callable[[str], str]) -> None:
        self._key = vault.compare_key
        self._comparable = comparable
        seeds = np.frombuffer(blake2b(self._key, digest_size=64).digest(), dtype=np.uint64)
        generator = np.random.default_rng([int(seed) for seed in seeds])
        self._factors = generator.integers(1, 2**63, size=(BANDS * ROWS, 1), dtype=np.uint64) * np.uint64(
            2
        ) + np.uint64(1)
        self._terms = generator.integers(0, 2**63, size=(BANDS * ROWS, 1), dtype=np.uint64)

    def find(self, session: Session, posts: Sequence[Said]) -> Echoes:
        """Compare posts, in the order of their ids, with stored ones and with each other."""
        bands = {post.id: self.bands(post) for post in posts}
        by_band: dict[int, list[int]] = defaultdict(list)
        known = {post.id: post for post in posts}
        for band, post_id in self._stored(session, bands, known):
            by_band[band].append(post_id)
        originals: dict[int, int] = {}
        for post in sorted(posts, key=lambda each: each.id):
            shared = Counter(other for band in bands[post.id] for other in by_band[band] if other < post.id)
            likeliest = (known[other] for other, _ in shared.most_common(MOST_COMPARED))
            same = [other.id for other in likeliest if _same(post, other)]
            if same:
                originals[post.id] = min(same)
                continue
            for band in bands[post.id]:
                by_band[band].append(post.id)
        return Echoes(originals, {post: its for post, its in bands.items() if its and post not in originals})

    def bands(self, post: Said) -> list[int]:
        """The keyed hashes of a post; none of a short one."""
        if not len(post.runs):
            return []
        least = (post.runs * self._factors + self._terms).min(axis=1)
        rows = least.reshape(BANDS, ROWS)
        return [self._hash(place, row.tobytes()) for place, row in enumerate(rows)]

    def _hash(self, place: int, row: bytes) -> int:
        digest = blake2b(row, digest_size=8, key=self._key, salt=bytes([place])).digest()
        return int.from_bytes(digest, "big", signed=True)

    def _stored(self, session: Session, bands: dict[int, list[int]], known: dict[int, Said]) -> list[tuple[int, int]]:
        """Pairs of a band and a post that has it; what these say is put into `known`."""
        found: list[tuple[int, int]] = []
        for some in _portions({band for its in bands.values() for band in its}):
            query = select(PostBand.band, PostBand.post_id).where(PostBand.band.in_(some))
            found += [(band, post_id) for band, post_id in session.execute(query).tuples() if post_id not in bands]
        for ids in _portions({post_id for _, post_id in found}):
            for row in session.scalars(select(Post).where(Post.id.in_(ids))):
                known[row.id] = Said(row.id, self._comparable(row.text or ""), row.occurred_at)
        return [pair for pair in found if pair[1] in known]


def forget_originals(session: Session, ids: Sequence[int]) -> None:
    """These go or say something else now: what repeated them is looked at again."""
    query = update(Post).where(Post.duplicate_of_id.in_(ids)).values(duplicate_of_id=None, sensed_at=None)
    session.execute(query, execution_options={"synchronize_session": False})


def _portions(values: Collection[int]) -> Iterator[list[int]]:
    rest = list(values)
    for start in range(0, len(rest), AT_ONCE):
        yield rest[start : start + AT_ONCE]


def _same(one: Said, other: Said) -> bool:
    if abs(one.occurred_at - other.occurred_at) > WITHIN:
        return False
    common = len(np.intersect1d(one.runs, other.runs, assume_unique=True))
    return common >= SAME * (len(one.runs) + len(other.runs) - common)
