"""Spark in the settings: which masters are taken, and what the doctor says of what they need."""

import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot import spark_finding
from bot.doctor import examine
from bot.spark_finding import examine_spark
from config.settings import Analytics, Settings


@pytest.mark.parametrize(
    "master", ["local", "local[*]", "local[2]", "local-cluster[2,1,1024]", "spark://a-1.b:7077,c:1"]
)
def test_masters(master: str):
    assert Analytics(engine=master).engine == master


@pytest.mark.parametrize(
    "given", ["", "Local", "local[0]", "local[]", "spark://a", "spark://a:7077/", "http://a:7077", "yarn"]
)
def test_what_is_no_master_is_refused_in_words(given: str):
    with pytest.raises(ValidationError, match=r"neither `local` nor a Spark master; write spark://host:7077"):
        Analytics(engine=given)


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Java that says it is 17, with pyspark beside it."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    says(program, 'openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(spark_finding, "find_spec", lambda name: name)
    return program


def says(program: Path, version: str) -> None:
    program.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
    program.chmod(0o755)


def test_the_doctor_looks_only_when_spark_is_set(java: Path, tmp_path: Path):
    names = {
        engine: [
            each.name for each in examine(Settings(_env_file=None, data_dir=tmp_path, analytics={"engine": engine}))
        ]
        for engine in ("local", "local[2]")
    }
    assert "spark" not in names["local"]
    assert "spark" in names["local[2]"]


def test_all_is_well(java: Path):
    with socket.create_server(("127.0.0.1", 0)) as master:
        finding = examine_spark(f"spark://127.0.0.1:{master.getsockname()[1]}")
    assert (finding.ok, "Java 17" in finding.detail) == (True, True)


def test_a_cluster_that_does_not_answer(java: Path):
    with socket.create_server(("127.0.0.1", 0)) as master:
        port = master.getsockname()[1]
    finding = examine_spark(f"spark://127.0.0.1:{port}")
    assert (finding.ok, finding.detail) == (False, f"nothing answers at 127.0.0.1:{port}")


def test_java_is_missing_or_too_old(java: Path):
    says(java, 'java version "1.8.0_402"')
    assert examine_spark("local[2]").detail == "Java is too old (8)"
    java.unlink()
    finding = examine_spark("local[2]")
    assert (finding.ok, finding.detail) == (False, "Java is not installed")
    assert "default-jre-headless" in finding.fix


def test_the_library_is_missing(java: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spark_finding, "find_spec", lambda name: None)
    assert examine_spark("local[2]").fix == "Run `make scale`."
