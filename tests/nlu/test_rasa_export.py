"""What Rasa learns from: the same examples as ours, in files that it reads as they are meant."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from nlu.__main__ import app
from nlu.cleaning import HAN, clean, fold
from nlu.intents import INTENTS
from nlu.models import AUDIENCES, examples_of
from nlu.rasa_export import NAME_FILE, as_rasa_sees, export, model_names, write
from nlu.training import NotTrained, read_audience, read_examples
from nlu.understanding import Audience
from tests.nlu.conftest import ROOT, write_training_files

CONFIG = ROOT / "config" / "nlu"
RASA_MARK = re.compile(r"\[[^\]]+?\](\([^:)]+?(?:\:[^)]+)?\)|\{[^}]+?\}|\[.*?\])")
"""What Rasa 3.6 takes for an entity (`ENTITY_REGEX` in its entities_parser), broader than what we do."""
RASA_EMOJI = re.compile(
    "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff\U0001f680-\U0001f6ff\u2702-\u27b0\u24c2-\U0001f251\u200d\u200c]+"
)
"""What it takes for emojis (`get_emoji_regex` in its utils/io): all of Chinese is in there."""


def as_rasa_reads(folder: Path) -> list[tuple[str, str]]:
    """(intent, text) as Rasa's reader takes them out of the list form."""
    return [
        (group["intent"], line["text"].strip("\n\r "))
        for group in yaml.safe_load((folder / "data" / "nlu.yml").read_text("utf-8"))["nlu"]
        for line in group["examples"]
    ]


def read_back(folder: Path, audience: Audience) -> list[tuple[str, str]]:
    """(intent, text) as our own reader takes them out of what was exported; the `_` behind Han characters left out."""
    found = read_examples(folder / audience / "data" / "nlu.yml", INTENTS[audience])
    assert not any(line.entities for line in found)
    return [(line.intent, re.sub(f"([{HAN}])_", r"\1", line.text)) for line in found]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_all_lines_of_this_installation_are_read_back(tmp_path: Path, audience: Audience):
    write(CONFIG, tmp_path)
    wanted = [(line.intent, fold(line.text)) for line in examples_of(CONFIG)[audience]]
    assert sorted(read_back(tmp_path, audience)) == sorted(wanted)
    assert len(wanted) > 3000
    exported = [(line.intent, as_rasa_sees(line.text)) for line in examples_of(CONFIG)[audience]]
    assert sorted(as_rasa_reads(tmp_path / audience)) == sorted(exported)


@given(st.text(min_size=1, max_size=80).filter(clean))
@example("see [the list](https://shop.example/a)")
@example("［文档］（说明） and [a][b] and [x]{y}")
@example("- - not a list")
@example("/data_erase")
@example("1e3")
@example("0o17")
@example("yes")
@example("C:\\users\\u00e9 ${HOME} %d")
@example("two\nlines \x85 and \u2028 more")
@example("# no comment: 'quoted' \"twice\" | > &")
@example("Ｗｈｅｒｅ ＩＳ my ＯＲＤＥＲ １２３ 訂單_號")
@example("🫖🏽")
def test_any_line_survives_the_way_there_and_back(tmp_path_factory: pytest.TempPathFactory, text: str):
    folder = write_training_files(tmp_path_factory.mktemp("lines"))
    groups = {"version": "3.1", "nlu": [{"intent": "greeting", "examples": [{"text": text}]}]}
    (folder / "customer.yml").write_text(yaml.safe_dump(groups), encoding="utf-8")
    try:
        (wanted,) = read_audience(folder, "customer")
    except NotTrained:
        return  # nothing but marks; refused with its line
    write(folder, folder / "rasa")
    assert read_back(folder / "rasa", "customer")[0] == ("greeting", fold(wanted.text))
    _, seen = as_rasa_reads(folder / "rasa" / "customer")[0]
    assert not RASA_MARK.search(seen)
    assert not seen.startswith("/")


def test_what_looks_like_a_mark_or_a_command_is_none_for_rasa():
    for text in ("[x](y)", "［x］（y）", "[a b](c:d)", '[x]{"entity": "y"}', "[x][{}]", "/faq", "／faq"):
        assert not RASA_MARK.search(as_rasa_sees(text))
        assert not as_rasa_sees(text).startswith("/")
        assert clean(as_rasa_sees(text)) == fold(text)


@pytest.mark.parametrize("text", ["我的订单到哪了", "帮我查一下 order 到哪了", "「订单」、物流 ok", "訂單？"])
def test_no_chinese_word_is_an_emoji_for_rasa(text: str):
    words = re.split(r"[^\w]+", as_rasa_sees(text))
    assert not [word for word in words if word and RASA_EMOJI.fullmatch(word)]
    assert [word for word in re.split(r"[^\w]+", text) if word and RASA_EMOJI.fullmatch(word)], "or there is no need"


def test_a_manager_may_say_what_an_agent_may(tmp_path: Path):
    write(write_training_files(tmp_path / "lines"), tmp_path)
    assert ("find_customer", "find anna") in read_back(tmp_path, "manager")
    assert ("metric_query", "orders last week") not in read_back(tmp_path, "agent")


def test_names_are_ones_that_rasa_takes():
    for audience in AUDIENCES:
        assert all(re.fullmatch(r"[a-z_]+", name) for name in INTENTS[audience]), "no / (a retrieval intent), no +"


def test_the_files_fit_together(tmp_path: Path):
    folders = write(write_training_files(tmp_path / "lines"), tmp_path / "rasa")
    for audience, folder in folders.items():
        domain = yaml.safe_load((folder / "domain.yml").read_text("utf-8"))
        config = yaml.safe_load((folder / "config.yml").read_text("utf-8"))
        assert domain["intents"] == list(dict.fromkeys(intent for intent, _ in as_rasa_reads(folder)))
        assert config["assistant_id"]  # or Rasa makes one up and changes the file
        assert (folder / NAME_FILE).read_text() == model_names(tmp_path / "lines")[audience] + "\n"


def test_a_file_is_never_plain_ascii_or_rasa_reads_backslashes_as_escapes(tmp_path: Path):
    for files in export(write_training_files(tmp_path)).values():
        assert not [name for name, content in files.items() if name != NAME_FILE and content.isascii()]


def test_the_name_of_the_model_follows_the_lines(tmp_path: Path):
    lines = write_training_files(tmp_path)
    before = model_names(lines)
    assert before == model_names(lines)
    assert re.fullmatch(r"rapport-customer-[0-9a-f]{16}", before["customer"])
    customer = lines / "customer.yml"
    customer.write_text(customer.read_text("utf-8").replace("- hello\n", "- hello you\n"), encoding="utf-8")
    assert model_names(lines)["customer"] != before["customer"]
    assert model_names(lines)["agent"] == before["agent"]


def test_the_command_says_how_to_train(tmp_path: Path):
    lines = write_training_files(tmp_path / "lines")
    result = CliRunner().invoke(app, ["rasa-export", "--to", str(tmp_path / "to rasa"), "--config", str(lines)])
    assert result.exit_code == 0
    for audience, name in model_names(lines).items():
        folder = f"{tmp_path}/to rasa/{audience}"
        assert f"(cd '{folder}' && rasa train nlu --fixed-model-name {name})" in result.output
        assert (Path(folder) / "data" / "nlu.yml").exists()


@pytest.mark.parametrize(("broken", "words"), [("- intent: gretting\n", "customer.yml, line 3"), ("", "nlu")])
def test_lines_that_cannot_be_used_are_named_and_nothing_is_written(tmp_path: Path, broken: str, words: str):
    lines = write_training_files(tmp_path / "lines")
    (lines / "customer.yml").write_text(f'version: "3.1"\nnlu:\n{broken}', encoding="utf-8")
    command = [sys.executable, "-m", "nlu", "rasa-export", "--to", str(tmp_path / "to"), "--config", str(lines)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "to").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "customer").write_text("a file where a folder must be")
    with pytest.raises(NotTrained, match="cannot be written"):
        write(write_training_files(tmp_path / "lines"), tmp_path)
