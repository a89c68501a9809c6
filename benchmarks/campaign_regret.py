"""What the split that learns saves: answers lost against sending the best variant to everybody, in known truths."""

from collections.abc import Callable, Mapping
from random import Random
from statistics import fmean

from crm_core.campaigns.splitting import Tally, chances_of_best, choose

TRUTHS = (
    {"a": 0.03, "b": 0.05}, {"a": 0.12, "b": 0.08}, {"a": 0.05, "b": 0.05}, {"a": 0.02, "b": 0.03, "c": 0.06},
    {"a": 0.05, "b": 0.06}, {"a": 0.20, "b": 0.26}, {"a": 0.10, "b": 0.10, "c": 0.10}, {"a": 0.04, "b": 0.09},
)  # fmt: skip
"""How many answer each variant; two of them make no difference."""
CUSTOMERS, AT_ONCE = 4000, 50
"""How many are written to, and how many before the answers of the last ones are known."""

SURE = 0.95
Split = Callable[[Mapping[str, Tally], Random], str]


def regret(runs: int, seed: int, people: int = CUSTOMERS) -> dict[str, float]:
    """The mean regret of both splits over all truths, the learned one's share of the other in the hardest truth, and
    how often a variant was called the best one (with 95 %): rightly where one is, wrongly where none is.
    """
    lost = {(place, split): 0.0 for place in range(len(TRUTHS)) for split in ("learned", "equal")}
    called: dict[bool, list[bool]] = {True: [], False: []}
    for run in range(runs):
        place = run % len(TRUTHS)
        truth = TRUTHS[place]
        best = max(truth.values())
        for name, split in (("learned", choose), ("equal", _equally)):
            tallies = _sent(truth, split, Random(f"{seed} {run} {name}"), people)
            lost[place, name] += sum((best - truth[each]) * tally.sent for each, tally in tallies.items())
            if name == "learned":
                chances = chances_of_best(tallies, Random(f"{seed} {run}"), 1000)
                one = max(chances, key=lambda each: chances[each])
                differ = min(truth.values()) < best
                called[differ].append(chances[one] >= SURE and (not differ or truth[one] == best))
    learned, equal = (sum(lost[place, name] for place in range(len(TRUTHS))) for name in ("learned", "equal"))
    shares = [lost[place, "learned"] / lost[place, "equal"] for place in range(len(TRUTHS)) if lost[place, "equal"]]
    return {
        "regret.learned": learned / runs, "regret.equal": equal / runs, "regret.ratio": learned / equal,
        "regret.hardest_ratio": max(shares), "regret.called_rightly": fmean(called[True]),
        "regret.called_where_equal": fmean(called[False]), "regret.runs": float(runs),
    }  # fmt: skip


def _sent(truth: Mapping[str, float], split: Split, random: Random, people: int) -> dict[str, Tally]:
    """A campaign from its first message to its last: how each variant fared."""
    tallies = {name: Tally() for name in truth}
    for start in range(0, people, AT_ONCE):
        chosen = [split(tallies, random) for _ in range(min(AT_ONCE, people - start))]
        for name in chosen:  # their answers come before the next ones are written to
            before = tallies[name]
            tallies[name] = Tally(before.sent + 1, before.answered + (random.random() < truth[name]))
    return tallies


def _equally(tallies: Mapping[str, Tally], random: Random) -> str:
    """Whoever had least."""
    return min(tallies, key=lambda name: tallies[name].sent)
