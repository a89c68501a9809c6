"""Documentation that can fail: every command, setting, link and table the documents name exists."""

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import BaseModel
from typer.main import get_command

from config.settings import Settings, Understanding

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("README.md")])
DOCUMENTS = [path for path in DOCUMENTS if "node_modules" not in path.parts]
SAID_ELSEWHERE = (
    ".env.example",
    "docker-compose.yml",
    "Dockerfile",
    "Makefile",
    "config/settings.yml",
    "slack-manifest.yml",
)
TWINS = {
    "README.md": "README.zh.md",
    "docs/telegram.md": "docs/zh/telegram.md",
    "docs/slack.md": "docs/zh/slack.md",
    "docs/import.md": "docs/zh/import.md",
    "docs/operations.md": "docs/zh/operations.md",
    "docs/listening.md": "docs/zh/listening.md",
    "docs/trends.md": "docs/zh/trends.md",
    "docs/campaigns.md": "docs/zh/campaigns.md",
    "docs/email.md": "docs/zh/email.md",
    "docs/digests.md": "docs/zh/digests.md",
    "docs/suggestions.md": "docs/zh/suggestions.md",
    "docs/privacy.md": "docs/zh/privacy.md",
}
OURS = ("bot", "nlu", "crm_core", "jobs")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)
LINK = re.compile(r"(?<!`)!?\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
VARIABLE = re.compile(r"RAPPORT_[A-Z0-9_]*[A-Z0-9]")
NOT_SETTINGS = {"RAPPORT_NO_SKIPS"}
"""Asked by the tests themselves."""

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def code_in(path: Path) -> str:
    """What a document shows as code, in blocks and between backticks."""
    text = path.read_text("utf-8")
    blocks = [body for _, body in FENCE.findall(text)]
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])


def prose_of(path: Path) -> str:
    return FENCE.sub("", path.read_text("utf-8"))


# --- commands -------------------------------------------------------------------------------------------------------
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), re.MULTILINE))


@documents
def test_make_targets_exist(path: Path):
    named = set(re.findall(r"(?:^|[\s&;])make ([a-z][\w-]*)", code_in(path), re.MULTILINE))
    assert named - make_targets() == set()


def test_a_documented_target_is_enough_to_know_them_all():
    assert {"run", "test", "check", "bench"} <= make_targets()


def commands_in(text: str) -> Iterator[list[str]]:
    """The words after `python -m` of each command, up to what a shell would take for itself."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in re.findall(r"python3? -m ([a-z_][\w.]*[^\n]*)", joined):
        words = shlex.split(re.split(r"\s[|>&]|&&|;|#", line)[0].replace("\\|", "|"), posix=True)
        yield words


@cache
def command_line(package: str) -> Any:
    """The click command behind `python -m package`."""
    module = importlib.import_module(f"{package}.__main__")
    (found,) = [each for each in vars(module).values() if isinstance(each, typer.Typer)]
    return get_command(found)


def options_of(command: Any) -> set[str]:
    return {"--help"} | {name for each in command.params for name in (*each.opts, *each.secondary_opts)}


def problems_of(words: list[str]) -> list[str]:
    """What of a command does not exist."""
    module, *rest = words
    if module.startswith("benchmarks."):
        return _of_benchmark(module, rest)
    if module not in OURS:
        return [] if importlib.util.find_spec(module.split(".")[0]) else [f"no module {module}"]
    command, before = command_line(module), ""
    options, problems = options_of(command), []
    for word in rest:
        name = word.partition("=")[0].strip("[]…")
        if name.startswith("-"):
            problems += [] if name in options else [f"{module}: no option {name}"]
        elif getattr(command, "commands", {}) and not before.startswith("-"):
            if name not in command.commands:
                return [*problems, f"{module}: no command {name}"]
            command = command.commands[name]
            options |= options_of(command)
        before = word
    return problems


def _of_benchmark(module: str, rest: list[str]) -> list[str]:
    if module == "benchmarks.NAME":
        return []
    source = ROOT / (module.replace(".", "/") + ".py")
    if not source.exists():
        return [f"no benchmark {module}"]
    text = source.read_text("utf-8")
    return [f"{module}: no option {word}" for word in rest if word.startswith("--") and f'"{word}"' not in text]


@documents
def test_python_commands_exist(path: Path):
    problems = [problem for words in commands_in(code_in(path)) for problem in problems_of(words)]
    assert problems == []


@pytest.mark.parametrize("package", OURS)
def test_commands_say_what_they_do(package: str):
    """The real program starts and lists its commands, each with a line of help."""
    ran = subprocess.run(
        [sys.executable, "-m", package, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    commands: Mapping[str, Any] = getattr(command_line(package), "commands", {})
    assert all(name in ran.stdout for name in commands)
    assert [name for name, command in commands.items() if not command.help] == []


@pytest.mark.parametrize(
    ("package", "commands"),
    [
        ("bot", {"console", "doctor"}),
        ("nlu", {"train", "try", "evaluate", "serve"}),
        ("crm_core", {"import", "export", "erase", "backup", "restore", "sample"}),
        ("jobs", {"run", "list"}),
    ],
)
def test_the_promised_commands_are_there_and_documented(package: str, commands: set[str]):
    assert commands <= set(command_line(package).commands)
    shown = "\n".join(code_in(path) for path in DOCUMENTS)
    assert [each for each in sorted(commands) if f"python -m {package} {each}" not in shown] == []


# --- settings -------------------------------------------------------------------------------------------------------
def settings_named(model: type[BaseModel], prefix: str = "RAPPORT_") -> dict[str, Any]:
    """Variable → its annotation, groups followed."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind, variable = field.annotation, prefix + name.upper()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= settings_named(kind, f"{variable}__")
        else:
            found[variable] = kind
    return found


def is_setting(variable: str) -> bool:
    known = settings_named(Settings)
    if variable in known or variable in NOT_SETTINGS:
        return True
    groups = [group for group in known if variable.startswith(f"{group}__")]
    return any(str(known[group]).startswith("dict") for group in groups)


@pytest.mark.parametrize("name", [*SAID_ELSEWHERE, *(path.relative_to(ROOT).as_posix() for path in DOCUMENTS)])
def test_settings_exist(name: str):
    assert [variable for variable in sorted(set(VARIABLE.findall(text_of(name)))) if not is_setting(variable)] == []


def test_settings_named_in_messages_exist():
    """What the program tells people to set."""
    for folder in (*OURS, "config"):
        for path in (ROOT / folder).rglob("*.py"):
            named = [each for each in VARIABLE.findall(path.read_text("utf-8")) if not each.endswith("__")]
            assert [each for each in named if not is_setting(each)] == [], path


@pytest.mark.parametrize("name", ["docs/operations.md", "docs/zh/operations.md"])
def test_every_setting_is_explained(name: str):
    text = text_of(name)
    assert [variable for variable in settings_named(Settings) if f"`{variable}`" not in text] == []


def test_the_example_settings_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for variable in settings_named(Settings):
        monkeypatch.delenv(variable, raising=False)
    lines = [line.lstrip("#") for line in text_of(".env.example").splitlines() if re.match(r"#?RAPPORT_\w+=.", line)]
    assert len(lines) >= 8
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    Settings(_env_file=tmp_path / ".env")


# --- links ----------------------------------------------------------------------------------------------------------
def anchors_of(path: Path) -> set[str]:
    """The addresses of a document's headings, as GitHub makes them."""
    slugs = set()
    for _, title in HEADING.findall(prose_of(path)):
        plain = re.sub(r"[`*]|!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slugs.add(re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-"))
    return slugs


@documents
def test_links_lead_somewhere(path: Path):
    broken = []
    for target in [*LINK.findall(prose_of(path)), *re.findall(r'(?:src|href)="([^"]+)"', prose_of(path))]:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors_of(place)):
            broken.append(target)
    assert broken == []


def test_every_document_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md" or not path.exists():
            continue
        reached.add(path)
        waiting += [(path.parent / target.partition("#")[0]).resolve() for target in LINK.findall(prose_of(path))]
    forgotten = {path for path in DOCUMENTS if path not in reached and "tests" not in path.parts}
    assert {path.relative_to(ROOT).as_posix() for path in forgotten} == set()


# --- both languages -------------------------------------------------------------------------------------------------
def outline(name: str) -> list[int]:
    return [len(marks) for marks, _ in HEADING.findall(prose_of(ROOT / name))]


@pytest.mark.parametrize(("english", "chinese"), TWINS.items())
def test_both_languages_have_the_same_sections(english: str, chinese: str):
    assert outline(english) == outline(chinese)


@pytest.mark.parametrize(("english", "chinese"), TWINS.items())
def test_both_languages_show_the_same_commands_and_settings(english: str, chinese: str):
    def shown(name: str) -> tuple[set[str], set[str]]:
        code = code_in(ROOT / name)
        return {" ".join(words[:2]) for words in commands_in(code)}, set(VARIABLE.findall(text_of(name)))

    assert shown(english) == shown(chinese)


@pytest.mark.parametrize(("english", "chinese"), TWINS.items())
def test_twins_link_to_each_other(english: str, chinese: str):
    def linked(name: str) -> set[Path]:
        return {((ROOT / name).parent / target).resolve() for target in LINK.findall(prose_of(ROOT / name))}

    assert ROOT / chinese in linked(english)
    assert ROOT / english in linked(chinese)


def test_steps_are_as_many_as_promised():
    for name, steps in (("telegram", 5), ("slack", 6)):
        for folder in ("docs", "docs/zh"):
            numbered = re.findall(r"^## (\d)\. ", text_of(f"{folder}/{name}.md"), re.MULTILINE)
            assert numbered == [str(number) for number in range(1, steps + 1)]


def test_the_readmes_first_screen():
    for name in ("README.md", "README.zh.md"):
        first = "\n".join(text_of(name).splitlines()[:40])
        assert "git clone" in first
        assert "make run" in first
        assert "docs/images/playground.png" in first


# --- what Slack is asked for ----------------------------------------------------------------------------------------
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of("slack-manifest.yml"))
    return loaded


def test_the_manifest_asks_for_what_the_channel_needs():
    from bot.channels.slack import SCOPES

    asked = manifest()["oauth_config"]["scopes"]["bot"]
    assert set(asked) == SCOPES
    assert len(asked) == len(set(asked))


def test_the_manifest_offers_what_the_channel_answers():
    from bot.channels.slack_events import SHORTCUTS

    features, settings = manifest()["features"], manifest()["settings"]
    assert {each["callback_id"] for each in features["shortcuts"]} == set(SHORTCUTS)
    assert [each["command"] for each in features["slash_commands"]] == ["/crm"]
    assert settings["socket_mode_enabled"] is True
    assert "app_mention" in settings["event_subscriptions"]["bot_events"]


# --- tables and YAML agree ------------------------------------------------------------------------------------------
def operator_says(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of(f"config/{name}.yml")) or {}
    return loaded


def test_channels_agree():
    from bot.channels import CHANNELS

    assert set(operator_says("settings")["channels"]) == set(CHANNELS)


def test_jobs_agree():
    from jobs import JOBS

    said = operator_says("schedule")
    assert set(said.get("jobs", said)) == set(JOBS)


def test_engines_agree():
    from nlu.engines import ENGINES

    assert set(get_args(Understanding.model_fields["engine"].annotation)) == set(ENGINES)
    assert operator_says("settings")["nlu"]["engine"] in ENGINES


def test_connectors_agree():
    from crm_core.connectors import CONNECTORS

    assert set(operator_says("settings").get("connectors") or {}) == set(CONNECTORS)


def test_handlers_agree_with_what_can_be_understood():
    """A handler that no intent leads to is never called; one without a line of training is never reached."""
    from bot.handlers import HANDLERS
    from nlu.intents import INTENTS

    inside = {"desk_thread", "not_yet", "digest_more", "author_tie", "public_erase"}  # by buttons, or a fixed sentence
    for audience, handlers in HANDLERS.items():
        named_by_commands = _named_by_commands(audience)
        assert set(handlers) - set(INTENTS[audience]) - inside - named_by_commands == set()  # type: ignore[index]
        assert {"out_of_scope", "help"} <= set(handlers)


def _named_by_commands(audience: str) -> set[str]:
    from bot.commands import CUSTOMER_COMMANDS, STAFF_COMMANDS

    return set(CUSTOMER_COMMANDS.values() if audience == "customer" else STAFF_COMMANDS.values()) | {"desk"}


def test_the_contributors_guide_names_the_tables():
    guide = text_of("CONTRIBUTING.md")
    for table in ("CHANNELS", "HANDLERS", "JOBS", "CONNECTORS", "ENGINES"):
        assert f"`{table}`" in guide
    for path in re.findall(r"`((?:bot|nlu|crm_core|jobs|config|tests)/[\w/.-]+)`", guide):
        assert (ROOT / path).exists(), path


def test_every_library_has_its_reason():
    listed = tomllib.loads(text_of("pyproject.toml"))["project"]["dependencies"]
    names = [re.split(r"[\[<>=]", each)[0] for each in listed]
    decisions = text_of("docs/decisions.md")
    assert [name for name in names if f"`{name}`" not in decisions] == []


# --- what has no place in documents ---------------------------------------------------------------------------------
@documents
def test_documents_speak_about_the_product_alone(path: Path):
    text = path.read_text("utf-8")
    assert re.findall(r"(?<![\w.])/(?:root|work|tmp)/\S*", text) == []
    assert "\r" not in text
    assert text.endswith("\n")
