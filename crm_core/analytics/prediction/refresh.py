"""Churn scores and needs of every customer, as rows of `scores` and `needs`, by models learnt in the same night."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from crm_core.analytics.features import store as feature_store
from crm_core.analytics.prediction.learning import Learnt, learn_all
from crm_core.analytics.prediction.predicted import predict_all
from crm_core.analytics.prediction.stored_past import StoredPast
from crm_core.analytics.results import Replacing, parts
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.database import Store
from crm_core.models import Need, Score

TARGETS = ("churn", "next_category", "next_contact")
TRIALS = 4
"""Settings tried of each family: fewer than for the model cards, as it is done every night."""
AT_ONCE = 10
"""Parts of customers whose purchases are read together."""


def learn(past: StoredPast, progress: Callable[[int, int], None], seed: int = 0) -> tuple[dict[str, Learnt], list[str]]:
    """What could be learnt, by target, and why the rest could not."""
    found: dict[str, Learnt] = {}
    problems: list[str] = []
    for done, learnt in enumerate(learn_all(past, targets=TARGETS, trials=TRIALS, seed=seed), start=1):
        if isinstance(learnt, TooFewPurchases):
            problems.append(str(learnt))
        else:
            found[learnt.target] = learnt
        progress(done, len(TARGETS))
    return found, problems


def predict(
    store: Store, past: StoredPast, models: Mapping[str, Learnt], computed_at: datetime, data_until: datetime,
    progress: Callable[[int, int], None],
) -> dict[str, int]:  # fmt: skip
    """Write what is foretold of everybody; returns how many rows of each kind."""
    features = feature_store.stored(store)
    scores, needs = Replacing(store, Score, Score.kind == "churn"), Replacing(store, Need)
    customers = features["customer_id"].to_numpy()
    bought: Any = None
    for number, part in enumerate(parts(len(customers))):
        if number % AT_ONCE == 0:
            asked = customers[part.start : part.start + AT_ONCE * (part.stop - part.start)]
            bought = past.bought_categories(past.last, asked)
        some = features.iloc[part]
        theirs = bought[bought["customer_id"].between(customers[part.start], customers[part.stop - 1])]
        found = predict_all(some, theirs, models, computed_at=computed_at, data_until=data_until)
        last = int(customers[part.stop - 1])
        scores.write(last, found.scores)
        needs.write(last, found.needs)
        progress(part.stop, len(customers))
    scores.finish()
    needs.finish()
    return {"scores": scores.written, "needs": needs.written}
