"""`python -m crm_core`: data in and out - import, quality, export, erase, backup, restore, sample."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from crm_core import backup as backups
from crm_core import backup_log, privacy, restoring
from crm_core.database import Store, open_store
from crm_core.errors import CrmError
from crm_core.importing import runs as importing
from crm_core.importing.columns import Kind
from crm_core.importing.values import DayOrder, text_of
from crm_core.sample.business import load_sample

cli = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
screen = Console(stderr=True)
ACTOR = "command line"
SHOWN_REJECTS = 10

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@cli.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or XLSX.")],
    kind: Annotated[Kind | None, typer.Option(help="What the file holds; found out when missing.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen; write nothing but the rejected rows.")] = False,
    preview: Annotated[bool, typer.Option(help="Only show which column is read as what.")] = False,
    mapping: Annotated[
        list[str] | None, typer.Option(help="column=field, once per column; 'column=' skips it.")
    ] = None,
    create_customers: Annotated[bool, typer.Option(help="Orders of unknown customers create them.")] = False,
    clean: Annotated[bool, typer.Option(help="First repair texts, drop repeated rows, and apply all rules.")] = False,
    encoding: Annotated[str, typer.Option(help="Found out when missing.")] = "",
    dates: Annotated[DayOrder | None, typer.Option(help="What 03/04/2026 means; found out when missing.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="Where rejected rows go; FILE.rejected.csv if missing.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take in customers, products, orders or shipments. The same file twice changes nothing."""
    with plain_errors(as_json):
        settings = Settings()
        plan = importing.plan_import(
            file, settings.business, now(), kind=kind, mapping=_pairs(mapping), encoding=encoding, day_order=dates
        )
        if not as_json:
            screen.print(_preview(plan))
        if preview:
            if as_json:
                _print_json(_preview_dict(plan))
            return
        looked_at = None
        if clean:
            from crm_core.quality import files, reporting

            plan, cleaned = files.cleaned_plan(plan)
            looked_at = reporting.as_dict(cleaned, stored=False)
            if not as_json:
                screen.print(Markdown(reporting.markdown([looked_at], "en")))
        if not (yes or as_json or dry_run) and sys.stdin.isatty():
            typer.confirm(f"Take in {plan.rows} rows?", default=True, abort=True, err=True)
        with opened(settings) as store, _bar("Importing", plan.rows) as advance:
            result = importing.run_import(
                store,
                plan,
                dry_run=dry_run,
                create_customers=create_customers,
                rejected=rejected,
                progress=advance,
                actor=ACTOR,
            )
        if as_json:
            _print_json(result.as_dict() | ({"cleaning": looked_at} if looked_at else {}))
        else:
            _tell_import(result)


@cli.command()
def quality(  # one command: its options are most of it
    files: Annotated[list[Path] | None, typer.Argument(help="Files to be imported; the database when missing.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="What the files hold; found out when missing.")] = None,
    mapping: Annotated[list[str] | None, typer.Option(help="column=field, as for import.")] = None,
    encoding: Annotated[str, typer.Option(help="Found out when missing.")] = "",
    dates: Annotated[DayOrder | None, typer.Option(help="What 03/04/2026 means; found out when missing.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report here, as .md or .html.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="Folder for FILE.rejected.csv; nothing when missing.")] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of the report.")] = "en",
    as_json: Json = False,
) -> None:
    """Say what is wrong with files or the database: damaged texts, impossible values, duplicates. Changes nothing."""
    from crm_core.quality import command

    with plain_errors(as_json):
        command.refuse_other_forms(report)
        settings = Settings()
        plans = [
            importing.plan_import(
                file, settings.business, now(), kind=kind, mapping=_pairs(mapping), encoding=encoding, day_order=dates
            )
            for file in files or ()
        ]
        if plans:
            sheets = command.of_files(plans, rejected)
        else:
            with opened(settings) as store:
                sheets = command.of_database(store, settings.business, actor=ACTOR, now=now())
        written = command.report(sheets, language, report)
        if as_json:
            _print_json({"sheets": sheets, "report": str(report) if report else None})
        elif report is None:
            screen.print(Markdown(written))
        else:
            screen.print(f"Written to [bold]{_escaped(str(report))}[/]; it holds no personal data.", soft_wrap=True)


@cli.command()
def export(
    customer: Annotated[str, typer.Argument(help="Number, e-mail address, telephone number or your own number.")],
    to: Annotated[Path, typer.Option(help="The zip to write.")],
    as_json: Json = False,
) -> None:
    """Write everything we hold about a customer: JSON, a text to read, and the files."""
    with plain_errors(as_json):
        settings = Settings()
        with opened(settings) as store:
            customer_id = _customer_id(store, settings, customer)
            rows = privacy.write_export(store, customer_id, to, settings.data_dir / "files", actor=ACTOR, now=now())
        if as_json:
            _print_json({"file": str(to), "rows": rows})
        else:
            screen.print(_counts("Exported", rows))
            screen.print(f"Written to [bold]{to}[/]; it holds personal data in plain text.")


@cli.command("export-features")
def export_features(
    file: Annotated[Path, typer.Argument(help="The file to write: .csv or .parquet.")], as_json: Json = False
) -> None:
    """Write what is known about customers, a row each: features, scores, segments. No names, addresses or texts."""
    from crm_core.analytics.features.export import export_features as write

    with plain_errors(as_json):
        with opened(Settings()) as store, _bar("Exporting", None) as advance:
            rows = write(store, file, actor=ACTOR, now=now(), progress=advance)
        if as_json:
            _print_json({"file": str(file), "customers": rows})
        else:
            screen.print(f"{rows} customers: [bold]{_escaped(str(file))}[/]", soft_wrap=True)


@cli.command("export-purchases")
def export_purchases(
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")], as_json: Json = False
) -> None:
    """Write what customers bought, a line of an order each, without those who refuse profiling. No names or texts."""
    from crm_core.analytics.facts.purchase_export import export_purchases as write

    with plain_errors(as_json):
        with opened(Settings()) as store:
            lines = write(store, file, actor=ACTOR, now=now())
        if as_json:
            _print_json({"file": str(file), "lines": lines})
        else:
            screen.print(f"{lines} lines: [bold]{_escaped(str(file))}[/]", soft_wrap=True)


@cli.command()
def export_facts(as_json: Json = False) -> None:
    """Write the facts for analysis as Parquet files into the data folder; only days that changed since the last."""
    from crm_core.analytics.facts import files as fact_files
    from crm_core.analytics.facts import folder as fact_folder

    with plain_errors(as_json):
        settings = Settings()
        folder = settings.data_dir / fact_folder.NAME
        with opened(settings) as store, _bar("Days", None) as advance:
            done = fact_files.export_facts(store, folder, now=now(), progress=lambda fact, day, of: advance(1))
        if as_json:
            _print_json({"folder": str(folder), **asdict(done)})
        else:
            screen.print(_counts("Files of days", {"written": done.written, "unchanged": done.unchanged}))
            screen.print(f"{done.rows} rows written to [bold]{_escaped(str(folder))}[/]; they say whose each is.")


@cli.command()
def erase(
    customer: Annotated[str, typer.Argument(help="Number, e-mail address, telephone number or your own number.")],
    reason: Annotated[str | None, typer.Option(help="For the audit log.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Delete a customer with everything that belongs to them; cannot be undone."""
    with plain_errors(as_json):
        settings = Settings()
        with opened(settings) as store:
            customer_id = _customer_id(store, settings, customer)
            if not as_json:
                screen.print(_counts("Would be deleted for good", privacy.erase_preview(store, customer_id)))
            if not yes:
                if not sys.stdin.isatty():
                    raise CrmError("Nothing was erased. Say --yes to erase without being asked.")
                typer.confirm("Erase this customer?", abort=True, err=True)
            erased = privacy.erase_customer(
                store, customer_id, actor=ACTOR, now=now(), files=settings.data_dir / "files",
                models=settings.data_dir / "models", reason=reason,
            )  # fmt: skip
        if as_json:
            _print_json(erased.as_dict())
        else:
            screen.print(
                f"Customer {erased.customer_number} is erased: {sum(erased.rows.values())} rows, {erased.files} files, "
                f"{erased.mentions} mentions in texts of staff. A running service forgets names with its next refresh."
            )


@cli.command()
def backup(
    to: Annotated[Path | None, typer.Option(help="The folder; `backups` in the data folder when missing.")] = None,
    as_json: Json = False,
) -> None:
    """Back up the database and the files; the keys go into a file of their own. The service may go on meanwhile."""
    with plain_errors(as_json):
        settings = Settings()
        folder = to or settings.data_dir / "backups"
        with opened(settings) as store, _bar("Backing up", None) as advance:
            try:
                done = backups.backup(
                    store, folder, settings.data_dir, now=now(), progress=lambda name, rows: advance(rows)
                )
                restoring.check_archive(done.archive)
            except CrmError as error:
                backup_log.note_failure(store, str(error), now())
                raise
            backup_log.note_backup(store, done, verified=True, now=now())
        if as_json:
            _print_json(done.as_dict())
        else:
            screen.print(f"{sum(done.rows.values())} rows and {done.files} files: [bold]{done.archive}[/], read back")
            screen.print(f"Keep this one elsewhere, for a week at most: [bold]{done.keys}[/]")
            screen.print("The master key is in neither; without it, no backup can be read.")


@cli.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="rapport-….zip")],
    keys: Annotated[Path | None, typer.Argument(help="keys-….bin, best the newest; looked for beside ARCHIVE.")] = None,
    as_json: Json = False,
) -> None:
    """Restore into an empty data folder (with the master key in it) and an empty database."""
    with plain_errors(as_json):
        settings = Settings()
        newest = max(archive.parent.glob("keys-*.bin"), default=None)
        chosen = keys or newest
        if chosen is None:
            raise CrmError(f"There is no keys-….bin in {archive.parent}. Name it as the second argument.")
        with _bar("Restoring", None) as advance:
            done = restoring.restore(
                archive,
                chosen,
                url=settings.database_url,
                keys_url=settings.database.keys_url,
                data_dir=settings.data_dir,
                master_key=_master_key(settings),
                now=now(),
                progress=lambda name, rows: advance(rows),
            )
        if as_json:
            _print_json(done.as_dict())
        else:
            screen.print(_counts("Restored", done.rows))
            screen.print(
                f"{done.files} files. {done.erased_again} customers erased since the backup were erased again; "
                f"{done.held} old messages are held and wait for a person; {done.read_back} sealed values read back."
            )


@cli.command()
def sample(
    customers: Annotated[int, typer.Option(help="How many customers.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same business.")] = 7,
    as_json: Json = False,
) -> None:
    """Fill an empty database with the sample business."""
    with plain_errors(as_json):
        settings = Settings()
        today = now().astimezone(ZoneInfo("Asia/Shanghai")).date()
        with opened(settings) as store, _bar("Loading the sample business", 100) as advance:
            done = 0.0

            def progress(share: float) -> None:
                nonlocal done
                advance(int(share * 100) - int(done * 100))
                done = share

            summary = load_sample(store, today=today, seed=seed, customers=customers, progress=progress)
        if as_json:
            _print_json({"counts": dict(summary.counts), "seconds": summary.seconds})
        else:
            screen.print(_counts("Loaded", dict(summary.counts)))


@contextmanager
def plain_errors(as_json: bool) -> Iterator[None]:
    """Say what went wrong in one line and leave with 2; programming errors keep their traceback."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _refuse(f"Setting {'.'.join(map(str, first['loc']))}: {first['msg']}.", as_json)
    except (CrmError, OSError) as error:
        _refuse(str(error), as_json)
    except DBAPIError as error:
        problem = str(error.orig).splitlines()[0]
        _refuse(
            f"The database cannot be used: {problem}. Check RAPPORT_DATABASE__URL and that the server runs.", as_json
        )


def _refuse(text: str, as_json: bool) -> None:
    if as_json:
        _print_json({"error": text})
    else:
        screen.print(f"[bold red]Error:[/] {_escaped(text)}", soft_wrap=True)
    raise typer.Exit(2)


def now() -> datetime:
    """The time, for everything below."""
    return datetime.now(UTC)


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store that the settings name."""
    store = open_store(
        settings.database_url, settings.data_dir, _master_key(settings), keys_url=settings.database.keys_url
    )
    try:
        yield store
    finally:
        store.close()


def _master_key(settings: Settings) -> str | None:
    return settings.master_key.get_secret_value() if settings.master_key else None


def _customer_id(store: Store, settings: Settings, key: str) -> int:
    with store.read() as session:
        return privacy.customer_by_key(session, store.vault, key, settings.business.region).id


def _pairs(mapping: list[str] | None) -> dict[str, str]:
    pairs = [each.rpartition("=") for each in mapping or []]
    wrong = [text for (column, _, text) in pairs if not column]
    if wrong:
        raise CrmError(f'--mapping "{wrong[0]}" has no "=": write --mapping "Column=field".')
    return {column.strip(): field.strip() for column, _, field in pairs}


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, advance=done)


def _preview(plan: importing.ImportPlan) -> Table:
    title = f"{plan.table.path.name}: {plan.rows} rows of {plan.match.kind} ({plan.table.format})"
    order = {"dmy": "day/month/year", "mdy": "month/day/year", None: "refused, as the file writes both"}
    caption = f"Dates like 03/04/2026: {order[plan.habits.day_order]} (--dates)" if plan.undecided_dates else None
    table = Table("Column", "is read as", "For example", title=_escaped(title), caption=caption)
    for row in _columns(plan):
        field = f"[green]{row['field']}[/]" if row["field"] else "[dim]left out[/]"
        table.add_row(_escaped(row["column"]), field, _escaped(" · ".join(row["examples"])))
    return table


def _columns(plan: importing.ImportPlan) -> list[dict[str, Any]]:
    fields = {position: field for field, position in plan.match.fields.items()}
    return [
        {
            "column": column,
            "field": fields.get(position),
            "examples": [text_of(cell)[:40] for cell in plan.samples.get(column, [])],
        }
        for position, column in enumerate(plan.table.columns)
    ]


def _preview_dict(plan: importing.ImportPlan) -> dict[str, Any]:
    return {
        "file": str(plan.table.path),
        "kind": plan.match.kind,
        "format": plan.table.format,
        "header_line": plan.table.header_line,
        "rows": plan.rows,
        "columns": _columns(plan),
    }


def _tell_import(result: importing.ImportResult) -> None:
    numbers = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "rejected", "held_back")}
    screen.print(_counts("Would be" if result.dry_run else "Done", numbers))
    for reject in result.rejects[:SHOWN_REJECTS]:
        screen.print(f"  line {reject['line']}: {_escaped(reject['reason'])}", soft_wrap=True)
    if len(result.rejects) > SHOWN_REJECTS:
        screen.print(f"  … and {result.rejected + result.held_back - SHOWN_REJECTS} more")
    if result.rejected_file:
        screen.print(
            f"Rejected rows, to be corrected and imported again: [bold]{_escaped(result.rejected_file)}[/]",
            soft_wrap=True,
        )


def _counts(title: str, rows: dict[str, int]) -> Table:
    table = Table(title, "", show_edge=False)
    for name, count in rows.items():
        table.add_row(name.replace("_", " "), str(count))
    return table


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")


def _print_json(content: dict[str, Any]) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    cli()
