"""How often consent, quiet hours and caps are broken in thousands of simulated days, clocks put forward and back."""

import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.campaign_job import BEGINS, weeks
from benchmarks.rule_world import Desk, Lived, StoredDesk, live, zones_of
from crm_core.database import open_store

YEAR = 365
OFF = {
    "consent": ("withdrawn", "no_consent"), "quiet": ("quiet",), "caps": ("too_often",), "channel": ("channel",),
}  # fmt: skip
"""A rule -> the reasons that are not obeyed while it is switched off, to see whether the checker sees that."""


def rules(days: int, stored_days: int, job_days: int, seed: int) -> dict[str, float]:
    """Live through so many days by the rules in memory, some more in a database, and some by the job itself; count what
    was broken."""
    found: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    for start in range(0, days, YEAR):
        lived = _in_memory(f"{seed} {start}", start // YEAR, min(YEAR, days - start))
        found += Counter({"sent": lived.sent, "refused": lived.refused, "put_off": lived.put_off})
        broken += lived.breaks()
    stored = _in_database(f"{seed} stored", stored_days)
    figures: dict[str, float] = {"rule_breaks": (broken + stored.breaks()).total(), "rules.days": days}
    figures |= {f"rules.{name}": found[name] for name in ("sent", "refused", "put_off")}
    figures |= {"rules.stored_days": stored_days, "rules.stored_sent": stored.sent}
    for name, reasons in OFF.items():
        lived = _in_memory(f"{seed} {name}", 0, min(YEAR, days), reasons)
        figures[f"rules.breaks_without_{name}"] = lived.breaks().total()
    by_job = _by_job(job_days, seed)
    return figures | by_job | {"rule_breaks": figures["rule_breaks"] + by_job["rules.job_breaks"]}


def _by_job(days: int, seed: int) -> dict[str, float]:
    """The same of the job: half of the days in spring, half in autumn; a quarter of them again without each rule."""
    lived = [weeks(f"{seed} job", begins, days / len(BEGINS)) for begins in BEGINS]
    figures: dict[str, float] = {
        "rules.job_days": days, "rules.job_runs": sum(one.runs for one in lived),
        "rules.job_sent": sum(len(one.written) for one in lived),
        "rules.job_breaks": sum(one.breaks().total() for one in lived),
    }  # fmt: skip
    for name, reasons in OFF.items():
        figures[f"rules.job_breaks_without_{name}"] = (
            weeks(f"{seed} job", BEGINS[0], days / 4, reasons).breaks().total()
        )
    return figures


def _begins(number: int) -> datetime:
    """Every month, and a leap year, has its turn."""
    return datetime(2024 + number % 3, 1 + number % 12, 3, tzinfo=UTC)


def _in_memory(seed: str, number: int, days: float, off: tuple[str, ...] = ()) -> Lived:
    zones = zones_of(seed)
    return live(Desk(zones, off), zones, seed, _begins(number), days)


def _in_database(seed: str, days: float) -> Lived:
    zones, begins = zones_of(seed), datetime(2025, 3, 1, tzinfo=UTC)  # clocks change in the first weeks everywhere
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/rules.sqlite", Path(folder), None)
        try:
            return live(StoredDesk(zones, store, begins), zones, seed, begins, days)
        finally:
            store.close()
