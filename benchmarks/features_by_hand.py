"""The features written by hand, in SQL for SQLite and in pandas: what the one definition is measured against."""

from datetime import date
from pathlib import Path
from typing import Any

from crm_core.analytics.features.contact_kinds import CONTACTS
from crm_core.analytics.features.definition import COLUMNS, OPTIONAL, day_number

_DAY = "CAST(julianday(substr({}, 1, 10)) - 2440587.5 AS INTEGER)"


def sql(as_of: date, currency: str) -> str:  # one statement, to be read as a whole
    """The same columns for SQLite, as one would write them for it alone."""
    d = day_number(as_of)

    def mean(total: str, count: str) -> str:
        return f"CAST(floor(CAST({total} AS REAL) / NULLIF({count}, 0)) AS INTEGER)"

    def times(condition: str) -> str:
        return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)"

    talk = {name: ", ".join(f"'{intent}'" for intent in intents) for name, intents in CONTACTS.items()}
    contacts = ", ".join(f"{times(f'intent IN ({intents})')} AS {name}" for name, intents in talk.items())
    now, before = f"day > {d - 90}", f"day > {d - 180} AND day <= {d - 90}"
    return f"""
    WITH placed AS (
        SELECT id, customer_id, placed_at, {_DAY.format("placed_at")} AS day, discount_minor,
               CASE WHEN currency = '{currency}' THEN total_minor ELSE 0 END AS spend,
               CASE WHEN status = 'cancelled' THEN {_DAY.format("COALESCE(cancelled_at, placed_at)")} END AS cancelled,
               CASE WHEN status = 'returned' THEN {
        _DAY.format('''COALESCE((SELECT MIN(requested_at) FROM refunds r
                    WHERE r.order_id = orders.id AND r.requested_at < orders.updated_at), updated_at)''')
    } END AS returned
        FROM orders WHERE status <> 'draft'
    ), ranked AS (
        SELECT customer_id, day, discount_minor, spend, returned,
               row_number() OVER (PARTITION BY customer_id ORDER BY placed_at DESC, id DESC) AS place
        FROM placed WHERE day <= {d} AND (cancelled IS NULL OR cancelled > {d})
    ), trade AS (
        SELECT customer_id, MIN(day) AS first, MAX(day) AS last, COUNT(*) AS orders, SUM(spend) AS spend_minor,
               {mean("SUM(spend)", "COUNT(*)")} AS mean_order_minor,
               {mean("MAX(day) - MIN(day)", "COUNT(*) - 1")} AS gap_mean_days,
               MAX(day) - MAX(CASE WHEN place = 2 THEN day END) AS last_gap_days,
               {mean("1000 * " + times("discount_minor > 0"), "COUNT(*)")} AS discount_share_milli,
               {times(f"returned <= {d}")} AS returned_orders, {times(now)} AS orders_90, {
        times(before)
    } AS orders_prev90,
               SUM(CASE WHEN {now} THEN spend ELSE 0 END) AS spend_90_minor,
               SUM(CASE WHEN {before} THEN spend ELSE 0 END) AS spend_prev90_minor
        FROM ranked GROUP BY customer_id
    ), lost AS (
        SELECT customer_id, COUNT(*) AS cancelled_orders FROM placed WHERE day <= {d} AND cancelled <= {
        d
    } GROUP BY customer_id
    ), baskets AS (
        SELECT customer_id, category, SUM(quantity) AS units
        FROM placed JOIN order_lines l ON l.order_id = placed.id JOIN products p ON p.id = l.product_id
        WHERE day <= {d} AND (cancelled IS NULL OR cancelled > {d}) GROUP BY customer_id, category
    ), likes AS (
        SELECT customer_id, SUM(units) AS units, COUNT(*) AS categories,
               MAX(CASE WHEN place = 1 THEN category END) AS top_category,
               {mean("1000 * MAX(units)", "SUM(units)")} AS top_category_share_milli
        FROM (SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY units DESC, category) AS place
              FROM baskets)
        GROUP BY customer_id
    ), paid AS (
        SELECT o.customer_id, SUM(r.amount_minor) AS refunds_minor FROM refunds r JOIN orders o ON o.id = r.order_id
        WHERE r.status = 'paid' AND r.currency = '{currency}' AND {
        _DAY.format("COALESCE(r.paid_at, r.requested_at)")
    } <= {d}
        GROUP BY o.customer_id
    ), said AS (
        SELECT customer_id, channel, intent, sentiment_milli AS mood, {
        _DAY.format("occurred_at")
    } AS day FROM interactions
        WHERE direction = 'in' AND author = 'customer' AND kind <> 'edit' AND customer_id IS NOT NULL
    ), talk AS (
        SELECT customer_id, MAX(day) AS last_contact, COUNT(*) AS messages, {times(now)} AS messages_90,
               {times(before)} AS messages_prev90, {times("channel = 'telegram'")} AS messages_telegram,
               {times("channel = 'web'")} AS messages_web, {contacts}, {times("intent = 'complaint'")} AS complaints,
               {times(f"intent = 'complaint' AND {now}")} AS complaints_90, {
        mean("SUM(mood)", "COUNT(mood)")
    } AS mood_mean_milli,
               {mean(f"SUM(CASE WHEN {now} THEN mood END)", f"COUNT(CASE WHEN {now} THEN mood END)")} AS mood_90_milli,
               {
        mean(f"SUM(CASE WHEN {before} THEN mood END)", f"COUNT(CASE WHEN {before} THEN mood END)")
    } AS mood_prev90_milli
        FROM said WHERE day <= {d} GROUP BY customer_id
    ), opened AS (
        SELECT customer_id, COUNT(*) AS cases FROM cases WHERE {_DAY.format("opened_at")} <= {d} GROUP BY customer_id
    ), rated AS (
        SELECT customer_id, COUNT(*) AS ratings, {
        mean("1000 * SUM(score)", "COUNT(*)")
    } AS rating_mean_milli FROM ratings
        WHERE score IS NOT NULL AND {_DAY.format("given_at")} <= {d} GROUP BY customer_id
    ), asked AS (
        SELECT customer_id, COUNT(*) AS campaigns_sent, {
        times(f"{_DAY.format('replied_at')} <= {d}")
    } AS campaigns_replied,
               {times(f"{_DAY.format('converted_at')} <= {d}")} AS campaigns_converted
        FROM campaign_contacts WHERE {_DAY.format("sent_at")} <= {d} GROUP BY customer_id
    ), posted AS (
        SELECT customer_id, COUNT(*) AS posts, {times(now)} AS posts_90, {
        mean("SUM(mood)", "COUNT(mood)")
    } AS post_mood_milli
        FROM (SELECT customer_id, sentiment_milli AS mood, {_DAY.format("occurred_at")} AS day FROM posts)
        WHERE day <= {d} GROUP BY customer_id
    )
    SELECT {", ".join(_read(name, d) for name in COLUMNS)}
    FROM customers c LEFT JOIN trade ON trade.customer_id = c.id LEFT JOIN lost ON lost.customer_id = c.id
         LEFT JOIN likes ON likes.customer_id = c.id LEFT JOIN paid ON paid.customer_id = c.id
         LEFT JOIN talk ON talk.customer_id = c.id LEFT JOIN opened ON opened.customer_id = c.id
         LEFT JOIN rated ON rated.customer_id = c.id LEFT JOIN asked ON asked.customer_id = c.id
         LEFT JOIN posted ON posted.customer_id = c.id
    WHERE c.kind <> 'visitor' AND c.merged_into_id IS NULL ORDER BY c.id"""


def _read(name: str, day: int) -> str:
    special = {
        "customer_id": "c.id",
        "recency_days": f"{day} - last",
        "tenure_days": f"{day} - first",
        "contact_recency_days": f"{day} - last_contact",
    }
    if name in special:
        return f"{special[name]} AS {name}"
    return name if name in OPTIONAL else f"COALESCE({name}, 0) AS {name}"


def pandas(folder: Path, as_of: date, currency: str) -> Any:
    """The same columns in pandas, from the facts as Parquet files."""
    import pandas as pd

    d = day_number(as_of)
    parts = [*_trade(pd, folder, d, currency), _talk(pd, folder, d), *_rest(pd, folder, d)]
    table = pd.read_parquet(folder / "customers.parquet", columns=["customer_id"]).set_index("customer_id").sort_index()
    table = table.join(parts)
    for name, since in {"recency_days": "last", "tenure_days": "first", "contact_recency_days": "last_contact"}.items():
        table[name] = d - table[since]
    table = table.reset_index()[list(COLUMNS)]
    for name in COLUMNS:
        if name != "top_category":
            table[name] = table[name].astype("Int64") if name in OPTIONAL else table[name].fillna(0).astype("int64")
    return table


def _trade(pd: Any, folder: Path, d: int, currency: str) -> list[Any]:  # one step after the other, nothing to share
    columns = [
        "order_id",
        "customer_id",
        "placed_at",
        "placed_day",
        "cancelled_day",
        "returned_day",
        "currency",
        "total_minor",
        "discount_minor",
    ]
    orders = pd.read_parquet(folder / "orders.parquet", columns=columns)
    orders = orders[orders.placed_day <= d]
    cancelled = orders.cancelled_day <= d
    lost = orders[cancelled].groupby("customer_id").size().rename("cancelled_orders")
    kept = orders[~cancelled].sort_values(["customer_id", "placed_at", "order_id"])
    kept["spend"] = kept.total_minor.where(kept.currency == currency, 0)
    kept["cheap"] = (kept.discount_minor > 0).astype("int64")
    kept["back"] = (kept.returned_day <= d).astype("int64")
    kept["gap"] = kept.placed_day - kept.groupby("customer_id").placed_day.shift()
    for name, low, high in (("90", d - 90, d), ("prev90", d - 180, d - 90)):
        inside = (kept.placed_day > low) & (kept.placed_day <= high)
        kept[f"orders_{name}"], kept[f"spend_{name}_minor"] = inside.astype("int64"), kept.spend.where(inside, 0)
    sums = ["spend", "cheap", "back", "orders_90", "orders_prev90", "spend_90_minor", "spend_prev90_minor"]
    groups = kept.groupby("customer_id")
    trade = groups[sums].sum().rename(columns={"spend": "spend_minor", "back": "returned_orders"})
    trade["orders"], trade["first"], trade["last"] = groups.size(), groups.placed_day.min(), groups.placed_day.max()
    trade["last_gap_days"] = groups.gap.last(skipna=False)
    trade["mean_order_minor"] = trade.spend_minor // trade.orders
    trade["gap_mean_days"] = ((trade["last"] - trade["first"]) // (trade.orders - 1).where(trade.orders > 1)).astype(
        "Int64"
    )
    trade["discount_share_milli"] = 1000 * trade.pop("cheap") // trade.orders
    lines = pd.read_parquet(
        folder / "order_lines.parquet", columns=["customer_id", "category", "quantity", "placed_day", "cancelled_day"]
    )
    lines = lines[(lines.placed_day <= d) & ~(lines.cancelled_day <= d)]
    each = lines.groupby(["customer_id", "category"]).quantity.sum().rename("units").reset_index()
    each = each.sort_values(["customer_id", "units", "category"], ascending=[True, False, True])
    baskets = each.groupby("customer_id")
    likes = baskets.agg(
        units=("units", "sum"), categories=("units", "size"), top_category=("category", "first"), most=("units", "max")
    )
    likes["top_category_share_milli"] = (1000 * likes.pop("most") // likes.units.where(likes.units > 0)).astype("Int64")
    refunds = pd.read_parquet(
        folder / "refunds.parquet", columns=["customer_id", "amount_minor", "currency", "paid_day"]
    )
    refunds = refunds[(refunds.paid_day <= d) & (refunds.currency == currency)]
    return [trade, lost, likes, refunds.groupby("customer_id").amount_minor.sum().rename("refunds_minor")]


def _talk(pd: Any, folder: Path, d: int) -> Any:
    columns = ["customer_id", "direction", "author", "kind", "channel", "intent", "mood_milli", "occurred_day"]
    said = pd.read_parquet(folder / "interactions.parquet", columns=columns, filters=[("direction", "==", "in")])
    said = said[
        (said.author == "customer") & (said.kind != "edit") & said.customer_id.notna() & (said.occurred_day <= d)
    ]
    flags = {
        "messages_telegram": said.channel == "telegram",
        "messages_web": said.channel == "web",
        "complaints": said.intent == "complaint",
    }
    flags |= {name: said.intent.isin(intents) for name, intents in CONTACTS.items()}
    windows = {
        "90": said.occurred_day > d - 90,
        "prev90": (said.occurred_day > d - 180) & (said.occurred_day <= d - 90),
    }
    flags |= {f"messages_{name}": inside for name, inside in windows.items()}
    flags["complaints_90"] = flags["complaints"] & windows["90"]
    numbers = pd.DataFrame({name: flag.astype("int64") for name, flag in flags.items()})
    whole = pd.Series(True, index=said.index)
    for name, inside in (("mean", whole), *windows.items()):
        numbers[f"sum_{name}"] = said.mood_milli.where(inside, 0).fillna(0).astype("int64")
        numbers[f"count_{name}"] = (inside & said.mood_milli.notna()).astype("int64")
    groups = numbers.groupby(said.customer_id.astype("int64"))
    talk = groups.sum()
    talk["messages"] = groups.size()
    talk["last_contact"] = said.groupby(said.customer_id.astype("int64")).occurred_day.max()
    for name in ("mean", *windows):
        count = talk.pop(f"count_{name}")
        talk[f"mood_{name}_milli"] = (talk.pop(f"sum_{name}") // count.where(count > 0)).astype("Int64")
    return talk


def _rest(pd: Any, folder: Path, d: int) -> list[Any]:
    cases = pd.read_parquet(folder / "cases.parquet", columns=["customer_id", "opened_day"])
    ratings = pd.read_parquet(folder / "ratings.parquet", columns=["customer_id", "score", "given_day"])
    sent = pd.read_parquet(folder / "campaign_contacts.parquet")
    posts = pd.read_parquet(folder / "posts.parquet", columns=["customer_id", "mood_milli", "occurred_day"])
    given = ratings[ratings.given_day <= d].groupby("customer_id").score.agg(["size", "sum"])
    rated = pd.DataFrame({"ratings": given["size"], "rating_mean_milli": 1000 * given["sum"] // given["size"]})
    sent = sent[sent.sent_day <= d]
    asked = pd.DataFrame({
        "customer_id": sent.customer_id, "campaigns_sent": 1,
        "campaigns_replied": (sent.replied_day <= d).astype("int64"),
        "campaigns_converted": (sent.converted_day <= d).astype("int64"),
    }).groupby("customer_id").sum()  # fmt: skip
    posts = posts[posts.occurred_day <= d].assign(recent=lambda post: (post.occurred_day > d - 90).astype("int64"))
    groups = posts.groupby("customer_id")
    moods = groups.mood_milli.agg(["sum", "count"])
    posted = pd.DataFrame({"posts": groups.size(), "posts_90": groups.recent.sum()})
    posted["post_mood_milli"] = (moods["sum"] // moods["count"].where(moods["count"] > 0)).astype("Int64")
    return [cases[cases.opened_day <= d].groupby("customer_id").size().rename("cases"), rated, asked, posted]
