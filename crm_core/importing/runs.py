"""Business data from files: planned first (which column is what), then taken in by batches in short transactions.

The same file twice changes nothing: every record is looked up by its key and only what differs is written.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from config.settings import Business
from crm_core.audit import record
from crm_core.database import Store
from crm_core.facts import CustomerFacts, OrderFacts, Outcome, ProductFacts, Refused, ShipmentFacts
from crm_core.importing.columns import Kind, Match, known_names, match_columns, plain
from crm_core.importing.files import Row, Table, open_table
from crm_core.importing.rejects import RejectedRows
from crm_core.importing.rows import OrderRow, RowReader
from crm_core.importing.upserts import CustomerBatch, ProductBatch
from crm_core.importing.upserts_trade import OrderBatch
from crm_core.importing.values import DayOrder, Habits, Signs

BATCH_ROWS = 100
"""Rows per transaction: the service waits at most a fraction of a second for the database."""
LISTED_REJECTS = 1000
SAMPLES = 3
MONTH_FIRST = ("US", "PH")
"""Countries that write the month first, when the file itself does not show the order."""
DATES = ("first_seen_at", "placed_at", "cancelled_at", "shipped_at", "expected_on", "delivered_at")
AMOUNTS = ("price", "unit_price", "discount", "shipping", "total")

Facts = CustomerFacts | ProductFacts | OrderFacts | ShipmentFacts
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a file holds, before anything is written."""

    table: Table
    match: Match
    habits: Habits
    rows: int
    samples: dict[str, list[Any]]
    """Column name → the first values in it."""
    lines_per_order: Counter[str]
    undecided_dates: bool
    """True when dates like 03/04/2026 occur and nothing in the file tells the day from the month."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Line → why it is not taken in although it can be read, as cleaning decided."""


@dataclass(slots=True)
class ImportResult:
    """What an import did. `rejected` rows are at fault themselves; `held_back` ones belong to the same order as one."""

    file: str
    kind: Kind
    dry_run: bool
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    held_back: int = 0
    seconds: float = 0.0
    rejected_file: str | None = None
    rejects: list[dict[str, Any]] = field(default_factory=list)
    """The first 1,000 rejected rows: line and reason. The file has them all."""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Record:
    """One record with the rows it was read from."""

    facts: Facts
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken in. `own`: at fault itself, not by another row of its order."""

    row: Row
    reason: str
    own: bool = True


def plan_import(
    path: Path,
    business: Business,
    now: datetime,
    *,
    kind: Kind | None = None,
    mapping: Mapping[str, str] | None = None,
    encoding: str = "",
    day_order: DayOrder | None = None,
) -> ImportPlan:
    """Read a file through once and say what it holds.

    Raises:
        FileUnreadable: it cannot be read at all.
        ColumnsUnclear: its columns are not what an import needs.
    """
    said = {plain(column) for column in mapping or {}}

    def score(cells: list[str]) -> int:
        return known_names(cells) + sum(plain(cell) in said for cell in cells)

    table = open_table(path, score, encoding)
    match = match_columns(table.columns, kind, mapping)
    signs = Signs()
    habits = Habits(ZoneInfo(business.zone), business.region, business.currency, now)
    reader = RowReader(match, table.columns, habits)
    samples: dict[str, list[Any]] = {column: [] for column in table.columns}
    lines: Counter[str] = Counter()
    rows = 0
    for row in table.rows():
        rows += 1
        if row.problem is None:
            _look_at(row, table, match, signs, samples)
            lines.update([reader.order_number(row)] if match.kind == "orders" else [])
    usual: DayOrder | None = "mdy" if signs.undecided and business.region in MONTH_FIRST else signs.day_order
    habits = replace(habits, day_order=day_order or usual, decimal_comma=signs.decimal_comma)
    return ImportPlan(table, match, habits, rows, samples, lines, signs.undecided and day_order is None)


def _look_at(row: Row, table: Table, match: Match, signs: Signs, samples: dict[str, list[Any]]) -> None:
    for fields, add in ((DATES, signs.add_date), (AMOUNTS, signs.add_amount)):
        for name in fields:
            position = match.fields.get(name)
            if position is not None and position < len(row.cells):
                add(row.cells[position])
    for column, cell in zip(table.columns, row.cells, strict=False):
        if cell not in (None, "") and len(samples[column]) < SAMPLES:
            samples[column].append(cell)


def run_import(
    store: Store,
    plan: ImportPlan,
    *,
    dry_run: bool = False,
    create_customers: bool = False,
    rejected: Path | None = None,
    progress: Progress | None = None,
    actor: str = "command line",
) -> ImportResult:
    """Take in what a plan describes; rejected rows go to a file (`rejected`, or beside the file read).

    Raises:
        DatabaseUnavailable: locked or full. What was taken in before stays; run the import again to go on.
    """
    run = _Run(store, plan, dry_run, create_customers)
    started = time.monotonic()
    result = ImportResult(str(plan.table.path), plan.match.kind, dry_run)
    target = rejected or plan.table.path.with_name(plan.table.path.name + ".rejected.csv")
    with RejectedRows(target, plan.table.columns) as rejects:
        for rows, outcomes, refused in run.batches():
            result.rows += rows
            for outcome, count in Counter(outcomes).items():
                setattr(result, outcome, getattr(result, outcome) + count)
            for reject in sorted(refused, key=lambda each: each.row.line):
                rejects.write(reject.row, reject.reason)
                result.rejected += reject.own
                result.held_back += not reject.own
                if len(result.rejects) < LISTED_REJECTS:
                    result.rejects.append({"line": reject.row.line, "reason": reject.reason, "own": reject.own})
            if progress:
                progress(rows)
    result.rejected_file = str(target) if rejects.written else None
    result.seconds = round(time.monotonic() - started, 3)
    if not dry_run:
        _audit(store, plan, result, actor)
    return result


def _audit(store: Store, plan: ImportPlan, result: ImportResult, actor: str) -> None:
    counts = f"created {result.created}, updated {result.updated}, unchanged {result.unchanged}"
    with store.write() as session:
        record(
            session,
            store.vault,
            actor=actor,
            action="import",
            subject=f"import:{result.kind}",
            fields=tuple(plan.match.fields),
            reason=f"{plan.table.path.name}: {counts}, rejected {result.rejected + result.held_back}",
            now=plan.habits.now,
        )


class _Batches:
    """The batches of one transaction (or of a whole dry run)."""

    def __init__(self, session: Session, habits: Habits, *, write: bool, create_customers: bool) -> None:
        now, self._region = habits.now, habits.region
        self.customers = CustomerBatch(session, now, source="import", region=habits.region, write=write)
        self.products = ProductBatch(session, now, currency=habits.currency, write=write)
        self.orders = OrderBatch(
            session,
            now,
            self.customers,
            self.products,
            source="import",
            create_customers=create_customers,
            write=write,
        )

    def load(self, records: list[Record]) -> None:
        facts = [record.facts for record in records]
        orders = [each for each in facts if isinstance(each, OrderFacts)]
        numbers = [each.number for each in facts if isinstance(each, (OrderFacts, ShipmentFacts))]
        self.customers.load([each for each in facts if isinstance(each, CustomerFacts)])
        self.products.load([each.sku for each in facts if isinstance(each, ProductFacts)])
        self.orders.load(numbers, orders)


class _Run:
    def __init__(self, store: Store, plan: ImportPlan, dry_run: bool, create_customers: bool) -> None:
        self._store = store
        self._plan = plan
        self._dry_run = dry_run
        self._create_customers = create_customers
        self._reader = RowReader(plan.match, plan.table.columns, plan.habits)
        self._seen: dict[object, tuple[int, int]] = {}
        """Key of each record taken in so far → its line and a hash of its facts."""

    def batches(self) -> Iterator[tuple[int, list[Outcome], list[Reject]]]:
        """Rows read, outcomes and rejects, batch by batch."""
        if not self._dry_run:
            yield from self._written()
            return
        with self._store.read() as session:
            batches = self._open(session, write=False)
            for rows, records, refused in self._read():
                outcomes, more, seen = self._decide(batches, records)
                self._seen |= seen
                yield rows, outcomes, refused + more

    def _written(self) -> Iterator[tuple[int, list[Outcome], list[Reject]]]:
        for rows, records, refused in self._read():

            def work(session: Session, records: list[Record] = records) -> tuple[Any, Any, Any]:
                batches = self._open(session, write=True)
                decided = self._decide(batches, records)
                batches.orders.finish()
                return decided

            outcomes, more, seen = self._store.repeated(work)
            self._seen |= seen
            yield rows, outcomes, refused + more

    def _open(self, session: Session, write: bool) -> _Batches:
        return _Batches(session, self._plan.habits, write=write, create_customers=self._create_customers)

    def _read(self) -> Iterator[tuple[int, list[Record], list[Reject]]]:
        """Batches of records, read and checked outside of any transaction."""
        rows, records, refused = 0, [], []
        for group in self._groups():
            rows += len(group)
            read, wrong = self._record(group)
            records += read
            refused += wrong
            if rows >= BATCH_ROWS:
                yield rows, records, refused
                rows, records, refused = 0, [], []
        if rows:
            yield rows, records, refused

    def _groups(self) -> Iterator[list[Row]]:
        """The rows of one order together, wherever in the file they stand; of other kinds row by row."""
        if self._plan.match.kind != "orders":
            yield from ([row] for row in self._plan.table.rows())
            return
        waiting: dict[str, list[Row]] = {}
        for row in self._plan.table.rows():
            number = "" if row.problem else self._reader.order_number(row)
            if not number or self._plan.lines_per_order[number] <= 1:
                yield [row]
                continue
            group = waiting.setdefault(number, [])
            group.append(row)
            if len(group) == self._plan.lines_per_order[number]:
                yield waiting.pop(number)
        yield from waiting.values()

    def _record(self, group: list[Row]) -> tuple[list[Record], list[Reject]]:
        read: list[tuple[Row, Any]] = []
        wrong: dict[int, str] = {}
        for position, row in enumerate(group):
            try:
                facts = self._reader.read(self._plan.match.kind, row)
                if row.line in self._plan.refused:
                    raise Refused(self._plan.refused[row.line])
                read.append((row, facts))
            except Refused as refusal:
                wrong[position] = str(refusal)
        if not wrong:
            try:
                said = [facts for _, facts in read]
                return [Record(_one_order(said) if isinstance(said[0], OrderRow) else said[0], tuple(group))], []
            except Refused as refusal:
                wrong = dict.fromkeys(range(len(group)), str(refusal))
        return [], _rejects(tuple(group), wrong)

    def _decide(
        self, batches: _Batches, records: list[Record]
    ) -> tuple[list[Outcome], list[Reject], dict[object, tuple[int, int]]]:
        batches.load(records)
        outcomes: list[Outcome] = []
        refused: list[Reject] = []
        seen: dict[object, tuple[int, int]] = {}
        for each in records:
            try:
                outcomes.append(self._take_in(batches, each, seen))
            except Refused as refusal:
                wrong = refusal.lines or dict.fromkeys(range(len(each.rows)), str(refusal))
                refused += _rejects(each.rows, wrong)
        return outcomes, refused, seen

    def _take_in(self, batches: _Batches, each: Record, seen: dict[object, tuple[int, int]]) -> Outcome:
        facts, line, key = each.facts, each.rows[0].line, _key(batches, each.facts)
        digest = hash(repr(facts))
        before = None if key is None else seen.get(key) or self._seen.get(key)
        if before is not None and before[1] != digest:
            raise Refused(f"line {before[0]} has the same record with other values: keep one of them")
        if isinstance(facts, CustomerFacts):
            customer, outcome = batches.customers.upsert(facts)
            key = None if batches.customers.came_by_merge(facts) else customer.id
        elif isinstance(facts, ProductFacts):
            outcome = batches.products.upsert(facts)
        elif isinstance(facts, OrderFacts):
            outcome = batches.orders.upsert(facts)
        else:
            outcome = batches.orders.upsert_shipment(facts)
        if key is not None and before is None:
            seen[key] = (line, digest)
        return outcome


def _key(batches: _Batches, facts: Facts) -> object:
    if isinstance(facts, CustomerFacts):
        customer = None if batches.customers.came_by_merge(facts) else batches.customers.known(facts)
        return None if customer is None else customer.id
    if isinstance(facts, ProductFacts):
        return facts.sku
    return (facts.number, facts.tracking_no) if isinstance(facts, ShipmentFacts) else facts.number


def _rejects(rows: tuple[Row, ...], wrong: Mapping[int, str]) -> list[Reject]:
    others = ", ".join(str(rows[position].line) for position in wrong)
    return [
        Reject(row, wrong[position])
        if position in wrong
        else Reject(row, f"held back: the same order is rejected for line {others}", own=False)
        for position, row in enumerate(rows)
    ]


def _one_order(rows: list[OrderRow]) -> OrderFacts:
    """The rows of one order as one; what stands in several rows must be the same."""
    first = rows[0].facts
    merged: dict[str, Any] = {}
    for name in ("placed_at", "status", "currency", "discount_minor", "shipping_minor", "total_minor", "address"):
        merged[name] = _same([getattr(row.facts, name) for row in rows], name, strict=name in ("placed_at", "currency"))
    for name in ("external_id", "email", "phone", "any_key"):
        _same([getattr(row.facts.customer, name) for row in rows], "customer", strict=True)
    customer = next((row.facts.customer for row in rows if row.facts.customer.has_key), first.customer)
    merged["cancelled_at"] = _same([row.facts.cancelled_at for row in rows], "cancelled_at", strict=False)
    return replace(first, **merged, customer=customer, lines=tuple(row.line for row in rows))


def _same(values: list[Any], name: str, strict: bool) -> Any:
    said = [value for value in values if value is not None]
    if strict and any(value != said[0] for value in said):
        raise Refused(f"the rows of this order differ in {name}")
    return said[0] if said else None
