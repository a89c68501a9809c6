"""The proposal of a campaign, computed in a child process: the serving process loads neither pandas nor pymoo.

Run as `python -m crm_core.analytics.campaigns.proposals` it reads what is asked as JSON from stdin, keys included, and
writes the proposal to stdout.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from crm_core.analytics.child import ask

SECONDS = 180


@dataclass(frozen=True)
class Asked:
    """What to plan and with what. `conditions`: a dump of whom it may go to at most; money in minor units."""

    database_url: str
    keys_url: str
    data_dir: str
    master_key: str | None
    now: str
    zone: str
    currency: str
    conditions: Mapping[str, Any]
    channels: tuple[str, ...]
    budget_minor: int
    most_messages: int
    margin: float
    message_minor: Mapping[str, float]
    proactive: Mapping[str, Any]


@dataclass(frozen=True)
class Proposal:
    """What came of it. `state`: found; too_few (nothing to learn from), unclear (what was learnt foretells nothing),
    nobody (nobody fits and can be reached) or nothing (no plan keeps the limits, or none pays).

    `values`, `why` and `tried` as of `campaign_plans.Plan`; `until` None for no bound.
    """

    state: Literal["found", "too_few", "unclear", "nobody", "nothing"]
    values: Mapping[str, Any] = field(default_factory=dict)
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    spent: float = 0.0
    people: int = 0
    messages: int = 0
    way: str = ""
    tried: Mapping[str, float | None] = field(default_factory=dict)
    why: Mapping[str, float] = field(default_factory=dict)
    contacts: int = 0
    bought: int = 0


def propose(asked: Asked, folder: Path) -> Proposal:
    """Compute it in a child process, whose libraries keep their caches in a folder.

    Raises:
        ChildFailed: it ended badly or took too long.
    """
    return Proposal(**ask("crm_core.analytics.campaigns.proposals", asdict(asked), folder, SECONDS))


def _main() -> None:
    from crm_core.analytics.campaigns.planning import compute

    json.dump(asdict(compute(Asked(**json.load(sys.stdin)))), sys.stdout)


if __name__ == "__main__":
    _main()
