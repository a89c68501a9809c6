"""`python -m nlu models`: which models there are, which one is in use, and going back to one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from nlu import generations

ROOT = Path(__file__).resolve().parents[1]
CONFIG, CACHE = ROOT / "config" / "nlu", ROOT / "data" / "models"
Config = Annotated[Path, typer.Option("--config", help="Folder with the training files.")]
Sentences = Annotated[str, typer.Option("--encoder", help="light, or rich: better English, needs the extra.")]
Cache = Annotated[Path, typer.Option("--cache", help="Folder for trained models.")]
cli = typer.Typer(help="Which models there are and which one is in use; `use NAME` goes back to one.")


@cli.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    config: Config = CONFIG,
    cache: Cache = CACHE,
    encoder: Sentences = "light",
) -> None:
    """List the models: date, lines, corrections, score on the held-out lines, and which one is in use."""
    from nlu.models import base_name

    if context.invoked_subcommand:
        return
    base, choice = base_name(config, encoder), generations.chosen(cache)
    used = generations.in_use(cache, base)
    rows: list[dict[str, Any]] = [
        {
            "name": each.name, "made_at": each.made_at, "lines": each.lines, "corrections": len(each.corrections),
            "score": dict(each.score), "before": dict(each.before), "fits": each.base == base,
            "in_use": each.name == used, "held": each.name == used and choice.held,
        }
        for each in generations.generations(cache)
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"in_use": used, "held": choice.held, "models": rows}))
        return
    table = Table("model", "made", "lines", "corrections", "intents", "moods", "")
    for row in rows:
        said = "in use, held" if row["held"] else "in use" if row["in_use"] else "" if row["fits"] else "other lines"
        scores = [f"{row['score'][key]:.2%}" if key in row["score"] else "–" for key in ("customer", "mood")]
        table.add_row(row["name"], row["made_at"], str(row["lines"] or "–"), str(row["corrections"]), *scores, said)
    Console().print(table)


@cli.command("use")
def use_model(
    name: Annotated[str, typer.Argument(help='A name of the list, or "newest" to follow what is learnt again.')],
    config: Config = CONFIG,
    cache: Cache = CACHE,
    encoder: Sentences = "light",
) -> None:
    """Go back to a model, and stay with it; a running service takes it within a minute."""
    from nlu.models import base_name

    target = generations.go_back(cache, name, base_name(config, encoder))
    following = "newer ones take its place" if name == "newest" else "newer ones do not; `use newest` lets them again"
    typer.echo(f"{target.name} is in use; {following}. A running service takes it within a minute.")
