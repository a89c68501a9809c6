"""The plan of a campaign that is expected to bring most, and how sure that is.

What was learnt says not one thing but many, each as likely as the past makes it. Plans are chosen by one half of these
and reported by the other: what is best by chance in the first is not so in the second, so that no plan is promised
more than it deserves for having been chosen.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.campaigns.gain import AUDIENCE, Market, Space
from crm_core.analytics.campaigns.response import Contacts, Response, Weights, by_use
from crm_core.analytics.campaigns.search import EVALUATIONS, SEARCHES, Found
from crm_core.analytics.prediction.snapshots import Array, Frame

DRAWS = 40
"""Models that plans are chosen by, and as many that they are reported by."""
SURE = 0.9
"""How likely the gain lies in the interval."""
LEAST_TRIED = 30
"""Messages from which an hour or a channel counts as tried: nothing else is proposed, for nothing is known of it."""
SILENT_DAYS = (14.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0)
ORDERS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SPEND_STEPS = 12
MOST_MESSAGES = 3


@dataclass(frozen=True)
class Plan:
    """What is proposed, and its expected gain with the ends of its interval; money in minor units.

    `uncorrected`: the gain by the models it was chosen by. `tried`: what each way of searching found, by those, None
    where nothing it tried kept the limits. `why`: how much gain each choice brings over what was usual before.
    """

    levels: tuple[int, ...]
    values: Mapping[str, float | str]
    gain: float
    low: float
    high: float
    uncorrected: float
    spent: float
    people: int
    messages: int
    way: str
    tried: Mapping[str, float | None]
    why: Mapping[str, float]


def best_plan(
    chosen_by: Market,
    reported_by: Market,
    usual: Mapping[str, float | str],
    *,
    evaluations: int = EVALUATIONS,
    seed: int,
) -> Plan | None:
    """Search in all ways and report on the best plan found; None when nothing that was tried keeps the limits.

    Args:
        usual: the hour, channel, discount and number of messages that were commonest before.
    """
    found = {name: search(chosen_by, evaluations, seed) for name, search in SEARCHES.items()}
    way = max(found, key=lambda name: -np.inf if found[name].gain is None else float(found[name].gain or 0))
    best: Found = found[way]
    if best.gain is None:
        return None
    outcome = reported_by.outcomes(np.array([best.levels]))
    gains = outcome.gain[0]
    low, high = np.quantile(gains, [(1 - SURE) / 2, (1 + SURE) / 2])
    values = chosen_by.space.plan(best.levels)
    return Plan(
        best.levels, values, float(gains.mean()), float(low), float(high), best.gain, float(outcome.spent.mean()),
        round(float(outcome.people[0])), round(float(outcome.messages[0])), way,
        {name: each.gain for name, each in found.items()}, _why(reported_by, values, usual),
    )  # fmt: skip


def _why(market: Market, plan: Mapping[str, float | str], usual: Mapping[str, float | str]) -> dict[str, float]:
    """What the gain would lose if one choice were as usual, or as many people were drawn from everybody instead."""
    everybody = {name: market.space.values[name][0 if name != "seen_within_days" else -1] for name in AUDIENCE}
    instead = {"audience": everybody} | {name: {name: value} for name, value in usual.items()}
    rows = [plan, *({**plan, **change} for change in instead.values())]
    found = market.outcomes(np.array([market.space.levels(row) for row in rows]))
    gains = found.gain.mean(axis=1)
    gains[1] *= found.people[0] / max(found.people[1], 1)
    return {name: float(gains[0] - gain) for name, gain in zip(instead, gains[1:], strict=True)}


def halves(response: Response, seed: int, draws: int = DRAWS) -> tuple[Weights, Weights]:
    """Models as likely as the past makes them: some to choose by, as many to report by."""
    both = response.draws(2 * draws, np.random.default_rng(seed))
    one, other = (
        Weights(*(getattr(both, part.name)[rows] for part in fields(Weights)))
        for rows in (slice(0, draws), slice(draws, None))
    )
    return one, other


def space_of(past: Contacts, known: Frame, channels: Collection[str] = ()) -> Space:
    """What may be chosen: bounds of the audience in round numbers, and of the message only what was tried before.

    Args:
        channels: those that can be used now; empty: any.
    """
    sent = past.only(past.sent > 0)
    spend = known["spend_minor"].to_numpy(dtype=np.float64, na_value=0.0)
    steps = np.quantile(spend[spend > 0], np.linspace(0.1, 0.9, SPEND_STEPS)) if (spend > 0).any() else []
    discounts = np.arange(sent.discount.min(), sent.discount.max() + 1).tolist()
    most = min(MOST_MESSAGES, 1 + int(sent.before.max()))
    return Space({
        "silent_days": (0.0, *SILENT_DAYS), "seen_within_days": (*SILENT_DAYS, np.inf), "least_orders": ORDERS,
        "least_spend_minor": (0.0, *sorted({_rounded(each) for each in steps})),
        "hour": tuple(sorted(float(hour) for hour in _tried(sent.hour.astype(np.str_)))),
        "channel": tuple(name for name in _tried(sent.channel) if not channels or name in channels),
        "discount": tuple(discounts), "messages": tuple(float(each) for each in range(1, most + 1)),
    })  # fmt: skip


def usual_of(past: Contacts, space: Space) -> dict[str, float | str]:
    """Of what may be chosen, the hour, channel and discount of most past messages; one message each."""
    hours, channels = (np.isin(column, np.array(space.values[name])) for column, name in
                       ((past.hour, "hour"), (past.channel, "channel")))  # fmt: skip
    sent = past.only((past.sent > 0) & hours & channels)
    hour, discount = (float(by_use(column.astype(np.str_))[0]) for column in (sent.hour, sent.discount))
    return {"hour": hour, "channel": by_use(sent.channel)[0], "discount": discount, "messages": 1.0}


def order_values(known: Frame) -> Array:
    """What an order of each customer is worth: the mean of theirs, or the usual one of those who never ordered."""
    values = known["mean_order_minor"].to_numpy(dtype=np.float64, na_value=np.nan)
    filled: Array = np.where(np.isnan(values), np.nanmedian(values), values)
    return filled


def _tried(names: NDArray[np.str_]) -> tuple[str, ...]:
    """What occurs often enough, the commonest first; at least the commonest."""
    ranked = by_use(names)
    return tuple(name for name in ranked if (names == name).sum() >= LEAST_TRIED) or ranked[:1]


def _rounded(amount: float) -> float:
    """Two digits, as people say amounts."""
    step = 10 ** max(int(np.floor(np.log10(max(amount, 1)))) - 1, 0)
    return float(round(amount / step) * step)
