"""Which variant of a campaign the next customer gets: the split learns from the answers as they come (Thompson
sampling).

Of each variant a share of answers is drawn from what its answers so far leave possible, and the highest draw wins: a
variant gets as many customers as it is likely to be the best one. Where nothing is known yet all get alike; a variant
that lags is never left out for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class Tally:
    """How a variant fared: how many got it, and how many of them did what it is for."""

    sent: int = 0
    answered: int = 0


def choose(tallies: Mapping[str, Tally], random: Random) -> str:
    """The variant for the next customer.

    >>> tallies = {"a": Tally(500, 10), "b": Tally(500, 40)}
    >>> random = Random(1)
    >>> [choose(tallies, random) for _ in range(4)]
    ['b', 'b', 'b', 'b']
    """
    return max(tallies, key=lambda name: _possible(tallies[name], random))


def chances_of_best(tallies: Mapping[str, Tally], random: Random, draws: int = DRAWS) -> dict[str, float]:
    """How likely each variant is the best one; of two, the chance that it beats the other.

    >>> chances_of_best({"a": Tally(500, 10), "b": Tally(500, 40)}, Random(1))["b"] > 0.99
    True
    """
    wins = dict.fromkeys(tallies, 0)
    for _ in range(draws):
        wins[choose(tallies, random)] += 1
    return {name: count / draws for name, count in wins.items()}


def _possible(tally: Tally, random: Random) -> float:
    """A share of answers, as likely as the tally makes it; before the first answer all shares are alike likely."""
    return random.betavariate(1 + tally.answered, 1 + tally.sent - tally.answered)
