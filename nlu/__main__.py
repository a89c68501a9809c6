"""Commands: train, train-posts, try, evaluate, serve, models, review, rasa-export."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from nlu import generation_commands
from nlu.generation_commands import CACHE, CONFIG, Cache, Config, Sentences
from nlu.training import NotTrained
from nlu.understanding import Audience

if TYPE_CHECKING:
    from nlu.interpreter import Interpreter

ROOT = Path(__file__).resolve().parents[1]
app = typer.Typer(help="Understanding: training, trying and measuring.", no_args_is_help=True, add_completion=False)
Names = Annotated[
    Path | None, typer.Option("--names", help='JSON file with names: {"products": [["T2 case", "T2"]], "people": …}.')
]
Rasa = Annotated[
    str,
    typer.Option("--rasa-url", help="A Rasa server that says the intents of --as; its token: RAPPORT_NLU__RASA_TOKEN."),
]
As = Annotated[str, typer.Option("--as", help="Who speaks: customer, agent or manager.")]


def _audience(name: str) -> Audience:
    if name not in {"customer", "agent", "manager"}:
        raise typer.BadParameter("use customer, agent or manager", param_hint="--as")
    return cast(Audience, name)


def _interpreter(
    config: Path, cache: Path, names: Path | None = None, rasa_urls: Mapping[Audience, str] | None = None
) -> "Interpreter":
    """The interpreter, knowing the names of the file where one is given."""
    from nlu.entities import read_names
    from nlu.interpreter import build_interpreter

    gazetteer = read_names(names) if names else None  # before training: a wrong file is told at once
    interpreter = build_interpreter(
        config,
        cache,
        "rasa" if rasa_urls else "builtin",
        rasa_urls,
        progress=lambda line: print(line, file=sys.stderr),
        rasa_token=os.environ.get("RAPPORT_NLU__RASA_TOKEN", ""),
    )
    return interpreter.with_gazetteer(gazetteer) if gazetteer else interpreter


@app.command()
def train(config: Config = CONFIG, cache: Cache = CACHE, encoder: Sentences = "light") -> None:
    """Train what understands messages from the files in config/nlu, and store the models."""
    from nlu.models import train as fit

    folder = fit(config, cache, lambda line: print(line, flush=True), encoder)
    print(f"Models are in {folder}")


@app.command("train-posts")
def train_posts(config: Config = CONFIG, cache: Cache = CACHE, encoder: Sentences = "light") -> None:
    """Train what reads public posts, and store the models; they are the same for every encoder."""
    from nlu import post_models

    folder = post_models.train(config, cache, lambda line: print(line, flush=True))
    print(f"Models of posts are in {folder}")


@app.command("try")
def try_text(
    text: str,
    speaker: As = "customer",
    names: Names = None,
    rasa_url: Rasa = "",
    config: Config = CONFIG,
    cache: Cache = CACHE,
) -> None:
    """Show what is understood of one text."""
    audience = _audience(speaker)
    interpreter = _interpreter(config, cache, names, {audience: rasa_url} if rasa_url else None)
    found = interpreter.understand(text, audience, now=datetime.now(UTC))
    print(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=2))


@app.command()
def evaluate(
    file: Path,
    speaker: As = "customer",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    names: Names = None,
    rasa_url: Rasa = "",
    config: Config = CONFIG,
    cache: Cache = CACHE,
) -> None:
    """Measure on labelled texts: JSON lines, CSV (text,category) or Rasa YAML. `--as` is for files that do not say."""
    from nlu.evaluation import measure, read_cases
    from nlu.evaluation_tables import tables

    audience = _audience(speaker)
    cases = read_cases(file, audience)
    interpreter = _interpreter(config, cache, names, {audience: rasa_url} if rasa_url else None)
    report = measure(interpreter, cases, now=datetime.now(UTC))
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
        return
    for table in tables(report):
        Console().print(table)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 5005,
    config: Config = CONFIG,
    cache: Cache = CACHE,
) -> None:
    """Answer Rasa's POST /model/parse."""
    import uvicorn

    from nlu.serving import build_service

    interpreter = _interpreter(config, cache)
    uvicorn.run(build_service(interpreter, clock=lambda: datetime.now(UTC)), host=host, port=port, log_level="warning")


@app.command()
def learn(config: Config = CONFIG, cache: Cache = CACHE, encoder: Sentences = "light") -> None:
    """Learn from the corrections that come on standard input; the nightly job runs this."""
    from nlu.learning import learn_fed

    os.umask(0o077)  # what learnt from people's lines is for this user alone
    print(learn_fed(config, cache, sys.stdin.read(), lambda line: print(line, flush=True), encoder))


app.add_typer(generation_commands.cli, name="models")


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def review(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False
) -> None:
    """Review what staff corrected: list, approve, reject, change. The same as `python -m bot review`.

    The lines are customers' and lie with their records, which this package does not know: the command lives where
    records and understanding meet, and is only handed on here.
    """
    os.execv(sys.executable, [sys.executable, "-m", "bot", "review", *context.args, *["--json"] * as_json])  # noqa: S606 - our own module


@app.command("rasa-export")
def rasa_export(
    to: Annotated[Path, typer.Option(file_okay=False, help="Folder to write to; it is made.")],
    config: Config = CONFIG,
) -> None:
    """Write config.yml, domain.yml and data/nlu.yml for each audience, so that Rasa learns from the same lines."""
    from nlu.rasa_export import NAME_FILE, write

    folders = write(config, to)
    print("Train where Rasa is installed:")
    for folder in folders.values():
        name = (folder / NAME_FILE).read_text("utf-8").strip()
        print(f"  (cd {shlex.quote(str(folder))} && rasa train nlu --fixed-model-name {name})")


if __name__ == "__main__":
    try:
        app()
    except (NotTrained, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
