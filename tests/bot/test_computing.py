"""While something is computed for the first time, answers that rest on it say so, and never again."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.handlers import HANDLERS
from bot.handlers.computing import BESIDE, RESTS_ON, until_computed
from bot.messages import Reply
from bot.phrases import Phrases
from crm_core.database import Store
from crm_core.first_runs import USUALLY, minutes_left
from crm_core.ids import new_id
from crm_core.models import JobRun
from jobs import FIRST
from tests.conftest import NOW


def note(store: Store, state: str, *, job: str = "know_customers", minutes: int = 0, held: int = 2) -> None:
    started = NOW - timedelta(minutes=minutes)
    with store.write() as session:
        session.add(
            JobRun(
                id=new_id(), job=job, due_at=started, state=state, owner="o",
                lease_until=NOW + timedelta(minutes=held), started_at=started,
            )
        )  # fmt: skip


def left(store: Store) -> int | None:
    with store.read() as session:
        return minutes_left(session, "know_customers", NOW)


def test_all_that_is_waited_for_is_computed_at_the_first_start() -> None:
    first = {job for row in FIRST for job in row}
    assert first == set(USUALLY) == {*RESTS_ON.values(), *BESIDE.values()}
    assert {*RESTS_ON, *BESIDE} <= set(HANDLERS["manager"])


@pytest.mark.parametrize(("minutes", "expected"), [(0, 2), (1, 1), (10, 10)])
def test_how_long_it_takes_yet(store: Store, minutes: int, expected: int) -> None:
    note(store, "skipped", minutes=60)
    note(store, "running", minutes=minutes)
    assert left(store) == expected


def test_a_later_run_and_one_whose_process_died_are_not_waited_for(store: Store) -> None:
    assert left(store) is None
    note(store, "running", minutes=5, held=-1)
    assert left(store) is None
    note(store, "done", minutes=60)
    note(store, "running")
    assert left(store) is None


def test_what_is_said_meanwhile(store: Store) -> None:
    handlers = until_computed(dict.fromkeys(("get_score", "list_tasks", "help"), lambda turn: Reply(text="answer")))
    note(store, "running")
    note(store, "running", job="suggest")
    with store.read() as session:
        turn: Any = SimpleNamespace(
            store=SimpleNamespace(session=session), now=NOW,
            say=lambda key, **values: Phrases()(key, "en", **values),
        )  # fmt: skip
        told = {intent: handler(turn).text for intent, handler in handlers.items()}
    assert told["help"] == "answer"
    assert told["get_score"].startswith("Scores, segments and recommendations are being computed for the first time")
    assert "about 2 minutes" in told["get_score"]
    assert told["list_tasks"].startswith("answer\n\nSuggestions are being computed")
