"""How well churn, the next category, the next contact and spending are foretold, against the naive answer.

The sample business, or a file of purchases as CDNOW_sample.txt (number, customer, day, units, value), put into a store
of its own first. Models learn from earlier days, are tuned and chosen on a later one and measured on a still later
one. `score` is what is used from then on, measured on the last day; `naive` the best naive answer there.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from datetime import time as clock
from pathlib import Path

from sqlalchemy import insert

from benchmarks.value import read
from crm_core.analytics.prediction.learning import SPLITS, TRIALS, Learnt, learn_all
from crm_core.analytics.prediction.model_cards import CURRENCY, sample_past
from crm_core.analytics.prediction.predicted import predict_all
from crm_core.analytics.prediction.scores import HEADLINE, calibration_error
from crm_core.analytics.prediction.stored_past import StoredPast, reading_past
from crm_core.analytics.prediction.targets import TARGETS
from crm_core.analytics.value.holdout import best, bought_between, compare
from crm_core.analytics.value.models import DAYS_PER_WEEK, Purchase, TooFewPurchases, summarise
from crm_core.database import Store, open_store
from crm_core.errors import CrmError
from crm_core.models import Customer, Order

Figures = dict[str, float | int | str | None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=Path, help="file with a purchase a line; without it the sample business")
    parser.add_argument("--customers", type=int, default=500, help="of the sample business")
    parser.add_argument("--targets", nargs="+", choices=list(TARGETS), default=None)
    parser.add_argument("--trials", type=int, default=TRIALS, help="settings tried of each model; 0: the first ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    targets = options.targets or (("churn", "next_spend") if options.purchases else tuple(TARGETS))
    try:
        source = purchases_past(read(options.purchases)) if options.purchases else sample_past(options.customers)
        with source as past:
            figures = measure(past, targets, options.trials, options.seed)
        if options.purchases:
            figures |= value_of(read(options.purchases))
    except (CrmError, OSError) as problem:
        sys.exit(str(problem))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:>60}  {f'{value:.4g}' if isinstance(value, float) else value}")


@contextmanager
def purchases_past(purchases: Sequence[Purchase]) -> Iterator[StoredPast]:
    """The past of a file of purchases, in a store that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/models.sqlite", Path(folder), None)
        try:
            last = _fill(store, purchases)
            with reading_past(store, CURRENCY, last) as past:
                yield past
        finally:
            store.close()


def _fill(store: Store, purchases: Sequence[Purchase]) -> date:
    """One order a purchase."""
    if not purchases:
        raise TooFewPurchases("There is no purchase in the file.")
    ids = {customer: number for number, customer in enumerate(sorted({each.customer for each in purchases}), start=1)}
    moments = [datetime.combine(each.day, clock(12), UTC) for each in purchases]
    first = min(moments)
    people = [
        {
            "id": number,
            "number": number,
            "kind": "person",
            "name": customer,
            "first_seen_at": first,
            "updated_at": first,
        }
        for customer, number in ids.items()
    ]
    orders = [
        {
            "id": number, "number": f"P-{number}", "customer_id": ids[each.customer], "status": "delivered",
            "placed_at": moment, "updated_at": moment, "currency": CURRENCY, "total_minor": round(100 * each.value),
            "discount_minor": 0, "shipping_minor": 0, "source": "import",
        }
        for number, (each, moment) in enumerate(zip(purchases, moments, strict=True), start=1)
    ]  # fmt: skip
    with store.write() as session:
        for model, rows in ((Customer, people), (Order, orders)):
            session.connection().execute(insert(model.__table__), rows)  # type: ignore[arg-type]
    return max(each.day for each in purchases)


def measure(past: StoredPast, targets: Sequence[str], trials: int, seed: int) -> Figures:
    """Learn every target and report on it; then foretell all customers once, for what that costs."""
    figures: Figures = {"first_day": str(past.first), "last_day": str(past.last), "customers": len(past.customers())}
    learnt = {}
    for found in learn_all(past, targets=targets, trials=trials, seed=seed):
        if isinstance(found, TooFewPurchases):
            figures[f"not_learnt.{len(figures)}"] = str(found)
        else:
            learnt[found.target] = found
            figures |= report(found)
    features, bought = past.features(past.last), past.bought_categories(past.last)
    until, began = datetime.combine(past.last, clock.max, UTC), time.process_time()
    rows = predict_all(features, bought, learnt, computed_at=until, data_until=until)
    spent = time.process_time() - began
    if rows.scores:
        figures["predict_cpu_s_per_100k"] = round(spent / len(rows.scores) * 100_000, 1)
    return figures | {"scores": len(rows.scores), "needs": len(rows.needs)}


def value_of(purchases: Sequence[Purchase]) -> Figures:
    """The models of value on the second half of the time, fitted on the first; `naive`: everybody goes on as before."""
    days = [each.day for each in purchases]
    half, last = min(days) + (max(days) - min(days)) // 2, max(days)
    customers, history = summarise(purchases, half)
    bought = bought_between(purchases, customers, half, last)
    scores = compare(history, bought, (last - half).days / DAYS_PER_WEEK)
    used = best(scores)
    figures: Figures = {"value.metric": "rmse", "value.score": scores[used].rmse, "value.naive": scores["naive"].rmse}
    for name, score in scores.items():
        figures |= {f"value.by_model.{name}.{key}": value for key, value in asdict(score).items()}
    return figures | {"value.used": used, "value.first_half_until": str(half)}


def report(learnt: Learnt) -> Figures:
    """The figures of one target: what is used, what is naive, and every model by split."""
    name, metric = learnt.target, HEADLINE[learnt.answers.kind]
    used = learnt.naive_figures if learnt.chosen == "naive" else learnt.candidates[learnt.chosen].figures
    low, high = learnt.test_gain
    figures: Figures = {
        f"{name}.metric": metric, f"{name}.score": used["test"].get(metric),
        f"{name}.naive": learnt.naive_figures["test"].get(metric), f"{name}.used": learnt.chosen,
        f"{name}.naive_answer": learnt.naive, f"{name}.horizon_days": learnt.days.horizon,
        f"{name}.best": learnt.best, f"{name}.best_score": learnt.candidates[learnt.best].figures["test"].get(metric),
        f"{name}.test_gain.low": low, f"{name}.test_gain.high": high, f"{name}.verdict": learnt.verdict,
        f"{name}.cpu_s": round(learnt.cpu_s, 1),
    }  # fmt: skip
    if learnt.reliability:
        figures[f"{name}.calibration_error"] = calibration_error(learnt.reliability)
    for split in SPLITS:
        figures[f"{name}.examples.{split}"] = learnt.examples[split]
        figures |= {f"{name}.by_split.naive.{split}.{key}": value for key, value in learnt.naive_figures[split].items()}
    for family, candidate in learnt.candidates.items():
        low, high = candidate.validation_gain
        figures |= {
            f"{name}.{family}.metric": metric, f"{name}.{family}.score": candidate.figures["test"].get(metric),
            f"{name}.{family}.naive": learnt.naive_figures["test"].get(metric),
            f"{name}.{family}.validation_gain.low": low, f"{name}.{family}.validation_gain.high": high,
        }  # fmt: skip
        for split in SPLITS:
            measured = {**candidate.figures[split], "skill": candidate.skill[split]}
            figures |= {f"{name}.by_split.{family}.{split}.{key}": value for key, value in measured.items()}
    return figures


if __name__ == "__main__":
    main()
