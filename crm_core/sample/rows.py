"""Rows of the sample business on their way into the store: ids, sealing and writing in bulk."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, ColumnDefault
from sqlalchemy.orm import Session

from crm_core.bulk import insert_rows
from crm_core.crypto import WORKSPACE, Vault
from crm_core.ids import RANDOM_BITS
from crm_core.models import Base, Customer
from crm_core.sample.content import Season

DAYS = 548
"""How far back the sample's history reaches: 18 months."""
SHOP_ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Timeline:
    """The 18 months before `today`, ending at `until`: nothing is ever dated later.

    Positions are days since the start, as floats; day 0 begins at midnight in the shop's zone.
    """

    def __init__(self, today: date, until: datetime | None) -> None:
        self.today = today
        self.first = today - timedelta(days=DAYS)
        self.start = datetime.combine(self.first, time(), SHOP_ZONE).astimezone(UTC)
        self.midnight = datetime.combine(today, time(), SHOP_ZONE).astimezone(UTC)
        self.until = until.astimezone(UTC) if until else self.midnight + timedelta(minutes=30)
        self.end = (self.until - self.start) / timedelta(days=1)

    def at(self, position: float) -> datetime:
        """The moment at a position, to the second."""
        return self.start + timedelta(seconds=round(position * 86400))

    def ago(self, days: float) -> datetime:
        """The moment so many days before the end."""
        return self.until - timedelta(seconds=round(days * 86400))

    def day(self, position: float) -> date:
        """The day in the shop's zone at a position."""
        return self.first + timedelta(days=int(position))


class SeasonCalendar:
    """Which seasons hold at a position of the timeline."""

    def __init__(self, seasons: dict[str, Season], line: Timeline) -> None:
        self.seasons = seasons
        self.spans = [
            (name, (begin - line.first).days, (end - line.first).days + 1)
            for name, season in seasons.items()
            for begin, end in season.spans(line.first, line.today)
        ]
        self._by_day = [tuple(name for name, begin, end in self.spans if begin <= day < end) for day in range(DAYS + 2)]

    def names(self, position: float) -> tuple[str, ...]:
        """The seasons of that day."""
        return self._by_day[min(int(position), DAYS + 1)]

    def discount(self, position: float) -> int:
        """Percent off for everybody on that day."""
        return max((self.seasons[name].discount for name in self.names(position)), default=0)


class Rows:
    """Collects rows of all tables and writes them in the order of their references, sealed, in bulk.

    The store's session could do it row by row; this is several times faster and seals in the same way.
    """

    def __init__(self, session: Session, vault: Vault) -> None:
        self.counts: Counter[str] = Counter()
        self._session = session
        self._vault = vault
        self.number = 0
        self._rows: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
        self._templates: dict[type[Base], dict[str, Any]] = {}

    def add(self, model: type[Base], at: datetime, /, **values: Any) -> int:
        """Add a row that was made at a moment; texts of sealed attributes are given plainly. Returns its id.

        Ids begin with the second; what is left of them holds the number of the row, so that millions are all different.
        """
        self.number += 1
        row_id = ((at - EPOCH) // SECOND * 1000 << RANDOM_BITS) + self.number
        template = self._templates.get(model)
        if template is None:
            template = self._templates[model] = _template(model)
        self._rows[model].append({**template, **values, "id": row_id})
        return row_id

    def rows(self, model: type[Base]) -> list[dict[str, Any]]:
        """The rows of a model that are not written yet."""
        return self._rows[model]

    def flush(self) -> None:
        """Seal and write everything collected so far."""
        self._vault.make_keys([row["id"] for row in self._rows[Customer]])
        models = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
        for table in Base.metadata.sorted_tables:
            rows = self._rows.pop(models[table], [])
            if rows:
                self._seal(models[table], rows)
                insert_rows(self._session, table, rows)
                self.counts[table.name] += len(rows)

    def _seal(self, model: type[Base], rows: list[dict[str, Any]]) -> None:
        for attribute, sealed in model.__sealed__.items():
            for row in rows:
                text = row.pop(attribute, None)
                owner = row["id"] if model is Customer else row.get("customer_id") or WORKSPACE
                place = f"{model.__tablename__}|{sealed.column}|{row['id']}"
                row[sealed.column] = None if text is None else self._vault.seal(text, owner, place)


def _template(model: type[Base]) -> dict[str, Any]:
    """Every column with its default, so that all rows of a table have the same columns."""
    values: dict[str, Any] = {}
    for column in model.__table__.columns:
        if isinstance(column.type, JSON) and column.nullable:
            continue  # a None here would be stored as the JSON value null
        default = column.default
        if not isinstance(default, ColumnDefault):
            values[column.name] = None
        elif default.is_scalar:
            values[column.name] = default.arg
        else:
            values[column.name] = default.arg(None)
    return values


def pick(rng: random.Random, weighted: dict[str, float]) -> str:
    """One key, as likely as its weight says."""
    return rng.choices(list(weighted), weights=list(weighted.values()))[0]


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson number, for small means."""
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count += 1
        left += rng.expovariate(1.0)
    return count


def digits(rng: random.Random, count: int) -> str:
    """So many decimal digits, the first one not a zero."""
    return str(rng.randrange(10 ** (count - 1), 10**count))


def daytime(rng: random.Random, day: float, zone: str) -> float:
    """A position on that day at an hour when people of that zone shop and write: mostly the evening."""
    local = rng.triangular(7.5, 23.9, 20)
    return int(day) + (local - _offset_hours(zone) + _offset_hours(SHOP_ZONE.key)) / 24


@cache
def _offset_hours(zone: str) -> float:
    offset = datetime(2026, 1, 15, tzinfo=ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 3600 if offset else 0
