"""A simulated market whose truth is known: customers, what they bought after past campaigns, and why."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from crm_core.analytics.campaigns.gain import Market, Space, Terms
from crm_core.analytics.campaigns.plans import order_values
from crm_core.analytics.campaigns.response import CUSTOMER, Contacts, Design, Weights
from crm_core.analytics.prediction.inputs import learn_inputs
from crm_core.analytics.prediction.snapshots import Array, Frame

CHANNELS = ("telegram", "email", "slack")
HOURS = tuple(float(hour) for hour in range(8, 21))
COST = {"telegram": 2.0, "email": 5.0, "slack": 2.0}


def customers(count: int, random: np.random.Generator) -> Frame:
    """Customers as the feature table has them."""
    orders = random.geometric(0.35, count)
    mean = random.lognormal(9.2, 0.5, count).astype(np.int64)
    recency = np.minimum(random.exponential(90, count), 700).astype(np.int64)
    lately = np.where(recency < 90, 1 + orders // 3, 0)
    return pd.DataFrame({
        "customer_id": np.arange(1, count + 1), "recency_days": recency, "orders": orders, "mean_order_minor": mean,
        "spend_minor": orders * mean, "spend_90_minor": lately * mean, "messages_90": random.poisson(1.5, count),
        "discount_share_milli": (1000 * random.beta(1, 3, count)).astype(np.int64),
        "mood_mean_milli": random.normal(150, 250, count).astype(np.int64),
        "campaigns_replied": random.binomial(3, 0.15, count),
    })  # fmt: skip


def space(known: Frame, hours: tuple[float, ...] = HOURS, most_messages: int = 3) -> Space:
    """What may be chosen for these customers: more than a million plans."""

    def steps(column: str, count: int) -> tuple[float, ...]:
        found = np.quantile(known[column].to_numpy(np.float64), np.linspace(0, 0.9, count), method="lower")
        return tuple(float(each) for each in np.unique(found))

    recency = steps("recency_days", 13)[1:]
    return Space({
        "silent_days": (0.0, *recency), "seen_within_days": (*recency, np.inf),
        "least_orders": (0.0, *steps("orders", 6)[1:]), "least_spend_minor": (0.0, *steps("spend_minor", 13)[1:]),
        "hour": hours, "channel": CHANNELS, "discount": tuple(float(each) for each in range(26)),
        "messages": tuple(float(each) for each in range(1, most_messages + 1)),
    })  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """Why customers buy: weights of a design, drawn anew for each market."""

    design: Design
    weights: Array

    @classmethod
    def drawn(cls, known: Frame, random: np.random.Generator) -> "Truth":
        """One that could be: discounts help, messages tire, and customers differ in both."""
        design = Design(learn_inputs(known, CUSTOMER), CHANNELS)
        whose = len(design.inputs.sources)
        message = [random.normal(0.5, 0.3), *random.normal(0, 0.4, 2), *random.normal(0, 0.35, 2),
                   *random.normal(0, 0.2, 2), random.uniform(0.1, 0.7), random.normal(-0.1, 0.05),
                   -random.uniform(0.2, 1.0)]  # fmt: skip
        return cls(design, np.concatenate([
            [random.normal(-3.2, 0.2)], random.normal(0, 0.25, whose), message, random.normal(0, 0.25, whose),
            random.normal(0, 0.12, whose),
        ]))  # fmt: skip

    def market(self, known: Frame, terms: Terms, choice: Space | None = None) -> Market:
        """The market itself: what plans bring in truth."""
        weights = self.design.apart(self.weights[None, :])
        return market_of(choice or space(known), terms, self.design, weights, known)


def market_of(choice: Space, terms: Terms, design: Design, weights: Weights, known: Frame) -> Market:
    """A market of customers who have not been written to lately."""
    return Market(choice, terms, design, weights, known, np.zeros(len(known)), order_minor=order_values(known))


def past_campaigns(truth: Truth, known: Frame, random: np.random.Generator, *, campaigns: int, people: int) -> Contacts:
    """What past campaigns brought, each to some of the customers in one way, a fifth of whom were held out."""
    parts = []
    for number in range(campaigns):
        rows = np.sort(random.choice(len(known), min(people, len(known)), replace=False))
        count = len(rows)
        sent = (random.random(count) >= 0.2).astype(np.float64)
        discount = random.choice([0.0, 5.0, 10.0, 15.0, 20.0, 25.0])
        plain = Contacts(
            known.iloc[rows], known["customer_id"].to_numpy(np.int64)[rows], np.full(count, 20_000 + 14 * number), sent,
            random.choice(CHANNELS, count), random.choice(HOURS, count), np.full(count, discount),
            random.poisson(0.7, count).astype(np.float64), np.zeros(count),
        )  # fmt: skip
        chance = expit(truth.design.rows(plain) @ truth.weights)
        parts.append(replace(plain, bought=(random.random(count) < chance).astype(np.float64)))
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in
              ("customer", "day", "sent", "channel", "hour", "discount", "before", "bought")}  # fmt: skip
    return Contacts(known=pd.concat([part.known for part in parts], ignore_index=True), **joined)
