"""Figures that staff are warned of: measured every hour, told once each time a line is crossed.

What was told is armed again once the figure went back by a tenth of the line (of a change: below half of it), so that
one that wavers around the line is told once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.digest_plans import is_paused
from crm_core.models import Alert, Product
from crm_core.reports.metrics import METRICS, Figure
from crm_core.reports.periods import Period, last_days, one_day
from crm_core.reports.subjects import PRODUCT, measured
from crm_core.staff.store import StaffStore

CHANGES = ("rise", "fall")
STOCK = "stock"
"""How many of a product are left now, of several the fewest; the one thing that is no figure of a period."""
ENOUGH = 5
"""Observations behind a mood, a rating or a time before it says anything."""
LEAST_BEFORE = 5
"""What a count was before a change of it in per cent says anything: from 1 to 2 is +100 %."""
BACK = 0.1
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What an alert sees now. `crossed` and `back` are both False between the two lines, and where nothing is known."""

    period: Period
    figure: Figure
    before: Figure | None
    crossed: bool
    back: bool

    @property
    def percent(self) -> float | None:
        """The change in per cent; None without one, or from nothing."""
        return _percent(self.figure, self.before) if self.before else None


def look(session: Session, alert: Alert, now: datetime) -> Reading:
    """Measure an alert's figure and hold it against its line."""
    period = period_of(alert, now)
    if alert.metric == STOCK:
        left = _left(session, alert)
        crossed = left.value is not None and _is_past(alert, left.value * 1000)
        return Reading(period, left, None, crossed, not crossed and left.value is not None)
    figure = measured(session, alert.metric, period, alert.only, alert.without)
    if alert.test not in CHANGES:
        return Reading(period, figure, None, *_against(alert, figure))
    before = measured(session, alert.metric, period.before(), alert.only, alert.without)
    percent = _percent(figure, before)
    if percent is None or before.count < LEAST_BEFORE:
        return Reading(period, figure, before, False, False)
    way, line = (1 if alert.test == "rise" else -1), alert.threshold_milli / 1000
    return Reading(period, figure, before, way * percent >= line, way * percent < line * HALF)


def period_of(alert: Alert, now: datetime) -> Period:
    """What is measured: whole days for changes and for counts that are low; else what goes on up to now.

    A mean of few says little: moods, ratings and times of "a day" reach back into the day before.
    """
    today = now.astimezone(ZoneInfo(alert.zone)).date()
    if alert.metric == STOCK:
        return one_day(today, alert.zone, now)
    kind, whole = METRICS[alert.metric].kind, alert.test in (*CHANGES, "below")
    counted = kind in ("distinct", "sum")
    if alert.window == "week":
        if whole and counted:
            return last_days(today - timedelta(days=1), 7, alert.zone)
        return last_days(today, 7, alert.zone, now)
    if whole and counted:
        return one_day(today - timedelta(days=1), alert.zone)
    return one_day(today, alert.zone, now) if counted else last_days(today, 2, alert.zone, now)


def _against(alert: Alert, figure: Figure) -> tuple[bool, bool]:
    counted = METRICS[alert.metric].kind in ("distinct", "sum")
    if figure.value is None or (not counted and figure.count < ENOUGH):
        return False, False
    milli, line = figure.value * 1000, alert.threshold_milli
    room = abs(line) * BACK
    return _is_past(alert, milli), milli <= line - room if alert.test == "above" else milli >= line + room


def _is_past(alert: Alert, milli: float) -> bool:
    return milli > alert.threshold_milli if alert.test == "above" else milli < alert.threshold_milli


def _left(session: Session, alert: Alert) -> Figure:
    query = select(Product.stock).where(Product.sku.in_(list(alert.only.get(PRODUCT, ()))), Product.active)
    found = list(session.scalars(query))
    return Figure(STOCK, "count", min(found, default=None), len(found))


def _percent(figure: Figure, before: Figure) -> float | None:
    if figure.value is None or not before.value:
        return None
    return 100 * (figure.value - before.value) / abs(before.value)


# --- one person's alerts --------------------------------------------------------------------------------------------
def alerts_of(store: StaffStore) -> list[Alert]:
    """The speaker's own that are not stopped."""
    query = select(Alert).where(Alert.staff_id == store.actor.staff_id, Alert.stopped_at.is_(None))
    return list(store.session.execute(query.order_by(Alert.number)).scalars())


def add(store: StaffStore, alert: Alert) -> Reading:
    """Keep an alert, and say how it stands: what is so already is told the next time.

    Raises:
        NotAllowed: figures are for managers.
    """
    store.permit("metric.read", "figures", (alert.metric, *alert.only, *alert.without))
    highest = select(func.max(Alert.number)).where(Alert.staff_id == store.actor.staff_id)
    alert.staff_id, alert.created_at = store.actor.staff_id, store.now
    alert.number = (store.session.execute(highest).scalar_one() or 0) + 1
    reading = look(store.session, alert, store.now)
    alert.armed = not reading.crossed
    store.session.add(alert)
    store.session.flush()
    return reading


def stop(store: StaffStore, alert: Alert) -> None:
    """Look no more."""
    alert.stopped_at = store.now
    store.session.flush()


# --- watching -------------------------------------------------------------------------------------------------------
def watched(session: Session, now: datetime) -> list[Alert]:
    """Everybody's that are not stopped and do not rest."""
    query = select(Alert).where(Alert.stopped_at.is_(None)).order_by(Alert.id)
    return [alert for alert in session.execute(query).scalars() if not is_paused(alert, now)]


def settle(session: Session, alert: Alert, reading: Reading, now: datetime) -> bool:
    """Note what was seen; True when it is to be told: of several processes that see the same, in one."""
    if reading.crossed == reading.back or reading.crossed is not alert.armed:
        return False
    values = {"armed": not reading.crossed} | ({"told_at": now} if reading.crossed else {})
    changed = session.execute(
        update(Alert)
        .where(Alert.id == alert.id, Alert.armed.is_(reading.crossed), Alert.stopped_at.is_(None))
        .values(**values)
        .returning(Alert.id)
    ).first()
    return reading.crossed and changed is not None
