"""The best plan of a campaign among millions, by four ways of searching: a genetic algorithm, particle swarm, chance,
and a grid, each allowed to try the same number of plans.

A plan is a row of levels, one for each part of it. Who searches sees only what `measure` says of plans: the mean gain,
and by how much limits are broken. pymoo is loaded here: import this in a child process only.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.algorithms.soo.nonconvex.pso import PSO
from pymoo.core.problem import Problem
from pymoo.operators.crossover.ux import UniformCrossover
from pymoo.operators.sampling.lhs import LHS
from pymoo.optimize import minimize

from crm_core.analytics.campaigns.gain import Levels
from crm_core.analytics.prediction.snapshots import Array

EVALUATIONS = 600
"""Plans that each way may try."""
CROWD = 30
"""Plans in a generation, and particles in a swarm."""


class Measured(Protocol):
    """What is searched."""

    @property
    def sizes(self) -> tuple[int, ...]: ...

    def measure(self, levels: Levels) -> tuple[Array, Array]:
        """Of plans, shape (plans, parts): the mean gain (plans,), and limits (plans, limits), kept where at most 0."""


@dataclass(frozen=True)
class Found:
    """The best plan that one way found; `gain` None when none of those it tried keeps the limits."""

    levels: tuple[int, ...]
    gain: float | None
    tried: int


class _Record:
    """Measures plans for a search, remembers the best one, and stops counting after so many."""

    def __init__(self, market: Measured, evaluations: int) -> None:
        self._market, self._left = market, evaluations
        self._best: tuple[float, float, tuple[int, ...]] | None = None
        self.tried = 0

    def measure(self, levels: Levels) -> tuple[Array, Array]:
        gain, limits = self._market.measure(levels)
        broken = np.maximum(limits, 0).sum(axis=1)
        counted = min(len(levels), self._left)
        self._left -= counted
        self.tried += counted
        for row in range(counted):
            found = (float(broken[row]), -float(gain[row]), tuple(int(level) for level in levels[row]))
            if self._best is None or found < self._best:
                self._best = found
        return gain, limits

    def found(self) -> Found:
        assert self._best is not None
        broken, loss, levels = self._best
        return Found(levels, -loss if broken == 0 else None, self.tried)


def by_chance(market: Measured, evaluations: int, seed: int) -> Found:
    """Plans drawn evenly."""
    record, random = _Record(market, evaluations), np.random.default_rng(seed)
    record.measure(random.integers(0, market.sizes, size=(evaluations, len(market.sizes))))
    return record.found()


def by_grid(market: Measured, evaluations: int, seed: int) -> Found:
    """As many evenly spaced values of each part as the number of plans allows, the largest parts first."""
    counts = [1] * len(market.sizes)
    for part in itertools.cycle(sorted(range(len(counts)), key=lambda each: -market.sizes[each])):
        more = [count + (place == part) for place, count in enumerate(counts)]
        if int(np.prod(more)) > evaluations:
            break
        if more[part] <= market.sizes[part]:
            counts = more
        elif counts == list(market.sizes):
            break
    values = [
        np.unique(np.round((np.arange(count) + 0.5) / count * size - 0.5).astype(np.intp))
        for count, size in zip(counts, market.sizes, strict=True)
    ]
    record = _Record(market, evaluations)
    record.measure(np.array(list(itertools.product(*values)), dtype=np.intp))
    return record.found()


def by_genes(market: Measured, evaluations: int, seed: int) -> Found:
    """pymoo's genetic algorithm: plans are crossed part by part, and parts of them changed."""
    return _by_pymoo(GA(CROWD, sampling=LHS(), crossover=UniformCrossover(prob=0.9), eliminate_duplicates=False),
                     market, evaluations, seed)  # fmt: skip


def by_swarm(market: Measured, evaluations: int, seed: int) -> Found:
    """pymoo's particle swarm: plans fly towards the best ones known to them and to all."""
    return _by_pymoo(PSO(CROWD, sampling=LHS()), market, evaluations, seed)


class _Cube(Problem):  # type: ignore[misc]
    """Plans as points of a cube, each part a side of it, evenly shared among its values."""

    def __init__(self, record: _Record, market: Measured, limits: int) -> None:
        super().__init__(n_var=len(market.sizes), n_obj=1, n_ieq_constr=limits, xl=0.0, xu=1.0)
        self._record, self._sizes = record, np.array(market.sizes)

    def _evaluate(self, x: Array, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        levels = np.minimum((x * self._sizes).astype(np.intp), self._sizes - 1)
        gain, limits = self._record.measure(levels)
        out["F"], out["G"] = -gain[:, None], limits


def _by_pymoo(algorithm: Any, market: Measured, evaluations: int, seed: int) -> Found:
    record = _Record(market, evaluations)
    limits = market.measure(np.zeros((1, len(market.sizes)), dtype=np.intp))[1].shape[1]
    minimize(_Cube(record, market, limits), algorithm, ("n_eval", evaluations), seed=seed, verbose=False)
    return record.found()


SEARCHES: Mapping[str, Callable[[Measured, int, int], Found]] = {
    "ga": by_genes, "pso": by_swarm, "random": by_chance, "grid": by_grid,
}  # fmt: skip
"""Name -> a way of searching a market with so many plans tried, by a seed."""
