"""The RFM grid: every customer's recency, frequency and money from 1 (worst) to 5 (best), and the usual name of that.

Loads pandas: call it in a job's own process.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

GRADES = 5
GOOD = GRADES - 1
"""From which grade a customer counts as recent, frequent or valuable."""
NOT_BOUGHT = "not_bought_yet"


def grid(features: "pandas.DataFrame") -> dict[int, str]:
    """Customer id -> key of a cell (`config/segments.yml`), for every row of the feature table."""
    bought = features[features["orders"] > 0]
    graded = zip(
        bought["customer_id"].tolist(),
        _grades(-bought["recency_days"]),
        _grades(bought["orders"]),
        _grades(bought["spend_minor"]),
        bought["orders"].tolist(),
        strict=True,
    )
    cells = {int(one): cell(r, f, m, first=orders == 1) for one, r, f, m, orders in graded}
    return {int(one): cells.get(int(one), NOT_BOUGHT) for one in features["customer_id"].tolist()}


def _grades(values: Any) -> list[int]:
    """1 to 5 by the share of customers that are below, in whole numbers.

    Who is equal gets the same grade: a grid that splits one-time buyers by their ids makes names that mean nothing, and
    changes them whenever somebody is added.
    """
    below = values.astype("int64").rank(method="min").astype("int64") - 1
    return [int(grade) for grade in (1 + below * GRADES // max(1, len(values)))]


def cell(recency: int, frequency: int, money: int, *, first: bool = False) -> str:
    """The name of a place in the grid.

    Args:
        first: the only order so far; only they are new.
    """
    few, often = frequency == 1, frequency >= GOOD
    if recency >= GOOD:
        if often:
            return "champions" if money >= GOOD else "loyal"
        return "potential_loyalist" if not few else "new" if first else "promising"
    if recency == GOOD - 1:
        return "loyal" if often else "about_to_sleep" if few else "needs_attention"
    if often:
        return "cant_lose_them" if money >= GOOD else "at_risk"
    if recency == 1:
        return "lost" if few else "hibernating"
    return "hibernating" if few else "at_risk"
