"""`python -m bot`: the application; `console` to talk to it in a terminal; `doctor` to see what is missing."""

import asyncio
import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from bot import review
from bot.app import App, Parts, build_app
from bot.channels.console import USER, ConsoleChannel
from bot.doctor import examine
from bot.finding import Finding
from bot.finding_words import part_of, told
from bot.logs import configure_logging
from bot.phrases import PhraseError, Phrases
from bot.playground import PLAYGROUND_STAFF
from bot.server import is_empty, serve
from bot.terminal import LanguageOption, language_of
from config.settings import Settings, StaffEntry
from crm_core.analytics import nightly
from crm_core.errors import CrmError
from crm_core.sample.business import load_sample
from jobs.runner import start_schedule
from nlu.training import NotTrained
from nlu.understanding import Language

cli = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)
cli.add_typer(review.cli, name="review")
screen = Console(stderr=True)


@cli.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    roles: Annotated[str, typer.Option(help="What this process does: receive, work, schedule.")] = "",
) -> None:
    """Serve everything in one process."""
    os.umask(0o077)  # data is for this user alone
    if context.invoked_subcommand:
        return
    configure_logging()
    if roles and set(roles.split(",")) != {"receive", "work", "schedule"}:
        stop("--roles: one process does all three for now (receive,work,schedule). Leave the option out.")
    settings = settings_or_stop()
    check_port(settings.web.host, settings.web.port)
    started = time.monotonic()
    app = built(settings, Parts(progress=screen.print, local_staff={} if settings.has_tokens else PLAYGROUND_STAFF))
    if not settings.has_tokens and is_empty(app):
        load_sample_with_bar(app)
    try:
        schedule = start_schedule(app)
    except CrmError as error:
        stop(str(error))

    def ready(address: str) -> None:
        where = address if not settings.has_tokens else f"{address}health"
        what = "Playground" if not settings.has_tokens else "Running, health at"
        screen.print(f"[bold green]{what}:[/] {where}  (ready after {time.monotonic() - started:.1f} s; Ctrl-C stops)")
        if schedule.first_start and not is_empty(app):
            screen.print("Scores, topics and suggestions are computed now, for a minute or two: python -m jobs list")
            schedule.run_first()

    asyncio.run(serve(app, ready, background=[nightly.stop, schedule.close]))


@cli.command()
def console(
    audience: Annotated[str, typer.Option("--as", help="customer, agent or manager")] = "customer",
) -> None:
    """Talk to the assistant in this terminal. A number presses a button, /word is a command, Ctrl-D ends."""
    if audience not in ("customer", "agent", "manager"):
        stop("--as: customer, agent or manager.")
    configure_logging("ERROR")
    settings = settings_or_stop()
    channel = ConsoleChannel(audience, lambda: datetime.now(UTC))
    staff = {f"{USER}-{role}": StaffEntry(role=role, name=role.title()) for role in ("agent", "manager")}
    parts = Parts(channels=lambda s, b: {"console": channel}, progress=screen.print, local_staff=staff)
    app = built(settings, parts)
    if not settings.has_tokens and is_empty(app):
        load_sample_with_bar(app)
    asyncio.run(_talk(app, channel))


async def _talk(app: App, channel: ConsoleChannel) -> None:
    await app.start()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip():
            await channel.say(line.rstrip("\n"))
    await app.stop()


@cli.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    language: LanguageOption = None,
) -> None:
    """Check tokens, scopes, webhook, clock, database, key, disk and models. Each failure names its fix."""
    configure_logging("CRITICAL")
    try:
        findings = examine(Settings())
    except ValidationError as error:
        stop(_settings_words(error))
    if as_json:
        print(
            json.dumps(
                {"ok": all(f.ok for f in findings), "checks": [f.as_dict() for f in findings]}, ensure_ascii=False
            )
        )
    else:
        for finding in findings:
            screen.print(_told(finding, language_of(language)), soft_wrap=True)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def _told(finding: Finding, language: Language) -> str:
    """One finding for the terminal. In English with all the details, which hold names that need no translation."""
    mark = "[green]ok[/]  " if finding.ok else "[red]FAIL[/]"
    if language == "en":
        return f"{mark} {finding.name}: {finding.detail}" + ("" if finding.ok else f"\n     → {finding.fix}")
    phrases = Phrases()
    seen = "" if finding.ok else f"（{finding.detail}）"
    return f"{mark} {part_of(finding, phrases, language)}{escape(seen)}：{escape(told(finding, phrases, language))}"


def check_port(host: str, port: int) -> None:
    """Stop at once, and not after minutes of training, when another program serves there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            stop(f"{host}:{port} cannot be used ({error.strerror}). Stop what runs there, or set RAPPORT_WEB__PORT.")


def built(settings: Settings, parts: Parts) -> App:
    """The app, or one clear line about why it must not start."""
    try:
        return build_app(settings, parts)
    except (CrmError, NotTrained, PhraseError) as error:
        stop(str(error))


def settings_or_stop() -> Settings:
    """The settings, or one clear line about what is wrong in them."""
    try:
        return Settings()
    except ValidationError as error:
        stop(_settings_words(error))


def _settings_words(error: ValidationError) -> str:
    lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
    return "Settings (environment, .env or config/settings.yml):\n  " + "\n  ".join(lines)


def load_sample_with_bar(app: App) -> None:
    """Fill the empty database with the sample business."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), console=screen
    ) as bar:
        task = bar.add_task("Loading the sample business", total=1.0)
        now = app.clock()
        today = now.astimezone(ZoneInfo(app.settings.business.zone)).date()
        load_sample(app.store, today=today, until=now, progress=lambda share: bar.update(task, completed=share))
    app.names.refresh()


def stop(message: str) -> NoReturn:
    """End with one clear line."""
    screen.print(f"[bold red]Cannot start.[/] {message}", soft_wrap=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    cli()
