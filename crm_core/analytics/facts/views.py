"""The views that analysis reads: the only place that knows how the tables become facts.

Features, the export to Spark and tools such as Metabase read these and no tables (docs/analytics.md describes their
columns). Nothing personal is in them but whose row it is. Days are counted from 1970-01-01 in UTC and moments are UTC
epoch seconds, so that every engine counts alike; money is in minor units, mood in thousandths (-1000 … 1000), yes and
no are 1 and 0. Drafts are left out, also those that were turned down, which never were orders; what belonged to a
merged record belongs to the joined one.

On PostgreSQL they are a schema, `facts`, so that a reader can be given these alone; SQLite has no schemas, there they
are called `facts_orders` and so on.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

from crm_core.models import CustomerFeatures
from crm_core.orders import CHAT

SCHEMA = "facts"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DISTANCES = {
    "recency_days": "last_order_day", "tenure_days": "first_order_day", "contact_recency_days": "last_contact_day",
}  # fmt: skip
"""Feature -> the stored day that it is counted from, so that nobody's row changes by mere lapse of time."""
MEANS = {
    "mean_order_minor": ("spend_minor", "orders"),
    "discount_share_milli": ("discounted_sum_milli", "orders"),
    "mood_mean_milli": ("mood_sum_milli", "mood_count"),
    "mood_90_milli": ("mood_90_sum_milli", "mood_90_count"),
    "mood_prev90_milli": ("mood_prev90_sum_milli", "mood_prev90_count"),
    "rating_mean_milli": ("rating_sum_milli", "ratings"),
    "post_mood_milli": ("post_mood_sum_milli", "post_mood_count"),
}
"""Feature -> the stored sum and count that it is the quotient of, so that a day's events can be added."""

ORDERED = f"o.status <> 'draft' AND NOT (o.status = 'cancelled' AND o.source = '{CHAT}' AND o.cancelled_at IS NULL)"
"""What makes a row of orders an order: a draft of a chat that was turned down has no day of cancelling."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database says what the views need."""

    name: str

    def view(self, fact: str) -> str:
        """The full name of a view."""
        return f"{SCHEMA}_{fact}" if self.name == "sqlite" else f"{SCHEMA}.{fact}"

    def day(self, moment: str) -> str:
        """The day of a moment, exactly: SQLite would round 23:59:59.9996 up to the next one."""
        if self.name == "sqlite":
            return f"CAST(julianday(substr({moment}, 1, 10)) - 2440587.5 AS INTEGER)"
        return f"CAST(({moment} AT TIME ZONE 'UTC')::date - DATE '1970-01-01' AS BIGINT)"

    def seconds(self, moment: str) -> str:
        """The whole seconds of a moment."""
        if self.name == "sqlite":
            return f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"
        return f"CAST(floor(extract(epoch FROM {moment})) AS BIGINT)"

    def begin(self, day: int) -> str:
        """The first moment of a day, to compare columns with."""
        moment = (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d %H:%M:%S.000000")
        return f"'{moment}'" if self.name == "sqlite" else f"TIMESTAMPTZ '{moment}+00'"

    def flag(self, column: str) -> str:
        """A yes or no as 1 or 0."""
        return f"CASE WHEN {column} THEN 1 ELSE 0 END"

    def each(self, column: str) -> str:
        """What follows FROM to have the entries of a list beside the row it is in: `e`."""
        if self.name == "sqlite":
            return f"JOIN json_each({column}) AS e"
        return f"CROSS JOIN LATERAL json_array_elements({column}) WITH ORDINALITY AS e(value, place)"

    @property
    def place(self) -> str:
        """The place of an entry `e` in its list, from 1."""
        return "e.key + 1" if self.name == "sqlite" else "e.place"

    def part(self, *names: str) -> str:
        """A value within the entry `e`, or the entry itself, as text."""
        if self.name == "sqlite":
            return f"CAST(json_extract(e.value, '$.{'.'.join(names)}') AS TEXT)" if names else "e.value"
        return f"(e.value #>> '{{{','.join(names)}}}')"

    def mean(self, total: str, count: str) -> str:
        """A quotient rounded down, also below zero, where databases round up; NULL where nothing was counted."""
        return f"({total} - CASE WHEN {total} < 0 THEN {count} - 1 ELSE 0 END) / NULLIF({count}, 0)"

    def word(self, column: str) -> str:
        """A text that is ordered by its code points everywhere, so that ties end alike."""
        return column if self.name == "sqlite" else f'{column} COLLATE "C"'


def views(dialect: str) -> dict[str, str]:
    """Fact → the SELECT behind its view."""
    say = Dialect(dialect)
    return {**_things(say), **_trade(say), **_talk(say), **_found(say)}


def _things(say: Dialect) -> dict[str, str]:
    return {
        "customers": f"""
            SELECT c.id AS customer_id, c.number, c.kind, c.company_id, c.country, c.language, c.tier,
                   {say.seconds("c.first_seen_at")} AS first_seen_at, {say.day("c.first_seen_at")} AS first_seen_day
            FROM customers AS c WHERE c.kind <> 'visitor' AND c.merged_into_id IS NULL""",
        "products": f"""
            SELECT p.id AS product_id, p.sku, p.name_en, p.name_zh, {say.word("p.category")} AS category,
                   p.price_minor, p.currency, p.stock, {say.flag("p.consumable")} AS consumable,
                   {say.flag("p.active")} AS active
            FROM products AS p""",
    }


def _trade(say: Dialect) -> dict[str, str]:
    """An imported order may be cancelled without a day: then it was from the start, and never counts."""
    cancelled = f"CASE WHEN o.status = 'cancelled' THEN {say.day('COALESCE(o.cancelled_at, o.placed_at)')} END"
    first = "SELECT MIN(b.requested_at) FROM refunds AS b WHERE b.order_id = o.id AND b.requested_at < o.updated_at"
    returned = f"CASE WHEN o.status = 'returned' THEN {say.day(f'COALESCE(({first}), o.updated_at)')} END"
    placed = f"{say.seconds('o.placed_at')} AS placed_at, {say.day('o.placed_at')} AS placed_day"
    return {
        "orders": f"""
            SELECT o.id AS order_id, o.customer_id, o.number, o.status, o.currency, o.total_minor, o.discount_minor,
                   o.shipping_minor, o.source, {placed}, {cancelled} AS cancelled_day, {returned} AS returned_day
            FROM orders AS o WHERE {ORDERED}""",
        "order_lines": f"""
            SELECT l.id AS line_id, l.order_id, o.customer_id, l.product_id, p.sku,
                   {say.word("p.category")} AS category, l.quantity, l.unit_minor,
                   l.quantity * l.unit_minor AS line_minor, o.currency, {placed}, {cancelled} AS cancelled_day
            FROM order_lines AS l JOIN orders AS o ON o.id = l.order_id JOIN products AS p ON p.id = l.product_id
            WHERE {ORDERED}""",
        "refunds": f"""
            SELECT r.id AS refund_id, r.order_id, o.customer_id, r.status, r.amount_minor, r.currency, r.reason,
                   {say.seconds("r.requested_at")} AS requested_at, {say.day("r.requested_at")} AS requested_day,
                   CASE WHEN r.status = 'paid' THEN {say.day("COALESCE(r.paid_at, r.requested_at)")} END AS paid_day
            FROM refunds AS r JOIN orders AS o ON o.id = r.order_id""",
    }


def _talk(say: Dialect) -> dict[str, str]:
    return {
        "interactions": f"""
            SELECT i.id AS interaction_id, i.customer_id, i.conversation_id, i.staff_id, i.direction, i.author, i.kind,
                   i.channel, i.language, i.intent, i.topic, i.sentiment_milli AS mood_milli,
                   {say.seconds("i.occurred_at")} AS occurred_at, {say.day("i.occurred_at")} AS occurred_day
            FROM interactions AS i""",
        "cases": f"""
            SELECT k.id AS case_id, k.number, k.customer_id, k.order_id, k.topic, k.status, k.priority, k.owner_id,
                   {say.seconds("k.opened_at")} AS opened_at, {say.day("k.opened_at")} AS opened_day,
                   {say.seconds("k.closed_at")} AS closed_at, {say.day("k.closed_at")} AS closed_day
            FROM cases AS k""",
        "ratings": f"""
            SELECT g.id AS rating_id, g.customer_id, g.conversation_id, g.staff_id, g.score,
                   {say.seconds("g.given_at")} AS given_at, {say.day("g.given_at")} AS given_day
            FROM ratings AS g WHERE g.given_at IS NOT NULL AND g.score IS NOT NULL""",
        "campaign_contacts": f"""
            SELECT a.id AS contact_id, a.campaign_id, a.customer_id, a.variant, {say.flag("a.held_out")} AS held_out,
                   {say.day("a.sent_at")} AS sent_day, {say.day("a.replied_at")} AS replied_day,
                   {say.day("a.converted_at")} AS converted_day, {say.day("a.opted_out_at")} AS opted_out_day
            FROM campaign_contacts AS a""",
        "posts": f"""
            SELECT s.id AS post_id, s.customer_id, s.connector, s.kind, s.about, s.language, s.topic,
                   s.need, s.sentiment_milli AS mood_milli, s.likes, s.replies, s.shares,
                   {say.flag("s.brand_named")} AS brand_named, {say.flag("s.spam")} AS spam, s.duplicate_of_id,
                   {say.seconds("s.occurred_at")} AS occurred_at, {say.day("s.occurred_at")} AS occurred_day
            FROM posts AS s WHERE NOT s.own""",
    }


def _found(say: Dialect) -> dict[str, str]:
    """What was computed about customers."""
    columns = [column.name for column in CustomerFeatures.__table__.columns if column.name not in ("id", "customer_id")]
    distances = [f"d.as_of_day - f.{day} AS {name}" for name, day in DISTANCES.items()]
    means = [f"{say.mean(f'f.{total}', f'f.{count}')} AS {name}" for name, (total, count) in MEANS.items()]
    gaps = [
        f"{say.mean('(f.last_order_day - f.first_order_day)', '(f.orders - 1)')} AS gap_mean_days",
        "f.last_order_day - f.previous_order_day AS last_gap_days",
    ]
    behind = {*DISTANCES.values(), *chain(*MEANS.values()), "previous_order_day", "category_units"}
    kept = [f"f.{name}" for name in columns if name not in behind - {"ratings", "orders", "spend_minor"}]

    def computed(row: str) -> str:
        moments = ("computed_at", "data_until")
        return ", ".join(f"{say.seconds(f'{row}.{moment}')} AS {moment}" for moment in moments)

    return {
        "customer_features": f"""
            SELECT f.customer_id, d.as_of_day, {", ".join([*distances, *means, *gaps, *kept])}
            FROM customer_features AS f JOIN customers AS c ON c.id = f.customer_id AND c.merged_into_id IS NULL
            CROSS JOIN (SELECT as_of_day FROM feature_runs ORDER BY id DESC LIMIT 1) AS d""",
        "scores": f"""
            SELECT s.customer_id, s.kind, s.value_milli, s.low_milli, s.high_milli, s.horizon_days, s.model,
                   {computed("s")}
            FROM scores AS s""",
        "needs": f"""
            SELECT n.customer_id, n.kind, n.rank, n.what, n.chance_milli, n.horizon_days, n.model, {computed("n")}
            FROM needs AS n""",
        "recommended_products": f"""
            SELECT r.customer_id, r.list_name, {say.place} AS rank, {say.part("sku")} AS sku,
                   CAST({say.part("chance_milli")} AS BIGINT) AS chance_milli, {say.part("reason", "fact")} AS reason,
                   {say.part("reason", "value")} AS reason_about, r.model, {computed("r")}
            FROM recommended_products AS r {say.each("r.items")}""",
        "bundles": f"""
            SELECT b.id AS bundle_id, {say.place} AS place, {say.part()} AS sku, b.with_sku, b.baskets,
                   b.support_milli, b.confidence_milli, b.lift_milli, {say.seconds("b.computed_at")} AS computed_at
            FROM bundles AS b {say.each("b.skus")}""",
        "segment_members": f"""
            SELECT m.customer_id, g.name AS segment, g.name_en, g.name_zh, g.kind, {say.day("m.since")} AS since_day,
                   {say.day("m.until")} AS until_day
            FROM segment_members AS m JOIN segments AS g ON g.id = m.segment_id""",
    }
