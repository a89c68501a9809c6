"""`python -m jobs`: keep the schedule in a process of its own; `run NAME` one job now; `list` them all."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from bot.app import App, Parts, build_app
from bot.logs import configure_logging
from bot.phrases import PhraseError, Phrases
from bot.terminal import LanguageOption, language_of
from config.settings import Settings
from crm_core.analytics.nightly import Progress as StepProgress
from crm_core.analytics.nightly import stop as stop_nightly
from crm_core.database import open_store
from crm_core.errors import CrmError
from jobs import JOBS
from jobs.due import read_schedule
from jobs.know_customers import know_customers
from jobs.listing import JobWords, listed
from jobs.runner import run_now, start_schedule
from nlu.training import NotTrained

cli = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)
screen = Console(stderr=True)


@cli.callback(invoke_without_command=True)
def keep(context: typer.Context) -> None:
    """Keep the schedule until stopped. Replies that jobs queue go out from the serving process."""
    if context.invoked_subcommand:
        return
    configure_logging()
    app = _app()
    stopping = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda number, frame: stopping.set())
    try:
        schedule = start_schedule(app, serving=False)
    except CrmError as error:
        _stop(str(error))
    screen.print("The schedule is kept. Ctrl-C ends it.")
    stopping.wait()
    stop_nightly()
    schedule.close()
    app.store.close()


@cli.command()
def run(
    name: Annotated[str, typer.Argument(help="Name of the job, as in config/schedule.yml.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run one job now. It ends with 1 when the job failed."""
    configure_logging("ERROR")
    if name not in JOBS:
        _stop(f"There is no job {name}. Known: {', '.join(sorted(JOBS))}.")
    app = _app()
    with _bars() as progress:
        state, result = run_now(app, name, {**JOBS, "know_customers": partial(know_customers, progress=progress)})
    app.store.close()
    if as_json:
        print(json.dumps({"job": name, "state": state, **result}, ensure_ascii=False))
    else:
        screen.print(f"{name}: {state}.")
        for key, value in result.items():
            screen.print(f"  {key}: {value}", markup=False, soft_wrap=True)
    raise typer.Exit(0 if state == "done" else 1)


@cli.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    language: LanguageOption = None,
) -> None:
    """Show each job: what it does, when it is due next, when it ran last and how that went."""
    configure_logging("ERROR")
    try:
        entries, settings = read_schedule(JOBS), Settings()
        key = settings.master_key.get_secret_value() if settings.master_key else None
        store = open_store(settings.database_url, settings.data_dir, key, settings.database.keys_url)
    except CrmError as error:
        _stop(str(error))
    except ValidationError as error:
        _stop(_settings_words(error))
    zone = settings.business.zone
    with store.read() as session:
        jobs = listed(session, entries, datetime.now(UTC), zone)
    store.close()
    if as_json:
        print(json.dumps([job.as_dict() for job in jobs], ensure_ascii=False))
        return
    words = JobWords(Phrases(), language_of(language), zone)
    name, *others = words.columns()
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(name, no_wrap=True)
    for head in others:
        table.add_column(head, overflow="fold")  # Chinese has no spaces to break lines at
    for job in jobs:
        table.add_row(*(Text(cell) for cell in words.row(job)))
    Console().print(table)


@contextmanager
def _bars() -> Iterator[StepProgress]:
    """A bar for each step of a job that has steps."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            for other, task in tasks.items():
                if other != step:
                    bars.stop_task(task)
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield show


def _app() -> App:
    try:
        return build_app(Settings(), Parts(progress=screen.print))
    except ValidationError as error:
        _stop(_settings_words(error))
    except (CrmError, NotTrained, PhraseError) as error:
        _stop(str(error))


def _settings_words(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    return f"Settings: {'.'.join(map(str, first['loc']))}: {first['msg']}. `python -m bot doctor` tells more."


def _stop(message: str) -> NoReturn:
    screen.print(f"[bold red]Cannot start.[/] {message}", soft_wrap=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    cli()
