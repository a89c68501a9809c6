"""A past out of plain lists of what happened, for tests of models: the feature table's columns by small pandas code."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

EPOCH = date(1970, 1, 1)
NOT_HERE = (
    "discount_share_milli", "cancelled_orders", "returned_orders", "refunds_minor", "cases", "ratings",
    "campaigns_sent", "campaigns_replied", "campaigns_converted", "posts", "posts_90",
)  # fmt: skip
NOT_KNOWN = ("rating_mean_milli", "post_mood_milli")


def day_number(day: date) -> int:
    return (day - EPOCH).days


@dataclass
class ToldPast:
    """`lines`: customer_id, order_id, day, category, spent_minor, units; `messages`: customer_id, day, what, mood."""

    lines: Any
    messages: Any
    ids: Any
    first: date
    last: date

    def customers(self) -> Any:
        return self.ids

    def _until(self, events: Any, until: date, customers: Any, after: date = EPOCH) -> Any:
        part = events[(events["day"] <= day_number(until)) & (events["day"] > day_number(after))]
        return part if customers is None else part[part["customer_id"].isin(customers)]

    def orders(self, after: date, until: date, customers: Any = None) -> Any:
        lines = self._until(self.lines, until, customers, after)
        return lines.groupby(["customer_id", "order_id", "day"], as_index=False)["spent_minor"].sum()

    def order_lines(self, after: date, until: date, customers: Any = None) -> Any:
        return self._until(self.lines, until, customers, after)

    def contacts(self, after: date, until: date, customers: Any = None) -> Any:
        return self._until(self.messages, until, customers, after).sort_values(["customer_id", "day"], kind="stable")

    def bought_categories(self, day: date, customers: Any = None) -> Any:
        grouped = self._until(self.lines, day, customers).groupby(["customer_id", "category"], as_index=False)
        return grouped.agg(orders=("order_id", "nunique"), last_day=("day", "max"))

    def features(self, day: date, customers: Any = None) -> Any:
        ids = self.ids if customers is None else np.sort(customers)
        today = day_number(day)
        table = pd.DataFrame({"customer_id": ids}).set_index("customer_id")
        table = table.join(self._of_orders(day, customers, today)).join(self._of_talk(day, customers, today))
        counts = [name for name in table if name in ("orders", "units", "messages", "categories", "complaints")
                  or name.startswith(("orders_", "spend", "messages_", "contacts_", "complaints_"))]  # fmt: skip
        table[counts] = table[counts].fillna(0)
        for name in NOT_HERE:
            table[name] = 0
        for name in NOT_KNOWN:
            table[name] = np.nan
        return table.reset_index()

    def _of_orders(self, day: date, customers: Any, today: int) -> Any:
        lines, orders = self._until(self.lines, day, customers), self.orders(EPOCH, day, customers)
        by, age = orders.groupby("customer_id"), today - orders["day"]
        days = orders[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
        gaps = days.assign(gap=days.groupby("customer_id")["day"].diff()).groupby("customer_id")["gap"]
        spent = orders["spent_minor"]
        recent, before = (age < 90).astype(int), age.between(90, 179).astype(int)
        owner = orders["customer_id"]
        of = lines.groupby(["customer_id", "category"], as_index=False)["order_id"].nunique()
        top = of.sort_values(["customer_id", "order_id", "category"], ascending=[True, False, True])
        top = top.drop_duplicates("customer_id").set_index("customer_id")
        return pd.DataFrame({
            "recency_days": today - by["day"].max(), "tenure_days": today - by["day"].min(), "orders": by.size(),
            "orders_90": recent.groupby(owner).sum(), "orders_prev90": before.groupby(owner).sum(),
            "spend_minor": by["spent_minor"].sum(), "spend_90_minor": (spent * recent).groupby(owner).sum(),
            "spend_prev90_minor": (spent * before).groupby(owner).sum(),
            "mean_order_minor": by["spent_minor"].sum() // by.size(), "gap_mean_days": gaps.mean() // 1,
            "last_gap_days": gaps.last(), "categories": lines.groupby("customer_id")["category"].nunique(),
            "top_category": top["category"], "units": lines.groupby("customer_id")["units"].sum(),
            "top_category_share_milli": top["order_id"] * 1000 // of.groupby("customer_id")["order_id"].sum(),
        })  # fmt: skip

    def _of_talk(self, day: date, customers: Any, today: int) -> Any:
        said = self._until(self.messages, day, customers)
        age, who, mood = today - said["day"], said["customer_id"], said["mood"]
        recent, before = (age < 90).astype(int), age.between(90, 179).astype(int)
        kinds = {f"contacts_{kind}": (said["what"] == kind).groupby(who).sum()
                 for kind in ("delivery", "return", "question")}  # fmt: skip
        angry = (said["what"] == "complaint").astype(int)
        return pd.DataFrame({
            "messages": who.groupby(who).size(), "messages_90": recent.groupby(who).sum(),
            "messages_prev90": before.groupby(who).sum(), "messages_telegram": recent.groupby(who).sum(),
            "messages_web": before.groupby(who).sum(), **kinds, "complaints": angry.groupby(who).sum(),
            "complaints_90": (angry * recent).groupby(who).sum(), "mood_mean_milli": mood.groupby(who).mean() // 1,
            "mood_90_milli": mood.where(recent == 1).groupby(who).mean() // 1,
            "mood_prev90_milli": mood.where(before == 1).groupby(who).mean() // 1,
            "contact_recency_days": today - said.groupby("customer_id")["day"].max(),
        })  # fmt: skip
