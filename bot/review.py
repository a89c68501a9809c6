"""`python -m bot review`, which is also `python -m nlu review`: what staff corrected, decided from a terminal."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy.orm import Session

from bot.meanings import DOUBT, kind_of
from config.settings import Settings
from crm_core import audit
from crm_core.corrections import Corrections, Item, counted, last_learnt
from crm_core.database import open_store
from crm_core.errors import CrmError
from crm_core.models import Correction

cli = typer.Typer(help="What staff corrected and what was not understood for certain: list, approve, reject, change.")
screen = Console(stderr=True)
ACTOR = "command line"
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Number = Annotated[int, typer.Argument(help="Number of the line, as the list shows it.")]


@cli.callback(invoke_without_command=True)
def review(context: typer.Context, as_json: Json = False) -> None:
    """List what is to be reviewed, or decide it with a sub-command."""
    if not context.invoked_subcommand:
        list_(as_json=as_json)


@cli.command(name="list")
def list_(as_json: Json = False) -> None:
    """Show what is to be reviewed: corrections first, then messages that were not understood for certain."""
    with _opened(as_json) as (corrections, session):
        items, counts, learnt = corrections.waiting(DOUBT), counted(session), last_learnt(session)
    if as_json:
        _print({"items": [_plain(item) for item in items], **counts, "last_learnt": learnt})
        return
    table = Table(Column("number", no_wrap=True, min_width=19), "text", "understood as", "meant", "by")
    for item in items:
        sure = "" if item.confidence_milli is None else f" ({item.confidence_milli / 10:.0f} %)"
        said = f"#{item.customer}: {' '.join(item.text.split())[:200]}"
        table.add_row(str(item.id), said, item.found + sure, item.label or "–", item.proposed_by or "–")
    Console().print(table)
    if learnt:
        screen.print(f"Last learnt: {learnt['corrections']} corrections; {learnt['before']} → {learnt['after']}")
    screen.print(f"Approved so far: {counts['approved']}. Decide with: review approve, reject or change NUMBER.")


@cli.command()
def approve(number: Number, as_json: Json = False) -> None:
    """Let a line be learnt tonight, with the meaning that staff gave it."""
    with _opened(as_json) as (corrections, _):
        _tell(corrections.approve(number), as_json)


@cli.command()
def reject(number: Number, as_json: Json = False) -> None:
    """Learn nothing from a line; an approved one is taken out of the models, too."""
    with _opened(as_json) as (corrections, _):
        _tell(corrections.reject(number), as_json)


@cli.command()
def change(
    number: Number,
    label: Annotated[str, typer.Argument(help="The intent or mood that was meant.")],
    as_json: Json = False,
) -> None:
    """Let a line be learnt with another meaning: an intent (or, for a mood, positive, neutral or negative)."""
    with _opened(as_json) as (corrections, _):
        kind = corrections.item(number).kind
        if kind_of(label) != kind:
            raise CrmError(f"This line is about the {kind}: {label} is none.")
        _tell(corrections.approve(number, label), as_json)


@contextmanager
def _opened(as_json: bool) -> Iterator[tuple[Corrections, Session]]:
    """The corrections within one transaction; errors are one clear line."""
    try:
        settings = Settings()
        key = settings.master_key.get_secret_value() if settings.master_key else None
        store = open_store(settings.database_url, settings.data_dir, key, settings.database.keys_url)
        now = datetime.now(UTC)
        with store.write() as session:

            def permit(action: str, subject: str, fields: Sequence[str]) -> None:
                audit.record(session, store.vault, actor=ACTOR, action=action, subject=subject, fields=fields, now=now)

            yield Corrections(session, permit, None, now), session
        store.close()
    except (CrmError, ValidationError) as error:
        text = (
            str(error) if isinstance(error, CrmError) else "The settings are wrong; `python -m bot doctor` tells more."
        )
        if as_json:
            _print({"error": text})
        else:
            screen.print(f"[bold red]Not done.[/] {text}", soft_wrap=True)
        raise typer.Exit(1) from None


def _tell(row: Correction, as_json: bool) -> None:
    if as_json:
        _print({"id": row.id, "kind": row.kind, "state": row.state, "found": row.found, "label": row.label})
    else:
        screen.print(f"{row.id}: {row.state}, {row.found} → {row.label or '–'}")


def _plain(item: Item) -> dict[str, Any]:
    return {**asdict(item), "at": item.at.isoformat()}


def _print(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False))
