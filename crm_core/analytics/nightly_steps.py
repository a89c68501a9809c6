"""The steps of the night, in the child process: each reads what it needs, computes, and replaces its results."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from crm_core.analytics import spark
from crm_core.analytics.facts import engine
from crm_core.analytics.facts import folder as fact_folder
from crm_core.analytics.features import store as feature_store
from crm_core.analytics.forecasts import kept as kept_forecasts
from crm_core.analytics.nightly import Night, Progress
from crm_core.analytics.recommendations import bundles
from crm_core.analytics.recommendations import refresh as recommended
from crm_core.analytics.recommendations.models import BadPurchases
from crm_core.analytics.segments.refresh import refresh_segments
from crm_core.analytics.value import scores as value_scores
from crm_core.analytics.value.models import TooFewPurchases
from crm_core.database import Store, open_store
from crm_core.models import Customer

Told = Mapping[str, Any]
SEED = 7
SEGMENT_KINDS = 3
"""Refreshed one after the other: the grid, clusters, rules."""


@contextmanager
def steps(night: Night, progress: Progress) -> Iterator[dict[str, Callable[[], Told]]]:
    """What is to be done, by its name, on a store that is open meanwhile."""
    all_steps = {
        "features": _features, "segments": _segments, "value": _value, "recommendations": _recommendations,
        "bundles": _bundles, "forecasts": _forecasts, "predictions": _predictions, "topics": _topics,
    }  # fmt: skip
    store = open_store(night.database_url, Path(night.data_dir), night.master_key, night.keys_url, migrate=False)
    with closing(store), _cluster(store, night) as cluster:
        work = Work(store, night, cluster)
        yield {name: partial(all_steps[name], work, partial(progress, name)) for name in night.steps}


@dataclass(frozen=True)
class Work:
    """What steps work with; `cluster` is there when the settings name one."""

    store: Store
    night: Night
    cluster: spark.Cluster | None = None


Step = Callable[[int, int], None]


def _cluster(store: Store, night: Night) -> AbstractContextManager[spark.Cluster | None]:
    if night.engine == "local":
        return nullcontext()
    return closing(spark.Cluster(night.engine, store, Path(night.data_dir) / fact_folder.NAME, night.now))


def _features(work: Work, progress: Step) -> Told:
    store, night = work.store, work.night
    with store.read() as session:
        total = session.scalar(select(func.count()).select_from(Customer)) or 0
    done = 0

    def tell(step: str, customers: int) -> None:
        nonlocal done
        done += customers
        progress(done, max(total, done))

    refresh = work.cluster.refresh_features if work.cluster else partial(feature_store.refresh, store)
    found = refresh(night.as_of, currency=night.currency, now=night.now, progress=tell)
    return {"everybody": found.everybody, "computed": found.computed, "added": found.added}


def _segments(work: Work, progress: Step) -> Told:
    store, night = work.store, work.night
    features = feature_store.stored(store)
    begun = count()
    found = refresh_segments(
        store, features, night.as_of, now=night.now, zone=night.zone,
        progress=lambda kind: progress(next(begun), SEGMENT_KINDS),
    )  # fmt: skip
    return {**found.segments, "joined": found.joined, "left": found.left}


def _value(work: Work, progress: Step) -> Told:
    store, night = work.store, work.night
    buyers = value_scores.read_buyers(store, night.as_of, night.currency)
    try:
        models = value_scores.fit(buyers, SEED)
    except TooFewPurchases as problem:
        return {"skipped": str(problem)}
    return {"scores": value_scores.score_values(store, buyers, models, _stamp(night), progress, SEED)}


def _predictions(work: Work, progress: Step) -> Told:
    from crm_core.analytics.prediction import (  # what learns is heavy: the steps before do without
        refresh as predictions,
    )
    from crm_core.analytics.prediction import stored_past

    store, night = work.store, work.night
    stamp = _stamp(night)
    try:
        with stored_past.reading_past(store, night.currency, night.as_of) as past:
            models, problems = predictions.learn(past, progress, SEED)
            if "churn" not in models:
                return {"skipped": " ".join(problems)}
            written = predictions.predict(store, past, models, stamp["computed_at"], stamp["data_until"], progress)
    except TooFewPurchases as problem:
        return {"skipped": str(problem)}
    learnt = {target: {"model": model.chosen, "cpu_s": round(model.cpu_s, 1)} for target, model in models.items()}
    return {**written, "models": learnt, **({"not_learnt": problems} if problems else {})}


def _recommendations(work: Work, progress: Step) -> Told:
    store, night = work.store, work.night
    try:
        with engine.reading(store) as connection:
            purchases = recommended.read_purchases(connection, night.as_of)
            counts = spark.pair_counts(work.cluster.facts(), night.as_of) if work.cluster else None
            offer = recommended.learn(connection, purchases, night.as_of, SEED, counts)
    except BadPurchases as problem:
        return {"skipped": str(problem)}
    del purchases
    lists = recommended.recommend(store, offer, _stamp(night), progress)
    weights = {
        name: {model: round(weight, 3) for model, weight in mix.weights.items() if weight}
        for name, mix in offer.mixes.items()
    }
    temperatures = {name: round(each, 3) for name, each in offer.temperatures.items()}
    return {"lists": lists, "weights": weights, "temperatures": temperatures}


def _bundles(work: Work, progress: Step) -> Told:
    store, night = work.store, work.night
    if not bundles.stale(store, night.now):
        return {"skipped": "found within the last week"}
    return {"bundles": bundles.refresh(store, night.now, work.cluster.facts() if work.cluster else None)}


def _forecasts(work: Work, progress: Step) -> Told:
    return kept_forecasts.refresh(work.store, work.night.now, work.night.zone, progress)


def _topics(work: Work, progress: Step) -> Told:
    from crm_core.analytics.topics import refresh as topics  # loads what learns

    return topics.refresh(work.store, work.night.now, work.night.zone, progress, work.night.names)


def _stamp(night: Night) -> dict[str, Any]:
    """When it was computed, and up to which moment what happened counts."""
    return {"computed_at": night.now, "data_until": datetime.combine(night.as_of, time(23, 59, 59), UTC)}
