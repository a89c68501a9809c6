"""Who buys after a campaign's message, learnt from past campaigns: a logistic model whose weights are uncertain.

Customers who were held out are among the examples, so that the model tells apart who would have bought anyway. Weights
have a normal prior around 0; what follows from the examples is a normal distribution of weights (Laplace), from which
`Response.draws` takes any number of models that fit the past about as well. It was chosen on later messages than it
was fitted on, and is used only if it foretells those better than the shares of the past do, by more than chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crm_core.analytics.prediction.inputs import Inputs, learn_inputs
from crm_core.analytics.prediction.snapshots import Array, Frame, Ids
from crm_core.analytics.recommendations.mix import difference
from crm_core.errors import CrmError

CUSTOMER = (
    "recency_days", "orders", "mean_order_minor", "spend_90_minor", "discount_share_milli", "messages_90",
    "mood_mean_milli", "campaigns_replied",
)  # fmt: skip
"""What is looked at of a customer, as of sending."""
LEAST_CONTACTS, LEAST_BOUGHT, LEAST_HELD_OUT = 300, 30, 30
SURE = 0.9
"""Of bootstrap intervals: what lies beyond one end of such an interval has a chance of 5 %."""
SPLIT = (0.6, 0.8)
"""Shares of the messages, by time, after which validation and the test begin."""
PRIORS = (0.2, 0.5, 1.0)
"""Deviations of the weights' prior that are tried."""
WIDE = 5.0
"""The prior's deviation of the two means: without a message, and with one."""
STEPS = 50


class TooFewContacts(CrmError):
    """Past campaigns are too few, or too alike, to learn from; the text says what is missing."""


@dataclass(frozen=True)
class Contacts:
    """Past contacts, one row each: of whom, what was known of them, what they got, and whether they bought.

    `hour` is of the customer's own day, `discount` in per cent, `before` how many messages of campaigns they had got in
    the 30 days before. Of who was held out (`sent` 0) none of these counts.
    """

    known: Frame
    customer: Ids
    day: Ids
    sent: Array
    channel: NDArray[np.str_]
    hour: Array
    discount: Array
    before: Array
    bought: Array

    def __len__(self) -> int:
        return len(self.customer)

    def only(self, rows: NDArray[np.bool_]) -> "Contacts":
        """Some of the rows."""
        plain = (self.customer, self.day, self.sent, self.channel, self.hour, self.discount, self.before, self.bought)
        return Contacts(self.known[rows], *(column[rows] for column in plain))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Design:
    """How a contact becomes numbers: the customer, the message, and how customers differ in what a message does and in
    what a discount does.
    """

    inputs: Inputs
    channels: tuple[str, ...]

    def customer(self, known: Frame) -> Array:
        """A row of standardised numbers each."""
        return self.inputs.scaled(known)

    def message(self, channel: Sequence[str] | NDArray[np.str_], hour: Array, discount: Array, before: Array) -> Array:
        """A row each of what a message adds for everybody alike."""
        names = np.asarray(channel)
        angle = 2 * np.pi * np.asarray(hour, dtype=np.float64) / 24
        tenths = np.asarray(discount, dtype=np.float64) / 10
        waves = [turn(times * angle) for times in (1, 2) for turn in (np.sin, np.cos)]
        chosen = [np.array(names == name, dtype=np.float64) for name in self.channels[1:]]
        return np.column_stack([np.ones_like(angle), *chosen, *waves, tenths, tenths**2 / 3, np.log1p(before)])

    def rows(self, contacts: Contacts) -> Array:
        """All numbers of contacts, in the order of `Weights`."""
        whose, sent = self.customer(contacts.known), contacts.sent[:, None]
        message = sent * self.message(contacts.channel, contacts.hour, contacts.discount, contacts.before)
        tenths = contacts.discount[:, None] / 10
        return np.hstack([np.ones((len(contacts), 1)), whose, message, sent * whose, sent * whose * tenths])

    def prior(self, deviation: float) -> Array:
        """The prior's precision of each weight; narrower for how customers differ, of which there are many."""
        whose, message = self._widths
        deviations = [WIDE, *[deviation] * whose, WIDE, *[deviation] * (message - 1), *[deviation / 2] * (2 * whose)]
        return np.array(deviations) ** -2.0

    def apart(self, weights: Array) -> "Weights":
        """Weights of shape (draws, numbers) by what they are of."""
        whose, message = self._widths
        return Weights(*np.split(weights, np.cumsum([1, whose, message, whose]), axis=1))

    @property
    def _widths(self) -> tuple[int, int]:
        """How many numbers a customer has, and a message."""
        return len(self.inputs.sources), self.message([""], *[np.zeros(1)] * 3).shape[1]


@dataclass(frozen=True)
class Weights:
    """Draws of the weights: of nobody's message, of the customer, of the message, of how customers differ in it."""

    usual: Array
    customer: Array
    message: Array
    sent_to: Array
    discount_to: Array


@dataclass(frozen=True)
class Response:
    """What was learnt. `figures` are of the test: log loss, that of the shares, how far chances are off (calibration).

    `useful`: on later messages it was better than the shares; otherwise nothing is known to plan with.
    """

    useful: bool
    design: Design
    mean: Array = field(repr=False)
    covariance: Array = field(repr=False)
    figures: Mapping[str, float]
    gain: tuple[float, float]
    """Interval of the shares' log loss less the model's in the test, as a share of the former."""
    contacts: int
    bought: int

    def draws(self, count: int, random: np.random.Generator) -> Weights:
        """So many sets of weights, each as likely as the past makes it."""
        return self.design.apart(random.multivariate_normal(self.mean, self.covariance, size=count, method="cholesky"))

    def chances(self, contacts: Contacts) -> Array:
        """How likely each bought, by the mean weights."""
        return np.asarray(expit(self.design.rows(contacts) @ self.mean))


def learn(contacts: Contacts, seed: int = 0) -> Response:
    """Fit, choose and test the model; then fit it anew on all contacts.

    Raises:
        TooFewContacts: there is too little to learn from.
    """
    _enough(contacts)
    training, validation, test = splits(contacts)
    random = np.random.default_rng(seed)
    design = Design(learn_inputs(training.known, CUSTOMER), by_use(contacts.channel[contacts.sent > 0]))
    losses = {prior: loss(validation, _chances(fit(design, training, prior), validation)) for prior in PRIORS}
    best = min(losses, key=lambda prior: float(losses[prior].mean()))
    naive = loss(validation, _Shares.of(training).chances(validation))
    useful = difference(naive, losses[best], random, probability=SURE)[0] > 0
    earlier = contacts.only(contacts.day < test.day.min())
    chances = _chances(fit(design, earlier, best), test)
    naive = loss(test, _Shares.of(earlier).chances(test))
    low, high = difference(naive, loss(test, chances), random, probability=SURE)
    used = fit(Design(learn_inputs(contacts.known, CUSTOMER), design.channels), contacts, best)
    figures = {
        "log_loss": float(loss(test, chances).mean()), "naive_log_loss": float(naive.mean()),
        "calibration_error": calibration_error(test.bought, chances), "prior": best,
    }  # fmt: skip
    gain = (low / float(naive.mean()), high / float(naive.mean()))
    return Response(
        useful, used.design, used.mean, used.covariance, figures, gain, len(contacts), int(contacts.bought.sum())
    )


def _enough(contacts: Contacts) -> None:
    sent = contacts.sent > 0
    counts = {
        "messages": (int(sent.sum()), LEAST_CONTACTS),
        "orders after a message": (int(contacts.bought[sent].sum()), LEAST_BOUGHT),
        "customers held out": (int((~sent).sum()), LEAST_HELD_OUT),
        "days with messages": (len(np.unique(contacts.day[sent])), 3),
    }
    for what, (count, least) in counts.items():
        if count < least:
            raise TooFewContacts(f"Past campaigns have {count} {what}; {least} are needed to learn from.")


def splits(contacts: Contacts) -> tuple[Contacts, Contacts, Contacts]:
    """Training, validation and test: earlier, later and latest days, none of them in two.

    Raises:
        TooFewContacts: nearly all contacts are of one or two days.
    """
    first, second = np.quantile(contacts.day, SPLIT, method="higher")
    parts = (contacts.day < first, (contacts.day >= first) & (contacts.day < second), contacts.day >= second)
    if any(not (contacts.bought[part].any() and (contacts.sent[part] > 0).any()) for part in parts):
        raise TooFewContacts("Past campaigns are of too few days to learn from some and to be tested on later ones.")
    training, validation, test = (contacts.only(part) for part in parts)
    return training, validation, test


def by_use(names: NDArray[np.str_]) -> tuple[str, ...]:
    """Names, the commonest first, ties by name."""
    found, counts = np.unique(names, return_counts=True)
    return tuple(str(name) for _, name in sorted(zip(-counts, found, strict=True)))


# --- fitting --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Fit:
    """Weights of a design, as a normal distribution."""

    design: Design
    mean: Array
    covariance: Array


def fit(design: Design, contacts: Contacts, deviation: float) -> Fit:
    """The most likely weights under the prior, by Newton's method, and how sure they are."""
    rows, precision = design.rows(contacts), design.prior(deviation)
    weights = np.zeros(rows.shape[1])
    curvature = np.diag(precision)
    for _ in range(STEPS):
        chances = expit(rows @ weights)
        slope = rows.T @ (contacts.bought - chances) - precision * weights
        curvature = rows.T @ (rows * (chances * (1 - chances))[:, None]) + np.diag(precision)
        step = np.linalg.solve(curvature, slope)
        weights = weights + step / max(1.0, float(np.abs(step).max()))  # no leap beyond what it saw
        if float(np.abs(step).max()) < 1e-8:
            break
    return Fit(design, weights, np.asarray(np.linalg.inv(curvature), dtype=np.float64))


@dataclass(frozen=True)
class _Shares:
    """The naive answer: how often who got a message bought, and who was held out."""

    sent: float
    held_out: float

    @classmethod
    def of(cls, contacts: Contacts) -> "_Shares":
        sent = contacts.sent > 0
        shares = ((contacts.bought[part].sum() + 0.5) / (part.sum() + 1) for part in (sent, ~sent))
        return cls(*(float(share) for share in shares))

    def chances(self, contacts: Contacts) -> Array:
        return np.where(contacts.sent > 0, self.sent, self.held_out)


def _chances(found: Fit, contacts: Contacts) -> Array:
    return np.asarray(expit(found.design.rows(contacts) @ found.mean))


def loss(contacts: Contacts, chances: Array) -> Array:
    """The mean log loss of each customer, by rising id: whose contacts are alike counts once."""
    kept = np.clip(chances, 1e-9, 1 - 1e-9)
    losses = -np.where(contacts.bought > 0, np.log(kept), np.log1p(-kept))
    _, whose, count = np.unique(contacts.customer, return_inverse=True, return_counts=True)
    return np.asarray(np.bincount(whose, losses) / count)


def calibration_error(bought: Array, chances: Array, bins: int = 10) -> float:
    """How far chances are from what happened, in the mean over groups of like chance."""
    groups = np.array_split(np.argsort(chances, kind="stable"), bins)
    off = [abs(float(bought[group].mean() - chances[group].mean())) * len(group) for group in groups if len(group)]
    return sum(off) / len(bought)
