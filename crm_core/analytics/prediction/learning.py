"""Which model foretells best: fitted on earlier days, tuned and chosen on a later one, reported on a still later one.

A model is used only if on the day of choosing its squared error is below that of the best naive answer by more than
chance (95 of 100 bootstrap samples of the customers agree); otherwise the naive answer is kept. Among the models that
are no worse than the best one by more than chance, the one that is easiest to explain is taken.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import optuna

from crm_core.analytics.prediction.candidates import FAMILIES, Parameters
from crm_core.analytics.prediction.fitted import RARE, Answers, Fitted, answers_of, fit, fit_naive, learnable
from crm_core.analytics.prediction.inputs import rank_columns
from crm_core.analytics.prediction.scores import (
    Bin,
    Step,
    Verdict,
    figures,
    reliability,
    skill,
    squared,
    verdict,
)
from crm_core.analytics.prediction.snapshots import (
    ROWS,
    Array,
    Days,
    Ids,
    Past,
    Snapshots,
    common_categories,
    fewer,
    gather,
    horizon_of,
    joined,
    latest,
    plan,
    some_customers,
)
from crm_core.analytics.prediction.targets import TARGETS, Target
from crm_core.analytics.recommendations.mix import difference
from crm_core.analytics.value.models import TooFewPurchases

TUNED_FROM = 10_000
"""Examples that parameters are tuned with, at most."""
TRIALS = 12
"""Settings tried of each family."""
SECONDS = 120.0
"""After this the tuning of one family ends, whatever the number of trials: a guard, not a plan."""
KEPT = (1.0, 0.5, 0.25)
"""Shares of the columns, the most telling first, that are tried."""
LEAST_ROWS = 200
SURE = 0.9
"""Of bootstrap intervals: what lies beyond one end of such an interval has a chance of 5 %."""
CURVE = (0.125, 0.25, 0.5, 1.0)
"""Shares of the customers that learning curves are made of."""
SPLITS = ("training", "validation", "test")


@dataclass(frozen=True)
class Candidate:
    """One that competed: its settings, how many columns it was given, its figures by split, its skill by split."""

    parameters: Parameters
    columns: tuple[str, ...]
    figures: Mapping[str, Mapping[str, float]]
    skill: Mapping[str, float]
    calibration: str
    validation_gain: tuple[float, float]
    """Interval of the naive answer's squared error less this one's on validation, as a share of the naive one's."""


@dataclass(frozen=True)
class Learnt:
    """How one target was learnt, and what is used from now on."""

    target: str
    days: Days
    examples: Mapping[str, int]
    customers: int
    answers: Answers
    rates: Mapping[str, float]
    """How often each answer was right in the test; of an amount its mean."""
    naive: str
    naive_figures: Mapping[str, Mapping[str, float]]
    candidates: Mapping[str, Candidate]
    chosen: str
    """A family, or `naive`."""
    test_gain: tuple[float, float]
    """As `validation_gain`, on the test: of the chosen one, or of the best one where the naive answer is kept."""
    best: str
    curve: tuple[Step, ...]
    verdict: Verdict
    reliability: tuple[Bin, ...]
    cpu_s: float
    fitted: Fitted = field(repr=False)
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much each column adds or takes in the test, in the mean over customers and answers."""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Task:
    """Everything the steps of one comparison share."""

    target: Target
    answers: Answers
    splits: Mapping[str, Snapshots]
    ranked: tuple[str, ...]
    days: Days
    customers: Ids
    categories: tuple[str, ...]
    seed: int

    def most_telling(self, share: float) -> tuple[str, ...]:
        """The columns that tell most, a share of all."""
        return self.ranked[: max(1, round(share * len(self.ranked)))]

    def loss(self, fitted: Fitted, split: str) -> Array:
        """The mean squared error of each customer in a split, by rising id: whose examples are alike counts once."""
        return self.loss_on(fitted, self.splits[split])

    def loss_on(self, fitted: Fitted, part: Snapshots) -> Array:
        """The same on any examples."""
        errors = squared(self.answers.wanted(part.followed), fitted.predict(part.known))
        _, whose, count = np.unique(part.customer, return_inverse=True, return_counts=True)
        return np.bincount(whose, errors) / count

    def fit(
        self, name: str, parameters: Parameters, columns: Sequence[str], training: Snapshots | None = None
    ) -> Fitted:
        """One of a family on the training examples, or on others."""
        return fit(self.answers, training or self.splits["training"], name, parameters, columns, self.seed)

    def again(self, fitted: Fitted, parameters: Parameters, examples: Snapshots) -> Fitted:
        """The same model, or naive answer, fitted on other examples."""
        if fitted.naive is not None:
            return fit_naive(self.answers, examples, fitted.naive.column)
        return self.fit(fitted.name, parameters, fitted.columns, examples)

    @property
    def both(self) -> Snapshots:
        """All examples from before the test."""
        return joined(self.splits["training"], self.splits["validation"])


def learn_all(
    past: Past, *, targets: Sequence[str] = tuple(TARGETS), trials: int = TRIALS, seed: int = 0
) -> Iterator[Learnt | TooFewPurchases]:
    """Learn one target after the other; of one that cannot be learnt yet, why."""
    horizon = horizon_of(past)
    for name in targets:
        try:
            yield learn(past, name, TARGETS[name].horizon or horizon, trials=trials, seed=seed)
        except TooFewPurchases as problem:
            yield problem


def learn(past: Past, name: str, horizon: int, *, trials: int = TRIALS, seed: int = 0) -> Learnt:
    """Compare all models of a target and fit the chosen one anew on everything that is known by now.

    Raises:
        TooFewPurchases: there is too little history, there are too few examples, or all ended alike.
    """
    began, random = time.process_time(), np.random.default_rng(seed)
    task = _task(past, name, plan(past.first, past.last, horizon), seed, random)
    naive = _Tried.of(task, *min(_naives(task), key=lambda each: float(task.loss(each[0], "validation").mean())))
    tried = {family: _Tried.of(task, *_tuned(task, family, trials)) for family in FAMILIES}
    base = naive.losses["validation"]
    losses = {family: each.losses["validation"] for family, each in tried.items()}
    gains = {family: _gain(base, loss, random) for family, loss in losses.items()}
    best = min(losses, key=lambda family: float(losses[family].mean()))
    chosen = _choice(losses, gains, best, random)
    winner = tried.get(chosen, naive)
    curve = tuple(_curve(task, naive.first, tried.get(chosen, tried[best]), random))
    test = task.splits["test"]
    wanted = task.answers.wanted(test.followed)
    return Learnt(
        target=name, days=task.days, customers=len(task.customers), answers=task.answers, naive=naive.first.name,
        examples={split: len(part) for split, part in task.splits.items()},
        rates=dict(zip(task.answers.names, wanted.mean(axis=0).tolist(), strict=True)),
        naive_figures=naive.figures(task),
        candidates={family: each.candidate(task, naive, gains[family]) for family, each in tried.items()},
        chosen=chosen, best=best, curve=curve, verdict=verdict(curve),
        reliability=reliability(wanted, winner.later.predict(test.known)) if task.target.kind != "amount" else (),
        test_gain=_gain(naive.losses["test"], tried.get(chosen, tried[best]).losses["test"], random),
        weights=_weights(winner.later, test),
        fitted=_for_use(past, task, winner, random), categories=task.categories, cpu_s=time.process_time() - began,
    )  # fmt: skip


@dataclass(frozen=True)
class _Tried:
    """One that competes: fitted on the training examples, and, to be reported on, also on those of validation."""

    first: Fitted
    later: Fitted
    parameters: Parameters
    losses: Mapping[str, Array]

    @staticmethod
    def of(task: _Task, first: Fitted, parameters: Parameters) -> "_Tried":
        """Fit it a second time and measure both."""
        later = task.again(first, parameters, task.both)
        losses = {split: task.loss(first, split) for split in SPLITS[:2]} | {"test": task.loss(later, "test")}
        return _Tried(first, later, parameters, losses)

    def figures(self, task: _Task) -> dict[str, dict[str, float]]:
        """Its figures by split."""
        return {
            split: figures(task.target.kind, task.answers.wanted(part.followed), model.predict(part.known))
            for (split, part), model in zip(task.splits.items(), (self.first, self.first, self.later), strict=True)
        }

    def candidate(self, task: _Task, naive: "_Tried", gain: tuple[float, float]) -> Candidate:
        """What there is to tell of it."""
        skills = {split: skill(float(self.losses[split].mean()), float(naive.losses[split].mean())) for split in SPLITS}
        return Candidate(
            dict(self.parameters), self.first.columns, self.figures(task), skills, self.first.calibration, gain
        )


def _task(past: Past, name: str, days: Days, seed: int, random: np.random.Generator) -> _Task:
    """The examples of the three splits, the answers there are, and the columns by how much they tell."""
    target = TARGETS[name]
    customers = some_customers(past, len(days.training), random)
    categories = common_categories(past, days.training[-1], customers) if target.categories else ()
    of_split = {"training": days.training, "validation": days.validation, "test": (days.test,)}
    splits = {
        split: fewer(gather(past, when, days.horizon, target.followed, customers, categories), ROWS, random)
        for split, when in of_split.items()
    }
    training = splits["training"]
    answers = answers_of(target.kind, training.followed)
    _enough(name, answers, splits)
    ranked = rank_columns(training, target.kind, random)
    return _Task(target, answers, splits, ranked, days, customers, categories, seed)


def _enough(name: str, answers: Answers, splits: Mapping[str, Snapshots]) -> None:
    least = min(len(part) for part in splits.values())
    if len(splits["training"]) < LEAST_ROWS or least < LEAST_ROWS // 4:
        raise TooFewPurchases(f"{name}: {len(splits['training'])} examples are too few; {LEAST_ROWS} are needed.")
    followed = splits["training"].followed
    counts = np.unique(followed.astype(str) if answers.kind == "choice" else followed, return_counts=True)[1]
    if len(counts) < 2 or (answers.kind == "chance" and counts.min() < RARE) or not answers.names:
        raise TooFewPurchases(f"{name}: nearly all examples ended alike; there is nothing to tell apart yet.")
    if answers.kind == "choice" and len(answers.names) < 2:
        raise TooFewPurchases(f"{name}: only one answer has {RARE} examples; wait, or import more.")


def _naives(task: _Task) -> list[tuple[Fitted, Parameters]]:
    return [(fit_naive(task.answers, task.splits["training"], column), {}) for column in (None, *task.target.naive)]


def _tuned(task: _Task, family: str, trials: int) -> tuple[Fitted, Parameters]:
    """The best of a family on validation: its first settings, unless one of the trials is better."""
    if not trials:
        return task.fit(family, FAMILIES[family].first, task.ranked), FAMILIES[family].first
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    some = fewer(task.splits["training"], TUNED_FROM, np.random.default_rng(task.seed))

    def error(trial: optuna.Trial) -> float:
        columns = task.most_telling(trial.suggest_categorical("columns", KEPT))
        model = task.fit(family, FAMILIES[family].tried(trial), columns, some)
        return float(task.loss(model, "validation").mean())

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task.seed))
    study.enqueue_trial({**FAMILIES[family].first, "columns": 1.0})
    study.optimize(error, n_trials=trials, timeout=SECONDS)
    found = dict(study.best_params)
    columns = task.most_telling(found.pop("columns"))
    return task.fit(family, found, columns), found


def _choice(
    losses: Mapping[str, Array], gains: Mapping[str, tuple[float, float]], best: str, random: np.random.Generator
) -> str:
    """The first family, in the order of `FAMILIES`, that beats the naive answer and is no worse than the best one."""
    for family, (low, _) in gains.items():
        if low > 0 and (family == best or difference(losses[family], losses[best], random, probability=SURE)[0] <= 0):
            return family
    return "naive"


def _curve(task: _Task, naive: Fitted, tried: _Tried, random: np.random.Generator) -> Iterator[Step]:
    """Skill on what was learnt and on validation, from few customers to all of them."""
    training, validation = task.splits["training"], task.splits["validation"]
    customers = random.permutation(np.unique(training.customer))
    for share in CURVE:
        part = training.only(np.isin(training.customer, customers[: round(share * len(customers))]))
        if len(part) < LEAST_ROWS // 2 or not learnable(task.answers, part):
            continue
        model = tried.first if share == 1 else task.again(tried.first, tried.parameters, part)
        yield Step(len(part), *(
            skill(float(task.loss_on(model, each).mean()), float(task.loss_on(naive, each).mean()))
            for each in (part, validation)
        ))  # fmt: skip


def _for_use(past: Past, task: _Task, winner: _Tried, random: np.random.Generator) -> Fitted:
    """The winner, fitted anew on all days whose horizons have passed by now."""
    days = latest(past.first, past.last, task.days.horizon)
    known = gather(past, days, task.days.horizon, task.target.followed, task.customers, task.categories)
    examples = fewer(known, ROWS, random)
    now = replace(task, answers=answers_of(task.target.kind, examples.followed))
    return now.again(winner.first, winner.parameters, examples)


def _weights(fitted: Fitted, examples: Snapshots) -> dict[str, float]:
    added = np.abs(fitted.explain(examples.known).added).mean(axis=(0, 2))
    return dict(zip(fitted.columns, added.tolist(), strict=True))


def _gain(naive: Array, model: Array, random: np.random.Generator) -> tuple[float, float]:
    """The interval of how much less the squared error is, as a share of the naive answer's."""
    low, high = difference(naive, model, random, probability=SURE)
    whole = float(naive.mean()) or 1.0
    return low / whole, high / whole
