"""Campaigns in simulated markets whose truth is known: what learning saves, what searching finds, what rules hold.

`regret`: orders lost by not always sending the better variant, by the split that learns and by equal parts.
`search`: the share of the best known plan's gain that each way of searching finds with the same number of plans tried.
`plan`: what proposals promised, from models learnt of simulated past campaigns, and what they were worth in truth.
`rule_breaks`: messages that consent, quiet hours or caps forbade, as counted by a checker of its own.
"""

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np

from benchmarks.campaign_market import COST, Truth, customers, market_of, past_campaigns, space
from benchmarks.campaign_regret import regret
from benchmarks.campaign_rules import rules
from crm_core.analytics.campaigns.gain import Terms
from crm_core.analytics.campaigns.plans import best_plan, halves, usual_of
from crm_core.analytics.campaigns.response import learn
from crm_core.analytics.campaigns.search import EVALUATIONS, SEARCHES, by_genes
from crm_core.analytics.prediction.snapshots import Frame
from crm_core.analytics.recommendations.mix import difference

Figures = dict[str, float]
CUSTOMERS = 600
LONG = 5
"""How many times as many plans the search for the best known one may try."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="campaigns whose variants are split")
    parser.add_argument("--problems", type=int, default=100, help="markets that are searched")
    parser.add_argument("--evaluations", type=int, default=EVALUATIONS, help="plans that each way may try")
    parser.add_argument("--plans", type=int, default=60, help="markets whose past is learnt from")
    parser.add_argument("--days", type=int, default=10_000, help="days that are lived through by the rules")
    parser.add_argument("--stored-days", type=int, default=120, help="days more, in a database")
    parser.add_argument("--job-days", type=int, default=60, help="days more, in which the job itself sends")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    began = time.process_time()
    figures = regret(options.runs, options.seed)
    figures |= rules(options.days, options.stored_days, options.job_days, options.seed)
    figures |= searching(options.problems, options.evaluations, options.seed)
    figures |= planning(options.plans, options.seed)
    figures["cpu_s"] = round(time.process_time() - began, 1)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>40}  {value:.6g}")


def _terms(known: Frame, random: np.random.Generator) -> Terms:
    """A budget and a cap that bind: no market may simply be written to as often as one likes."""
    orders = float(known["mean_order_minor"].sum())
    return Terms(int(orders * random.uniform(0.01, 0.04)), int(len(known) * random.uniform(0.3, 1.5)), 0.5, COST)


def searching(problems: int, evaluations: int, seed: int) -> Figures:
    """The four ways on the same markets, with the same number of plans tried."""
    shares: dict[str, list[float]] = {name: [] for name in SEARCHES}
    points: list[int] = []
    for number in range(problems):
        random = np.random.default_rng([seed, number])
        known = customers(CUSTOMERS, random)
        market = Truth.drawn(known, random).market(known, _terms(known, random))
        points.append(market.space.points)
        gains = {name: search(market, evaluations, number).gain or 0.0 for name, search in SEARCHES.items()}
        best = max(by_genes(market, LONG * evaluations, number + 1).gain or 0.0, *gains.values())
        for name, gain in gains.items():
            shares[name].append(gain / best if best > 0 else 1.0)
    figures: Figures = {f"search.{name}": float(np.mean(found)) for name, found in shares.items()}
    found = {name: np.array(each) for name, each in shares.items()}
    random = np.random.default_rng(seed)
    for name in ("ga", "pso"):
        low, high = difference(found[name], found["random"], random)
        figures |= {f"search.{name}_minus_random.low": low, f"search.{name}_minus_random.high": high}
    return figures | {"search.least_points": float(min(points)), "search.evaluations": float(evaluations)}


def planning(plans: int, seed: int) -> Figures:
    """Learn from a past, propose a plan, and see in truth what it is worth beside what was promised."""
    rows: list[tuple[float, ...]] = []
    for number in range(plans):
        random = np.random.default_rng([seed, number, 1])
        known = customers(CUSTOMERS, random)
        truth = Truth.drawn(known, random)
        past = past_campaigns(truth, known, random, campaigns=12, people=400)
        response = learn(past, number)
        terms, choice = _terms(known, random), space(known)
        market = truth.market(known, terms, choice)
        one, other = (market_of(choice, terms, response.design, half, known) for half in halves(response, number))
        plan = best_plan(one, other, usual_of(past, choice), seed=number)
        assert plan is not None, "every market has plans within its limits"
        real = float(market.outcomes(np.array([plan.levels])).gain[0, 0])
        best = max(by_genes(market, LONG * EVALUATIONS, number).gain or 0.0, real)
        rows.append((plan.low <= real <= plan.high, plan.gain / best, real / best, plan.uncorrected / best))
    inside, promised, real, uncorrected = np.array(rows, dtype=np.float64).mean(axis=0)
    return {
        "plan.inside_interval": inside,
        "plan.promised": promised,
        "plan.true": real,
        "plan.uncorrected": uncorrected,
    }


if __name__ == "__main__":
    main()
